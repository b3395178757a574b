import SMTP
import Testing

/// A server made of replies, and what the client said to it.
private struct Script {
    var said: [String] = []
    var results: [String?] = []
    var refusal: String?
    var isFinished = false
    var sentMessage = false
    var sentNothing = false
    var isInDoubt = false
    /// Of each transaction that ended with the connection still open.
    var allResults: [[String?]] = []

    /// Feeds the replies in order until the session is finished.
    init(_ order: Order, _ replies: [String]) {
        var session = ClientSession(order.configuration)
        var waiting = order.transactions[...]
        var reader = ReplyReader()
        for text in replies {
            var reply: Reply?
            for line in text.split(separator: "|") { reply = try? reader.receive(Array(line.utf8)) }
            guard let reply else { continue }
            var action = session.receive(.reply(reply))
            while true {
                switch action {
                case .send(let bytes): said.append(Self.text(bytes))
                case .startTLS:
                    said.append("(TLS)")
                    action = session.receive(.tlsEstablished)
                    continue
                case .sendMessage:
                    sentMessage = true
                    action = session.receive(.messageSent)
                    continue
                case .sendNothing: sentNothing = true
                case .finish(let bytes):
                    said.append(Self.text(bytes))
                    isFinished = true
                case .wait: break
                case .ready:
                    if !session.results.isEmpty { allResults.append(session.results.map { $0?.text }) }
                    if let next = waiting.popFirst() { action = session.begin(next) } else { action = session.quit() }
                    continue
                }
                break
            }
            if isFinished { break }
        }
        results = session.results.map { $0?.text }
        refusal = session.sessionRefusal?.text
        isInDoubt = session.isInDoubt
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").joined(separator: "|")
    }
}

/// A connection and what goes over it.
private struct Order {
    var configuration: ClientConfiguration
    var transactions: [ClientTransaction]
}

private func send(
    _ recipients: [String] = ["a@x.test"], tls: ClientConfiguration.TLS = .opportunistic, size: Int = 100,
    utf8: Bool = false, credentials: ClientConfiguration.Credentials? = nil, times: Int = 1,
    adjust: (inout ClientTransaction) -> Void = { _ in }
) -> Order {
    var transaction = ClientTransaction(
        sender: "s@me.test", recipients: recipients.map { .init($0) }, size: size, isEightBit: true, needsSMTPUTF8: utf8)
    adjust(&transaction)
    return Order(
        configuration: ClientConfiguration(hostname: "me.test", tls: tls, credentials: credentials),
        transactions: Array(repeating: transaction, count: times))
}

@Suite("The client's session")
struct ClientSessionTests {
    @Test("pipelines where it is offered")
    func pipelining() {
        let script = Script(
            send(["a@x.test", "b@x.test"]),
            ["220 hi", "250-x|250-PIPELINING|250-8BITMIME|250 SIZE 1000", "250 ok", "250 ok", "550 5.1.1 no", "354 go", "250 2.0.0 taken"])
        #expect(
            script.said == [
                "EHLO me.test", "MAIL FROM:<s@me.test> SIZE=100 BODY=8BITMIME|RCPT TO:<a@x.test>|RCPT TO:<b@x.test>|DATA", "QUIT",
            ])
        #expect(script.results == ["250 2.0.0 taken", "550 5.1.1 no"])
        #expect(script.sentMessage && script.isFinished)
    }

    @Test("goes step by step where it is not")
    func stepByStep() {
        let script = Script(
            send(["a@x.test", "b@x.test"]),
            ["220 hi", "250 x", "250 ok", "450 4.2.0 later", "250 ok", "354 go", "250 taken"])
        #expect(
            script.said == [
                "EHLO me.test", "MAIL FROM:<s@me.test>", "RCPT TO:<a@x.test>", "RCPT TO:<b@x.test>", "DATA", "QUIT",
            ])
        #expect(script.results == ["450 4.2.0 later", "250 taken"])
    }

    @Test("falls back to HELO")
    func helo() {
        let script = Script(send(), ["220 hi", "502 what", "250 x", "250 ok", "250 ok", "354 go", "250 taken"])
        #expect(script.said.prefix(2) == ["EHLO me.test", "HELO me.test"])
        #expect(script.results == ["250 taken"])
    }

    @Test("uses TLS when offered, and asks for the extensions again")
    func startTLS() {
        let script = Script(
            send(), ["220 hi", "250-x|250 STARTTLS", "220 go", "250-x|250 PIPELINING", "250 ok", "250 ok", "354 go", "250 taken"])
        #expect(script.said.prefix(4) == ["EHLO me.test", "STARTTLS", "(TLS)", "EHLO me.test"])
        #expect(script.results == ["250 taken"])
    }

    @Test("insists on TLS where it must", arguments: [["220 hi", "250 x"], ["220 hi", "250-x|250 STARTTLS", "454 4.7.0 not now"]])
    func requiredTLS(replies: [String]) {
        let script = Script(send(tls: .required), replies)
        #expect(script.refusal == "454 4.7.4 TLS is required, and was not offered")
        #expect(!script.said.contains { $0.hasPrefix("MAIL") } && script.isFinished)
    }

    @Test("sends one message after another, and resets after one that came to nothing")
    func reuse() {
        let script = Script(
            send(times: 3),
            [
                "220 hi", "250-x|250 PIPELINING", "250 ok", "250 ok", "354 go", "250 taken", "250 ok", "550 5.1.1 no", "503 5.5.1 none",
                "250 reset", "250 ok", "250 ok", "354 go", "250 again",
            ])
        #expect(script.allResults == [["250 taken"], ["550 5.1.1 no"], ["250 again"]])
        let mail = "MAIL FROM:<s@me.test>|RCPT TO:<a@x.test>|DATA"
        #expect(script.said == ["EHLO me.test", mail, mail, "RSET", mail, "QUIT"])
    }

    @Test("a server that closes between two messages refuses none of them")
    func closedBetween() {
        let script = Script(send(times: 2), ["220 hi", "250 x", "250 ok", "250 ok", "354 go", "250 taken", "421 4.4.2 idle"])
        #expect(script.allResults == [["250 taken"]])
        #expect(script.results == ["421 4.4.2 idle"] && script.isFinished)
    }

    @Test("passes on what the sender wants to hear, where the server knows the extension")
    func notifications() {
        let order = send { transaction in
            transaction.returns = .headers
            transaction.envelopeID = "a b+c"
            transaction.recipients[0].request = NotificationRequest(events: [.success, .delay], original: "rfc822;A+b@x.test")
        }
        let knows = Script(order, ["220 hi", "250-x|250-PIPELINING|250 DSN"])
        #expect(
            knows.said.last
                == "MAIL FROM:<s@me.test> RET=HDRS ENVID=a+20b+2Bc|RCPT TO:<a@x.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;A+2Bb@x.test|DATA")
        let knowsNot = Script(order, ["220 hi", "250-x|250 PIPELINING"])
        #expect(knowsNot.said.last == "MAIL FROM:<s@me.test>|RCPT TO:<a@x.test>|DATA")
    }

    @Test("asks about recipients without a message", arguments: [true, false])
    func probe(pipelines: Bool) {
        let order = send(["a@x.test", "b@x.test"], size: 0) { $0.isProbe = true }
        let script = Script(order, ["220 hi", pipelines ? "250-x|250 PIPELINING" : "250 x", "250 ok", "250 2.1.5 yes", "550 5.1.1 no"])
        #expect(script.allResults == [["250 2.1.5 yes", "550 5.1.1 no"]])
        #expect(!script.sentMessage && script.said.last == "QUIT" && !script.said.contains { $0.contains("DATA") })
    }

    @Test("authenticates at a smart host")
    func authentication() {
        let credentials = ClientConfiguration.Credentials(username: "u", password: "p")
        let plain = Script(
            send(credentials: credentials),
            ["220 hi", "250-x|250 AUTH LOGIN PLAIN", "235 ok", "250 ok", "250 ok", "354 go", "250 taken"])
        #expect(plain.said[1] == "AUTH PLAIN AHUAcA==")
        #expect(plain.results == ["250 taken"])
        let login = Script(
            send(credentials: credentials),
            ["220 hi", "250-x|250 AUTH LOGIN", "334 UGFzc3dvcmQ6", "235 ok", "250 ok", "250 ok", "354 go", "250 taken"])
        #expect(Array(login.said[1...2]) == ["AUTH LOGIN dQ==", "cA=="])
        let refused = Script(send(credentials: credentials), ["220 hi", "250-x|250 AUTH PLAIN", "535 5.7.8 no"])
        #expect(refused.refusal == "535 5.7.8 no")
    }

    @Test(
        "knows a refusal of the session from one of a recipient",
        arguments: [
            (["421 4.3.2 busy"], "421 4.3.2 busy", true), (["554 5.7.1 go away"], "554 5.7.1 go away", true),
            (["220 hi", "421 no"], "421 no", true), (["220 hi", "500 x", "500 y"], "500 y", true),
            (["220 hi", "250 x", "550 5.7.1 not you"], "550 5.7.1 not you", false),
            (["220 hi", "250 x", "250 ok", "550 5.1.1 no"], "550 5.1.1 no", false),
            (["220 hi", "250 x", "250 ok", "421 4.4.2 bye"], "421 4.4.2 bye", false),
            (["220 hi", "250 x", "250 ok", "250 ok", "451 4.3.0 disk"], "451 4.3.0 disk", false),
            (["220 hi", "250 x", "250 ok", "250 ok", "354 go", "552 5.2.3 big"], "552 5.2.3 big", false),
            (["220 hi", "250-x|250 PIPELINING", "550 5.7.1 not you", "503 x", "503 x"], "550 5.7.1 not you", false),
        ])
    func refusals(replies: [String], result: String, isOfSession: Bool) {
        let script = Script(send(), replies)
        // Before a transaction there is nobody to answer for.
        #expect((script.allResults.last ?? script.results) == (isOfSession ? [] : [result]))
        #expect(script.refusal == (isOfSession ? result : nil))
        #expect(script.isFinished)
    }

    @Test("gives an empty message to a server that wants one for nobody")
    func emptyMessage() {
        let script = Script(send(), ["220 hi", "250-x|250 PIPELINING", "250 ok", "550 5.1.1 no", "354 go", "250 taken"])
        #expect(script.sentNothing && !script.sentMessage)
        #expect(script.results == ["550 5.1.1 no"])
    }

    @Test("does not send what the server cannot take")
    func impossible() {
        let big = Script(send(size: 5000), ["220 hi", "250-x|250 SIZE 1000"])
        #expect(big.results[0]?.hasPrefix("552 5.3.4") ?? false)
        let international = Script(send(utf8: true), ["220 hi", "250 x"])
        #expect(international.results[0]?.hasPrefix("553 5.6.7") ?? false)
    }

    @Test("is in doubt between the final dot and its reply")
    func doubt() {
        let script = Script(send(), ["220 hi", "250 x", "250 ok", "250 ok", "354 go"])
        #expect(script.isInDoubt && script.results == [nil])
    }

    @Test("reads replies of several lines, and refuses nonsense")
    func replies() throws {
        var reader = ReplyReader()
        #expect(try reader.receive(Array("250-2.1.0 one".utf8)) == nil)
        let reply = try reader.receive(Array("250 2.1.0 two".utf8))
        #expect(reply == Reply(250, EnhancedStatus(2, 1, 0), lines: ["one", "two"]))
        #expect(try reader.receive(Array("354".utf8)) == Reply(354, nil, lines: [""]))
        #expect(throws: ReplyReader.Failure.malformed) { try reader.receive(Array("hello".utf8)) }
        #expect(throws: ReplyReader.Failure.malformed) { try reader.receive(Array("999 x".utf8)) }
        var endless = ReplyReader()
        #expect(throws: ReplyReader.Failure.tooLong) {
            for _ in 0..<1000 { _ = try endless.receive(Array("250-x".utf8)) }
        }
    }
}
