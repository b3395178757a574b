/// What a mail server in front of us asks about a recipient, in one of Postfix's two languages.
package enum FrontQuestion: Hashable, Sendable {
    /// Socketmap: the entry of `key` in the table `map`. socketmap_table(5).
    case lookUp(map: String, key: String)
    /// The policy delegation protocol: everything that is known of a transaction. SMTPD_POLICY_README.
    case policy([String: String])
}

/// What we say to it.
package enum FrontAnswer: Hashable, Sendable {
    case found(String)
    case notFound
    /// Ask again later.
    case temporary(String)
    case permanent(String)
    /// An action of access(5): `DUNNO`, or a reply to give to the client.
    case action(String)

    /// As it goes over the wire.
    package var serialized: [UInt8] {
        switch self {
        case .found(let value): Self.netstring("OK \(value)")
        case .notFound: Self.netstring("NOTFOUND ")
        case .temporary(let reason): Self.netstring("TEMP \(reason)")
        case .permanent(let reason): Self.netstring("PERM \(reason)")
        case .action(let action): Array("action=\(action)\n\n".utf8)
        }
    }

    private static func netstring(_ text: String) -> [UInt8] { Array("\(text.utf8.count):\(text),".utf8) }
}

/// Reads questions off a connection, in either language and any pieces; the first octet of a question tells which it is.
///
/// Memory is bounded by one question of `maximumSize` octets.
package struct FrontReader: Sendable {
    package enum Failure: Error, Hashable { case malformed, tooLong }

    private static let maximumSize = 8192
    private var buffer: [UInt8] = []

    package init() {}

    package mutating func append(_ bytes: some Sequence<UInt8>) { buffer += bytes }

    /// The next whole question; nil when more octets are needed.
    package mutating func next() throws(Failure) -> FrontQuestion? {
        guard let first = buffer.first else { return nil }
        return 0x30...0x39 ~= first ? try nextLookUp() : try nextPolicy()
    }

    // A netstring: decimal length, colon, as many octets, comma.
    private mutating func nextLookUp() throws(Failure) -> FrontQuestion? {
        guard let colon = buffer.prefix(6).firstIndex(of: 0x3A) else {
            guard buffer.count < 6 else { throw .tooLong }
            return nil
        }
        guard let length = Int(String(decoding: buffer[..<colon], as: UTF8.self)) else { throw .malformed }
        guard length <= Self.maximumSize else { throw .tooLong }
        let end = colon + 1 + length
        guard buffer.count > end else { return nil }
        guard buffer[end] == 0x2C, let text = String(validating: buffer[(colon + 1)..<end], as: UTF8.self),
            let space = text.firstIndex(of: " ")
        else { throw .malformed }
        buffer.removeFirst(end + 1)
        return .lookUp(map: String(text[..<space]), key: String(text[text.index(after: space)...]))
    }

    // Lines of name=value, and an empty one at the end.
    private mutating func nextPolicy() throws(Failure) -> FrontQuestion? {
        guard let end = endOfAttributes() else {
            guard buffer.count <= Self.maximumSize else { throw .tooLong }
            return nil
        }
        var attributes: [String: String] = [:]
        for line in buffer[..<end].split(separator: 0x0A) {
            guard let equals = line.firstIndex(of: 0x3D) else { throw .malformed }
            attributes[String(decoding: line[..<equals], as: UTF8.self)] = String(decoding: line[(equals + 1)...], as: UTF8.self)
        }
        buffer.removeFirst(end + 1)
        guard attributes["request"] == "smtpd_access_policy" else { throw .malformed }
        return .policy(attributes)
    }

    /// Where the empty line stands.
    private func endOfAttributes() -> Int? {
        var index = 0
        while index + 1 < min(buffer.count, Self.maximumSize) {
            if buffer[index] == 0x0A, buffer[index + 1] == 0x0A { return index + 1 }
            index += 1
        }
        return nil
    }
}
