internal import SMTP

/// What the outbox knows of its destinations: how many attempts each bears, who waits for one, and which are not answering.
///
/// A destination begins with few attempts at a time, and is given more while it takes what it gets: so a tarpit holds two. One
/// that no host answers for is left in peace for a while that grows; then one attempt goes ahead of the others.
struct DestinationBook {
    private struct State {
        var running = 0
        var window = DestinationBook.firstWindow
        /// Entries that were due and found no room, in the order they came.
        var waiting: [QueueID] = []
        var failures = 0
        var quietUntil: Int64 = 0
        var lastFailure: Reply?

        var isForgettable: Bool { running == 0 && waiting.isEmpty && failures == 0 }
    }

    private static let firstWindow = 2
    private static let pauses: [Int64] = [15, 30, 60, 120, 300, 600, 900]

    private let maximum: Int
    private var states: [Destination: State] = [:]

    /// - Parameter maximum: attempts at the same time that any destination gets
    init(maximum: Int) { self.maximum = maximum }

    func hasRoom(_ destination: Destination) -> Bool {
        // Our own mailboxes need no getting to know.
        guard destination != .local else { return (states[.local]?.running ?? 0) < maximum }
        let state = states[destination] ?? State()
        return state.running < min(state.window, maximum)
    }

    /// Until when nothing should go there, and what the last attempt heard; nil when it may.
    func quiet(_ destination: Destination, now: Int64) -> (until: Int64, reply: Reply)? {
        guard let state = states[destination], state.quietUntil > now, let reply = state.lastFailure else { return nil }
        return (state.quietUntil, reply)
    }

    mutating func enter(_ destination: Destination) { states[destination, default: State()].running += 1 }

    mutating func wait(_ id: QueueID, for destination: Destination) {
        states[destination, default: State()].waiting.append(id)
    }

    /// An attempt is over. `failure` is what it heard, when no host would even begin; nil when one did.
    mutating func leave(_ destination: Destination, failure: Reply?, isInterrupted: Bool, now: Int64) {
        var state = states[destination, default: State()]
        state.running -= 1
        if let failure {
            state.window = 1
            state.lastFailure = failure
            // Attempts that ran side by side fail together: that is one failure.
            if state.quietUntil <= now {
                state.quietUntil = now + Self.pauses[min(state.failures, Self.pauses.count - 1)]
                state.failures += 1
            }
        } else if !isInterrupted {
            state.window = min(state.window + 1, maximum)
            state.failures = 0
            state.quietUntil = 0
            state.lastFailure = nil
        }
        states[destination] = state.isForgettable ? nil : state
    }

    /// Takes as many waiting entries as their destinations have room for.
    mutating func call() -> [QueueID] {
        var called: [QueueID] = []
        for (destination, state) in states where !state.waiting.isEmpty {
            let bound = destination == .local ? maximum : min(state.window, maximum)
            let room = min(bound - state.running, state.waiting.count)
            guard room > 0 else { continue }
            called += state.waiting.prefix(room)
            states[destination]?.waiting.removeFirst(room)
        }
        return called
    }
}
