/// A value with parameters, as in Content-Type and Content-Disposition: RFC 2045 §5.1, RFC 2183, RFC 2231.
struct ParameterizedValue: Sendable {
    /// The value before the first semicolon, lower-case, without comments and blanks.
    let value: String
    /// Names in lower case, values decoded, in their order; of two with one name the first counts.
    private(set) var parameters: [(name: String, value: String)] = []

    /// How many parameters and segments of parameters are read.
    private static let maximumParameters = 512

    /// Reads a field's value, best effort.
    init(parsing bytes: Bytes) {
        var scanner = ParameterScanner(bytes)
        value = String(decoding: scanner.scanValue(), as: UTF8.self)
        var segments: [String: [Segment]] = [:]
        var order: [String] = []
        var count = 0
        while count < Self.maximumParameters, let raw = scanner.next() {
            count += 1
            let (name, segment) = Segment.parse(raw)
            if segments[name] == nil { order.append(name) }
            segments[name, default: []].append(segment)
        }
        parameters = order.map { ($0, Segment.joined(segments[$0] ?? [])) }
    }

    subscript(name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    var dictionary: [String: String] {
        Dictionary(parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Parts of a value, for the parser

    /// `type/subtype` in lower case, or nil if the value is no media type.
    static func mediaType(in bytes: Bytes) -> String? {
        var scanner = ParameterScanner(bytes)
        let value = scanner.scanValue()
        guard let slash = value.firstIndex(of: ASCII.slash) else { return nil }
        let subtype = value[(slash + 1)...].prefix(while: isTokenByte)
        guard slash > 0, !subtype.isEmpty, value[..<slash].allSatisfy(isTokenByte) else { return nil }
        return String(decoding: value[..<subtype.endIndex], as: UTF8.self)
    }

    /// `token` of RFC 2045 §5.1.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte.isAtomText && byte != ASCII.slash && byte != ASCII.question && byte != ASCII.equals || byte == ASCII.dot
    }

    /// The first token in lower case, comments skipped.
    static func firstToken(in bytes: Bytes) -> [UInt8] {
        var scanner = ParameterScanner(bytes)
        var value = scanner.scanValue()
        if value.first == ASCII.quote { value.removeFirst() }
        if value.last == ASCII.quote { value.removeLast() }
        return value
    }

    /// The octets of the `boundary` parameter.
    static func boundary(in bytes: Bytes) -> [UInt8]? {
        var scanner = ParameterScanner(bytes)
        _ = scanner.scanValue()
        var count = 0
        var hasSegments = false
        while count < maximumParameters, let raw = scanner.next() {
            count += 1
            let isBoundary = raw.name.withUnsafeBufferPointer { $0.equalsIgnoringCase("boundary") }
            if isBoundary { return trimmedEnd(raw.value) }
            if raw.name.starts(with: "boundary*".utf8) { hasSegments = true }
        }
        guard hasSegments else { return nil }
        return ParameterizedValue(parsing: bytes)["boundary"].map { trimmedEnd(Array($0.utf8)) }
    }

    private static func trimmedEnd(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        while let last = bytes.last, last.isFoldingSpace { bytes.removeLast() }
        return bytes
    }
}

/// A parameter as written, its value unquoted and unfolded.
private struct RawParameter {
    var name: [UInt8]
    var value: [UInt8]
    var isQuoted: Bool
}

/// Cuts a field's value into its pieces. Every byte is looked at a bounded number of times.
private struct ParameterScanner {
    private let bytes: Bytes
    private var index = 0

    init(_ bytes: Bytes) {
        self.bytes = bytes
    }

    /// The value before the parameters, in lower case.
    mutating func scanValue() -> [UInt8] {
        var value: [UInt8] = []
        var sawBlank = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.semicolon { break }
            if byte == ASCII.openParen {
                skipComment()
            } else if byte.isFoldingSpace {
                sawBlank = !value.isEmpty
                index += 1
            } else {
                if sawBlank, byte != ASCII.slash, value.last != ASCII.slash { break }
                sawBlank = false
                value.append(byte.asciiLowercased)
                index += 1
            }
        }
        return value
    }

    mutating func next() -> RawParameter? {
        while index < bytes.count {
            skipSeparators()
            let start = index
            while index < bytes.count, bytes[index] != ASCII.equals, bytes[index] != ASCII.semicolon,
                !bytes[index].isFoldingSpace
            {
                index += 1
            }
            let name = bytes[start..<index].map(\.asciiLowercased)
            skipBlanks()
            guard index < bytes.count, bytes[index] == ASCII.equals else { continue }
            index += 1
            skipBlanks()
            let isQuoted = index < bytes.count && bytes[index] == ASCII.quote
            let value = isQuoted ? scanQuoted() : scanBare(isName: name.starts(with: "name".utf8) || name.starts(with: "filename".utf8))
            if !name.isEmpty { return RawParameter(name: name, value: value, isQuoted: isQuoted) }
        }
        return nil
    }

    private mutating func skipSeparators() {
        while index < bytes.count {
            if bytes[index] == ASCII.semicolon || bytes[index].isFoldingSpace {
                index += 1
            } else if bytes[index] == ASCII.openParen {
                skipComment()
            } else {
                return
            }
        }
    }

    private mutating func skipBlanks() {
        while index < bytes.count {
            if bytes[index].isFoldingSpace {
                index += 1
            } else if bytes[index] == ASCII.openParen {
                skipComment()
            } else {
                return
            }
        }
    }

    private mutating func skipComment() {
        index = CommentScanner.end(of: bytes, from: index)
    }

    /// A quoted string; without its closing quote it ends at the end. Only `\"` and `\\` are pairs: programs write `C:\file`.
    private mutating func scanQuoted() -> [UInt8] {
        var value: [UInt8] = []
        index += 1
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case ASCII.quote:
                return value
            case ASCII.backslash where index < bytes.count && (bytes[index] == ASCII.quote || bytes[index] == ASCII.backslash):
                value.append(bytes[index])
                index += 1
            case ASCII.cr, ASCII.lf:
                continue
            default:
                value.append(byte)
            }
        }
        return value
    }

    /// An unquoted value: to the next blank; of a file's name to the semicolon, as it may have blanks in it.
    private mutating func scanBare(isName: Bool) -> [UInt8] {
        let start = index
        while index < bytes.count, bytes[index] != ASCII.semicolon, isName || !bytes[index].isFoldingSpace { index += 1 }
        return bytes[bytes.trimmed(start..<index)].filter { $0 != ASCII.cr && $0 != ASCII.lf }
    }
}

/// Nested comments: RFC 5322 §3.2.2.
enum CommentScanner {
    /// The index after the comment that opens at `start`, or the end of the bytes.
    static func end(of bytes: Bytes, from start: Int) -> Int {
        var depth = 0
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case ASCII.openParen: depth += 1
            case ASCII.closeParen:
                depth -= 1
                if depth == 0 { return index + 1 }
            case ASCII.backslash: index += 1
            default: break
            }
            index += 1
        }
        return bytes.count
    }
}

/// One `name*n*=` of RFC 2231, or a plain parameter.
private struct Segment {
    /// Nil for a plain parameter, -1 for `name*=`.
    var number: Int?
    var isEncoded: Bool
    var value: [UInt8]

    static func parse(_ raw: RawParameter) -> (name: String, Segment) {
        func plain() -> (String, Segment) {
            (String(decoding: raw.name, as: UTF8.self), Segment(number: nil, isEncoded: false, value: raw.value))
        }
        guard let star = raw.name.firstIndex(of: ASCII.asterisk) else { return plain() }
        var rest = raw.name[(star + 1)...]
        let isEncoded = rest.isEmpty || rest.last == ASCII.asterisk
        if rest.last == ASCII.asterisk { rest.removeLast() }
        guard rest.allSatisfy(\.isASCIIDigit), rest.count <= 6 else { return plain() }
        let number = rest.isEmpty ? -1 : rest.reduce(0) { $0 * 10 + Int($1 & 15) }
        let name = String(decoding: raw.name[..<star], as: UTF8.self)
        return (name, Segment(number: number, isEncoded: isEncoded, value: raw.value))
    }

    /// The decoded value of all segments of one name. RFC 2231 wins over a plain one that is there for old readers.
    static func joined(_ segments: [Segment]) -> String {
        let extended = segments.filter { $0.number != nil }
        if let whole = extended.first(where: { $0.number == -1 && $0.isEncoded }) { return decoded([whole]) }
        if !extended.isEmpty { return decoded(extended.sorted { ($0.number ?? 0) < ($1.number ?? 0) }) }
        guard let plain = segments.first else { return "" }
        // Against RFC 2047 §5, but most programs write file names so.
        return plain.value.withUnsafeBufferPointer { EncodedWord.decodeParameter($0) }
    }

    private static func decoded(_ segments: [Segment]) -> String {
        var charset: String?
        var bytes: [UInt8] = []
        for (position, segment) in segments.enumerated() {
            guard segment.isEncoded else {
                bytes += segment.value
                continue
            }
            var value = segment.value[...]
            if position == 0, let first = value.firstIndex(of: ASCII.apostrophe),
                let second = value[(first + 1)...].firstIndex(of: ASCII.apostrophe)
            {
                charset = String(decoding: value[..<first], as: UTF8.self)
                value = value[(second + 1)...]
            }
            bytes += percentDecoded(value)
        }
        if !segments.contains(where: \.isEncoded) {
            return bytes.withUnsafeBufferPointer { EncodedWord.decodeParameter($0) }
        }
        let isNamed = !(charset ?? "").isEmpty
        return bytes.withUnsafeBufferPointer { Charset.decode($0, charset: isNamed ? charset : nil).text }.nfc
    }

    private static func percentDecoded(_ value: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(value.count)
        var index = value.startIndex
        while index < value.endIndex {
            if value[index] == ASCII.percent, index + 2 < value.endIndex, let high = value[index + 1].hexValue,
                let low = value[index + 2].hexValue
            {
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(value[index])
                index += 1
            }
        }
        return output
    }
}
