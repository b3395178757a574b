/// The subject without what replies and forwards add: RFC 5256 §2.1.
package struct BaseSubject: Hashable, Sendable {
    /// What is left, case kept, blanks collapsed. Compare it case-insensitively.
    package let text: String
    /// Whether `Re:`, `Fwd:` or the like was taken away.
    package let isReplyOrForward: Bool

    /// Takes the decoded subject; more than its first thousand characters do not count.
    package init(of subject: String) {
        var scalars = Self.collapsed(subject)
        var isReply = false
        while true {
            let before = scalars.count
            while Self.removeForwardTrailer(&scalars) { isReply = true }
            while Self.removeLeader(&scalars, &isReply) {}
            if Self.removeForwardWrapper(&scalars) { isReply = true }
            if scalars.count == before { break }
        }
        text = String(String.UnicodeScalarView(scalars))
        isReplyOrForward = isReply
    }

    private typealias Scalars = ArraySlice<Unicode.Scalar>

    /// Step 1: runs of blanks become one space.
    private static func collapsed(_ subject: String) -> Scalars {
        var result: [Unicode.Scalar] = []
        var isAfterBlank = true
        for scalar in subject.unicodeScalars.prefix(1000) {
            let isBlank = scalar.value < 0x80 ? scalar.value <= 0x20 : scalar.properties.isWhitespace
            if !isBlank { result.append(scalar) } else if !isAfterBlank { result.append(" ") }
            isAfterBlank = isBlank
        }
        if result.last == " " { result.removeLast() }
        return result[...]
    }

    /// Step 2: `(fwd)` and blanks at the end.
    private static func removeForwardTrailer(_ text: inout Scalars) -> Bool {
        while text.last == " " { text.removeLast() }
        guard text.count >= 5, hasSuffix(text, "(fwd)") else { return false }
        text.removeLast(5)
        while text.last == " " { text.removeLast() }
        return true
    }

    /// Steps 3 and 4: blanks, `Re: `, `Fwd[blob]: ` and a `[blob]` at the start, unless it is all there is.
    private static func removeLeader(_ text: inout Scalars, _ isReply: inout Bool) -> Bool {
        var rest = text.drop { $0 == " " }
        if rest.count != text.count {
            text = rest
            return true
        }
        while let after = afterBlob(rest) { rest = after }
        if let after = afterReply(rest) {
            text = after
            isReply = true
            return true
        }
        guard let after = afterBlob(text), !after.isEmpty else { return false }
        text = after
        return true
    }

    /// Step 6: `[fwd: … ]` around the whole.
    private static func removeForwardWrapper(_ text: inout Scalars) -> Bool {
        guard text.count >= 6, text.last == "]", hasPrefix(text, "[fwd:") else { return false }
        text = text.dropFirst(5).dropLast()
        return true
    }

    /// What follows `re`, `fw` or `fwd`, an optional blob and a colon. Other languages' words count where programs write them.
    private static func afterReply(_ text: Scalars) -> Scalars? {
        for word in ["re", "fwd", "fw", "aw", "wg", "sv", "vs", "antw", "tr", "rv", "rif"] where hasPrefix(text, word) {
            var rest = text.dropFirst(word.unicodeScalars.count).drop { $0 == " " }
            if let after = afterBlob(rest) { rest = after }
            if let first = rest.first, first == ":" || first == "：" { return rest.dropFirst() }
        }
        return nil
    }

    /// What follows `[…]` and blanks; nil if the text does not begin so.
    private static func afterBlob(_ text: Scalars) -> Scalars? {
        guard text.first == "[" else { return nil }
        var index = text.startIndex + 1
        while index < text.endIndex, text[index] != "]" {
            if text[index] == "[" { return nil }
            index += 1
        }
        guard index < text.endIndex else { return nil }
        return text[(index + 1)...].drop { $0 == " " }
    }

    private static func hasPrefix(_ text: Scalars, _ word: String) -> Bool {
        text.count >= word.unicodeScalars.count && matches(text.prefix(word.unicodeScalars.count), word)
    }

    private static func hasSuffix(_ text: Scalars, _ word: String) -> Bool {
        matches(text.suffix(word.unicodeScalars.count), word)
    }

    private static func matches(_ text: Scalars, _ word: String) -> Bool {
        zip(text, word.unicodeScalars).allSatisfy { left, right in
            left.isASCII && UInt8(left.value).asciiLowercased == UInt8(right.value)
        }
    }
}
