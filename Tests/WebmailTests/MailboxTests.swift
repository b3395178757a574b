import JMAP
import Testing

@testable import Webmail

struct MailboxTests {
    @Test("RFC 8621 §2.1: all mailboxes with all properties, and rights that keep the inbox where it is")
    func get() async throws {
        let harness = try await Harness.make()
        let list = try #require(try await harness.call("Mailbox/get", [:])["list"]?.array)
        let roles = Set(list.compactMap { $0["role"]?.string })
        #expect(roles.isSuperset(of: ["inbox", "drafts", "sent", "trash", "junk", "archive"]))
        #expect(list.allSatisfy { $0.object?.names == MailboxType.properties })
        let inbox = try #require(list.first { $0["role"] == "inbox" })
        #expect(inbox["myRights"]?["mayDelete"] == false && inbox["myRights"]?["mayAddItems"] == true)
        #expect(try await harness.error("Mailbox/get", ["properties": ["nope"]]) == "invalidArguments")
    }

    @Test("RFC 8620 §5.3: created tells what the client did not send") func create() async throws {
        let harness = try await Harness.make()
        let result = try await harness.call("Mailbox/set", ["create": ["a": ["name": "A"]]])
        let created = try #require(result["created"]?["a"]?.object)
        #expect(created["name"] == nil && created["totalEmails"] == 0 && created["isSubscribed"] == true)
        #expect(created["myRights"]?["mayDelete"] == true && created["parentId"] == .some(.null))
    }

    @Test(
        "RFC 8621 §2: what a mailbox cannot be",
        arguments: [
            (#"{}"#, ["name"]), (#"{"name":""}"#, ["name"]), (#"{"name":7}"#, ["name"]), (#"{"name":"a\nb"}"#, ["name"]),
            (#"{"name":"a","sortOrder":-1}"#, ["sortOrder"]), (#"{"name":"a","sortOrder":2147483648}"#, ["sortOrder"]),
            (#"{"name":"a","role":"boss"}"#, ["role"]), (#"{"name":"a","parentId":"nope"}"#, ["parentId"]),
            (##"{"name":"a","parentId":"#nope"}"##, ["parentId"]), (#"{"name":"a","id":"x"}"#, ["id"]),
            (#"{"name":"a","totalEmails":0}"#, ["totalEmails"]), (#"{"name":"a","colour":"red"}"#, ["colour"]),
            (#"{"name":"a","isSubscribed":1,"sortOrder":"x"}"#, ["isSubscribed", "sortOrder"]),
            (#"{"name":"a","role":"inbox"}"#, ["role"]),
        ])
    func invalid(record: String, properties: [String]) async throws {
        let harness = try await Harness.make()
        let result = try await harness.call("Mailbox/set", ["create": ["k": try JSON(parsing: record)]])
        let error = try #require(result["notCreated"]?["k"])
        #expect(error["type"] == "invalidProperties")
        #expect(error["properties"] == JSON(properties))
    }

    @Test("RFC 8621 §2: no two siblings of one name") func siblings() async throws {
        let harness = try await Harness.make()
        let first = try await harness.makeMailbox("Twin")
        let result = try await harness.call("Mailbox/set", ["create": ["k": ["name": "Twin"]]])
        #expect(result["notCreated"]?["k"]?["type"] == "alreadyExists")
        #expect(result["notCreated"]?["k"]?["existingId"] == .string(first))
        _ = try await harness.makeMailbox("Twin", parent: first)
    }

    @Test("RFC 8620 §5.3: a parent may be created by the same call") func creationReference() async throws {
        let harness = try await Harness.make()
        let result = try await harness.call(
            "Mailbox/set", ["create": ["kid": ["name": "Kid", "parentId": "#top"], "top": ["name": "Top"]]])
        let ids = [result["created"]?["top"]?["id"], result["created"]?["kid"]?["id"]].compactMap { $0 }
        try #require(ids.count == 2)
        let kid = try await harness.call("Mailbox/get", ["ids": [ids[1]], "properties": ["parentId"]])
        #expect(kid["list"]?.array?[0]["parentId"] == ids[0])
    }

    @Test("RFC 8621 §2.5: mailboxHasChild, mailboxHasEmail, and children that go with their parent")
    func destroy() async throws {
        let harness = try await Harness.make()
        let top = try await harness.makeMailbox("Top")
        let kid = try await harness.makeMailbox("Kid", parent: top)
        let alone = try await harness.call("Mailbox/set", ["destroy": [.string(top)], "onDestroyRemoveEmails": true])
        #expect(alone["notDestroyed"]?[top]?["type"] == "mailboxHasChild")
        let email = try await harness.importMessage("Subject: x\n\nx")
        _ = try await harness.call(
            "Email/set", ["update": .object([email: ["mailboxIds": .object([kid: true])]])])
        let full = try await harness.call("Mailbox/set", ["destroy": [.string(kid)]])
        #expect(full["notDestroyed"]?[kid]?["type"] == "mailboxHasEmail")
        let both = try await harness.call(
            "Mailbox/set", ["destroy": [.string(top), .string(kid)], "onDestroyRemoveEmails": true])
        #expect(Set(both["destroyed"]?.strings ?? []) == [top, kid])
        #expect(try await harness.call("Email/get", ["ids": [.string(email)]])["notFound"] == [.string(email)])
    }

    @Test("RFC 8620 §5.3: a whole object is a valid patch, as long as server-set properties are what they are")
    func wholeObjectAsPatch() async throws {
        let harness = try await Harness.make()
        let id = try await harness.makeMailbox("Old")
        let listed = try await harness.call("Mailbox/get", ["ids": [.string(id)]])
        var whole = try #require(listed["list"]?.array?[0].object)
        whole["name"] = "New"
        let renamed = try await harness.call("Mailbox/set", ["update": .object([id: .object(whole)])])
        #expect(renamed["updated"] == .object([id: .null]))
        whole["totalEmails"] = 5
        let refused = try await harness.call("Mailbox/set", ["update": .object([id: .object(whole)])])
        #expect(refused["notUpdated"]?[id]?["properties"] == ["totalEmails"])
    }

    @Test("RFC 8620 §5.3: two mailboxes may swap their names in one call") func swap() async throws {
        let harness = try await Harness.make()
        let one = try await harness.makeMailbox("One"), two = try await harness.makeMailbox("Two")
        let result = try await harness.call(
            "Mailbox/set", ["update": .object([one: ["name": "Two"], two: ["name": "One"]])])
        #expect(result["notUpdated"] == .some(.null), "\(result)")
        let list = try await harness.call("Mailbox/get", ["ids": [.string(one), .string(two)], "properties": ["name"]])["list"]
        #expect(list == [["id": .string(one), "name": "Two"], ["id": .string(two), "name": "One"]])
    }

    @Test("The inbox is neither renamed nor destroyed") func inboxStays() async throws {
        let harness = try await Harness.make()
        let inbox = try await harness.mailbox("inbox")
        let result = try await harness.call(
            "Mailbox/set", ["update": .object([inbox: ["name": "Mine"]])])
        #expect(result["notUpdated"]?[inbox]?["type"] == "forbidden")
        let destroyed = try await harness.call("Mailbox/set", ["destroy": [.string(inbox)]])
        #expect(destroyed["notDestroyed"]?[inbox]?["type"] == "forbidden")
    }

    @Test("RFC 8621 §2.3: sort, filter, and both as trees") func query() async throws {
        let harness = try await Harness.make()
        let beta = try await harness.makeMailbox("Beta"), alpha = try await harness.makeMailbox("alpha")
        let kid = try await harness.makeMailbox("aardvark", parent: beta)
        func query(_ arguments: JSONObject) async throws -> [String] {
            let ids = try await harness.call("Mailbox/query", arguments)["ids"]?.strings ?? []
            return ids.filter { [alpha, beta, kid].contains($0) }
        }
        let byName: JSON = [["property": "name"]]
        #expect(try await query(["sort": byName]) == [kid, alpha, beta])
        #expect(try await query(["sort": [["property": "name", "isAscending": false]]]) == [beta, alpha, kid])
        #expect(try await query(["sort": byName, "sortAsTree": true]) == [alpha, beta, kid])
        #expect(try await query(["filter": ["name": "AARD"]]) == [kid])
        #expect(try await query(["filter": ["name": "AARD"], "filterAsTree": true]) == [])
        #expect(try await query(["filter": ["parentId": .string(beta)]]) == [kid])
        #expect(try await query(["filter": ["hasAnyRole": false], "sort": byName]) == [kid, alpha, beta])
        #expect(try await harness.error("Mailbox/query", ["filter": ["x": 1]]) == "unsupportedFilter")
        #expect(try await harness.error("Mailbox/query", ["filter": ["name": 1]]) == "invalidArguments")
        #expect(try await harness.error("Mailbox/query", ["sort": [["property": "role"]]]) == "unsupportedSort")
    }

    @Test("RFC 8621 §2.2: when only counts changed, changes names them") func updatedProperties() async throws {
        let harness = try await Harness.make()
        let state = try #require(try await harness.call("Mailbox/get", ["ids": []])["state"])
        _ = try await harness.importMessage("Subject: x\n\nx")
        let counts = try await harness.call("Mailbox/changes", ["sinceState": state])
        #expect(counts["updatedProperties"] == JSON(MailboxType.countProperties))
        #expect(counts["updated"]?.array?.count == 1)
        _ = try await harness.makeMailbox("More")
        let more = try await harness.call("Mailbox/changes", ["sinceState": state])
        #expect(more["created"]?.array?.count == 1)
        #expect(try await harness.error("Mailbox/changes", ["sinceState": "nonsense"]) == "cannotCalculateChanges")
    }

    @Test("RFC 8620 §5.6: queryChanges tells what came and where it stands") func queryChanges() async throws {
        let harness = try await Harness.make()
        let byName: JSON = [["property": "name"]]
        let before = try await harness.call("Mailbox/query", ["sort": byName])
        let added = try await harness.makeMailbox("AAA")
        let changes = try await harness.call(
            "Mailbox/queryChanges", ["sort": byName, "sinceQueryState": try #require(before["queryState"])])
        #expect(changes["added"] == [["id": .string(added), "index": 0]])
        #expect(changes["removed"] == [])
    }
}
