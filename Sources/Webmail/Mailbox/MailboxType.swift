package import JMAP
internal import MailStore

/// Mailboxes (RFC 8621 §2).
package struct MailboxType: GettableType, ChangingType {
    package typealias Scope = WebmailScope

    package let name = "Mailbox"
    package let capability = Capability.mail

    package init() {}

    package static let countProperties = ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"]
    package static let properties =
        ["id", "name", "parentId", "role", "sortOrder"] + countProperties + ["myRights", "isSubscribed"]

    // MARK: /get

    package func fetch(from arguments: inout Arguments) throws(MethodError) -> [String] {
        guard let names = try arguments.optionalStrings("properties") else { return Self.properties }
        if let unknown = names.first(where: { !Self.properties.contains($0) }) {
            throw .invalid("properties", "Mailbox has no \"\(unknown)\"")
        }
        return names.contains("id") ? names : ["id"] + names
    }

    package func get(
        _ ids: [Id]?, _ properties: [String], limit: Int, from account: WebmailAccount
    ) async throws(MethodError) -> GetResult {
        let (state, mailboxes) = try await account.mail.snapshot { reader in
            (try reader.state(.mailbox).rawValue, try reader.mailboxes())
        }
        guard let ids else {
            guard mailboxes.count <= limit else { throw .requestTooLarge }
            return GetResult(state: state, list: mailboxes.map { Self.json($0, properties) }, notFound: [])
        }
        let byId = Dictionary(mailboxes.map { ($0.id.rawValue, $0) }) { first, _ in first }
        return GetResult(
            state: state, list: ids.compactMap { byId[$0.rawValue].map { Self.json($0, properties) } },
            notFound: ids.filter { byId[$0.rawValue] == nil })
    }

    static func json(_ mailbox: Mailbox, _ properties: [String] = properties) -> JSON {
        .object(object(mailbox, properties))
    }

    static func object(_ mailbox: Mailbox, _ properties: [String] = properties) -> JSONObject {
        var object = JSONObject()
        object.reserveCapacity(properties.count)
        for name in properties { object[name] = value(name, of: mailbox) }
        return object
    }

    private static func value(_ property: String, of mailbox: Mailbox) -> JSON {
        switch property {
        case "id": .string(mailbox.id.rawValue)
        case "name": .string(mailbox.name)
        case "parentId": JSON(mailbox.parentId?.rawValue)
        case "role": JSON(mailbox.role?.rawValue)
        case "sortOrder": .int(mailbox.sortOrder)
        case "totalEmails": .int(mailbox.totalEmails)
        case "unreadEmails": .int(mailbox.unreadEmails)
        case "totalThreads": .int(mailbox.totalThreads)
        case "unreadThreads": .int(mailbox.unreadThreads)
        case "isSubscribed": .bool(mailbox.isSubscribed)
        default: rights(in: mailbox)
        }
    }

    /// The owner may do anything, but the inbox stays where and what it is.
    private static func rights(in mailbox: Mailbox) -> JSON {
        let isFixed = mailbox.role == .inbox
        return [
            "mayReadItems": true, "mayAddItems": true, "mayRemoveItems": true, "maySetSeen": true,
            "maySetKeywords": true, "mayCreateChild": true, "mayRename": .bool(!isFixed), "mayDelete": .bool(!isFixed),
            "maySubmit": true,
        ]
    }

    // MARK: /changes

    package func changes(
        since state: String, limit: Int?, in account: WebmailAccount
    ) async throws(MethodError) -> ChangesResult {
        let page = try await account.mail.changes(.mailbox, since: state, limit: limit)
        let countsOnly = page.onlyCountsChanged && !page.updated.isEmpty
        return ChangesResult(
            page, extra: ["updatedProperties": countsOnly ? JSON(Self.countProperties) : .null])
    }
}
