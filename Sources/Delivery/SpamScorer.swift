internal import Directory
internal import SMTP

/// A message that is to be scored, with what is known of its way.
struct ScanRequest: Sendable {
    let content: StagedContent
    /// Nil when the client is not known by address.
    let client: ClientAddress?
    /// The client's name by the DNS, confirmed; nil when it has none.
    let clientName: String?
    let greeting: String
    let sender: ReversePath
    let recipients: [String]
    let id: QueueID
    let hostname: String
    let isTLS: Bool
}

/// What the scanner found: the sum, and what it is made of.
package struct SpamScore: Hashable, Sendable {
    package struct Symbol: Hashable, Sendable {
        package let name: String
        package let score: Double

        package init(name: String, score: Double) {
            self.name = name
            self.score = score
        }
    }

    /// Finite.
    package let value: Double
    package let symbols: [Symbol]

    package init(value: Double, symbols: [Symbol] = []) {
        self.value = value
        self.symbols = symbols
    }
}

/// How asking for a score ended.
enum ScanOutcome: Hashable, Sendable {
    case scored(SpamScore)
    /// Nobody answered in time, or not sensibly. In words, for the log.
    case unavailable(String)
}

/// Scores messages. Two live behind it: rspamd, and in tests a table.
protocol SpamScorer: Sendable {
    /// Answers within a bounded time, whatever the scanner does.
    func score(_ request: ScanRequest) async -> ScanOutcome
}
