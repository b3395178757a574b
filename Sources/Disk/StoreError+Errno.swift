import Glibc

extension StoreError {
    /// Translates the system's error number for an operation on `path`.
    package init(errno number: CInt, _ path: String) {
        switch number {
        case ENOENT, ENOTDIR: self = .notFound
        case EEXIST, ENOTEMPTY: self = .alreadyExists
        case EDQUOT: self = .overQuota
        case ENAMETOOLONG: self = .invalid(reason: "name too long")
        default: self = .unavailable(reason: "\(String(cString: strerror(number))): \(path)")
        }
    }
}
