import Disk
import GRDB

extension MailReader {
    /// The ids that match, in order, of the window asked for; ids, total and state are of this snapshot (RFC 8621 §4.4).
    ///
    /// One mailbox by date, the question of every screen, costs the page alone; anything else costs what it must look through.
    /// - Throws: `EmailQueryError`, `StoreError`.
    package func query(_ query: EmailQuery) throws -> EmailQueryPage {
        try requireText(query.filter)
        let plan = try QueryPlan(query, db)
        let state = try state(.email)
        func page(_ ids: [EmailID], _ position: Int, _ total: Int?) -> EmailQueryPage {
            EmailQueryPage(
                ids: ids, position: position, total: query.calculateTotal ? total : nil, queryState: state,
                canCalculateChanges: true)
        }
        let limit = query.limit.map { max(0, $0) }
        if let list = plan.list {
            let total = try list.total(db)
            let position = try start(query.window, total: total) { try list.position(of: $0, db) }
            return page(try list.ids(from: position, limit: limit ?? total, total: total, db), min(position, total), total)
        }
        if case .position(let position) = query.window, position >= 0, !query.calculateTotal {
            let ids = try plan.ids(upTo: limit.map { position + $0 }, db)
            return page(Array(ids.dropFirst(position)), min(position, ids.count), nil)
        }
        let ids = try plan.ids(upTo: nil, db)
        let position = try start(query.window, total: ids.count) { ids.firstIndex(of: $0) }
        let window = ids.dropFirst(position)
        return page(Array(limit.map { window.prefix($0) } ?? window), min(position, ids.count), ids.count)
    }

    private func start(_ window: EmailQuery.Window, total: Int, position: (EmailID) throws -> Int?) throws -> Int {
        switch window {
        case .position(let position):
            return position >= 0 ? position : max(0, total + position)
        case .anchor(let id, let offset):
            guard let found = try position(id) else { throw EmailQueryError.anchorNotFound }
            return max(0, found + offset)
        }
    }

    /// Lets a search wait for the words of emails that came a moment ago.
    private func requireText(_ filter: EmailFilter?) throws {
        guard !mayLackText, let filter, filter.needsText else { return }
        let isComplete = try String.fetchOne(db.cachedStatement(sql: "SELECT value FROM facts WHERE name = 'isComplete'"))
        guard isComplete == "yes" else { return }
        let lacks = try Int.fetchOne(db.cachedStatement(sql: "SELECT 1 FROM emails WHERE texted = 0 LIMIT 1")) != nil
        if lacks { throw TextPending() }
    }
}

/// How a query is answered: as the list of a mailbox, for which the index has an order, or by looking at every candidate.
struct QueryPlan {
    let list: MailboxList?
    private let texts: TextList?
    private let condition: EmailCondition
    private let order: EmailCondition
    private let collapses: Bool

    init(_ query: EmailQuery, _ db: Database) throws {
        let filter = query.filter?.simplified
        collapses = query.collapseThreads
        condition = try filter?.condition(db) ?? .always
        let sort = query.sort.isEmpty ? [EmailComparator(.receivedAt, isAscending: false)] : query.sort
        var order = sort.map(\.order)
        // The last word, so that the order is the same each time; in the first comparator's direction, so that an index serves.
        order.append(EmailCondition(sql: sort[0].isAscending ? "e.number ASC" : "e.number DESC"))
        self.order = EmailCondition(
            sql: order.map(\.sql).joined(separator: ", "), arguments: order.flatMap(\.arguments))
        list = try MailboxList(filter, sort, collapses: collapses, db)
        texts = try TextList(filter, sort, collapses: collapses, db)
    }

    /// The first ids of the answer, collapsed if asked; all of them when `count` is nil.
    func ids(upTo count: Int?, _ db: Database) throws -> [EmailID] {
        if count == 0 { return [] }
        if let texts { return try texts.ids(upTo: count, db) }
        var ids: [EmailID] = []
        var seen: Set<Int64> = []
        let limit = collapses || count == nil ? "" : " LIMIT \(count!)"
        // Not cached: the text is the client's, each one another, and a cache keeps them all.
        let statement = try db.makeStatement(
            sql: "SELECT e.id, e.thread FROM emails e WHERE \(condition.sql) ORDER BY \(order.sql)\(limit)")
        let arguments = StatementArguments(condition.arguments + order.arguments)
        let cursor = try Row.fetchCursor(statement, arguments: arguments)
        while let row = try cursor.next() {
            if collapses, !seen.insert(row[1]).inserted { continue }
            ids.append(EmailID(key: row[0]))
            if ids.count == count { break }
        }
        return ids
    }

    /// Whether the email is in the answer; not for collapsed ones.
    func matches(_ id: EmailID, _ db: Database) throws -> Bool {
        guard let key = id.key else { return false }
        let statement = try db.makeStatement(sql: "SELECT 1 FROM emails e WHERE e.id = ? AND (\(condition.sql))")
        return try Int.fetchOne(statement, arguments: StatementArguments([key] + condition.arguments)) != nil
    }
}

/// One mailbox by date of receipt: emails in either direction, or conversations, newest first, by their newest email there.
struct MailboxList {
    private let mailbox: Int64
    private let isAscending: Bool
    private let collapses: Bool

    /// Nil for any other question.
    init?(_ filter: EmailFilter?, _ sort: [EmailComparator], collapses: Bool, _ db: Database) throws {
        guard case .inMailbox(let id) = filter, let number = try EmailFilter.number(id, db), sort.count == 1,
            case .receivedAt = sort[0].property, !(collapses && sort[0].isAscending)
        else { return nil }
        mailbox = number
        isAscending = sort[0].isAscending
        self.collapses = collapses
    }

    func total(_ db: Database) throws -> Int {
        let column = collapses ? "total_threads" : "total"
        let statement = try db.cachedStatement(sql: "SELECT \(column) FROM mailboxes WHERE number = ?")
        return try Int.fetchOne(statement, arguments: [mailbox]) ?? 0
    }

    /// A page, stepped to from the nearer end.
    func ids(from position: Int, limit: Int, total: Int, _ db: Database) throws -> [EmailID] {
        let count = min(limit, total - position)
        guard count > 0 else { return [] }
        let fromEnd = total - position - count
        let isReversed = fromEnd < position
        let direction = isAscending != isReversed ? "ASC" : "DESC"
        let statement = try db.cachedStatement(
            sql: collapses
                ? """
                    SELECT e.id FROM (SELECT newest, received FROM mailbox_threads WHERE mailbox = ?
                        ORDER BY received \(direction), newest \(direction) LIMIT ? OFFSET ?) t
                    CROSS JOIN emails e ON e.number = t.newest ORDER BY t.received \(direction), t.newest \(direction)
                    """
                : """
                    SELECT id FROM emails WHERE mailbox = ?
                    ORDER BY received \(direction), number \(direction) LIMIT ? OFFSET ?
                    """)
        let keys = try Int64.fetchAll(statement, arguments: [mailbox, count, isReversed ? fromEnd : position])
        let ids = keys.map(EmailID.init(key:))
        return isReversed ? ids.reversed() : ids
    }

    /// The email's place; nil when it is not in the list.
    func position(of id: EmailID, _ db: Database) throws -> Int? {
        guard let key = id.key,
            let row = try Row.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT e.received, e.number, t.newest FROM emails e
                        JOIN mailbox_threads t ON t.thread = e.thread AND t.mailbox = e.mailbox
                        WHERE e.id = ? AND e.mailbox = ?
                        """), arguments: [key, mailbox])
        else { return nil }
        let received: Int64 = row[0]
        let number: Int64 = row[1]
        if collapses, number != row[2] { return nil }
        let (table, column) = collapses ? ("mailbox_threads", "newest") : ("emails", "number")
        let statement = try db.cachedStatement(
            sql: """
                SELECT count(*) FROM \(table) WHERE mailbox = ? AND (received, \(column)) \(isAscending ? "<" : ">") (?, ?)
                """)
        return try Int.fetchOne(statement, arguments: [mailbox, received, number])
    }
}
