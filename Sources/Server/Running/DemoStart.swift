import Directory
import Disk
import Formats
import FoundationEssentials
import Glibc
import Logging
import MailStore

/// Who may sign in to the demo.
struct DemoLogin: Sendable {
    let address: String
    let password: String
}

/// Makes the demo's domain, people and mail at the first start; later starts only read the passwords again.
struct DemoStart {
    private let data: String
    private let directory: Directory
    private let accounts: MailAccounts
    private let logger: Logger

    init(_ data: String, _ directory: Directory, _ accounts: MailAccounts, _ logger: Logger) {
        self.data = data
        self.directory = directory
        self.accounts = accounts
        self.logger = logger
    }

    private var loginsFile: String { "\(data)/demo-logins.txt" }
    /// Stands there once all mail is in its place.
    private var filledFile: String { "\(data)/demo-filled" }

    func run() async throws -> [DemoLogin] {
        let logins = try await people()
        guard !DiskFile.exists(filledFile) else { return logins }
        let started = ContinuousClock.now
        do {
            try await withThrowingDiscardingTaskGroup { group in
                for person in DemoPerson.allCases { group.addTask { try await fill(person) } }
            }
            try AtomicFile.write([], to: filledFile)
            logger.info("demo filled", metadata: ["duration": "\(ContinuousClock.now - started)"])
        } catch {
            logger.error("demo cannot be filled", metadata: ["error": "\(error)"])
        }
        return logins
    }

    private func people() async throws -> [DemoLogin] {
        if let logins = readLogins() { return logins }
        let logins = try await makePeople()
        try writeLogins(logins)
        return logins
    }

    private func makePeople() async throws -> [DemoLogin] {
        let domain = try DomainName(parsing: DemoPerson.domain)
        if directory.snapshot.domain(domain) == nil { try await directory.addDomain(domain, state: .verified) }
        var logins: [DemoLogin] = []
        for person in DemoPerson.allCases {
            let login = DemoLogin(address: person.address, password: NewPassword.make())
            try await makeAccount(person, login)
            logins.append(login)
        }
        let team = try MailAddress(parsing: "team@\(DemoPerson.domain)")
        if directory.snapshot.alias(team) == nil {
            let members = try ["alice", "bob", "carol"].map { try MailAddress(parsing: "\($0)@\(DemoPerson.domain)") }
            try await directory.addAlias(team, recipients: members)
        }
        return logins
    }

    private func makeAccount(_ person: DemoPerson, _ login: DemoLogin) async throws {
        guard let hash = PasswordHash(hashing: login.password) else { throw Failure("a password cannot be hashed") }
        let address = try MailAddress(parsing: login.address)
        if let account = directory.snapshot.account(address) {
            return try await directory.setPassword(hash, of: account.id)
        }
        try await directory.addAccount(
            NewAccount(
                address: address, displayName: person.displayName, role: person == .admin ? .masterAdmin : .mailUser,
                quota: 2_000_000_000, passwordHash: hash.crypt))
    }

    /// Files the person's mail, unless a start that was broken off has done so.
    private func fill(_ person: DemoPerson) async throws {
        let account = try await accounts.account(for: AccountKey(domain: DemoPerson.domain, localPart: person.rawValue))
        guard try await account.read({ reader in try reader.mailboxes().allSatisfy { $0.totalEmails == 0 } }) else { return }
        let messages = try DemoContent.messages(for: person, now: Int64(time(nil)))
        var folders: [DemoFolder: MailboxID] = [:]
        for message in messages {
            let folder: MailboxID
            if let known = folders[message.folder] {
                folder = known
            } else {
                folder = try await mailbox(message.folder, in: account)
                folders[message.folder] = folder
            }
            _ = try await account.deliver(
                MessageContent(.bytes(message.bytes)), to: .mailbox(folder),
                keywords: Swift.Set(message.keywords.compactMap { Keyword(rawValue: $0) }),
                receivedAt: UnixTime(seconds: message.receivedAt), isDelivery: false)
        }
    }

    /// The mailbox with the folder's role, else the one on its path, made where it is missing.
    private func mailbox(_ folder: DemoFolder, in account: MailAccount) async throws -> MailboxID {
        let existing = try await account.read { reader in try reader.mailboxes() }
        if let role = folder.role, let mailbox = existing.first(where: { $0.role?.rawValue == role }) { return mailbox.id }
        var parent: MailboxID?
        for name in folder.path {
            if let mailbox = existing.first(where: { $0.name == name && $0.parentId == parent }) {
                parent = mailbox.id
            } else {
                parent = try await account.createMailbox(MailboxDraft(name: name, parentId: parent))
            }
        }
        guard let parent else { throw Failure("a demo folder has no name") }
        return parent
    }

    private func readLogins() -> [DemoLogin]? {
        guard let data = try? Data(contentsOf: URL(filePath: loginsFile)) else { return nil }
        let logins = String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { line -> DemoLogin? in
            let words = line.split(separator: " ")
            return words.count == 2 ? DemoLogin(address: String(words[0]), password: String(words[1])) : nil
        }
        return logins.isEmpty ? nil : logins
    }

    private func writeLogins(_ logins: [DemoLogin]) throws {
        let text = logins.map { "\($0.address) \($0.password)\n" }.joined()
        try AtomicFile.write(Array(text.utf8), to: loginsFile)
    }
}
