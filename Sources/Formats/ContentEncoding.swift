/// Content-Transfer-Encoding: RFC 2045 §6.
package enum ContentEncoding: Hashable, Sendable {
    case sevenBit, eightBit, binary, quotedPrintable, base64, uuencode
    /// A token nobody knows; the content is taken as it is (RFC 8621 §4.1.4).
    case unknown

    /// Reads the field's value; comments, quotes and a stray semicolon are ignored.
    init(parsing value: Bytes) {
        let token = ParameterizedValue.firstToken(in: value)
        self = token.withUnsafeBufferPointer { token in
            if token.isEmpty || token.equalsIgnoringCase("7bit") || token.equalsIgnoringCase("7-bit") { return .sevenBit }
            if token.equalsIgnoringCase("8bit") || token.equalsIgnoringCase("8-bit") { return .eightBit }
            if token.equalsIgnoringCase("binary") { return .binary }
            if token.equalsIgnoringCase("quoted-printable") { return .quotedPrintable }
            if token.equalsIgnoringCase("base64") { return .base64 }
            if token.equalsIgnoringCase("x-uuencode") || token.equalsIgnoringCase("uuencode")
                || token.equalsIgnoringCase("x-uue")
            {
                return .uuencode
            }
            return .unknown
        }
    }

    /// Whether the content's bytes are in the message as they are.
    package var isIdentity: Bool {
        switch self {
        case .sevenBit, .eightBit, .binary, .unknown: true
        case .quotedPrintable, .base64, .uuencode: false
        }
    }

    /// The decoded bytes, and whether the encoding was broken.
    func decode(_ bytes: Bytes) -> (bytes: [UInt8], isDamaged: Bool) {
        switch self {
        case .sevenBit, .eightBit, .binary: (Array(bytes), false)
        case .unknown: (Array(bytes), true)
        case .quotedPrintable: QuotedPrintable.decode(bytes)
        // Plain text that someone labelled base64 is not lost.
        case .base64: Base64.isPlausible(bytes) ? Base64.decode(bytes) : (Array(bytes), true)
        case .uuencode: UUEncoding.decode(bytes)
        }
    }
}

/// The uuencode of old programs, met as a transfer encoding.
enum UUEncoding {
    /// Decodes the lines between `begin` and `end`; text without `begin` is given back as it is.
    static func decode(_ text: Bytes) -> (bytes: [UInt8], isDamaged: Bool) {
        var output: [UInt8] = []
        var isOpen = false
        var isDamaged = false
        var start = 0
        while start < text.count {
            let end = text.index(of: ASCII.lf, in: start..<text.count) ?? text.count
            let line = text.slice(text.trimmedEnd(start..<end))
            start = end + 1
            if !isOpen {
                isOpen = line.hasPrefixIgnoringCase("begin ")
            } else if line.equalsIgnoringCase("end") {
                return (output, isDamaged)
            } else if !line.isEmpty {
                if !decodeLine(line, into: &output) { isDamaged = true }
            }
        }
        return isOpen ? (output, true) : (Array(text), true)
    }

    private static func decodeLine(_ line: Bytes, into output: inout [UInt8]) -> Bool {
        let count = Int((line[0] &- 0x20) & 63)
        var left = count
        var index = 1
        while left > 0 {
            func value(_ offset: Int) -> UInt32 {
                index + offset < line.count ? UInt32((line[index + offset] &- 0x20) & 63) : 0
            }
            guard index < line.count else { return false }
            let group = value(0) << 18 | value(1) << 12 | value(2) << 6 | value(3)
            for shift in [16, 8, 0] where left > 0 {
                output.append(UInt8(truncatingIfNeeded: group >> UInt32(shift)))
                left -= 1
            }
            index += 4
        }
        return true
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The range without a trailing CR.
    func trimmedEnd(_ range: Range<Int>) -> Range<Int> {
        range.isEmpty || self[range.upperBound - 1] != ASCII.cr ? range : range.lowerBound..<(range.upperBound - 1)
    }
}
