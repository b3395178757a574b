internal import Crypto
package import Disk
package import Formats
internal import MailStore

/// The sender rewriting scheme: what lets a forwarded message pass SPF, and its bounces find back.
///
/// `SRS0=<hash>=<day>=<host>=<local part>@ours` stands for a sender elsewhere; `SRS1=<hash>=<host>=<rest>@ours` for what another
/// forwarder has rewritten already, so that addresses do not grow with every hop. Hash and day are base 32 and compared in any
/// case, since some servers fold local parts. A return path is good for 21 days.
package struct SRS: Sendable {
    package enum Failure: Error, Hashable, Sendable {
        /// Not made here, or changed since.
        case forged
        case expired
    }

    private static let lifetimeInDays = 21
    /// What two characters count to.
    private static let cycle = 1024
    private static let hashLength = 8
    /// Octets of a local part. Beyond the 64 of RFC 5321, which return paths have never kept to, and within its path.
    private static let maximumLocalPart = 240

    private let secret: SymmetricKey
    private let day: @Sendable () -> Int

    /// - Parameter day: days since 1970
    package init(secret: [UInt8], day: @escaping @Sendable () -> Int = { Int(UnixTime.now.seconds / 86_400) }) {
        self.secret = SymmetricKey(data: secret)
        self.day = day
    }

    /// Takes the secret of the data directory; makes one at first.
    package init(data: String) throws(StoreError) { self.init(secret: try SecretFile.contents("\(data)/srs.key")) }

    /// Whether the address is written as a return path, ours or not.
    package static func isReturnPath(_ address: MailAddress) -> Bool { form(address.localPart) != nil }

    // MARK: Out

    /// The return path at `domain` that stands for `sender`; nil where it would grow too long.
    package func returnPath(for sender: MailAddress, at domain: DomainName) -> MailAddress? {
        let local: String
        switch Self.form(sender.localPart) {
        case .first: local = chained(host: sender.domain.ascii, rest: String(sender.localPart.dropFirst(4)))
        case .chained:
            // SRS1=hash=host=rest: the hash was the other forwarder's; host and rest lead to the first one.
            let parts = sender.localPart.dropFirst(5).split(separator: "=", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            local = chained(host: String(parts[1]), rest: String(parts[2]))
        case nil:
            let stamp = Self.base32(UInt64(day() % Self.cycle), characters: 2)
            let host = sender.domain.ascii
            local = "SRS0=\(hash("0", stamp, host, sender.localPart))=\(stamp)=\(host)=\(sender.localPart)"
        }
        guard local.utf8.count <= Self.maximumLocalPart else { return nil }
        return try? MailAddress(localPart: local, domain: domain)
    }

    private func chained(host: String, rest: String) -> String { "SRS1=\(hash("1", host, rest))=\(host)=\(rest)" }

    // MARK: Back

    /// Whom a return path of ours stands for.
    package func original(of address: MailAddress) throws(Failure) -> MailAddress {
        let text = address.localPart.dropFirst(5)
        switch Self.form(address.localPart) {
        case nil: throw .forged
        case .first:
            let parts = text.split(separator: "=", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4, matches(parts[0], hash("0", parts[1], parts[2], parts[3])) else { throw .forged }
            guard let stamp = Self.number(base32: parts[1]) else { throw .forged }
            let age = (day() - stamp % Self.cycle + Self.cycle) % Self.cycle
            guard age <= Self.lifetimeInDays else { throw .expired }
            return try Self.address(parts[3], at: parts[2])
        case .chained:
            let parts = text.split(separator: "=", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, matches(parts[0], hash("1", parts[1], parts[2])) else { throw .forged }
            return try Self.address("SRS0" + parts[2], at: parts[1])
        }
    }

    private static func address(_ local: String, at host: String) throws(Failure) -> MailAddress {
        do { return try MailAddress(localPart: local, domain: try DomainName(parsing: host)) } catch { throw .forged }
    }

    // MARK: Forms

    private enum Form { case first, chained }

    /// `-` and `+` are the other separators in use behind the tag.
    private static func form(_ localPart: String) -> Form? {
        guard localPart.utf8.count > 5, let separator = localPart.dropFirst(4).first, "=+-".contains(separator) else { return nil }
        switch localPart.prefix(4).uppercased() {
        case "SRS0": return .first
        case "SRS1": return .chained
        default: return nil
        }
    }

    /// A mark that nobody else can make: eight characters that stand for `text`.
    func mark(_ text: String) -> String { hash("mark", text) }

    private func hash(_ parts: String...) -> String {
        let text = parts.map { $0.lowercased().nfc }.joined(separator: "\0")
        let code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: secret)
        let number = code.prefix(5).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Self.base32(number, characters: Self.hashLength)
    }

    private func matches(_ given: String, _ expected: String) -> Bool {
        let (left, right) = (Array(given.lowercased().utf8), Array(expected.utf8))
        return left.count == right.count && zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    private static func base32(_ number: UInt64, characters: Int) -> String {
        let codes = (0..<characters).reversed().map { alphabet[Int(number >> UInt64($0 * 5) & 31)] }
        return String(decoding: codes, as: UTF8.self)
    }

    private static func number(base32 text: String) -> Int? {
        guard text.utf8.count == 2 else { return nil }
        var number = 0
        for code in text.lowercased().utf8 {
            guard let digit = alphabet.firstIndex(of: code) else { return nil }
            number = number << 5 | digit
        }
        return number
    }
}

/// A secret of the data directory, made when it is first asked for.
enum SecretFile {
    private static let size = 32

    static func contents(_ path: String) throws(StoreError) -> [UInt8] {
        if let secret = try read(path) { return secret }
        var generator = SystemRandomNumberGenerator()
        let fresh = (0..<size).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let temporary = "\(path).\(UInt64.random(in: .min ... .max))"
        try AtomicFile.write(fresh, to: temporary)
        do {
            // A link, since it fails where another process was faster: both must use the same.
            try DiskFile.link(temporary, as: path)
        } catch .alreadyExists {
        } catch {
            try? DiskFile.remove(temporary)
            throw error
        }
        try? DiskFile.remove(temporary)
        try Folder.sync(Folder.parent(of: path))
        guard let secret = try read(path) else { throw .unavailable(reason: "\(path) cannot be read") }
        return secret
    }

    private static func read(_ path: String) throws(StoreError) -> [UInt8]? {
        guard let bytes = try DiskFile.contents(path) else { return nil }
        guard bytes.count >= size else { throw .invalid(reason: "\(path) is shorter than \(size) octets") }
        return bytes
    }
}
