internal import CCrypt
internal import Glibc

/// A crypt(3) string: made here with yescrypt, taken from other systems in whatever scheme libcrypt knows.
///
/// Making and verifying take some 20 ms of CPU: call them through `PasswordWorkers`, not on the cooperative pool.
package struct PasswordHash: Sendable {
    /// As stored: `$y$…`, `$6$…`, `$2b$…`.
    package let crypt: String

    /// What crypt(3) reads of a password; more is refused rather than cut.
    package static let maximumPasswordBytes = 512

    /// Takes a stored string, with or without the `{SHA512-CRYPT}`, `{BLF-CRYPT}`, `{CRYPT}` of other systems.
    package init(stored: String) {
        let prefixes = ["{SHA512-CRYPT}", "{SHA256-CRYPT}", "{BLF-CRYPT}", "{CRYPT}"]
        let prefix = prefixes.first { stored.uppercased().hasPrefix($0) }
        crypt = String(stored.dropFirst(prefix?.count ?? 0))
    }

    /// Hashes with a fresh salt. Nil when libcrypt refuses: a NUL, or more than 512 bytes.
    package init?(hashing password: String) {
        guard Self.isPossible(password), let setting = crypt_gensalt_ra("$y$", 0, nil, 0) else { return nil }
        defer { free(setting) }
        guard let hash = Self.run(password, setting: String(cString: setting)) else { return nil }
        crypt = hash
    }

    /// Whether `password` gives this hash; compares in constant time.
    package func matches(_ password: String) -> Bool {
        guard Self.isPossible(password), let again = Self.run(password, setting: crypt) else { return false }
        let (mine, theirs) = (Array(crypt.utf8), Array(again.utf8))
        guard mine.count == theirs.count else { return false }
        return zip(mine, theirs).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// Whether it should be made anew, in our scheme, when the password is next at hand.
    package var isOutdated: Bool { !crypt.hasPrefix("$y$") }

    /// A yescrypt string that no password gives: verifying against it takes as long as against a real one.
    static let ofNobody = PasswordHash(stored: "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$nobody")

    /// A NUL would silently end the password in C.
    private static func isPossible(_ password: String) -> Bool {
        password.utf8.count <= maximumPasswordBytes && !password.utf8.contains(0)
    }

    private static func run(_ password: String, setting: String) -> String? {
        var state: UnsafeMutableRawPointer?
        var size: CInt = 0
        defer { free(state) }
        guard let result = crypt_ra(password, setting, &state, &size) else { return nil }
        let hash = String(cString: result)
        // libxcrypt answers `*0` or `*1` for a setting that it does not understand.
        return hash.hasPrefix("*") ? nil : hash
    }
}
