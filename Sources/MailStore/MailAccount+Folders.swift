import Disk
import GRDB

extension MailAccount {
    /// What a new account has, in the order a client shows it.
    private static let defaults: [(role: MailboxRole, name: String, sortOrder: Int)] = [
        (.drafts, "Drafts", 2), (.sent, "Sent", 3), (.archive, "Archive", 4), (.junk, "Junk", 5), (.trash, "Trash", 6),
    ]

    /// Names under which other programs keep what has a role; only looked at when an account is first opened.
    private static let knownNames: [String: MailboxRole] = [
        "drafts": .drafts, "sent": .sent, "sent messages": .sent, "sent items": .sent, "archive": .archive,
        "archives": .archive, "junk": .junk, "spam": .junk, "junk e-mail": .junk, "trash": .trash,
        "deleted messages": .trash, "deleted items": .trash,
    ]

    /// Before the index is looked at: finishes what a crash interrupted, and gives a new account its folders and roles.
    func prepareFolders() throws(StoreError) {
        if var sidecar = try sidecars.load(MailboxSidecar.self, Sidecars.mailboxes) {
            return try finishRenames(&sidecar)
        }
        var sidecar = MailboxSidecar()
        var taken: Set<MailboxRole> = [.inbox]
        for folder in try maildir.folders() {
            var role: MailboxRole? = folder == .inbox ? .inbox : nil
            if folder.parent == nil, let known = MailAccount.knownNames[folder.name.lowercased()],
                taken.insert(known).inserted
            {
                role = known
            }
            add(folder, role, to: &sidecar)
        }
        for (role, name, _) in MailAccount.defaults where !taken.contains(role) {
            let folder = FolderName(raw: "." + name)
            try? maildir.make(folder)
            add(folder, role, to: &sidecar)
        }
        try sidecars.save(sidecar, Sidecars.mailboxes)
    }

    private func add(_ folder: FolderName, _ role: MailboxRole?, to sidecar: inout MailboxSidecar) {
        guard sidecar.entry(folder) == nil else { return }
        let order = folder == .inbox ? 1 : MailAccount.defaults.first { $0.role == role }?.sortOrder ?? 10
        let id = freshId(folder, taken: Set(sidecar.mailboxes.map(\.id)))
        sidecar.mailboxes.append(.init(id: id, folder: folder.raw, role: role, sortOrder: order))
    }

    /// Brings `mailboxes` in step with folders and sidecars.
    ///
    /// - Returns: the mailboxes whose folder is gone; their emails may have moved, so they are removed later.
    func takeOverFolders(_ transaction: IndexTransaction) throws -> [MailboxRow] {
        var rows = try MailboxRow.all(transaction.db)
        let folders = try completed(maildir.folders())
        var sidecar = try sidecars.load(MailboxSidecar.self, Sidecars.mailboxes) ?? MailboxSidecar()
        let subscribed = try Subscriptions.load(maildir: maildir.path)
        let count = sidecar.mailboxes.count
        for folder in folders where sidecar.entry(folder) == nil { add(folder, folder == .inbox ? .inbox : nil, to: &sidecar) }
        if sidecar.mailboxes.count != count { try sidecars.save(sidecar, Sidecars.mailboxes) }
        // A folder that a sidecar names anew was renamed by us, and we died before the index knew.
        func isRenamed(_ row: MailboxRow) -> Bool {
            sidecar.mailboxes.contains { $0.id == row.id && folders.contains(FolderName(raw: $0.folder)) }
        }
        let gone = rows.filter { !folders.contains($0.folder) && !isRenamed($0) }
        for row in gone where row.role != nil {
            // A role is unique: whoever takes the folder's place may have it.
            try transaction.db.execute(sql: "UPDATE mailboxes SET role = NULL WHERE number = ?", arguments: [row.number])
        }
        rows.removeAll { row in gone.contains { $0.number == row.number } }
        var isTrashChanged = gone.contains { $0.role == .trash }
        for folder in folders {
            let entry = sidecar.entry(folder)!
            let parent = folder.parent.flatMap { sidecar.entry($0)?.id }
            let isSubscribed = subscribed?.contains(folder) ?? true
            let known = rows.first { $0.folder == folder } ?? rows.first { $0.id == entry.id }
            guard let row = known else {
                try insertMailbox(
                    entry.id, folder, parent: parent, role: entry.role, sortOrder: entry.sortOrder,
                    isSubscribed: isSubscribed, transaction)
                if entry.role == .trash { isTrashChanged = true }
                continue
            }
            guard row.folder != folder || row.id != entry.id || row.parent != parent || row.role != entry.role || row.sortOrder != entry.sortOrder
                || row.isSubscribed != isSubscribed
            else { continue }
            try transaction.db.execute(
                sql: """
                    UPDATE mailboxes SET id = ?, folder = ?, name = ?, parent = ?, role = ?, sort_order = ?, subscribed = ?
                    WHERE number = ?
                    """,
                arguments: [
                    entry.id.rawValue, folder.raw, folder.name, parent?.rawValue, entry.role?.rawValue, entry.sortOrder, isSubscribed, row.number,
                ])
            if row.id != entry.id {
                try transaction.log(KindNumber.mailbox, .destroyed, row.id.rawValue, thread: nil)
                try transaction.log(KindNumber.mailbox, .created, entry.id.rawValue, thread: nil)
            } else {
                try transaction.log(KindNumber.mailbox, .updated, entry.id.rawValue, thread: nil)
            }
            if row.role == .trash || entry.role == .trash { isTrashChanged = true }
        }
        if isTrashChanged { try recountUnreadThreads(transaction) }
        return gone
    }

    /// Every folder's parents exist in JMAP, so they are made where only the child's directory is there.
    private func completed(_ found: [FolderName]) throws(StoreError) -> [FolderName] {
        var folders = found
        for folder in found {
            var parent = folder.parent
            while let above = parent, !folders.contains(above) {
                do throws(StoreError) { try maildir.make(above) } catch {
                    guard error == .alreadyExists else { throw error }
                    for name in ["cur", "new", "tmp"] { try Folder.make(maildir.path(of: above) + "/" + name) }
                }
                folders.append(above)
                parent = above.parent
            }
        }
        return folders.sorted { $0.raw < $1.raw }
    }
}
