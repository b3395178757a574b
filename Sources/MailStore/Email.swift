package import Formats

/// Everything the index knows of an email: enough to draw a list without opening a file (RFC 8621 §4.1.1–4.1.3).
package struct Email: Sendable, Hashable {
    package let id: EmailID
    package let threadId: ThreadID
    package let mailboxId: MailboxID
    package let keywords: Set<Keyword>
    package let size: Int
    package let receivedAt: UnixTime
    package let hasAttachment: Bool
    /// At most 256 characters of the text, on one line.
    package let preview: String
    package let headers: EmailHeaders

    package var blobId: BlobID { .email(id) }
}

/// The header fields that the index keeps, decoded; nil where the message has no such field.
package struct EmailHeaders: Sendable, Hashable {
    package var messageId: [String]?
    package var inReplyTo: [String]?
    package var references: [String]?
    package var sender: [EmailAddress]?
    package var from: [EmailAddress]?
    package var to: [EmailAddress]?
    package var cc: [EmailAddress]?
    package var bcc: [EmailAddress]?
    package var replyTo: [EmailAddress]?
    package var subject: String?
    package var sentAt: InternetDate?
}

/// A message's bytes on their way in: `prefix` (trace fields, may be empty) is written before the content.
package struct MessageContent: Sendable {
    package enum Source: Sendable {
        case bytes([UInt8])
        /// A file the caller owns and removes; it is only read.
        case file(path: String)
    }

    package var prefix: [UInt8]
    package var source: Source
    /// Octets at the start of the source that are left out.
    package var skipping: Int

    package init(prefix: [UInt8] = [], _ source: Source, skipping: Int = 0) {
        self.prefix = prefix
        self.source = source
        self.skipping = skipping
    }
}

/// Where a delivery goes.
package enum DeliveryTarget: Hashable, Sendable {
    /// The mailbox with the role; the inbox when there is none.
    case role(MailboxRole)
    case mailbox(MailboxID)
}

/// What to change of an email: its keywords, its mailbox, or both.
package struct EmailPatch: Sendable {
    package enum Keywords: Sendable {
        case unchanged
        case set(Set<Keyword>)
        case patch(add: Set<Keyword>, remove: Set<Keyword>)
    }

    package var keywords: Keywords
    package var mailboxId: MailboxID?

    package init(keywords: Keywords = .unchanged, mailboxId: MailboxID? = nil) {
        self.keywords = keywords
        self.mailboxId = mailboxId
    }
}
