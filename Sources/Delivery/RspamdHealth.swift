internal import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Whether rspamd answers, as the last attempt saw it. Says so once when that changes.
final class RspamdHealth: Sendable {
    private let reason = Mutex<String?>(nil)
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// In words; nil while it answers.
    var problem: String? { reason.withLock { $0 } }

    func succeeded() {
        let wasDown = reason.withLock { reason in
            defer { reason = nil }
            return reason != nil
        }
        if wasDown { logger.notice("rspamd answers again") }
    }

    func failed(_ why: String) {
        let wasUp = reason.withLock { reason in
            defer { reason = why }
            return reason == nil
        }
        if wasUp { logger.warning("rspamd does not answer", metadata: ["reason": "\(why)"]) }
    }
}

/// Asks rspamd from time to time whether it is there, so that its absence shows before a message comes.
struct RspamdWatch: Service, CustomStringConvertible {
    let client: RspamdClient
    let endpoint: RspamdClient.Endpoint
    let health: RspamdHealth
    var interval = Duration.seconds(10)

    var description: String { "rspamd watch" }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await look()
                do { try await Task.sleep(for: interval) } catch { return }
            }
        }
    }

    private func look() async {
        do throws(RspamdClient.Failure) {
            try await client.ping(endpoint, within: .seconds(5))
            health.succeeded()
        } catch {
            if !Task.isCancelled { health.failed("\(error)") }
        }
    }
}
