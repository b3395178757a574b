package import Directory
package import Formats
package import SMTP

/// The envelope of one queued message and the fate of each recipient: what the envelope file holds.
///
/// Invariant: a recipient whose state is final never changes again.
package struct OutboxEntry: Codable, Hashable, Sendable {
    package enum State: String, Codable, Sendable {
        case pending
        /// The next server took it, or it lies in the mailbox.
        case delivered
        case failed
        /// Tried for too long.
        case expired
        case canceled

        package var isFinal: Bool { self != .pending }
    }

    package struct Recipient: Codable, Hashable, Sendable {
        package let address: String
        package var state: State = .pending
        package var attempts = 0
        /// Seconds since 1970.
        package var nextAttempt: Int64
        /// What the last attempt heard: `450 4.2.0 Try later`.
        package var reply: String?
        /// Who said so; nil for ourselves.
        package var host: String?
        /// When the sender wants to hear of it; nil as usual.
        package var request: NotificationRequest?
        /// The sender was told that it takes long.
        package var isWarned: Bool?
    }

    package let id: QueueID
    /// The envelope sender; empty for a notification.
    package let sender: String
    package var recipients: [Recipient]
    /// Seconds since 1970.
    package let created: Int64
    /// When trying ends.
    package let expires: Int64
    /// Nothing goes out before; nil for at once.
    package let holdUntil: Int64?
    /// An admin stopped it.
    package var isHeld = false
    /// Its recipients are mailboxes that aliases have led to already: nothing is followed again. Nil for no.
    var isForMailboxes: Bool?
    package let isEightBit: Bool
    package let needsSMTPUTF8: Bool
    /// Whose submission it is, when somebody watches its status.
    package let account: String?
    /// Notifications made so far.
    package var notifications = 0
    /// Octets of the message file.
    package var size = 0
    /// RET= and ENVID= of the sender. RFC 3461.
    package var returns: ReturnedContent?
    package var envelopeID: String?

    package init(
        id: QueueID, sender: String, recipients: [MailAddress], created: Int64, holdUntil: Int64? = nil,
        isEightBit: Bool = false, needsSMTPUTF8: Bool = false, account: AccountID? = nil
    ) {
        self.id = id
        self.sender = sender
        let start = max(created, holdUntil ?? created)
        self.recipients = recipients.map { Recipient(address: $0.description, nextAttempt: start) }
        self.created = created
        self.holdUntil = holdUntil
        expires = start + RetrySchedule.lifetime
        self.isEightBit = isEightBit
        self.needsSMTPUTF8 = needsSMTPUTF8
        self.account = account?.rawValue
    }

    /// When the sender of what still waits is told so.
    var warnsAt: Int64 { expires - RetrySchedule.lifetime + RetrySchedule.warning }

    /// Hands on what the sender wants to hear.
    /// - Parameter requests: by `MailAddress.key` of the recipients
    mutating func take(_ returns: ReturnedContent?, _ envelopeID: String?, _ requests: [String: NotificationRequest]) {
        self.returns = returns
        self.envelopeID = envelopeID
        for index in recipients.indices {
            let key = (try? MailAddress(parsing: recipients[index].address))?.key ?? ""
            if let request = requests[key], request != NotificationRequest() { recipients[index].request = request }
        }
    }

    package var isFinished: Bool { recipients.allSatisfy(\.state.isFinal) }

    /// When the next recipient is due; nil when none is left or the entry is held.
    var nextAttempt: Int64? {
        isHeld ? nil : recipients.filter { !$0.state.isFinal }.map(\.nextAttempt).min()
    }

    /// Nothing of it has gone out yet.
    var isUntouched: Bool { recipients.allSatisfy { $0.state == .pending && $0.attempts == 0 } }

    /// - Parameter isRunning: an attempt is under way
    func status(isRunning: Bool) -> SubmissionStatus {
        let isCanceled = !recipients.isEmpty && recipients.allSatisfy { $0.state == .canceled }
        let undo: SubmissionStatus.Undo = isCanceled ? .canceled : isUntouched && !isRunning ? .pending : .final
        return SubmissionStatus(undo: undo, recipients: recipients.compactMap(Self.status))
    }

    private static func status(_ recipient: Recipient) -> SubmissionStatus.Recipient? {
        guard let address = try? MailAddress(parsing: recipient.address) else { return nil }
        let delivered: SubmissionStatus.Delivered =
            switch recipient.state {
            case .pending, .canceled: .queued
            // What another server makes of it, we do not learn. A mailbox of ours has it.
            case .delivered: recipient.host == nil ? .yes : .unknown
            case .failed, .expired: .no
            }
        return .init(address: address, smtpReply: recipient.reply ?? "250 2.0.0 Queued", delivered: delivered)
    }
}

/// When a message that could not be delivered is tried again. Mission §6: back-off over five days.
package enum RetrySchedule {
    /// Seconds until a message is given up. RFC 5321 §4.5.4.1: four to five days.
    package static let lifetime: Int64 = 5 * 86_400
    /// Seconds after which the sender hears that it takes long.
    static let warning: Int64 = 4 * 3600
    private static let steps: [Int64] = [60, 300, 900, 1800, 3600, 7200, 14_400]

    /// Seconds to wait after so many failed attempts; spread by up to a tenth, so that what failed together comes apart.
    package static func delay(afterAttempts attempts: Int, spread: UInt64) -> Int64 {
        let step = steps[min(max(attempts, 1), steps.count) - 1]
        return step + Int64(spread % UInt64(step / 10 + 1))
    }
}
