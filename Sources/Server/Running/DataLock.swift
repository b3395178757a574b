import Glibc

/// Keeps a second server off a data directory. Commands beside a server need no lock.
///
/// The kernel lets go of it with the process, however that ends.
struct DataLock: ~Copyable {
    private let descriptor: Int32

    init(_ data: String) throws(Failure) {
        let path = "\(data)/server.lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cannotCreate("\(path) cannot be made: \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .unavailable("another server runs on \(data)")
        }
    }

    deinit { close(descriptor) }
}

/// What the system grants a process.
enum SystemLimits {
    /// Takes as many open files as the system allows: a connection and an account each need some.
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
