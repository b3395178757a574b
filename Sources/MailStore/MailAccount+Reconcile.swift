package import Disk
import GRDB
import Synchronization

extension MailAccount {
    /// Compares every folder with the index, whatever the directory times say, and takes over what differs as ordinary changes.
    package func reconcile() throws(StoreError) {
        try refresh(isFull: true)
    }

    /// Takes over what other programs did to folders whose directory times changed.
    ///
    /// - Parameters:
    ///   - isFirst: at opening: records are compared too.
    ///   - isFull: looks into every folder.
    ///   - suspects: folders to look into, whatever their times say.
    func refresh(
        isFirst: Bool = false, isFull: Bool = false, suspects: Set<FolderName> = []
    ) throws(StoreError) {
        lastRefresh.store(UnixTime.now.milliseconds, ordering: .relaxed)
        // While an index is built all folders are read anyway; what changes meanwhile is found at its end.
        guard unbuilt.isEmpty, !isClosed else { return }
        var isDirty = isFull || isFirst || !suspects.isEmpty
        if !isDirty { isDirty = try isSomethingChanged() }
        guard isDirty else { return publishForeign() }
        if isFirst || isFull { try writeQuietly { try takeOverRecords($0) } }
        var later: [BuildItem] = []
        try write { transaction in
            let gone = try takeOverFolders(transaction)
            var reconciliation = Reconciliation(transaction, maildir, sidecars)
            for mailbox in try MailboxRow.all(transaction.db) where !gone.contains(where: { $0.number == mailbox.number }) {
                if isFull || suspects.contains(mailbox.folder) || reconciliation.isChanged(mailbox) {
                    try reconciliation.scan(mailbox)
                }
            }
            later = try reconciliation.settle()
            for mailbox in gone { try removeMailbox(mailbox, transaction) }
            try IndexTransaction.set("root", reconciliation.rootStamp, transaction.db)
        }
        unbuilt = later.sorted { $0.received < $1.received }
        watchFolders()
        scheduleBackground()
    }

    private func isSomethingChanged() throws(StoreError) -> Bool {
        do {
            return try index.pool.read { db in
                let root = try Int64.fetchOne(db.cachedStatement(sql: "SELECT value FROM facts WHERE name = 'root'"))
                if root != Reconciliation.rootStamp(maildir) { return true }
                return try MailboxRow.all(db).contains { Reconciliation.isChanged($0, maildir) }
            }
        } catch {
            throw StoreError(database: error)
        }
    }

    /// Another process may have changed files and index together: the feed is told all the same.
    private func publishForeign() {
        guard feed.hasReaders, let change = try? index.states() else { return }
        feed.publish(change)
    }

    // MARK: Watching

    /// Watches the folders while somebody listens, and tells the new listener where things stand.
    func beginWatching(for reader: Int) {
        guard !isClosed else { return }
        if watch == nil {
            watch = DirectoryWatch { [weak self] events in self?.notice(events) }
            watchFolders()
            try? refresh()
        }
        if let states = try? index.states() { feed.greet(reader, states) }
    }

    /// Many events come in a burst: the first waits a little, and looks once for all.
    private nonisolated func notice(_ new: [DirectoryWatch.Event]) {
        guard events.withLock({ $0.add(new) }) else { return }
        Task { [weak self] in
            try? await Task.sleep(for: .milliseconds(150))
            await self?.lookAtEvents()
        }
    }

    private func lookAtEvents() {
        let pending = events.withLock { $0.take() }
        guard !isClosed else { return }
        guard feed.hasReaders else {
            watch = nil
            return
        }
        try? refresh(suspects: suspects(pending))
    }

    /// The folders in which a name came or went that the index does not know of. Our own changes are in it by now, and
    /// directory times cannot tell a foreign change that fell into the same moment as ours.
    private func suspects(_ pending: PendingEvents) -> Set<FolderName> {
        (try? index.pool.read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT m.folder, e.file FROM emails e JOIN mailboxes m ON m.number = e.mailbox WHERE e.id = ?")
            var suspects: Set<FolderName> = []
            for event in pending.events {
                guard let folder = maildir.folder(ofDirectory: event.directory), let name = MaildirName(event.name) else { continue }
                let row = try Row.fetchOne(statement, arguments: [name.key])
                let file = String(event.directory.suffix(3)) + "/" + event.name
                let isKnown = row.map { ($0[0] as String) == folder.raw && ($0[1] as String) == file } ?? false
                let isExpected = event.isGone ? !isKnown : isKnown || (name.isDeleted && row == nil)
                if !isExpected { suspects.insert(folder) }
            }
            return suspects
        }) ?? []
    }

    private func watchFolders() {
        guard let watch else { return }
        watch.add(maildir.path)
        for folder in (try? maildir.folders()) ?? [] {
            watch.add(maildir.path(of: folder) + "/cur")
            watch.add(maildir.path(of: folder) + "/new")
        }
    }
}

/// What inotify told and nobody has looked at yet.
struct PendingEvents {
    private(set) var events: [DirectoryWatch.Event] = []
    private var isScheduled = false

    /// Whether somebody must be sent to look.
    mutating func add(_ new: [DirectoryWatch.Event]) -> Bool {
        // Beyond this, directory times must do.
        if events.count < 4096 { events += new }
        defer { isScheduled = true }
        return !isScheduled
    }

    mutating func take() -> PendingEvents {
        defer { self = PendingEvents() }
        return self
    }
}

/// One comparison of folders with the index, inside a transaction.
struct Reconciliation {
    /// New files up to this many are indexed at once, the rest in the background.
    private static let promptLimit = 500

    private let transaction: IndexTransaction
    private let maildir: Maildir
    private let sidecars: Sidecars
    private var keywords: KeywordBook
    private var missing: [EmailRow] = []
    private var arrived: [BuildItem] = []
    private var stamps: [Int64: (cur: Int64, new: Int64, keywords: Int64)] = [:]
    let rootStamp: Int64

    init(_ transaction: IndexTransaction, _ maildir: Maildir, _ sidecars: Sidecars) {
        self.transaction = transaction
        self.maildir = maildir
        self.sidecars = sidecars
        keywords = KeywordBook(maildir: maildir, sidecars: sidecars)
        rootStamp = Reconciliation.rootStamp(maildir)
    }

    func isChanged(_ mailbox: MailboxRow) -> Bool { Reconciliation.isChanged(mailbox, maildir) }

    static func isChanged(_ mailbox: MailboxRow, _ maildir: Maildir) -> Bool {
        let path = maildir.path(of: mailbox.folder)
        return Folder.modified(path + "/cur") ?? 0 != mailbox.curStamp || Folder.modified(path + "/new") ?? 0 != mailbox.newStamp
            || keywordsStamp(path) != mailbox.keywordsStamp
    }

    static func rootStamp(_ maildir: Maildir) -> Int64 { Folder.modified(maildir.path) ?? 0 }

    static func keywordsStamp(_ path: String) -> Int64 {
        DiskFile.status(path + "/" + FolderKeywords.fileName)?.modified ?? 0
    }

    /// Compares one folder: what moved in and what changed is taken over at once; arrivals and losses are collected.
    mutating func scan(_ mailbox: MailboxRow) throws {
        let path = maildir.path(of: mailbox.folder)
        let keywordsStamp = Reconciliation.keywordsStamp(path)
        let scan = try FolderScan(path)
        stamps[mailbox.number] = (scan.curStamp, scan.newStamp, keywordsStamp)
        var unknown = scan.messages
        let rows = try Row.fetchAll(
            transaction.db, sql: "SELECT \(EmailRow.columns) FROM emails WHERE mailbox = ?", arguments: [mailbox.number])
        for row in rows.lazy.map(EmailRow.init) {
            guard let found = unknown.removeValue(forKey: row.key) else {
                missing.append(row)
                continue
            }
            if found.file != row.file || keywordsStamp != mailbox.keywordsStamp { try take(found, for: row, in: mailbox) }
        }
        for found in unknown.values.sorted(by: { ($0.isNew ? 1 : 0, $0.name.full) < ($1.isNew ? 1 : 0, $1.name.full) }) { try receive(found, in: mailbox) }
        for double in scan.doubles { try receiveDouble(double, in: mailbox) }
    }

    /// The email is known: its file has another name, or came from another folder.
    private mutating func take(_ found: FolderScan.Found, for row: EmailRow, in mailbox: MailboxRow) throws {
        var new = row
        new.mailbox = mailbox.number
        new.file = found.file
        new.flags = try keywords.flags(of: found.name, folder: mailbox.folder, email: row.key)
        if new.file != row.file || new.flags != row.flags || new.mailbox != row.mailbox {
            try transaction.update(row, to: new)
        }
    }

    private mutating func receive(_ found: FolderScan.Found, in mailbox: MailboxRow) throws {
        let key = found.name.key
        guard let row = try transaction.email(key) else { return try expect(found, key: key, in: mailbox) }
        let home = try MailboxRow.find(number: row.mailbox, transaction.db)
        if let home, row.mailbox != mailbox.number, DiskFile.exists(maildir.path(of: row.file, in: home.folder)) {
            try receiveDouble(found, in: mailbox)
        } else {
            try take(found, for: row, in: mailbox)
        }
    }

    /// A copy that another program made under the same unique name: it gets a name, and so an id, of its own.
    private mutating func receiveDouble(_ found: FolderScan.Found, in mailbox: MailboxRow) throws {
        let fields = found.name.full.dropFirst(found.name.unique.count)
        let name = UniqueName.next() + fields
        let file = found.file.prefix(4) + name
        let path = maildir.path(of: mailbox.folder)
        do throws(StoreError) {
            try DiskFile.move(path + "/" + found.file, to: path + "/" + file)
        } catch {
            guard error == .notFound else { throw error }
            return
        }
        guard let renamed = MaildirName(name) else { return }
        try expect(FolderScan.Found(name: renamed, isNew: found.isNew), key: renamed.key, in: mailbox)
    }

    private mutating func expect(_ found: FolderScan.Found, key: Int64, in mailbox: MailboxRow) throws {
        let file = found.file
        let folder = maildir.path(of: mailbox.folder)
        guard let status = DiskFile.status(folder + "/" + file) else { return }
        arrived.append(
            BuildItem(
                mailbox: mailbox.number, key: key, folder: folder, file: file, thread: found.name.thread,
                flags: try keywords.flags(of: found.name, folder: mailbox.folder, email: key),
                received: status.modified / 1_000_000, size: status.size))
    }

    /// Indexes what arrived, removes what is gone, notes the times.
    ///
    /// - Returns: what is left to index in the background.
    mutating func settle() throws -> [BuildItem] {
        for row in missing {
            // It may have turned up in a folder that was looked at later.
            guard let now = try transaction.email(row.key), now.mailbox == row.mailbox, now.file == row.file else { continue }
            try transaction.remove(now)
        }
        arrived.sort { ($0.received, $0.file) < ($1.received, $1.file) }
        let prompt = arrived.suffix(Reconciliation.promptLimit)
        let later = Array(arrived.dropLast(prompt.count))
        var threads = try ThreadBook(sidecars)
        for built in BuildItem.parsed(Array(prompt)) {
            try transaction.insert(built, threads: &threads)
            try transaction.markDelivery()
        }
        try threads.save()
        let unfinished = Set(later.map(\.mailbox))
        for (mailbox, stamp) in stamps {
            // A folder with files still to come must look changed until they are in.
            let isDone = !unfinished.contains(mailbox)
            try transaction.db.execute(
                sql: "UPDATE mailboxes SET cur_stamp = ?, new_stamp = ?, keywords_stamp = ? WHERE number = ?",
                arguments: [isDone ? stamp.cur : 0, isDone ? stamp.new : 0, stamp.keywords, mailbox])
        }
        return later
    }
}

/// Decides the conversation of files that were not named by us, so that a rebuild decides the same.
struct ThreadBook {
    private let sidecars: Sidecars
    private var exceptions: [String: String]
    private var isChanged: Bool
    /// Whether messages without a stated conversation may join one; not in a rebuild, where all was decided before.
    private let mayJoin: Bool

    /// - Parameter isRebuild: whether every file may have been indexed before.
    init(_ sidecars: Sidecars, isRebuild: Bool = false) throws(StoreError) {
        self.sidecars = sidecars
        let sidecar = try sidecars.load(ThreadSidecar.self, Sidecars.threads)
        exceptions = sidecar?.threads ?? [:]
        isChanged = sidecar == nil
        mayJoin = !isRebuild || sidecar == nil
    }

    mutating func thread(of built: BuiltItem, in transaction: IndexTransaction) throws -> Int64 {
        if let stated = built.item.thread { return stated }
        let id = EmailID(key: built.item.key).rawValue
        if let kept = exceptions[id], let thread = Base32.decode(kept) { return thread }
        let derived = built.digest.derivedThread(email: built.item.key)
        guard mayJoin, let joined = try transaction.thread(sharing: built.digest.threadKeys), joined != derived else {
            return derived
        }
        exceptions[id] = Base32.encode(joined)
        isChanged = true
        return joined
    }

    /// Writes the exceptions; before the index transaction ends.
    mutating func save() throws(StoreError) {
        guard isChanged else { return }
        try sidecars.save(ThreadSidecar(threads: exceptions), Sidecars.threads)
        isChanged = false
    }
}

extension IndexTransaction {
    /// Adds a file that was found; nothing happens when its email is there already.
    @discardableResult
    func insert(_ built: BuiltItem, threads: inout ThreadBook, withText: Bool = false) throws -> Int64? {
        let item = built.item
        guard try email(item.key) == nil else { return nil }
        let row = EmailRow(
            number: 0, key: item.key, mailbox: item.mailbox, thread: try threads.thread(of: built, in: self),
            received: item.received, size: item.size, flags: item.flags, file: item.file)
        let number = try insert(row, digest: built.digest, number: item.number, withText: withText)
        if withText { try addText(number, built.digest.document) }
        return number
    }
}
