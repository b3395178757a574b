package import Disk

/// What a mailbox is for; the IANA "IMAP Mailbox Name Attributes", lower case.
package struct MailboxRole: RawRepresentable, Hashable, Sendable, Codable {
    package let rawValue: String

    /// Nil for what is not a registered attribute that JMAP shows as a role.
    package init?(rawValue: String) {
        guard MailboxRole.registered.contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    private init(known: String) { rawValue = known }

    package static let inbox = MailboxRole(known: "inbox")
    package static let drafts = MailboxRole(known: "drafts")
    package static let sent = MailboxRole(known: "sent")
    package static let junk = MailboxRole(known: "junk")
    package static let trash = MailboxRole(known: "trash")
    package static let archive = MailboxRole(known: "archive")

    static let registered: Set<String> = [
        "inbox", "drafts", "sent", "junk", "trash", "archive", "all", "flagged", "important", "subscribed", "memos",
        "scheduled", "snoozed",
    ]
}

/// A folder as a reader sees it (RFC 8621 §2), with its counts.
package struct Mailbox: Sendable, Hashable {
    package let id: MailboxID
    package let name: String
    package let parentId: MailboxID?
    package let role: MailboxRole?
    package let sortOrder: Int
    package let isSubscribed: Bool
    package let totalEmails: Int
    package let unreadEmails: Int
    package let totalThreads: Int
    /// Threads of this mailbox with an unread email; the trash is counted apart (RFC 8621 §2).
    package let unreadThreads: Int
}

/// A mailbox to create.
package struct MailboxDraft: Sendable {
    package var name: String
    package var parentId: MailboxID?
    package var role: MailboxRole?
    package var sortOrder: Int
    package var isSubscribed: Bool

    package init(
        name: String, parentId: MailboxID? = nil, role: MailboxRole? = nil, sortOrder: Int = 0, isSubscribed: Bool = true
    ) {
        self.name = name
        self.parentId = parentId
        self.role = role
        self.sortOrder = sortOrder
        self.isSubscribed = isSubscribed
    }
}

/// What to change of a mailbox; nil leaves a property as it is (for `parentId` and `role` the inner nil removes it).
package struct MailboxPatch: Sendable {
    package var name: String?
    package var parentId: MailboxID??
    package var role: MailboxRole??
    package var sortOrder: Int?
    package var isSubscribed: Bool?

    package init(
        name: String? = nil, parentId: MailboxID?? = nil, role: MailboxRole?? = nil, sortOrder: Int? = nil,
        isSubscribed: Bool? = nil
    ) {
        self.name = name
        self.parentId = parentId
        self.role = role
        self.sortOrder = sortOrder
        self.isSubscribed = isSubscribed
    }
}

/// Why a mailbox was not created, changed or destroyed; JMAP names each.
package enum MailboxError: Error, Hashable, Sendable {
    case notFound
    /// The property's value is refused (`name`, `parentId`, `role`, …); `reason` is for a developer.
    case invalidProperty(String, reason: String)
    /// A sibling of that name exists: its id.
    case alreadyExists(MailboxID)
    /// It has children, and may not be destroyed (RFC 8621 §2.5).
    case hasChild
    /// It holds emails, and their removal was not asked for (RFC 8621 §2.5).
    case hasEmail
    /// The inbox may not be renamed, moved or destroyed.
    case forbidden
    case store(StoreError)
}
