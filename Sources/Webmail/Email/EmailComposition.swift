internal import Formats
internal import JMAP
internal import MailStore

/// A message made of the properties of an Email to create, under the rules of RFC 8621 §4.6.
///
/// Everything is read in `init`; what is wrong is gathered, so that `invalidProperties` names all of it.
struct EmailComposition {
    private var headers = HeaderComposition()
    private var body: BodyComposition
    private var invalid: [String]

    /// - Parameter invalid: what was found wrong before: of `mailboxIds`, `keywords` and `receivedAt`, which are not read here.
    init(_ record: JSONObject, invalid: [String]) {
        self.invalid = invalid
        body = BodyComposition(record)
        for (name, value) in record {
            switch name {
            case "mailboxIds", "keywords", "receivedAt", "bodyStructure", "textBody", "htmlBody", "attachments", "bodyValues":
                continue
            case let name where name.hasPrefix("header:") && HeaderProperty(name)?.field.lowercased().hasPrefix("content-") == true:
                self.invalid.append(name)
            default:
                if !headers.take(name, value) { self.invalid.append(name) }
            }
        }
        var seen = Set(self.invalid)
        for property in body.invalid + headers.doubled where seen.insert(property).inserted {
            self.invalid.append(property)
        }
        for property in body.rootHeaders.conflicts(with: headers) { self.invalid.append("bodyStructure/" + property) }
    }

    /// The blobs that the parts refer to.
    var blobIds: [String] { body.blobIds }

    /// The message, with a Date and a Message-ID when the client gave none.
    mutating func message(blobs: [String: [UInt8]], domain: String) throws(SetError) -> [UInt8] {
        guard invalid.isEmpty else { throw .invalidProperties(invalid) }
        let root = try body.root(blobs: blobs)
        var builder = MessageBuilder(headers: headers.complete(domain: domain), body: root)
        builder.keepsBcc = true
        do {
            let bytes = try builder.build()
            guard bytes.count <= MailLimits.maxSizeMessage else {
                throw SetError.tooLarge("The message is larger than \(MailLimits.maxSizeMessage) octets.")
            }
            return bytes
        } catch let error as SetError { throw error } catch {
            throw .invalidProperties([], "The message cannot be written: \(error).")
        }
    }
}

/// Header fields out of properties: the convenience ones and `header:…`.
struct HeaderComposition {
    private(set) var fields: [MessageBuilder.Header] = []
    /// Lower-case field name → the property that gave it.
    private var properties: [String: String] = [:]
    /// Properties that give a field which another has given.
    private(set) var doubled: [String] = []

    init() {}

    /// Reads one property; false when there is no such property for a header field, or its value is wrong.
    mutating func take(_ name: String, _ value: JSON) -> Bool {
        if let (field, form) = Self.convenience[name] {
            return take(name, field, form, all: false, value)
        }
        guard let header = HeaderProperty(name) else { return false }
        return take(name, header.field, header.form, all: header.all, value)
    }

    private static let convenience: [String: (field: String, form: HeaderForm)] = [
        "messageId": ("Message-ID", .messageIds), "inReplyTo": ("In-Reply-To", .messageIds),
        "references": ("References", .messageIds), "sender": ("Sender", .addresses), "from": ("From", .addresses),
        "to": ("To", .addresses), "cc": ("Cc", .addresses), "bcc": ("Bcc", .addresses),
        "replyTo": ("Reply-To", .addresses), "subject": ("Subject", .text), "sentAt": ("Date", .date),
    ]

    private mutating func take(
        _ property: String, _ field: String, _ form: HeaderForm, all: Bool, _ value: JSON
    ) -> Bool {
        if let earlier = properties.updateValue(property, forKey: field.lowercased()) { doubled += [earlier, property] }
        guard !value.isNull else { return true }
        guard let values = all ? value.array : [value] else { return false }
        for item in values {
            guard let parsed = Self.value(item, form) else { return false }
            if !Self.isEmpty(parsed) { fields.append(MessageBuilder.Header(field, parsed)) }
        }
        return true
    }

    /// The value in its form; nil when it is wrong.
    private static func value(_ json: JSON, _ form: HeaderForm) -> MessageBuilder.Header.Value? {
        switch form {
        case .raw: json.string.map { .raw($0) }
        case .text: json.string.map { .text($0) }
        case .addresses: addresses(json).map { .addresses($0) }
        case .groupedAddresses: groups(json).map { .groupedAddresses($0) }
        case .messageIds: json.strings.map { .messageIds($0) }
        case .date: json.string.flatMap { InternetDate(jmap: $0) }.map { .date($0) }
        case .urls: json.strings.map { .urls($0) }
        }
    }

    /// A list of nothing makes no field.
    private static func isEmpty(_ value: MessageBuilder.Header.Value) -> Bool {
        switch value {
        case .addresses(let list): list.isEmpty
        case .groupedAddresses(let list): list.isEmpty
        case .messageIds(let list), .urls(let list): list.isEmpty
        case .raw, .text, .date: false
        }
    }

    static func addresses(_ json: JSON) -> [EmailAddress]? {
        guard let items = json.array else { return nil }
        var addresses: [EmailAddress] = []
        for item in items {
            guard let object = item.object, let email = object["email"]?.string,
                object.names.allSatisfy({ $0 == "name" || $0 == "email" })
            else { return nil }
            guard let name = object["name"], !name.isNull else {
                addresses.append(EmailAddress(email: email))
                continue
            }
            guard let name = name.string else { return nil }
            addresses.append(EmailAddress(name: name.isEmpty ? nil : name, email: email))
        }
        return addresses
    }

    private static func groups(_ json: JSON) -> [EmailAddressGroup]? {
        guard let items = json.array else { return nil }
        var groups: [EmailAddressGroup] = []
        for item in items {
            guard let object = item.object, let addresses = object["addresses"].flatMap(addresses),
                object.names.allSatisfy({ $0 == "name" || $0 == "addresses" })
            else { return nil }
            groups.append(EmailAddressGroup(name: object["name"]?.string, addresses: addresses))
        }
        return groups
    }

    /// The properties here that give a field which `other` has given.
    func conflicts(with other: HeaderComposition) -> [String] {
        properties.filter { other.properties[$0.key] != nil }.map(\.value).sorted()
    }

    func gives(_ field: String) -> Bool { properties[field.lowercased()] != nil }

    /// The fields in the usual order, with Date and Message-ID.
    func complete(domain: String) -> [MessageBuilder.Header] {
        var all = fields
        if !all.contains(where: { $0.name.lowercased() == "date" }) {
            all.append(.init("Date", .date(InternetDate(seconds: UnixTime.now.seconds))))
        }
        if !all.contains(where: { $0.name.lowercased() == "message-id" }) {
            let unique = (0..<2).map { _ in String(UInt64.random(in: 1 << 60 ... .max), radix: 36) }.joined()
            all.append(.init("Message-ID", .messageIds(["\(unique)@\(domain)"])))
        }
        return Self.usualOrder.flatMap { name in all.filter { $0.name.lowercased() == name } }
            + all.filter { !Self.usualOrder.contains($0.name.lowercased()) }
    }

    private static let usualOrder = [
        "from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references",
    ]
}

extension InternetDate {
    /// A JMAP Date, strictly.
    init?(jmap text: String) {
        guard let date = ZonedDate(text) else { return nil }
        self.init(seconds: Int64(date.date.seconds), offsetMinutes: date.offsetMinutes)
    }
}
