/// Punycode: RFC 3492, with the parameters of §5.
enum Punycode {
    private static let base = 36
    private static let tMin = 1
    private static let tMax = 26

    /// The code without the `xn--`; nil on overflow. At most 63 scalars are of use to a domain; more than 256 are refused.
    static func encode(_ scalars: [Unicode.Scalar]) -> String? {
        guard scalars.count <= 256 else { return nil }
        var output = scalars.filter(\.isASCII).map { UInt8($0.value) }
        let basicCount = output.count
        var handled = basicCount
        if basicCount > 0 { output.append(ASCII.hyphen) }
        var n = 128
        var delta = 0
        var bias = 72
        while handled < scalars.count {
            guard let next = scalars.lazy.map({ Int($0.value) }).filter({ $0 >= n }).min() else { return nil }
            delta += (next - n) * (handled + 1)
            n = next
            for scalar in scalars {
                if Int(scalar.value) < n { delta += 1 }
                if Int(scalar.value) == n {
                    appendDigits(of: delta, bias: bias, to: &output)
                    bias = adapt(delta, points: handled + 1, isFirst: handled == basicCount)
                    delta = 0
                    handled += 1
                }
            }
            delta += 1
            n += 1
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The scalars of a code without its `xn--`; nil when it is none.
    static func decode(_ code: some StringProtocol) -> [Unicode.Scalar]? {
        let bytes = Array(code.utf8)
        guard bytes.count <= 256, bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
        let delimiter = bytes.lastIndex(of: ASCII.hyphen)
        var output = (delimiter.map { bytes[..<$0] } ?? []).map { Unicode.Scalar($0) }
        var index = delimiter.map { $0 + 1 } ?? 0
        var n = 128
        var i = 0
        var bias = 72
        while index < bytes.count {
            let start = i
            var weight = 1
            var k = base
            while true {
                guard index < bytes.count, let digit = digit(bytes[index]) else { return nil }
                index += 1
                i += digit * weight
                guard i < 0x7FFF_FFFF else { return nil }
                let threshold = max(tMin, min(tMax, k - bias))
                if digit < threshold { break }
                weight *= base - threshold
                guard weight < 0x7FFF_FFFF else { return nil }
                k += base
            }
            bias = adapt(i - start, points: output.count + 1, isFirst: start == 0)
            n += i / (output.count + 1)
            i %= output.count + 1
            guard n < 0x11_0000, let scalar = Unicode.Scalar(UInt32(n)) else { return nil }
            output.insert(scalar, at: i)
            i += 1
        }
        return output
    }

    private static func appendDigits(of delta: Int, bias: Int, to output: inout [UInt8]) {
        var q = delta
        var k = base
        while true {
            let threshold = max(tMin, min(tMax, k - bias))
            if q < threshold { break }
            output.append(character(threshold + (q - threshold) % (base - threshold)))
            q = (q - threshold) / (base - threshold)
            k += base
        }
        output.append(character(q))
    }

    private static func adapt(_ delta: Int, points: Int, isFirst: Bool) -> Int {
        var delta = isFirst ? delta / 700 : delta / 2
        delta += delta / points
        var k = 0
        while delta > (base - tMin) * tMax / 2 {
            delta /= base - tMin
            k += base
        }
        return k + (base - tMin + 1) * delta / (delta + 38)
    }

    private static func character(_ digit: Int) -> UInt8 { UInt8(digit < 26 ? 0x61 + digit : 0x16 + digit) }

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x16
        case 0x41...0x5A: Int(byte) - 0x41
        case 0x61...0x7A: Int(byte) - 0x61
        default: nil
        }
    }
}
