import Directory
import Formats
import MailStore
import SMTP
import Synchronization
import Testing

@testable import Delivery

/// A server A with split.test on it and on B, which is a `ForeignServer`.
private struct Split {
    let world: World
    let gate: RecipientGate
    let explainer: RouteExplainer

    init(port: Int, tls: NextHopTLS = .opportunistic) async throws {
        world = try await World()
        try await world.directory.addDomain(domain("split.test"), state: .verified)
        _ = try await world.directory.addAccount(NewAccount(address: address("dora@split.test")))
        try await world.directory.setNextHop(
            try NextHop(host: "127.0.0.1", port: port, tls: tls), of: domain("split.test"), on: .example)
        var configuration = MailFlowConfiguration(hostname: "mx.demo.test", data: world.folder)
        configuration.mx = [.tcp(host: "127.0.0.1", port: 9)]
        explainer = try MailFlow.explainer(
            configuration, directory: world.directory, accounts: world.accounts, logger: World.logger)
        gate = explainer.gate
    }

    func rcpt(_ text: String, from sender: String = "ann@x.test", at client: String = "192.0.2.9", as account: Account? = nil) async -> String {
        let path = sender.isEmpty ? ReversePath.null : .mailbox(address(sender))
        do throws(RecipientGate.Refusal) {
            let client = RecipientClient(address: ClientAddress(client), sender: path, account: account)
            let found = try await gate.admit(.mailbox(address(text)), from: client).resolution
            return (found.mailboxes.map(\.address.localPart) + found.remotes.map(\.address.description)).joined(separator: " ")
        } catch {
            return error.reply.text
        }
    }
}

@Suite("Whom RCPT lets in", .serialized)
struct RecipientGateTests {
    @Test("the other server of a domain is asked once, and its answer is kept")
    func callOut() async throws {
        try await ForeignServer.run { server in
            let split = try await Split(port: server.port)
            server.answer("gone@split.test", with: "550 5.1.1 Unknown user")
            server.answer("slow@split.test", with: "451 4.3.0 Not now")
            #expect(await split.rcpt("emil@split.test") == "emil@split.test")
            #expect(await split.rcpt("emil@split.test") == "emil@split.test")
            #expect(server.connections == 1)
            #expect(await split.rcpt("gone@split.test") == "550 5.1.1 127.0.0.1 says: Unknown user")
            #expect(await split.rcpt("gone@split.test") == "550 5.1.1 127.0.0.1 says: Unknown user")
            #expect(server.connections == 2)
            #expect(await split.rcpt("slow@split.test") == "450 4.3.0 127.0.0.1 says: Not now")
            #expect(await split.rcpt("dora@split.test") == "dora")
            #expect(server.received.isEmpty)
        }
    }

    @Test("many who ask for one address at the same time make one call-out")
    func together() async throws {
        try await ForeignServer.run { server in
            let split = try await Split(port: server.port)
            await withTaskGroup { group in
                for _ in 0..<50 { group.addTask { #expect(await split.rcpt("emil@split.test") == "emil@split.test") } }
            }
            #expect(server.connections == 1)
        }
    }

    @Test("no answer is 450 to strangers; what our own users send is queued")
    func down() async throws {
        let split = try await Split(port: 1)
        #expect(await split.rcpt("emil@split.test").hasPrefix("450 4.4.1 Recipient cannot be verified now"))
        let alice = try split.world.account("alice@demo.test")
        #expect(await split.rcpt("emil@split.test", from: "alice@demo.test", as: alice) == "emil@split.test")
    }

    @Test("members of an alias that the other server refuses are left out, and local ones do not wait for it")
    func aliasMembers() async throws {
        try await ForeignServer.run { server in
            let split = try await Split(port: server.port)
            server.answer("gone@split.test", with: "550 5.1.1 Unknown user")
            try await split.world.directory.addAlias(
                address("two@demo.test"), recipients: [address("emil@split.test"), address("gone@split.test")])
            #expect(await split.rcpt("two@demo.test") == "emil@split.test")
            try await split.world.directory.addAlias(
                address("none@demo.test"), recipients: [address("gone@split.test")])
            #expect(await split.rcpt("none@demo.test") == "550 5.1.1 127.0.0.1 says: Unknown user")
        }
        let down = try await Split(port: 1)
        try await down.world.directory.addAlias(
            address("mixed@demo.test"), recipients: [address("bob@demo.test"), address("emil@split.test")])
        #expect(await down.rcpt("mixed@demo.test") == "bob emil@split.test")
    }

    @Test("a server that is this one ends a loop at once")
    func itself() async throws {
        let split = try await Split(port: 9)
        #expect(await split.rcpt("emil@split.test") == "554 5.4.6 Mail for split.test leads back to this server")
    }

    @Test("a block entry refuses by envelope sender and client network, and never who authenticated")
    func lists() async throws {
        let split = try await Split(port: 1)
        let directory = split.world.directory
        try await directory.addPolicyEntry(.init(kind: .block, pattern: .domain(domain("bad.test")), scope: nil))
        try await directory.addPolicyEntry(.init(kind: .block, pattern: try .init(parsing: "203.0.113.0/24"), scope: domain("demo.test")))
        try await directory.addPolicyEntry(.init(kind: .allow, pattern: try .init(parsing: "ann@sub.bad.test"), scope: domain("demo.test")))
        let refusal = "550 5.7.1 Blocked by the policy of the recipient's domain"
        #expect(await split.rcpt("bob@demo.test", from: "x@bad.test") == refusal)
        #expect(await split.rcpt("bob@demo.test", from: "x@sub.bad.test") == refusal)
        #expect(await split.rcpt("bob@demo.test", from: "x@notbad.test") == "bob")
        #expect(await split.rcpt("bob@demo.test", from: "ann@sub.bad.test") == "bob")
        #expect(await split.rcpt("bob@demo.test", at: "203.0.113.7") == refusal)
        #expect(await split.rcpt("dora@split.test", at: "203.0.113.7") == "dora")
        let alice = try split.world.account("alice@demo.test")
        #expect(await split.rcpt("bob@demo.test", from: "alice@demo.test", at: "203.0.113.7", as: alice) == "bob")
    }

    @Test("mail from the other server's address in its own domain is an internal hop")
    func internalHop() async throws {
        let split = try await Split(port: 1)
        func isInternal(_ sender: String, _ client: String, to recipient: String = "dora@split.test") async -> Bool {
            let path = sender.isEmpty ? ReversePath.null : .mailbox(address(sender))
            let client = RecipientClient(address: ClientAddress(client), sender: path)
            return await split.gate.isInternalHop(client, to: .mailbox(address(recipient)))
        }
        #expect(await isInternal("emil@split.test", "127.0.0.1"))
        #expect(await isInternal("", "127.0.0.1"))
        #expect(await !isInternal("emil@split.test", "192.0.2.9"))
        #expect(await !isInternal("ann@x.test", "127.0.0.1"))
        #expect(await !isInternal("alice@demo.test", "127.0.0.1"))
        #expect(await !isInternal("", "127.0.0.1", to: "bob@demo.test"))
    }
}

@Suite("How forwards leave")
struct RoutingTests {
    private func departures(_ routing: Routing, _ remotes: [RemoteRecipient], from sender: String) -> [String] {
        routing.departures(remotes, sender: sender.isEmpty ? .null : .mailbox(address(sender))).map { departure in
            let sender = departure.sender.address.map { SRS.isReturnPath($0) ? "SRS@\($0.domain)" : $0.description } ?? "<>"
            return "\(sender) → \(departure.recipients.map(\.description).joined(separator: " "))\(departure.fields.isEmpty ? "" : " marked")"
        }
    }

    @Test("strangers get a return path at the domain that forwards; our own senders, null, and the servers of admins do not")
    func senders() async throws {
        let world = try await World()
        let routing = Routing(directory: world.directory, srs: SRS(secret: [1]), hostname: "mx.demo.test")
        let forwarder = address("out@demo.test")
        let remotes = [
            RemoteRecipient(address("a@y.test"), forwarder: forwarder), RemoteRecipient(address("b@y.test"), forwarder: forwarder),
            RemoteRecipient(address("c@split.test"), hop: try NextHop(host: "b.test", port: 25), forwarder: forwarder),
            RemoteRecipient(address("d@z.test")),
        ]
        #expect(
            departures(routing, remotes, from: "ann@x.test") == [
                "SRS@demo.test → a@y.test b@y.test marked", "ann@x.test → c@split.test marked", "ann@x.test → d@z.test",
            ])
        #expect(departures(routing, remotes, from: "alice@demo.test").first == "alice@demo.test → a@y.test b@y.test marked")
        #expect(departures(routing, remotes, from: "").first == "<> → a@y.test b@y.test marked")
    }

    @Test("a message that comes back to the alias that sent it on is a loop; marks of others are not ours")
    func marks() async throws {
        let world = try await World()
        let routing = Routing(directory: world.directory, srs: SRS(secret: [1]), hostname: "mx.demo.test")
        let remote = RemoteRecipient(address("a@y.test"), forwarder: address("out@demo.test"))
        let fields = try #require(routing.departures([remote], sender: .null).first).fields
        let header = HeaderBlock(fields + Array("Subject: x\r\n\r\n".utf8))
        #expect(routing.isLoop([remote], header))
        #expect(!routing.isLoop([RemoteRecipient(address("a@y.test"), forwarder: address("else@demo.test"))], header))
        #expect(!routing.isLoop([RemoteRecipient(address("a@y.test"))], header))
        let stranger = Routing(directory: world.directory, srs: SRS(secret: [2]), hostname: "mx.demo.test")
        #expect(!stranger.isLoop([remote], header))
        let hop = RemoteRecipient(address("c@split.test"), hop: try NextHop(host: "b.test", port: 25))
        #expect(routing.isLoop([hop], HeaderBlock(routing.hopField(domain("split.test")) + Array("\r\n".utf8))))
        #expect(!routing.isLoop([hop], HeaderBlock(routing.hopField(domain("demo.test")) + Array("\r\n".utf8))))
    }
}

@Suite("Why mail goes where it goes")
struct RouteExplanationTests {
    @Test("is told as a tree, with lists, thresholds and the reply")
    func tree() async throws {
        let split = try await Split(port: 1)
        let directory = split.world.directory
        try await directory.addDomainAlias(domain("other.test"), of: domain("demo.test"), state: .verified)
        try await directory.addAlias(
            address("info@demo.test"),
            recipients: [address("alice@demo.test"), address("bob@demo.test"), address("ann@y.test"), address("alice+x@demo.test")])
        try await directory.setEnabled(false, of: split.world.account("bob@demo.test").id)
        try await directory.setThresholds(try SpamThresholds(deferAt: 2, junkAt: 5.5, rejectAt: 12), of: domain("demo.test"))
        try await directory.addPolicyEntry(.init(kind: .allow, pattern: .domain(domain("x.test")), scope: domain("demo.test")))
        let explanation = await split.explainer.explain(
            address("info+news@other.test"), from: address("ann@x.test"), at: ClientAddress("192.0.2.1"))
        let lines = explanation.lines.map { line in
            line.contains("SRS0=") ? String(line.prefix { $0 != "=" }) : line
        }
        #expect(
            lines == [
                "Recipient  info+news@other.test",
                "From       ann@x.test, from 192.0.2.1",
                "Domain     other.test: alias, verified, stands for demo.test",
                "Route      info+news@other.test   domain alias, the same name at the other domain",
                "           └─ info+news@demo.test   alias of 4 recipients",
                "              ├─ alice@demo.test   mailbox",
                "              ├─ bob@demo.test   mailbox, disabled: it receives nothing",
                "              ├─ ann@y.test   elsewhere, by its MX, as SRS0",
                "              └─ alice+x@demo.test   mailbox alice@demo.test, which has its copy already",
                "Lists      allow x.test, of demo.test: not scored, not greylisted, unless SPF calls the sender forged",
                "Spam       defer at 2, junk at 5.5, reject at 12 (set for demo.test)",
                "Reply      250 2.1.5 Recipient OK",
            ])
    }

    @Test("names who refuses")
    func refusals() async throws {
        let split = try await Split(port: 9)
        #expect(await split.explainer.explain(address("x@elsewhere.test")).lines.suffix(2) == [
            "Reply      550 5.7.1 Relaying denied   to strangers", "           250 2.1.5 Recipient OK   to our own users",
        ])
        let loop = await split.explainer.explain(address("emil@split.test"))
        #expect(loop.reply == "554 5.4.6 Mail for split.test leads back to this server")
        #expect(loop.route.step == "splitRouting")
        #expect(await split.explainer.explain(address("x@pending.test")).lines[2] == "Domain     pending.test is pending: it counts as none of this server's")
    }
}
