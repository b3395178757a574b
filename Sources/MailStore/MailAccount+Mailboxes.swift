import Disk
import Formats
import GRDB

extension MailAccount {
    /// Makes a folder, and all that a sidecar holds of it.
    package func createMailbox(_ draft: MailboxDraft) throws(MailboxError) -> MailboxID {
        try changeMailboxes { transaction throws(MailboxError) in
            let rows = try all(transaction.db)
            let folder = try place(draft.name, below: draft.parentId, among: rows, moving: nil)
            try check(draft.role, among: rows, for: nil)
            try check(sortOrder: draft.sortOrder)
            let id = freshId(folder, taken: Set(rows.map(\.id)))
            try store { () throws(StoreError) in
                var sidecar = try sidecars.load(MailboxSidecar.self, Sidecars.mailboxes) ?? MailboxSidecar()
                sidecar.mailboxes.removeAll { $0.folder == folder.raw }
                sidecar.mailboxes.append(.init(id: id, folder: folder.raw, role: draft.role, sortOrder: draft.sortOrder))
                try sidecars.save(sidecar, Sidecars.mailboxes)
                try subscribe(folder, draft.isSubscribed, all: rows)
                try maildir.make(folder)
            }
            try database {
                try insertMailbox(
                    id, folder, parent: draft.parentId, role: draft.role, sortOrder: draft.sortOrder,
                    isSubscribed: draft.isSubscribed, transaction)
            }
            return id
        }
    }

    /// Renames, moves or changes a mailbox; on an error nothing has changed.
    package func updateMailbox(_ id: MailboxID, _ patch: MailboxPatch) throws(MailboxError) {
        try changeMailboxes { transaction throws(MailboxError) in
            let rows = try all(transaction.db)
            guard let row = rows.first(where: { $0.id == id }) else { throw .notFound }
            let name = patch.name ?? row.name
            let parent = patch.parentId ?? row.parent
            let role = patch.role ?? row.role
            let sortOrder = patch.sortOrder ?? row.sortOrder
            let isSubscribed = patch.isSubscribed ?? row.isSubscribed
            var folder = row.folder
            if name != row.name || parent != row.parent {
                guard row.folder != .inbox else { throw .forbidden }
                folder = try place(name, below: parent, among: rows, moving: row)
            }
            if role != row.role {
                guard row.folder != .inbox else { throw .forbidden }
                try check(role, among: rows, for: row)
            }
            try check(sortOrder: sortOrder)
            let below = rows.compactMap { other in other.folder.replacing(row.folder, with: folder).map { (other, $0) } }
            let moves = folder == row.folder ? [] : row.folder == .inbox ? [] : below
            try store { () throws(StoreError) in
                try record(id, row, role: role, sortOrder: sortOrder, moves: moves.map { ($0.0.folder, $0.1) })
                if isSubscribed != row.isSubscribed { try subscribe(folder, isSubscribed, all: rows) }
            }
            try database {
                for (other, target) in moves {
                    // Without times the folder is looked through again: a first build would miss its files under their new paths.
                    try transaction.db.execute(
                        sql: "UPDATE mailboxes SET folder = ?, cur_stamp = 0, new_stamp = 0 WHERE number = ?",
                        arguments: [target.raw, other.number])
                }
                try transaction.db.execute(
                    sql: """
                        UPDATE mailboxes SET name = ?, parent = ?, role = ?, sort_order = ?, subscribed = ? WHERE number = ?
                        """,
                    arguments: [
                        folder == .inbox ? row.name : folder.name, parent?.rawValue, role?.rawValue, sortOrder, isSubscribed,
                        row.number,
                    ])
                try transaction.log(KindNumber.mailbox, .updated, id.rawValue, thread: nil)
                if role != row.role, role == .trash || row.role == .trash { try recountUnreadThreads(transaction) }
            }
        }
    }

    /// Removes a folder. `.hasChild` when it has children; `.hasEmail` when it holds emails and `removingEmails` is false.
    package func destroyMailbox(_ id: MailboxID, removingEmails: Bool) throws(MailboxError) {
        let hidden = try changeMailboxes { transaction throws(MailboxError) -> String in
            let rows = try all(transaction.db)
            guard let row = rows.first(where: { $0.id == id }) else { throw .notFound }
            guard row.folder != .inbox else { throw .forbidden }
            guard !rows.contains(where: { $0.parent == id }) else { throw .hasChild }
            guard row.total == 0 || removingEmails else { throw .hasEmail }
            if !removingEmails {
                // The index may not know yet what others put there a moment ago, or what a first build has not come to.
                var isEmpty = false
                try store { () throws(StoreError) in isEmpty = try FolderScan(maildir.path(of: row.folder)).messages.isEmpty }
                guard isEmpty else { throw .hasEmail }
            }
            var hidden = ""
            try store { () throws(StoreError) in hidden = try maildir.retire(row.folder) }
            try database { try removeMailbox(row, transaction) }
            return hidden
        }
        // Out of sight already: what is left of it costs nothing but space, and the next open sweeps it.
        try? Folder.removeTree(hidden)
        if var sidecar = try? sidecars.load(MailboxSidecar.self, Sidecars.mailboxes) {
            sidecar.mailboxes.removeAll { $0.id == id }
            try? sidecars.save(sidecar, Sidecars.mailboxes)
        }
    }

    // MARK: Steps

    private func changeMailboxes<Value>(
        _ body: (IndexTransaction) throws(MailboxError) -> Value
    ) throws(MailboxError) -> Value {
        var refusal: MailboxError?
        do {
            return try write { transaction in
                do throws(MailboxError) {
                    return try body(transaction)
                } catch {
                    refusal = error
                    throw StoreError.invalid(reason: "refused")
                }
            }
        } catch {
            throw refusal ?? .store(error)
        }
    }

    private func store(_ body: () throws(StoreError) -> Void) throws(MailboxError) {
        do throws(StoreError) { try body() } catch { throw .store(error) }
    }

    private func database(_ body: () throws -> Void) throws(MailboxError) {
        do { try body() } catch { throw .store(StoreError(database: error)) }
    }

    private func all(_ db: Database) throws(MailboxError) -> [MailboxRow] {
        do { return try MailboxRow.all(db) } catch { throw .store(StoreError(database: error)) }
    }

    /// The folder for a name below a parent; refuses what may not be (RFC 8621 §2).
    private func place(
        _ name: String, below parentId: MailboxID?, among rows: [MailboxRow], moving: MailboxRow?
    ) throws(MailboxError) -> FolderName {
        guard !name.isEmpty, name.utf8.count <= 200, name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else { throw .invalidProperty("name", reason: "1 to 200 octets without control characters") }
        let name = name.nfc
        var parent: MailboxRow?
        if let parentId {
            guard let row = rows.first(where: { $0.id == parentId }) else {
                throw .invalidProperty("parentId", reason: "no such mailbox")
            }
            parent = row
        }
        if let moving, let parent, parent.folder.replacing(moving.folder, with: .inbox) != nil {
            throw .invalidProperty("parentId", reason: "a mailbox may not be below itself")
        }
        guard let folder = FolderName(parent: parent?.folder, name: name) else {
            throw .invalidProperty("name", reason: "too long, together with the names above")
        }
        let twin = rows.first { $0.parent == parentId && $0.name == name && $0.number != moving?.number }
        if let twin { throw .alreadyExists(twin.id) }
        if parentId == nil, name.uppercased() == "INBOX", let inbox = rows.first(where: { $0.folder == .inbox }) {
            throw .alreadyExists(inbox.id)
        }
        if let moving {
            let longest = rows.compactMap { $0.folder.replacing(moving.folder, with: folder)?.raw.utf8.count }.max() ?? 0
            guard longest <= 250 else { throw .invalidProperty("name", reason: "names below become too long") }
        }
        return folder
    }

    private func check(_ role: MailboxRole?, among rows: [MailboxRow], for row: MailboxRow?) throws(MailboxError) {
        guard let role else { return }
        guard role != .inbox else { throw .invalidProperty("role", reason: "the inbox is what it is") }
        guard !rows.contains(where: { $0.role == role && $0.number != row?.number }) else {
            throw .invalidProperty("role", reason: "another mailbox has it")
        }
    }

    private func check(sortOrder: Int) throws(MailboxError) {
        guard (0..<(1 << 31)).contains(sortOrder) else { throw .invalidProperty("sortOrder", reason: "0 to 2^31 - 1") }
    }

    /// Derived from the folder's first name, so that the same folder gets the same id even if its sidecar is lost.
    func freshId(_ folder: FolderName, taken: Set<MailboxID>) -> MailboxID {
        var salt = ""
        while true {
            let id = MailboxID(rawValue: "F" + Base32.encode(StableHash.of("mailbox", folder.raw, salt)))
            if !taken.contains(id) { return id }
            salt = UniqueName.next()
        }
    }

    /// Writes the sidecar with the renames it is about to do, does them, and writes it without: a crash between is healed.
    private func record(
        _ id: MailboxID, _ row: MailboxRow, role: MailboxRole?, sortOrder: Int, moves: [(from: FolderName, to: FolderName)]
    ) throws(StoreError) {
        // Somebody else's folder, which the index does not know yet.
        for move in moves where DiskFile.exists(maildir.path(of: move.to)) { throw .alreadyExists }
        var sidecar = try sidecars.load(MailboxSidecar.self, Sidecars.mailboxes) ?? MailboxSidecar()
        if let index = sidecar.mailboxes.firstIndex(where: { $0.id == id }) {
            sidecar.mailboxes[index].role = role
            sidecar.mailboxes[index].sortOrder = sortOrder
        } else {
            sidecar.mailboxes.append(.init(id: id, folder: row.folder.raw, role: role, sortOrder: sortOrder))
        }
        for index in sidecar.mailboxes.indices {
            guard let move = moves.first(where: { $0.from.raw == sidecar.mailboxes[index].folder }) else { continue }
            sidecar.mailboxes[index].folder = move.to.raw
        }
        sidecar.renames = moves.isEmpty ? nil : moves.map { .init(from: $0.from.raw, to: $0.to.raw) }
        try sidecars.save(sidecar, Sidecars.mailboxes)
        try finishRenames(&sidecar)
    }

    /// Does what the sidecar says was begun. A folder whose new name somebody else has taken meanwhile keeps its old one.
    func finishRenames(_ sidecar: inout MailboxSidecar) throws(StoreError) {
        guard let renames = sidecar.renames else { return }
        var subscribed = try Subscriptions.load(maildir: maildir.path)
        for rename in renames {
            let from = FolderName(raw: rename.from)
            let to = FolderName(raw: rename.to)
            if DiskFile.exists(maildir.path(of: from)) {
                guard !DiskFile.exists(maildir.path(of: to)) else {
                    for index in sidecar.mailboxes.indices where sidecar.mailboxes[index].folder == to.raw {
                        sidecar.mailboxes[index].folder = from.raw
                    }
                    continue
                }
                try DiskFile.move(maildir.path(of: from), to: maildir.path(of: to))
                CrashPoint.reached("folder.renamed")
            }
            if subscribed?.remove(from) != nil { subscribed!.insert(to) }
        }
        try Folder.sync(maildir.path)
        if let subscribed { try Subscriptions.save(subscribed, maildir: maildir.path) }
        sidecar.renames = nil
        try sidecars.save(sidecar, Sidecars.mailboxes)
    }

    private func subscribe(_ folder: FolderName, _ isSubscribed: Bool, all rows: [MailboxRow]) throws(StoreError) {
        var folders = try Subscriptions.load(maildir: maildir.path) ?? Set(rows.filter(\.isSubscribed).map(\.folder))
        if isSubscribed { folders.insert(folder) } else { folders.remove(folder) }
        try Subscriptions.save(folders, maildir: maildir.path)
    }

    func insertMailbox(
        _ id: MailboxID, _ folder: FolderName, parent: MailboxID?, role: MailboxRole?, sortOrder: Int,
        isSubscribed: Bool, _ transaction: IndexTransaction
    ) throws {
        try transaction.db.execute(
            sql: """
                INSERT INTO mailboxes (id, folder, name, parent, role, sort_order, subscribed) VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [id.rawValue, folder.raw, folder.name, parent?.rawValue, role?.rawValue, sortOrder, isSubscribed])
        try transaction.log(KindNumber.mailbox, .created, id.rawValue, thread: nil)
    }

    func removeMailbox(_ row: MailboxRow, _ transaction: IndexTransaction) throws {
        let emails = try Row.fetchAll(
            transaction.db, sql: "SELECT \(EmailRow.columns) FROM emails WHERE mailbox = ?", arguments: [row.number])
        for email in emails { try transaction.remove(EmailRow(email)) }
        try transaction.settleThreads()
        try transaction.db.execute(sql: "DELETE FROM mailboxes WHERE number = ?", arguments: [row.number])
        try transaction.log(KindNumber.mailbox, .destroyed, row.id.rawValue, thread: nil)
        if row.role == .trash { try recountUnreadThreads(transaction) }
    }

    /// What `unread_threads` means changes with the trash: counts anew.
    func recountUnreadThreads(_ transaction: IndexTransaction) throws {
        try transaction.settleTrash()
        let old = try Row.fetchAll(transaction.db, sql: "SELECT number, id, unread_threads FROM mailboxes")
        for row in old {
            let number: Int64 = row[0]
            let count = try MailIndex.unreadThreads(number, transaction.db)
            guard count != row[2] else { continue }
            try transaction.db.execute(
                sql: "UPDATE mailboxes SET unread_threads = ? WHERE number = ?", arguments: [count, number])
            try transaction.log(KindNumber.mailbox, .counted, row[1] as String, thread: nil)
        }
    }
}

extension MailIndex {
    /// Conversations of a mailbox that show an unread email there; the trash is a world of its own (RFC 8621 §2).
    static func unreadThreads(_ mailbox: Int64, _ db: Database) throws -> Int {
        try Int.fetchOne(
            db,
            sql: """
                SELECT count(*) FROM mailbox_threads a WHERE a.mailbox = :mailbox AND CASE
                    WHEN :mailbox IN (SELECT number FROM mailboxes WHERE role = 'trash') THEN a.unread > 0
                    ELSE EXISTS (
                        SELECT 1 FROM mailbox_threads b WHERE b.thread = a.thread AND b.unread > 0
                            AND b.mailbox NOT IN (SELECT number FROM mailboxes WHERE role = 'trash'))
                END
                """,
            arguments: ["mailbox": mailbox]) ?? 0
    }
}
