package import Disk
import GRDB

extension MailAccount {
    /// Applies each patch: one change, one sequence each; one sync a directory, one transaction for all.
    ///
    /// - Returns: the failures (`notFound` for the email or its new mailbox); all others succeeded.
    package func updateEmails(_ patches: [(id: EmailID, patch: EmailPatch)]) throws(StoreError) -> [EmailID: StoreError] {
        try changeEmails { changes in
            for (id, patch) in patches { try changes.apply(patch, to: id) }
        }
    }

    /// Removes emails for good; one sync a directory, one transaction for all.
    ///
    /// - Returns: the failures (`notFound`); all others succeeded.
    package func destroyEmails(_ ids: [EmailID]) throws(StoreError) -> [EmailID: StoreError] {
        try changeEmails { changes in
            for id in ids { try changes.destroy(id) }
        }
    }

    private func changeEmails(_ body: (inout EmailChanges) throws -> Void) throws(StoreError) -> [EmailID: StoreError] {
        var undo: [(from: String, to: String)] = []
        do throws(StoreError) {
            return try write { transaction in
                var changes = EmailChanges(transaction, maildir, sidecars)
                defer { undo = changes.renamed }
                try body(&changes)
                try changes.settle()
                return changes.failures
            }
        } catch {
            for (from, to) in undo.reversed() { try? DiskFile.move(to, to: from) }
            throw error
        }
    }
}

/// One batch of changes to emails: files are renamed or removed as each is applied; `settle` syncs the directories.
struct EmailChanges {
    private let transaction: IndexTransaction
    private let maildir: Maildir
    private var directories: TouchedDirectories
    private var keywords: KeywordBook
    private var mailboxes: [Int64: MailboxRow] = [:]
    private(set) var failures: [EmailID: StoreError] = [:]
    /// What was renamed, to take it back when the index refuses.
    private(set) var renamed: [(from: String, to: String)] = []

    init(_ transaction: IndexTransaction, _ maildir: Maildir, _ sidecars: Sidecars) {
        self.transaction = transaction
        self.maildir = maildir
        directories = TouchedDirectories(transaction.db, maildir)
        keywords = KeywordBook(maildir: maildir, sidecars: sidecars)
    }

    mutating func apply(_ patch: EmailPatch, to id: EmailID) throws {
        guard let key = id.key, let row = try transaction.email(key), let source = try mailbox(row.mailbox) else {
            failures[id] = .notFound
            return
        }
        var target = source
        if let wanted = patch.mailboxId, wanted != source.id {
            guard let found = try MailboxRow.find(wanted, transaction.db) else {
                failures[id] = .notFound
                return
            }
            target = found
        }
        mailboxes[target.number] = target
        var new = row
        new.mailbox = target.number
        new.flags = EmailChanges.flags(row.flags, patch.keywords)
        guard new.mailbox != row.mailbox || new.flags != row.flags else { return }
        do throws(StoreError) {
            try rename(row, &new, from: source, to: target)
        } catch {
            guard error == .notFound else { throw error }
            failures[id] = .notFound
            return
        }
        try transaction.update(row, to: new)
    }

    private mutating func rename(
        _ row: EmailRow, _ new: inout EmailRow, from source: MailboxRow, to target: MailboxRow
    ) throws(StoreError) {
        do throws(StoreError) {
            try rename(row.file, row, &new, from: source, to: target)
        } catch {
            // Another program changed its flags since we last looked.
            guard error == .notFound, let file = try locate(row, in: source) else { throw error }
            try rename(file, row, &new, from: source, to: target)
        }
    }

    private mutating func rename(
        _ file: String, _ row: EmailRow, _ new: inout EmailRow, from source: MailboxRow, to target: MailboxRow
    ) throws(StoreError) {
        guard let name = MaildirName(String(file.dropFirst(4))) else { throw .notFound }
        new.file = try keywords.file(
            base: String(name.base), flags: new.flags, old: name.letters, mailbox: target, email: row.key,
            isNew: file.hasPrefix("new/"))
        do { try keywords.save(transaction.db) } catch { throw StoreError(database: error) }
        let from = maildir.path(of: file, in: source.folder)
        let to = maildir.path(of: new.file, in: target.folder)
        guard from != to else { return }
        directories.willChange(target, new.file)
        directories.willChange(source, file)
        try DiskFile.move(from, to: to)
        directories.didChange(target, new.file)
        directories.didChange(source, file)
        CrashPoint.reached("file.renamed")
        renamed.append((from, to))
    }

    mutating func destroy(_ id: EmailID) throws {
        guard let key = id.key, let row = try transaction.email(key), let source = try mailbox(row.mailbox) else {
            failures[id] = .notFound
            return
        }
        directories.willChange(source, row.file)
        do throws(StoreError) {
            try DiskFile.remove(maildir.path(of: row.file, in: source.folder))
            directories.didChange(source, row.file)
        } catch {
            guard error == .notFound else { throw error }
            if let file = try locate(row, in: source) {
                directories.willChange(source, file)
                try DiskFile.remove(maildir.path(of: file, in: source.folder))
                directories.didChange(source, file)
            }
        }
        CrashPoint.reached("file.removed")
        try transaction.remove(row)
    }

    /// Makes the batch durable.
    mutating func settle() throws { try directories.sync() }

    private mutating func mailbox(_ number: Int64) throws -> MailboxRow? {
        if let known = mailboxes[number] { return known }
        let found = try MailboxRow.find(number: number, transaction.db)
        mailboxes[number] = found
        return found
    }

    private func locate(_ row: EmailRow, in mailbox: MailboxRow) throws(StoreError) -> String? {
        try FolderScan(maildir.path(of: mailbox.folder)).messages[row.key]?.file
    }

    private static func flags(_ old: EmailFlags, _ change: EmailPatch.Keywords) -> EmailFlags {
        switch change {
        case .unchanged: return old
        case .set(let keywords): return EmailFlags(keywords)
        case .patch(let add, let remove): return EmailFlags(old.keywords.subtracting(remove).union(add))
        }
    }
}
