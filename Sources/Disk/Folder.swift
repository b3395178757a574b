import Glibc

/// Operations on directories.
package enum Folder {
    /// Makes names that were added, changed or removed in the folder durable.
    package static func sync(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError(errno: errno, path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StoreError(errno: errno, path) }
        CrashPoint.reached("folder.synced")
    }

    /// Makes the folder and its parents where they are missing.
    package static func make(_ path: String) throws(StoreError) {
        if mkdir(path, 0o700) == 0 { return }
        switch errno {
        case EEXIST:
            return
        case ENOENT:
            let above = parent(of: path)
            guard above != path else { throw .notFound }
            try make(above)
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw StoreError(errno: errno, path) }
        default:
            throw StoreError(errno: errno, path)
        }
    }

    /// The time of last modification in nanoseconds; nil when there is no such folder.
    package static func modified(_ path: String) -> Int64? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
        return status.modifiedNanoseconds
    }

    /// The names in the folder, without `.` and `..`, in no order; `notFound` when there is no such folder.
    package static func names(_ path: String) throws(StoreError) -> [String] {
        guard let stream = opendir(path) else { throw StoreError(errno: errno, path) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes the folder with all that is in it. Symbolic links are removed, not followed.
    package static func removeTree(_ path: String) throws(StoreError) {
        for name in try names(path) {
            let child = path + "/" + name
            if modified(child) != nil {
                try removeTree(child)
            } else {
                guard unlink(child) == 0 || errno == ENOENT else { throw StoreError(errno: errno, child) }
            }
        }
        guard rmdir(path) == 0 || errno == ENOENT else { throw StoreError(errno: errno, path) }
    }

    /// What stands before the last slash; `.` when there is none.
    package static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// A directory that is open, for many questions about what is in it: each name is looked up from there, not from the root.
package final class OpenFolder {
    private let descriptor: CInt

    /// Nil when there is no such folder.
    package init?(path: String) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    /// Size in octets and modification time in nanoseconds; nil when there is no such regular file.
    package func status(_ name: String) -> (size: Int, modified: Int64)? {
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return (Int(status.st_size), status.modifiedNanoseconds)
    }
}
