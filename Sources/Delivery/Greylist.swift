internal import Directory
internal import Disk
internal import Formats
internal import GRDB
internal import Glibc
internal import Logging
internal import SMTP
internal import Synchronization

/// Whom greylisting remembers: a client network, a sender, a recipient. Mission §4.
struct GreylistTriplet: Hashable, Sendable {
    /// The /24 or /64 of the client; `local` for one that has no address.
    let network: String
    let sender: String
    let recipient: String

    init(client: ClientAddress?, sender: ReversePath, recipient: ForwardPath) {
        network = client.map(Self.network) ?? "local"
        self.sender = sender.address?.key ?? sender.description.lowercased()
        self.recipient =
            switch recipient {
            case .mailbox(let address): address.key
            case .postmaster, .literal: recipient.description.lowercased()
            }
    }

    private static func network(_ client: ClientAddress) -> String {
        guard client.bytes.count == 4 else { return "\(client.network)/64" }
        return client.bytes.prefix(3).map { String($0) }.joined(separator: ".") + ".0/24"
    }
}

/// How long greylisting waits and remembers, in seconds.
struct GreylistTiming: Hashable, Sendable {
    /// A retry that comes sooner does not count.
    var wait: Int64 = 300
    /// A retry that comes later is a first attempt again.
    var window: Int64 = 2 * 86_400
    /// For so long after the last message a pass is remembered.
    var memory: Int64 = 36 * 86_400
    /// Triplets kept at most.
    var maximumCount = 1_000_000
}

/// The memory of greylisting: `greylist.sqlite` in the data directory. Losing it delays some mail once more, and nothing else.
final class Greylist: Sendable {
    /// Triplets between two sweeps.
    private static let sweepInterval = 500

    private let pool: DatabasePool
    private let timing: GreylistTiming
    private let now: @Sendable () -> Int64
    private let untilSweep = Mutex(0)

    /// Opens or makes the database; one that is damaged is made anew. Blocks.
    init(
        path: String, timing: GreylistTiming = GreylistTiming(), logger: Logger,
        now: @escaping @Sendable () -> Int64 = { Int64(time(nil)) }
    ) throws(StoreError) {
        self.timing = timing
        self.now = now
        do {
            pool = try Self.open(path)
        } catch {
            logger.warning("greylist begins anew", metadata: ["error": "\(error)"])
            for suffix in ["", "-wal", "-shm"] { try? DiskFile.remove(path + suffix) }
            pool = try Self.open(path)
        }
    }

    private static func open(_ path: String) throws(StoreError) -> DatabasePool {
        let pool = try IndexDatabase.open(path: path, readers: 1)
        do {
            try pool.write { db in
                try db.execute(sql: """
                    CREATE TABLE IF NOT EXISTS triplet (
                        network TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL,
                        first INTEGER NOT NULL, expires INTEGER NOT NULL, passed INTEGER NOT NULL CHECK (passed IN (0, 1)),
                        PRIMARY KEY (network, sender, recipient)
                    ) WITHOUT ROWID;
                    CREATE INDEX IF NOT EXISTS triplet_by_worth ON triplet (passed, expires);
                    """)
            }
            return pool
        } catch {
            throw .unavailable(reason: "\(error)")
        }
    }

    /// Whether each triplet is let through now. What is not is remembered as a first attempt.
    func admit(_ triplets: [GreylistTriplet]) async throws(StoreError) -> [Bool] {
        let (timing, now) = (self.timing, self.now())
        let sweeps = untilSweep.withLock { left in
            left -= triplets.count
            guard left <= 0 else { return false }
            left = Self.sweepInterval
            return true
        }
        do {
            return try await pool.write { db in
                if sweeps { try Self.sweep(db, now, timing) }
                return try triplets.map { try Self.admit($0, db, now, timing) }
            }
        } catch {
            throw .unavailable(reason: "\(error)")
        }
    }

    private static func admit(_ triplet: GreylistTriplet, _ db: Database, _ now: Int64, _ timing: GreylistTiming) throws -> Bool {
        let key: StatementArguments = [triplet.network, triplet.sender, triplet.recipient]
        let known = try Row.fetchOne(
            db, sql: "SELECT first, expires, passed FROM triplet WHERE network = ? AND sender = ? AND recipient = ?", arguments: key)
        // A clock that was set back must not make anybody wait for years.
        if let known, (known["expires"] as Int64) > now, (known["first"] as Int64) <= now {
            guard (known["passed"] as Bool) || now - (known["first"] as Int64) >= timing.wait else { return false }
            try db.execute(
                sql: "UPDATE triplet SET passed = 1, expires = ? WHERE network = ? AND sender = ? AND recipient = ?",
                arguments: [now + timing.memory] + key)
            return true
        }
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO triplet (network, sender, recipient, first, expires, passed) VALUES (?, ?, ?, ?, ?, 0)
                """, arguments: key + [now, now + timing.window])
        return timing.wait <= 0
    }

    /// Drops what has expired, and where there is too much the first attempts that are oldest, then the passes.
    private static func sweep(_ db: Database, _ now: Int64, _ timing: GreylistTiming) throws {
        try db.execute(sql: "DELETE FROM triplet WHERE expires <= ?", arguments: [now])
        let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM triplet") ?? 0
        guard count > timing.maximumCount else { return }
        try db.execute(
            sql: """
                DELETE FROM triplet WHERE (network, sender, recipient) IN
                    (SELECT network, sender, recipient FROM triplet ORDER BY passed, expires LIMIT ?)
                """, arguments: [count - timing.maximumCount * 9 / 10])
    }

    /// Triplets kept now.
    func count() async throws -> Int {
        try await pool.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM triplet") ?? 0 }
    }
}
