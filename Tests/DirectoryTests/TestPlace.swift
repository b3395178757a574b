import Directory
import Formats
import Foundation
import Logging

/// A folder of a test's own, removed when the test is over.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "directory-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A directory in a folder of its own.
final class TestPlace: Sendable {
    private let temporary: TemporaryFolder
    let directory: Directory

    var folder: String { temporary.path }
    var path: String { folder + "/directory.sqlite" }

    init() throws {
        temporary = try TemporaryFolder()
        directory = try Self.open(temporary.path + "/directory.sqlite")
    }

    static func open(_ path: String) throws -> Directory {
        try Directory(path: path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
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
