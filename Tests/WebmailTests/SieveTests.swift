import JMAP
import MailStore
import Testing

@testable import Webmail

struct SieveTests {
    private func upload(_ text: String, _ harness: Harness) async throws -> JSON {
        .string(try await harness.account.mail.storeBlob(.bytes(Array(text.utf8))).id.rawValue)
    }

    private func create(_ name: String, _ harness: Harness, _ more: JSONObject = [:]) async throws -> JSON {
        var arguments = more
        arguments["create"] = ["k": ["name": .string(name), "blobId": try await upload("keep;", harness)]]
        return try await harness.call("SieveScript/set", arguments)
    }

    @Test("RFC 9661 §2.4: created and activated at once, told in the response") func createActive() async throws {
        let harness = try await Harness.make()
        let result = try await create("A", harness, ["onSuccessActivateScript": "#k"])
        let created = try #require(result["created"]?["k"], "\(result)")
        #expect(created["isActive"] == true && created["blobId"]?.string?.hasPrefix("V") == true && result["oldState"] != result["newState"])
        let second = try await create("B", harness, ["onSuccessActivateScript": "#k"])
        let first = try #require(created["id"]?.string)
        #expect(second["updated"]?[first] == ["isActive": false] && second["created"]?["k"]?["isActive"] == true)
        let listed = try await harness.call("SieveScript/get", [:])["list"]?.array
        #expect(listed?.map { $0["isActive"] } == [false, true] && listed?.map { $0["name"] } == ["A", "B"])
        let off = try await harness.call("SieveScript/set", ["onSuccessDeactivateScript": true])
        #expect(off["updated"]?[second["created"]?["k"]?["id"]?.string ?? ""] == ["isActive": false])
    }

    @Test("RFC 9661 §2.4: a failure beside leaves the active script as it is") func noActivation() async throws {
        let harness = try await Harness.make()
        let result = try await create("A", harness, ["onSuccessActivateScript": "#k", "destroy": ["nothing"]])
        #expect(result["created"]?["k"]?["isActive"] == false && result["notDestroyed"]?["nothing"]?["type"] == "notFound")
        #expect(try await harness.call("SieveScript/set", ["onSuccessActivateScript": "nobody"])["updated"] == .null)
    }

    @Test("RFC 9661 §2.4: what is refused, and why") func refusals() async throws {
        let harness = try await Harness.make()
        let first = try await create("A", harness, ["onSuccessActivateScript": "#k"])
        let id = try #require(first["created"]?["k"]?["id"]?.string)
        let twin = try await create("A", harness)["notCreated"]?["k"]
        #expect(twin?["type"] == "alreadyExists" && twin?["existingId"] == .string(id))
        let bad = try await harness.call(
            "SieveScript/set",
            [
                "create": [
                    "syntax": ["name": "S", "blobId": try await upload("keep;\r\nfrobnicate;\r\n", harness)],
                    "blob": ["name": "S", "blobId": "Unothing"], "none": ["name": "S"],
                    "active": ["name": "S", "blobId": try await upload("keep;", harness), "isActive": true],
                    "large": ["name": "S", "blobId": try await upload(String(repeating: " ", count: 200_000), harness)],
                    "name": ["name": "a\u{1}b", "blobId": try await upload("keep;", harness)],
                ], "destroy": [.string(id)],
            ])
        let refused = bad["notCreated"]
        #expect(refused?["syntax"]?["type"] == "invalidSieve" && refused?["syntax"]?["description"]?.string?.contains("line 2") == true)
        #expect(refused?["blob"]?["type"] == "blobNotFound" && refused?["large"]?["type"] == "tooLarge")
        #expect(refused?["none"]?["properties"] == ["blobId"] && refused?["active"]?["properties"] == ["isActive"])
        #expect(refused?["name"]?["properties"] == ["name"])
        #expect(bad["notDestroyed"]?[id]?["type"] == "sieveIsActive")
    }

    @Test("RFC 9661 §2.4: a script is rewritten and renamed; the blob gets an id of its own") func update() async throws {
        let harness = try await Harness.make()
        let id = try #require(try await create("A", harness)["created"]?["k"]?["id"]?.string)
        let change: JSON = .object([id: ["name": "B", "blobId": try await upload("stop;", harness)]])
        let result = try await harness.call("SieveScript/set", ["update": change])
        let blob = try #require(result["updated"]?[id]?["blobId"]?.string)
        #expect(try await harness.account.mail.blob(BlobID(rawValue: blob)).read() == Array("stop;".utf8))
        let script = try await harness.call("SieveScript/get", ["ids": [.string(id)], "properties": ["name"]])["list"]?.array?.first
        #expect(script == ["id": .string(id), "name": "B"])
        let refused = try await harness.call("SieveScript/set", ["update": .object([id: ["isActive": true]])])
        #expect(refused["notUpdated"]?[id]?["properties"] == ["isActive"])
    }

    @Test("RFC 9661 §2.5: queried by name and activity") func query() async throws {
        let harness = try await Harness.make()
        for name in ["Work", "work too", "Home"] { _ = try await create(name, harness) }
        let ids = { (arguments: JSONObject) in try await harness.call("SieveScript/query", arguments)["ids"]?.array?.count }
        #expect(try await ids(["filter": ["name": "WORK"]]) == 2)
        #expect(try await ids(["filter": ["isActive": true]]) == 0)
        #expect(try await ids(["filter": ["operator": "NOT", "conditions": [["name": "work"]]], "sort": [["property": "name"]]]) == 1)
        #expect(try await harness.error("SieveScript/query", ["filter": ["size": 1]]) == "unsupportedFilter")
    }

    @Test("RFC 9661 §2.6: a script is judged without being kept") func validate() async throws {
        let harness = try await Harness.make()
        let good = try await harness.call("SieveScript/validate", ["blobId": try await upload("require \"vacation\"; vacation \"x\";", harness)])
        #expect(good["error"] == .null)
        let bad = try await harness.call("SieveScript/validate", ["blobId": try await upload("require \"nonsense\";", harness)])
        #expect(bad["error"]?["type"] == "invalidSieve")
        #expect(try await harness.call("SieveScript/validate", ["blobId": "Unone"])["error"]?["type"] == "blobNotFound")
    }

    @Test("RFC 8621 §8: one vacation response, and what may be set of it") func vacation() async throws {
        let harness = try await Harness.make()
        let get = try await harness.call("VacationResponse/get", [:])
        #expect(get["list"]?.array?.count == 1 && get["list"]?.array?.first?["isEnabled"] == false)
        let id = "singleton"
        let set = try await harness.call(
            "VacationResponse/set",
            ["update": .object([id: ["isEnabled": true, "subject": "Away", "fromDate": "2026-01-01T00:00:00Z"]]), "create": ["k": [:]], "destroy": [.string(id)]])
        #expect(set["notUpdated"]?[id]?["type"] == "willDestroy" && set["notCreated"]?["k"]?["type"] == "singleton")
        #expect(set["notDestroyed"]?[id]?["type"] == "singleton")
        let again = try await harness.call("VacationResponse/set", ["update": .object([id: ["isEnabled": true, "subject": "Away"]])])
        #expect(again["updated"]?.object?.has(id) == true && again["newState"] != get["state"])
        let bad = try await harness.call("VacationResponse/set", ["update": .object([id: ["fromDate": "tomorrow", "isEnabled": nil, "color": 1]])])
        #expect(Set(bad["notUpdated"]?[id]?["properties"]?.strings ?? []) == ["fromDate", "color"])
        let list = try await harness.call("VacationResponse/get", ["ids": [.string(id), "other"]])
        #expect(list["list"]?.array?.first?["subject"] == "Away" && list["notFound"] == ["other"])
    }
}
