/// Encoded words: RFC 2047, with the language of RFC 2231 §5.
enum EncodedWord {
    /// Decodes unstructured text that is unfolded already: words apart by blanks. Control characters of encoded words are dropped.
    /// - Parameter fallback: the charset of bytes that are neither encoded nor UTF-8, where one is known.
    static func decodeText(_ bytes: Bytes, fallback: String? = nil) -> String {
        guard let first = mark(in: bytes, from: 0) else { return Charset.decodeHeader(bytes, fallback: fallback) }
        var decoder = Decoder(fallback: fallback)
        var literal = 0
        var index = first
        while index < bytes.count {
            let isPlaced = index == 0 || bytes[index - 1].isFoldingSpace || bytes[index - 1] == ASCII.openParen || decoder.endsAt == index
            if isPlaced, let word = parse(bytes, at: index), isBoundary(bytes, at: word.end) {
                decoder.append(literal: bytes, literal..<index)
                decoder.append(word, of: bytes)
                literal = word.end
                decoder.endsAt = word.end
                index = mark(in: bytes, from: word.end) ?? bytes.count
            } else {
                index = mark(in: bytes, from: index + 2) ?? bytes.count
            }
        }
        decoder.append(literal: bytes, literal..<bytes.count)
        return decoder.finish()
    }

    /// Decodes the value of a parameter, where programs write encoded words although they must not.
    static func decodeParameter(_ bytes: Bytes) -> String {
        let trimmed = bytes.trimmed
        return mark(in: trimmed, from: 0) == nil ? Charset.decodeHeader(bytes).nfc : decodeText(trimmed).nfc
    }

    /// A word found in the bytes: `=?charset?encoding?text?=`.
    struct Word {
        var charset: Range<Int>
        var isBase64: Bool
        var text: Range<Int>
        var end: Int
    }

    /// The next `=?` at or after `start`.
    private static func mark(in bytes: Bytes, from start: Int) -> Int? {
        var index = start
        while index < bytes.count, let found = bytes.index(of: ASCII.equals, in: index..<bytes.count) {
            if found + 1 < bytes.count, bytes[found + 1] == ASCII.question { return found }
            index = found + 1
        }
        return nil
    }

    /// After a word there must be a blank or the end (RFC 2047 §5); programs also put punctuation or the next word there. Where a
    /// letter or digit follows, it is no encoded word (RFC 8621 §4.1.2.2).
    private static func isBoundary(_ bytes: Bytes, at end: Int) -> Bool {
        end == bytes.count || !bytes[end].isASCIILetter && !bytes[end].isASCIIDigit && bytes[end] < 0x80
    }

    /// The word that begins at `start`, whose text holds no blank and no `?`.
    static func parse(_ bytes: Bytes, at start: Int) -> Word? {
        guard start + 1 < bytes.count, bytes[start] == ASCII.equals, bytes[start + 1] == ASCII.question else { return nil }
        var index = start + 2
        let charset = index
        while index < bytes.count, isTokenByte(bytes[index]) { index += 1 }
        guard index > charset, index + 2 < bytes.count, bytes[index] == ASCII.question, bytes[index + 2] == ASCII.question
        else { return nil }
        let charsetEnd = index
        let encoding = bytes[index + 1].asciiLowercased
        guard encoding == 0x62 || encoding == 0x71 else { return nil }
        index += 3
        let text = index
        while index < bytes.count, bytes[index] != ASCII.question, bytes[index] > 0x20 { index += 1 }
        guard index + 1 < bytes.count, bytes[index] == ASCII.question, bytes[index + 1] == ASCII.equals else { return nil }
        return Word(charset: charset..<charsetEnd, isBase64: encoding == 0x62, text: text..<index, end: index + 2)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != ASCII.question && byte != ASCII.equals
    }

    /// Puts literal text and words together. Neighbouring words of one charset are decoded as one: programs cut characters.
    struct Decoder {
        let fallback: String?
        private var output = ""
        private var pending: [UInt8] = []
        private var pendingCharset = ""
        private var isAfterWord = false
        /// Where the last word ended in the text that is being read.
        var endsAt = -1

        init(fallback: String?) {
            self.fallback = fallback
        }

        mutating func append(literal bytes: Bytes, _ range: Range<Int>) {
            let literal = bytes.slice(range)
            // RFC 2047 §6.2: blanks between two words are no part of the text. At the end they are.
            if isAfterWord, range.upperBound < bytes.count, literal.allSatisfy(\.isFoldingSpace) { return }
            append(literal: Charset.decodeHeader(literal, fallback: fallback))
        }

        mutating func append(literal: String) {
            guard !literal.isEmpty else { return }
            flush()
            output += literal
            isAfterWord = false
        }

        mutating func append(_ word: Word, of bytes: Bytes) {
            var charset = bytes.slice(word.charset).lowercasedString
            if let star = charset.firstIndex(of: "*") { charset = String(charset[..<star]) }
            if charset != pendingCharset { flush() }
            pendingCharset = charset
            let text = bytes.slice(word.text)
            pending += word.isBase64 ? Base64.decode(text).bytes : EncodedWord.decodeQ(text)
            isAfterWord = true
        }

        mutating func finish() -> String {
            flush()
            return output
        }

        private mutating func flush() {
            guard !pending.isEmpty else { return }
            let text = pending.withUnsafeBufferPointer { Charset.decode($0, charset: pendingCharset).text }
            output.unicodeScalars.append(contentsOf: text.unicodeScalars.lazy.filter { $0.value >= 0x20 && $0.value != 0x7F })
            pending.removeAll(keepingCapacity: true)
        }
    }

    static func decodeQ(_ text: Bytes) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == ASCII.equals, index + 2 < text.count, let high = text[index + 1].hexValue, let low = text[index + 2].hexValue {
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(byte == ASCII.underscore ? ASCII.space : byte)
                index += 1
            }
        }
        return output
    }
}
