import Delivery
import Directory
import Disk
import Formats
import FoundationEssentials
import Glibc
import JMAP
import Logging
import MailStore
import Testing

@testable import Webmail

/// A person with an account in a temporary directory, and the methods of JMAP to call on it, without HTTP.
final class Harness: Sendable {
    let folder: String
    let directory: Directory
    let accounts: MailAccounts
    let account: WebmailAccount
    private let dispatcher: Dispatcher<WebmailScope>
    /// The services are not run: what is queued stays queued.
    let flow: MailFlow

    static let address = "alice@example.test"

    /// - Parameter quota: of the account, in octets.
    static func make(quota: Int64? = nil) async throws -> Harness {
        var template = Array("/tmp/webmail-tests-XXXXXX".utf8CString)
        let folder = try #require(template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }.map { String(cString: $0) })
        return try await Harness(folder: folder, quota: quota)
    }

    private init(folder: String, quota: Int64?) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        self.folder = folder
        directory = try Directory(path: folder + "/directory.sqlite", logger: logger)
        _ = try await directory.addDomain(DomainName(parsing: "example.test"), state: .verified)
        for name in ["alice", "bob"] {
            var new = NewAccount(address: try MailAddress(parsing: name + "@example.test"), displayName: name == "alice" ? "Alice" : "Bob")
            new.quota = name == "alice" ? quota : nil
            _ = try await directory.addAccount(new)
        }
        accounts = MailAccounts(root: folder + "/accounts")
        let authenticator = Authenticator(directory: directory)
        flow = try MailFlow(
            MailFlowConfiguration(hostname: "mail.example.test", data: folder), directory: directory,
            authenticator: authenticator, accounts: accounts, tls: TLSSource { nil }, logger: logger)
        let push = PushService(accounts: accounts, directory: directory, client: PushClient(), logger: logger)
        dispatcher = Webmail.dispatcher(submitter: flow.submitter, push: push, directory: directory)
        let snapshot = directory.snapshot
        let owner = try #require(snapshot.account(try MailAddress(parsing: Self.address)))
        account = try #require(
            WebmailAccount(
                owner: owner, mail: try await accounts.account(for: AccountKey(owner.address)),
                policy: SenderPolicy(snapshot)))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var accountId: String { account.id.rawValue }

    // MARK: Calls

    /// Sends calls as one request; `@A` in their text stands for the account's id. Gives back all responses.
    func send(_ calls: String) async throws -> [(name: String, arguments: JSON)] {
        let using = JSON(Webmail.capabilities.sorted())
        let body = "{\"using\":\(using),\"methodCalls\":\(calls.replacing("@A", with: accountId))}"
        let request = try Request(parsing: Array(body.utf8), capabilities: Webmail.capabilities, limits: Limits())
        let response = await dispatcher.respond(to: request, in: WebmailScope(own: account, limits: Limits())) { "s" }
        return try #require(response["methodResponses"]?.array).map { item in
            (try #require(item.array?[0].string), try #require(item.array?[1]))
        }
    }

    /// One call with these arguments, the account's id aside; a method-level error fails the test.
    func call(_ name: String, _ arguments: JSONObject) async throws -> JSON {
        var arguments = arguments
        arguments["accountId"] = .string(accountId)
        let responses = try await send("[[\"\(name)\",\(JSON.object(arguments)),\"c\"]]")
        try #require(responses[0].name == name, "\(responses[0].arguments)")
        return responses[0].arguments
    }

    /// The error that a call answers.
    func error(_ name: String, _ arguments: JSONObject) async throws -> String? {
        var arguments = arguments
        if !arguments.has("accountId") { arguments["accountId"] = .string(accountId) }
        let responses = try await send("[[\"\(name)\",\(JSON.object(arguments)),\"c\"]]")
        return responses[0].name == "error" ? responses[0].arguments["type"]?.string : nil
    }

    // MARK: Things to work on

    func mailbox(_ role: String) async throws -> String {
        let list = try #require(try await call("Mailbox/get", ["ids": nil])["list"]?.array)
        return try #require(list.first { $0["role"]?.string == role }?["id"]?.string)
    }

    func makeMailbox(_ name: String, parent: String? = nil) async throws -> String {
        let result = try await call("Mailbox/set", ["create": ["k": ["name": .string(name), "parentId": JSON(parent)]]])
        return try #require(result["created"]?["k"]?["id"]?.string, "\(result)")
    }

    /// Imports a message; gives back its id.
    func importMessage(_ text: String, in role: String = "inbox", keywords: [String] = []) async throws -> String {
        let blob = try await account.mail.storeBlob(.bytes(Array(text.replacing("\n", with: "\r\n").utf8)))
        let result = try await call(
            "Email/import",
            [
                "emails": [
                    "k": [
                        "blobId": .string(blob.id.rawValue),
                        "mailboxIds": .object([try await mailbox(role): true]),
                        "keywords": .object(JSONObject(unique: keywords.map { ($0, true) })),
                    ]
                ]
            ])
        return try #require(result["created"]?["k"]?["id"]?.string, "\(result)")
    }

    func email(_ id: String, _ properties: [String], _ more: JSONObject = [:]) async throws -> JSON {
        var arguments: JSONObject = ["ids": [.string(id)], "properties": JSON(properties)]
        for (name, value) in more { arguments[name] = value }
        return try #require(try await call("Email/get", arguments)["list"]?.array?.first)
    }

    /// Creates an email of these properties in the drafts.
    func create(_ properties: JSONObject) async throws -> JSON {
        var properties = properties
        if !properties.has("mailboxIds") { properties["mailboxIds"] = .object([try await mailbox("drafts"): true]) }
        return try await call("Email/set", ["create": ["k": .object(properties)]])
    }

    /// A draft that could be sent; gives back its id.
    func draft(to recipients: [String], _ more: JSONObject = [:]) async throws -> String {
        var properties: JSONObject = [
            "from": [["name": "Alice", "email": .string(Self.address)]],
            "to": .array(recipients.map { ["name": nil, "email": .string($0)] }), "subject": "Hello",
            "bodyStructure": ["type": "text/plain", "partId": "1"], "bodyValues": ["1": ["value": "Hello"]],
        ]
        for (name, value) in more { properties[name] = value }
        let result = try await create(properties)
        return try #require(result["created"]?["k"]?["id"]?.string, "\(result)")
    }
}
