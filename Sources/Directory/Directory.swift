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
            current = Mutex(try database.read { try DirectorySnapshot(loadingFrom: $0) })
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
        var known = snapshot
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: .seconds(1))
                try await refresh()
                let present = snapshot
                guard present !== known else { continue }
                for account in known.accounts(goneFrom: present) { await onRemoval(account) }
                known = present
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
            let result = try await database.write(body)
            try await reload()
            return result
        } catch {
            throw StoreError(directory: error)
        }
    }

    private func reload() async throws {
        let snapshot = try await loader.load(from: database)
        current.withLock { if snapshot.revision > $0.revision { $0 = snapshot } }
    }
}

/// Lets one load run at a time; those who wait meanwhile are served by the next one together.
private actor SnapshotLoader {
    private var next: Task<DirectorySnapshot, any Error>?
    private var running: Task<DirectorySnapshot, any Error>?

    func load(from database: DatabasePool) async throws -> DirectorySnapshot {
        if let next { return try await next.value }
        let previous = running
        let task = Task {
            _ = try? await previous?.value
            self.startNext()
            return try await database.read { try DirectorySnapshot(loadingFrom: $0) }
        }
        next = task
        return try await task.value
    }

    /// The waiting load begins: whoever comes from now on may have written after it, and waits for another.
    private func startNext() {
        running = next
        next = nil
    }
}
