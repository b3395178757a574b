internal import Synchronization

/// Counts the open connections of one listener, together and by client network, and says who makes room when it is full.
///
/// A full listener that turns newcomers away serves only those who fill it. So the newcomer gets the place of the connection
/// that makes the least of its own: one that never greeted, before one that idles, before one whose message does not come on;
/// among equals the one that did nothing for longest. Nobody who is at work is sent away.
final class ConnectionLimits: Sendable {
    /// How far a connection has come, least first.
    enum Stage: Int, CaseIterable {
        /// It has not greeted us.
        case silent
        /// It has, and no message is under way.
        case idle
        /// From MAIL to the answer to the message.
        case busy

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
        /// The turn in which it did: its line in a queue that says another is outdated.
        var turn: UInt64
    }

    /// Those of one stage, in the order in which they last got on. Who has moved since stands here still, and is passed over.
    private struct Queue {
        private var lines: [(place: Place, turn: UInt64)] = []
        private var head = 0

        mutating func append(_ place: Place, _ turn: UInt64, among entries: [Place: Entry]) {
            lines.append((place, turn))
            guard lines.count > 2 * entries.count + 64 else { return }
            lines = lines[head...].filter { entries[$0.place]?.turn == $0.turn }
            head = 0
        }

        /// Who got on least lately.
        mutating func first(among entries: [Place: Entry]) -> (place: Place, entry: Entry)? {
            while head < lines.count {
                let line = lines[head]
                if let entry = entries[line.place], entry.turn == line.turn { return (line.place, entry) }
                head += 1
            }
            lines.removeAll(keepingCapacity: true)
            head = 0
            return nil
        }
    }

    private struct State {
        var entries: [Place: Entry] = [:]
        var queues = [Queue](repeating: Queue(), count: Stage.allCases.count)
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
                guard let least = Self.leastBusy(&state, now) else { return nil }
                evicted = Self.remove(least, &state)
            }
            if let network { state.byNetwork[network, default: 0] += 1 }
            state.next += 1
            let place = Place(number: state.next)
            state.entries[place] = Entry(network: network, makeRoom: makeRoom, moved: now, turn: state.next)
            state.queues[Stage.silent.rawValue].append(place, state.next, among: state.entries)
            return place
        }
        evicted?.makeRoom()
        return place
    }

    /// The connection got on: a command was answered, or a good piece of a message came.
    func note(_ place: Place, _ stage: Stage) {
        let now = now()
        state.withLock { state in
            guard var entry = state.entries[place] else { return }
            state.next += 1
            (entry.stage, entry.moved, entry.turn) = (stage, now, state.next)
            state.entries[place] = entry
            state.queues[stage.rawValue].append(place, state.next, among: state.entries)
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

    private static func leastBusy(_ state: inout State, _ now: ContinuousClock.Instant) -> Place? {
        for stage in Stage.allCases {
            guard let (place, entry) = state.queues[stage.rawValue].first(among: state.entries) else { continue }
            if now - entry.moved >= stage.patience { return place }
        }
        return nil
    }

    private static func remove(_ place: Place, _ state: inout State) -> Entry? {
        guard let entry = state.entries.removeValue(forKey: place) else { return nil }
        if let network = entry.network, let count = state.byNetwork[network] {
            state.byNetwork[network] = count > 1 ? count - 1 : nil
        }
        return entry
    }
}
