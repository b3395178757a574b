/// What SPF says about a client that sends for a domain. RFC 7208 §2.6.
package enum SPFResult: String, Hashable, Sendable {
    case none, neutral, pass, fail, softfail, temperror, permerror
}

/// A domain's policy, parsed. RFC 7208 §4.6, §5, §6.
struct SPFRecord: Hashable, Sendable {
    /// Prefix lengths for IPv4 and IPv6 addresses.
    struct Prefixes: Hashable, Sendable {
        var four = 32
        var six = 128
    }

    enum Mechanism: Hashable, Sendable {
        case all
        case include(SPFMacroString)
        /// Nil stands for the current domain, here and below.
        case a(SPFMacroString?, Prefixes)
        case mx(SPFMacroString?, Prefixes)
        case ptr(SPFMacroString?)
        case network([UInt8], prefix: Int)
        case exists(SPFMacroString)
    }

    struct Directive: Hashable, Sendable {
        let result: SPFResult
        let mechanism: Mechanism
    }

    let directives: [Directive]
    let redirect: SPFMacroString?

    /// Whether a TXT record is one of SPF's. RFC 7208 §4.5.
    static func isPolicy(_ bytes: [UInt8]) -> Bool {
        let version = bytes.prefix(6).map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
        return version == Array("v=spf1".utf8) && (bytes.count == 6 || bytes[6] == 0x20)
    }

    /// Reads a policy; nil when any term of it is malformed, wherever it stands (`permerror`).
    init?(_ bytes: [UInt8]) {
        guard Self.isPolicy(bytes), bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
        var directives: [Directive] = []
        var modifiers: [String: SPFMacroString] = [:]
        for term in String(decoding: bytes.dropFirst(6), as: UTF8.self).split(separator: " ") {
            if let (name, value) = Self.modifier(term) {
                let isKnown = name == "redirect" || name == "exp"
                guard let value = SPFMacroString(value, isDomain: isKnown) else { return nil }
                guard isKnown else { continue }
                guard modifiers.updateValue(value, forKey: name) == nil else { return nil }
            } else {
                guard let directive = Directive(term) else { return nil }
                directives.append(directive)
            }
        }
        self.directives = directives
        redirect = modifiers["redirect"]
    }

    // modifier = name "=" macro-string, where a mechanism would have ":" or "/" or end.
    private static func modifier(_ term: Substring) -> (name: String, value: Substring)? {
        guard let first = term.first, first.isASCII, first.isLetter else { return nil }
        guard let end = term.firstIndex(where: { !isNameCharacter($0) }), term[end] == "=" else { return nil }
        return (term[..<end].lowercased(), term[term.index(after: end)...])
    }

    fileprivate static func isNameCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "-_.".contains(character))
    }
}

extension SPFRecord.Directive {
    fileprivate init?(_ term: Substring) {
        var rest = term
        switch rest.first {
        case "+": result = .pass
        case "-": result = .fail
        case "~": result = .softfail
        case "?": result = .neutral
        default: result = .pass
        }
        if let first = rest.first, "+-~?".contains(first) { rest = rest.dropFirst() }
        let name = rest.prefix { SPFRecord.isNameCharacter($0) }
        guard let mechanism = SPFRecord.Mechanism(name.lowercased(), rest.dropFirst(name.count)) else { return nil }
        self.mechanism = mechanism
    }
}

extension SPFRecord.Mechanism {
    /// - Parameter argument: what follows the name, with its colon or slash
    fileprivate init?(_ name: String, _ argument: Substring) {
        switch name {
        case "all":
            guard argument.isEmpty else { return nil }
            self = .all
        case "include":
            guard let domain = Self.domain(argument) else { return nil }
            self = .include(domain)
        case "exists":
            guard let domain = Self.domain(argument) else { return nil }
            self = .exists(domain)
        case "ptr":
            guard argument.isEmpty || Self.domain(argument) != nil else { return nil }
            self = .ptr(Self.domain(argument))
        case "a", "mx":
            guard let (text, prefixes) = SPFRecord.Prefixes.split(argument) else { return nil }
            let domain = Self.domain(text)
            guard text.isEmpty || domain != nil else { return nil }
            self = name == "a" ? .a(domain, prefixes) : .mx(domain, prefixes)
        case "ip4": self.init(network: argument, width: 32)
        case "ip6": self.init(network: argument, width: 128)
        default: return nil
        }
    }

    private static func domain(_ argument: Substring) -> SPFMacroString? {
        guard argument.first == ":" else { return nil }
        return SPFMacroString(argument.dropFirst(), isDomain: true)
    }

    private init?(network argument: Substring, width: Int) {
        guard argument.first == ":" else { return nil }
        let parts = argument.dropFirst().split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])), address.bytes.count * 8 == width else { return nil }
        var prefix = width
        if parts.count == 2 {
            guard let given = SPFRecord.Prefixes.length(parts[1], width) else { return nil }
            prefix = given
        }
        self = .network(address.bytes, prefix: prefix)
    }
}

extension SPFRecord.Prefixes {
    /// Takes `[/n][//m]` off the end.
    fileprivate static func split(_ argument: Substring) -> (rest: Substring, prefixes: Self)? {
        var prefixes = Self()
        var rest = argument
        let six = digitsAtEnd(rest)
        if rest.dropLast(six.count).hasSuffix("//") {
            guard let length = length(six, 128) else { return nil }
            prefixes.six = length
            rest = rest.dropLast(six.count + 2)
        }
        let four = digitsAtEnd(rest)
        // A slash within the braces of a macro is a delimiter, and no digits stand between it and the end.
        if rest.dropLast(four.count).hasSuffix("/") {
            guard let length = length(four, 32) else { return nil }
            prefixes.four = length
            rest = rest.dropLast(four.count + 1)
        }
        return (rest, prefixes)
    }

    private static func digitsAtEnd(_ text: Substring) -> Substring {
        let start = text.lastIndex { !($0.isASCII && $0.isNumber) }.map { text.index(after: $0) } ?? text.startIndex
        return text[start...]
    }

    /// A number without leading zeros, at most `maximum`.
    fileprivate static func length(_ text: Substring, _ maximum: Int) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), text == "0" || text.first != "0" else { return nil }
        return Int(text).flatMap { $0 <= maximum ? $0 : nil }
    }
}
