extension Base64 {
    /// The number of octets that `decode` gives, mostly without decoding.
    static func decodedCount(_ text: Bytes) -> Int {
        let padding = text.index(of: ASCII.equals, in: 0..<text.count) ?? text.count
        let (end, characters) = wholeGroups(text.slice(0..<padding))
        return characters / 4 * 3 + decode(text.slice(end..<text.count)).bytes.count
    }

    /// Where the last whole group of four characters ends, and how many characters of the alphabet stand before. What is cut there
    /// decodes to what it would decode to in one piece, as long as no padding came before.
    fileprivate static func wholeGroups(_ text: Bytes) -> (end: Int, characters: Int) {
        let characters = countCharacters(text)
        var spare = characters % 4
        var end = text.count
        while spare > 0 {
            end -= 1
            if isCharacter(text[end]) { spare -= 1 }
        }
        return (end, characters - characters % 4)
    }

    private static func isCharacter(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isASCIIDigit || byte == ASCII.plus || byte == ASCII.slash
    }

    /// Characters of the alphabet. Without a branch or a table, and in blocks whose sum fits an octet: so the compiler makes vectors
    /// of it, and it costs a tenth of the decoding.
    private static func countCharacters(_ text: Bytes) -> Int {
        guard let base = text.baseAddress else { return 0 }
        var count = 0
        var index = 0
        while index < text.count {
            let end = min(index + 240, text.count)
            var block: UInt8 = 0
            while index < end {
                let byte = base[index]
                let isLetter: UInt8 = (byte | 0x20) &- 0x61 < 26 ? 1 : 0
                // The slash stands right before the digits.
                let isDigitOrSlash: UInt8 = byte &- ASCII.slash < 11 ? 1 : 0
                let isPlus: UInt8 = byte == ASCII.plus ? 1 : 0
                block &+= isLetter | isDigitOrSlash | isPlus
                index &+= 1
            }
            count += Int(block)
        }
        return count
    }
}

/// Decodes base64 that comes in pieces, up to its padding. What the pieces give together with the decoded rest is what `Base64.decode`
/// gives of the whole.
package struct Base64Pieces: Sendable {
    /// What stands before the next whole group.
    private var carried: [UInt8] = []

    package init() {}

    /// The octets of the whole groups so far; nil when the piece has padding: then what is left is to be decoded in one, from
    /// `carriedCount` bytes before this piece.
    package mutating func decode(_ piece: [UInt8]) -> [UInt8]? {
        take(piece) { Base64.decode($0).bytes }
    }

    /// As `decode`, but only how many octets it would give.
    package mutating func count(_ piece: [UInt8]) -> Int? {
        take(piece) { Base64.wholeGroups($0).characters / 4 * 3 }
    }

    /// Bytes of earlier pieces that were not given out yet.
    package var carriedCount: Int { carried.count }

    private mutating func take<Result>(_ piece: [UInt8], _ work: (Bytes) -> Result) -> Result? {
        let text = carried.isEmpty ? piece : carried + piece
        return text.withUnsafeBufferPointer { text in
            guard text.index(of: ASCII.equals, in: 0..<text.count) == nil else { return nil }
            let (end, _) = Base64.wholeGroups(text)
            carried = Array(text.slice(end..<text.count))
            return work(text.slice(0..<end))
        }
    }
}
