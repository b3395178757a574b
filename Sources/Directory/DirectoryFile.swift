internal import Disk
internal import GRDB
internal import Glibc

/// Opens `directory.sqlite` with the pragmas that a database worth a backup needs.
enum DirectoryFile {
    static func open(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "directory"
        configuration.maximumReaderCount = 4
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { db in
            // FULL: a granted account or a changed password survives a power cut.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA foreign_keys = ON")
        }
        // The file holds hashes and tokens: nobody else may read it, also while it is being made.
        let previous = umask(0o077)
        defer { umask(previous) }
        return try DatabasePool(path: path, configuration: configuration)
    }
}
