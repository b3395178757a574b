import Disk
import GRDB

extension MailReader {
    /// How the result of `query` (its window is ignored) moved on since `state` (RFC 8620 §5.6).
    ///
    /// `removed` may name ids that were not in the old result; spliced out and in as the RFC says, the lists agree.
    /// - Throws: `EmailQueryError`, `StoreError`.
    package func queryChanges(
        _ query: EmailQuery, since state: StateToken, maxChanges: Int?, upTo: EmailID?
    ) throws -> EmailQueryChanges {
        if !mayLackText, query.filter?.needsText == true {
            // The same words must be there as for the query itself.
            _ = try self.query(EmailQuery(filter: query.filter, limit: 0))
        }
        let touched: TouchedEmails
        do {
            touched = try TouchedEmails(self, since: state)
        } catch StoreError.stateUnknown {
            throw EmailQueryError.cannotCalculateChanges
        }
        let isMutable = query.filter?.isMutable == true || query.sort.contains(where: \.isMutable)
        let dependsOnThread =
            query.collapseThreads || query.filter?.dependsOnThread == true || query.sort.contains(where: \.dependsOnThread)
        var candidates = touched.created.union(isMutable || dependsOnThread ? touched.updated : [])
        if dependsOnThread { candidates.formUnion(try emails(inThreads: touched.threads)) }
        let places = try places(of: candidates, in: query)
        var removed = candidates.union(touched.destroyed).subtracting(touched.created)
        var added = places.found.map { EmailQueryChanges.Added(id: $0.key, index: $0.value) }.sorted { $0.index < $1.index }
        if let upTo, !isMutable, !dependsOnThread, let last = try places.index(of: upTo) {
            added.removeAll { $0.index > last }
        }
        // What is immutable and was not touched has neither left nor come.
        if !isMutable, !dependsOnThread { removed = touched.destroyed }
        if let maxChanges, removed.count + added.count > maxChanges { throw EmailQueryError.tooManyChanges }
        return EmailQueryChanges(
            oldQueryState: state, newQueryState: try self.state(.email),
            removed: removed.sorted { $0.rawValue < $1.rawValue }, added: added,
            total: query.calculateTotal ? try places.total() : nil)
    }

    private func emails(inThreads threads: Set<Int64>) throws -> Set<EmailID> {
        let statement = try db.cachedStatement(sql: "SELECT id FROM emails WHERE thread = ?")
        var ids: Set<EmailID> = []
        for thread in threads {
            for key in try Int64.fetchAll(statement, arguments: [thread]) { ids.insert(EmailID(key: key)) }
        }
        return ids
    }

    private struct Places {
        let found: [EmailID: Int]
        let index: (EmailID) throws -> Int?
        let total: () throws -> Int

        func index(of id: EmailID) throws -> Int? { try index(id) }
    }

    /// Where the candidates stand in the present result: by counting in a mailbox's list, else by going through it all.
    private func places(of candidates: Set<EmailID>, in query: EmailQuery) throws -> Places {
        let plan = try QueryPlan(query, db)
        if let list = plan.list, candidates.count <= 200 {
            var found: [EmailID: Int] = [:]
            for id in candidates { found[id] = try list.position(of: id, db) }
            return Places(found: found, index: { try list.position(of: $0, db) }, total: { try list.total(db) })
        }
        if !query.collapseThreads, !query.calculateTotal {
            // Often none of what changed is in the result: then there is nothing to count.
            let isAny = try candidates.contains { try plan.matches($0, db) }
            if !isAny {
                return Places(found: [:], index: { try plan.ids(upTo: nil, db).firstIndex(of: $0) }, total: { 0 })
            }
        }
        let ids = try plan.ids(upTo: nil, db)
        var found: [EmailID: Int] = [:]
        for (index, id) in ids.enumerated() where candidates.contains(id) { found[id] = index }
        return Places(found: found, index: { ids.firstIndex(of: $0) }, total: { ids.count })
    }
}

/// What happened to emails since a state.
struct TouchedEmails {
    private(set) var created: Set<EmailID> = []
    private(set) var updated: Set<EmailID> = []
    private(set) var destroyed: Set<EmailID> = []
    /// The conversations of all of them.
    private(set) var threads: Set<Int64> = []

    init(_ reader: MailReader, since state: StateToken) throws {
        let log = try reader.log(.email)
        try reader.check(state, log)
        var fold = ChangeFold()
        let statement = try reader.db.cachedStatement(
            sql: "SELECT operation, object, thread FROM changes WHERE kind = ? AND sequence > ? ORDER BY sequence")
        let cursor = try Row.fetchCursor(statement, arguments: [log.number, state.sequence])
        while let row = try cursor.next() {
            fold.add(ChangeOperation(rawValue: row[0])!, MailReader.name(row[1], .email))
            if let thread: Int64 = row[2] { threads.insert(thread) }
        }
        let lists = fold.lists()
        created = Set(lists.created.map(EmailID.init(rawValue:)))
        updated = Set(lists.updated.map(EmailID.init(rawValue:)))
        destroyed = Set(lists.destroyed.map(EmailID.init(rawValue:)))
    }
}
