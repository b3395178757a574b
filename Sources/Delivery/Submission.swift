package import Directory
package import Formats
package import MailStore
internal import SMTP

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
    package var notifications = SubmissionNotifications()

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

/// What a submitter wants to hear of a message: the parameters of RFC 3461, as a JMAP envelope carries them.
package struct SubmissionNotifications: Hashable, Sendable {
    var returns: ReturnedContent?
    var envelopeID: String?
    /// By `MailAddress.key` of the recipient.
    var requests: [String: NotificationRequest] = [:]

    package init() {}

    /// Reads RET and ENVID among the sender's parameters; false when one is malformed.
    package mutating func take(sender parameters: [String: String?]) -> Bool {
        if let value = parameters["RET"] {
            returns = value.flatMap { ReturnedContent(rawValue: $0.uppercased()) }
            if returns == nil { return false }
        }
        if let value = parameters["ENVID"] {
            envelopeID = value.flatMap { $0.utf8.count <= 100 ? XText.decode($0) : nil }
            if envelopeID == nil { return false }
        }
        return true
    }

    /// Reads NOTIFY and ORCPT among a recipient's parameters; false when one is malformed.
    package mutating func take(recipient email: String, _ parameters: [String: String?]) -> Bool {
        var request = NotificationRequest()
        if let value = parameters["NOTIFY"] {
            guard let events = value.flatMap({ NotificationRequest.events(parsing: $0) }) else { return false }
            request.events = events
        }
        if let value = parameters["ORCPT"] {
            guard let original = value.flatMap({ NotificationRequest.original(parsing: $0) }) else { return false }
            request.original = original
        }
        if let address = try? MailAddress(parsing: email), request != NotificationRequest() { requests[address.key] = request }
        return true
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
