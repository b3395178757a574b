internal import Synchronization

/// Counts the open connections of one listener, together and by client network, and says who makes room when it is full.
///
/// A full listener that turns newcomers away serves only those who fill it. So the newcomer gets the place of the connection
/// that makes the least of its own: one that never greeted, before one that idles, before one whose message does not come on;
/// among equals the one that did nothing for longest. Nobody who is at work is sent away.
final class ConnectionLimits: Sendable {
    /// How far a connection has come, least first.
    enum Stage: Int, Comparable {
        /// It has not greeted us.
        case silent
        /// It has, and no message is under way.
        case idle
        /// From MAIL to the answer to the message.
        case busy

        static func < (one: Stage, other: Stage) -> Bool { one.rawValue < other.rawValue }

        /// How long it may rest before it must make room.
        fileprivate var patience: Duration {
            switch self {
            case .silent: .zero
            case .idle: .seconds(5)
            case .busy: .seconds(30)
            }
        }
    }

    /// Where a connection stands in the count.
    struct Place: Hashable, Sendable { fileprivate let number: UInt64 }

    private struct Entry {
        let network: String?
        let makeRoom: @Sendable () -> Void
        var stage = Stage.silent
        /// When it last got on.
        var moved: ContinuousClock.Instant
    }

    private struct State {
        var entries: [Place: Entry] = [:]
        var byNetwork: [String: Int] = [:]
        var next: UInt64 = 0
        /// Who was sent away or turned away since it was last told.
        var untold = 0
        var toldAt: ContinuousClock.Instant?
    }

    private let maximum: Int
    private let maximumPerNetwork: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    init(maximum: Int, perNetwork: Int, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.maximum = maximum
        maximumPerNetwork = perNetwork
        self.now = now
    }

    /// Takes a place; nil when there is none. `network` nil (this machine, a unix socket) counts only in the total.
    ///
    /// - Parameter makeRoom: told when the place goes to another; it is no longer counted then
    func enter(_ network: String?, makeRoom: @escaping @Sendable () -> Void) -> Place? {
        let now = now()
        var evicted: Entry?
        let place = state.withLock { state -> Place? in
            if let network, state.byNetwork[network, default: 0] >= maximumPerNetwork { return nil }
            if state.entries.count >= maximum {
                guard let least = Self.leastBusy(state.entries, now) else { return nil }
                evicted = Self.remove(least, &state)
            }
            if let network { state.byNetwork[network, default: 0] += 1 }
            state.next += 1
            let place = Place(number: state.next)
            state.entries[place] = Entry(network: network, makeRoom: makeRoom, moved: now)
            return place
        }
        evicted?.makeRoom()
        return place
    }

    /// The connection got on: a command was answered, or a good piece of a message came.
    func note(_ place: Place, _ stage: Stage) {
        let now = now()
        state.withLock { state in
            state.entries[place]?.stage = stage
            state.entries[place]?.moved = now
        }
    }

    func leave(_ place: Place) {
        state.withLock { state in _ = Self.remove(place, &state) }
    }

    /// Counts one who was sent or turned away. Returns how many are to be told in one log line now, nil when a later line will
    /// do: a flood of clients is no reason for a flood of lines.
    func countForLog() -> Int? {
        let now = now()
        return state.withLock { state in
            state.untold += 1
            if let told = state.toldAt, now - told < .seconds(5) { return nil }
            state.toldAt = now
            defer { state.untold = 0 }
            return state.untold
        }
    }

    private static func leastBusy(_ entries: [Place: Entry], _ now: ContinuousClock.Instant) -> Place? {
        var least: (place: Place, entry: Entry)?
        for (place, entry) in entries where now - entry.moved >= entry.stage.patience {
            if let known = least?.entry, (known.stage, known.moved) <= (entry.stage, entry.moved) { continue }
            least = (place, entry)
        }
        return least?.place
    }

    private static func remove(_ place: Place, _ state: inout State) -> Entry? {
        guard let entry = state.entries.removeValue(forKey: place) else { return nil }
        if let network = entry.network, let count = state.byNetwork[network] {
            state.byNetwork[network] = count > 1 ? count - 1 : nil
        }
        return entry
    }
}
