import Glibc

/// Names that lead to another name.
package enum SymbolicLink {
    /// What the link at `path` leads to, as it is written there; nil when there is no link.
    package static func target(_ path: String) -> String? {
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, filled in
            filled = buffer.withMemoryRebound(to: CChar.self) { max(0, readlink(path, $0.baseAddress!, $0.count)) }
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// Makes `path` a link to `target`, in place of what has the name: a reader sees the old or the new one. Durable when it returns.
    package static func point(_ path: String, at target: String) throws(StoreError) {
        let temporary = "\(path).\(getpid()).new"
        unlink(temporary)
        guard symlink(target, temporary) == 0 else { throw StoreError(errno: errno, path) }
        guard rename(temporary, path) == 0 else {
            let number = errno
            unlink(temporary)
            throw StoreError(errno: number, path)
        }
        try Folder.sync(Folder.parent(of: path))
    }
}
