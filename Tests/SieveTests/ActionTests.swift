import Formats
import Sieve
import Testing

@Suite("Mailboxes, duplicates, header edits")
struct ActionTests {
    // MARK: mailbox, special-use

    @Test("asks for mailboxes, and has them made: RFC 5490")
    func asksForMailboxes() throws {
        var scenario = Scenario()
        scenario.environment.mailboxExists = { $0 == "Lists" || $0 == "INBOX" }
        #expect(try scenario.holds("mailboxexists \"Lists\"", require: "mailbox"))
        #expect(try scenario.holds("mailboxexists [\"Lists\", \"INBOX\"]", require: "mailbox"))
        #expect(try !scenario.holds("mailboxexists [\"Lists\", \"Other\"]", require: "mailbox"))
        #expect(try !scenario.holds("mailboxexists \"\"", require: "mailbox"))
        #expect(try scenario.actions("require [\"mailbox\", \"fileinto\"]; fileinto :create \"Other\";") == ["fileinto Other :create"])
    }

    @Test("asks for special uses, and files by them: RFC 8579")
    func asksForSpecialUses() throws {
        var scenario = Scenario()
        scenario.environment.mailboxExists = { $0 == "Spam" || $0 == "Lists" }
        scenario.environment.hasSpecialUse = { use, name in use.lowercased() == "\\junk" && (name == nil || name == "Spam") }
        #expect(try scenario.holds("specialuse_exists \"\\\\Junk\"", require: "special-use"))
        #expect(try scenario.holds("specialuse_exists \"Spam\" \"\\\\junk\"", require: "special-use"))
        #expect(try !scenario.holds("specialuse_exists \"Lists\" \"\\\\Junk\"", require: "special-use"))
        #expect(try !scenario.holds("specialuse_exists [\"\\\\Junk\", \"\\\\Archive\"]", require: "special-use"))
        let script = "require [\"fileinto\", \"special-use\", \"mailbox\"]; fileinto :specialuse \"\\\\Junk\" :create \"Spam\";"
        #expect(try scenario.actions(script) == ["fileinto Spam :create :specialuse \\Junk"])
    }

    // MARK: duplicate

    @Test("remembers ids, and knows them again: RFC 7352")
    func knowsDuplicates() throws {
        let script = "require \"duplicate\"; if duplicate { discard; }"
        var scenario = Scenario()
        let first = try scenario.run(script)
        let key = SieveDuplicate.Key(handle: "", id: "<abcd.001@desert.example>")
        #expect(first.actions.map(\.summary) == ["implicit keep"])
        #expect(first.toRemember == [SieveDuplicate(key: key, seconds: 7 * 86_400)])
        scenario.environment.isDuplicate = { $0 == key }
        let second = try scenario.run(script)
        #expect(second.actions.isEmpty)
        #expect(second.toRemember.isEmpty)
    }

    @Test("tells ids apart by handle and source", arguments: [
        (":header \"subject\"", "", "I have a present for you", 604_800), (":uniqueid \"u\" :handle \"h\" :seconds 60", "h", "u", 60),
        (":seconds 999999999 :uniqueid \"u\"", "", "u", 7_776_000),
    ])
    func tellsIDsApart(arguments: String, handle: String, id: String, seconds: Int) throws {
        let result = try Scenario().run("require \"duplicate\"; if duplicate \(arguments) { discard; }")
        #expect(result.toRemember == [SieveDuplicate(key: .init(handle: handle, id: id), seconds: seconds)])
    }

    @Test("with :last, the time begins anew with each message; a message without an id is no duplicate")
    func remembersAnew() throws {
        var scenario = Scenario()
        scenario.environment.isDuplicate = { _ in true }
        let again = try scenario.run("require \"duplicate\"; if duplicate :last :seconds 5 { discard; }")
        #expect(again.actions.isEmpty)
        #expect(again.toRemember.map(\.seconds) == [5])
        scenario.message = "Subject: x\n\n"
        #expect(try scenario.actions("require \"duplicate\"; if duplicate { discard; }") == ["implicit keep"])
    }

    @Test("after an error nothing is remembered")
    func errorForgets() throws {
        let result = try Scenario().run("require [\"duplicate\", \"ihave\"]; if duplicate { } error \"x\";")
        #expect(result.toRemember.isEmpty)
        #expect(result.error?.message == "x")
    }

    // MARK: editheader

    private func edited(_ commands: String, message: String = "A: 1\nB: 2\nA: 3\n\nbody\n") throws -> String {
        let scenario = Scenario(message)
        let result = try scenario.run("require [\"editheader\", \"regex\"]; " + commands)
        if let error = result.error { throw error }
        let header = result.actions.first?.header
        return String(decoding: header?.message(of: scenario.bytes) ?? scenario.bytes, as: UTF8.self).replacing("\r\n", with: "\n")
    }

    @Test(
        "adds and deletes header fields: RFC 5293",
        arguments: [
            ("addheader \"X\" \"y\";", "X: y\nA: 1\nB: 2\nA: 3\n\nbody\n"), ("addheader :last \"X\" \"y\";", "A: 1\nB: 2\nA: 3\nX: y\n\nbody\n"),
            ("addheader \"X\" \"grün\";", "X: =?utf-8?Q?gr=C3=BCn?=\nA: 1\nB: 2\nA: 3\n\nbody\n"),
            ("addheader \"X\" \"a\r\nBcc: evil@example.org\";", "X: a Bcc: evil@example.org\nA: 1\nB: 2\nA: 3\n\nbody\n"),
            ("deleteheader \"a\";", "B: 2\n\nbody\n"), ("deleteheader :index 1 \"A\";", "B: 2\nA: 3\n\nbody\n"),
            ("deleteheader :index 1 :last \"A\";", "A: 1\nB: 2\n\nbody\n"), ("deleteheader \"a\" \"3\";", "A: 1\nB: 2\n\nbody\n"),
            ("deleteheader :contains \"a\" \"\";", "B: 2\n\nbody\n"), ("deleteheader :index 1 \"a\" \"3\";", "A: 1\nB: 2\nA: 3\n\nbody\n"),
            ("deleteheader :regex \"a\" \"[12]\";", "B: 2\nA: 3\n\nbody\n"), ("deleteheader \"x-none\";", "A: 1\nB: 2\nA: 3\n\nbody\n"),
            ("addheader \"Received\" \"x\"; addheader \"Auto-Submitted\" \"no\";", "A: 1\nB: 2\nA: 3\n\nbody\n"),
            ("addheader \"X\" \"y\"; deleteheader \"X\";", "A: 1\nB: 2\nA: 3\n\nbody\n"),
        ])
    func editsHeader(commands: String, expected: String) throws {
        #expect(try edited(commands) == expected)
    }

    @Test("leaves fields alone that a filter may not touch", arguments: ["Received", "Auto-Submitted", "DKIM-Signature", "Content-Type", "Return-Path"])
    func protectsFields(name: String) throws {
        #expect(try edited("deleteheader \"\(name)\";", message: "\(name): x\nA: 1\n\nb\n") == "\(name): x\nA: 1\n\nb\n")
    }

    @Test("a size counts what was edited")
    func sizeFollowsEdits() throws {
        let size = Scenario("A: 1\nB: 2\n\nb\n").bytes.count
        let script = "require \"editheader\"; deleteheader \"A\"; addheader \"X\" \"yz\"; if allof(size :over \(size), size :under \(size + 2)) { discard; }"
        #expect(try Scenario("A: 1\nB: 2\n\nb\n").actions(script) == ["discard"])
    }

    @Test("tests after an edit see it; actions have the header as it was then")
    func editsAreSeen() throws {
        let script = """
            require ["editheader", "fileinto", "copy"];
            fileinto :copy "before";
            addheader "X-Seen" "yes";
            if header "x-seen" "yes" { fileinto :copy "between"; }
            deleteheader "Subject";
            if not exists "subject" { keep; }
            """
        let actions = try Scenario("Subject: s\n\nb\n").run(script).actions
        #expect(actions.map(\.summary) == ["fileinto before", "fileinto between", "keep"])
        let headers = actions.map { action in action.header.map { String(decoding: $0.fields, as: UTF8.self) } }
        #expect(headers == [nil, "X-Seen: yes\r\nSubject: s\r\n", "X-Seen: yes\r\n"])
    }

    @Test("folded fields, bare line ends and a missing body stay what they are", arguments: [
        ("A: 1\r\n  folded\r\nB: 2\r\n\r\nx\r\n", "deleteheader \"b\";", "A: 1\r\n  folded\r\n\r\nx\r\n"),
        ("A: 1\nB: 2\n\nx\n", "addheader \"X\" \"y\";", "X: y\nA: 1\nB: 2\n\nx\n"), ("A: 1", "addheader :last \"X\" \"y\";", "A: 1\r\nX: y\r\n"),
        ("no header\r\nat all", "addheader \"X\" \"y\";", "X: y\r\n\r\nno header\r\nat all"), ("", "addheader \"X\" \"y\";", "X: y\r\n"),
        ("A: 1\r\n\r\nA: body\r\n", "deleteheader \"a\";", "\r\nA: body\r\n"),
    ])
    func keepsForm(message: String, commands: String, expected: String) throws {
        let bytes = Array(message.utf8)
        let script = try SieveScript(parsing: "require \"editheader\"; \(commands)".utf8)
        let result = script.run(on: SieveMessage(Message(parsing: bytes)), in: Scenario().environment)
        let header = try #require(result.actions.first?.header)
        #expect(String(decoding: header.message(of: bytes), as: UTF8.self) == expected)
    }
}
