import Disk
import FoundationEssentials
import GRDB

/// A snapshot of an account's index, valid inside `MailAccount.read`. All that it answers is of one moment.
package struct MailReader {
    let db: Database
    let maildir: Maildir
    /// Whether a search may go on though the latest emails' words are not indexed yet.
    var mayLackText = false

    /// The current state of a kind; moves on with each change of it.
    package func state(_ kind: ChangeKind) throws -> StateToken {
        let statement = try db.cachedStatement(sql: "SELECT sequence FROM states WHERE name = ?")
        return StateToken(
            epoch: try MailIndex.epoch(db), sequence: try Int64.fetchOne(statement, arguments: [kind.rawValue]) ?? 0)
    }

    /// The states of all kinds that ever changed.
    package func states() throws -> [ChangeKind: StateToken] { try MailIndex.states(db).states }

    /// All mailboxes with their counts; parents are among them. Query, sort and filter of mailboxes are over this list.
    package func mailboxes() throws -> [Mailbox] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT id, name, parent, role, sort_order, subscribed, total, unread, total_threads, unread_threads
                FROM mailboxes ORDER BY sort_order, name
                """)
        return try Row.fetchAll(statement).map { row in
            Mailbox(
                id: MailboxID(rawValue: row[0]), name: row[1],
                parentId: (row[2] as String?).map(MailboxID.init(rawValue:)),
                role: (row[3] as String?).flatMap(MailboxRole.init(rawValue:)), sortOrder: row[4], isSubscribed: row[5],
                totalEmails: row[6], unreadEmails: row[7], totalThreads: row[8], unreadThreads: row[9])
        }
    }

    /// The emails that exist of those named, in the order of `ids`.
    package func emails(_ ids: [EmailID]) throws -> [Email] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT e.thread, m.id, e.received, e.size, e.flags, e.keywords, s.data FROM emails e
                JOIN mailboxes m ON m.number = e.mailbox JOIN summaries s ON s.number = e.number WHERE e.id = ?
                """)
        return try ids.compactMap { id in
            guard let key = id.key, let row = try Row.fetchOne(statement, arguments: [key]) else { return nil }
            return try email(id, row)
        }
    }

    private func email(_ id: EmailID, _ row: Row) throws -> Email? {
        let summary = try row.withUnsafeData(atIndex: 6) { data in
            data?.withUnsafeBytes { SummaryCodec.decode($0) }
        }
        guard let summary else { return nil }
        let bits: Int = row[4]
        let flags = EmailFlags(bits: bits & EmailFlags.keywordMask, others: EmailFlags.others(column: row[5]))
        return Email(
            id: id, threadId: ThreadID(key: row[0]), mailboxId: MailboxID(rawValue: row[1]), keywords: flags.keywords,
            size: row[3], receivedAt: UnixTime(milliseconds: row[2]), hasAttachment: bits & EmailFlags.hasAttachment != 0,
            preview: summary.preview, headers: summary.headers)
    }

    /// The ids of each thread's emails, oldest received first; threads that do not exist are left out.
    package func threads(_ ids: [ThreadID]) throws -> [ThreadID: [EmailID]] {
        let statement = try db.cachedStatement(
            sql: "SELECT id FROM emails WHERE thread = ? ORDER BY received, number")
        var threads: [ThreadID: [EmailID]] = [:]
        for id in ids {
            guard let key = id.key else { continue }
            let emails = try Int64.fetchAll(statement, arguments: [key])
            if !emails.isEmpty { threads[id] = emails.map(EmailID.init(key:)) }
        }
        return threads
    }

    /// Of the ids, those of emails that exist.
    package func existing(_ ids: [EmailID]) throws -> Set<EmailID> {
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM emails WHERE id = ?")
        return Set(try ids.filter { id in
            guard let key = id.key else { return false }
            return try Int.fetchOne(statement, arguments: [key]) != nil
        })
    }

    /// All records of a kind, by id.
    package func records(_ kind: ChangeKind) throws -> [AccountRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT id, json FROM records WHERE kind = ? ORDER BY id"), arguments: [kind.rawValue]
        ).map { row in
            AccountRecord(id: row[0], json: Array(row[1] as Data))
        }
    }

    /// One record, or nil.
    package func record(_ kind: ChangeKind, id: String) throws -> AccountRecord? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT json FROM records WHERE kind = ? AND id = ?"), arguments: [kind.rawValue, id]
        ).map { AccountRecord(id: id, json: Array($0[0] as Data)) }
    }

    /// The octets of all messages: what a quota limits.
    package func usage() throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: "SELECT value FROM facts WHERE name = 'usage'")) ?? 0
    }

    /// Where the message lies now; nil when the email does not exist.
    func path(of id: EmailID) throws -> String? {
        guard let key = id.key else { return nil }
        let statement = try db.cachedStatement(
            sql: "SELECT m.folder, e.file FROM emails e JOIN mailboxes m ON m.number = e.mailbox WHERE e.id = ?")
        return try Row.fetchOne(statement, arguments: [key]).map { row in
            maildir.path(of: row[1], in: FolderName(raw: row[0]))
        }
    }
}
