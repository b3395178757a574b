/// A string of a script or a message: UTF-8 as a rule, and any octets at worst. RFC 5228 §2.4.2.
typealias Octets = [UInt8]

extension UInt8 {
    var isDigit: Bool { self &- 0x30 < 10 }
    var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }
    /// What may stand in an identifier after its first character.
    var isNameCharacter: Bool { isLetter || isDigit || self == UInt8(ascii: "_") }
    /// SP, HTAB, CR or LF.
    var isSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
    var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
    var uppercased: UInt8 { self &- 0x61 < 26 ? self & 0xDF : self }
    /// Whether the octet goes on with a character that an earlier one began.
    var isContinuation: Bool { self & 0xC0 == 0x80 }

    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x37
        case 0x61...0x66: self - 0x57
        default: nil
        }
    }
}

extension Octets {
    /// As text, ill-formed UTF-8 replaced.
    var text: String { String(decoding: self, as: UTF8.self) }

    /// With ASCII letters in lower case, of the same length.
    var folded: Octets { map(\.lowercased) }

    /// Without white space at either end.
    var trimmed: Octets {
        var low = startIndex
        var high = endIndex
        while low < high, self[low].isSpace { low += 1 }
        while high > low, self[high - 1].isSpace { high -= 1 }
        return low == startIndex && high == endIndex ? self : Octets(self[low..<high])
    }

    /// At most so many octets, cut between two characters.
    mutating func truncate(to limit: Int) {
        guard count > limit else { return }
        var end = limit
        while end > 0, limit - end < 4, self[end].isContinuation { end -= 1 }
        removeSubrange(end...)
    }

    /// With LF as the only line end.
    var withPlainLineEnds: Octets {
        guard contains(0x0D) else { return self }
        var output: Octets = []
        output.reserveCapacity(count)
        for (index, byte) in enumerated() {
            if byte != 0x0D { output.append(byte) } else if index + 1 == count || self[index + 1] != 0x0A { output.append(0x0A) }
        }
        return output
    }
}
