internal import Crypto
internal import CryptoExtras
package import Disk
package import Formats
internal import FoundationEssentials
internal import Synchronization

/// One private key of a domain.
struct DKIMKey: Sendable {
    enum Kind: Sendable {
        case rsa(_RSA.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    let selector: String
    let kind: Kind

    /// The value of `a=`. RFC 6376 §3.3, RFC 8463 §3.
    var algorithm: String {
        switch kind {
        case .rsa: "rsa-sha256"
        case .ed25519: "ed25519-sha256"
        }
    }

    /// The TXT record at `<selector>._domainkey.<domain>`. RFC 6376 §3.6.1, RFC 8463 §4.
    var record: String {
        switch kind {
        case .rsa(let key): "v=DKIM1; k=rsa; p=\(key.publicKey.derRepresentation.base64EncodedString())"
        case .ed25519(let key): "v=DKIM1; k=ed25519; p=\(key.publicKey.rawRepresentation.base64EncodedString())"
        }
    }

    /// - Parameter digest: SHA-256 of the canonical header
    func signature(_ digest: SHA256.Digest) -> [UInt8]? {
        switch kind {
        case .rsa(let key): (try? key.signature(for: digest, padding: .insecurePKCS1v1_5)).map { Array($0.rawRepresentation) }
        // RFC 8463 §3: Ed25519 signs the hash, as it would any other octets.
        case .ed25519(let key): (try? key.signature(for: Data(digest))).map { Array($0) }
        }
    }
}

/// The DKIM keys of our domains: `<data>/dkim/<domain>/<selector>.pem`, readable for the server's user alone.
///
/// A domain gets an RSA key (2048 bits) and an Ed25519 key when they are first asked for. Keys that an admin puts there are used
/// in their place: every `.pem` signs, and what kind is there is not made. Calls block: the first of a domain, for a second or so.
package final class DKIMKeys: Sendable {
    private static let rsaSelector = "mp-rsa"
    private static let ed25519Selector = "mp-ed25519"

    private let folder: String
    private let cache = Mutex<[DomainName: [DKIMKey]]>([:])

    /// - Parameter data: the data directory
    package init(data: String) { folder = "\(data)/dkim" }

    /// The keys of a domain; made where they are missing. Blocks.
    func keys(of domain: DomainName) throws(StoreError) -> [DKIMKey] {
        if let keys = cache.withLock({ $0[domain] }) { return keys }
        let place = "\(folder)/\(domain.ascii)"
        try Folder.make(place)
        let keys = try FileLock(path: "\(place)/.lock").withLock { () throws(StoreError) in try load(place) }
        cache.withLock { $0[domain] = keys }
        return keys
    }

    /// The TXT records that publish the keys: name and value. Blocks.
    package func records(of domain: DomainName) throws(StoreError) -> [(name: String, value: String)] {
        try keys(of: domain).map { ("\($0.selector)._domainkey.\(domain.ascii)", $0.record) }
    }

    private func load(_ place: String) throws(StoreError) -> [DKIMKey] {
        var keys: [DKIMKey] = []
        for name in try Folder.names(place).sorted() where name.hasSuffix(".pem") {
            let bytes = try DiskFile.contents("\(place)/\(name)") ?? []
            guard let kind = Self.kind(pem: String(decoding: bytes, as: UTF8.self)) else {
                throw .invalid(reason: "\(place)/\(name) is no RSA or Ed25519 key")
            }
            keys.append(DKIMKey(selector: String(name.dropLast(4)), kind: kind))
        }
        let algorithms = Set(keys.map(\.algorithm))
        if !algorithms.contains("rsa-sha256") { keys.append(try makeRSA(place)) }
        if !algorithms.contains("ed25519-sha256") { keys.append(try makeEd25519(place)) }
        return keys
    }

    private func makeRSA(_ place: String) throws(StoreError) -> DKIMKey {
        guard let key = try? _RSA.Signing.PrivateKey(keySize: .bits2048) else { throw .unavailable(reason: "no RSA key") }
        try write(key.pkcs8PEMRepresentation, place, Self.rsaSelector)
        return DKIMKey(selector: Self.rsaSelector, kind: .rsa(key))
    }

    private func makeEd25519(_ place: String) throws(StoreError) -> DKIMKey {
        let key = Curve25519.Signing.PrivateKey()
        let der = Self.ed25519Prefix + key.rawRepresentation
        let pem = "-----BEGIN PRIVATE KEY-----\n\(Data(der).base64EncodedString())\n-----END PRIVATE KEY-----\n"
        try write(pem, place, Self.ed25519Selector)
        return DKIMKey(selector: Self.ed25519Selector, kind: .ed25519(key))
    }

    private func write(_ pem: String, _ place: String, _ selector: String) throws(StoreError) {
        let text = pem.hasSuffix("\n") ? pem : pem + "\n"
        try AtomicFile.write(Array(text.utf8), to: "\(place)/\(selector).pem")
    }

    /// What PKCS #8 puts before the 32 octets of an Ed25519 key. RFC 8410 §7.
    private static let ed25519Prefix: [UInt8] = [
        0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]

    private static func kind(pem: String) -> DKIMKey.Kind? {
        if let key = try? _RSA.Signing.PrivateKey(pemRepresentation: pem) { return .rsa(key) }
        let lines = pem.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }
        guard let der = Base64.decodeStrictly(lines.joined()), der.starts(with: ed25519Prefix), der.count >= 48,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: der[16..<48])
        else { return nil }
        return .ed25519(key)
    }
}
