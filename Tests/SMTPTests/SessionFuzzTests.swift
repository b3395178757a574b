import SMTP
import Testing

/// Throws mutated conversations at the sessions: whatever comes, every line is answered, and the limits hold.
@Suite("Sessions under mutated input")
struct SessionFuzzTests {
    private static let seeds = [
        "EHLO client.test", "HELO x", "LHLO x", "MAIL FROM:<a@b.test> SIZE=10 BODY=8BITMIME SMTPUTF8", "MAIL FROM:<>",
        "RCPT TO:<alice@demo.test>", "RCPT TO:<\"a\\\"b\"@demo.test>", "RCPT TO:<@a.test:b@demo.test>", "DATA", "RSET", "NOOP",
        "STARTTLS", "AUTH PLAIN \(base64("\0alice@demo.test\0wonderland"))", "AUTH LOGIN", base64("alice@demo.test"), "*", "QUIT",
        "BDAT 5", "BDAT 0 LAST", "VRFY x", "HELP", "RCPT TO:<jürgen@bücher.test>", "MAIL FROM:<a@[127.0.0.1]>",
    ]

    @Test("the server answers each line once and stays within its limits", arguments: [1, 2, 3, 4])
    func server(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let modes: [ServerConfiguration.Mode] = [.mx, .submission, .lmtp]
        for _ in 0..<1500 {
            let talk = Talk(modes[random.next(upTo: 3)], loopback: random.next(upTo: 2) == 0) { $0.recipients = 5 }
            _ = talk.send(.connected)
            for _ in 0..<40 where !talk.isClosed {
                let reply: String
                if talk.isReceiving {
                    reply = talk.send(.messageReceived(refusal: random.next(upTo: 3) == 0 ? .bareControl : nil))
                } else if let chunk = talk.chunk {
                    let isEnd = chunk.isLast && chunk.isKept
                    reply = talk.send(isEnd ? .messageReceived(refusal: nil) : .chunkReceived)
                } else if talk.startsTLS {
                    reply = talk.send(.tlsEstablished) + "-"
                } else {
                    reply = talk.send(.line(line(&random)))
                }
                #expect(!reply.isEmpty || talk.chunk != nil)
            }
            #expect(talk.delivered.allSatisfy { 1...5 ~= $0.recipients.count })
        }
    }

    @Test("the client ends with one result for each recipient", arguments: [1, 2])
    func client(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let codes = [220, 250, 250, 250, 334, 354, 421, 450, 550, 235]
        for _ in 0..<4000 {
            let configuration = ClientConfiguration(
                hostname: "h", tls: random.next(upTo: 2) == 0 ? .opportunistic : .required)
            let transaction = ClientTransaction(sender: "", recipients: [.init("a@b.test"), .init("c@b.test")], size: 10)
            var session = ClientSession(configuration)
            var action = session.receive(.reply(Reply(220, "hi")))
            var turns = 0
            var begun = 0
            while turns < 60 {
                turns += 1
                if case .finish = action { break }
                if case .startTLS = action {
                    action = session.receive(.tlsEstablished)
                    continue
                }
                if case .ready = action {
                    if begun > 0 { #expect(session.results.allSatisfy { $0 != nil } && session.results.count == 2) }
                    begun += 1
                    action = begun > 3 ? session.quit() : session.begin(transaction)
                    continue
                }
                if case .sendMessage = action { _ = session.receive(.messageSent) }
                let lines = random.next(upTo: 2) == 0 ? ["x", "PIPELINING", "STARTTLS", "SIZE 5"] : ["x"]
                action = session.receive(.reply(Reply(codes[random.next(upTo: codes.count)], nil, lines: lines)))
            }
            #expect(turns < 60)
            #expect(session.results.allSatisfy { $0 != nil } && (session.results.count == 2 || begun == 0 && session.sessionRefusal != nil))
        }
    }

    private func line(_ random: inout SplitMix) -> [UInt8] {
        var line = Array(Self.seeds[random.next(upTo: Self.seeds.count)].utf8)
        for _ in 0..<random.next(upTo: 4) {
            let position = random.next(upTo: line.count + 1)
            switch random.next(upTo: 4) {
            case 0: line.insert(UInt8(truncatingIfNeeded: random.next()), at: position)
            case 1: if position < line.count { line.remove(at: position) }
            case 2: if position < line.count { line[position] = UInt8(truncatingIfNeeded: random.next()) }
            default: line += line.prefix(position)
            }
        }
        return line
    }
}
