internal import Crypto

/// The "relaxed" forms of header and body. RFC 6376 §3.4.2, §3.4.4.
///
/// A bare CR or LF counts as a line end, since that is what `DataEncoder` makes of it on the way out.
enum DKIMCanonicalizer {
    /// One field in its relaxed form, without a line end: `subject:Hello there`.
    /// - Parameter field: the field as it stands in the message, its line end may be there
    static func header(_ field: some Sequence<UInt8>, into output: inout [UInt8]) {
        var isValue = false
        var gap = false
        var isEmpty = true
        for byte in field {
            switch byte {
            case 0x0D, 0x0A: break
            case 0x20, 0x09: gap = true
            case 0x3A where !isValue:
                output.append(byte)
                (isValue, gap, isEmpty) = (true, false, true)
            default:
                if gap, !isEmpty { output.append(0x20) }
                (gap, isEmpty) = (false, false)
                output.append(isValue ? byte : 0x41...0x5A ~= byte ? byte + 0x20 : byte)
            }
        }
    }
}

/// The hash of a body in its relaxed form, fed piece by piece; any split gives the same.
struct DKIMBodyHash {
    private var hash = SHA256()
    private var buffer: [UInt8] = []
    /// Line ends that count only if something follows them.
    private var lineEnds = 0
    private var gap = false
    private var isAfterCR = false
    private var isEmpty = true

    mutating func update(_ input: some Sequence<UInt8>) {
        for byte in input {
            let followsCR = isAfterCR
            isAfterCR = byte == 0x0D
            switch byte {
            case 0x0A where followsCR: break
            case 0x0D, 0x0A:
                gap = false
                lineEnds += 1
            case 0x20, 0x09: gap = true
            default: append(byte)
            }
        }
        flush()
    }

    private mutating func append(_ byte: UInt8) {
        while lineEnds > 0 {
            buffer += [0x0D, 0x0A]
            lineEnds -= 1
            if buffer.count > 16_384 { flush() }
        }
        if gap { buffer.append(0x20) }
        buffer.append(byte)
        (gap, isEmpty) = (false, false)
        if buffer.count > 16_384 { flush() }
    }

    private mutating func flush() {
        hash.update(data: buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// The digest of all that was fed. An empty body stays empty; any other ends in one line end.
    consuming func finish() -> [UInt8] {
        if !isEmpty { hash.update(data: [0x0D, 0x0A] as [UInt8]) }
        return Array(hash.finalize())
    }
}
