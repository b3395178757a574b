@_spi(_Unicode) import Swift

/// Prepares text for the full-text table, and what is searched for in the same way.
///
/// Words become lower case without accents; scripts that do not part words (Han, Kana, Hangul, Thai) become overlapping
/// pairs of characters and a last single one, so that every substring of them is a phrase of pairs.
enum SearchText {
    /// Octets of body text that are indexed; what lies behind is not found.
    static let bodyLimit = 256 * 1024

    /// The words of `text`, separated by single spaces.
    static func normalize(_ text: String, limit: Int = .max) -> String {
        var text = text
        let words = text.withUTF8 { bytes -> [UInt8] in
            var writer = Writer(capacity: min(bytes.count, limit) + 16)
            let bounded = UnsafeBufferPointer(rebasing: bytes.prefix(limit))
            writer.add(bounded)
            return writer.finish()
        }
        return String(decoding: words, as: UTF8.self)
    }

    /// How one character is written in words: nothing for a mark, a separator, letters, or one of a script in pairs.
    enum Folded: Equatable {
        case ignored
        case separator
        case letters([UInt8])
        case paired
    }

    static func fold(_ scalar: Unicode.Scalar) -> Folded {
        let value = scalar.value
        if value < 0x80 {
            let byte = asciiFold[Int(value)]
            return byte == 0x20 ? .separator : .letters([byte])
        }
        if isPaired(value) { return .paired }
        if value < 0x2000 { return table[Int(value) - 0x80] }
        return foldSlowly(scalar)
    }

    /// ASCII letters and digits in lower case; everything else a space.
    static let asciiFold: [UInt8] = (0..<128).map { byte in
        switch UInt8(byte) {
        case 0x30...0x39, 0x61...0x7A: UInt8(byte)
        case 0x41...0x5A: UInt8(byte) | 0x20
        default: 0x20
        }
    }

    private static let table: [Folded] = (0x80..<0x2000).map { value in
        Unicode.Scalar(UInt32(value)).map(foldSlowly) ?? .separator
    }

    static func isPaired(_ value: UInt32) -> Bool {
        guard value >= 0x0E00 else { return false }
        switch value {
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x2E80...0x2FDF, 0x3005...0x3007, 0x3040...0x312F,
            0x31F0...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7AF, 0xF900...0xFAFF, 0xFF66...0xFF9F,
            0x20000...0x3134F:
            return true
        default:
            return false
        }
    }

    private static func foldSlowly(_ scalar: Unicode.Scalar) -> Folded {
        switch scalar.value {
        case 0xDF, 0x1E9E: return .letters(Array("ss".utf8))
        case 0xC6, 0xE6: return .letters(Array("ae".utf8))
        case 0xD8, 0xF8: return .letters(Array("o".utf8))
        case 0x110, 0x111, 0xD0, 0xF0: return .letters(Array("d".utf8))
        case 0x131: return .letters(Array("i".utf8))
        case 0x141, 0x142: return .letters(Array("l".utf8))
        case 0x152, 0x153: return .letters(Array("oe".utf8))
        case 0xAD, 0x200B...0x200F, 0x2060, 0xFE00...0xFE0F, 0xFEFF: return .ignored
        case 0xFF01...0xFF5E: return fold(Unicode.Scalar(scalar.value - 0xFEE0)!)
        default: break
        }
        var letters: [UInt8] = []
        for part in String(scalar)._nfd {
            if isMark(part.value) { continue }
            guard part.properties.isAlphabetic || part.properties.numericType != nil
                || part.properties.generalCategory == .spacingMark || part.properties.generalCategory == .nonspacingMark
            else { continue }
            letters += Array(part.properties.lowercaseMapping.utf8)
        }
        if letters.isEmpty { return isMark(scalar.value) ? .ignored : .separator }
        return .letters(letters)
    }

    /// Accents and vowel points that nobody types when searching.
    private static func isMark(_ value: UInt32) -> Bool {
        switch value {
        case 0x300...0x36F, 0x591...0x5C7, 0x610...0x61A, 0x64B...0x65F, 0x670, 0x1AB0...0x1AFF, 0x1DC0...0x1DFF,
            0x20D0...0x20FF, 0xFE20...0xFE2F:
            true
        default: false
        }
    }

    private struct Writer {
        private var out: [UInt8] = []
        private var run: [Unicode.Scalar] = []

        init(capacity: Int) { out.reserveCapacity(capacity) }

        mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
            SearchText.asciiFold.withUnsafeBufferPointer { fold in
                var index = 0
                while index < bytes.count {
                    if bytes[index] < 0x80 {
                        endRun()
                        index = addASCII(bytes, from: index, fold)
                    } else {
                        let (scalar, length) = scalar(bytes, at: index)
                        add(scalar)
                        index += length
                    }
                }
            }
        }

        /// Most text is of this kind: written into room made before, a byte at a time.
        private mutating func addASCII(
            _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ fold: UnsafeBufferPointer<UInt8>
        ) -> Int {
            var end = start
            while end < bytes.count, bytes[end] < 0x80 { end += 1 }
            var length = out.count
            out.append(contentsOf: repeatElement(0, count: end - start))
            out.withUnsafeMutableBufferPointer { out in
                var last: UInt8 = length == 0 ? 0x20 : out[length - 1]
                for index in start..<end {
                    let folded = fold[Int(bytes[index])]
                    out[length] = folded
                    length += folded == 0x20 && last == 0x20 ? 0 : 1
                    last = folded
                }
            }
            out.removeLast(out.count - length)
            return end
        }

        /// The scalar at `index` and its octets; a replacement character where the limit cut one.
        private func scalar(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> (Unicode.Scalar, Int) {
            let lead = UInt32(bytes[index])
            let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
            guard index + length <= bytes.count else { return ("\u{FFFD}", bytes.count - index) }
            var value = length == 4 ? lead & 0x07 : length == 3 ? lead & 0x0F : lead & 0x1F
            for offset in 1..<length { value = value << 6 | UInt32(bytes[index + offset]) & 0x3F }
            return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
        }

        private mutating func add(_ scalar: Unicode.Scalar) {
            switch SearchText.fold(scalar) {
            case .ignored: break
            case .separator:
                endRun()
                space()
            case .letters(let letters):
                endRun()
                out += letters
            case .paired:
                if run.isEmpty { space() }
                run.append(scalar)
                // A long run is cut, so that memory stays bounded; the pair across the cut is kept.
                if run.count == 64 {
                    for index in 0..<63 { pair(index) }
                    run.removeFirst(63)
                }
            }
        }

        private mutating func pair(_ index: Int) {
            space()
            out += UTF8.encode(run[index])!
            if index + 1 < run.count { out += UTF8.encode(run[index + 1])! }
        }

        private mutating func endRun() {
            guard !run.isEmpty else { return }
            for index in run.indices { pair(index) }
            run.removeAll(keepingCapacity: true)
            space()
        }

        private mutating func space() {
            if out.last ?? 0x20 != 0x20 { out.append(0x20) }
        }

        mutating func finish() -> [UInt8] {
            endRun()
            if out.last == 0x20 { out.removeLast() }
            return out
        }
    }
}
