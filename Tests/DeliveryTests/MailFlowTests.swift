import Directory
import Disk
import Formats
import Glibc
import MailStore
import NIOCore
import NIOPosix
import SMTP
import ServiceLifecycle
import Synchronization
import Testing

@testable import Delivery

/// The whole of mail flow, with open ports.
private struct Running: Sendable {
    let world: World
    let flow: MailFlow
    let ports: [Int]
    var mx: Int { ports[0] }
    var submission: Int { ports[1] }
    var lmtp: Int { ports[ports.count - 1] }
    /// There with TLS only.
    var submissions: Int { ports[2] }

    /// Starts everything, runs `body`, and shuts down gracefully.
    static func run(
        zone: String = "", outboundPort: Int = 1, tls: TLSSource? = nil, adjust: (inout MailFlowConfiguration) -> Void = { _ in },
        _ body: @Sendable (Running) async throws -> Void
    ) async throws {
        let world = try await World()
        guard let hash = PasswordHash(hashing: "correct horse") else { throw Missing(what: "hash") }
        try await world.directory.setPassword(hash, of: world.account("alice@demo.test").id)
        var configuration = MailFlowConfiguration(hostname: "mx.demo.test", data: world.folder)
        let local = ListenAddress.tcp(host: "127.0.0.1", port: 0)
        (configuration.mx, configuration.submission, configuration.lmtp) = ([local], [local], [local])
        if tls != nil { configuration.submissions = [local] }
        configuration.outboundPort = outboundPort
        configuration.maximumMessageSize = 8_000_000
        if !zone.isEmpty {
            configuration.dnsRecords = "\(world.folder)/zone"
            try AtomicFile.write(Array(zone.utf8), to: configuration.dnsRecords)
        }
        adjust(&configuration)
        let count = tls == nil ? 3 : 4
        let bound = Mutex<[Int]>([])
        let flow = try MailFlow(
            configuration, directory: world.directory, authenticator: Authenticator(directory: world.directory),
            accounts: world.accounts, tls: tls ?? .none, logger: World.logger)
        // One after the other, so that the ports come in order.
        var services: [any Service] = []
        for service in flow.services {
            guard var listener = service as? MailListener else {
                services.append(service)
                continue
            }
            let index = services.count { $0 is MailListener }
            listener.onBound = { port in
                bound.withLock { ports in
                    while ports.count <= index { ports.append(0) }
                    ports[index] = port
                }
            }
            services.append(listener)
        }
        let group = ServiceGroup(services: services, logger: World.logger)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            let ports = try await eventually("the ports") { () -> [Int]? in
                let ports = bound.withLock { $0 }
                return ports.count == count && !ports.contains(0) ? ports : nil
            }
            do { try await body(Running(world: world, flow: flow, ports: ports)) } catch {
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}

private let text = "From: Ann <ann@x.test>\r\nSubject: Hello\r\n\r\n.dots\r\nand text\r\n"
private let stuffed = "From: Ann <ann@x.test>\r\nSubject: Hello\r\n\r\n..dots\r\nand text\r\n.\r\n"
private let zone = """
    foreign.test. IN MX 10 mx.foreign.test.
    mx.foreign.test. A 127.0.0.1
    nomail.test. MX 0 .
    """

@Suite("Mail through open ports", .serialized)
struct MailFlowTests {
    @Test("a message comes in by SMTP, pipelined, and lies in the inbox with its trace")
    func mx() async throws {
        try await Running.run { running in
            try await TestClient.talk(to: running.mx) { client in
                #expect(try await client.say("EHLO client.test") == "250 DSN")
                try await client.write("MAIL FROM:<ann@x.test>\r\nRCPT TO:<alice+x@demo.test>\r\nRCPT TO:<no@demo.test>\r\nDATA\r\n")
                #expect(try await client.reply() == "250 2.1.0 Sender OK")
                #expect(try await client.reply() == "250 2.1.5 Recipient OK")
                #expect(try await client.reply() == "550 5.1.1 No such user here")
                #expect(try await client.reply() == "354 End data with <CRLF>.<CRLF>")
                try await client.write(stuffed)
                #expect(try await client.reply().hasPrefix("250 2.0.0 OK"))
                #expect(try await client.say("RCPT TO:<x@elsewhere.test>") == "503 5.5.1 MAIL first")
                _ = try await client.say("MAIL FROM:<>")
                #expect(try await client.say("RCPT TO:<x@elsewhere.test>") == "550 5.7.1 Relaying denied")
                #expect(try await client.say("QUIT") == "221 2.0.0 Bye")
            }
            let message = try #require(try running.world.inbox("alice").first)
            #expect(message.hasPrefix("Return-Path: <ann@x.test>\r\nDelivered-To: alice+x@demo.test\r\nReceived: from client.test ([127.0.0.1])\r\n\tby mx.demo.test with ESMTP id "))
            #expect(message.hasSuffix(text))
        }
    }

    @Test("what is pipelined behind the final dot is answered, and so are more commands than one burst")
    func pipelining() async throws {
        try await Running.run { running in
            try await TestClient.talk(to: running.mx) { client in
                for line in ["EHLO c", "MAIL FROM:<a@x.test>", "RCPT TO:<alice@demo.test>"] { _ = try await client.say(line) }
                try await client.write("DATA\r\n\(stuffed)RSET\r\nQUIT\r\n")
                for code in ["354", "250", "250", "221"] { #expect(try await client.reply().hasPrefix(code)) }
            }
            try await TestClient.talk(to: running.mx) { client in
                try await client.write(String(repeating: "RSET\r\n", count: 180) + "QUIT\r\n")
                for _ in 0..<180 { #expect(try await client.reply() == "250 2.0.0 OK") }
                #expect(try await client.reply() == "221 2.0.0 Bye")
            }
        }
    }

    @Test("a message comes in chunks, byte for byte, and a bare LF in them is refused")
    func chunks() async throws {
        try await Running.run { running in
            try await TestClient.talk(to: running.mx) { client in
                _ = try await client.say("EHLO c")
                let size = text.utf8.count
                try await client.write("MAIL FROM:<a@x.test>\r\nRCPT TO:<alice@demo.test>\r\nBDAT \(size)\r\n\(text)BDAT 3 LAST\r\n.\r\n")
                for _ in 0..<4 { #expect(try await client.reply().hasPrefix("250")) }
                try await client.write("MAIL FROM:<a@x.test>\r\nRCPT TO:<alice@demo.test>\r\nBDAT 4 LAST\r\na\nb\r")
                for code in ["250", "250", "554 5.6.0"] { #expect(try await client.reply().hasPrefix(code)) }
            }
            let inbox = try running.world.inbox("alice")
            #expect(inbox.count == 1 && inbox[0].hasSuffix(text + ".\r\n"))
        }
    }

    @Test("a smuggled end of data is none, and the message is refused")
    func smuggling() async throws {
        try await Running.run { running in
            for end in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n"] {
                try await TestClient.talk(to: running.mx) { client in
                    for line in ["EHLO c", "MAIL FROM:<a@x.test>", "RCPT TO:<alice@demo.test>", "DATA"] { _ = try await client.say(line) }
                    try await client.write("Subject: one\r\n\r\nx\(end)MAIL FROM:<evil@x.test>\r\nRCPT TO:<bob@demo.test>\r\nDATA\r\nSubject: two\r\n\r\n.\r\n")
                    #expect(try await client.reply() == "554 5.6.0 Message contains a bare CR or LF, or a hidden end")
                    #expect(try await client.say("NOOP") == "250 2.0.0 OK")
                }
            }
            #expect(try running.world.inbox("alice").isEmpty)
            #expect(try running.world.inbox("bob").isEmpty)
        }
    }

    @Test("STARTTLS: what was pipelined in clear is never heard")
    func injection() async throws {
        try await Running.run(tls: try TestTLS.server()) { running in
            try await TestClient.talk(to: running.mx) { client in
                _ = try await client.say("EHLO c")
                try await client.write("STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@x.test>\r\n")
                #expect(try await client.reply() == "220 2.0.0 Ready to start TLS")
                try await client.startTLS()
                #expect(try await client.say("MAIL FROM:<a@x.test>") == "503 5.5.1 Say hello first")
                #expect(try await client.say("EHLO c") == "250 DSN")
                #expect(try await client.say("RCPT TO:<alice@demo.test>") == "503 5.5.1 MAIL first")
            }
            try await TestClient.talk(to: running.submissions, overTLS: true) { client in
                let last = try await client.say("EHLO c")
                #expect(last == "250 AUTH PLAIN LOGIN")
            }
        }
    }

    @Test("one of us sends to another of us over TLS that is offered")
    func opportunisticTLS() async throws {
        try await Running.run(tls: try TestTLS.server()) { other in
            try await other.world.directory.addDomain(domain("foreign.test"), state: .verified)
            try await other.world.directory.addAlias(address("x@foreign.test"), recipients: [address("bob@demo.test")])
            try await Running.run(zone: zone, outboundPort: other.mx) { running in
                let alice = try running.world.account("alice@demo.test")
                _ = try await running.flow.submitter.submit(
                    SubmissionRequest(
                        account: alice, mailFrom: alice.address, recipients: [address("x@foreign.test")],
                        content: .bytes(Array("From: alice@demo.test\r\n\r\n.\nbare\r\n".utf8))))
                let got = try await eventually("the message") { try other.world.inbox("bob").first }
                #expect(got.contains("with ESMTPS id") && got.hasSuffix("\r\n\r\n.\r\nbare\r\n"))
            }
        }
    }

    @Test("LMTP answers for each recipient, and a mailbox named twice gets one copy")
    func lmtp() async throws {
        try await Running.run { running in
            try await running.world.directory.setQuota(10, of: running.world.account("carol@demo.test").id)
            try await TestClient.talk(to: running.lmtp) { client in
                _ = try await client.say("LHLO c")
                _ = try await client.say("MAIL FROM:<ann@x.test>")
                for name in ["alice", "bob", "alice+twice", "carol"] {
                    #expect(try await client.say("RCPT TO:<\(name)@demo.test>").hasPrefix("250"))
                }
                _ = try await client.say("DATA")
                try await client.write(stuffed)
                for expected in ["250", "250", "250", "452 4.2.2"] { #expect(try await client.reply().hasPrefix(expected)) }
            }
            #expect(try running.world.inbox("alice").count == 1)
            #expect(try running.world.inbox("bob").count == 1)
            #expect(try running.world.inbox("carol").isEmpty)
        }
    }

    @Test("a message bigger than memory goes through a file, and the limit holds")
    func bigMessages() async throws {
        try await Running.run { running in
            let line = String(repeating: "x", count: 998) + "\r\n"
            let body = "Subject: big\r\n\r\n" + String(repeating: line, count: 3000)
            try await TestClient.talk(to: running.mx) { client in
                for line in ["EHLO c", "MAIL FROM:<a@x.test>", "RCPT TO:<alice@demo.test>", "DATA"] { _ = try await client.say(line) }
                try await client.write(body + ".\r\n")
                #expect(try await client.reply().hasPrefix("250 2.0.0"))
                for line in ["MAIL FROM:<a@x.test>", "RCPT TO:<alice@demo.test>", "DATA"] { _ = try await client.say(line) }
                for _ in 0..<3 { try await client.write(body.replacing("Subject", with: "X")) }
                try await client.write(".\r\n")
                #expect(try await client.reply() == "552 5.3.4 Message exceeds the size limit")
            }
            let inbox = try running.world.inbox("alice")
            #expect(inbox.count == 1 && inbox[0].hasSuffix(body))
            #expect(try Folder.names("\(running.world.folder)/outbox/tmp").isEmpty)
        }
    }

    @Test("our user submits: to a colleague at once, to others by their servers; and only as herself")
    func submission() async throws {
        try await ForeignServer.run { foreign in
            try await Running.run(zone: zone, outboundPort: foreign.port) { running in
                try await TestClient.talk(to: running.submission) { client in
                    _ = try await client.say("EHLO c")
                    #expect(try await client.say("MAIL FROM:<alice@demo.test>").hasPrefix("530"))
                    let secret = String(decoding: Base64.encode(Array("\0alice@demo.test\0correct horse".utf8)), as: UTF8.self)
                    #expect(try await client.say("AUTH PLAIN \(secret)") == "235 2.7.0 Authentication succeeded")
                    #expect(try await client.say("MAIL FROM:<bob@demo.test>").hasPrefix("553 5.7.1"))
                    for from in ["bob@demo.test", "alice@demo.test"] {
                        _ = try await client.say("MAIL FROM:<alice@demo.test>")
                        #expect(try await client.say("RCPT TO:<bob@demo.test>").hasPrefix("250"))
                        #expect(try await client.say("RCPT TO:<friend@foreign.test>").hasPrefix("250"))
                        _ = try await client.say("DATA")
                        try await client.write("From: <\(from)>\r\nTo: x\r\n\r\n.\r\n")
                        #expect(try await client.reply().hasPrefix(from.hasPrefix("alice") ? "250" : "550 5.7.1"))
                    }
                }
                let bob = try running.world.inbox("bob")
                #expect(bob.count == 1 && bob[0].contains("\r\nMessage-ID: <") && bob[0].contains("ESMTPA id"))
                let got = try await eventually("the message") { foreign.received.first }
                #expect(got.sender == "alice@demo.test" && got.recipients == ["friend@foreign.test"])
                #expect(got.message.contains("Received: from c ([127.0.0.1])") && !got.message.contains("Return-Path"))
                #expect(foreign.received.count == 1)
            }
        }
    }

    @Test("a forward goes on to its remote target, and its mailbox does not wait for it")
    func forward() async throws {
        try await ForeignServer.run { foreign in
            try await Running.run(zone: zone, outboundPort: foreign.port) { running in
                try await running.world.directory.addAlias(
                    address("both@demo.test"), recipients: [address("bob@demo.test"), address("b@foreign.test")])
                try await TestClient.talk(to: running.mx) { client in
                    for line in ["EHLO c", "MAIL FROM:<>", "RCPT TO:<both@demo.test>", "DATA"] { _ = try await client.say(line) }
                    try await client.write(stuffed)
                    #expect(try await client.reply().hasPrefix("250"))
                }
                #expect(try running.world.inbox("bob").count == 1)
                let got = try await eventually("the message") { foreign.received.first }
                #expect(got.sender.isEmpty && got.message.hasSuffix(text))
            }
        }
    }

    @Test("JMAP's submission: statuses, a refusal that comes back as a report, no Bcc on the way")
    func submitter() async throws {
        try await ForeignServer.run { foreign in
            try await Running.run(zone: zone, outboundPort: foreign.port) { running in
                foreign.answer("gone@foreign.test", with: "550 5.1.1 Moved away")
                let alice = try running.world.account("alice@demo.test")
                let message = "From: alice@demo.test\r\nBcc: bob@demo.test\r\nSubject: Hi\r\n\r\nText\r\n"
                let request = SubmissionRequest(
                    account: alice, mailFrom: alice.address,
                    recipients: ["bob@demo.test", "friend@foreign.test", "gone@foreign.test", "x@nomail.test"].map(address),
                    content: .bytes(Array(message.utf8)))
                let id = try await running.flow.submitter.submit(request)
                let status = try await eventually("the end") { () -> SubmissionStatus? in
                    let status = await running.flow.submitter.status(of: id)
                    return status?.recipients.allSatisfy { $0.delivered != .queued } ?? false ? status : nil
                }
                #expect(status.undo == .final)
                #expect(status.recipients.map(\.delivered) == [.yes, .unknown, .no, .no])
                #expect(status.recipients[2].smtpReply == "550 5.1.1 Moved away")
                #expect(status.recipients[3].smtpReply.hasPrefix("556 5.1.10"))
                let got = try #require(foreign.received.first)
                #expect(!got.message.contains("Bcc") && got.message.contains("Subject: Hi"))
                let bob = try #require(try running.world.inbox("bob").first)
                #expect(!bob.contains("Bcc") && bob.contains("Delivered-To: bob@demo.test"))
                let reports = try await eventually("the reports") { () -> [String]? in
                    let inbox = try running.world.inbox("alice")
                    return inbox.count == 2 ? inbox : nil
                }
                #expect(reports.allSatisfy { $0.hasPrefix("Return-Path: <>") && $0.contains("multipart/report") })
                #expect(reports.contains { $0.contains("Final-Recipient: rfc822; gone@foreign.test") })
            }
        }
    }

    @Test("refuses submissions that say who one is not, or go nowhere")
    func submitterRefusals() async throws {
        try await Running.run { running in
            let alice = try running.world.account("alice@demo.test")
            func submit(_ from: String, header: String, to: [String]) async -> SubmissionError? {
                let request = SubmissionRequest(
                    account: alice, mailFrom: address(from), recipients: to.map(address),
                    content: .bytes(Array("\(header)\r\n\r\n".utf8)))
                do throws(SubmissionError) {
                    _ = try await running.flow.submitter.submit(request)
                    return nil
                } catch { return error }
            }
            let own = "From: Alice <alice+x@demo.test>"
            #expect(await submit("bob@demo.test", header: own, to: ["bob@demo.test"]) == .forbiddenMailFrom)
            #expect(await submit("alice@demo.test", header: "From: bob@demo.test", to: ["bob@demo.test"]) == .forbiddenFrom)
            #expect(await submit("alice@demo.test", header: "From: alice@demo.test, bob@demo.test", to: ["bob@demo.test"]) == .forbiddenFrom)
            #expect(await submit("alice@demo.test", header: "Subject: x", to: ["bob@demo.test"]) == .forbiddenFrom)
            #expect(await submit("alice@demo.test", header: own, to: []) == .noRecipients)
            #expect(await submit("alice@demo.test", header: own, to: ["no@demo.test"]) == .invalidRecipients([address("no@demo.test")]))
            #expect(await submit("alice@demo.test", header: own, to: ["bob@demo.test"]) == nil)
        }
    }

    @Test("a connection lost after the final dot is tried again, later")
    func doubt() async throws {
        try await ForeignServer.run { foreign in
            try await Running.run(zone: zone, outboundPort: foreign.port) { running in
                foreign.dropAfterData(1)
                let alice = try running.world.account("alice@demo.test")
                let id = try await running.flow.submitter.submit(
                    SubmissionRequest(
                        account: alice, mailFrom: alice.address, recipients: [address("f@foreign.test")],
                        content: .bytes(Array("From: alice@demo.test\r\n\r\n".utf8))))
                let entry = try await eventually("the attempt") {
                    await running.flow.outbox.list().first { $0.id == id && $0.recipients[0].attempts == 1 }
                }
                #expect(entry.recipients[0].reply?.contains("after the message") ?? false)
                try await running.flow.outbox.retry(id)
                _ = try await eventually("the second") { foreign.received.count == 2 ? true : nil }
            }
        }
    }

    @Test("a local delivery that a crash makes us repeat gives one message")
    func repeatedLocalDelivery() async throws {
        let world = try await World()
        let local = LocalDelivery(accounts: world.accounts)
        let bob = try world.account("bob@demo.test")
        for _ in 0..<3 {
            let arrival = Arrival(
                account: bob, recipient: "bob@demo.test", sender: .null, trace: [], source: .bytes(Array(text.utf8)),
                uniqueName: "q1r0")
            #expect(try await local.deliver(arrival) == .delivered)
        }
        #expect(try world.inbox("bob").count == 1)
    }

    @Test("too many connections are told to come later; one that is silent is ended")
    func limits() async throws {
        try await Running.run { configuration in
            configuration.maximumConnections = 1
            configuration.timeouts.silence = .milliseconds(300)
        } _: { running in
            try await TestClient.talk(to: running.mx) { first in
                #expect(try await first.say("EHLO c").hasPrefix("250"))
                let refusal = try await TestClient.talk(to: running.mx) { second in second.greeting }
                #expect(refusal == "421 4.7.0 Too many connections, try again later")
                #expect(try await first.reply() == "421 4.4.2 Timeout")
                #expect(try await first.reply() == "")
            }
        }
    }

    @Test("a pipe delivers too")
    func pipe() async throws {
        let world = try await World()
        let pipe = PipeDelivery(directory: world.directory, accounts: world.accounts, data: world.folder, hostname: "h")
        try await pipe.deliver(Array("From x\nSubject: pipe\n\nhi\n".utf8), to: address("bob@demo.test"))
        let message = try #require(try world.inbox("bob").first)
        #expect(message.hasSuffix("Subject: pipe\r\n\r\nhi\r\n"))
        await #expect(throws: PipeDelivery.Refusal.self) { try await pipe.deliver([], to: address("no@demo.test")) }
    }

    @Test("of an alias piped to, who fails for now gets the message from the outbox, and nobody gets two")
    func pipeToAlias() async throws {
        let world = try await World()
        let pipe = PipeDelivery(directory: world.directory, accounts: world.accounts, data: world.folder, hostname: "h")
        try Folder.make("\(world.folder)/accounts/demo.test")
        try AtomicFile.write([], to: "\(world.folder)/accounts/demo.test/bob")
        try await world.directory.addAlias(address("all@demo.test"), recipients: [address("bob@demo.test"), address("alice@demo.test")])
        try await pipe.deliver(Array("Subject: pipe\n\nhi\n".utf8), to: address("all@demo.test"))
        #expect(try world.inbox("alice").count == 1)
        #expect(try Folder.names("\(world.folder)/outbox/new").count { $0.hasSuffix(".json") } == 1)
        await #expect(throws: PipeDelivery.Refusal.self) { try await pipe.deliver([], to: address("bob@demo.test")) }
        // Whoever is tried again is a mailbox: what its address redirects to has the message already.
        let folder = "\(world.folder)/outbox/new"
        let envelope = try #require(try Folder.names(folder).first { $0.hasSuffix(".json") })
        #expect(String(decoding: try OpenFile(path: "\(folder)/\(envelope)").read(), as: UTF8.self).contains("isForMailboxes"))
    }
}
