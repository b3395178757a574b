package import Delivery
internal import Formats
internal import JMAP
internal import MailStore

/// Submissions of emails (RFC 8621 §7). They are records of the account; how far they have come, the outbox knows.
package struct EmailSubmissionType: Sendable {
    package let name = "EmailSubmission"
    let submitter: Submitter
    let pruner = SubmissionPruner()

    package init(submitter: Submitter) { self.submitter = submitter }

    static let properties = [
        "id", "identityId", "emailId", "threadId", "envelope", "sendAt", "undoStatus", "deliveryStatus", "dsnBlobIds",
        "mdnBlobIds",
    ]
    /// Kept in the record for ourselves.
    static let queueIdProperty = "queueId"

    /// The `undoStatus` and `deliveryStatus` of what the outbox says.
    static func statusProperties(_ status: SubmissionStatus) -> JSONObject {
        var delivery = JSONObject()
        for recipient in status.recipients {
            delivery[recipient.address.description] = [
                "smtpReply": .string(recipient.smtpReply.isEmpty ? "250 2.0.0 Queued" : recipient.smtpReply),
                "delivered": .string(recipient.delivered.rawValue),
                "displayed": "unknown",
            ]
        }
        return ["undoStatus": .string(status.undo.rawValue), "deliveryStatus": .object(delivery)]
    }

    /// The record with what the outbox says now, as far as it still knows.
    func current(_ record: JSONObject) async -> JSONObject {
        guard record["undoStatus"] != "canceled",
            let queueId = record[Self.queueIdProperty]?.string.flatMap(QueueID.init(rawValue:)),
            let status = await submitter.status(of: queueId)
        else { return record }
        var current = record
        for (name, value) in Self.statusProperties(status) { current[name] = value }
        return current
    }
}
