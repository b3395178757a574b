/// A string with macros, as domain names stand in SPF records. RFC 7208 §7.
struct SPFMacroString: Hashable, Sendable {
    struct Macro: Hashable, Sendable {
        /// In lower case: one of `s l o d i p h v`, and in modifiers that nobody reads also `c r t`.
        let letter: Character
        /// Written in upper case: the value is escaped as in a URL.
        let isEscaped: Bool
        /// How many parts from the right are kept; nil for all.
        let count: Int?
        let isReversed: Bool
        /// What separates parts; a dot when none is named.
        let delimiters: String
    }

    enum Piece: Hashable, Sendable {
        case text(String)
        case macro(Macro)
    }

    let pieces: [Piece]

    /// What macros stand for in one evaluation.
    struct Values {
        var sender: String
        var localPart: String
        var senderDomain: String
        var domain: String
        var address: String
        var reverseZone: String
        var greeting: String
        /// The validated name of the client; asked for only where `usesName`.
        var name = "unknown"
    }

    /// Whether `%{p}` occurs, which costs look-ups.
    var usesName: Bool {
        pieces.contains { if case .macro(let macro) = $0 { macro.letter == "p" } else { false } }
    }

    /// Reads a string of visible ASCII; nil when it breaks the grammar.
    ///
    /// - Parameter isDomain: it must end in `.label` or in a macro, as a domain-spec does
    init?(_ text: some StringProtocol, isDomain: Bool) {
        var pieces: [Piece] = []
        var plain = ""
        var rest = Array(text)[...]
        while let character = rest.popFirst() {
            guard let value = character.asciiValue, 0x21...0x7E ~= value else { return nil }
            guard character == "%" else {
                plain.append(character)
                continue
            }
            switch rest.popFirst() {
            case "%": plain += "%"
            case "_": plain += " "
            case "-": plain += "%20"
            case "{":
                guard let end = rest.firstIndex(of: "}"), let macro = Macro(rest[..<end], isDomain: isDomain) else { return nil }
                rest = rest[(end + 1)...]
                if !plain.isEmpty { pieces.append(.text(plain)) }
                plain = ""
                pieces.append(.macro(macro))
            default: return nil
            }
        }
        if !plain.isEmpty { pieces.append(.text(plain)) }
        self.pieces = pieces
        guard isDomain else { return }
        switch pieces.last {
        case nil: return nil
        case .macro: break
        case .text(let text): guard Self.endsInLabel(text) else { return nil }
        }
    }

    // domain-end = ( "." toplabel [ "." ] ) / macro-expand
    private static func endsInLabel(_ text: String) -> Bool {
        let text = text.hasSuffix(".") ? text.dropLast() : text[...]
        guard let dot = text.lastIndex(of: ".") else { return false }
        let label = text[text.index(after: dot)...]
        guard let first = label.first, let last = label.last, first != "-", last != "-" else { return false }
        let isName = label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        return isName && !label.allSatisfy(\.isNumber)
    }

    /// The string with its macros replaced.
    func expanded(_ values: Values) -> String {
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .macro(let macro): result += macro.expanded(values)
            }
        }
        return result
    }
}

extension SPFMacroString.Macro {
    /// Reads what stands between `%{` and `}`.
    fileprivate init?(_ text: ArraySlice<Character>, isDomain: Bool) {
        var rest = text
        // c, r and t are for explanations alone. RFC 7208 §7.2.
        guard let first = rest.popFirst(), (isDomain ? "slodiphv" : "slodiphvcrt").contains(first.lowercased()) else { return nil }
        letter = Character(first.lowercased())
        isEscaped = first.isUppercase
        let digits = String(rest.prefix { $0.isASCII && $0.isNumber })
        rest = rest.dropFirst(digits.count)
        count = digits.isEmpty ? nil : Int(digits) ?? .max
        guard count != 0 else { return nil }
        isReversed = rest.first == "r" || rest.first == "R"
        if isReversed { rest = rest.dropFirst() }
        guard rest.allSatisfy({ ".-+,/_=".contains($0) }) else { return nil }
        delimiters = rest.isEmpty ? "." : String(rest)
    }

    fileprivate func expanded(_ values: SPFMacroString.Values) -> String {
        let value =
            switch letter {
            case "s": values.sender
            case "l": values.localPart
            case "o": values.senderDomain
            case "d": values.domain
            case "i": values.address
            case "v": values.reverseZone
            case "h": values.greeting
            default: values.name
            }
        var text = value
        if count != nil || isReversed || delimiters != "." {
            var parts = value.split(omittingEmptySubsequences: false) { delimiters.contains($0) }
            if isReversed { parts.reverse() }
            if let count { parts = parts.suffix(count) }
            text = parts.joined(separator: ".")
        }
        return isEscaped ? Self.escaped(text) : text
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: result.unicodeScalars.append(.init(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" + hex : hex)
            }
        }
        return result
    }
}
