import Formats
import FoundationEssentials
import GRDB

/// A row of `emails` as writers handle it.
struct EmailRow {
    var number: Int64
    var key: Int64
    var mailbox: Int64
    var thread: Int64
    var received: Int64
    var size: Int
    var flags: EmailFlags
    var file: String

    static let columns = "number, id, mailbox, thread, received, size, flags, keywords, file"

    init(number: Int64, key: Int64, mailbox: Int64, thread: Int64, received: Int64, size: Int, flags: EmailFlags, file: String) {
        self.number = number
        self.key = key
        self.mailbox = mailbox
        self.thread = thread
        self.received = received
        self.size = size
        self.flags = flags
        self.file = file
    }

    init(_ row: Row) {
        number = row[0]
        key = row[1]
        mailbox = row[2]
        thread = row[3]
        received = row[4]
        size = row[5]
        flags = EmailFlags(bits: (row[6] as Int) & EmailFlags.keywordMask, others: EmailFlags.others(column: row[7]))
        file = row[8]
    }
}

/// One write transaction on the index: keeps counts, conversations and the log of changes in step with `emails`.
///
/// Call `finish()` last: it writes the sums that changed and one log row for each mailbox and conversation touched.
final class IndexTransaction {
    let db: Database
    /// Whether changes get a row in the log; not while an index is built, since its epoch is new.
    private let isLogging: Bool
    private(set) var sequence: Int64
    private var threads: [Int64: ThreadState] = [:]
    private var counted: [Int64: Counts] = [:]
    private var stateSequences: [Int: (last: Int64, rows: Int)] = [:]
    private var usage: Int64 = 0
    /// Rows added to the full-text table.
    var textsAdded = 0
    private var trash: Int64?

    init(_ db: Database, isLogging: Bool = true) throws {
        self.db = db
        self.isLogging = isLogging
        sequence = try Int64.fetchOne(db.cachedStatement(sql: "SELECT value FROM facts WHERE name = 'sequence'")) ?? 0
        trash = try IndexTransaction.trash(db)
    }

    private static func trash(_ db: Database) throws -> Int64? {
        try Int64.fetchOne(db.cachedStatement(sql: "SELECT number FROM mailboxes WHERE role = 'trash'"))
    }

    // MARK: Emails

    /// Adds an email; `number` nil takes the next. `withText`: the caller puts its words into the full-text table too.
    func insert(_ row: EmailRow, digest: MessageDigest, number: Int64? = nil, withText: Bool = false) throws -> Int64 {
        var flags = row.flags.bits & EmailFlags.keywordMask
        if digest.hasAttachment { flags |= EmailFlags.hasAttachment }
        let sent = digest.headers.sentAt?.seconds ?? row.received / 1000
        try db.cachedStatement(
            sql: """
                INSERT INTO emails (number, id, mailbox, thread, received, size, flags, keywords, sent, file, texted)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            number, row.key, row.mailbox, row.thread, row.received, row.size, flags, row.flags.column, sent, row.file,
            withText,
        ])
        let inserted = number ?? db.lastInsertedRowID
        try db.cachedStatement(sql: "INSERT INTO summaries (number, data) VALUES (?, ?)")
            .execute(arguments: [inserted, Data(SummaryCodec.encode(digest))])
        let keys = Set(MessageDigest.threadKeys(digest.headers, baseSubject: digest.baseSubject))
        let addKey = try db.cachedStatement(sql: "INSERT OR IGNORE INTO thread_keys (key, number) VALUES (?, ?)")
        for key in keys { try addKey.execute(arguments: [key, inserted]) }
        try touch(row.thread)
        threads[row.thread]!.add(mailbox: row.mailbox, unread: row.flags.isUnread, received: row.received, number: inserted)
        threads[row.thread]!.isMembershipChanged = true
        count(row.mailbox, emails: 1, unread: row.flags.isUnread ? 1 : 0)
        usage += Int64(row.size)
        try log(KindNumber.email, .created, row.key, thread: row.thread)
        return inserted
    }

    func remove(_ row: EmailRow) throws {
        if let summary = try summary(row.number) {
            let remove = try db.cachedStatement(sql: "DELETE FROM thread_keys WHERE key = ? AND number = ?")
            for key in Set(MessageDigest.threadKeys(summary.headers, baseSubject: summary.baseSubject)) {
                try remove.execute(arguments: [key, row.number])
            }
        }
        try db.cachedStatement(sql: "DELETE FROM emails WHERE number = ?").execute(arguments: [row.number])
        try db.cachedStatement(sql: "DELETE FROM summaries WHERE number = ?").execute(arguments: [row.number])
        try touch(row.thread)
        threads[row.thread]!.remove(mailbox: row.mailbox, unread: row.flags.isUnread, number: row.number)
        threads[row.thread]!.isMembershipChanged = true
        count(row.mailbox, emails: -1, unread: row.flags.isUnread ? -1 : 0)
        usage -= Int64(row.size)
        try log(KindNumber.email, .destroyed, row.key, thread: row.thread)
    }

    /// Takes over new flags, mailbox or file name; only a change that a client can see gets a log row.
    func update(_ old: EmailRow, to new: EmailRow) throws {
        let isVisible = old.mailbox != new.mailbox || old.flags != new.flags
        // An index is rewritten when a column of it is set, even to what it was: set no more than what changes.
        let flags = new.flags.bits & EmailFlags.keywordMask
        if old.mailbox != new.mailbox {
            try db.cachedStatement(
                sql: "UPDATE emails SET mailbox = ?, flags = (flags & ~31) | ?, keywords = ?, file = ? WHERE number = ?"
            ).execute(arguments: [new.mailbox, flags, new.flags.column, new.file, new.number])
        } else if isVisible {
            try db.cachedStatement(sql: "UPDATE emails SET flags = (flags & ~31) | ?, keywords = ?, file = ? WHERE number = ?")
                .execute(arguments: [flags, new.flags.column, new.file, new.number])
        } else {
            try db.cachedStatement(sql: "UPDATE emails SET file = ? WHERE number = ?").execute(arguments: [new.file, new.number])
        }
        guard isVisible else { return }
        if old.mailbox != new.mailbox || old.flags.isUnread != new.flags.isUnread {
            try touch(old.thread)
            threads[old.thread]!.remove(mailbox: old.mailbox, unread: old.flags.isUnread, number: old.number)
            threads[old.thread]!.add(
                mailbox: new.mailbox, unread: new.flags.isUnread, received: new.received, number: new.number)
            count(old.mailbox, emails: -1, unread: old.flags.isUnread ? -1 : 0)
            count(new.mailbox, emails: 1, unread: new.flags.isUnread ? 1 : 0)
        }
        try log(KindNumber.email, .updated, new.key, thread: new.thread)
    }

    func email(_ key: Int64) throws -> EmailRow? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT \(EmailRow.columns) FROM emails WHERE id = ?"), arguments: [key]
        ).map(EmailRow.init)
    }

    func summary(_ number: Int64) throws -> SummaryCodec.Summary? {
        let statement = try db.cachedStatement(sql: "SELECT data FROM summaries WHERE number = ?")
        guard let row = try Row.fetchOne(statement, arguments: [number]) else { return nil }
        return try row.withUnsafeData(atIndex: 0) { data in
            data?.withUnsafeBytes { SummaryCodec.decode($0) }
        }
    }

    /// The conversation of the newest email that shares a key, the first keys preferred.
    func thread(sharing keys: [Int64]) throws -> Int64? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT e.thread FROM thread_keys k JOIN emails e ON e.number = k.number
                WHERE k.key = ? ORDER BY k.number DESC LIMIT 1
                """)
        for key in keys {
            if let thread = try Int64.fetchOne(statement, arguments: [key]) { return thread }
        }
        return nil
    }

    func markDelivery() throws { try log(KindNumber.emailDelivery, .updated, 0, thread: nil) }

    // MARK: The log

    func log(_ kind: Int, _ operation: ChangeOperation, _ object: any DatabaseValueConvertible, thread: Int64?) throws {
        guard isLogging else { return }
        sequence += 1
        if kind != KindNumber.emailDelivery {
            try db.cachedStatement(
                sql: "INSERT INTO changes (kind, sequence, operation, object, thread) VALUES (?, ?, ?, ?, ?)"
            ).execute(arguments: [kind, sequence, operation.rawValue, object, thread])
        }
        stateSequences[kind] = (sequence, (stateSequences[kind]?.rows ?? 0) + 1)
    }

    /// The number of a kind in `states`; made when it is new.
    func kindNumber(_ kind: ChangeKind) throws -> Int {
        let find = try db.cachedStatement(sql: "SELECT kind FROM states WHERE name = ?")
        if let number = try Int.fetchOne(find, arguments: [kind.rawValue]) { return number }
        try db.execute(
            sql: "INSERT INTO states (kind, name) VALUES ((SELECT max(10, max(kind) + 1) FROM states), ?)",
            arguments: [kind.rawValue])
        return try Int.fetchOne(find, arguments: [kind.rawValue])!
    }

    /// Rows of one kind that the log keeps at least; older states are unknown.
    static let keptChanges = 50_000

    // MARK: Sums

    /// Writes what the changes of this transaction add up to.
    func finish() throws {
        try writeCounts()
        try writeStates()
    }

    /// Writes what is counted so far, under the trash of before, and counts under the present one from now on. Call it when another
    /// mailbox has become the trash, before the unread conversations are counted anew.
    func settleTrash() throws {
        try writeCounts()
        trash = try IndexTransaction.trash(db)
    }

    private func writeCounts() throws {
        try settleThreads()
        for (mailbox, change) in counted.sorted(by: { $0.key < $1.key }) where !change.isEmpty || change.isTouched {
            try db.cachedStatement(
                sql: """
                    UPDATE mailboxes SET total = total + ?, unread = unread + ?, total_threads = total_threads + ?,
                        unread_threads = unread_threads + ? WHERE number = ?
                    """
            ).execute(arguments: [change.emails, change.unread, change.threads, change.unreadThreads, mailbox])
            guard !change.isEmpty else { continue }
            if let id = try String.fetchOne(
                db.cachedStatement(sql: "SELECT id FROM mailboxes WHERE number = ?"), arguments: [mailbox])
            {
                try log(KindNumber.mailbox, .counted, id, thread: nil)
            }
        }
        counted = [:]
    }

    /// Writes the sums so far, while every mailbox they belong to still exists.
    func settleThreads() throws {
        for thread in threads.keys.sorted() { try settle(thread) }
        threads = [:]
    }

    private func settle(_ thread: Int64) throws {
        let state = threads[thread]!
        let mailboxes = Set(state.before.keys).union(state.now.keys)
        for mailbox in mailboxes.sorted() {
            let before = state.before[mailbox]
            var now = state.now[mailbox]
            if now != nil, state.lostNewest.contains(mailbox) {
                let newest = try Row.fetchOne(
                    db.cachedStatement(
                        sql: """
                            SELECT received, number FROM emails WHERE thread = ? AND mailbox = ?
                            ORDER BY received DESC, number DESC LIMIT 1
                            """), arguments: [thread, mailbox])!
                now!.received = newest[0]
                now!.newest = newest[1]
            }
            var change = counted[mailbox] ?? Counts()
            change.threads += (now == nil ? 0 : 1) - (before == nil ? 0 : 1)
            change.unreadThreads +=
                (ThreadState.isUnread(state.now, in: mailbox, trash: trash) ? 1 : 0)
                - (ThreadState.isUnread(state.before, in: mailbox, trash: trash) ? 1 : 0)
            counted[mailbox] = change
            guard before != now else { continue }
            if let now {
                try db.cachedStatement(
                    sql: """
                        INSERT OR REPLACE INTO mailbox_threads (thread, mailbox, emails, unread, received, newest)
                        VALUES (?, ?, ?, ?, ?, ?)
                        """
                ).execute(arguments: [thread, mailbox, now.emails, now.unread, now.received, now.newest])
            } else {
                try db.cachedStatement(sql: "DELETE FROM mailbox_threads WHERE thread = ? AND mailbox = ?")
                    .execute(arguments: [thread, mailbox])
            }
        }
        guard state.isMembershipChanged else { return }
        switch (state.before.isEmpty, state.now.isEmpty) {
        case (true, false): try log(KindNumber.thread, .created, thread, thread: nil)
        case (false, false): try log(KindNumber.thread, .updated, thread, thread: nil)
        case (false, true): try log(KindNumber.thread, .destroyed, thread, thread: nil)
        case (true, true): break
        }
    }

    private func writeStates() throws {
        for (kind, state) in stateSequences {
            try db.cachedStatement(sql: "UPDATE states SET sequence = ?, rows = rows + ? WHERE kind = ?")
                .execute(arguments: [state.last, kind == KindNumber.emailDelivery ? 0 : state.rows, kind])
        }
        try IndexTransaction.set("sequence", sequence, db)
        if usage != 0 {
            try db.cachedStatement(sql: "UPDATE facts SET value = value + ? WHERE name = 'usage'").execute(arguments: [usage])
            usage = 0
        }
        if textsAdded > 0 {
            try db.cachedStatement(sql: "UPDATE facts SET value = value + ? WHERE name = 'texts'").execute(arguments: [textsAdded])
            textsAdded = 0
        }
        if stateSequences.contains(where: { $0.value.rows > 0 }) { try prune() }
        stateSequences = [:]
    }

    private func prune() throws {
        let full = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT kind FROM states WHERE rows > ?"),
            arguments: [IndexTransaction.keptChanges * 3 / 2])
        for row in full {
            let kind: Int = row[0]
            guard let last = try Int64.fetchOne(
                db,
                sql: "SELECT sequence FROM changes WHERE kind = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?",
                arguments: [kind, IndexTransaction.keptChanges])
            else { continue }
            try db.execute(sql: "DELETE FROM changes WHERE kind = ? AND sequence <= ?", arguments: [kind, last])
            try db.execute(
                sql: "UPDATE states SET pruned = ?, rows = ? WHERE kind = ?",
                arguments: [last, IndexTransaction.keptChanges, kind])
        }
    }

    static func set(_ name: String, _ value: any DatabaseValueConvertible, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)").execute(arguments: [name, value])
    }

    private func touch(_ thread: Int64) throws {
        guard threads[thread] == nil else { return }
        var rows: [Int64: ThreadState.Row] = [:]
        let statement = try db.cachedStatement(
            sql: "SELECT mailbox, emails, unread, received, newest FROM mailbox_threads WHERE thread = ?")
        let cursor = try Row.fetchCursor(statement, arguments: [thread])
        while let row = try cursor.next() {
            rows[row[0]] = ThreadState.Row(emails: row[1], unread: row[2], received: row[3], newest: row[4])
        }
        threads[thread] = ThreadState(before: rows, now: rows)
    }

    private func count(_ mailbox: Int64, emails: Int, unread: Int) {
        counted[mailbox, default: Counts()].emails += emails
        counted[mailbox, default: Counts()].unread += unread
        counted[mailbox]!.isTouched = true
    }

    private struct Counts {
        var emails = 0
        var unread = 0
        var threads = 0
        var unreadThreads = 0
        var isTouched = false
        var isEmpty: Bool { emails == 0 && unread == 0 && threads == 0 && unreadThreads == 0 }
    }
}

/// One conversation's rows of `mailbox_threads`, before and after a transaction's changes.
private struct ThreadState {
    struct Row: Equatable {
        var emails: Int
        var unread: Int
        var received: Int64
        var newest: Int64
    }

    let before: [Int64: Row]
    var now: [Int64: Row]
    /// Mailboxes whose newest email left: who is newest now must be looked up.
    var lostNewest: Set<Int64> = []
    var isMembershipChanged = false

    mutating func add(mailbox: Int64, unread: Bool, received: Int64, number: Int64) {
        guard var row = now[mailbox] else {
            now[mailbox] = Row(emails: 1, unread: unread ? 1 : 0, received: received, newest: number)
            return
        }
        row.emails += 1
        row.unread += unread ? 1 : 0
        if (received, number) > (row.received, row.newest) {
            row.received = received
            row.newest = number
        }
        now[mailbox] = row
    }

    mutating func remove(mailbox: Int64, unread: Bool, number: Int64) {
        guard var row = now[mailbox] else { return }
        row.emails -= 1
        row.unread -= unread ? 1 : 0
        if row.newest == number { lostNewest.insert(mailbox) }
        now[mailbox] = row.emails > 0 ? row : nil
    }

    /// Whether a reader of `mailbox` would see an unread email in the conversation; the trash is a world of its own.
    static func isUnread(_ rows: [Int64: Row], in mailbox: Int64, trash: Int64?) -> Bool {
        guard let row = rows[mailbox] else { return false }
        if mailbox == trash { return row.unread > 0 }
        return rows.contains { $0.key != trash && $0.value.unread > 0 }
    }
}
