import Disk
import FoundationEssentials
import GRDB

extension MailAccount {
    /// Octets of prepared words that are kept in memory until they are indexed; beyond, they are read from files again.
    private static let pendingTextLimit = 4 << 20
    /// How many emails a search waits for at most.
    static let searchedTextLimit = 4000

    /// Keeps an email's words until `indexTexts` takes them.
    func keepText(_ document: SearchDocument, _ number: Int64) {
        lastTextChange = .now
        guard pendingTextSize + document.size <= MailAccount.pendingTextLimit else { return }
        pendingTexts[number] = document
        pendingTextSize += document.size
    }

    /// Puts the words of emails that lack them into the full-text table: at most `limit` of them, the oldest numbers first.
    ///
    /// In batches, since one row at a time costs the table several times as much.
    @discardableResult
    func indexTexts(limit: Int) throws(StoreError) -> Int {
        var count = 0
        while count < limit {
            let items = try itemsWithoutText(limit: min(256, limit - count))
            guard !items.isEmpty else { break }
            let documents = documents(of: items)
            try writeQuietly { transaction in
                for item in items {
                    if let document = documents[item.number!] { try transaction.addText(item.number!, document) }
                    try transaction.db.cachedStatement(sql: "UPDATE emails SET texted = 1 WHERE number = ?")
                        .execute(arguments: [item.number!])
                }
            }
            for item in items {
                if let document = pendingTexts.removeValue(forKey: item.number!) { pendingTextSize -= document.size }
            }
            count += items.count
        }
        return count
    }

    private func documents(of items: [BuildItem]) -> [Int64: SearchDocument] {
        var documents: [Int64: SearchDocument] = [:]
        for item in items { documents[item.number!] = pendingTexts[item.number!] }
        for built in BuildItem.parsed(items.filter { documents[$0.number!] == nil }) {
            documents[built.item.number!] = built.digest.document
        }
        return documents
    }

    private func itemsWithoutText(limit: Int) throws(StoreError) -> [BuildItem] {
        do {
            return try index.pool.read { db in
                try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT e.number, e.id, e.mailbox, m.folder, e.file FROM emails e
                            JOIN mailboxes m ON m.number = e.mailbox WHERE e.texted = 0 ORDER BY e.number LIMIT ?
                            """), arguments: [limit]
                ).map { row in
                    let file: String = row[4]
                    return BuildItem(
                        mailbox: row[2], key: row[1], folder: maildir.path(of: FolderName(raw: row[3])), file: file,
                        thread: nil, flags: EmailFlags(), received: 0, size: 0, number: row[0])
                }
            }
        } catch {
            throw StoreError(database: error)
        }
    }

    /// Removed emails leave their words behind, where no answer shows them. When most are such, the table is made anew.
    func compactTextsIfWorthwhile() throws(StoreError) -> Bool {
        try writeQuietly { transaction in
            let rows = try Int.fetchOne(transaction.db, sql: "SELECT value FROM facts WHERE name = 'texts'") ?? 0
            guard rows > 2000 else { return false }
            let emails = try Int.fetchOne(transaction.db, sql: "SELECT sum(total) FROM mailboxes") ?? 0
            guard rows > 2 * emails else { return false }
            try IndexSchema.resetTexts(transaction.db)
            try transaction.db.execute(sql: "UPDATE emails SET texted = 0")
            try IndexTransaction.set("texts", 0, transaction.db)
            return true
        }
    }
}

extension IndexTransaction {
    /// Adds an email's words to the full-text table; `number` must be larger than that of the row added before, or it is slow.
    func addText(_ number: Int64, _ document: SearchDocument) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO texts (rowid, body, subject, sender, recipient, cc, bcc, attachment) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            number, document.body, document.subject, document.from, document.to, document.cc, document.bcc,
            document.attachments,
        ])
        try db.cachedStatement(sql: "INSERT INTO beginnings (rowid, words) VALUES (?, ?)")
            .execute(arguments: [number, document.beginnings])
        textsAdded += 1
    }
}
