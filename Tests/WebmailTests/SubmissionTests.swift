import Formats
import JMAP
import Testing

@testable import Webmail

struct SubmissionTests {
    private func identity(_ harness: Harness) async throws -> JSON {
        try #require(try await harness.call("Identity/get", [:])["list"]?.array?.first?["id"])
    }

    private func submit(
        _ harness: Harness, _ email: String, _ more: JSONObject = [:], arguments: JSONObject = [:]
    ) async throws -> JSON {
        var submission: JSONObject = ["identityId": try await identity(harness), "emailId": .string(email)]
        for (name, value) in more { submission[name] = value }
        var call = arguments
        call["create"] = ["k": .object(submission)]
        return try await harness.call("EmailSubmission/set", call)
    }

    // MARK: Identities

    @Test("RFC 8621 §6: every address that one may send as is an identity") func identities() async throws {
        let harness = try await Harness.make()
        let list = try #require(try await harness.call("Identity/get", [:])["list"]?.array)
        #expect(list.count == 1)
        #expect(list[0].object?.names == IdentityType.properties)
        #expect(list[0]["email"] == .string(Harness.address) && list[0]["name"] == "Alice" && list[0]["mayDelete"] == false)
    }

    @Test("RFC 8621 §6.3: identities are changed, made and destroyed, within what is allowed") func setIdentities() async throws {
        let harness = try await Harness.make()
        let id = try #require(try await identity(harness).string)
        let state = try #require(try await harness.call("Identity/get", ["ids": []])["state"])
        let result = try await harness.call(
            "Identity/set",
            [
                "update": .object([id: ["textSignature": "-- A", "replyTo": [["name": nil, "email": "r@example.org"]]]]),
                "create": [
                    "own": ["email": "alice+shop@example.test", "name": "Shop"], "bad": ["email": "ceo@example.test"],
                    "worse": ["email": "nonsense", "name": 7],
                ],
                "destroy": [.string(id)],
            ])
        #expect(result["notUpdated"]?[id]?["type"] == "willDestroy")
        #expect(result["notDestroyed"]?[id]?["type"] == "forbidden")
        #expect(result["notCreated"]?["bad"]?["type"] == "forbiddenFrom")
        #expect(Set(result["notCreated"]?["worse"]?["properties"]?.strings ?? []) == ["email", "name"])
        let made = try #require(result["created"]?["own"]?["id"]?.string)
        #expect(result["created"]?["own"]?["mayDelete"] == true && result["created"]?["own"]?["textSignature"] == "")
        _ = try await harness.call("Identity/set", ["update": .object([id: ["textSignature": "-- A"]])])
        let changes = try await harness.call("Identity/changes", ["sinceState": state])
        #expect(changes["created"] == [.string(made)] && changes["updated"] == [.string(id)])
        let refused = try await harness.call("Identity/set", ["update": .object([id: ["email": "x@example.test"]])])
        #expect(refused["notUpdated"]?[id]?["properties"] == ["email"])
        let destroyed = try await harness.call("Identity/set", ["destroy": [.string(made)]])
        #expect(destroyed["destroyed"] == [.string(made)])
    }

    // MARK: Submissions

    @Test("finished submissions are forgotten after thirty days, and beyond a thousand; others never") func pruned() {
        let now = 2_000_000_000
        func submission(_ id: String, daysAgo: Int, undo: String = "final", delivered: String = "yes") -> (id: String, json: JSONObject) {
            (id, ["sendAt": .string(UTCDate(seconds: now - daysAgo * 86_400).description), "undoStatus": .string(undo),
                "deliveryStatus": ["a@b": ["delivered": .string(delivered)]]])
        }
        let few = [
            submission("old", daysAgo: 31), submission("new", daysAgo: 29), submission("waiting", daysAgo: 40, delivered: "queued"),
            submission("pending", daysAgo: 40, undo: "pending"), submission("canceled", daysAgo: 50, undo: "canceled", delivered: "queued"),
        ]
        #expect(SubmissionPruner.superfluous(few, now: now) == ["canceled", "old"])
        let many = (0..<1003).map { submission("m\($0 + 1000)", daysAgo: 1) }
        #expect(SubmissionPruner.superfluous(many, now: now) == ["m1000", "m1001", "m1002"])
    }

    @Test("RFC 8621 §7: without an envelope, the header makes it") func generatedEnvelope() async throws {
        let harness = try await Harness.make()
        let email = try await harness.draft(
            to: ["bob@example.test"], ["cc": [["email": "c@example.org"]], "bcc": [["email": "BOB@example.test"], ["email": "d@example.org"]]])
        let result = try await submit(harness, email)
        let created = try #require(result["created"]?["k"], "\(result)")
        #expect(created["envelope"]?["mailFrom"]?["email"] == .string(Harness.address))
        let recipients = created["envelope"]?["rcptTo"]?.array?.compactMap { $0["email"]?.string }
        #expect(recipients == ["bob@example.test", "c@example.org", "d@example.org"])
        #expect(created["threadId"]?.string != nil && created["sendAt"]?.string != nil)
        let id = try #require(created["id"])
        let listed = try await harness.call("EmailSubmission/get", ["ids": [id]])["list"]?.array?.first
        #expect(listed?.object?.names == EmailSubmissionType.properties)
        #expect(listed?["emailId"] == .string(email) && listed?["dsnBlobIds"] == [])
        #expect(listed?["deliveryStatus"]?.object?.count == 3)
    }

    @Test("RFC 8621 §7.5: held, and taken back; then it cannot be taken back again") func undo() async throws {
        let harness = try await Harness.make()
        let email = try await harness.draft(to: ["bob@example.test"])
        let envelope: JSON = [
            "mailFrom": ["email": .string(Harness.address), "parameters": ["HOLDFOR": "60"]],
            "rcptTo": [["email": "bob@example.test"]],
        ]
        let result = try await submit(harness, email, ["envelope": envelope])
        let created = try #require(result["created"]?["k"], "\(result)")
        #expect(created["undoStatus"] == "pending" && created["envelope"] == nil)
        let id = try #require(created["id"]?.string)
        let cancel: JSONObject = ["update": .object([id: ["undoStatus": "canceled"]])]
        #expect(try await harness.call("EmailSubmission/set", cancel)["updated"] == .object([id: .null]))
        let query = try await harness.call("EmailSubmission/query", ["filter": ["undoStatus": "canceled"]])
        #expect(query["ids"] == [.string(id)])
        let again = try await harness.call("EmailSubmission/set", ["update": .object([id: ["undoStatus": "pending"]])])
        #expect(again["notUpdated"]?[id]?["type"] == "invalidProperties")
        let gone = try await harness.call("EmailSubmission/set", ["destroy": [.string(id)]])
        #expect(gone["destroyed"] == [.string(id)])
    }

    @Test(
        "RFC 8621 §7.5: what must not be sent",
        arguments: [
            (#"{"from":[{"email":"ceo@example.test"}]}"#, "{}", "forbiddenFrom"),
            (#"{"from":null}"#, "{}", "invalidEmail"), (#"{"to":null}"#, "{}", "noRecipients"),
            (#"{"to":[{"email":"no address"}]}"#, "{}", "invalidRecipients"),
            (#"{"from":[{"email":"alice@example.test"},{"email":"alice+x@example.test"}]}"#, "{}", "invalidEmail"),
            ("{}", #"{"envelope":{"mailFrom":{"email":"ceo@example.test"},"rcptTo":[{"email":"a@example.org"}]}}"#, "forbiddenMailFrom"),
            ("{}", #"{"envelope":{"mailFrom":{"email":"alice@example.test"},"rcptTo":[]}}"#, "noRecipients"),
            ("{}", #"{"envelope":{"mailFrom":{"email":"alice@example.test","parameters":{"X":"y"}},"rcptTo":[{"email":"a@example.org"}]}}"#, "invalidProperties"),
            ("{}", #"{"envelope":{"mailFrom":{"email":"alice@example.test","parameters":{"HOLDFOR":"99999999"}},"rcptTo":[{"email":"a@example.org"}]}}"#, "invalidProperties"),
            ("{}", #"{"envelope":{"mailFrom":{"email":"alice@example.test","parameters":{"HOLDFOR":"9223372036854775807"}},"rcptTo":[{"email":"a@example.org"}]}}"#, "invalidProperties"),
            ("{}", #"{"envelope":{"mailFrom":{"email":"alice@example.test","parameters":{"HOLDUNTIL":"9999-12-31T23:59:59Z"}},"rcptTo":[{"email":"a@example.org"}]}}"#, "invalidProperties"),
            ("{}", #"{"envelope":7}"#, "invalidProperties"), ("{}", #"{"identityId":"nope"}"#, "invalidProperties"),
            ("{}", #"{"emailId":"nope"}"#, "invalidProperties"), ("{}", #"{"undoStatus":"final"}"#, "invalidProperties"),
        ])
    func refused(draft: String, submission: String, type: String) async throws {
        let harness = try await Harness.make()
        let email = try await harness.draft(to: ["bob@example.test"], try #require(try JSON(parsing: draft).object))
        let result = try await submit(harness, email, try #require(try JSON(parsing: submission).object))
        #expect(result["notCreated"]?["k"]?["type"] == .string(type), "\(result)")
    }

    @Test("RFC 8621 §7.5: on success, one implicit Email/set follows") func onSuccess() async throws {
        let harness = try await Harness.make()
        let email = try await harness.draft(to: ["bob@example.test"], ["keywords": ["$draft": true]])
        let sent = try await harness.mailbox("sent"), drafts = try await harness.mailbox("drafts")
        let identity = try await identity(harness)
        let calls: JSON = [
            [
                "EmailSubmission/set",
                [
                    "accountId": .string(harness.accountId),
                    "create": ["k": ["identityId": identity, "emailId": .string(email)]],
                    "onSuccessUpdateEmail": [
                        "#k": .object(
                            JSONObject(unique: [("mailboxIds/" + drafts, nil), ("mailboxIds/" + sent, true), ("keywords/$draft", nil)]))
                    ],
                ], "c",
            ]
        ]
        let responses = try await harness.send(calls.description)
        #expect(responses.map(\.name) == ["EmailSubmission/set", "Email/set"])
        #expect(responses[1].arguments["updated"] == .object([email: .null]), "\(responses[1].arguments)")
        let now = try await harness.email(email, ["mailboxIds", "keywords"])
        #expect(now["mailboxIds"] == .object([sent: true]) && now["keywords"] == [:])
    }
}
