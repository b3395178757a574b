package import Formats

/// Whom a message comes from: the argument of MAIL FROM. RFC 5321 §4.1.1.2.
package enum ReversePath: Hashable, Sendable, CustomStringConvertible {
    /// `<>`: a notification; nothing may ever be sent back to it.
    case null
    case mailbox(MailAddress)
    /// A mailbox at an address literal, kept as text: `root@[192.0.2.1]`.
    case literal(String)

    /// The address without angle brackets; empty for `null`.
    package var description: String {
        switch self {
        case .null: ""
        case .mailbox(let address): address.description
        case .literal(let text): text
        }
    }

    package var address: MailAddress? {
        guard case .mailbox(let address) = self else { return nil }
        return address
    }
}

/// Whom a message is for: the argument of RCPT TO. RFC 5321 §4.1.1.3.
package enum ForwardPath: Hashable, Sendable, CustomStringConvertible {
    case mailbox(MailAddress)
    /// `<Postmaster>` without a domain: ours. RFC 5321 §4.5.1.
    case postmaster
    case literal(String)

    package var description: String {
        switch self {
        case .mailbox(let address): address.description
        case .postmaster: "postmaster"
        case .literal(let text): text
        }
    }
}

/// Splits `<path> parameters` off a command's argument.
struct PathScanner {
    /// What stood between the angle brackets, without a source route.
    let text: [UInt8]
    /// What followed them.
    let rest: ArraySlice<UInt8>

    // RFC 5321 §4.1.2. A space after the colon is a common sin, and harmless; brackets are not optional.
    init(_ argument: ArraySlice<UInt8>) throws(CommandError) {
        let bytes = argument.drop { $0 == 0x20 }
        guard bytes.first == 0x3C else { throw .syntax("Path must be in angle brackets") }
        var index = bytes.startIndex + 1
        var quoted = false
        while index < bytes.endIndex {
            let byte = bytes[index]
            guard byte >= 0x20, byte != 0x7F else { throw .syntax("Control character in path") }
            if quoted {
                if byte == 0x5C { index += 1 } else if byte == 0x22 { quoted = false }
            } else if byte == 0x22 {
                quoted = true
            } else if byte == 0x3E {
                break
            } else if byte == 0x20 || byte == 0x3C {
                throw .syntax("Malformed path")
            }
            index += 1
        }
        guard index < bytes.endIndex else { throw .syntax("Path must be in angle brackets") }
        text = Array(Self.withoutSourceRoute(bytes[(bytes.startIndex + 1)..<index]))
        rest = bytes[(index + 1)...]
        guard rest.first == nil || rest.first == 0x20 else { throw .syntax("Malformed path") }
    }

    // RFC 5321 §4.1.1.3: `@a,@b:user@c` is accepted and its route ignored.
    private static func withoutSourceRoute(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard path.first == 0x40, let colon = path.firstIndex(of: 0x3A) else { return path }
        return path[(colon + 1)...]
    }

    /// True when the path cannot be sent to a server without SMTPUTF8. RFC 6531 §3.3.
    var isInternational: Bool { text.contains { $0 >= 0x80 } }

    /// RFC 5321 §4.5.3.1.3: 256 octets with the brackets.
    private func string() throws(CommandError) -> String {
        guard text.count <= 320, let string = String(validating: text, as: UTF8.self) else { throw .badAddress }
        return string
    }

    /// An address literal: `user@[192.0.2.1]` or `user@[IPv6:2001:db8::1]`. RFC 5321 §4.1.3.
    private var isLiteral: Bool {
        guard text.last == 0x5D, let open = text.lastIndex(of: 0x5B), open >= 2, text[open - 1] == 0x40 else {
            return false
        }
        let inside = text[(open + 1)..<(text.count - 1)]
        return !inside.isEmpty
            && inside.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || $0 == 0x2E || $0 == 0x3A
            }
    }

    func reversePath() throws(CommandError) -> ReversePath {
        if text.isEmpty { return .null }
        let string = try string()
        if isLiteral { return .literal(string) }
        do { return .mailbox(try MailAddress(parsing: string)) } catch { throw .badAddress }
    }

    func forwardPath() throws(CommandError) -> ForwardPath {
        let string = try string()
        if string.lowercased() == "postmaster" { return .postmaster }
        if isLiteral { return .literal(string) }
        do { return .mailbox(try MailAddress(parsing: string)) } catch { throw .badAddress }
    }
}
