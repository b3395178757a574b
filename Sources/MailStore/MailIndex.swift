import Disk
import FoundationEssentials
import GRDB

/// One account's `index/mail.sqlite`: opening, epochs, and what is the same for readers and writers.
struct MailIndex: Sendable {
    let pool: DatabasePool

    /// Opens the index, or makes an empty one where there is none, or a damaged or older one.
    ///
    /// - Returns: the index, and whether it must be built from the files.
    static func open(folder: String, maildir: Maildir) throws(StoreError) -> (index: MailIndex, isEmpty: Bool) {
        try Folder.make(folder)
        let path = folder + "/mail.sqlite"
        do {
            return try attach(path, maildir)
        } catch {
            // Damaged: an index may always be thrown away.
            for suffix in ["", "-wal", "-shm"] { try? DiskFile.remove(path + suffix) }
            return try attach(path, maildir)
        }
    }

    private static func attach(_ path: String, _ maildir: Maildir) throws(StoreError) -> (index: MailIndex, isEmpty: Bool) {
        let pool = try IndexDatabase.open(path: path) { db in
            db.add(function: HeaderSearch.function(maildir))
            db.add(function: SortText.function)
        }
        do {
            let index = MailIndex(pool: pool)
            let isReady = try pool.read { db in
                guard try IndexSchema.isCurrent(db) else { return false }
                return try String.fetchOne(db, sql: "SELECT value FROM facts WHERE name = 'isComplete'") == "yes"
            }
            if isReady {
                try index.renewEpochAfterBoot()
            } else {
                try pool.write { try reset($0) }
            }
            return (index, !isReady)
        } catch {
            try? pool.close()
            throw StoreError(database: error)
        }
    }

    /// Empties the index; its epoch is new.
    static func reset(_ db: Database) throws {
        try IndexSchema.drop(db)
        try IndexSchema.create(db)
        for (name, value) in [("sequence", 0), ("usage", 0), ("texts", 0), ("root", 0)] { try IndexTransaction.set(name, value, db) }
        try IndexTransaction.set("epoch", MailIndex.newEpoch(), db)
        try IndexTransaction.set("boot", MailIndex.boot, db)
        try IndexTransaction.set("isComplete", "no", db)
    }

    /// After a power cut the index may have lost its last changes (synchronous=NORMAL), and would give their numbers to
    /// others: no state of before the boot may be believed.
    private func renewEpochAfterBoot() throws {
        let boot = try pool.read { try String.fetchOne($0, sql: "SELECT value FROM facts WHERE name = 'boot'") }
        guard boot != MailIndex.boot else { return }
        try pool.write { db in
            try IndexTransaction.set("boot", MailIndex.boot, db)
            try IndexTransaction.set("epoch", MailIndex.newEpoch(), db)
        }
    }

    static func newEpoch() -> String { String(Base32.encode(Int64.random(in: .min ... .max)).suffix(8)) }

    private static let boot: String = {
        let bytes = try? DiskFile.contents("/proc/sys/kernel/random/boot_id")
        return (bytes ?? nil).map { String(decoding: $0, as: UTF8.self) } ?? "?"
    }()
}

extension StoreError {
    /// Translates what GRDB throws; our own errors pass through.
    init(database error: any Error) {
        switch error {
        case let error as StoreError: self = error
        default: self = .unavailable(reason: "\(error)")
        }
    }
}
