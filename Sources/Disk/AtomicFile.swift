import Glibc
import Synchronization

/// Replaces small files (sidecars) as a whole: a reader sees the old or the new bytes, also after a crash.
package enum AtomicFile {
    /// How many files this process wrote: two writers of one path do not share the temporary file.
    private static let written = Atomic<Int>(0)

    /// Writes a temporary file beside `path`, syncs it, renames it over `path`, syncs the folder.
    package static func write(_ bytes: [UInt8], to path: String) throws(StoreError) {
        let number = written.wrappingAdd(1, ordering: .relaxed).newValue
        let temporary = "\(path).\(getpid()).\(number).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError(errno: errno, path) }
        let failure = fill(descriptor, with: bytes)
        close(descriptor)
        CrashPoint.reached("sidecar.written")
        guard failure == 0, rename(temporary, path) == 0 else {
            let number = failure == 0 ? errno : failure
            unlink(temporary)
            throw StoreError(errno: number, path)
        }
        CrashPoint.reached("sidecar.renamed")
        try Folder.sync(Folder.parent(of: path))
    }

    private static func fill(_ descriptor: CInt, with bytes: [UInt8]) -> CInt {
        bytes.withUnsafeBytes { buffer -> CInt in
            var offset = 0
            while offset < buffer.count {
                let written = Glibc.write(descriptor, buffer.baseAddress! + offset, buffer.count - offset)
                if written < 0 {
                    if errno == EINTR { continue }
                    return errno
                }
                offset += written
            }
            return fsync(descriptor) == 0 ? 0 : errno
        }
    }
}
