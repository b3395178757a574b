/// A host or mail domain in its one canonical form: RFC 5890, with the mapping of UTS 46 that mail needs.
///
/// Invariant: one or more labels of 1–63 letters, digits, hyphens and underscores, together at most 253 characters; the last
/// label is not a number. Address literals (`[192.0.2.1]`) are no domains.
package struct DomainName: Hashable, Sendable {
    /// Lower-case A-labels, without a final dot: for look-ups, protocols and comparison.
    package let ascii: String

    /// Parses a name in ASCII or Unicode, in any case, with or without a final dot.
    package init(parsing text: some StringProtocol) throws(ParseError) {
        guard text.utf8.count <= 1024 else { throw ParseError("domain name too long") }
        var labels: [String] = []
        for label in try Self.mappedLabels(text) { labels.append(try Self.asciiLabel(label)) }
        guard let last = labels.last else { throw ParseError("domain name empty") }
        guard !last.utf8.allSatisfy(\.isASCIIDigit) else { throw ParseError("domain name ends in a number") }
        let ascii = labels.joined(separator: ".")
        guard ascii.utf8.count <= 253 else { throw ParseError("domain name too long") }
        self.ascii = ascii
    }

    /// The name for people: labels in Unicode, as far as they are well-formed.
    package var unicode: String {
        guard ascii.contains("xn--") else { return ascii }
        return labels.map { Self.unicodeLabel($0) ?? String($0) }.joined(separator: ".")
    }

    /// The A-labels, leftmost first.
    package var labels: [Substring] { ascii.split(separator: ".") }

    /// Whether this is `other` or lies below it, on label boundaries.
    package func isEqualOrSubdomain(of other: DomainName) -> Bool {
        ascii == other.ascii || ascii.hasSuffix("." + other.ascii)
    }

    /// The domain without its first label; nil for a top-level one.
    package var parent: DomainName? {
        guard let dot = ascii.firstIndex(of: ".") else { return nil }
        return DomainName(canonical: String(ascii[ascii.index(after: dot)...]))
    }

    private init(canonical: String) {
        ascii = canonical
    }

    // MARK: Labels

    private static func mappedLabels(_ text: some StringProtocol) throws(ParseError) -> [String] {
        var mapped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x3002, 0xFF0E, 0xFF61: mapped.append(".")  // the full stops of ideographic scripts
            case 0xFF01...0xFF5E: mapped.append(contentsOf: fullWidth(scalar))
            case 0x00AD, 0x200B, 0x2060, 0xFEFF: continue  // UTS 46: ignored
            default: mapped.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            }
        }
        var labels = String(mapped).nfc.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if labels.count > 1, labels.last == "" { labels.removeLast() }
        guard !labels.contains("") else { throw ParseError("domain name has an empty label") }
        return labels
    }

    private static func fullWidth(_ scalar: Unicode.Scalar) -> String.UnicodeScalarView {
        let plain = Unicode.Scalar(UInt8(scalar.value - 0xFF01 + 0x21))
        return plain.properties.lowercaseMapping.unicodeScalars
    }

    private static func asciiLabel(_ label: String) throws(ParseError) -> String {
        if label.utf8.allSatisfy({ $0 < 0x80 }) {
            guard label.utf8.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit || $0 == ASCII.hyphen || $0 == ASCII.underscore })
            else { throw ParseError("domain name has a character that is not allowed") }
            guard label.utf8.first != ASCII.hyphen, label.utf8.last != ASCII.hyphen else {
                throw ParseError("domain label begins or ends with a hyphen")
            }
            guard label.utf8.count <= 63 else { throw ParseError("domain label too long") }
            return label
        }
        let scalars = Array(label.unicodeScalars)
        guard scalars.allSatisfy(isAllowed), !isMark(scalars[0]), scalars.first != "-", scalars.last != "-",
            let encoded = Punycode.encode(scalars)
        else { throw ParseError("domain name has a character that is not allowed") }
        guard encoded.utf8.count + 4 <= 63 else { throw ParseError("domain label too long") }
        return "xn--" + encoded
    }

    private static func unicodeLabel(_ label: Substring) -> String? {
        guard label.hasPrefix("xn--"), let scalars = Punycode.decode(label.dropFirst(4)) else { return nil }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        let unicode = String(text)
        // Shown only if it is what would be typed: no look-alike by a decoding that no encoder makes.
        guard let again = try? asciiLabel(unicode.lowercased().nfc), again == label else { return nil }
        return unicode
    }

    /// Letters, marks, digits and symbols, as UTS 46 leaves them; not punctuation, blanks, controls or what is unassigned.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return scalar == "-" || scalar == "_" || UInt8(scalar.value).isASCIIDigit || UInt8(scalar.value).isASCIILetter
        }
        switch scalar.value {
        case 0xB7, 0x375, 0x5F3, 0x5F4, 0x30FB, 0x200C, 0x200D, 0xFE0F: return true  // CONTEXTJ, CONTEXTO
        default: break
        }
        switch scalar.properties.generalCategory {
        case .lowercaseLetter, .otherLetter, .modifierLetter, .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber,
            .otherNumber, .otherSymbol, .modifierSymbol:
            return true
        default: return false
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }
}

extension DomainName: CustomStringConvertible {
    /// The same as `ascii`.
    package var description: String { ascii }
}

extension DomainName: Comparable {
    package static func < (left: DomainName, right: DomainName) -> Bool { left.ascii < right.ascii }
}
