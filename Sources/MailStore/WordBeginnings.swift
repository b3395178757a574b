/// The first letters of a message's words, each once: what finds the words that begin so without looking up all of them.
enum WordBeginnings {
    /// Letters (scalars) of a beginning; shorter words have none.
    static let length = 3

    /// The beginnings of the words of prepared texts (`SearchText`), separated by spaces, in no order.
    static func of(_ texts: [String]) -> String {
        var collector = Collector()
        for var text in texts { text.withUTF8 { collector.add($0) } }
        return collector.finish()
    }

    private struct Collector {
        /// Three of a–z and 0–9 are one bit here; other letters go into a set.
        private var seen = [UInt64](repeating: 0, count: 36 * 36 * 36 / 64 + 1)
        private var others: Set<String> = []
        private var out: [UInt8] = []

        mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
            var start = 0
            while start < bytes.count {
                var end = start
                while end < bytes.count, bytes[end] != 0x20 { end += 1 }
                if end - start >= WordBeginnings.length { add(word: UnsafeBufferPointer(rebasing: bytes[start..<end])) }
                start = end + 1
            }
        }

        private mutating func add(word: UnsafeBufferPointer<UInt8>) {
            guard let first = digit(word[0]), let second = digit(word[1]), let third = digit(word[2]) else {
                return addSlowly(word)
            }
            let place = (first * 36 + second) * 36 + third
            let bit: UInt64 = 1 << UInt64(place & 63)
            guard seen[place >> 6] & bit == 0 else { return }
            seen[place >> 6] |= bit
            if !out.isEmpty { out.append(0x20) }
            out += word.prefix(WordBeginnings.length)
        }

        private func digit(_ byte: UInt8) -> Int? {
            switch byte {
            case 0x30...0x39: Int(byte) - 0x30
            case 0x61...0x7A: Int(byte) - 0x61 + 10
            default: nil
            }
        }

        private mutating func addSlowly(_ word: UnsafeBufferPointer<UInt8>) {
            let letters = String(decoding: word.prefix(4 * WordBeginnings.length), as: UTF8.self).unicodeScalars
                .prefix(WordBeginnings.length)
            guard letters.count == WordBeginnings.length, others.insert(String(letters)).inserted else { return }
            if !out.isEmpty { out.append(0x20) }
            out += String(letters).utf8
        }

        func finish() -> String { String(decoding: out, as: UTF8.self) }
    }
}
