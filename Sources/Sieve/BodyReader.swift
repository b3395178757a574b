import Formats

/// The message's body as the test `body` sees it: RFC 5173. What has been decoded is kept for the next test.
struct BodyReader {
    private let message: Message
    private let limit: Int
    private var raw: Value?
    private var text: [Value]?
    /// Decoded contents of parts, by their index.
    private var contents: [Int: Value] = [:]
    /// Octets that may still be decoded.
    private var room: Int

    /// - Parameter limit: octets that are looked at; what lies beyond is not seen.
    init(_ message: Message, limit: Int) {
        self.message = message
        self.limit = limit
        room = limit
    }

    /// The body as it was received.
    mutating func rawBody() -> Value {
        if let raw { return raw }
        let start = message.root.bodyRange.lowerBound
        let value = Value(Octets(message.bytes[start...].prefix(limit)))
        raw = value
        return value
    }

    /// The words of every text part, HTML without its tags.
    mutating func texts(_ budget: inout Budget) throws(RunFailure) -> [Value] {
        if let text { return text }
        var values: [Value] = []
        for part in message.parts where part.type.hasPrefix("text/") {
            var value = try content(part, &budget)
            if part.type == "text/html" {
                try budget.pay(value.octets.count)
                value = Value(Octets(HTMLText.plainText(of: value.octets.text).utf8))
            }
            values.append(value)
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
            values.append(try content(part, &budget))
        }
        return values
    }

    /// RFC 5173 §5.2: a type that is written wrong matches nothing.
    private static func isOf(_ type: String, _ wanted: String) -> Bool {
        if wanted.isEmpty { return true }
        return wanted.contains("/") ? type == wanted : type.hasPrefix(wanted + "/")
    }

    private mutating func content(_ part: MessagePart, _ budget: inout Budget) throws(RunFailure) -> Value {
        if let value = contents[part.index] { return value }
        guard room > 0 else { return Value([]) }
        try budget.pay(part.bodyRange.count / 2)
        var octets = decoded(part)
        if octets.count > room { octets.removeSubrange(room...) }
        room -= octets.count
        let value = Value(octets)
        contents[part.index] = value
        return value
    }

    /// Of a multipart what stands around its parts, of an attached message its header, of text the text in UTF-8.
    private func decoded(_ part: MessagePart) -> Octets {
        let bytes = message.bytes
        if part.isMultipart {
            guard let first = part.children.first, let last = part.children.last else { return Octets(bytes[part.bodyRange]) }
            let low = part.bodyRange.lowerBound
            let prologue = bytes[low..<max(low, min(first.headerRange.lowerBound, part.bodyRange.upperBound))]
            let end = part.bodyRange.upperBound
            let epilogue = bytes[min(max(last.bodyRange.upperBound, low), end)..<end]
            return Octets(prologue + epilogue)
        }
        if part.isAttachedMessage, let inner = part.children.first { return Octets(bytes[inner.headerRange]) }
        return part.type.hasPrefix("text/") ? Octets(part.decodedText().text.utf8) : part.decodedBytes()
    }
}
