/// Base64 of RFC 4648 §4 and RFC 2045 §6.8.
package enum Base64 {
    /// Decodes leniently: bytes outside the alphabet are skipped, missing padding is implied. What follows padding is decoded as a
    /// further run, as concatenated encodings need it, unless it is no base64 (a footer): then it goes. Linear time.
    package static func decode(_ text: [UInt8]) -> [UInt8] {
        text.withUnsafeBufferPointer { decode($0).bytes }
    }

    /// Decodes text that must be right: the standard alphabet, padded or not, nothing else. Nil when it is not.
    package static func decodeStrictly(_ text: some StringProtocol) -> [UInt8]? {
        withBytes(of: text) { bytes in
            var end = bytes.count
            while end > 0, bytes.count - end < 2, bytes[end - 1] == ASCII.equals { end -= 1 }
            let padding = bytes.count - end
            guard padding == 0 || bytes.count % 4 == 0, end % 4 != 1 else { return nil }
            for index in 0..<end where table[Int(bytes[index])] > 63 { return nil }
            return decode(bytes).bytes
        }
    }

    /// Encodes with padding. With `lineLength`, CRLF after each so many characters but not at the end; it must be a multiple of 4.
    package static func encode(_ bytes: [UInt8], lineLength: Int? = nil) -> [UInt8] {
        bytes.withUnsafeBufferPointer { encode($0, lineLength: lineLength) }
    }

    static func encode(_ bytes: Bytes, lineLength: Int? = nil) -> [UInt8] {
        let characters = (bytes.count + 2) / 3 * 4
        let breaks = lineLength.map { characters == 0 ? 0 : (characters - 1) / $0 } ?? 0
        return [UInt8](unsafeUninitializedCapacity: characters + breaks * 2) { output, written in
            alphabet.withUnsafeBufferPointer { alphabet in
                var index = 0
                var column = 0
                func put(_ value: UInt32) {
                    output[written] = alphabet[Int(value & 63)]
                    written += 1
                }
                while index < bytes.count {
                    if let lineLength, column == lineLength {
                        output[written] = ASCII.cr
                        output[written + 1] = ASCII.lf
                        written += 2
                        column = 0
                    }
                    column += 4
                    let left = bytes.count - index
                    let first = UInt32(bytes[index])
                    let second = left > 1 ? UInt32(bytes[index + 1]) : 0
                    let third = left > 2 ? UInt32(bytes[index + 2]) : 0
                    let group = first << 16 | second << 8 | third
                    put(group >> 18)
                    put(group >> 12)
                    if left > 1 { put(group >> 6) } else { output[written] = ASCII.equals; written += 1 }
                    if left > 2 { put(group) } else { output[written] = ASCII.equals; written += 1 }
                    index += 3
                }
            }
        }
    }

    /// Whether the first lines may be base64: words with blanks between them are none.
    static func isPlausible(_ text: Bytes) -> Bool {
        var words = 0
        for index in 1..<max(1, min(text.count, 1024) - 1) where text[index] == ASCII.space {
            if !text[index - 1].isFoldingSpace, !text[index + 1].isFoldingSpace { words += 1 }
        }
        return words < 16
    }

    /// The decoded bytes, and whether anything but the alphabet, white space and final padding was met.
    static func decode(_ text: Bytes) -> (bytes: [UInt8], isDamaged: Bool) {
        var isDamaged = false
        let bytes = [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3 + 3) { output, written in
            table.withUnsafeBufferPointer { table in
                isDamaged = decode(text, table: table, into: output, written: &written)
            }
        }
        return (bytes, isDamaged)
    }

    private static func decode(
        _ text: Bytes, table: Bytes, into output: UnsafeMutableBufferPointer<UInt8>, written: inout Int
    ) -> Bool {
        guard let input = text.baseAddress, let out = output.baseAddress else { return false }
        let count = text.count
        var index = 0
        var at = 0
        var group: UInt32 = 0
        var pending = 0
        var isDamaged = false
        // Where the output stood at the last padding: a mailing list's footer may follow, and is no base64.
        var paddedAt: Int?
        while index < count {
            // Whole groups of four, as nearly all are.
            if pending == 0 {
                while index + 4 <= count {
                    let a = table[Int(input[index])]
                    let b = table[Int(input[index + 1])]
                    let c = table[Int(input[index + 2])]
                    let d = table[Int(input[index + 3])]
                    guard (a | b | c | d) < 64 else { break }
                    let value = UInt32(a) << 18 | UInt32(b) << 12 | UInt32(c) << 6 | UInt32(d)
                    out[at] = UInt8(truncatingIfNeeded: value >> 16)
                    out[at + 1] = UInt8(truncatingIfNeeded: value >> 8)
                    out[at + 2] = UInt8(truncatingIfNeeded: value)
                    at += 3
                    index += 4
                }
                guard index < count else { break }
            }
            let byte = input[index]
            index += 1
            let value = table[Int(byte)]
            if value < 64 {
                group = group << 6 | UInt32(value)
                pending += 1
                if pending == 4 {
                    out[at] = UInt8(truncatingIfNeeded: group >> 16)
                    out[at + 1] = UInt8(truncatingIfNeeded: group >> 8)
                    out[at + 2] = UInt8(truncatingIfNeeded: group)
                    at += 3
                    group = 0
                    pending = 0
                }
            } else if byte == ASCII.equals {
                flush(group, pending, out, &at)
                group = 0
                pending = 0
                paddedAt = at
            } else if !byte.isFoldingSpace {
                isDamaged = true
                if let paddedAt {
                    written = paddedAt
                    return true
                }
            }
        }
        if pending == 1 { isDamaged = true }
        flush(group, pending, out, &at)
        written = at
        return isDamaged
    }

    private static func flush(_ group: UInt32, _ pending: Int, _ out: UnsafeMutablePointer<UInt8>, _ at: inout Int) {
        switch pending {
        case 2:
            out[at] = UInt8(truncatingIfNeeded: group >> 4)
            at += 1
        case 3:
            out[at] = UInt8(truncatingIfNeeded: group >> 10)
            out[at + 1] = UInt8(truncatingIfNeeded: group >> 2)
            at += 2
        default: break
        }
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// 0–63 for the alphabet, 255 for all else.
    private static let table: [UInt8] = {
        var table = [UInt8](repeating: 255, count: 256)
        for (value, byte) in alphabet.enumerated() { table[Int(byte)] = UInt8(value) }
        return table
    }()
}
