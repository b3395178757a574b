internal import Synchronization

/// Counts what runs at once for each account, and says when it is too much (RFC 8620 §2: `maxConcurrentRequests`,
/// `maxConcurrentUpload`).
package final class RequestGate: Sendable {
    private let limit: Int
    private let running = Mutex<[String: Int]>([:])

    package init(limit: Int) { self.limit = limit }

    /// Runs `body` unless `limit` others of `key` are running; nil when they are.
    package func run<Value>(_ key: String, _ body: () async throws -> Value) async rethrows -> Value? {
        guard enter(key) else { return nil }
        defer { leave(key) }
        return try await body()
    }

    /// Counts one more, unless there are `limit` already. Whoever entered leaves.
    package func enter(_ key: String) -> Bool {
        running.withLock { running in
            guard running[key, default: 0] < limit else { return false }
            running[key, default: 0] += 1
            return true
        }
    }

    package func leave(_ key: String) {
        running.withLock { running in
            let left = running[key, default: 1] - 1
            running[key] = left > 0 ? left : nil
        }
    }
}
