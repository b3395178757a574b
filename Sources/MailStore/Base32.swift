/// Sixty-four bits as thirteen lower-case characters that survive any file system and sort like the number's bits.
enum Base32 {
    private static let digits = Array("0123456789abcdefghijklmnopqrstuv".utf8)

    static func encode(_ value: Int64) -> String {
        let bits = UInt64(bitPattern: value)
        return String(unsafeUninitializedCapacity: 13) { buffer in
            for index in 0..<13 {
                let shift = 60 - 5 * index
                buffer[index] = digits[Int(truncatingIfNeeded: bits >> UInt64(shift)) & 31]
            }
            return 13
        }
    }

    static func encode(bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        var bits = 0
        var pending: UInt32 = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(digits[Int(pending >> UInt32(bits)) & 31])
            }
            pending &= (1 << UInt32(bits)) - 1
        }
        if bits > 0 { text.append(digits[Int(pending << UInt32(5 - bits)) & 31]) }
        return String(decoding: text, as: UTF8.self)
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x76).contains(byte)
    }

    /// Reads what `encode` wrote after one `prefix` character; nil for anything else.
    static func decode(_ text: String, prefix: UInt8) -> Int64? {
        var iterator = text.utf8.makeIterator()
        guard iterator.next() == prefix else { return nil }
        return decode(&iterator, count: text.utf8.count - 1)
    }

    static func decode(_ text: some StringProtocol) -> Int64? {
        var iterator = text.utf8.makeIterator()
        return decode(&iterator, count: text.utf8.count)
    }

    private static func decode(_ iterator: inout some IteratorProtocol<UInt8>, count: Int) -> Int64? {
        guard count == 13 else { return nil }
        var value: UInt64 = 0
        for index in 0..<13 {
            guard let byte = iterator.next(), isDigit(byte) else { return nil }
            let digit = UInt64(byte < 0x40 ? byte - 0x30 : byte - 0x61 + 10)
            if index == 0, digit > 15 { return nil }
            value = value << 5 | digit
        }
        return Int64(bitPattern: value)
    }
}
