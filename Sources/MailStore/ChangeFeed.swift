import GRDB
import Synchronization

/// Hands the states after each change to everybody who listens.
final class ChangeFeed: Sendable {
    private struct State {
        var readers: [Int: AsyncStream<StateChange>.Continuation] = [:]
        var nextReader = 0
        var last: StateChange?
    }

    private let state = Mutex(State())

    var hasReaders: Bool { state.withLock { !$0.readers.isEmpty } }

    /// A stream that holds no more than the newest states, and the number under which it can be `greeted`.
    func subscribe() -> (stream: AsyncStream<StateChange>, reader: Int) {
        let (stream, continuation) = AsyncStream.makeStream(of: StateChange.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.nextReader += 1
            state.readers[state.nextReader] = continuation
            return state.nextReader
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.readers.removeValue(forKey: number) }
        }
        return (stream, number)
    }

    /// Tells one reader the present states; the others know them.
    func greet(_ reader: Int, _ change: StateChange) {
        state.withLock { state in
            state.last = change
            _ = state.readers[reader]?.yield(change)
        }
    }

    func publish(_ change: StateChange) {
        state.withLock { state in
            guard state.last != change else { return }
            state.last = change
            for reader in state.readers.values { reader.yield(change) }
        }
    }

    func finish() {
        let readers = state.withLock { state in
            defer { state.readers = [:] }
            return Array(state.readers.values)
        }
        for reader in readers { reader.finish() }
    }
}

extension MailIndex {
    /// The present state of every kind.
    func states() throws -> StateChange {
        try pool.read { db in try MailIndex.states(db) }
    }

    static func states(_ db: Database) throws -> StateChange {
        let epoch = try epoch(db)
        var states: [ChangeKind: StateToken] = [:]
        for row in try Row.fetchAll(db.cachedStatement(sql: "SELECT name, sequence FROM states")) {
            states[ChangeKind(rawValue: row[0])] = StateToken(epoch: epoch, sequence: row[1])
        }
        return StateChange(states: states)
    }

    static func epoch(_ db: Database) throws -> String {
        try String.fetchOne(db.cachedStatement(sql: "SELECT value FROM facts WHERE name = 'epoch'")) ?? "?"
    }
}
