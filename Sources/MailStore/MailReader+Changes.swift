import Disk
import GRDB

extension MailReader {
    /// One page of a kind's changes, folded: an id stands in one list at most (RFC 8620 §5.2).
    ///
    /// The page ends with the last change *delivered*; its state continues there. With `limit`, at most so many ids.
    /// - Throws: `StoreError.stateUnknown` when `state` is of another epoch, or older than the log reaches.
    package func changes(_ kind: ChangeKind, since state: StateToken, limit: Int?) throws -> ChangesPage {
        let log = try log(kind)
        try check(state, log)
        var fold = ChangeFold()
        var last = state.sequence
        var hasMore = false
        let statement = try db.cachedStatement(
            sql: "SELECT sequence, operation, object FROM changes WHERE kind = ? AND sequence > ? ORDER BY sequence")
        let cursor = try Row.fetchCursor(statement, arguments: [log.number, state.sequence])
        while let row = try cursor.next() {
            let object = MailReader.name(row[2], kind)
            if let limit, fold.count >= limit, !fold.contains(object) {
                hasMore = true
                break
            }
            fold.add(ChangeOperation(rawValue: row[1])!, object)
            last = row[0]
        }
        let lists = fold.lists()
        return ChangesPage(
            oldState: state, newState: StateToken(epoch: state.epoch, sequence: hasMore ? last : log.sequence),
            hasMoreChanges: hasMore, created: lists.created, updated: lists.updated, destroyed: lists.destroyed,
            onlyCountsChanged: lists.onlyCounted)
    }

    struct Log {
        let number: Int
        let sequence: Int64
        let pruned: Int64
    }

    func log(_ kind: ChangeKind) throws -> Log {
        let statement = try db.cachedStatement(sql: "SELECT kind, sequence, pruned FROM states WHERE name = ?")
        guard let row = try Row.fetchOne(statement, arguments: [kind.rawValue]) else {
            // Nothing of the kind was ever changed.
            return Log(number: -1, sequence: 0, pruned: 0)
        }
        return Log(number: row[0], sequence: row[1], pruned: row[2])
    }

    /// A client may hold the state of any kind; one that lies ahead of this kind's is fine if the account got so far.
    func check(_ state: StateToken, _ log: Log) throws {
        guard try state.epoch == MailIndex.epoch(db), state.sequence >= log.pruned else { throw StoreError.stateUnknown }
        guard state.sequence > log.sequence else { return }
        let latest = try Int64.fetchOne(db.cachedStatement(sql: "SELECT value FROM facts WHERE name = 'sequence'")) ?? 0
        guard state.sequence <= latest else { throw StoreError.stateUnknown }
    }

    /// The id of what a row of `changes` is about.
    static func name(_ object: DatabaseValue, _ kind: ChangeKind) -> String {
        switch kind {
        case .email: EmailID(key: Int64.fromDatabaseValue(object) ?? 0).rawValue
        case .thread: ThreadID(key: Int64.fromDatabaseValue(object) ?? 0).rawValue
        default: String.fromDatabaseValue(object) ?? ""
        }
    }
}

/// Folds a sequence of changes into what is different between its two ends.
struct ChangeFold {
    private enum Outcome {
        case created, updated, counted, destroyed
        /// Came and went in between: nobody needs to hear of it.
        case nothing
    }

    private var outcomes: [String: Outcome] = [:]
    private var order: [String] = []
    private(set) var count = 0

    func contains(_ object: String) -> Bool {
        switch outcomes[object] {
        case nil, .nothing: false
        default: true
        }
    }

    mutating func add(_ operation: ChangeOperation, _ object: String) {
        let before = outcomes[object]
        let after: Outcome
        switch (before, operation) {
        case (nil, .created): after = .created
        case (.nothing, .created): after = .created
        // Gone and back under the same id: for who knew it, it changed.
        case (.destroyed, .created): after = .updated
        case (let known?, .created): after = known
        case (nil, .updated), (.counted, .updated): after = .updated
        case (nil, .counted): after = .counted
        case (.created, .destroyed), (.nothing, .destroyed): after = .nothing
        case (_, .destroyed): after = .destroyed
        case (let known?, .updated), (let known?, .counted): after = known
        }
        outcomes[object] = after
        if before == nil { order.append(object) }
        count += (after == .nothing ? 0 : 1) - (before == nil || before == .nothing ? 0 : 1)
    }

    func lists() -> (created: [String], updated: [String], destroyed: [String], onlyCounted: Bool) {
        var created: [String] = []
        var updated: [String] = []
        var destroyed: [String] = []
        var onlyCounted = true
        for object in order {
            switch outcomes[object]! {
            case .created: created.append(object)
            case .counted: updated.append(object)
            case .updated:
                updated.append(object)
                onlyCounted = false
            case .destroyed: destroyed.append(object)
            case .nothing: break
            }
        }
        return (created, updated, destroyed, onlyCounted && !updated.isEmpty)
    }
}
