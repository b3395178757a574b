internal import Dispatch
internal import Synchronization

/// Threads for password hashing, which takes some 20 ms and 8 MiB each: apart from the cooperative pool, and few.
final class PasswordWorkers: Sendable {
    private struct State {
        var nextQueue = 0
        var waiting = 0
    }

    private let queues: [DispatchQueue]
    private let state = Mutex(State())
    private let maximumWaiting: Int

    /// - Parameters:
    ///   - threads: how many hash at the same time
    ///   - maximumWaiting: how many may be under way, waiting included; who comes on top is refused
    init(threads: Int, maximumWaiting: Int) {
        queues = (0..<threads).map { DispatchQueue(label: "password.\($0)") }
        self.maximumWaiting = maximumWaiting
    }

    /// Runs `work` on one of the threads; nil when too many wait already.
    func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result? {
        let queue = state.withLock { state -> DispatchQueue? in
            guard state.waiting < maximumWaiting else { return nil }
            state.waiting += 1
            state.nextQueue = (state.nextQueue + 1) % queues.count
            return queues[state.nextQueue]
        }
        guard let queue else { return nil }
        return await withCheckedContinuation { continuation in
            queue.async {
                let result = work()
                self.state.withLock { $0.waiting -= 1 }
                continuation.resume(returning: result)
            }
        }
    }
}
