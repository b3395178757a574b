import Directory
import Disk
import Formats
import MailStore
import SMTP
import Sieve
import Testing

@testable import Delivery

/// One person's mailbox with filters, and an outbox that nobody empties.
private struct Desk {
    let world: World
    let outbox: Outbox
    let local: LocalDelivery
    let store: MailAccount
    let bob: Account

    init() async throws {
        world = try await World()
        outbox = try world.outbox(TestClock())
        let routing = Routing(directory: world.directory, srs: try SRS(data: world.folder), hostname: "mx.demo.test")
        let filter = MailFilter(routing: routing, logger: World.logger)
        local = LocalDelivery(accounts: world.accounts, filter: filter, queue: .outbox(outbox))
        bob = try world.account("bob@demo.test")
        store = try await world.accounts.account(for: AccountKey(bob.address))
    }

    func use(_ script: String) async throws {
        #expect(FilterScript.problem(of: Array(script.utf8)) == nil)
        let id = try await store.createScript(name: "test", content: Array(script.utf8)).id
        _ = try await store.activateScript(id)
    }

    func vacation(_ change: (inout VacationResponse) -> Void) async throws {
        var vacation = VacationResponse()
        vacation.isEnabled = true
        change(&vacation)
        var members = ["\"isEnabled\":\(vacation.isEnabled)"]
        for (name, value) in [("subject", vacation.subject), ("textBody", vacation.textBody), ("htmlBody", vacation.htmlBody), ("fromDate", vacation.fromDate), ("toDate", vacation.toDate)] {
            if let value { members.append("\"\(name)\":\"\(value)\"") }
        }
        let json = "{\(members.joined(separator: ","))}"
        try await store.putRecord(.vacationResponse, AccountRecord(id: VacationResponse.id, json: Array(json.utf8)))
    }

    @discardableResult
    func deliver(
        subject: String = "Hello", from: String = "friend@x.test", more: String = "", isJunk: Bool = false, uniqueName: String? = nil
    ) async throws -> LocalOutcome {
        let text = "\(more)From: \(from)\r\nTo: bob@demo.test\r\nSubject: \(subject)\r\nMessage-ID: <1@x.test>\r\n\r\nGood morning\r\n"
        return try await local.deliver(
            Arrival(
                account: bob, recipient: "bob@demo.test", sender: from.isEmpty ? .null : .mailbox(address(from)),
                trace: Array("Received: here\r\n".utf8), source: .bytes(Array(text.utf8)), isJunk: isJunk, uniqueName: uniqueName))
    }

    /// Mailbox name → its messages' subjects and keywords.
    func emails(in path: String) async throws -> [Email] {
        try await store.read { reader in
            let mailboxes = try reader.mailboxes()
            guard let id = MailboxPaths(mailboxes).find(path) else { return [] }
            let found = try reader.query(EmailQuery(filter: .inMailbox(id)))
            return try reader.emails(found.ids)
        }
    }

    func bytes(_ email: Email) async throws -> String { String(decoding: try await store.messageBytes(email.id), as: UTF8.self) }

    func queued() async throws -> [(entry: OutboxEntry, text: String)] {
        var found: [(entry: OutboxEntry, text: String)] = []
        for entry in await outbox.list() {
            let bytes = try OpenFile(path: outbox.messagePath(entry.id)).read()
            found.append((entry, String(decoding: bytes, as: UTF8.self)))
        }
        return found
    }
}

@Suite("Filters at delivery") struct MailFilterTests {
    @Test("without a script, mail goes to the inbox and junk to Junk") func unfiltered() async throws {
        let desk = try await Desk()
        try await desk.deliver()
        try await desk.deliver(isJunk: true)
        #expect(try await desk.emails(in: "INBOX").count == 1)
        #expect(try await desk.emails(in: "Junk").count == 1)
    }

    @Test("fileinto makes a mailbox when it may, and sets flags") func fileInto() async throws {
        let desk = try await Desk()
        try await desk.use("""
            require ["fileinto", "mailbox", "imap4flags"];
            fileinto :create :flags ["\\\\Seen", "$work"] "Lists/Swift";
            """)
        try await desk.deliver()
        let emails = try await desk.emails(in: "Lists/Swift")
        #expect(emails.map(\.keywords) == [[.seen, try #require(Keyword(rawValue: "$work"))]])
        #expect(try await desk.emails(in: "INBOX.Lists.Swift").count == 1)
        #expect(try await desk.emails(in: "INBOX").isEmpty)
    }

    @Test("a mailbox that is not there means the inbox") func noMailbox() async throws {
        let desk = try await Desk()
        try await desk.use("require \"fileinto\"; fileinto \"Nowhere\";")
        try await desk.deliver()
        #expect(try await desk.emails(in: "INBOX").count == 1)
    }

    @Test("junk that a script files elsewhere goes there; what it does not judge goes to Junk") func junk() async throws {
        let desk = try await Desk()
        try await desk.use("require \"fileinto\"; if header :is \"subject\" \"Order\" { fileinto \"Archive\"; }")
        try await desk.deliver(subject: "Order", isJunk: true)
        try await desk.deliver(subject: "Win", isJunk: true)
        #expect(try await desk.emails(in: "Archive").count == 1)
        #expect(try await desk.emails(in: "Junk").count == 1)
    }

    @Test("a broken script loses nothing") func broken() async throws {
        let desk = try await Desk()
        let id = try await desk.store.createScript(name: "test", content: Array("discard".utf8)).id
        _ = try await desk.store.activateScript(id)
        try await desk.deliver()
        #expect(try await desk.emails(in: "INBOX").count == 1)
    }

    @Test("discard throws away, reject refuses with its reason") func refusal() async throws {
        let desk = try await Desk()
        try await desk.use("""
            require "reject";
            if header :is "subject" "Go" { discard; }
            elsif header :is "subject" "Back" { reject "I do not\\r\\nwant this"; }
            elsif header :is "subject" "Zurück" { reject "Nö"; }
            """.replacing("\\r\\n", with: "\r\n"))
        #expect(try await desk.deliver(subject: "Go") == .delivered)
        let refused = Reply(550, EnhancedStatus(5, 7, 1), lines: ["I do not", "want this"])
        #expect(try await desk.deliver(subject: "Back") == .refused(refused))
        #expect(try await desk.deliver(subject: "=?utf-8?q?Zur=C3=BCck?=") == .refused(Reply(550, 5, 7, 1, "The recipient refuses this message")))
        #expect(try await desk.emails(in: "INBOX").isEmpty)
        #expect(try await desk.queued().isEmpty)
    }

    @Test("redirect sends the message on, marked; the second time it stays") func redirect() async throws {
        let desk = try await Desk()
        try await desk.use("redirect \"friend@elsewhere.test\";")
        try await desk.deliver()
        let sent = try #require(try await desk.queued().first)
        #expect(sent.entry.recipients.map(\.address) == ["friend@elsewhere.test"])
        #expect(sent.entry.sender.hasPrefix("SRS0=") && sent.entry.sender.hasSuffix("@demo.test"))
        #expect(sent.text.hasPrefix("X-Sieve-Redirected-From: bob@demo.test\r\nReceived: here\r\nFrom: friend@x.test\r\n"))
        #expect(sent.text.hasSuffix("\r\n\r\nGood morning\r\n"))
        #expect(try await desk.emails(in: "INBOX").isEmpty)
        try await desk.deliver(more: "X-Sieve-Redirected-From: bob@demo.test\r\n")
        #expect(try await desk.queued().count == 1)
        #expect(try await desk.emails(in: "INBOX").count == 1)
    }

    @Test("redirect :copy stores too; the same delivery repeated sends once") func redirectCopy() async throws {
        let desk = try await Desk()
        try await desk.use("require \"copy\"; redirect :copy \"friend@elsewhere.test\";")
        for _ in 0..<2 { try await desk.deliver(uniqueName: "q1r0") }
        #expect(try await desk.queued().count == 1)
        #expect(try await desk.emails(in: "INBOX").count == 1)
    }

    @Test("a changed header is what is stored, the rest as it came") func editHeader() async throws {
        let desk = try await Desk()
        try await desk.use("require \"editheader\"; deleteheader \"Subject\"; addheader \"X-Seen\" \"yes\";")
        try await desk.deliver()
        let email = try #require(try await desk.emails(in: "INBOX").first)
        let text = try await desk.bytes(email)
        #expect(text.hasPrefix("Return-Path: <friend@x.test>\r\nDelivered-To: bob@demo.test\r\n"))
        #expect(text.contains("X-Seen: yes\r\n") && !text.contains("Subject:") && text.contains("Received: here\r\n"))
        #expect(text.hasSuffix("\r\n\r\nGood morning\r\n"))
    }

    @Test("a duplicate is known when it comes again") func duplicate() async throws {
        let desk = try await Desk()
        try await desk.use("require [\"duplicate\", \"fileinto\"]; if duplicate { fileinto \"Trash\"; }")
        for _ in 0..<2 { try await desk.deliver() }
        #expect(try await desk.emails(in: "INBOX").count == 1)
        #expect(try await desk.emails(in: "Trash").count == 1)
    }

    @Test("a message too large for memory is filtered by its header, and stored whole") func large() async throws {
        let desk = try await Desk()
        try await desk.use("require [\"editheader\", \"fileinto\"]; addheader \"X-Big\" \"yes\"; if size :over 300K { fileinto \"Archive\"; }")
        let body = String(repeating: "All work and no play\r\n", count: 20_000)
        let path = desk.world.folder + "/big.eml"
        try AtomicFile.write(Array("From: friend@x.test\r\nSubject: Big\r\n\r\n\(body)".utf8), to: path)
        let arrival = Arrival(
            account: desk.bob, recipient: "bob@demo.test", sender: .null, trace: Array("Received: here\r\n".utf8), source: .file(path: path))
        #expect(try await desk.local.deliver(arrival) == .delivered)
        let email = try #require(try await desk.emails(in: "Archive").first)
        let text = try await desk.bytes(email)
        #expect(text.contains("X-Big: yes\r\n") && text.contains("Received: here\r\n") && text.hasSuffix("Subject: Big\r\n\r\n\(body)"))
    }
}

@Suite("Vacation responses") struct VacationTests {
    @Test("the sender is answered once, from nobody, with a thread") func answer() async throws {
        let desk = try await Desk()
        try await desk.vacation {
            $0.subject = "Ich bin weg"
            $0.textBody = "Bis \\\"bald\\\""
        }
        for _ in 0..<2 { try await desk.deliver() }
        let queued = try await desk.queued()
        let reply = try #require(queued.first)
        #expect(queued.count == 1 && reply.entry.sender == "" && reply.entry.recipients.map(\.address) == ["friend@x.test"])
        let message = HeaderBlock(Array(reply.text.utf8))
        #expect(message.value("auto-submitted")?.hasPrefix("auto-replied") == true)
        #expect(message.value("subject") == "Ich bin weg" && message.value("in-reply-to") == "<1@x.test>")
        #expect(message.value("to") == "friend@x.test" && message.value("from")?.contains("bob@demo.test") == true)
        #expect(reply.text.contains("Bis \"bald\""))
        #expect(try await desk.emails(in: "INBOX").count == 2)
    }

    @Test("it runs beside the user's own script, but not for what that throws away or refuses") func beside() async throws {
        let desk = try await Desk()
        try await desk.vacation { _ in }
        try await desk.use("""
            require ["fileinto", "reject"];
            if header :is "subject" "File" { fileinto "Archive"; }
            elsif header :is "subject" "Go" { discard; }
            elsif header :is "subject" "Back" { reject "No"; }
            """)
        for (number, subject) in ["Go", "Back"].enumerated() { try await desk.deliver(subject: subject, from: "f\(number)@x.test") }
        #expect(try await desk.queued().isEmpty)
        try await desk.deliver(subject: "File", from: "third@x.test")
        #expect(try await desk.queued().map { $0.entry.recipients[0].address } == ["third@x.test"])
        #expect(try await desk.emails(in: "Archive").count == 1)
    }

    @Test("junk, lists, notifications, and answers of machines are never answered") func silence() async throws {
        let desk = try await Desk()
        try await desk.vacation { _ in }
        try await desk.deliver(isJunk: true)
        try await desk.deliver(from: "a@x.test", more: "List-Id: <list.x.test>\r\n")
        try await desk.deliver(from: "b@x.test", more: "Auto-Submitted: auto-replied\r\n")
        try await desk.deliver(from: "owner-list@x.test")
        try await desk.deliver(from: "MAILER-DAEMON@x.test")
        #expect(try await desk.queued().isEmpty)
    }

    @Test("dates bound it", arguments: [("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", true), ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z", false), ("2999-01-01T00:00:00Z", "2999-02-01T00:00:00Z", false)])
    func dates(from: String, to: String, answers: Bool) async throws {
        let desk = try await Desk()
        try await desk.vacation {
            $0.fromDate = from
            $0.toDate = to
        }
        try await desk.deliver()
        #expect(try await desk.queued().count == (answers ? 1 : 0))
    }

    @Test("with HTML, both forms are sent") func html() async throws {
        let desk = try await Desk()
        try await desk.vacation { $0.htmlBody = "<p>Back on <b>Monday</b></p>" }
        try await desk.deliver()
        let reply = try #require(try await desk.queued().first)
        let message = Message(parsing: Array(reply.text.utf8))
        #expect(message.parts.map(\.type) == ["multipart/alternative", "text/plain", "text/html"])
        #expect(reply.text.contains("<b>Monday</b>") && reply.text.contains("Back on Monday"))
        #expect(HeaderBlock(Array(reply.text.utf8)).count("mime-version") == 1)
    }

    @Test("mail to an alias of the account alone is answered; mail that names none of its addresses is not") func addresses() async throws {
        let desk = try await Desk()
        try await desk.world.directory.addAlias(address("sales@demo.test"), recipients: [desk.bob.address])
        #expect(OwnAddresses(desk.world.directory.snapshot).addresses(of: desk.bob).contains("sales@demo.test"))
    }
}

@Suite("Names of mailboxes in scripts") struct MailboxPathsTests {
    @Test("levels, separators, the inbox and special uses") func names() async throws {
        let desk = try await Desk()
        let parent = try await desk.store.createMailbox(MailboxDraft(name: "example.org"))
        let child = try await desk.store.createMailbox(MailboxDraft(name: "A", parentId: parent))
        let paths = MailboxPaths(try await desk.store.read { try $0.mailboxes() })
        #expect(paths.find("inbox") == paths.find("INBOX") && paths.find("INBOX") != nil)
        #expect(paths.find("example.org/A") == child && paths.find("example.org") == parent)
        #expect(paths.find("INBOX/example.org/A/") == child && paths.find("A") == nil)
        #expect(paths.has("\\Junk", mailbox: nil) && paths.has("\\junk", mailbox: "Junk") && !paths.has("\\Junk", mailbox: "INBOX"))
        #expect(MailboxPaths.levels("INBOX/a/b") == ["a", "b"])
    }
}
