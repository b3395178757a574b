package import Disk
internal import Formats
internal import GRDB
internal import Glibc
package import Logging
internal import Synchronization

/// The one database that cannot be rebuilt: domains, accounts, routes, secrets.
///
/// Reads go to `snapshot`. Every write is one synced transaction, after which `snapshot` already shows it. Several processes
/// may hold one directory open: `followOtherWriters()` brings in what the others wrote.
package final class Directory: Sendable {
    let database: DatabasePool
    private let logger: Logger
    private let current: Mutex<DirectorySnapshot>
    /// Accounts that are gone since somebody asked; nil while nobody does.
    private let gone = Mutex<[Account]?>(nil)
    /// Serialises loading, so that an older load never replaces a newer one.
    private let loader = SnapshotLoader()
    package let sessions: Sessions
    let secrets: DirectorySecrets
    /// Seconds since 1970.
    let now: @Sendable () -> Int64
    private let publicSuffixFile: String
    private let knownSuffixes = Mutex<PublicSuffixList?>(nil)

    /// Opens or makes `directory.sqlite` at `path`, brings its schema up to date, and loads the first snapshot.
    ///
    /// Blocks; call it once at start. The file is readable by its owner only. Throws `StoreError.unavailable`.
    ///
    /// - Parameters:
    ///   - publicSuffixFile: the list of Debian's package `publicsuffix`; without it a few built-in names do
    ///   - now: seconds since 1970
    package init(
        path: String, logger: Logger, publicSuffixFile: String = "/usr/share/publicsuffix/public_suffix_list.dat",
        now: @escaping @Sendable () -> Int64 = { Int64(time(nil)) }
    ) throws(StoreError) {
        self.logger = logger
        self.publicSuffixFile = publicSuffixFile
        self.now = now
        secrets = DirectorySecrets(keyFile: "\(Folder.parent(of: path))/directory.key")
        do {
            database = try DirectoryFile.open(path)
            try DirectorySchema.migrator.migrate(database)
            current = Mutex(try database.read { try DirectorySnapshot.load(from: $0).snapshot })
            sessions = Sessions(database: database)
        } catch {
            logger.error("directory cannot be opened", metadata: ["path": "\(path)", "error": "\(error)"])
            throw .unavailable(reason: "directory: \(error)")
        }
    }

    /// The directory as it is now.
    package var snapshot: DirectorySnapshot { current.withLock { $0 } }

    /// The names that nobody can own. Read from their file when they are first asked for.
    var publicSuffixes: PublicSuffixList {
        if let known = knownSuffixes.withLock({ $0 }) { return known }
        let bytes = try? DiskFile.contents(publicSuffixFile)
        if bytes == nil {
            logger.warning(
                "no list of public suffixes: only the commonest are refused as domains (install publicsuffix)",
                metadata: ["path": "\(publicSuffixFile)"])
        }
        let list = bytes.map { PublicSuffixList(parsing: $0) } ?? .builtIn
        knownSuffixes.withLock { $0 = list }
        return list
    }

    /// Looks once whether somebody else wrote, and swaps the snapshot if so. Costs one row read when nobody did.
    package func refresh() async throws(StoreError) {
        do {
            let (revision, sessionsRevision) = try await database.read { db -> (Int64, Int64) in
                let row = try Row.fetchOne(db, sql: "SELECT revision, sessions_revision FROM directory_state")
                guard let row else { throw StoreError.unavailable(reason: "the directory has no state row") }
                return (row[0], row[1])
            }
            sessions.forgetCached(unless: sessionsRevision)
            guard revision != snapshot.revision else { return }
            try await reload()
        } catch {
            throw StoreError(directory: error)
        }
    }

    /// Looks every second for what other processes wrote, until cancelled.
    ///
    /// - Parameter onRemoval: told of each account that is gone
    package func followOtherWriters(onRemoval: @Sendable (Account) async -> Void = { _ in }) async {
        gone.withLock { $0 = [] }
        defer { gone.withLock { $0 = nil } }
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: .seconds(1))
                try await refresh()
                let removed = gone.withLock { gone in
                    defer { gone = [] }
                    return gone ?? []
                }
                for account in removed { await onRemoval(account) }
            } catch is CancellationError {
                return
            } catch {
                logger.error("directory cannot be read", metadata: ["error": "\(error)"])
            }
        }
    }

    /// One transaction, and then the snapshot that shows it.
    @discardableResult
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(StoreError) -> Result {
        do {
            let result = try await database.write { db in
                let result = try body(db)
                try DirectoryChange.trim(db)
                return result
            }
            try await reload()
            return result
        } catch {
            throw StoreError(directory: error)
        }
    }

    private func reload() async throws {
        try await loader.load {
            let previous = self.snapshot
            let (present, gone) = try await self.database.read { try DirectorySnapshot.load(since: previous, from: $0) }
            self.current.withLock { $0 = present }
            self.gone.withLock { $0?.append(contentsOf: gone) }
        }
    }
}

/// Lets one load run at a time; those who wait meanwhile are served by the next one together.
private actor SnapshotLoader {
    private var next: Task<Void, any Error>?
    private var running: Task<Void, any Error>?

    func load(_ body: @escaping @Sendable () async throws -> Void) async throws {
        if let next { return try await next.value }
        let previous = running
        let task = Task {
            _ = try? await previous?.value
            self.startNext()
            try await body()
        }
        next = task
        try await task.value
    }

    /// The waiting load begins: whoever comes from now on may have written after it, and waits for another.
    private func startNext() {
        running = next
        next = nil
    }
}
