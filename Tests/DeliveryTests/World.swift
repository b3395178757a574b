import Directory
import Disk
import Formats
import Glibc
import Logging
import MailStore
import Synchronization
import Testing

@testable import Delivery

/// A directory and stores in a temporary folder, with the people of `demo.test`.
final class World: Sendable {
    let folder: String
    let directory: Directory
    let accounts: MailAccounts

    init() async throws {
        folder = "/tmp/mailportal-delivery-\(getpid())-\(UInt64.random(in: .min ... .max))"
        try Folder.make(folder)
        directory = try Directory(path: "\(folder)/directory.sqlite", logger: World.logger)
        accounts = MailAccounts(root: "\(folder)/accounts")
        try await directory.addDomain(domain("demo.test"), state: .verified)
        try await directory.addDomain(domain("pending.test"), state: .pending)
        for name in ["admin", "alice", "bob", "carol"] {
            _ = try await directory.addAccount(
                NewAccount(address: address("\(name)@demo.test"), role: name == "admin" ? .masterAdmin : .mailUser))
        }
    }

    deinit { try? Folder.removeTree(folder) }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    func account(_ text: String) throws -> Account { try #require(directory.snapshot.account(address(text))) }

    /// The bytes of the messages in a person's inbox, in no order.
    func inbox(_ person: String) throws -> [String] {
        var messages: [String] = []
        for part in ["new", "cur"] {
            let path = "\(folder)/accounts/demo.test/\(person)/Maildir/\(part)"
            for name in (try? Folder.names(path)) ?? [] {
                messages.append(String(decoding: try OpenFile(path: "\(path)/\(name)").read(), as: UTF8.self))
            }
        }
        return messages
    }

    /// An outbox with a clock of its own.
    func outbox(_ clock: TestClock, adjust: (inout Outbox.Configuration) -> Void = { _ in }) throws -> Outbox {
        var configuration = Outbox.Configuration()
        configuration.hostname = "mx.demo.test"
        configuration.now = { clock.now }
        adjust(&configuration)
        return try Outbox(folder: "\(folder)/outbox", configuration: configuration, logger: World.logger)
    }
}

/// Time that stands still until it is moved.
final class TestClock: Sendable {
    private let seconds = Mutex<Int64>(1_000_000)
    var now: Int64 { seconds.withLock { $0 } }
    func advance(_ by: Int64) { seconds.withLock { $0 += by } }
}

func address(_ text: String) -> MailAddress {
    guard let address = try? MailAddress(parsing: text) else { preconditionFailure("\(text) is no address") }
    return address
}

func domain(_ text: String) -> DomainName {
    guard let domain = try? DomainName(parsing: text) else { preconditionFailure("\(text) is no domain") }
    return domain
}

/// Asks again until the answer is there, for at most ten seconds.
func eventually<Value>(_ what: String, _ find: () async throws -> Value?) async throws -> Value {
    for _ in 0..<500 {
        if let value = try await find() { return value }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw Missing(what: what)
}

struct Missing: Error, CustomStringConvertible {
    let what: String
    var description: String { "\(what) did not come" }
}
