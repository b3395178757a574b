package import Disk
import GRDB
import Synchronization

/// One account's mail: the only writer of its Maildir and index in this process; a lock file keeps other processes apart.
///
/// Every writing method changes files first, synced, then the index, then the feed; when it returns, the change is durable.
/// What others do to the folders is taken over by `refresh`: at opening, when a directory's time changed, and by inotify
/// while somebody listens to `changes()`.
package actor MailAccount {
    package nonisolated let key: AccountKey
    /// The account's folder.
    package nonisolated let path: String
    nonisolated let maildir: Maildir
    nonisolated let sidecars: Sidecars
    nonisolated let index: MailIndex
    nonisolated let lock: FileLock
    nonisolated let deliveries = Mutex<[PendingDelivery]>([])
    nonisolated let feed = ChangeFeed()
    private nonisolated let executor: DiskExecutor

    /// Words of messages that the full-text table has not got yet, by number; bounded by `pendingTextLimit`.
    var pendingTexts: [Int64: SearchDocument] = [:]
    var pendingTextSize = 0
    /// Files that a first build has not indexed yet, oldest received first.
    var unbuilt: [BuildItem] = []
    /// What is parsed of them while the writer is at the ones before.
    var parsing: ParsingAhead?
    /// Only while an index is built.
    var buildThreads: ThreadBook?
    var lastTextChange = UnixTime(milliseconds: 0)
    var background: Task<Void, Never>?
    var watch: DirectoryWatch?
    /// When the folders' times were last looked at, in milliseconds; while an index is built, the time of its last step.
    nonisolated let lastRefresh = Atomic<Int64>(0)
    nonisolated let events = Mutex(PendingEvents())
    var isClosed = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private init(key: AccountKey, path: String, index: MailIndex, lock: FileLock, executor: DiskExecutor) {
        self.key = key
        self.path = path
        maildir = Maildir(path: path + "/Maildir")
        sidecars = Sidecars(path: path)
        self.index = index
        self.lock = lock
        self.executor = executor
    }

    /// Opens the account's folder, making it and the default mailboxes when they are missing, and heals what differs.
    ///
    /// - Parameter reconciling: false leaves an index that is there as it is, for who wants to `verify` it.
    static func open(key: AccountKey, path: String, reconciling: Bool = true) async throws(StoreError) -> MailAccount {
        let executor = DiskExecutor(label: "account")
        let opened = try await DiskExecutor.offload { () throws(StoreError) -> (MailAccount, Bool) in
            let maildir = Maildir(path: path + "/Maildir")
            try maildir.makeInbox()
            try Folder.make(path + "/index")
            let lock = try FileLock(path: path + "/index/lock")
            let (index, isEmpty) = try lock.withLock { () throws(StoreError) in
                try MailIndex.open(folder: path + "/index", maildir: maildir)
            }
            return (MailAccount(key: key, path: path, index: index, lock: lock, executor: executor), isEmpty)
        }
        try await opened.0.start(isEmpty: opened.1, reconciling: reconciling)
        return opened.0
    }

    private func start(isEmpty: Bool, reconciling: Bool) throws(StoreError) {
        guard isEmpty || reconciling else { return }
        try lock.withLock { () throws(StoreError) in
            try maildir.sweep(now: .now)
            try prepareFolders()
        }
        if isEmpty { try beginBuild() } else { try refresh(isFirst: true) }
        scheduleBackground()
    }

    /// Ends background work and closes the index; the account cannot be used afterwards.
    func close() async {
        isClosed = true
        background?.cancel()
        await background?.value
        watch = nil
        feed.finish()
        try? index.pool.close()
    }

    // MARK: Reading

    /// Runs `body` on one snapshot of the index, off the actor; ids and states that it reads belong together.
    package nonisolated func read<Value: Sendable>(
        _ body: @escaping @Sendable (MailReader) throws -> Value
    ) async throws -> Value {
        let maildir = maildir
        do {
            return try await index.pool.read { db in try body(MailReader(db: db, maildir: maildir)) }
        } catch is TextPending {
            // A search, and words of the latest messages are not in the full-text table: put them there first.
            try await indexTexts(limit: MailAccount.searchedTextLimit)
            return try await index.pool.read { db in
                try body(MailReader(db: db, maildir: maildir, mayLackText: true))
            }
        }
    }

    /// The octets of all messages: what a quota limits.
    package nonisolated func usage() async throws(StoreError) -> Int64 {
        do {
            return try await read { try $0.usage() }
        } catch {
            throw StoreError(database: error)
        }
    }

    /// The states after each change from now on, the present ones first. A slow reader misses intermediate ones, never the
    /// last. While there is a reader, what other programs do to the folders is noticed within a second.
    package nonisolated func changes() -> AsyncStream<StateChange> {
        let (stream, reader) = feed.subscribe()
        Task { [weak self] in await self?.beginWatching(for: reader) }
        return stream
    }

    // MARK: Writing

    /// Runs one change on files and index, alone among all processes; rolls the index back when it throws.
    func write<Value>(_ body: (IndexTransaction) throws -> Value) throws(StoreError) -> Value {
        let value = try writeQuietly(body)
        publish()
        return value
    }

    /// - Parameter afresh: whether to empty the index first, in the same transaction.
    func writeQuietly<Value>(
        isLogging: Bool = true, afresh: Bool = false, _ body: (IndexTransaction) throws -> Value
    ) throws(StoreError) -> Value {
        guard !isClosed else { throw .unavailable(reason: "account is closed") }
        do {
            return try lock.withLock {
                try index.pool.write { db in
                    if afresh { try MailIndex.reset(db) }
                    let transaction = try IndexTransaction(db, isLogging: isLogging)
                    let value = try body(transaction)
                    try transaction.finish()
                    CrashPoint.reached("index.written")
                    return value
                }
            }
        } catch {
            throw StoreError(database: error)
        }
    }

    /// Tells the feed the present states, if they differ from those told last.
    func publish() {
        CrashPoint.reached("index.committed")
        guard feed.hasReaders, let change = try? index.states() else { return }
        feed.publish(change)
    }
}

/// Thrown by a search on a snapshot in which some emails' words are missing; `MailAccount.read` sees to it and tries again.
struct TextPending: Error {}
