import Glibc

/// Bytes of any charset that mail names ↔ text.
package enum Charset {
    /// Decodes bytes in the named charset; line ends stay. With no name, or one that nobody knows, the bytes decide: UTF-8 if they are,
    /// ISO-2022-JP by its escapes, else windows-1252.
    package static func decode(_ bytes: [UInt8], charset: String?) -> DecodedText {
        bytes.withUnsafeBufferPointer { decode($0, charset: charset) }
    }

    static func decode(_ bytes: Bytes, charset: String?) -> DecodedText {
        switch scheme(for: charset) {
        case .sniffed, .utf8, .latin1, .windows1252:
            break
        case .iconv(let name, let keepsASCII):
            if !keepsASCII || bytes.hasHighBit, let converted = CharsetConverter.convert(bytes, from: name) { return converted }
        }
        return decodeASCIICompatible(bytes, scheme(for: charset))
    }

    /// As `decode`, with CRLF and CR made LF. Without `guesses`, as `MessagePart.decodedText(guesses:)` tells.
    static func decodeText(_ bytes: Bytes, charset: String?, guesses: Bool = true) -> DecodedText {
        var scheme = scheme(for: charset)
        if !guesses, scheme.isSniffed { scheme = .utf8 }
        if !guesses, scheme == .latin1 { scheme = .iconv(name: "ISO-8859-1", keepsASCII: true) }
        if case .iconv(let name, let keepsASCII) = scheme, !keepsASCII || bytes.hasHighBit,
            let (converted, isProblem) = CharsetConverter.convertBytes(bytes, from: name)
        {
            let text = converted.withUnsafeBufferPointer { LineEnds.normalized($0) }
            return DecodedText(text: text, isEncodingProblem: isProblem)
        }
        if scheme == .utf8 || !bytes.hasHighBit && !(scheme.isSniffed && containsEscape(bytes)) {
            return utf8Text(bytes, LineEnds.normalized(bytes))
        }
        let decoded = decodeASCIICompatible(bytes, scheme)
        guard decoded.text.utf8.contains(ASCII.cr) else { return decoded }
        let text = withBytes(of: decoded.text) { LineEnds.normalized($0) }
        return DecodedText(text: text, isEncodingProblem: decoded.isEncodingProblem)
    }

    /// Decodes the unencoded bytes of a header field: UTF-8 (RFC 6532), else what old programs sent: the charset of the body.
    static func decodeHeader(_ bytes: Bytes, fallback: String? = nil) -> String {
        if !bytes.hasHighBit { return bytes.utf8String }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        if case .iconv(let name, _) = scheme(for: fallback), let decoded = CharsetConverter.convert(bytes, from: name) {
            return decoded.text
        }
        return Windows1252.decode(bytes)
    }

    // MARK: Schemes

    enum Scheme: Equatable {
        /// No charset or `us-ascii`: other bytes are guessed. `isDeclared` tells which.
        case sniffed(isDeclared: Bool)
        case utf8
        /// Decoded as windows-1252: what is labelled ISO-8859-1 often is that, and has no use for the controls at 80–9F.
        case latin1
        case windows1252
        case iconv(name: String, keepsASCII: Bool)

        var isSniffed: Bool {
            if case .sniffed = self { true } else { false }
        }
    }

    static func scheme(for charset: String?) -> Scheme {
        guard let charset else { return .sniffed(isDeclared: false) }
        return CharsetNames.scheme(for: charset)
    }

    private static func decodeASCIICompatible(_ bytes: Bytes, _ scheme: Scheme) -> DecodedText {
        switch scheme {
        case .utf8:
            return utf8Text(bytes, bytes.utf8String)
        case .latin1, .windows1252:
            return DecodedText(text: Windows1252.decode(bytes))
        case .sniffed(let isDeclared):
            if !bytes.hasHighBit {
                guard containsEscape(bytes), let text = CharsetConverter.convert(bytes, from: "ISO-2022-JP") else {
                    return DecodedText(text: bytes.utf8String)
                }
                return text
            }
            if let text = String(validating: bytes, as: UTF8.self) {
                return DecodedText(text: text, isEncodingProblem: isDeclared)
            }
            return DecodedText(text: Windows1252.decode(bytes), isEncodingProblem: true)
        case .iconv:
            if !bytes.hasHighBit { return DecodedText(text: bytes.utf8String) }
            return DecodedText(text: String(validating: bytes, as: UTF8.self) ?? Windows1252.decode(bytes), isEncodingProblem: true)
        }
    }

    private static func utf8Text(_ bytes: Bytes, _ text: String) -> DecodedText {
        // Repaired text has replacement characters (EF BF BD). Few texts have any, so that they are rarely validated twice.
        let isSuspect = withBytes(of: text) { $0.index(of: 0xEF, in: 0..<$0.count) != nil }
        let isProblem = isSuspect && String(validating: bytes, as: UTF8.self) == nil
        return DecodedText(text: text, isEncodingProblem: isProblem)
    }

    /// Whether an escape of ISO-2022-JP occurs: `ESC $` or `ESC (`.
    private static func containsEscape(_ bytes: Bytes) -> Bool {
        guard let escape = bytes.index(of: 0x1B, in: 0..<bytes.count), escape + 2 < bytes.count else { return false }
        return bytes[escape + 1] == 0x24 && (bytes[escape + 2] == 0x42 || bytes[escape + 2] == 0x40)
    }
}

/// windows-1252, which browsers take ISO-8859-1 for (WHATWG Encoding).
enum Windows1252 {
    static func decode(_ bytes: Bytes) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 3) { output in
            var at = 0
            for byte in bytes {
                let value = byte & 0xE0 == 0x80 ? upper[Int(byte & 0x1F)] : UInt16(byte)
                if value < 0x80 {
                    output[at] = UInt8(value)
                    at += 1
                } else if value < 0x800 {
                    output[at] = 0xC0 | UInt8(value >> 6)
                    output[at + 1] = 0x80 | UInt8(value & 0x3F)
                    at += 2
                } else {
                    output[at] = 0xE0 | UInt8(value >> 12)
                    output[at + 1] = 0x80 | UInt8(value >> 6 & 0x3F)
                    output[at + 2] = 0x80 | UInt8(value & 0x3F)
                    at += 3
                }
            }
            return at
        }
    }

    private static let upper: [UInt16] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F,
        0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
    ]
}

/// Line ends within text.
enum LineEnds {
    /// The bytes as UTF-8 text in which CRLF and CR are LF.
    static func normalized(_ bytes: Bytes) -> String {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return "" }
        return String(unsafeUninitializedCapacity: bytes.count) { output in
            guard let out = output.baseAddress else { return 0 }
            var index = 0
            var at = 0
            while index < bytes.count {
                let end = bytes.index(of: ASCII.cr, in: index..<bytes.count) ?? bytes.count
                (out + at).initialize(from: base + index, count: end - index)
                at += end - index
                index = end
                guard index < bytes.count else { break }
                index += 1
                if index < bytes.count, bytes[index] == ASCII.lf { continue }
                out[at] = ASCII.lf
                at += 1
            }
            return at
        }
    }
}
