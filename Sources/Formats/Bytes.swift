import Glibc

/// A borrowed run of bytes. It is valid only within the closure that gave it.
typealias Bytes = UnsafeBufferPointer<UInt8>

/// The ASCII characters that grammars name.
enum ASCII {
    static let nul: UInt8 = 0x00
    static let tab: UInt8 = 0x09
    static let lf: UInt8 = 0x0A
    static let cr: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let percent: UInt8 = 0x25
    static let apostrophe: UInt8 = 0x27
    static let openParen: UInt8 = 0x28
    static let closeParen: UInt8 = 0x29
    static let asterisk: UInt8 = 0x2A
    static let plus: UInt8 = 0x2B
    static let comma: UInt8 = 0x2C
    static let hyphen: UInt8 = 0x2D
    static let dot: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let less: UInt8 = 0x3C
    static let equals: UInt8 = 0x3D
    static let greater: UInt8 = 0x3E
    static let question: UInt8 = 0x3F
    static let at: UInt8 = 0x40
    static let openBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closeBracket: UInt8 = 0x5D
    static let underscore: UInt8 = 0x5F
}

extension UInt8 {
    var isASCIIDigit: Bool { self &- 0x30 < 10 }
    var isASCIILetter: Bool { (self | 0x20) &- 0x61 < 26 }
    /// SP or HTAB.
    var isBlank: Bool { self == ASCII.space || self == ASCII.tab }
    /// SP, HTAB, CR or LF: what folding may leave between two words.
    var isFoldingSpace: Bool { self == ASCII.space || self == ASCII.tab || self == ASCII.cr || self == ASCII.lf }
    var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    /// The value of a hexadecimal digit, or nil.
    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self &- 0x30
        case 0x41...0x46: self &- 0x37
        case 0x61...0x66: self &- 0x57
        default: nil
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The same memory, as a buffer that starts at 0.
    func slice(_ range: Range<Int>) -> Bytes {
        Bytes(rebasing: self[range])
    }

    /// The first index of `byte` in `range`, by the C library's vectorised search.
    func index(of byte: UInt8, in range: Range<Int>) -> Int? {
        guard let base = baseAddress, !range.isEmpty,
            let found = memchr(base + range.lowerBound, CInt(byte), range.count)
        else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }

    /// Whether the bytes are `text` in any ASCII case.
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let other = text.utf8Start
        for index in 0..<count where self[index].asciiLowercased != other[index].asciiLowercased { return false }
        return true
    }

    /// Whether the bytes begin with `text` in any ASCII case.
    func hasPrefixIgnoringCase(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        return count >= length && slice(0..<length).equalsIgnoringCase(text)
    }

    /// The range without leading and trailing SP, HTAB, CR, LF.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high, self[low].isFoldingSpace { low += 1 }
        while high > low, self[high - 1].isFoldingSpace { high -= 1 }
        return low..<high
    }

    /// The whole without leading and trailing SP, HTAB, CR, LF.
    var trimmed: Bytes { slice(trimmed(0..<count)) }

    /// Whether a byte with the high bit occurs.
    var hasHighBit: Bool {
        var index = 0
        if let base = baseAddress {
            let raw = UnsafeRawPointer(base)
            while index + 8 <= count {
                if raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 { return true }
                index += 8
            }
        }
        while index < count {
            if self[index] >= 0x80 { return true }
            index += 1
        }
        return false
    }

    /// The bytes as UTF-8, ill-formed runs replaced by U+FFFD.
    var utf8String: String { String(decoding: self, as: UTF8.self) }

    /// The bytes in ASCII lower case, ill-formed UTF-8 replaced.
    var lowercasedString: String {
        String(unsafeUninitializedCapacity: count) { buffer in
            for index in 0..<count { buffer[index] = self[index].asciiLowercased }
            return count
        }
    }
}

/// Calls `body` with the UTF-8 of `text` in contiguous memory.
func withBytes<Result>(of text: some StringProtocol, _ body: (Bytes) throws -> Result) rethrows -> Result {
    if let result = try text.utf8.withContiguousStorageIfAvailable(body) { return result }
    return try Array(text.utf8).withUnsafeBufferPointer(body)
}
