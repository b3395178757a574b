import Disk
import Formats
import Foundation
import Testing

@testable import MailStore

/// An account in a temporary folder of its own, which is removed at the end.
final class Box: Sendable {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "mailstore-\(UUID().uuidString)"
        try? Folder.make(path)
    }

    deinit { try? Folder.removeTree(path) }

    static let key = AccountKey(domain: "demo.test", localPart: "alice")

    var folder: String { path + "/demo.test/alice" }
    var maildir: String { folder + "/Maildir" }

    func open() async throws -> MailAccount {
        try await MailAccount.open(key: Box.key, path: folder)
    }

    /// Runs a scenario, then deletes the index, opens again, and wants to find the same (invariant 3).
    func scenario(_ body: (MailAccount) async throws -> Void) async throws {
        let account = try await open()
        try await body(account)
        try await expectSound(account)
        let before = try await Picture(account)
        await account.close()
        try Folder.removeTree(folder + "/index")
        let again = try await open()
        try await again.finishBuild()
        try await expectSound(again)
        #expect(try await Picture(again) == before)
        await again.close()
    }

    func files(_ folder: String = "") -> [String] {
        let path = folder.isEmpty ? maildir : maildir + "/" + folder
        let names = ["new", "cur"].flatMap { directory in
            ((try? Folder.names(path + "/" + directory)) ?? []).map { directory + "/" + $0 }
        }
        return names.sorted()
    }
}

func expectSound(_ account: MailAccount, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    #expect(try await account.verify() == [], sourceLocation: sourceLocation)
}

extension MailAccount {
    func finishBuild() throws {
        while !unbuilt.isEmpty { try continueBuild() }
        try indexTexts(limit: .max)
    }

    func mailbox(_ role: MailboxRole) async throws -> Mailbox {
        try #require(try await read { try $0.mailboxes() }.first { $0.role == role })
    }

    func mailbox(_ id: MailboxID) async throws -> Mailbox {
        try #require(try await read { try $0.mailboxes() }.first { $0.id == id })
    }

    func email(_ id: EmailID) async throws -> Email {
        try #require(try await read { try $0.emails([id]) }.first)
    }

    func ids(_ query: EmailQuery) async throws -> [EmailID] {
        try await read { try $0.query(query).ids }
    }

    func ids(_ filter: EmailFilter) async throws -> [EmailID] { try await ids(EmailQuery(filter: filter)) }

    func state(_ kind: ChangeKind = .email) async throws -> StateToken { try await read { try $0.state(kind) } }
}

/// All that a client can know of an account.
struct Picture: Equatable {
    var mailboxes: [Mailbox]
    var emails: [EmailID: Email]
    var threads: [ThreadID: [EmailID]]
    var usage: Int64

    init(_ account: MailAccount) async throws {
        self = try await account.read { reader in
            let ids = try reader.query(EmailQuery()).ids
            let emails = try reader.emails(ids)
            return Picture(
                mailboxes: try reader.mailboxes().sorted { $0.id.rawValue < $1.id.rawValue },
                emails: Dictionary(uniqueKeysWithValues: emails.map { ($0.id, $0) }),
                threads: try reader.threads(emails.map(\.threadId)), usage: try reader.usage())
        }
    }

    private init(mailboxes: [Mailbox], emails: [EmailID: Email], threads: [ThreadID: [EmailID]], usage: Int64) {
        self.mailboxes = mailboxes
        self.emails = emails
        self.threads = threads
        self.usage = usage
    }
}

/// A plain message's bytes.
func message(
    _ subject: String = "Hello", from: String = "Bob <bob@demo.test>", to: String = "alice@demo.test", id: String? = nil,
    inReplyTo: String? = nil, references: String? = nil, body: String = "A few words.", extra: String = ""
) -> [UInt8] {
    var text = "From: \(from)\r\nTo: \(to)\r\nSubject: \(subject)\r\nDate: Thu, 30 Oct 2025 14:12:00 +0100\r\n"
    if let id { text += "Message-ID: <\(id)>\r\n" }
    if let inReplyTo { text += "In-Reply-To: <\(inReplyTo)>\r\n" }
    if let references { text += "References: \(references)\r\n" }
    text += extra + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\(body)\r\n"
    return Array(text.utf8)
}

extension MailAccount {
    @discardableResult
    nonisolated func add(
        _ bytes: [UInt8], to role: MailboxRole = .inbox, keywords: Set<Keyword> = [], at seconds: Int64? = nil
    ) async throws -> EmailID {
        try await deliver(
            MessageContent(.bytes(bytes)), to: .role(role), keywords: keywords,
            receivedAt: seconds.map { UnixTime(seconds: $0) })
    }
}
