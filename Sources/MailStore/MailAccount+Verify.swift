package import Disk
import GRDB

extension MailAccount {
    /// Compares files with index, and the index's sums with its rows; empty when all agree.
    ///
    /// It changes nothing: what other programs did since the last `reconcile` is among the problems.
    package func verify() throws(StoreError) -> [Problem] {
        var problems: [Problem] = []
        do {
            try lock.withLock {
                try index.pool.read { db in
                    problems += try compareFolders(db)
                    problems += try compareSums(db)
                }
            }
        } catch {
            throw StoreError(database: error)
        }
        return problems
    }

    private func compareFolders(_ db: Database) throws -> [Problem] {
        var problems: [Problem] = []
        let folders = Set(try maildir.folders())
        let mailboxes = try MailboxRow.all(db)
        for folder in folders where !mailboxes.contains(where: { $0.folder == folder }) {
            problems.append(Problem(description: "folder \(folder.raw) is not in the index"))
        }
        var book = KeywordBook(maildir: maildir, sidecars: sidecars)
        for mailbox in mailboxes {
            guard folders.contains(mailbox.folder) else {
                problems.append(Problem(description: "folder \(mailbox.folder.raw) is in the index only"))
                continue
            }
            problems += try compareFiles(mailbox, &book, db)
        }
        return problems
    }

    private func compareFiles(_ mailbox: MailboxRow, _ book: inout KeywordBook, _ db: Database) throws -> [Problem] {
        var problems: [Problem] = []
        let path = maildir.path(of: mailbox.folder)
        let scan = try FolderScan(path)
        var found = scan.messages
        for double in scan.doubles { problems.append(Problem(description: "\(path)/\(double.file): second file of one id")) }
        let rows = try Row.fetchAll(db, sql: "SELECT \(EmailRow.columns) FROM emails WHERE mailbox = ?", arguments: [mailbox.number])
        for row in rows.lazy.map(EmailRow.init) {
            let id = EmailID(key: row.key).rawValue
            guard let file = found.removeValue(forKey: row.key) else {
                problems.append(Problem(description: "\(path)/\(row.file): email \(id) has no file"))
                continue
            }
            if file.file != row.file {
                problems.append(Problem(description: "\(path)/\(file.file): the index has it as \(row.file)"))
            }
            if try book.flags(of: file.name, folder: mailbox.folder, email: row.key) != row.flags {
                problems.append(Problem(description: "\(path)/\(file.file): keywords differ"))
            }
            if let status = DiskFile.status(path + "/" + file.file) {
                if status.size != row.size { problems.append(Problem(description: "\(path)/\(file.file): size differs")) }
                if status.modified / 1_000_000 != row.received {
                    problems.append(Problem(description: "\(path)/\(file.file): time differs"))
                }
            }
            if let thread = file.name.thread, thread != row.thread {
                problems.append(Problem(description: "\(path)/\(file.file): conversation differs"))
            }
        }
        for lost in found.values { problems.append(Problem(description: "\(path)/\(lost.file): not in the index")) }
        return problems
    }

    private func compareSums(_ db: Database) throws -> [Problem] {
        var problems: [Problem] = []
        let threads = try Int.fetchOne(
            db,
            sql: """
                WITH truth AS (
                    SELECT thread, mailbox, count(*) AS emails, sum((flags & 9) = 0) AS unread, max(received) AS received
                    FROM emails GROUP BY thread, mailbox)
                SELECT count(*) FROM (
                    SELECT * FROM (SELECT * FROM truth EXCEPT SELECT thread, mailbox, emails, unread, received FROM mailbox_threads)
                    UNION ALL
                    SELECT * FROM (SELECT thread, mailbox, emails, unread, received FROM mailbox_threads EXCEPT SELECT * FROM truth))
                """) ?? 0
        if threads > 0 { problems.append(Problem(description: "\(threads) conversations are counted wrongly")) }
        for row in try Row.fetchAll(
            db,
            sql: """
                SELECT m.number, m.folder, m.total, m.unread, m.total_threads, m.unread_threads,
                    (SELECT count(*) FROM emails e WHERE e.mailbox = m.number),
                    (SELECT count(*) FROM emails e WHERE e.mailbox = m.number AND (e.flags & 9) = 0),
                    (SELECT count(*) FROM mailbox_threads t WHERE t.mailbox = m.number)
                FROM mailboxes m
                """)
        {
            let unreadThreads = try MailIndex.unreadThreads(row[0], db)
            let told: [Int] = [row[2], row[3], row[4], row[5]]
            let truth: [Int] = [row[6], row[7], row[8], unreadThreads]
            if told != truth {
                problems.append(Problem(description: "folder \(row[1] as String): counts \(told), but there are \(truth)"))
            }
        }
        let usage = try Int64.fetchOne(db, sql: "SELECT value FROM facts WHERE name = 'usage'") ?? 0
        let size = try Int64.fetchOne(db, sql: "SELECT ifnull(sum(size), 0) FROM emails") ?? 0
        if usage != size { problems.append(Problem(description: "usage \(usage), but the emails have \(size) octets")) }
        return problems
    }
}
