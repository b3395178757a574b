internal import Delivery
internal import JMAP
internal import MailStore
internal import Synchronization

/// Forgets submissions that are over: RFC 8621 §7 lets a server destroy them once they are of no use.
final class SubmissionPruner: Sendable {
    /// Seconds that a finished submission is kept.
    static let keptSeconds = 30 * 86_400
    /// Submissions that are kept of an account; those that are not finished are kept in any case.
    static let keptCount = 1000
    /// Removed at once: each is a write.
    private static let mostAtOnce = 200
    private static let interval: Int64 = 3600

    private let lastRuns = Mutex<[String: Int64]>([:])

    /// Looks at most once an hour for an account, after it made a new one. A failure is left to the next time.
    func prune(_ account: WebmailAccount, now: Int64) async {
        let isDue = lastRuns.withLock { runs in
            if let last = runs[account.id.rawValue], last > now - Self.interval { return false }
            if runs.count > 10_000 { runs.removeAll() }
            runs[account.id.rawValue] = now
            return true
        }
        guard isDue, let records = try? await account.mail.jsonRecords(.emailSubmission).records else { return }
        for id in Self.superfluous(records, now: Int(now)).prefix(Self.mostAtOnce) {
            try? await account.mail.removeRecord(.emailSubmission, id: id)
        }
    }

    /// The ids of those to forget, the oldest first.
    static func superfluous(_ records: [(id: String, json: JSONObject)], now: Int) -> [String] {
        let finished = records.filter { isFinished($0.json) }.map { (id: $0.id, sendAt: sendAt($0.json)) }
        let oldestFirst = finished.sorted { ($0.sendAt, $0.id) < ($1.sendAt, $1.id) }
        let excess = max(0, records.count - keptCount)
        return oldestFirst.enumerated().filter { index, item in
            index < excess || item.sendAt < now - keptSeconds
        }.map(\.element.id)
    }

    private static func sendAt(_ json: JSONObject) -> Int { json["sendAt"]?.string.flatMap(UTCDate.init)?.seconds ?? 0 }

    /// Taken back, or gone out with nobody left to wait for.
    private static func isFinished(_ json: JSONObject) -> Bool {
        guard json["undoStatus"] != "canceled" else { return true }
        guard json["undoStatus"] == "final" else { return false }
        return json["deliveryStatus"]?.object?.allSatisfy { $0.value["delivered"] != "queued" } ?? true
    }
}
