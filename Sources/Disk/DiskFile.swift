import Glibc

/// The few operations on names that stores need. Each is one system call; none is durable before `Folder.sync`.
package enum DiskFile {
    /// Renames; `alreadyExists` when `target` is there.
    ///
    /// It looks, then renames: who else writes the folder makes unique names as we do, and our own writers take turns.
    package static func move(_ source: String, to target: String) throws(StoreError) {
        guard !exists(target) else { throw .alreadyExists }
        guard rename(source, target) == 0 else { throw StoreError(errno: errno, source) }
    }

    /// Renames, replacing what has the name.
    package static func replace(_ target: String, with source: String) throws(StoreError) {
        guard rename(source, target) == 0 else { throw StoreError(errno: errno, source) }
    }

    /// Gives the file a second name.
    package static func link(_ source: String, as target: String) throws(StoreError) {
        guard Glibc.link(source, target) == 0 else { throw StoreError(errno: errno, source) }
    }

    package static func remove(_ path: String) throws(StoreError) {
        guard unlink(path) == 0 else { throw StoreError(errno: errno, path) }
    }

    package static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Size in octets and modification time in nanoseconds; nil when there is no such regular file.
    package static func status(_ path: String) -> (size: Int, modified: Int64)? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return (Int(status.st_size), status.modifiedNanoseconds)
    }

    /// All bytes of the file, or nil when there is none.
    package static func contents(_ path: String) throws(StoreError) -> [UInt8]? {
        do {
            return try OpenFile(path: path).read()
        } catch {
            guard error == .notFound else { throw error }
            return nil
        }
    }
}

extension stat {
    /// Since 1970; a time that nanoseconds cannot count (before 1684 or after 2255) becomes the nearest that they can.
    package var modifiedNanoseconds: Int64 {
        let seconds = min(max(Int64(st_mtim.tv_sec), -9_000_000_000), 9_000_000_000)
        return seconds * 1_000_000_000 + Int64(st_mtim.tv_nsec)
    }
}
