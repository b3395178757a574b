import JMAP
import MailStore
import Testing

@testable import Webmail

struct EmailTests {
    private static let message = """
        From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>
        To: Team: a@example.org, "B" <b@example.org>;
        Subject: =?utf-8?b?R3LDvMOfZQ==?=
        Date: Thu, 5 Mar 2026 09:30:00 +0530
        Message-ID: <one@example.org>
        X-Note: first
        X-Note: second
        List-Post: <mailto:list@example.org>
        Content-Type: multipart/alternative; boundary=b

        --b
        Content-Type: text/plain; charset=utf-8

        Grüße und mehr
        --b
        Content-Type: text/html; charset=utf-8

        <p>Grüße <b title="und mehr">fett</b></p>
        --b--

        """

    // MARK: Get

    @Test("RFC 8621 §4.1.3: header properties in every form, named as they were asked for") func headerForms() async throws {
        let harness = try await Harness.make()
        let id = try await harness.importMessage(Self.message)
        let email = try await harness.email(
            id,
            [
                "header:subject:asText", "header:SUBJECT", "header:x-note:all", "header:X-Note", "header:X-None",
                "header:X-None:asText:all", "header:To:asGroupedAddresses", "header:Date:asDate", "header:List-Post:asURLs",
                "header:Message-ID:asMessageIds", "header:From:asAddresses:all",
            ])
        #expect(email["header:subject:asText"] == "Grüße")
        #expect(email["header:SUBJECT"] == " =?utf-8?b?R3LDvMOfZQ==?=")
        #expect(email["header:x-note:all"] == [" first", " second"] && email["header:X-Note"] == " second")
        #expect(email["header:X-None"] == .some(.null) && email["header:X-None:asText:all"] == [])
        #expect(email["header:To:asGroupedAddresses"]?.array?[0]["name"] == "Team")
        #expect(email["header:Date:asDate"] == "2026-03-05T09:30:00+05:30")
        #expect(email["header:List-Post:asURLs"] == ["mailto:list@example.org"])
        #expect(email["header:Message-ID:asMessageIds"] == ["one@example.org"])
        #expect(email["header:From:asAddresses:all"] == [[["name": "Jörg", "email": "joerg@example.org"]]])
    }

    @Test(
        "RFC 8621 §4.2: properties that there are not, and forms that a field has not",
        arguments: [
            "nope", "header:", "header:From:asDate", "header:Subject:asAddresses", "header:X:asNope", "header:X:all:asText",
            "header:X:asText:all:more", "header:Subject:astext", "header:a b",
        ])
    func invalidProperties(property: String) async throws {
        let harness = try await Harness.make()
        #expect(try await harness.error("Email/get", ["ids": [], "properties": [.string(property)]]) == "invalidArguments")
        #expect(try await harness.error("Email/get", ["ids": [], "bodyProperties": [.string(property)]]) == "invalidArguments")
    }

    @Test("RFC 8621 §4.2: body values are cut at a character, and in HTML before a tag") func bodyValues() async throws {
        let harness = try await Harness.make()
        let id = try await harness.importMessage(Self.message)
        let email = try await harness.email(
            id, ["bodyValues", "textBody", "htmlBody"], ["fetchAllBodyValues": true, "maxBodyValueBytes": 13])
        let text = try #require(email["textBody"]?.array?[0]["partId"]?.string)
        let html = try #require(email["htmlBody"]?.array?[0]["partId"]?.string)
        #expect(email["bodyValues"]?[text]?["value"] == "Grüße und m")
        #expect(email["bodyValues"]?[text]?["isTruncated"] == true)
        #expect(email["bodyValues"]?[html]?["value"] == "<p>Grüße ")
        let none = try await harness.email(id, ["bodyValues"])
        #expect(none["bodyValues"] == [:])
    }

    @Test(
        "Truncation", arguments: [("aä", 2, false, "a"), ("aä", 3, false, "aä"), ("<a b>", 3, true, ""), ("x<i>y", 4, true, "x<i>")])
    func truncation(text: String, limit: Int, isHTML: Bool, expected: String) {
        #expect(BodyRenderer.truncate(text, to: limit, isHTML: isHTML) == expected)
    }

    @Test("Emails without ids are all emails; unknown ones are not found") func allAndUnknown() async throws {
        let harness = try await Harness.make()
        let id = try await harness.importMessage(Self.message)
        #expect(try await harness.call("Email/get", ["ids": nil])["list"]?.array?.count == 1)
        let some = try await harness.call("Email/get", ["ids": [.string(id), "nope"], "properties": ["id"]])
        #expect(some["list"] == [["id": .string(id)]] && some["notFound"] == ["nope"])
        let thread = try await harness.email(id, ["threadId"])["threadId"]
        let threads = try await harness.call("Thread/get", ["ids": [try #require(thread), "Tnope"]])
        #expect(threads["list"]?.array?[0]["emailIds"] == [.string(id)] && threads["notFound"] == ["Tnope"])
    }

    // MARK: Create

    @Test("RFC 8621 §4.6: text, HTML, an embedded and an attached file make one message") func create() async throws {
        let harness = try await Harness.make()
        let blob = try await harness.account.mail.storeBlob(.bytes(Array("file".utf8)))
        let file = JSON.string(blob.id.rawValue)
        let result = try await harness.create([
            "from": [["name": "Älice", "email": "alice@example.test"]], "subject": "Grüße", "sentAt": "2026-03-05T09:30:00+05:30",
            "header:X-Mine:asText": "ümlaut", "keywords": ["$draft": true, "Mine": true],
            "textBody": [["partId": "t"]], "htmlBody": [["partId": "h", "type": "text/html"]],
            "attachments": [
                ["blobId": file, "type": "image/png", "cid": "pic@x", "disposition": "inline"],
                ["blobId": file, "type": "application/pdf", "name": "ü.pdf", "disposition": "attachment"],
            ],
            "bodyValues": ["t": ["value": "text"], "h": ["value": "<img src=cid:pic@x>", "isTruncated": false]],
        ])
        let created = try #require(result["created"]?["k"])
        #expect(created.object?.names == ["id", "blobId", "threadId", "size"])
        let email = try await harness.email(
            try #require(created["id"]?.string),
            ["subject", "from", "sentAt", "keywords", "messageId", "bodyStructure", "header:X-Mine:asText", "hasAttachment", "attachments"],
            ["bodyProperties": ["type", "name", "cid", "blobId"]])
        #expect(email["subject"] == "Grüße" && email["sentAt"] == "2026-03-05T09:30:00+05:30")
        #expect(email["keywords"] == ["$draft": true, "mine": true] && email["header:X-Mine:asText"] == "ümlaut")
        #expect(email["messageId"]?.array?.count == 1)
        #expect(email["hasAttachment"] == true)
        let structure = try #require(email["bodyStructure"])
        #expect(structure["type"] == "multipart/mixed")
        #expect(structure["subParts"]?.array?[0]["subParts"]?.array?[1]["type"] == "multipart/related")
        #expect(structure["subParts"]?.array?[1]["name"] == "ü.pdf")
        let attached = try #require(email["attachments"]?.array?.last?["blobId"]?.string)
        #expect(try await harness.account.mail.blob(.init(rawValue: attached)).read() == Array("file".utf8))
    }

    @Test(
        "RFC 8621 §4.6: what an email to create must not be",
        arguments: [
            (#"{"headers":[]}"#, ["headers"]), (#"{"id":"x"}"#, ["id"]), (#"{"size":1}"#, ["size"]), (#"{"nope":1}"#, ["nope"]),
            (#"{"subject":7}"#, ["subject"]), (#"{"from":[{"name":"x"}]}"#, ["from"]), (#"{"sentAt":"today"}"#, ["sentAt"]),
            (#"{"from":[],"header:From:asAddresses":[]}"#, ["from", "header:From:asAddresses"]),
            (#"{"header:From:asDate":"x"}"#, ["header:From:asDate"]),
            (#"{"header:Content-Type":" text/plain"}"#, ["header:Content-Type"]),
            (#"{"keywords":{"a b":true}}"#, ["keywords"]), (#"{"keywords":{"a":false}}"#, ["keywords"]),
            (#"{"mailboxIds":{}}"#, ["mailboxIds"]), (#"{"mailboxIds":{"nope":true}}"#, ["mailboxIds"]),
            (#"{"receivedAt":"2026-03-05T09:30:00+05:30"}"#, ["receivedAt"]),
            (#"{"textBody":[{"partId":"1"}]}"#, ["textBody/0/partId"]),
            (#"{"textBody":[],"bodyValues":{}}"#, ["textBody"]),
            (#"{"textBody":[{"partId":"1","type":"text/html"}],"bodyValues":{"1":{"value":""}}}"#, ["textBody"]),
            (#"{"htmlBody":[{"partId":"1","type":"text/plain"}],"bodyValues":{"1":{"value":""}}}"#, ["htmlBody"]),
            (#"{"textBody":[{"partId":"1","charset":"utf-8"}],"bodyValues":{"1":{"value":""}}}"#, ["textBody/0/charset"]),
            (#"{"textBody":[{"partId":"1","size":3}],"bodyValues":{"1":{"value":""}}}"#, ["textBody/0/size"]),
            (#"{"textBody":[{"partId":"1","blobId":"x"}],"bodyValues":{"1":{"value":""}}}"#, ["textBody/0/partId", "textBody/0/blobId"]),
            (#"{"textBody":[{"partId":"1","header:Content-Transfer-Encoding":"8bit"}],"bodyValues":{"1":{"value":""}}}"#, ["textBody/0/header:Content-Transfer-Encoding"]),
            (#"{"textBody":[{"partId":"1","headers":[]}],"bodyValues":{"1":{"value":""}}}"#, ["textBody/0/headers"]),
            (#"{"bodyValues":{"1":{"value":"","isTruncated":true}}}"#, ["bodyValues/1"]),
            (#"{"bodyStructure":{"partId":"1"},"textBody":[{"partId":"1"}],"bodyValues":{"1":{"value":""}}}"#, ["textBody"]),
            (#"{"subject":"a","bodyStructure":{"partId":"1","header:Subject:asText":"b"},"bodyValues":{"1":{"value":""}}}"#, ["bodyStructure/header:Subject:asText"]),
            (#"{"bodyStructure":{"type":"multipart/mixed"}}"#, ["bodyStructure/subParts"]),
        ])
    func invalidCreations(record: String, properties: [String]) async throws {
        let harness = try await Harness.make()
        let result = try await harness.create(try #require(try JSON(parsing: record).object))
        let error = try #require(result["notCreated"]?["k"], "\(result)")
        #expect(error["type"] == "invalidProperties")
        #expect(Set(error["properties"]?.strings ?? []) == Set(properties), "\(error)")
    }

    @Test("RFC 8621 §4.6: blobNotFound names every blob that is missing") func blobNotFound() async throws {
        let harness = try await Harness.make()
        let result = try await harness.create([
            "attachments": [["blobId": "nope"], ["blobId": "Unope"]], "textBody": [["partId": "1"]], "bodyValues": ["1": ["value": ""]],
        ])
        #expect(result["notCreated"]?["k"] == ["type": "blobNotFound", "notFound": ["nope", "Unope"]])
    }

    @Test("RFC 8620 §5.3: overQuota") func overQuota() async throws {
        let harness = try await Harness.make(quota: 100)
        let result = try await harness.create(["subject": .string(String(repeating: "x", count: 200))])
        #expect(result["notCreated"]?["k"]?["type"] == "overQuota")
    }

    // MARK: Update

    @Test("RFC 8621 §4.6: keywords and mailboxes, whole or by patch") func update() async throws {
        let harness = try await Harness.make()
        let id = try await harness.importMessage(Self.message, keywords: ["$seen"])
        let inbox = try await harness.mailbox("inbox"), archive = try await harness.mailbox("archive")
        func update(_ patch: JSONObject) async throws -> JSON {
            try await harness.call("Email/set", ["update": .object([id: .object(patch)])])
        }
        func now() async throws -> JSON { try await harness.email(id, ["keywords", "mailboxIds"]) }
        _ = try await update(["keywords/$Flagged": true, "keywords/$seen": nil])
        #expect(try await now()["keywords"] == ["$flagged": true])
        _ = try await update(["keywords": ["a": true]])
        #expect(try await now()["keywords"] == ["a": true])
        _ = try await update(["keywords": nil])
        #expect(try await now()["keywords"] == [:])
        _ = try await update(JSONObject(unique: [("mailboxIds/" + archive, true), ("mailboxIds/" + inbox, nil)]))
        #expect(try await now()["mailboxIds"] == .object([archive: true]))
        _ = try await update(["mailboxIds": .object([inbox: true])])
        #expect(try await now()["mailboxIds"] == .object([inbox: true]))
        let both = try await update(JSONObject(unique: [("mailboxIds/" + archive, true)]))
        #expect(both["notUpdated"]?[id]?["type"] == "tooManyMailboxes")
        let none = try await update(JSONObject(unique: [("mailboxIds/" + inbox, nil)]))
        #expect(none["notUpdated"]?[id]?["properties"] == ["mailboxIds"])
    }

    @Test(
        "RFC 8621 §4.6: updates that are refused",
        arguments: [
            (#"{"keywords/a b":true}"#, "invalidProperties"), (#"{"keywords/a":false}"#, "invalidProperties"),
            (#"{"keywords/a/b":true}"#, "invalidPatch"), (#"{"keywords":{},"keywords/a":true}"#, "invalidPatch"),
            (#"{"subject":"other"}"#, "invalidProperties"), (#"{"nope":1}"#, "invalidProperties"),
            (#"{"mailboxIds":{"nope":true}}"#, "invalidProperties"), (#"{"mailboxIds":null}"#, "invalidProperties"),
        ])
    func refusedUpdates(patch: String, type: String) async throws {
        let harness = try await Harness.make()
        let id = try await harness.importMessage(Self.message)
        let result = try await harness.call("Email/set", ["update": .object([id: try JSON(parsing: patch)])])
        #expect(result["notUpdated"]?[id]?["type"] == .string(type), "\(result)")
    }

    @Test("RFC 8620 §5.3: immutable properties may be repeated") func repeated() async throws {
        let harness = try await Harness.make()
        let id = try await harness.importMessage(Self.message)
        let patch: JSON = ["subject": "Grüße", "header:X-Note": " second", "keywords": ["$seen": true], "id": .string(id)]
        let result = try await harness.call("Email/set", ["update": .object([id: patch])])
        #expect(result["updated"] == .object([id: .null]), "\(result)")
    }

    // MARK: Import, parse, copy

    @Test("RFC 8621 §4.8: what an import may lack") func imports() async throws {
        let harness = try await Harness.make()
        let blob = try await harness.account.mail.storeBlob(.bytes(Array("no message".utf8)))
        let inbox = JSON.object([try await harness.mailbox("inbox"): true])
        let result = try await harness.call(
            "Email/import",
            [
                "emails": [
                    "a": ["blobId": "Unope", "mailboxIds": inbox], "b": ["blobId": .string(blob.id.rawValue)],
                    "c": ["blobId": .string(blob.id.rawValue), "mailboxIds": inbox], "d": ["mailboxIds": inbox],
                ]
            ])
        #expect(result["created"] == .some(.null))
        #expect(result["notCreated"]?["a"]?["properties"] == ["blobId"])
        #expect(result["notCreated"]?["b"]?["properties"] == ["mailboxIds"])
        #expect(result["notCreated"]?["c"]?["type"] == "invalidEmail")
        #expect(result["notCreated"]?["d"]?["properties"] == ["blobId"])
        #expect(try await harness.error("Email/import", ["emails": [:], "ifInState": "x"]) == "stateMismatch")
    }

    @Test("RFC 8621 §4.9: parse tells what the message says, and nothing that the store would") func parse() async throws {
        let harness = try await Harness.make()
        let upload = try await harness.account.mail.storeBlob(.bytes(Array(Self.message.replacing("\n", with: "\r\n").utf8)))
        let junk = try await harness.account.mail.storeBlob(.bytes(Array("junk".utf8)))
        let id = upload.id.rawValue
        let result = try await harness.call(
            "Email/parse",
            [
                "blobIds": [.string(id), .string(junk.id.rawValue), "Unope"], "fetchTextBodyValues": true,
                "properties": ["id", "threadId", "keywords", "subject", "textBody", "bodyValues"],
            ])
        let parsed = try #require(result["parsed"]?[id])
        #expect(parsed["id"] == .some(.null) && parsed["keywords"] == .some(.null) && parsed["subject"] == "Grüße")
        #expect(parsed["bodyValues"]?["1"]?["value"] == "Grüße und mehr")
        let part = try #require(parsed["textBody"]?.array?[0]["blobId"]?.string)
        #expect(try await harness.account.mail.blob(.init(rawValue: part)).read().starts(with: "Grüße".utf8))
        #expect(result["notParsable"] == [.string(junk.id.rawValue)] && result["notFound"] == ["Unope"])
    }

    @Test("Of an attached message that the email's parser did not open, the parts can be downloaded") func parseEncoded() async throws {
        let harness = try await Harness.make()
        let id = try await harness.importMessage(
            """
            From: a@example.org
            Subject: Outer
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary=b

            --b
            Content-Type: text/plain

            Hello
            --b
            Content-Type: application/octet-stream; name=m.eml
            Content-Transfer-Encoding: base64

            RnJvbTogYkBleGFtcGxlLm9yZw0KU3ViamVjdDogSW5uZXINCg0KV29yZHMNCg==
            --b--
            """)
        let outer = try await harness.email(id, ["attachments"])
        let blob = try #require(outer["attachments"]?.array?.first?["blobId"]?.string)
        let result = try await harness.call("Email/parse", ["blobIds": [.string(blob)], "properties": ["subject", "textBody"]])
        let parsed = try #require(result["parsed"]?[blob], "\(result)")
        let part = try #require(parsed["textBody"]?.array?.first?["blobId"]?.string)
        #expect(parsed["subject"] == "Inner")
        #expect(try await harness.account.mail.blob(.init(rawValue: part)).read().starts(with: "Words".utf8))
    }

    @Test("RFC 8620 §5.4: a copy goes to another account") func copy() async throws {
        let harness = try await Harness.make()
        let own = JSON.string(harness.accountId)
        #expect(try await harness.error("Email/copy", ["fromAccountId": own, "create": [:]]) == "invalidArguments")
        #expect(try await harness.error("Email/copy", ["fromAccountId": "x", "create": [:]]) == "fromAccountNotFound")
        #expect(try await harness.error("Blob/copy", ["fromAccountId": own, "blobIds": []]) == "invalidArguments")
    }

    // MARK: Query

    @Test(
        "RFC 8621 §4.4.1: filters that are refused",
        arguments: [
            (#"{"nope":1}"#, "unsupportedFilter"), (#"{"inMailbox":1}"#, "invalidArguments"),
            (#"{"before":"2026-01-01"}"#, "invalidArguments"), (#"{"minSize":-1}"#, "invalidArguments"),
            (#"{"hasKeyword":"a b"}"#, "invalidArguments"), (#"{"header":[]}"#, "invalidArguments"),
            (#"{"header":["a","b","c"]}"#, "invalidArguments"), (#"{"operator":"AND"}"#, "invalidArguments"),
            (#"{"operator":"AND","conditions":[{"text":1}]}"#, "invalidArguments"), (#"[]"#, "invalidArguments"),
        ])
    func refusedFilters(filter: String, type: String) async throws {
        let harness = try await Harness.make()
        #expect(try await harness.error("Email/query", ["filter": try JSON(parsing: filter)]) == type)
    }

    @Test("RFC 8621 §4.4.2: sorts by a keyword need one") func refusedSorts() async throws {
        let harness = try await Harness.make()
        #expect(try await harness.error("Email/query", ["sort": [["property": "hasKeyword"]]]) == "invalidArguments")
        #expect(try await harness.error("Email/query", ["sort": [["property": "nope"]]]) == "unsupportedSort")
        _ = try await harness.call("Email/query", ["sort": [["property": "hasKeyword", "keyword": "$seen"]]])
    }

    @Test("RFC 8621 §5.1: snippets mark what was found") func snippets() async throws {
        let harness = try await Harness.make()
        let id = try await harness.importMessage("Subject: A <rare> xylophone\n\nIt plays & plays.\n")
        let result = try await harness.call(
            "SearchSnippet/get", ["filter": ["text": "xylophone"], "emailIds": [.string(id), "nope"]])
        #expect(result["list"]?.array?[0]["subject"] == "A &lt;rare&gt; <mark>xylophone</mark>")
        #expect(result["list"]?.array?[0]["preview"] == .some(.null))
        #expect(result["notFound"] == ["nope"])
    }
}
