import Formats

/// The message's body as the test `body` sees it: RFC 5173. What has been decoded is kept for the next test.
struct BodyReader {
    private let message: Message
    private let limit: Int
    private var raw: Value?
    private var text: [Value]?
    /// Decoded contents of parts, by their index.
    private var contents: [Int: [Value]] = [:]
    /// Octets that may still be decoded.
    private var room: Int

    /// - Parameter limit: octets that are looked at; what lies beyond is not seen.
    init(_ message: Message, limit: Int) {
        self.message = message
        self.limit = limit
        room = limit
    }

    /// The body as it was received, but for its line ends.
    mutating func rawBody(_ budget: inout Budget) throws(RunFailure) -> Value {
        if let raw { return raw }
        let start = message.root.bodyRange.lowerBound
        let bytes = message.bytes[start...].prefix(limit)
        try budget.pay(bytes.count / 4)
        let value = Value(Octets(bytes).withPlainLineEnds)
        raw = value
        return value
    }

    /// The words of every text part, HTML without its tags.
    mutating func texts(_ budget: inout Budget) throws(RunFailure) -> [Value] {
        if let text { return text }
        var values: [Value] = []
        for part in message.parts where part.type.hasPrefix("text/") {
            for value in try content(part, &budget) {
                guard part.type == "text/html" else {
                    values.append(value)
                    continue
                }
                try budget.pay(value.octets.count)
                values.append(Value(Octets(HTMLText.plainText(of: value.octets.text).utf8)))
            }
        }
        text = values
        return values
    }

    /// The contents of the parts of these types: `text`, `text/html`, or empty for all.
    mutating func contents(of types: [Octets], _ budget: inout Budget) throws(RunFailure) -> [Value] {
        let types = types.map { $0.folded.text }
        let parts = message.parts
        try budget.pay(parts.count * (types.count + 1))
        var values: [Value] = []
        for part in parts where types.contains(where: { Self.isOf(part.type, $0) }) {
            values += try content(part, &budget)
        }
        return values
    }

    /// RFC 5173 §5.2: a type that is written wrong matches nothing.
    private static func isOf(_ type: String, _ wanted: String) -> Bool {
        if wanted.isEmpty { return true }
        return wanted.contains("/") ? type == wanted : type.hasPrefix(wanted + "/")
    }

    private mutating func content(_ part: MessagePart, _ budget: inout Budget) throws(RunFailure) -> [Value] {
        if let values = contents[part.index] { return values }
        try budget.pay(part.bodyRange.count / 2 + 1)
        var values: [Value] = []
        for var octets in room > 0 ? decoded(part) : [] {
            if octets.count > room { octets.removeSubrange(room...) }
            room -= octets.count
            values.append(Value(octets))
        }
        contents[part.index] = values
        return values
    }

    /// Of a multipart what stands before and after its parts, of an attached message its header, of text the text in UTF-8. All with
    /// LF at line ends, as the strings of a script have it.
    private func decoded(_ part: MessagePart) -> [Octets] {
        let bytes = message.bytes
        if part.isMultipart {
            guard let first = part.children.first, let last = part.children.last, !first.isImplied else {
                return [Octets(bytes[part.bodyRange]).withPlainLineEnds]
            }
            let (low, high) = (part.bodyRange.lowerBound, part.bodyRange.upperBound)
            let prologue = low..<max(low, min(first.headerRange.lowerBound, high))
            let epilogue = min(max(last.bodyRange.upperBound, low), high)..<high
            return [prologue, epilogue].map { Self.withoutDelimiters(Octets(bytes[$0]).withPlainLineEnds) }
        }
        if part.isAttachedMessage, let inner = part.children.first {
            return [Octets(bytes[inner.headerRange]).withPlainLineEnds + [0x0A]]
        }
        return [part.type.hasPrefix("text/") ? Octets(part.decodedText().text.utf8) : part.decodedBytes()]
    }

    /// Without the delimiter line that ends a prologue or begins an epilogue.
    private static func withoutDelimiters(_ text: Octets) -> Octets {
        var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        func isDelimiter(_ line: ArraySlice<UInt8>?) -> Bool { line?.starts(with: [0x2D, 0x2D]) == true }
        if let last = lines.lastIndex(where: { !$0.isEmpty }), isDelimiter(lines[last]) { lines.removeSubrange(last...) }
        if let first = lines.firstIndex(where: { !$0.isEmpty }), isDelimiter(lines[first]) { lines.removeSubrange(...first) }
        return Octets(lines.joined(separator: [0x0A]))
    }
}
