import Directory
import Formats
import Foundation
import Logging
import Synchronization

/// A folder of a test's own, removed when the test is over: at the latest when the process ends, should somebody hold on to it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "directory-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        Self.removeAtExit(path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private static let left = Mutex<[String]>([])

    private static func removeAtExit(_ path: String) {
        let isFirst = left.withLock { left in
            left.append(path)
            return left.count == 1
        }
        guard isFirst else { return }
        atexit { TemporaryFolder.left.withLock { $0 }.forEach { try? FileManager.default.removeItem(atPath: $0) } }
    }
}

/// Seconds since 1970, as a test wants them.
final class TestClock: Sendable {
    private let seconds = Mutex<Int64>(1_700_000_000)

    var now: Int64 { seconds.withLock { $0 } }
    func advance(days: Int64) { seconds.withLock { $0 += days * 86_400 } }
}

/// A directory in a folder of its own.
final class TestPlace: Sendable {
    private let temporary: TemporaryFolder
    let directory: Directory
    let clock = TestClock()

    var folder: String { temporary.path }
    var path: String { folder + "/directory.sqlite" }

    init() throws {
        temporary = try TemporaryFolder()
        let clock = clock
        directory = try Directory(
            path: temporary.path + "/directory.sqlite", logger: Self.silent,
            publicSuffixFile: temporary.path + "/suffixes.dat", now: { clock.now })
    }

    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func open(_ path: String) throws -> Directory {
        try Directory(path: path, logger: silent)
    }

    /// A second process' view of the same directory.
    func other() throws -> Directory { try Self.open(path) }

    /// A verified domain with accounts, all with the same password.
    @discardableResult
    func people(_ names: [String], domain: String = "example.org", password: String? = nil) async throws -> [Account] {
        let name = try DomainName(parsing: domain)
        if directory.snapshot.domain(name) == nil { try await directory.addDomain(name, state: .verified) }
        let hash = password.flatMap { PasswordHash(hashing: $0) }?.crypt
        var accounts: [Account] = []
        for person in names {
            accounts.append(
                try await directory.addAccount(
                    NewAccount(address: address("\(person)@\(domain)"), displayName: person, passwordHash: hash)))
        }
        return accounts
    }
}

func address(_ text: String) throws -> MailAddress { try MailAddress(parsing: text) }
func domain(_ text: String) throws -> DomainName { try DomainName(parsing: text) }

extension ThisServer {
    /// `mail.demo.test` on 192.0.2.1, listening everywhere on port 2525 and on one address on port 2526.
    static var demo: ThisServer {
        ThisServer(
            hostname: "Mail.Demo.Test", listeners: [("0.0.0.0", 2525), ("192.0.2.9", 2526)],
            ownAddresses: Set(["192.0.2.1", "2001:db8::1"].compactMap { ClientAddress($0) }))
    }
}
