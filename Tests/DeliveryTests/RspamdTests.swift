import Directory
import MailStore
import NIOCore
import NIOPosix
import SMTP
import Synchronization
import Testing

@testable import Delivery

/// What came to it.
private final class Requests: Sendable {
    private let list = Mutex<[String]>([])
    var all: [String] { list.withLock { $0 } }
    func add(_ request: String) { list.withLock { $0.append(request) } }
}

/// Says one thing to every HTTP client, once the request is there whole.
private enum FakeRspamd {
    /// - Parameter answer: what is written; nil: nothing ever
    static func run(answer: String?, _ body: (RspamdClient.Endpoint, Requests) async throws -> Void) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try TestClient.Connection(wrappingChannelSynchronously: channel) }
            }
        let requests = Requests()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { clients in
                    try await withThrowingDiscardingTaskGroup { tasks in
                        for try await client in clients { tasks.addTask { try? await serve(client, answer, requests) } }
                    }
                }
            }
            try await body(RspamdClient.Endpoint("http://127.0.0.1:\(server.channel.localAddress?.port ?? 0)/"), requests)
            group.cancelAll()
        }
    }

    private static func serve(_ client: TestClient.Connection, _ answer: String?, _ requests: Requests) async throws {
        try await client.executeThenClose { inbound, outbound in
            var text = ""
            for try await bytes in inbound {
                text += String(buffer: bytes)
                guard text.hasSuffix("END\r\n") || text.hasPrefix("GET ") else { continue }
                requests.add(text)
                text = ""
                guard let answer else { continue }
                try await outbound.write(ByteBuffer(string: answer))
                return
            }
        }
    }

    static func ok(_ body: String, status: String = "200 OK") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }
}

@Suite("rspamd's answers")
struct RspamdTests {
    private func request() -> ScanRequest {
        ScanRequest(
            content: .bytes(Array("Subject: x\r\n\r\nEND\r\n".utf8)), client: ClientAddress("192.0.2.1"), clientName: "host.x.test",
            greeting: "h\r\nEvil: 1", sender: .mailbox(address("ann@x.test")), recipients: ["alice@demo.test", "bob@demo.test"],
            id: QueueID.make(now: 1), hostname: "mx.demo.test", isTLS: true)
    }

    private func scan(_ answer: String?, patience: Duration = .seconds(5)) async throws -> (ScanOutcome, String, String?) {
        var result: (ScanOutcome, String, String?)?
        try await FakeRspamd.run(answer: answer) { endpoint, requests in
            let health = RspamdHealth(logger: World.logger)
            let scorer = RspamdScorer(client: RspamdClient(), endpoint: endpoint, health: health, patience: patience)
            let outcome = await scorer.score(request())
            result = (outcome, requests.all.first ?? "", health.problem)
        }
        return try #require(result)
    }

    @Test("a score comes with its symbols, the heaviest first, and the scanner is told all it wants to know")
    func score() async throws {
        let body = #"{"score":5.25,"action":"reject","symbols":{"A":{"name":"A","score":0.5},"B":{"score":-2},"C":{"score":4.75,"options":["x"]}}}"#
        let (outcome, request, problem) = try await scan(FakeRspamd.ok(body))
        let symbols = [("C", 4.75), ("B", -2), ("A", 0.5)].map { SpamScore.Symbol(name: $0.0, score: $0.1) }
        #expect(outcome == .scored(SpamScore(value: 5.25, symbols: symbols)))
        #expect(problem == nil)
        #expect(request.hasPrefix("POST /checkv2 HTTP/1.1\r\n"))
        for field in ["IP: 192.0.2.1", "Hostname: host.x.test", "From: ann@x.test", "Rcpt: bob@demo.test", "MTA-Name: mx.demo.test"] {
            #expect(request.contains("\r\n\(field)\r\n"), "\(field)")
        }
        #expect(!request.contains("\r\nEvil"))
    }

    @Test(
        "nonsense is no score",
        arguments: [
            "", "{", "[]", "null", "5", "{}", #"{"score":"5"}"#, #"{"score":null}"#, #"{"score":1e999}"#, #"{"score":1e300}"#, "<html>",
            #"{"score":nan}"#, "[deep", #"{"symbols":{}}"#,
        ])
    func nonsense(body: String) {
        let text = body == "[deep" ? String(repeating: "[", count: 100_000) : body
        #expect(RspamdReply(Array(text.utf8)) == nil)
    }

    @Test(
        "what is odd about symbols costs the symbol, not the score",
        arguments: [
            #"{"score":1,"symbols":[]}"#, #"{"score":1,"symbols":"x"}"#, #"{"score":1,"symbols":{"A":5}}"#,
            #"{"score":1,"symbols":{"A\r\nX-Spam: No":{"score":1}}}"#, #"{"score":1,"symbols":{"A":{"name":"B C","score":1}}}"#,
            #"{"score":1,"symbols":{"A":{"score":"1"}}}"#, #"{"score":1,"symbols":null}"#,
        ])
    func oddSymbols(body: String) {
        #expect(RspamdReply(Array(body.utf8))?.score == SpamScore(value: 1))
    }

    @Test("bytes at random are no score, and harm nothing")
    func random() {
        for _ in 0..<2000 {
            var bytes = Array(#"{"score":1.5,"symbols":{"A":{"name":"A","score":0.5,"options":["x"]}}}"#.utf8)
            for _ in 0..<Int.random(in: 1...6) { bytes[Int.random(in: 0..<bytes.count)] = UInt8.random(in: 0...255) }
            if let score = RspamdReply(bytes)?.score { #expect(score.value.isFinite && score.symbols.count <= 1) }
        }
    }

    @Test(
        "errors, broken HTTP, an answer without end: unavailable, and health says so",
        arguments: [
            FakeRspamd.ok("{}", status: "500 Broken"), "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", "garbage\r\n\r\n", "endless",
        ])
    func broken(text: String) async throws {
        let endless = FakeRspamd.ok(#"{"score":1,"x":""# + String(repeating: "y", count: 2 << 20) + "\"}")
        let answer = text == "endless" ? endless : text
        let (outcome, _, problem) = try await scan(answer)
        guard case .unavailable = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(problem != nil)
    }

    @Test("a scanner that says nothing is waited for no longer than it may take")
    func silent() async throws {
        let start = ContinuousClock.now
        let (outcome, _, _) = try await scan(nil, patience: .milliseconds(300))
        #expect(outcome == .unavailable("no answer within 0.3 seconds"))
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test("a teacher gives the message to the controller, by the class that people chose")
    func teacher() async throws {
        try await FakeRspamd.run(answer: FakeRspamd.ok("{\"success\":true}")) { endpoint, requests in
            let teacher = SpamTeacher(client: RspamdClient(), endpoint: endpoint, logger: World.logger)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await teacher.run() }
                teacher.teach(.spam) { .bytes(Array("Subject: buy\r\n\r\nEND\r\n".utf8)) }
                teacher.teach(.spam) { throw Missing(what: "message") }
                teacher.teach(.ham) { .bytes(Array("Subject: hello\r\n\r\nEND\r\n".utf8)) }
                let told = try await eventually("two lessons") { () -> [String]? in
                    requests.all.count == 2 ? requests.all : nil
                }
                #expect(told[0].hasPrefix("POST /learnspam ") && told[0].contains("Subject: buy"))
                #expect(told[1].hasPrefix("POST /learnham ") && told[1].contains("Subject: hello"))
                group.cancelAll()
            }
        }
    }

    @Test("a controller's password stands in its address, and goes into a field")
    func password() {
        let endpoint = RspamdClient.Endpoint("http://:secret@scan.test:11334/")
        #expect(endpoint.url == "http://scan.test:11334" && endpoint.password == "secret")
        #expect(RspamdClient.Endpoint("http://127.0.0.1:1").password == nil)
    }
}
