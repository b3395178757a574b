import SMTP
import Testing

@Suite("What a server in front asks")
struct FrontProtocolTests {
    /// The questions in `text` when it comes in pieces of `size`; ends with what was wrong.
    private func questions(_ text: String, pieces size: Int) -> (questions: [FrontQuestion], failure: FrontReader.Failure?) {
        var reader = FrontReader()
        var questions: [FrontQuestion] = []
        let bytes = Array(text.utf8)
        do throws(FrontReader.Failure) {
            for start in stride(from: 0, to: bytes.count, by: size) {
                reader.append(bytes[start..<min(start + size, bytes.count)])
                while let question = try reader.next() { questions.append(question) }
            }
            return (questions, nil)
        } catch {
            return (questions, error)
        }
    }

    @Test("both languages are read off one connection, in any pieces", arguments: [1, 2, 3, 7, 1000])
    func languages(size: Int) {
        let text = "24:recipients ann@demo.test,17:domains demo.test,request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=a@b=c\n\n9:domains x,"
        let expected: [FrontQuestion] = [
            .lookUp(map: "recipients", key: "ann@demo.test"), .lookUp(map: "domains", key: "demo.test"),
            .policy(["request": "smtpd_access_policy", "protocol_state": "RCPT", "recipient": "a@b=c"]), .lookUp(map: "domains", key: "x"),
        ]
        let (found, failure) = questions(text, pieces: size)
        #expect(found == expected && failure == nil)
    }

    @Test(
        "what is no question ends the connection",
        arguments: [
            ("9999999999", FrontReader.Failure.tooLong), ("9000:x", .tooLong), ("3:a b;", .malformed), ("2:ab,", .malformed),
            ("request=other\n\n", .malformed), ("nonsense\n\n", .malformed), ("1x:a,", .malformed),
        ])
    func nonsense(text: String, failure: FrontReader.Failure) {
        #expect(questions(text, pieces: 1000).failure == failure)
        #expect(questions(String(repeating: "a", count: 9000), pieces: 1000).failure == .tooLong)
    }

    @Test("answers are written as Postfix reads them")
    func answers() {
        let answers: [FrontAnswer] = [.found("x"), .notFound, .temporary("later"), .permanent("no"), .action("550 5.1.1 No")]
        let texts = answers.map { String(decoding: $0.serialized, as: UTF8.self) }
        #expect(texts == ["4:OK x,", "9:NOTFOUND ,", "10:TEMP later,", "7:PERM no,", "action=550 5.1.1 No\n\n"])
    }
}

@Suite("The PROXY header")
struct ProxyHeaderTests {
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    private func read(_ bytes: [UInt8]) -> [UInt8]?? {
        guard case .header(let header) = ProxyHeader.read(bytes) else { return nil }
        return .some(header.address)
    }

    @Test("of version 1 names the client")
    func lines() {
        #expect(read(Array("PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\r\nEHLO".utf8)) == [192, 0, 2, 1])
        #expect(read(Array("PROXY TCP6 2001:db8::1 2001:db8::2 56324 25\r\n".utf8))??.count == 16)
        #expect(read(Array("PROXY UNKNOWN\r\n".utf8)) == .some(nil))
        for text in [
            "PROXY TCP4 2001:db8::1 ::1 1 25\r\n", "PROXY TCP4 192.0.2.1\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\n",
            "PROXY \(String(repeating: "x", count: 120))", "EHLO x\r\n",
        ] {
            #expect(ProxyHeader.read(Array(text.utf8)) == .none, "\(text)")
        }
    }

    @Test("of version 2 names the client, and tells how long it is")
    func blocks() {
        let four = Self.signature + [0x21, 0x11, 0x00, 0x0C, 192, 0, 2, 1, 198, 51, 100, 1, 0x80, 0, 0, 25]
        #expect(ProxyHeader.read(four + Array("EHLO".utf8)) == .header(ProxyHeader(address: [192, 0, 2, 1], size: 28)))
        #expect(read(Self.signature + [0x20, 0x00, 0x00, 0x00]) == .some(nil))
        #expect(ProxyHeader.read(Self.signature + [0x11, 0x11, 0x00, 0x00]) == .none)
        #expect(ProxyHeader.read(Self.signature + [0x21, 0x11, 0x00, 0x02, 0, 0]) == .none)
        #expect(ProxyHeader.read(Self.signature + [0x21, 0x11, 0xFF, 0xFF]) == .none)
        for count in 1..<28 { #expect(ProxyHeader.read(four.prefix(count)) == .needsMore) }
    }
}
