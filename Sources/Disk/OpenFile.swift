import Glibc

/// A file that is open for reading. It stays readable when it is renamed or removed meanwhile; closed when released.
package final class OpenFile: Sendable {
    private let descriptor: CInt
    /// Octets, as of when it was opened.
    package let size: Int
    /// The time of last modification, in nanoseconds since 1970.
    package let modified: Int64

    /// Opens `path`; `StoreError.notFound` when there is no such file.
    package init(path: String) throws(StoreError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw StoreError(errno: errno, path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notFound
        }
        size = Int(status.st_size)
        modified = status.modifiedNanoseconds
    }

    deinit { close(descriptor) }

    /// The bytes from `offset`, at most `count` of them; fewer only at the end of the file.
    package func read(at offset: Int = 0, count: Int = .max) throws(StoreError) -> [UInt8] {
        let wanted = max(0, min(count, size - offset))
        var failure: CInt = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
            filled = 0
            while filled < wanted {
                let got = pread(descriptor, buffer.baseAddress! + filled, wanted - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { break }
                filled += got
            }
        }
        guard failure == 0 else { throw StoreError(errno: failure, "read") }
        return bytes
    }
}
