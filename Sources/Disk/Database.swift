package import GRDB

/// Opens SQLite with the settings that every database of ours has.
package enum IndexDatabase {
    /// An index: WAL, synchronous=NORMAL (a lost tail is healed from files), a bounded cache for each connection.
    ///
    /// - Parameters:
    ///   - readers: connections that read at the same time; each is opened when first needed.
    ///   - prepare: runs on every new connection (functions).
    package static func open(
        path: String, readers: Int = 3, prepare: @escaping @Sendable (Database) throws -> Void = { _ in }
    ) throws(StoreError) -> DatabasePool {
        var configuration = Configuration()
        configuration.maximumReaderCount = readers
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            // Readers see the file through the mapping; what they cache beside it would be there once for each of them.
            try database.execute(sql: """
                PRAGMA synchronous = NORMAL;
                PRAGMA temp_store = MEMORY;
                PRAGMA cache_size = \(database.configuration.readonly ? -512 : -2048);
                PRAGMA mmap_size = 268435456;
                PRAGMA journal_size_limit = 16777216;
                PRAGMA wal_autocheckpoint = 2000;
                """)
            try prepare(database)
        }
        do {
            return try DatabasePool(path: path, configuration: configuration)
        } catch {
            throw .unavailable(reason: "\(error)")
        }
    }
}
