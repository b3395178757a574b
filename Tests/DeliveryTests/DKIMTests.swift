import Disk
import Formats
import Glibc
import MailStore
import Testing

@testable import Delivery

/// RFC 6376 §3.4.5, and what mail really looks like.
@Suite("DKIM signatures")
struct DKIMTests {
    private func header(_ text: String) -> String {
        var bytes: [UInt8] = []
        DKIMCanonicalizer.header(text.utf8, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func bodyHash(_ pieces: [String]) -> String {
        var hash = DKIMBodyHash()
        for piece in pieces { hash.update(piece.utf8) }
        return String(decoding: Base64.encode(hash.finish()), as: UTF8.self)
    }

    @Test(
        "relax header fields",
        arguments: [
            ("A: X\r\n", "a:X"), ("B : Y\t\r\n\tZ  \r\n", "b:Y Z"), ("Subject:\r\n a:b \r\n", "subject:a:b"), ("X:\r\n", "x:"),
        ])
    func headers(text: String, canonical: String) {
        #expect(header(text) == canonical)
    }

    @Test("relax bodies: the same hash for what means the same, however it comes in pieces")
    func bodies() {
        let canonical = bodyHash([" C\r\nD E\r\n"])
        #expect(bodyHash([" C \r\nD \t E\r\n\r\n\r\n"]) == canonical)
        #expect(bodyHash([" C \r", "\nD \t", " E\r\n\r", "\n\r\n"]) == canonical)
        #expect(bodyHash([" C\nD E"]) == canonical)
        #expect(bodyHash(["\tC\rD E\r"]) == canonical)
        #expect(bodyHash(["C\r\nD E\r\n"]) != canonical)
        // RFC 6376 §3.4.4: an empty body stays empty.
        let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        for body in [[], [""], ["\r\n\r\n"], [" \t\r\n"]] { #expect(bodyHash(body) == empty) }
        #expect(bodyHash(["\r\nx"]) == bodyHash(["\r\nx\r\n"]))
        #expect(bodyHash(["\r\nx"]) != bodyHash(["x"]))
    }

    @Test("are made for authors of our domains, with keys that are made once and are nobody else's to read")
    func signing() async throws {
        let world = try await World()
        let signer = DKIMSigner(keys: DKIMKeys(data: world.folder), directory: world.directory, logger: World.logger)
        let body = "Hello\r\n"
        func sign(_ from: String) -> String {
            let text = "From: \(from)\r\nTo: b@x.test\r\nSubject: Hi\r\nX-Other: 1\r\n\r\n\(body)"
            return String(decoding: signer.signatures(of: Array("Received: x\r\n".utf8), .bytes(Array(text.utf8))), as: UTF8.self)
        }
        let fields = sign("Alice <alice@demo.test>")
        #expect(fields.contains("a=rsa-sha256;") && fields.contains("a=ed25519-sha256;"))
        #expect(fields.contains("d=demo.test;") && fields.contains("from:from:to:to:cc:subject:subject:"))
        #expect(fields.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 78 })
        #expect(sign("postmaster@mx.demo.test").contains("d=demo.test;"))
        #expect(sign("ann@x.test").isEmpty && sign("a@pending.test").isEmpty)
        #expect(sign("alice@demo.test, ann@x.test").isEmpty)
        let folder = "\(world.folder)/dkim/demo.test"
        let names = try Folder.names(folder).filter { $0.hasSuffix(".pem") }.sorted()
        #expect(names == ["mp-ed25519.pem", "mp-rsa.pem"])
        for name in names {
            var status = stat()
            #expect(stat("\(folder)/\(name)", &status) == 0 && status.st_mode & 0o777 == 0o600)
        }
        let records = try DKIMKeys(data: world.folder).records(of: domain("demo.test"))
        let again = try DKIMKeys(data: world.folder).records(of: domain("demo.test"))
        #expect(records.map(\.value) == again.map(\.value) && records.count == 2)
        #expect(records.contains { $0.name == "mp-rsa._domainkey.demo.test" && $0.value.hasPrefix("v=DKIM1; k=rsa; p=MIIB") })
    }

    @Test("cover a message that is put together of a prefix and the rest of a file")
    func prefixAndRest() async throws {
        let world = try await World()
        let signer = DKIMSigner(keys: DKIMKeys(data: world.folder), directory: world.directory, logger: World.logger)
        func hash(_ prefix: String, _ content: String, _ skipping: Int) throws -> Substring {
            let fields = signer.signatures(of: Array(prefix.utf8), .bytes(Array(content.utf8)), skipping: skipping)
            let text = String(decoding: fields, as: UTF8.self)
            return try #require(text.split(separator: "\tbh=").dropFirst().first?.prefix { $0 != ";" })
        }
        let whole = try hash("", "From: alice@demo.test\r\nSubject: x\r\n\r\nBody\r\n", 0)
        let head = "From: alice@demo.test\r\nBcc: c@x.test\r\n"
        #expect(try hash("From: alice@demo.test\r\n", head + "\r\nBody\r\n", head.utf8.count) == whole)
        #expect(try hash("Received: y\r\n", "From: alice@demo.test\n\nBody\n", 0) == whole)
        #expect(String(whole) == bodyHash(["Body\r\n"]))
    }
}
