internal import Formats
internal import JMAP
internal import MailStore

/// Makes the body properties of one Email (RFC 8621 §4.1.4).
struct BodyRenderer {
    let fetch: EmailFetch
    /// Nil when no property needs it.
    let message: Message?
    /// The blob of the part with that part id.
    let blobId: (String) -> BlobID?

    func value(_ name: EmailPropertyName) -> JSON {
        guard let message else { return name == .bodyValues ? [:] : .null }
        return switch name {
        case .headers: JSON(headers: message.headers)
        case .bodyStructure: part(message.root, withSubParts: true)
        case .bodyValues: bodyValues(of: message)
        case .textBody: .array(message.bodyParts.textBody.map { part($0) })
        case .htmlBody: .array(message.bodyParts.htmlBody.map { part($0) })
        case .attachments: .array(message.bodyParts.attachments.map { part($0) })
        default: .null
        }
    }

    /// An EmailBodyPart. Only `bodyStructure` has sub-parts, and of a multipart it always has them.
    private func part(_ part: MessagePart, withSubParts: Bool = false) -> JSON {
        var object = JSONObject()
        var subParts: JSON = .null
        if withSubParts, part.isMultipart {
            subParts = .array(part.children.map { self.part($0, withSubParts: true) })
        }
        for property in fetch.bodyProperties {
            switch property {
            case .named(.subParts): object.append("subParts", subParts)
            case .named(let name): object.append(name.rawValue, value(name, of: part))
            case .header(let header): object.append(header.property, header.value(among: part.headers))
            }
        }
        if !subParts.isNull, !object.has("subParts") { object.append("subParts", subParts) }
        return .object(object)
    }

    private func value(_ name: BodyProperty.Name, of part: MessagePart) -> JSON {
        switch name {
        case .partId: JSON(part.partId)
        case .blobId: JSON(part.partId.flatMap(blobId)?.rawValue)
        case .size: .int(part.size)
        case .headers: JSON(headers: part.headers)
        case .name: JSON(part.name)
        case .type: .string(part.type)
        case .charset: JSON(part.charset)
        case .disposition: JSON(part.disposition)
        case .cid: JSON(part.cid)
        case .language: JSON(part.language)
        case .location: JSON(part.location)
        case .subParts: .null
        }
    }

    // MARK: Values

    private func bodyValues(of message: Message) -> JSON {
        var values = JSONObject()
        for part in wantedParts(of: message) where part.type.hasPrefix("text/") {
            guard let partId = part.partId, !values.has(partId) else { continue }
            values.append(partId, bodyValue(of: part))
        }
        return .object(values)
    }

    private func wantedParts(of message: Message) -> [MessagePart] {
        var parts: [MessagePart] = []
        if fetch.textBodyValues { parts += message.bodyParts.textBody }
        if fetch.htmlBodyValues { parts += message.bodyParts.htmlBody }
        if fetch.allBodyValues { parts += Self.leaves(below: message.root) }
        return parts
    }

    /// All leaves but those of attached messages; depth is bounded by the parser.
    static func leaves(below part: MessagePart) -> [MessagePart] {
        part.isMultipart ? part.children.flatMap { leaves(below: $0) } : [part]
    }

    private func bodyValue(of part: MessagePart) -> JSON {
        let decoded = part.decodedText()
        let limit = fetch.maxBodyValueBytes
        let isTruncated = limit > 0 && decoded.text.utf8.count > limit
        let text = isTruncated ? Self.truncate(decoded.text, to: limit, isHTML: part.type == "text/html") : decoded.text
        return [
            "value": .string(text),
            "isEncodingProblem": .bool(decoded.isEncodingProblem),
            "isTruncated": .bool(isTruncated),
        ]
    }

    /// At most `limit` octets: never within a character, and in HTML not within a tag (RFC 8621 §4.2).
    static func truncate(_ text: String, to limit: Int, isHTML: Bool) -> String {
        let bytes = Array(text.utf8.prefix(limit + 1))
        guard bytes.count > limit else { return text }
        var end = limit
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        if isHTML, let open = bytes[..<end].lastIndex(of: UInt8(ascii: "<")) {
            let close = bytes[..<end].lastIndex(of: UInt8(ascii: ">"))
            if close ?? -1 < open { end = open }
        }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
