import Glibc
import Synchronization

/// iconv of the C library. Opening a converter costs more than most texts, so they are kept and used again.
enum CharsetConverter {
    /// Decodes; nil if the C library does not know `charset`.
    static func convert(_ bytes: Bytes, from charset: String) -> DecodedText? {
        convertBytes(bytes, from: charset).map {
            DecodedText(text: String(decoding: $0.bytes, as: UTF8.self), isEncodingProblem: $0.isProblem)
        }
    }

    /// The text as UTF-8, with U+FFFD for each byte that means nothing, and whether there was one.
    static func convertBytes(_ bytes: Bytes, from charset: String) -> (bytes: [UInt8], isProblem: Bool)? {
        guard let converter = take(charset) else { return nil }
        defer { put(converter, charset) }
        return run(converter.descriptor, bytes)
    }

    private static func run(_ descriptor: iconv_t, _ bytes: Bytes) -> ([UInt8], Bool) {
        iconv(descriptor, nil, nil, nil, nil)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 2 + 16)
        var isProblem = false
        // iconv does not write to its input, whatever its signature says.
        var input = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0).assumingMemoryBound(to: CChar.self) }
        var inputLeft = bytes.count
        let chunk = 8192
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: chunk) { scratch in
            while true {
                var out = scratch.baseAddress
                var outLeft = chunk
                // With no input left, a last call writes what a stateful charset still holds.
                let isFlush = inputLeft == 0
                let result = isFlush ? iconv(descriptor, nil, nil, &out, &outLeft) : iconv(descriptor, &input, &inputLeft, &out, &outLeft)
                let error = errno
                UnsafeRawBufferPointer(start: scratch.baseAddress, count: chunk - outLeft).withMemoryRebound(to: UInt8.self) {
                    output.append(contentsOf: $0)
                }
                if isFlush { break }
                guard result == -1, error != E2BIG else { continue }
                isProblem = true
                output.append(contentsOf: [0xEF, 0xBF, 0xBD])
                if error == EINVAL {
                    // A character is cut off at the end.
                    inputLeft = 0
                } else {
                    input = input.map { $0 + 1 }
                    inputLeft -= 1
                }
            }
        }
        return (output, isProblem)
    }

    // MARK: Pool

    /// An open converter. It has state, and is used by whoever took it from the pool, by nobody else at that time: so it may be sent.
    private struct Converter: @unchecked Sendable {
        let descriptor: iconv_t
    }

    /// Idle converters by name. Names come from `CharsetNames`, so there is a bounded number of them.
    private static let pool = Mutex<[String: [Converter]]>([:])
    private static let maximumIdle = 4

    private static func take(_ charset: String) -> Converter? {
        if let idle = pool.withLock({ $0[charset]?.popLast() }) { return idle }
        guard let descriptor = iconv_open("UTF-8", charset), Int(bitPattern: descriptor) != -1 else { return nil }
        return Converter(descriptor: descriptor)
    }

    private static func put(_ converter: Converter, _ charset: String) {
        let isKept = pool.withLock { pool in
            guard pool[charset, default: []].count < maximumIdle else { return false }
            pool[charset, default: []].append(converter)
            return true
        }
        if !isKept { iconv_close(converter.descriptor) }
    }
}
