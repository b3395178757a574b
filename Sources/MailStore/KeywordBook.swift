import Disk
import GRDB

/// Finds file names for flags during one change: knows each folder's letters, and what spills over into `keywords.json`.
struct KeywordBook {
    private let maildir: Maildir
    private let sidecars: Sidecars
    private var folders: [FolderName: FolderKeywords] = [:]
    private var spilled: KeywordSidecar?
    private var isSpillChanged = false

    init(maildir: Maildir, sidecars: Sidecars) {
        self.maildir = maildir
        self.sidecars = sidecars
    }

    /// `cur/<base>:2,<letters>`, or `new/<base>` when nothing is set and the message is still new.
    mutating func file(
        base: String, flags: EmailFlags, old letters: Substring, mailbox: MailboxRow, email: Int64, isNew: Bool
    ) throws(StoreError) -> String {
        let isNeeded = !flags.others.isEmpty || flags.bits & EmailFlags.forwarded != 0
        var book = try keywords(of: mailbox.folder, isNeeded: isNeeded)
        let (letters, rest) = book.letters(flags, old: letters)
        if isNeeded { folders[mailbox.folder] = book }
        try spill(rest, email)
        return letters.isEmpty && isNew ? "new/\(base)" : "cur/\(base):2,\(letters)"
    }

    /// The flags a file's name means.
    mutating func flags(of name: MaildirName, folder: FolderName, email: Int64) throws(StoreError) -> EmailFlags {
        let letters = name.letters
        let hasKeywords = letters.utf8.contains { (0x61...0x7A).contains($0) }
        let book = try keywords(of: folder, isNeeded: hasKeywords)
        let spilled = try spilledKeywords()
        return book.flags(letters, extra: spilled.isEmpty ? [] : spilled[EmailID(key: email).rawValue] ?? [])
    }

    /// Writes what changed; before any file gets a name that relies on it.
    mutating func save(_ db: Database) throws {
        for (folder, book) in folders where book.isChanged {
            let path = maildir.path(of: folder) + "/" + FolderKeywords.fileName
            try AtomicFile.write(book.bytes, to: path)
            folders[folder]!.markWritten()
            try db.execute(
                sql: "UPDATE mailboxes SET keywords_stamp = ? WHERE folder = ?",
                arguments: [DiskFile.status(path)?.modified ?? 0, folder.raw])
        }
        if isSpillChanged, let spilled {
            try sidecars.save(spilled, Sidecars.keywords)
            isSpillChanged = false
        }
    }

    private mutating func keywords(of folder: FolderName, isNeeded: Bool) throws(StoreError) -> FolderKeywords {
        if let known = folders[folder] { return known }
        guard isNeeded else { return FolderKeywords(parsing: []) }
        let loaded = try FolderKeywords(folder: maildir.path(of: folder))
        folders[folder] = loaded
        return loaded
    }

    private mutating func spilledKeywords() throws(StoreError) -> [String: [String]] {
        if spilled == nil { spilled = try sidecars.load(KeywordSidecar.self, Sidecars.keywords) ?? KeywordSidecar() }
        return spilled!.keywords
    }

    private mutating func spill(_ keywords: [String], _ email: Int64) throws(StoreError) {
        if keywords.isEmpty, try spilledKeywords().isEmpty { return }
        let id = EmailID(key: email).rawValue
        let old = try spilledKeywords()[id]
        guard old ?? [] != keywords else { return }
        spilled!.keywords[id] = keywords.isEmpty ? nil : keywords
        isSpillChanged = true
    }
}
