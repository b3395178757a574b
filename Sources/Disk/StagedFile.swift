import Glibc
import Synchronization

/// A file being written under a temporary name: it becomes real when it is committed under its final name, or vanishes.
///
/// Order of duty: `append`…, `sync`, `commit(to:)`, then `Folder.sync` of the final folder (one for many commits).
package final class StagedFile: Sendable {
    /// Where it is being written.
    package let path: String
    private let descriptor: CInt
    private let state = Mutex(State())

    private struct State {
        var size = 0
        var isCommitted = false
    }

    /// Octets written so far.
    package var size: Int { state.withLock { $0.size } }

    /// Creates `path`, which must not exist; its folder must be on the file system of the final name.
    package init(creating path: String) throws(StoreError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError(errno: errno, path) }
        self.path = path
    }

    deinit {
        close(descriptor)
        if !state.withLock({ $0.isCommitted }) { unlink(path) }
    }

    /// Writes the bytes at the end.
    package func append(_ bytes: [UInt8]) throws(StoreError) {
        let failure = bytes.withUnsafeBytes { write(all: $0) }
        guard failure == 0 else { throw StoreError(errno: failure, path) }
        state.withLock { $0.size += bytes.count }
    }

    /// Copies what `file` holds from `start` on, a piece at a time.
    package func append(contentsOf file: OpenFile, from start: Int = 0) throws(StoreError) {
        var offset = start
        while offset < file.size {
            let piece = try file.read(at: offset, count: 1 << 18)
            guard !piece.isEmpty else { throw .unavailable(reason: "file shrank: \(path)") }
            try append(piece)
            offset += piece.count
        }
    }

    /// Sets the time of last modification, in milliseconds since 1970.
    package func setModified(milliseconds: Int64) throws(StoreError) {
        let seconds = milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000
        let time = timespec(tv_sec: Int(seconds), tv_nsec: Int(milliseconds - seconds * 1000) * 1_000_000)
        let times = [time, time]
        guard futimens(descriptor, times) == 0 else { throw StoreError(errno: errno, path) }
    }

    /// Puts the bytes on the disk. Needed before `commit`.
    package func sync() throws(StoreError) {
        CrashPoint.reached("file.written")
        guard fsync(descriptor) == 0 else { throw StoreError(errno: errno, path) }
        CrashPoint.reached("file.synced")
    }

    /// Gives the file its final name, which must not exist. Durable only after the folder is synced.
    package func commit(to final: String) throws(StoreError) {
        try DiskFile.move(path, to: final)
        state.withLock { $0.isCommitted = true }
        CrashPoint.reached("file.committed")
    }

    /// As `commit`, in place of a file that has the name already.
    package func replace(_ final: String) throws(StoreError) {
        try DiskFile.replace(final, with: path)
        state.withLock { $0.isCommitted = true }
    }

    private func write(all bytes: UnsafeRawBufferPointer) -> CInt {
        var offset = 0
        while offset < bytes.count {
            let written = Glibc.write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
            if written < 0 {
                if errno == EINTR { continue }
                return errno
            }
            offset += written
        }
        return 0
    }
}
