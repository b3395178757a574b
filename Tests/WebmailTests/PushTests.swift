import Crypto
import Directory
import JMAP
import MailStore
import Testing

@testable import Webmail

struct PushTests {
    private func set(_ harness: Harness, _ arguments: String) async throws -> JSON {
        let responses = try await harness.send("[[\"PushSubscription/set\",\(arguments),\"c\"]]")
        try #require(responses[0].name == "PushSubscription/set", "\(responses[0].arguments)")
        return responses[0].arguments
    }

    private func list(_ harness: Harness, _ arguments: String = "{}") async throws -> [JSON] {
        try #require(try await harness.send("[[\"PushSubscription/get\",\(arguments),\"c\"]]")[0].arguments["list"]?.array)
    }

    /// An address of the public internet that no name server has to be asked for.
    private let create = "\"deviceClientId\":\"d\",\"url\":\"https://198.41.0.4/push\""

    @Test("RFC 8620 §7.2: a subscription shows neither url, keys nor code, and ends within a week") func created() async throws {
        let harness = try await Harness.make()
        let result = try await set(harness, "{\"create\":{\"k\":{\(create),\"expires\":\"2999-01-01T00:00:00Z\"}}}")
        let made = try #require(result["created"]?["k"], "\(result)")
        #expect(made["expires"]?.string?.hasPrefix("2999") == false && made["types"] == .null)
        #expect(result.object?.names == ["created", "updated", "destroyed", "notCreated", "notUpdated", "notDestroyed"])
        let shown = try #require(try await list(harness).first)
        #expect(shown.object?.names == ["id", "deviceClientId", "verificationCode", "expires", "types"])
        #expect(shown["verificationCode"] == .null && shown["id"] == made["id"])
        for name in ["url", "keys"] {
            let refused = try await harness.send("[[\"PushSubscription/get\",{\"properties\":[\"\(name)\"]},\"c\"]]")
            #expect(refused[0].arguments["type"] == "forbidden")
        }
    }

    @Test("RFC 8620 §7.2.2: only the right code verifies") func verification() async throws {
        let harness = try await Harness.make()
        let result = try await set(harness, "{\"create\":{\"k\":{\(create)}}}")
        let id = try #require(result["created"]?["k"]?["id"]?.string)
        let wrong = try await set(harness, "{\"update\":{\"\(id)\":{\"verificationCode\":\"guess\"}}}")
        #expect(wrong["notUpdated"]?[id]?["properties"] == ["verificationCode"])
        let record = try #require(try await harness.account.mail.jsonRecord(PushSubscription.kind, id))
        let code = try #require(record["code"]?.string)
        let right = try await set(harness, "{\"update\":{\"\(id)\":{\"verificationCode\":\"\(code)\",\"types\":[\"Email\"]}}}")
        #expect(right["updated"]?.object?.has(id) == true)
        let shown = try #require(try await list(harness).first)
        #expect(shown["verificationCode"] == .string(code) && shown["types"] == ["Email"])
        let gone = try await set(harness, "{\"destroy\":[\"\(id)\",\"none\"]}")
        #expect(gone["destroyed"] == [.string(id)] && gone["notDestroyed"]?["none"]?["type"] == "notFound")
    }

    @Test(
        "addresses that are no https, or lead into our network, are refused",
        arguments: [
            "http://198.41.0.4/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/x", "https://169.254.169.254/latest",
            "https://user@198.41.0.4/", "ftp://x", "https://", "https://localhost:8080/", "https://[fe80::1]/", "https://198.41.0.4:99999/",
        ])
    func refusedAddresses(url: String) async throws {
        let harness = try await Harness.make()
        let result = try await set(harness, "{\"create\":{\"k\":{\"deviceClientId\":\"d\",\"url\":\"\(url)\"}}}")
        #expect(result["notCreated"]?["k"]?["type"] == "invalidProperties" && result["notCreated"]?["k"]?["properties"] == ["url"])
    }

    @Test("what is set wrongly is named; there is a limit to how many there are") func refusals() async throws {
        let harness = try await Harness.make()
        let result = try await set(
            harness,
            """
            {"create":{"k":{\(create),"keys":{"p256dh":"AAAA","auth":"AAAA"},"verificationCode":"x","types":"Email","expires":1,"color":1}}}
            """)
        #expect(
            Set(result["notCreated"]?["k"]?["properties"]?.strings ?? []) == ["keys", "verificationCode", "types", "expires", "color"])
        var types: [String?] = []
        for _ in 0...PushSubscription.maximumCount {
            types.append(try await set(harness, "{\"create\":{\"k\":{\(create)}}}")["notCreated"]?["k"]?["type"]?.string)
        }
        #expect(types.last == "overQuota" && types.dropLast().allSatisfy { $0 == nil })
    }

    @Test("RFC 8620 §7.2: another credential sees nothing of it, and an ended one ends it") func credentials() async throws {
        let harness = try await Harness.make()
        _ = try await set(harness, "{\"create\":{\"k\":{\(create)}}}")
        let other = WebmailScope(own: harness.account, limits: Limits(), credential: .session("00"))
        #expect(try await other.pushSubscriptions(harness.directory).isEmpty)
        let own = WebmailScope(own: harness.account, limits: Limits())
        #expect(try await own.pushSubscriptions(harness.directory).count == 1)
        #expect(await Credential.session(String(repeating: "0", count: 64)).isValid(for: harness.account.owner, in: harness.directory) == false)
        let token = try await harness.directory.sessions.begin(for: harness.account.owner.id, device: "d", address: "a")
        #expect(await Credential.session(token.sessionName).isValid(for: harness.account.owner, in: harness.directory))
        try await harness.directory.sessions.end(token)
        #expect(await Credential.session(token.sessionName).isValid(for: harness.account.owner, in: harness.directory) == false)
    }

    @Test("RFC 8291 §5: the example is encrypted as it stands there") func encryption() throws {
        let keys = try #require(
            PushKeys([
                "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth": "BTBZMqHH6r4Tts7J_aSIgg",
            ]))
        let own = try P256.KeyAgreement.PrivateKey(
            rawRepresentation: try #require(Base64URL.decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")))
        let salt = try #require(Base64URL.decode("DGv6ra1nlYgDCS1FRnbzlw"))
        let sealed = try keys.encrypt(Array("When I grow up, I want to be a watermelon".utf8), salt: salt, with: own)
        let expected =
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        #expect(Base64URL.encode(sealed) == expected)
    }

    @Test("answers of push servers", arguments: [(201, nil, PushClient.Answer.taken), (410, nil, .gone), (404, nil, .gone), (429, "7", .later(seconds: 7)), (500, nil, .later(seconds: nil)), (301, nil, .later(seconds: nil))])
    func answers(status: Int, retryAfter: String?, answer: PushClient.Answer) {
        #expect(PushClient.answer(status, retryAfter: retryAfter) == answer)
    }
}
