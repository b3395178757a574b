import Glibc

/// Lets one process at a time change an account's files and index; other processes wait their turn.
package final class FileLock: Sendable {
    private let descriptor: CInt

    /// Opens (makes) the lock's file.
    package init(path: String) throws(StoreError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError(errno: errno, path) }
    }

    deinit { close(descriptor) }

    /// Runs `body` while holding the lock. Not reentrant: the caller is a serial actor.
    package func withLock<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
        defer { flock(descriptor, LOCK_UN) }
        return try body()
    }
}
