import Directory
import Formats
import NIOCore
import NIOEmbedded
import SMTP
import Synchronization
import Testing

@testable import Delivery

/// A moment that stands still until it is moved.
private final class Moment: Sendable {
    private let value = Mutex(ContinuousClock.now)
    var now: ContinuousClock.Instant { value.withLock { $0 } }
    func advance(seconds: Int) { value.withLock { $0 = $0.advanced(by: .seconds(seconds)) } }
}

/// Who was told to make room.
private final class Away: Sendable {
    private let names = Mutex<[String]>([])
    var all: [String] { names.withLock { $0 } }
    func add(_ name: String) { names.withLock { $0.append(name) } }
}

@Suite("Places for connections")
struct ConnectionLimitsTests {
    private let moment = Moment()
    private let sent = Away()

    private func limits(_ maximum: Int, perNetwork: Int = 100) -> ConnectionLimits {
        ConnectionLimits(maximum: maximum, perNetwork: perNetwork) { [moment] in moment.now }
    }

    private func enter(_ limits: ConnectionLimits, _ name: String, network: String? = nil) -> ConnectionLimits.Place? {
        limits.enter(network) { [sent] in sent.add(name) }
    }

    private var away: [String] { sent.all }

    @Test("one network gets so many, and gets them again when they are left")
    func networks() throws {
        let limits = limits(10, perNetwork: 2)
        let first = try #require(enter(limits, "a", network: "192.0.2.1"))
        #expect(enter(limits, "b", network: "192.0.2.1") != nil)
        #expect(enter(limits, "c", network: "192.0.2.1") == nil)
        #expect(enter(limits, "d", network: "192.0.2.2") != nil)
        limits.leave(first)
        #expect(enter(limits, "e", network: "192.0.2.1") != nil)
        limits.leave(first)
        #expect(enter(limits, "f", network: "192.0.2.1") == nil)
        #expect(away.isEmpty)
    }

    @Test("when all are taken, the one who is silent for longest makes room")
    func silent() throws {
        let limits = limits(3)
        let first = try #require(enter(limits, "first"))
        moment.advance(seconds: 1)
        _ = enter(limits, "second")
        _ = enter(limits, "third")
        limits.note(first, .idle)
        #expect(enter(limits, "fourth") != nil)
        #expect(away == ["second"])
    }

    @Test("who greeted has five seconds of rest, who sends a message thirty, and nobody at work is sent away")
    func patience() throws {
        let limits = limits(2)
        let idle = try #require(enter(limits, "idle"))
        let busy = try #require(enter(limits, "busy"))
        limits.note(idle, .idle)
        limits.note(busy, .busy)
        #expect(enter(limits, "early") == nil)
        moment.advance(seconds: 6)
        let late = try #require(enter(limits, "late"))
        #expect(away == ["idle"])
        limits.note(late, .busy)
        moment.advance(seconds: 20)
        #expect(enter(limits, "refused") == nil)
        moment.advance(seconds: 6)
        #expect(enter(limits, "last") != nil)
        #expect(away == ["idle", "busy"])
        limits.note(busy, .busy)
        limits.leave(busy)
    }

    @Test("a flood is told in few lines, with its count")
    func log() {
        let limits = limits(1)
        #expect(limits.countForLog() == 1)
        for _ in 0..<50 { #expect(limits.countForLog() == nil) }
        moment.advance(seconds: 6)
        #expect(limits.countForLog() == 51)
    }
}

@Suite("Who is at the other end")
struct MessageSourceTests {
    private let peer = Peer(address: ClientAddress("127.0.0.1"))

    private func facts(_ line: String) throws -> ClientFacts {
        var limits = ServerConfiguration.Limits(messageSize: 1000)
        limits.errors = 1
        var session = ServerSession(
            ServerConfiguration(hostname: "mx", mode: .lmtp, limits: limits, isLoopback: true, isTrustedServer: true))
        _ = session.receive(.line(Array("LHLO front.test".utf8)))
        _ = session.receive(.line(Array(line.utf8)))
        return session.client
    }

    @Test("is the client that a server in front names, and else the peer")
    func sources() throws {
        let direct = MessageSource(ClientFacts(greeting: "c.test"), peer)
        #expect(direct.peer == peer && direct.greeting == "c.test" && direct.hostname == nil)
        let forwarded = MessageSource(try facts("XFORWARD ADDR=192.0.2.7 HELO=spike.test NAME=spike.foreign.test"), peer)
        #expect(forwarded.judged?.description == "192.0.2.7" && forwarded.peer.address == forwarded.judged)
        #expect( forwarded.greeting == "spike.test" && forwarded.hostname == "spike.foreign.test")
        for line in ["XFORWARD ADDR=[UNAVAILABLE] HELO=x", "XFORWARD ADDR=192.0.2.7 SOURCE=LOCAL", "XFORWARD ADDR=nonsense", "XFORWARD NAME=x"] {
            let source = MessageSource(try facts(line), peer)
            #expect(source.peer == peer && source.judged == nil, "\(line)")
        }
    }

    @Test("stands in the trace field without what could mean something else there")
    func trace() {
        let origin = TraceHeaders.Origin(
            client: ClientFacts(greeting: "a(b);c\"d@e"), peer: peer, hostname: "mx.test", id: QueueID.make(now: 0), isSMTPUTF8: false, time: 0)
        #expect(String(decoding: TraceHeaders.received(origin, for: nil), as: UTF8.self).hasPrefix("Received: from a?b??c?d?e ([127.0.0.1])\r\n"))
    }

    @Test("a message that begins with a blank is known")
    func blanks() {
        #expect(HeaderBlock(Array(" x\r\n".utf8)).beginsWithBlank && HeaderBlock(Array("\tx\r\n".utf8)).beginsWithBlank)
        #expect(!HeaderBlock(Array("Subject: x\r\n".utf8)).beginsWithBlank && !HeaderBlock([]).beginsWithBlank)
    }
}

@Suite("Behind a proxy")
struct ProxyHeaderReaderTests {
    private func channel() throws -> (channel: EmbeddedChannel, address: EventLoopFuture<ClientAddress?>) {
        let channel = EmbeddedChannel()
        let reader = ProxyHeaderReader(channel.eventLoop)
        let address = reader.address
        try channel.pipeline.syncOperations.addHandler(reader)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, address)
    }

    private func read(_ channel: EmbeddedChannel) throws -> String? {
        try channel.readInbound(as: ByteBuffer.self).map { String(buffer: $0) }
    }

    @Test("the header is taken off, in whatever pieces it comes, and what follows goes on")
    func header() throws {
        let (channel, address) = try channel()
        try channel.writeInbound(ByteBuffer(string: "PROXY TCP4 192.0."))
        #expect(try read(channel) == nil)
        try channel.writeInbound(ByteBuffer(string: "2.9 192.0.2.1 4 25\r\nEHLO x\r\n"))
        #expect(try address.wait()?.description == "192.0.2.9")
        #expect(try read(channel) == "EHLO x\r\n")
        try channel.writeInbound(ByteBuffer(string: "PROXY TCP4 192.0.2.8 192.0.2.1 4 25\r\n"))
        #expect(try read(channel)?.hasPrefix("PROXY") == true, "there is one header, at the beginning")
    }

    @Test("who sends none is taken for what it is, at once or after a moment")
    func none() throws {
        let (talking, first) = try channel()
        try talking.writeInbound(ByteBuffer(string: "EHLO x\r\n"))
        #expect(try first.wait() == nil)
        #expect(try read(talking) == "EHLO x\r\n")
        let (waiting, second) = try channel()
        waiting.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try second.wait() == nil)
        let (gone, third) = try channel()
        _ = try gone.finish()
        #expect(try third.wait() == nil)
    }
}

@Suite("What a server in front is told")
struct FrontDeskTests {
    private func desk(_ world: World) throws -> FrontDesk {
        let configuration = MailFlowConfiguration(hostname: "mx.demo.test", data: world.folder)
        let explainer = try MailFlow.explainer(configuration, directory: world.directory, accounts: world.accounts, logger: World.logger)
        return FrontDesk(gate: explainer.gate, logger: World.logger)
    }

    @Test("domains and recipients are known as RCPT knows them")
    func lookUps() async throws {
        let world = try await World()
        let desk = try desk(world)
        let answers: [(String, String, FrontAnswer)] = [
            ("domains", "demo.test", .found("demo.test")), ("domains", "DEMO.test", .found("demo.test")), ("domains", "pending.test", .notFound),
            ("domains", "elsewhere.test", .notFound), ("domains", ".demo.test", .notFound),
            ("recipients", "alice@demo.test", .found("alice@demo.test")), ("recipients", "alice+x@demo.test", .found("alice+x@demo.test")),
            ("recipients", "nobody@demo.test", .notFound), ("recipients", "@demo.test", .notFound), ("recipients", "alice@elsewhere.test", .notFound),
            ("wishes", "x", .permanent("there is no map wishes: ask for domains or recipients")),
        ]
        for (map, key, answer) in answers { #expect(await desk.answer(.lookUp(map: map, key: key)) == answer, "\(map) \(key)") }
    }

    @Test("the policy protocol gives our reply at RCPT, and leaves the rest to the server in front")
    func policy() async throws {
        let world = try await World()
        let desk = try desk(world)
        func ask(_ recipient: String, state: String = "RCPT") async -> FrontAnswer {
            await desk.answer(.policy(["protocol_state": state, "recipient": recipient, "sender": "a@x.test", "client_address": "192.0.2.1"]))
        }
        #expect(await ask("alice@demo.test") == .action("DUNNO"))
        #expect(await ask("nobody@demo.test") == .action("550 5.1.1 No such user here"))
        #expect(await ask("nobody@elsewhere.test") == .action("DUNNO"))
        #expect(await ask("nobody@demo.test", state: "DATA") == .action("DUNNO"))
    }
}
