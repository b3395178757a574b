internal import Formats
internal import JMAP

/// The body of an Email to create: of `bodyStructure`, or of `textBody`, `htmlBody` and `attachments` (RFC 8621 §4.6).
struct BodyComposition {
    private(set) var invalid: [String] = []
    /// Every blob that a part refers to, in order.
    private(set) var blobIds: [String] = []
    /// Header fields that `bodyStructure` itself gives, which must not be the Email's as well.
    private(set) var rootHeaders = HeaderComposition()
    private var values: [String: String] = [:]
    private var structure: PartComposition?
    private var text: PartComposition?
    private var html: PartComposition?
    private var attachments: [PartComposition] = []

    init(_ record: JSONObject) {
        takeValues(record["bodyValues"])
        if let structure = record["bodyStructure"], !structure.isNull {
            self.structure = part(structure, at: "bodyStructure")
            rootHeaders = self.structure?.headers ?? HeaderComposition()
            for name in ["textBody", "htmlBody", "attachments"] where record.has(name) { invalid.append(name) }
            return
        }
        text = onlyPart(record["textBody"], "textBody", type: "text/plain")
        html = onlyPart(record["htmlBody"], "htmlBody", type: "text/html")
        guard let list = record["attachments"], !list.isNull else { return }
        guard let items = list.array else {
            invalid.append("attachments")
            return
        }
        for (index, item) in items.enumerated() {
            if let part = part(item, at: "attachments/\(index)") { attachments.append(part) }
        }
    }

    private mutating func takeValues(_ json: JSON?) {
        guard let json, !json.isNull else { return }
        guard let object = json.object else {
            invalid.append("bodyValues")
            return
        }
        for (partId, value) in object {
            guard let fields = value.object, let text = fields["value"]?.string,
                fields.members.allSatisfy({ Self.isAllowed($0.name, $0.value) })
            else {
                invalid.append("bodyValues/" + partId)
                continue
            }
            values[partId] = text
        }
    }

    /// `isEncodingProblem` and `isTruncated` must be false or omitted.
    private static func isAllowed(_ name: String, _ value: JSON) -> Bool {
        switch name {
        case "value": true
        case "isEncodingProblem", "isTruncated": value == false
        default: false
        }
    }

    private mutating func onlyPart(_ json: JSON?, _ name: String, type: String) -> PartComposition? {
        guard let json, !json.isNull else { return nil }
        guard let items = json.array, items.count == 1, var object = items[0].object else {
            invalid.append(name)
            return nil
        }
        if !object.has("type") { object.append("type", .string(type)) }
        guard let part = part(.object(object), at: name + "/0") else { return nil }
        if part.type != type { invalid.append(name) }
        return part
    }

    private mutating func part(_ json: JSON, at path: String) -> PartComposition? {
        var reader = PartReader(values: values)
        let part = reader.read(json, at: path, depth: 0)
        invalid += reader.invalid
        blobIds += reader.blobIds
        return part
    }

    // MARK: Building

    /// The tree of parts to write.
    func root(blobs: [String: [UInt8]]) throws(SetError) -> MessageBuilder.Part {
        if let structure { return try structure.built(values, blobs) }
        var embedded: [MessageBuilder.Part] = []
        var attached: [MessageBuilder.Part] = []
        for attachment in attachments {
            let part = try attachment.built(values, blobs)
            if html != nil, attachment.isEmbedded { embedded.append(part) } else { attached.append(part) }
        }
        let text = try self.text?.built(values, blobs)
        var html = try self.html?.built(values, blobs)
        if let page = html, !embedded.isEmpty { html = .multipart("related", [page] + embedded) }
        let body: MessageBuilder.Part =
            switch (text, html) {
            case (let text?, let html?): .multipart("alternative", [text, html])
            case (let text?, nil): text
            case (nil, let html?): html
            case (nil, nil): .text("")
            }
        return attached.isEmpty ? body : .multipart("mixed", [body] + attached)
    }
}

/// An EmailBodyPart to create.
struct PartComposition {
    enum Content {
        case value(partId: String)
        case blob(String)
        case parts([PartComposition])
    }
    var type: String
    var charset: String?
    var disposition: String?
    var name: String?
    var cid: String?
    var language: [String] = []
    var location: String?
    var headers = HeaderComposition()
    var content: Content

    /// Whether it is for showing within the page, not for offering beside it.
    var isEmbedded: Bool { cid != nil && disposition != "attachment" }

    func built(_ values: [String: String], _ blobs: [String: [UInt8]]) throws(SetError) -> MessageBuilder.Part {
        var part: MessageBuilder.Part
        switch content {
        case .value(let partId):
            let text = values[partId] ?? ""
            part = .init(type: type, content: type.hasPrefix("text/") ? .text(text) : .bytes(Array(text.utf8)))
        case .blob(let id): part = .init(type: type, content: .bytes(blobs[id] ?? []))
        case .parts(let children):
            var built: [MessageBuilder.Part] = []
            for child in children { built.append(try child.built(values, blobs)) }
            part = .init(type: type, content: .parts(built))
        }
        if let charset { part.parameters.append(("charset", charset)) }
        part.disposition = disposition
        part.name = name
        part.cid = cid
        part.language = language
        part.location = location
        part.headers = headers.fields
        return part
    }
}

/// Reads EmailBodyParts and gathers what is wrong in them, by path.
private struct PartReader {
    let values: [String: String]
    var invalid: [String] = []
    var blobIds: [String] = []

    /// Properties that give a header field of their own (RFC 8621 §4.1.4).
    private static let fields: [String: String] = [
        "type": "Content-Type", "charset": "Content-Type", "disposition": "Content-Disposition", "cid": "Content-ID",
        "language": "Content-Language", "location": "Content-Location", "name": "Content-Disposition",
    ]

    mutating func read(_ json: JSON, at path: String, depth: Int) -> PartComposition? {
        guard let object = json.object, depth < 32 else {
            invalid.append(path)
            return nil
        }
        let type = object["type"]?.string?.lowercased() ?? (object.has("subParts") ? "multipart/mixed" : "text/plain")
        var part = PartComposition(type: type, content: .parts([]))
        for (name, value) in object where !take(name, value, into: &part) { invalid.append(path + "/" + name) }
        for (property, field) in Self.fields where object.has(property) && part.headers.gives(field) {
            invalid.append(path + "/" + property)
        }
        if part.headers.gives("Content-Transfer-Encoding") { invalid.append(path + "/header:Content-Transfer-Encoding") }
        for property in part.headers.doubled { invalid.append(path + "/" + property) }
        guard let content = content(of: object, type, at: path, depth: depth) else { return nil }
        part.content = content
        return part
    }

    private func take(_ name: String, _ value: JSON, into part: inout PartComposition) -> Bool {
        switch name {
        case "partId", "blobId", "subParts", "size": return true
        case "type": return value.string.map(Self.isType) ?? false
        case "charset": return Self.optional(value, &part.charset)
        case "disposition": return Self.optional(value, &part.disposition)
        case "name": return Self.optional(value, &part.name)
        case "cid": return Self.optional(value, &part.cid)
        case "location": return Self.optional(value, &part.location)
        case "language":
            guard let tags = value.isNull ? [] : value.strings else { return false }
            part.language = tags
            return true
        default: return name.hasPrefix("header:") && part.headers.take(name, value)
        }
    }

    private static func optional(_ value: JSON, _ target: inout String?) -> Bool {
        target = value.string
        return target != nil || value.isNull
    }

    private static func isType(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { 0x21...0x7E ~= $0 && !"()<>@,;:\\\"/[]?=".utf8.contains($0) }
        }
    }

    /// A value, a blob or sub-parts: exactly one of them.
    private mutating func content(
        of object: JSONObject, _ type: String, at path: String, depth: Int
    ) -> PartComposition.Content? {
        let partId = object["partId"].flatMap { $0.isNull ? nil : $0 }
        let blobId = object["blobId"].flatMap { $0.isNull ? nil : $0 }
        let subParts = object["subParts"].flatMap { $0.isNull ? nil : $0 }
        if type.hasPrefix("multipart/") {
            if partId != nil { invalid.append(path + "/partId") }
            if blobId != nil { invalid.append(path + "/blobId") }
            guard let items = subParts?.array, !items.isEmpty else {
                invalid.append(path + "/subParts")
                return nil
            }
            var children: [PartComposition] = []
            for (index, item) in items.enumerated() {
                if let child = read(item, at: "\(path)/subParts/\(index)", depth: depth + 1) { children.append(child) }
            }
            return .parts(children)
        }
        if subParts != nil { invalid.append(path + "/subParts") }
        switch (partId, blobId) {
        case (let partId?, nil):
            for name in ["charset", "size"] where object[name].map({ !$0.isNull }) ?? false {
                invalid.append(path + "/" + name)
            }
            guard let id = partId.string, values[id] != nil else {
                invalid.append(path + "/partId")
                return nil
            }
            return .value(partId: id)
        case (nil, let blobId?):
            guard let id = blobId.id?.rawValue else {
                invalid.append(path + "/blobId")
                return nil
            }
            blobIds.append(id)
            return .blob(id)
        case (_?, _?):
            invalid += [path + "/partId", path + "/blobId"]
            return nil
        case (nil, nil):
            invalid.append(path + "/partId")
            return nil
        }
    }
}
