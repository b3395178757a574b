// A process that a crash test starts and lets die: `CrashChild <account folder> <operation> <step>`.
//
// It opens the account, then counts the steps of one operation and ends at the given one as if by SIGKILL (exit 86). When the
// operation ends first it prints what was promised (the reply), one id a line, and exits 0.
import Disk
import Glibc
import MailStore

let arguments = CommandLine.arguments
guard arguments.count == 4, let step = Int(arguments[3]) else {
    print("usage: CrashChild <folder> <operation> <step>")
    exit(64)
}

if arguments[2].hasPrefix("outbox-") {
    #if DEBUG
    try await OutboxSteps(folder: arguments[1]).run(arguments[2], dyingAt: step)
    #endif
    exit(0)
}

let slash = arguments[1].lastIndex(of: "/")!
let above = arguments[1][..<slash]
let accounts = MailAccounts(root: String(above[..<above.lastIndex(of: "/")!]))
let key = AccountKey(
    domain: String(above[above.index(after: above.lastIndex(of: "/")!)...]),
    localPart: String(arguments[1][arguments[1].index(after: slash)...]))

func arm() {
    #if DEBUG
    CrashPoint.arm(steps: step)
    #endif
}

// A first indexing happens while the account is opened.
if arguments[2] == "build" {
    try Folder.removeTree(arguments[1] + "/index")
    arm()
}
let account = try await accounts.account(for: key)

func bytes(_ subject: String, id: String) -> [UInt8] {
    Array("From: a@x\r\nSubject: \(subject)\r\nMessage-ID: <\(id)@x>\r\n\r\nText\r\n".utf8)
}

func emails() async throws -> [EmailID] { try await account.read { try $0.query(EmailQuery()).ids } }

func mailbox(_ role: MailboxRole) async throws -> MailboxID {
    try await account.read { try $0.mailboxes() }.first { $0.role == role }!.id
}

func named(_ name: String) async throws -> MailboxID {
    try await account.read { try $0.mailboxes() }.first { $0.name == name }!.id
}

switch arguments[2] {
case "deliver":
    arm()
    let id = try await account.deliver(MessageContent(.bytes(bytes("New", id: "new"))), to: .role(.inbox))
    print(id.rawValue)
case "deliver-keywords":
    let keywords: Set<Keyword> = [.seen, Keyword(rawValue: "project")!]
    arm()
    let id = try await account.deliver(
        MessageContent(.bytes(bytes("New", id: "new"))), to: .role(.archive), keywords: keywords)
    print(id.rawValue)
case "flag":
    let ids = try await emails()
    arm()
    _ = try await account.updateEmails(ids.map { ($0, EmailPatch(keywords: .patch(add: [.flagged], remove: []))) })
    print(ids.map(\.rawValue).joined(separator: "\n"))
case "move":
    let ids = try await emails()
    let target = try await mailbox(.archive)
    arm()
    _ = try await account.updateEmails(ids.map { ($0, EmailPatch(mailboxId: target)) })
    print(ids.map(\.rawValue).joined(separator: "\n"))
case "destroy":
    let ids = try await emails()
    arm()
    _ = try await account.destroyEmails(Array(ids.prefix(2)))
case "create-mailbox":
    arm()
    print(try await account.createMailbox(MailboxDraft(name: "Made")).rawValue)
case "rename-mailbox":
    let id = try await named("Parent")
    arm()
    try await account.updateMailbox(id, MailboxPatch(name: "Renamed"))
case "destroy-mailbox":
    let id = try await named("Child")
    arm()
    try await account.destroyMailbox(id, removingEmails: true)
case "script":
    let script = try await account.createScript(name: "Old", content: Array("keep;".utf8))
    _ = try await account.activateScript(script.id)
    arm()
    _ = try await account.updateScript(script.id, name: "New", content: Array("stop;".utf8))
    print(script.id.rawValue)
case "build":
    let found = try await account.read { try $0.query(EmailQuery(filter: .text("Text"))).ids }
    print(found.map(\.rawValue).joined(separator: "\n"))
case "rebuild":
    arm()
    try await account.rebuild()
    print(try await emails().map(\.rawValue).joined(separator: "\n"))
case "record":
    arm()
    try await account.putRecord(.identity, AccountRecord(id: "one", json: Array("{\"a\":1}".utf8)))
default:
    print("unknown operation")
    exit(64)
}
exit(0)
