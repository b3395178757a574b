package import Directory
package import Formats
package import MailStore
package import SMTP

/// Names one entry of the outbox, and one transaction in the log: `[a-z0-9]`, sorted by time of making.
package struct QueueID: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible, Comparable {
    package let rawValue: String

    /// Nil for what could not be a file name of the outbox.
    package init?(rawValue: String) {
        guard 1...64 ~= rawValue.utf8.count,
            rawValue.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x7A ~= $0 })
        else { return nil }
        self.rawValue = rawValue
    }

    private init(unchecked text: String) { rawValue = text }

    /// A new one: seconds since 1970 and 40 random bits, in base 36.
    package static func make(now: Int64) -> QueueID {
        let time = String(max(0, now), radix: 36)
        let chance = String(UInt64.random(in: 0..<(1 << 40)) | (1 << 40), radix: 36)
        return QueueID(unchecked: "\(time)\(chance)")
    }

    /// The id of what follows from this entry in exactly one way: the same each time it is asked for.
    func derived(_ suffix: String) -> QueueID { QueueID(unchecked: rawValue + suffix) }

    package var description: String { rawValue }
    package static func < (left: QueueID, right: QueueID) -> Bool { left.rawValue < right.rawValue }
}

/// What one of our users wants sent. RFC 8621 §7, RFC 6409.
package struct SubmissionRequest: Sendable {
    package var account: Account
    package var mailFrom: MailAddress
    /// Each gets one copy and has one status; duplicates are allowed and merged.
    package var recipients: [MailAddress]
    package var content: BlobContent
    /// Seconds since 1970 before which nothing is sent; nil for now.
    package var holdUntil: Int64?
    /// RET= and ENVID=. RFC 3461.
    package var returns: ReturnedContent?
    package var envelopeID: String?
    /// NOTIFY= and ORCPT= by `MailAddress.key` of the recipient.
    package var requests: [String: NotificationRequest] = [:]

    package init(
        account: Account, mailFrom: MailAddress, recipients: [MailAddress], content: BlobContent,
        holdUntil: Int64? = nil
    ) {
        self.account = account
        self.mailFrom = mailFrom
        self.recipients = recipients
        self.content = content
        self.holdUntil = holdUntil
    }
}

/// Why a submission was refused. Nothing was queued.
package enum SubmissionError: Error, Hashable, Sendable {
    /// The account may not use the envelope sender.
    case forbiddenMailFrom
    /// The account may not use an address of the From field, or there is none.
    case forbiddenFrom
    case noRecipients
    /// These are ours, and do not exist or do not receive.
    case invalidRecipients([MailAddress])
    case tooManyRecipients(maximum: Int)
    case tooLarge(maximum: Int)
    /// The queue could not be written.
    case unavailable
}

/// How far a submission has come, for each recipient.
package struct SubmissionStatus: Hashable, Sendable {
    package enum Undo: String, Hashable, Sendable { case pending, final, canceled }
    /// RFC 8621 §7: `delivered` of a DeliveryStatus.
    package enum Delivered: String, Hashable, Sendable { case queued, yes, no, unknown }

    package struct Recipient: Hashable, Sendable {
        package let address: MailAddress
        /// The last reply of the next server, or ours: `250 2.0.0 OK`.
        package let smtpReply: String
        package let delivered: Delivered
    }

    package let undo: Undo
    package let recipients: [Recipient]
}

/// A submission's status changed.
package struct SubmissionUpdate: Sendable {
    package let id: QueueID
    package let account: AccountID
    package let status: SubmissionStatus
}

package enum CancelOutcome: Hashable, Sendable {
    case canceled
    /// It has begun to go out, or has gone.
    case tooLate
    case unknown
}
