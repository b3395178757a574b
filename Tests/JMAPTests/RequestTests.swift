import Testing

@testable import JMAP

struct RequestTests {
    private static let known: Set<String> = [Capability.core, "urn:notes"]

    private func request(_ text: String, limits: Limits = Limits()) throws -> Request {
        try Request(parsing: Array(text.utf8), capabilities: Self.known, limits: limits)
    }

    @Test(
        "RFC 8620 §3.6.1: request-level errors",
        arguments: [
            ("{", "notJSON"), (#"{"using":[],"using":[]}"#, "notJSON"), ("[]", "notRequest"), ("{}", "notRequest"),
            (#"{"using":"a","methodCalls":[]}"#, "notRequest"), (#"{"using":[1],"methodCalls":[]}"#, "notRequest"),
            (#"{"using":[],"methodCalls":{}}"#, "notRequest"), (#"{"using":[],"methodCalls":[["a",{}]]}"#, "notRequest"),
            (#"{"using":[],"methodCalls":[["a",[],"c"]]}"#, "notRequest"),
            (#"{"using":[],"methodCalls":[["a",{},1]]}"#, "notRequest"),
            (#"{"using":[],"methodCalls":[],"createdIds":{"a":1}}"#, "notRequest"),
            (#"{"using":["urn:x"],"methodCalls":[]}"#, "unknownCapability"),
        ])
    func errors(body: String, type: String) {
        #expect { try request(body) } throws: {
            ($0 as? RequestError)?.problem["type"] == .string("urn:ietf:params:jmap:error:" + type)
        }
    }

    @Test func limitsNameThemselves() {
        var limits = Limits()
        limits.maxCallsInRequest = 1
        let calls = #"{"using":[],"methodCalls":[["a",{},"0"],["a",{},"1"]]}"#
        #expect(throws: RequestError.limit("maxCallsInRequest")) { try request(calls, limits: limits) }
        limits.maxSizeRequest = 10
        #expect(throws: RequestError.limit("maxSizeRequest")) { try request(calls, limits: limits) }
        #expect(RequestError.limit("maxSizeRequest").problem["limit"] == "maxSizeRequest")
    }

    @Test("Other properties of the request are ignored (RFC 8620 §3.3)") func unknownProperties() throws {
        #expect(try request(#"{"using":[],"methodCalls":[],"x":1}"#).calls.isEmpty)
    }
}

struct DispatcherTests {
    private let book = NoteBook()
    private let dispatcher = Dispatcher<NoteScope>(methods: [
        Echo(), GetMethod(NoteType()), ChangesMethod(NoteType()), SetMethod(NoteType()), CopyMethod(NoteType()),
        QueryMethod(NoteType()), QueryChangesMethod(NoteType()),
    ])

    /// Sends calls written as JSON, and gives back the responses.
    private func send(
        _ calls: String, using: [String] = [Capability.core, "urn:notes"], createdIds: String? = nil,
        limits: Limits = Limits()
    ) async throws -> JSON {
        let extra = createdIds.map { ",\"createdIds\":\($0)" } ?? ""
        let body = "{\"using\":\(JSON(using)),\"methodCalls\":\(calls)\(extra)}"
        let request = try Request(parsing: Array(body.utf8), capabilities: Set(using), limits: limits)
        let scope = NoteScope(
            limits: limits, accounts: ["A": book, "B": NoteBook(), "R": NoteBook(isReadOnly: true)])
        return .object(await dispatcher.respond(to: request, in: scope) { "S" })
    }

    /// The arguments of the response at that place.
    private func answer(_ response: JSON, _ index: Int = 0) throws -> JSON {
        let responses = try #require(response["methodResponses"]?.array)
        return try #require(responses[index].array)[1]
    }

    @Test func echoGivesBackItsArguments() async throws {
        let response = try await send(##"[["Core/echo",{"a":[1,3.14,{"b":null}],"#x":1},"c"]]"##)
        #expect(try answer(response)["type"] == "invalidResultReference")
        let plain = try await send(#"[["Core/echo",{"a":[1,3.14,{"b":null}]},"c"]]"#)
        #expect(plain["methodResponses"] == [["Core/echo", ["a": [1, .double(3.14), ["b": nil]]], "c"]])
        #expect(plain["sessionState"] == "S" && plain["createdIds"] == nil)
    }

    @Test(
        "RFC 8620 §3.6.2: method-level errors",
        arguments: [
            (#"["Nope/get",{},"c"]"#, "unknownMethod"), (#"["Note/get",{},"c"]"#, "invalidArguments"),
            (#"["Note/get",{"accountId":"X"},"c"]"#, "accountNotFound"),
            (#"["Note/get",{"accountId":1},"c"]"#, "invalidArguments"),
            (#"["Note/get",{"accountId":"A","ids":"a"},"c"]"#, "invalidArguments"),
            (#"["Note/get",{"accountId":"A","ids":["not an id"]},"c"]"#, "invalidArguments"),
            (#"["Note/get",{"accountId":"A","properties":["nope"]},"c"]"#, "invalidArguments"),
            (#"["Note/get",{"accountId":"A","bogus":1},"c"]"#, "invalidArguments"),
            (#"["Note/get",{"accountId":"A","ids":["1","2","3"]},"c"]"#, "requestTooLarge"),
            (##"["Note/get",{"accountId":"A","ids":[],"#ids":{"resultOf":"x","name":"y","path":"/"}},"c"]"##, "invalidArguments"),
            (##"["Note/get",{"accountId":"A","#ids":{"resultOf":"x","name":"y","path":"/"}},"c"]"##, "invalidResultReference"),
            (#"["Note/changes",{"accountId":"A"},"c"]"#, "invalidArguments"),
            (#"["Note/changes",{"accountId":"A","sinceState":"0","maxChanges":0},"c"]"#, "invalidArguments"),
            (#"["Note/changes",{"accountId":"A","sinceState":"99"},"c"]"#, "cannotCalculateChanges"),
            (#"["Note/set",{"accountId":"R"},"c"]"#, "accountReadOnly"),
            (#"["Note/set",{"accountId":"A","ifInState":"x"},"c"]"#, "stateMismatch"),
            (#"["Note/set",{"accountId":"A","create":{"a":1}},"c"]"#, "invalidArguments"),
            (#"["Note/set",{"accountId":"A","destroy":["1","2","3"]},"c"]"#, "requestTooLarge"),
            (#"["Note/copy",{"accountId":"A","fromAccountId":"A","create":{}},"c"]"#, "invalidArguments"),
            (#"["Note/copy",{"accountId":"A","fromAccountId":"X","create":{}},"c"]"#, "fromAccountNotFound"),
            (#"["Note/query",{"accountId":"A","limit":-1},"c"]"#, "invalidArguments"),
            (#"["Note/query",{"accountId":"A","anchor":"zz"},"c"]"#, "anchorNotFound"),
            (#"["Note/query",{"accountId":"A","filter":{"nope":1}},"c"]"#, "unsupportedFilter"),
            (#"["Note/query",{"accountId":"A","filter":{"operator":"XOR","conditions":[]}},"c"]"#, "invalidArguments"),
            (#"["Note/query",{"accountId":"A","sort":[{"property":"nope"}]},"c"]"#, "unsupportedSort"),
            (#"["Note/query",{"accountId":"A","sort":[{"property":"text","collation":"x"}]},"c"]"#, "unsupportedSort"),
            (#"["Note/query",{"accountId":"A","sort":[{}]},"c"]"#, "invalidArguments"),
        ])
    func methodErrors(call: String, type: String) async throws {
        var limits = Limits()
        limits.maxObjectsInGet = 2
        limits.maxObjectsInSet = 2
        let response = try await send("[\(call),[\"Core/echo\",{},\"d\"]]", limits: limits)
        #expect(response["methodResponses"]?.array?.first?.array?.first == "error")
        #expect(try answer(response)["type"] == .string(type))
        #expect(response["methodResponses"]?.array?.last == ["Core/echo", [:], "d"])
    }

    @Test("A method of a capability that the client did not opt in to is unknown") func optIn() async throws {
        let response = try await send(#"[["Note/get",{"accountId":"A"},"c"]]"#, using: [Capability.core])
        #expect(try answer(response)["type"] == "unknownMethod")
    }

    @Test func getReturnsEachIdOnceInListOrNotFound() async throws {
        let id = book.add(["text": "one"])
        let response = try await send(
            #"[["Note/get",{"accountId":"A","ids":["\#(id)","zz","\#(id)","zz"],"properties":["text"]},"c"]]"#)
        let arguments = try answer(response)
        #expect(arguments["list"] == [["id": .string(id), "text": "one"]])
        #expect(arguments["notFound"] == ["zz"])
    }

    @Test func setCreatesInOrderOfReferencesAndReportsEachFailure() async throws {
        let response = try await send(
            """
            [["Note/set",{"accountId":"A","create":{"kid":{"text":"b","parent":"#top"},"top":{"text":"a"},"bad":{}},
              "update":{"zz":{"text":"x"},"#top":{"text":"c"}},"destroy":["yy","#kid"]},"c"],
             ["Note/get",{"accountId":"A","ids":["#top"]},"d"]]
            """, createdIds: #"{"old":"n9"}"#)
        let set = try answer(response)
        let top = try #require(set["created"]?["top"]?["id"]?.string)
        let kid = try #require(set["created"]?["kid"]?["id"]?.string)
        #expect(set["notCreated"] == ["bad": ["type": "invalidProperties", "properties": ["text"]]])
        #expect(set["updated"] == .object([top: .null]))
        #expect(set["notUpdated"] == ["zz": ["type": "notFound"]])
        #expect(set["destroyed"] == [.string(kid)])
        #expect(set["notDestroyed"] == ["yy": ["type": "notFound"]])
        #expect(set["oldState"] == "0" && set["newState"] == "4")
        #expect(try answer(response, 1)["list"] == [["id": .string(top), "text": "c", "parent": nil]])
        #expect(response["createdIds"] == .object(["kid": .string(kid), "old": "n9", "top": .string(top)]))
    }

    @Test func updateOfWhatIsDestroyedIsRefused() async throws {
        let id = book.add(["text": "one"])
        let response = try await send(
            #"[["Note/set",{"accountId":"A","update":{"\#(id)":{"text":"x"}},"destroy":["\#(id)"]},"c"]]"#)
        #expect(try answer(response)["notUpdated"] == .object([id: ["type": "willDestroy"]]))
        #expect(try answer(response)["destroyed"] == [.string(id)])
        #expect(try answer(response)["created"] == .some(.null))
    }

    @Test func copyDestroysOriginalsByAnImplicitCall() async throws {
        let id = book.add(["text": "one"])
        let response = try await send(
            """
            [["Note/copy",{"fromAccountId":"A","accountId":"B","create":{"k":{"id":"\(id)"},"l":{"id":"zz"}},
              "onSuccessDestroyOriginal":true},"c"]]
            """)
        #expect(response["methodResponses"]?.array?.map { $0.array?[0] } == ["Note/copy", "Note/set"])
        #expect(response["methodResponses"]?.array?[1].array?[2] == "c")
        #expect(try answer(response)["notCreated"] == ["l": ["type": "notFound"]])
        #expect(try answer(response, 1)["destroyed"] == [.string(id)])
    }

    @Test(
        "RFC 8620 §5.5: the window",
        arguments: [
            (#""position":1,"limit":2"#, 1, ["n2", "n3"]), (#""position":-2"#, 3, ["n4", "n5"]),
            (#""position":-99"#, 0, ["n1", "n2", "n3", "n4", "n5"]), (#""position":9"#, 9, []),
            (#""anchor":"n3","limit":1"#, 2, ["n3"]), (#""anchor":"n3","anchorOffset":-1,"limit":2"#, 1, ["n2", "n3"]),
            (#""anchor":"n3","anchorOffset":-9,"limit":1,"position":4"#, 0, ["n1"]), (#""limit":0"#, 0, []),
            (#""anchorOffset":3,"limit":1"#, 0, ["n1"]), (#""anchor":null,"position":4"#, 4, ["n5"]),
        ])
    func windows(arguments: String, position: Int, ids: [String]) async throws {
        for text in ["a", "b", "c", "d", "e"] { _ = book.add(["text": .string(text)]) }
        let response = try await send(
            #"[["Note/query",{"accountId":"A","sort":[{"property":"text"}],"calculateTotal":true,\#(arguments)},"c"]]"#)
        #expect(try answer(response)["position"] == .int(position))
        #expect(try answer(response)["ids"] == JSON(ids))
        #expect(try answer(response)["total"] == 5)
    }

    @Test func filtersCombine() async throws {
        for text in ["ab", "bc", "cd"] { _ = book.add(["text": .string(text)]) }
        let filter = #"{"operator":"AND","conditions":[{"text":"b"},{"operator":"NOT","conditions":[{"text":"a"},{"text":"d"}]}]}"#
        let response = try await send(#"[["Note/query",{"accountId":"A","filter":\#(filter)},"c"]]"#)
        #expect(try answer(response)["ids"] == ["n2"])
        #expect(try answer(response)["total"] == nil)
    }

    @Test func queryChangesSplicesWhatMoved() async throws {
        for text in ["a", "c"] { _ = book.add(["text": .string(text)]) }
        let state = book.token
        let response = try await send(
            """
            [["Note/set",{"accountId":"A","create":{"k":{"text":"b"}},"update":{"n1":{"text":"d"}}},"c"],
             ["Note/queryChanges",{"accountId":"A","sort":[{"property":"text"}],"sinceQueryState":"\(state)","calculateTotal":true},"d"],
             ["Note/queryChanges",{"accountId":"A","sinceQueryState":"\(state)","maxChanges":1},"e"]]
            """)
        #expect(try answer(response, 1)["removed"] == ["n1"])
        #expect(try answer(response, 1)["added"] == [["id": "n3", "index": 0], ["id": "n1", "index": 2]])
        #expect(try answer(response, 1)["total"] == 3)
        #expect(try answer(response, 2)["type"] == "tooManyChanges")
    }

    @Test("RFC 8620 §3.7: a reference takes the first response of that call id, and needs its name")
    func resultReferences() async throws {
        for text in ["a", "b"] { _ = book.add(["text": .string(text)]) }
        let response = try await send(
            """
            [["Note/query",{"accountId":"A"},"q"],
             ["Note/get",{"accountId":"A","#ids":{"resultOf":"q","name":"Note/query","path":"/ids"}},"g"],
             ["Note/get",{"accountId":"A","#ids":{"resultOf":"g","name":"Note/get","path":"/list/*/id"}},"h"],
             ["Note/get",{"accountId":"A","#ids":{"resultOf":"q","name":"Note/get","path":"/ids"}},"i"],
             ["Note/get",{"accountId":"A","#ids":{"resultOf":"q","name":"Note/query","path":"/nope"}},"j"]]
            """)
        #expect(try answer(response, 1)["list"]?.array?.count == 2)
        #expect(try answer(response, 2)["list"]?.array?.count == 2)
        #expect(try answer(response, 3)["type"] == "invalidResultReference")
        #expect(try answer(response, 4)["type"] == "invalidResultReference")
    }

    @Test("References that double what they refer to come to an end") func referencesHaveABudget() async throws {
        var calls = [#"["Core/echo",{"a":"\#(String(repeating: "x", count: 1000))"},"c0"]"#]
        for number in 1...30 {
            let reference = #"{"resultOf":"c\#(number - 1)","name":"Core/echo","path":""}"#
            calls.append(##"["Core/echo",{"#a":\##(reference),"#b":\##(reference)},"c\##(number)"]"##)
        }
        let responses = try #require(try await send("[\(calls.joined(separator: ","))]")["methodResponses"]?.array)
        let types = responses.map { $0.array?[1]["type"]?.string }
        #expect(types[1] == nil && types.contains("requestTooLarge"))
    }

    @Test func gateLetsInUpToItsLimit() async throws {
        let gate = RequestGate(limit: 1)
        let outer = await gate.run("a") {
            let same = await gate.run("a") { true }
            let other = await gate.run("b") { true }
            return same == nil && other == true
        }
        #expect(outer == true)
        #expect(await gate.run("a") { true } == true)
    }

    @Test func sessionStateChangesWithItsContent() {
        func session(_ name: String) -> Session {
            Session(
                username: name, limits: Limits(), capabilities: [(Capability.mail, [:])],
                accounts: [
                    SessionAccount(
                        id: Id("A")!, name: name, isPersonal: true, isReadOnly: false,
                        capabilities: [(Capability.core, [:]), (Capability.mail, [:])])
                ])
        }
        let urls = SessionURLs(api: "/a", download: "/d", upload: "/u", eventSource: "/e")
        let json = session("x").json(baseURL: "http://h", urls: urls)
        #expect(json["apiUrl"] == "http://h/a")
        #expect(json["primaryAccounts"] == .object([Capability.mail: "A"]))
        #expect(session("x").state == session("x").state)
        #expect(session("x").state != session("y").state)
    }
}
