import Formats
import Sieve
import Testing

@Suite("Answers that the user is away: RFC 5230")
struct VacationTests {
    private func request(_ script: String, _ scenario: Scenario = Scenario()) throws -> VacationRequest? {
        let result = try scenario.run("require [\"vacation\", \"vacation-seconds\", \"variables\"]; " + script)
        if let error = result.error { throw error }
        return result.actions.lazy.compactMap(\.vacation).first
    }

    @Test("answers the sender, and keeps the message")
    func answers() throws {
        let result = try Scenario().run("require \"vacation\"; vacation \"I'm away\\r\\nuntil Monday.\";")
        #expect(result.actions.map(\.summary) == ["vacation coyote@desert.example", "implicit keep"])
        let request = try #require(result.actions.first?.vacation)
        #expect(request.subject == "Auto: I have a present for you")
        #expect(request.seconds == 7 * 86_400)
        #expect(request.inReplyTo == "abcd.001@desert.example")
        #expect(request.references == ["abcd.001@desert.example"])
        #expect(request.from == nil)
        #expect(!request.isMIME)
    }

    @Test("takes its parts from the script")
    func takesParts() throws {
        let script = """
            vacation :days 3 :subject "Away" :from "Road Runner <rr@acme.example>" :handle "summer" :mime text:
            Content-Type: text/html

            <p>Away</p>
            .
            ;
            """
        let request = try #require(try request(script))
        #expect(request.subject == "Away")
        #expect(request.from == EmailAddress(name: "Road Runner", email: "rr@acme.example"))
        #expect(request.handle == "handle:summer")
        #expect(request.isMIME)
        #expect(request.seconds == 3 * 86_400)
        #expect(request.reason == "Content-Type: text/html\n\n<p>Away</p>\n")
    }

    @Test("brings its time within bounds", arguments: [
        (":days 0", 86_400), (":days 1000", 60 * 86_400), (":seconds 0", 0), (":seconds 90", 90), (":seconds 99999999", 60 * 86_400), ("", 604_800),
    ])
    func boundsTime(tag: String, seconds: Int) throws {
        #expect(try request("vacation \(tag) \"x\";")?.seconds == seconds)
    }

    @Test("the same answer has the same handle; a different one has not")
    func handles() throws {
        let first = try request("vacation \"x\";")?.handle
        #expect(try request("vacation :days 2 \"x\";")?.handle == first)
        #expect(try request("vacation \"y\";")?.handle != first)
        #expect(try request("vacation :subject \"s\" \"x\";")?.handle != first)
    }

    @Test("answers no list, no robot, no bulk mail", arguments: [
        "Auto-Submitted: auto-generated", "Auto-Submitted: auto-replied; x=y", "Precedence: bulk", "Precedence: LIST", "Precedence: junk",
        "List-Id: <a.b.example>", "List-Unsubscribe: <mailto:x@y.example>", "X-Auto-Response-Suppress: DR, OOF", "X-Autoreply: yes",
    ])
    func answersNoRobot(field: String) throws {
        #expect(try request("vacation \"x\";", Scenario(field + "\n" + Scenario.letter)) == nil)
    }

    @Test("answers what says that a person sent it", arguments: ["Auto-Submitted: no", "Precedence: normal", "X-Auto-Response-Suppress: DR"])
    func answersPeople(field: String) throws {
        #expect(try request("vacation \"x\";", Scenario(field + "\n" + Scenario.letter)) != nil)
    }

    @Test("answers no address that nobody reads", arguments: [
        "", "MAILER-DAEMON@desert.example", "owner-list@desert.example", "list-request@desert.example", "noreply@desert.example",
        "list-bounces@desert.example", "roadrunner@acme.example", "ROADRUNNER@acme.example", "root@[192.0.2.1]", "broken",
    ])
    func answersNobody(sender: String) throws {
        var scenario = Scenario()
        scenario.environment.sender = sender
        #expect(try request("vacation \"x\";", scenario) == nil)
    }

    @Test("answers only mail that names the user", arguments: [
        ("To: someone@else.example", "", false), ("To: someone@else.example\nCc: ROADRUNNER@acme.example", "", true),
        ("Resent-To: roadrunner@acme.example", "", true), ("To: roadrunner+tag@acme.example", "", true),
        ("To: rr@alias.example", ":addresses \"rr@alias.example\"", true), ("To: own@alias.example", "", true), ("Subject: x", "", false),
        ("To: =?utf-8?Q?roadrunner=40acme.example?= <x@y.example>", "", false),
    ])
    func answersOwnMail(fields: String, tags: String, expected: Bool) throws {
        var scenario = Scenario(fields + "\n\nx\n")
        scenario.environment.ownAddresses = ["own@alias.example"]
        #expect(try (request("vacation \(tags) \"x\";", scenario) != nil) == expected)
    }

    @Test("twice in one run is an error, whoever would be answered")
    func onceOnly() throws {
        #expect(try Scenario().actions("require \"vacation\"; vacation \"x\"; vacation \"y\";") == ["error: 'vacation' is used twice for the same message"])
    }

    @Test("a script can build the answer of what it found")
    func buildsAnswer() throws {
        let script = """
            if header :matches "subject" "*" { set "about" "${1}"; }
            vacation :subject "Away: ${about}" "Your message '${about}' will wait.";
            """
        let request = try #require(try request(script))
        #expect(request.subject == "Away: I have a present for you")
        #expect(request.reason == "Your message 'I have a present for you' will wait.")
    }

    @Test("a long conversation gives a short References")
    func boundsReferences() throws {
        let ids = (0..<100).map { "<\($0)@x.example>" }.joined(separator: "\n ")
        let request = try #require(try request("vacation \"x\";", Scenario("References: \(ids)\n" + Scenario.letter)))
        #expect(request.references.count == 21)
        #expect(request.references.first == "0@x.example")
        #expect(request.references.last == "abcd.001@desert.example")
    }
}
