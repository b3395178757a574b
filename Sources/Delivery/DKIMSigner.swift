internal import Crypto
internal import Directory
internal import Disk
internal import Formats
internal import Logging
internal import MailStore

/// Signs what our users and we ourselves send. RFC 6376, RFC 8463.
///
/// The signatures are made once, before a message is committed to the outbox, so that every attempt sends the same octets.
struct DKIMSigner: Sendable {
    /// Named once more than they stand there, so that nobody can add another.
    private static let sealed = [
        "from", "to", "cc", "subject", "date", "reply-to", "message-id", "in-reply-to", "references", "mime-version",
        "content-type", "content-transfer-encoding",
    ]
    /// Named as often as they stand there: lists and forwarders add theirs.
    private static let signed = ["sender", "list-unsubscribe", "list-unsubscribe-post", "auto-submitted", "content-language"]

    let keys: DKIMKeys
    /// Domains that we sign for.
    let isOurs: @Sendable (DomainName) -> Bool
    let logger: Logger
    /// Seconds since 1970.
    var now: @Sendable () -> Int64 = { UnixTime.now.seconds }

    /// Signs for the hosted domains and domain aliases of the directory.
    init(keys: DKIMKeys, directory: Directory, logger: Logger) {
        self.init(keys: keys, logger: logger) { name in
            guard let domain = directory.snapshot.domain(name), domain.isActive else { return false }
            switch domain.kind {
            case .hosted, .alias: return true
            case .relay: return false
            }
        }
    }

    init(keys: DKIMKeys, logger: Logger, isOurs: @escaping @Sendable (DomainName) -> Bool) {
        self.keys = keys
        self.isOurs = isOurs
        self.logger = logger
    }

    /// DKIM-Signature fields to put before a message; none when its author's domain is not ours. Blocks.
    ///
    /// A message that cannot be signed goes unsigned: late mail is worse.
    /// - Parameter skipping: octets of `content` that do not belong to the message
    func signatures(of prefix: [UInt8], _ content: BlobContent, skipping: Int = 0) -> [UInt8] {
        do throws(StoreError) {
            let beginning = prefix + (try Self.read(content, at: skipping, count: HeaderBlock.maximumSize))
            let header = HeaderBlock(beginning)
            guard header.endsCleanly, let domain = domain(of: header) else { return [] }
            let body = try Self.bodyHash(prefix, content, skipping, from: header.size)
            var fields: [UInt8] = []
            for key in try keys.keys(of: domain) { fields += field(key, domain, beginning, header, body) ?? [] }
            return fields
        } catch {
            logger.error("message cannot be signed", metadata: ["error": "\(error)"])
            return []
        }
    }

    /// The domain of the author, or the nearest above it that is ours: what DMARC calls aligned.
    private func domain(of header: HeaderBlock) -> DomainName? {
        let authors = header.message.root.headers.filter { $0.isNamed("From") }.flatMap(\.addresses)
        guard authors.count == 1 else { return nil }
        var name = (try? MailAddress(parsing: authors[0].email))?.domain
        while let candidate = name {
            if isOurs(candidate) { return candidate }
            name = candidate.parent
        }
        return nil
    }

    // MARK: Body

    private static func bodyHash(
        _ prefix: [UInt8], _ content: BlobContent, _ skipping: Int, from headerSize: Int
    ) throws(StoreError) -> [UInt8] {
        var hash = DKIMBodyHash()
        var separator = Separator()
        separator.feed(prefix.dropFirst(headerSize), to: &hash)
        var offset = skipping + max(0, headerSize - prefix.count)
        while offset < content.size {
            let piece = try read(content, at: offset, count: 1 << 18)
            guard !piece.isEmpty else { throw .unavailable(reason: "file shrank") }
            offset += piece.count
            separator.feed(piece[...], to: &hash)
        }
        return hash.finish()
    }

    /// Leaves out the empty line between header and body.
    private struct Separator {
        private var isPassed = false

        mutating func feed(_ bytes: ArraySlice<UInt8>, to hash: inout DKIMBodyHash) {
            var rest = bytes
            while !isPassed, let byte = rest.popFirst() { isPassed = byte == 0x0A }
            hash.update(rest)
        }
    }

    private static func read(_ content: BlobContent, at offset: Int, count: Int) throws(StoreError) -> [UInt8] {
        switch content {
        case .bytes(let bytes): Array(bytes.dropFirst(offset).prefix(count))
        case .file(let file): try file.read(at: offset, count: count)
        }
    }

    // MARK: Header

    private func field(
        _ key: DKIMKey, _ domain: DomainName, _ bytes: [UInt8], _ header: HeaderBlock, _ body: [UInt8]
    ) -> [UInt8]? {
        var names: [String] = []
        var canonical: [UInt8] = []
        for name in Self.sealed + Self.signed {
            // RFC 6376 §5.4.2: from the last to the first.
            for field in header.fields.reversed() where field.name == name {
                names.append(name)
                DKIMCanonicalizer.header(bytes[field.range], into: &canonical)
                canonical += [0x0D, 0x0A]
            }
            if Self.sealed.contains(name) { names.append(name) }
        }
        var text = "DKIM-Signature: v=1; a=\(key.algorithm); c=relaxed/relaxed; d=\(domain.ascii);\r\n"
        text += "\ts=\(key.selector); t=\(now());\r\n"
        text += Self.folded("h=", names)
        text += "\tbh=\(String(decoding: Base64.encode(body), as: UTF8.self));\r\n\tb="
        DKIMCanonicalizer.header(text.utf8, into: &canonical)
        guard let signature = key.signature(SHA256.hash(data: canonical)) else { return nil }
        let value = Base64.encode(signature)
        for start in stride(from: 0, to: value.count, by: 72) {
            if start > 0 { text += "\r\n\t" }
            text += String(decoding: value[start..<min(start + 72, value.count)], as: UTF8.self)
        }
        return Array("\(text)\r\n".utf8)
    }

    private static func folded(_ tag: String, _ names: [String]) -> String {
        var lines = ["\t\(tag)"]
        for (index, name) in names.enumerated() {
            let word = name + (index == names.count - 1 ? ";" : ":")
            if lines[lines.count - 1].utf8.count + word.utf8.count > 76 { lines.append("\t") }
            lines[lines.count - 1] += word
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }
}
