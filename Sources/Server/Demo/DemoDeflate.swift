/// Just enough of RFC 1950 and 1951 for flat pictures: fixed Huffman codes, and runs of one byte as matches at distance 1.
enum DemoDeflate {
    static func zlib(_ bytes: [UInt8]) -> [UInt8] {
        var bits = BitWriter(bytes: [0x78, 0x01])
        bits.write(1, count: 1)  // the last block
        bits.write(1, count: 2)  // fixed codes
        var index = 0
        while index < bytes.count {
            writeLiteral(Int(bytes[index]), to: &bits)
            var run = 0
            while run < 258, index + 1 + run < bytes.count, bytes[index + 1 + run] == bytes[index] { run += 1 }
            if run >= 3 {
                writeMatch(length: run, to: &bits)
                index += run
            }
            index += 1
        }
        writeLiteral(256, to: &bits)
        bits.flush()
        return bits.bytes + adler(bytes)
    }

    // RFC 1951 §3.2.6
    private static func writeLiteral(_ symbol: Int, to bits: inout BitWriter) {
        switch symbol {
        case ..<144: bits.writeCode(0x30 + symbol, count: 8)
        case ..<256: bits.writeCode(0x190 + symbol - 144, count: 9)
        case ..<280: bits.writeCode(symbol - 256, count: 7)
        default: bits.writeCode(0xC0 + symbol - 280, count: 8)
        }
    }

    // RFC 1951 §3.2.5: 257–264 stand for 3–10; then four codes share each number of extra bits.
    private static func writeMatch(length: Int, to bits: inout BitWriter) {
        if length == 258 {
            writeLiteral(285, to: &bits)
        } else if length <= 10 {
            writeLiteral(254 + length, to: &bits)
        } else {
            var extra = 1
            while length >= (8 << extra) + 3 { extra += 1 }
            let offset = length - ((4 << extra) + 3)
            writeLiteral(261 + extra * 4 + (offset >> extra), to: &bits)
            bits.write(offset & ((1 << extra) - 1), count: extra)
        }
        bits.writeCode(0, count: 5)  // distance 1
    }

    // RFC 1950 §8
    private static func adler(_ bytes: [UInt8]) -> [UInt8] {
        var low: UInt32 = 1
        var high: UInt32 = 0
        for byte in bytes {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return [UInt8(high >> 8), UInt8(high & 0xFF), UInt8(low >> 8), UInt8(low & 0xFF)]
    }

    private struct BitWriter {
        var bytes: [UInt8]
        private var pending = 0
        private var count = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        /// Numbers go low bit first.
        mutating func write(_ value: Int, count width: Int) {
            pending |= value << count
            count += width
            while count >= 8 {
                bytes.append(UInt8(pending & 0xFF))
                pending >>= 8
                count -= 8
            }
        }

        /// Huffman codes go high bit first.
        mutating func writeCode(_ code: Int, count width: Int) {
            for bit in stride(from: width - 1, through: 0, by: -1) { write((code >> bit) & 1, count: 1) }
        }

        mutating func flush() {
            if count > 0 { write(0, count: 8 - count) }
        }
    }
}
