/// Quoted-printable of RFC 2045 §6.7.
package enum QuotedPrintable {
    /// Decodes leniently: a `=` that begins no code stays as it is, white space at a line's end goes. Linear time.
    package static func decode(_ text: [UInt8]) -> [UInt8] {
        text.withUnsafeBufferPointer { decode($0).bytes }
    }

    /// The decoded bytes, and whether a `=` was met that begins neither a code nor a soft line break.
    static func decode(_ text: Bytes) -> (bytes: [UInt8], isDamaged: Bool) {
        var isDamaged = false
        let bytes = [UInt8](unsafeUninitializedCapacity: text.count) { output, written in
            guard let out = output.baseAddress, let input = text.baseAddress else { return }
            var index = 0
            var at = 0
            while index < text.count {
                let special = text.index(of: ASCII.equals, in: index..<text.count) ?? text.count
                at = copyLines(text, index..<special, to: out, at: at, isWholeLine: special == text.count)
                index = special
                guard index < text.count else { break }
                if index + 2 < text.count, let high = input[index + 1].hexValue, let low = input[index + 2].hexValue {
                    out[at] = high << 4 | low
                    at += 1
                    index += 3
                } else if let next = softBreak(text, after: index) {
                    index = next
                } else {
                    isDamaged = true
                    out[at] = ASCII.equals
                    at += 1
                    index += 1
                }
            }
            written = at
        }
        return (bytes, isDamaged)
    }

    /// Encodes text whose line ends are CRLF, or with `isBinary` every CR and LF as a code. Lines are at most 76 characters.
    static func encode(_ bytes: Bytes, isBinary: Bool = false) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 8)
        var column = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if !isBinary, byte == ASCII.cr, index + 1 < bytes.count, bytes[index + 1] == ASCII.lf {
                output.append(ASCII.cr)
                output.append(ASCII.lf)
                column = 0
                index += 2
                continue
            }
            let isLineEnd = index + 1 == bytes.count
                || (!isBinary && bytes[index + 1] == ASCII.cr && index + 2 < bytes.count && bytes[index + 2] == ASCII.lf)
            let isPlain = byte > 0x20 && byte < 0x7F && byte != ASCII.equals || byte.isBlank && !isLineEnd
            // A line must not begin as an mbox separator, nor be a lone dot to a careless SMTP client.
            let isRisky = column == 0 && (byte == ASCII.dot || byte == 0x46 && startsWithFrom(bytes, index))
            let width = isPlain && !isRisky ? 1 : 3
            if column + width > (isLineEnd ? 76 : 75) {
                output.append(contentsOf: [ASCII.equals, ASCII.cr, ASCII.lf])
                column = 0
                continue
            }
            if width == 1 {
                output.append(byte)
            } else {
                output.append(ASCII.equals)
                output.append(hexDigit(byte >> 4))
                output.append(hexDigit(byte & 15))
            }
            column += width
            index += 1
        }
        return output
    }

    static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }

    private static func startsWithFrom(_ bytes: Bytes, _ index: Int) -> Bool {
        index + 5 <= bytes.count && bytes[index + 1] == 0x72 && bytes[index + 2] == 0x6F && bytes[index + 3] == 0x6D
            && bytes[index + 4] == ASCII.space
    }

    /// The index after the line end of a soft break whose `=` is at `index`; blanks between are transport padding.
    private static func softBreak(_ text: Bytes, after index: Int) -> Int? {
        var next = index + 1
        while next < text.count, text[next].isBlank { next += 1 }
        guard next < text.count else { return next }
        if text[next] == ASCII.lf { return next + 1 }
        guard text[next] == ASCII.cr else { return nil }
        return next + 1 < text.count && text[next + 1] == ASCII.lf ? next + 2 : next + 1
    }

    /// Copies literal text, dropping blanks before each line end within it (and at its end, when `isWholeLine`).
    private static func copyLines(
        _ text: Bytes, _ range: Range<Int>, to out: UnsafeMutablePointer<UInt8>, at start: Int, isWholeLine: Bool
    ) -> Int {
        var at = start
        var index = range.lowerBound
        while index < range.upperBound {
            let lineFeed = text.index(of: ASCII.lf, in: index..<range.upperBound)
            let end = lineFeed ?? range.upperBound
            var kept = end
            let isCRLF = lineFeed != nil && kept > index && text[kept - 1] == ASCII.cr
            if isCRLF { kept -= 1 }
            if lineFeed != nil || isWholeLine {
                while kept > index, text[kept - 1].isBlank { kept -= 1 }
            }
            (out + at).update(from: text.baseAddress! + index, count: kept - index)
            at += kept - index
            if isCRLF {
                out[at] = ASCII.cr
                at += 1
            }
            if lineFeed != nil {
                out[at] = ASCII.lf
                at += 1
            }
            index = lineFeed.map { $0 + 1 } ?? end
        }
        return at
    }
}
