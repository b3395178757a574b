internal import Formats
internal import JMAP

/// The properties of an Email that have a name of their own (RFC 8621 §4.1).
enum EmailPropertyName: String, CaseIterable, Sendable {
    case id, blobId, threadId, mailboxIds, keywords, size, receivedAt
    case messageId, inReplyTo, references, sender, from, to, cc, bcc, replyTo, subject, sentAt
    case hasAttachment, preview
    case headers, bodyStructure, bodyValues, textBody, htmlBody, attachments

    /// What `Email/get` gives when it is not told (RFC 8621 §4.2).
    static let defaults = allCases.filter { $0 != .headers && $0 != .bodyStructure }

    /// What `Email/parse` gives when it is not told (RFC 8621 §4.9).
    static let parseDefaults = defaults.filter { !isMetadata($0) }

    private static func isMetadata(_ name: Self) -> Bool {
        switch name {
        case .id, .blobId, .threadId, .mailboxIds, .keywords, .size, .receivedAt: true
        default: false
        }
    }
}

/// A property of an Email to give: a named one, or a header field in some form.
enum EmailProperty: Hashable, Sendable {
    case named(EmailPropertyName)
    case header(HeaderProperty)
}

/// A property of an EmailBodyPart (RFC 8621 §4.1.4).
enum BodyProperty: Hashable, Sendable {
    enum Name: String, Sendable {
        case partId, blobId, size, headers, name, type, charset, disposition, cid, language, location, subParts
    }
    case named(Name)
    case header(HeaderProperty)

    static let defaults: [BodyProperty] = [
        .named(.partId), .named(.blobId), .named(.size), .named(.name), .named(.type), .named(.charset),
        .named(.disposition), .named(.cid), .named(.language), .named(.location),
    ]
}

/// What `Email/get` and `Email/parse` are to give of each email (RFC 8621 §4.2).
package struct EmailFetch: Sendable {
    /// How much of the message's file must be read for it.
    enum Depth: Comparable { case none, header, whole }

    let properties: [EmailProperty]
    let bodyProperties: [BodyProperty]
    let textBodyValues: Bool
    let htmlBodyValues: Bool
    let allBodyValues: Bool
    /// 0: no limit.
    let maxBodyValueBytes: Int

    /// Reads the arguments that both methods have.
    init(
        from arguments: inout Arguments, defaults: [EmailPropertyName]
    ) throws(MethodError) {
        properties = try Self.properties(try arguments.optionalStrings("properties"), defaults)
        bodyProperties = try Self.bodyProperties(try arguments.optionalStrings("bodyProperties"))
        textBodyValues = try arguments.bool("fetchTextBodyValues", default: false)
        htmlBodyValues = try arguments.bool("fetchHTMLBodyValues", default: false)
        allBodyValues = try arguments.bool("fetchAllBodyValues", default: false)
        maxBodyValueBytes = try arguments.unsigned("maxBodyValueBytes", default: 0)
    }

    /// For comparing what an update holds with what is there.
    init(properties: [EmailProperty]) {
        self.properties = properties
        bodyProperties = BodyProperty.defaults
        textBodyValues = false
        htmlBodyValues = false
        allBodyValues = false
        maxBodyValueBytes = 0
    }

    /// Names in one list.
    static let maxProperties = 1000

    private static func properties(
        _ names: [String]?, _ defaults: [EmailPropertyName]
    ) throws(MethodError) -> [EmailProperty] {
        guard let names else { return defaults.map(EmailProperty.named) }
        guard names.count <= maxProperties else { throw .requestTooLarge }
        var properties: [EmailProperty] = []
        var seen: Set<EmailProperty> = []
        for name in names {
            guard let property = property(name) else { throw .invalid("properties", "Email has no \"\(name)\"") }
            if seen.insert(property).inserted { properties.append(property) }
        }
        return properties
    }

    static func property(_ name: String) -> EmailProperty? {
        EmailPropertyName(rawValue: name).map(EmailProperty.named) ?? HeaderProperty(name).map(EmailProperty.header)
    }

    private static func bodyProperties(_ names: [String]?) throws(MethodError) -> [BodyProperty] {
        guard let names else { return BodyProperty.defaults }
        guard names.count <= maxProperties else { throw .requestTooLarge }
        var properties: [BodyProperty] = []
        var seen: Set<BodyProperty> = []
        for name in names {
            let known = BodyProperty.Name(rawValue: name).map(BodyProperty.named)
            guard let property = known ?? HeaderProperty(name).map(BodyProperty.header) else {
                throw .invalid("bodyProperties", "EmailBodyPart has no \"\(name)\"")
            }
            if seen.insert(property).inserted { properties.append(property) }
        }
        return properties
    }

    var wantsBodyValues: Bool { textBodyValues || htmlBodyValues || allBodyValues }

    /// What of the file the properties need, when the index knows the rest.
    var depth: Depth { properties.map(depth).max() ?? .none }

    private func depth(of property: EmailProperty) -> Depth {
        switch property {
        case .named(.bodyStructure), .named(.textBody), .named(.htmlBody), .named(.attachments): .whole
        case .named(.bodyValues): wantsBodyValues ? .whole : .none
        case .named(.headers), .header: .header
        case .named: .none
        }
    }
}
