import Directory
import Formats
import SMTP
import Testing

@testable import Delivery

@Suite("Where mail to an address goes")
struct RecipientResolverTests {
    private func resolve(_ world: World, _ text: String, foreign: Bool = false) -> String {
        do throws(RecipientResolver.Refusal) {
            let found = try RecipientResolver(world.directory.snapshot).resolve(address(text), allowsForeign: foreign)
            let names = found.mailboxes.map { $0.address.localPart } + found.remotes.map(\.address.description)
            return names.sorted().joined(separator: " ")
        } catch {
            return error.reply.text
        }
    }

    @Test("mailboxes, details, and what is not there")
    func mailboxes() async throws {
        let world = try await World()
        #expect(resolve(world, "alice@demo.test") == "alice")
        #expect(resolve(world, "ALICE@Demo.Test") == "alice")
        #expect(resolve(world, "alice+lists+x@demo.test") == "alice")
        #expect(resolve(world, "nobody@demo.test") == "550 5.1.1 No such user here")
        #expect(resolve(world, "nobody+alice@demo.test") == "550 5.1.1 No such user here")
        #expect(resolve(world, "x@pending.test") == "550 5.7.1 Relaying denied")
        #expect(resolve(world, "x@elsewhere.test") == "550 5.7.1 Relaying denied")
        #expect(resolve(world, "x@elsewhere.test", foreign: true) == "x@elsewhere.test")
    }

    @Test("a disabled account refuses, and never falls through to the catch-all")
    func disabled() async throws {
        let world = try await World()
        try await world.directory.setEnabled(false, of: world.account("bob@demo.test").id)
        try await world.directory.setCatchAll(address("alice@demo.test"), of: domain("demo.test"))
        #expect(resolve(world, "bob@demo.test") == "550 5.2.1 Mailbox disabled, not accepting messages")
        #expect(resolve(world, "bob+x@demo.test") == "550 5.2.1 Mailbox disabled, not accepting messages")
        #expect(resolve(world, "nobody@demo.test") == "alice")
    }

    @Test("aliases: several, nested, remote, with detail, one copy each")
    func aliases() async throws {
        let world = try await World()
        let directory = world.directory
        try await directory.addAlias(address("team@demo.test"), recipients: [address("alice@demo.test"), address("bob@demo.test")])
        try await directory.addAlias(
            address("all@demo.test"),
            recipients: [address("team@demo.test"), address("alice+x@demo.test"), address("friend@elsewhere.test")])
        #expect(resolve(world, "team@demo.test") == "alice bob")
        #expect(resolve(world, "team+detail@demo.test") == "alice bob")
        #expect(resolve(world, "all@demo.test") == "alice bob friend@elsewhere.test")
    }

    @Test("an alias that names itself keeps a copy")
    func selfNaming() async throws {
        let world = try await World()
        try await world.directory.addAlias(
            address("carol@demo.test"), recipients: [address("carol@demo.test"), address("carol@elsewhere.test")])
        #expect(resolve(world, "carol@demo.test") == "carol carol@elsewhere.test")
    }

    @Test("postmaster and abuse go to the admin when nothing else is set")
    func postmaster() async throws {
        let world = try await World()
        #expect(resolve(world, "postmaster@demo.test") == "admin")
        #expect(resolve(world, "ABUSE@demo.test") == "admin")
        try await world.directory.addAlias(address("abuse@demo.test"), recipients: [address("bob@demo.test")])
        #expect(resolve(world, "abuse@demo.test") == "bob")
        let found = try RecipientResolver(world.directory.snapshot).resolvePostmaster(hostname: domain("mx.demo.test"))
        #expect(found.mailboxes.map(\.address.localPart) == ["admin"])
    }

    @Test("senders: own address, own detail, what is granted, and nothing that an alias brings")
    func senders() async throws {
        let world = try await World()
        try await world.directory.grantSender(address("sales@demo.test"), to: [world.account("alice@demo.test").id])
        try await world.directory.addAlias(address("team@demo.test"), recipients: [address("alice@demo.test")])
        let policy = SenderPolicy(world.directory.snapshot)
        let alice = try world.account("alice@demo.test")
        for own in ["alice@demo.test", "Alice@DEMO.test", "alice+shop@demo.test", "sales@demo.test", "sales+x@demo.test"] {
            #expect(policy.allows(alice, toSendAs: address(own)), "\(own)")
        }
        for other in ["bob@demo.test", "team@demo.test", "alice@elsewhere.test", "alicex@demo.test"] {
            #expect(!policy.allows(alice, toSendAs: address(other)), "\(other)")
        }
        #expect(policy.senders(of: alice).map(\.description) == ["alice@demo.test", "sales@demo.test"])
    }

    // MARK: Domain aliases, relay domains, split domain routing

    /// demo.test with other.test as its alias, relay.test for another server, and split.test on two servers.
    private func network() async throws -> World {
        let world = try await World()
        let directory = world.directory
        try await directory.addDomainAlias(domain("other.test"), of: domain("demo.test"), state: .verified)
        try await directory.addDomainAlias(domain("unproved.test"), of: domain("demo.test"))
        try await directory.addRelayDomain(domain("relay.test"), to: try NextHop(host: "r.test", port: 25), on: .example, state: .verified)
        try await directory.addDomain(domain("split.test"), state: .verified)
        _ = try await directory.addAccount(NewAccount(address: address("dora@split.test")))
        try await directory.setNextHop(try NextHop(host: "b.test", port: 25), of: domain("split.test"), on: .example)
        return world
    }

    @Test("an address at a domain alias is the same at its target, with its detail; one set explicitly wins")
    func domainAliases() async throws {
        let world = try await network()
        #expect(resolve(world, "alice@other.test") == "alice")
        #expect(resolve(world, "Alice+x@OTHER.test") == "alice")
        #expect(resolve(world, "nobody@other.test") == "550 5.1.1 No such user here")
        #expect(resolve(world, "postmaster@other.test") == "admin")
        #expect(resolve(world, "alice@unproved.test") == "550 5.7.1 Relaying denied")
        try await world.directory.addAlias(address("bob+lists@demo.test"), recipients: [address("carol@demo.test")])
        #expect(resolve(world, "bob+lists@other.test") == "carol")
        try await world.directory.setCatchAll(address("alice@demo.test"), of: domain("demo.test"))
        #expect(resolve(world, "nobody@other.test") == "alice")
        try await world.directory.addAlias(address("bob@other.test"), recipients: [address("carol@demo.test")])
        #expect(resolve(world, "bob@other.test") == "carol")
        #expect(resolve(world, "bob+x@other.test") == "carol")
        #expect(resolve(world, "bob@demo.test") == "bob")
    }

    @Test("an alias domain of a suspended domain takes nothing")
    func suspendedTarget() async throws {
        let world = try await network()
        try await world.directory.suspendDomain(domain("demo.test"))
        #expect(resolve(world, "alice@other.test") == "550 5.7.1 Relaying denied")
        #expect(resolve(world, "alice@demo.test") == "550 5.7.1 Relaying denied")
    }

    @Test("what a domain on two servers does not know goes to the other, and nothing else does")
    func splitRouting() async throws {
        let world = try await network()
        #expect(resolve(world, "dora@split.test") == "dora")
        #expect(resolve(world, "dora+x@split.test") == "dora")
        #expect(resolve(world, "emil@split.test") == "emil@split.test")
        #expect(resolve(world, "postmaster@split.test") == "admin")
        try await world.directory.setEnabled(false, of: world.account("dora@split.test").id)
        #expect(resolve(world, "dora@split.test") == "550 5.2.1 Mailbox disabled, not accepting messages")
        let found = try RecipientResolver(world.directory.snapshot).resolve(address("emil@split.test"), allowsForeign: false)
        #expect(found.remotes == [RemoteRecipient(address("emil@split.test"), hop: try NextHop(host: "b.test", port: 25))])
    }

    @Test("all mail of a relay domain goes to its server")
    func relayDomain() async throws {
        let world = try await network()
        let found = try RecipientResolver(world.directory.snapshot).resolve(address("any+one@relay.test"), allowsForeign: false)
        #expect(found.remotes == [RemoteRecipient(address("any+one@relay.test"), hop: try NextHop(host: "r.test", port: 25))])
    }

    @Test("postmaster and abuse resolve, whatever leads nowhere")
    func postmasterAlways() async throws {
        let world = try await network()
        try await world.directory.addAlias(address("abuse@demo.test"), recipients: [address("bob@demo.test")])
        try await world.directory.setEnabled(false, of: world.account("bob@demo.test").id)
        #expect(resolve(world, "abuse@demo.test") == "admin")
        #expect(resolve(world, "abuse@other.test") == "admin")
    }

    @Test("who an alias leads elsewhere is known with the address that did")
    func forwarders() async throws {
        let world = try await network()
        try await world.directory.addAlias(
            address("out@demo.test"), recipients: [address("ann@x.test"), address("emil@split.test"), address("alice@demo.test")])
        let found = try RecipientResolver(world.directory.snapshot).resolve(address("out@other.test"), allowsForeign: false)
        let hop = try NextHop(host: "b.test", port: 25)
        let forwarder = address("out@demo.test")
        #expect(
            found.remotes == [
                RemoteRecipient(address("ann@x.test"), forwarder: forwarder),
                RemoteRecipient(address("emil@split.test"), hop: hop, forwarder: forwarder),
            ])
        #expect(found.mailboxes.map(\.address.localPart) == ["alice"])
    }

    @Test("bounces to a return path of ours go back to the sender; forged and expired ones are refused")
    func returnPaths() async throws {
        let world = try await network()
        let srs = SRS(secret: [1, 2, 3])
        let path = try #require(srs.returnPath(for: address("ann@x.test"), at: domain("demo.test")))
        let resolver = RecipientResolver(world.directory.snapshot, srs: srs)
        #expect(try resolver.resolve(path, allowsForeign: false).remotes.map(\.address.description) == ["ann@x.test"])
        #expect(try resolver.resolve(path.at(domain("other.test")), allowsForeign: false).remotes.count == 1)
        #expect(throws: RecipientResolver.Refusal.forgedReturnPath) {
            try RecipientResolver(world.directory.snapshot, srs: SRS(secret: [9])).resolve(path, allowsForeign: false)
        }
        let old = try #require(SRS(secret: [1, 2, 3], day: { 100 }).returnPath(for: address("ann@x.test"), at: domain("demo.test")))
        #expect(throws: RecipientResolver.Refusal.expiredReturnPath) { try resolver.resolve(old, allowsForeign: false) }
    }

    @Test("a user may send as the same local part at every verified alias of the domain")
    func sendersAtAliases() async throws {
        let world = try await network()
        let policy = SenderPolicy(world.directory.snapshot)
        let alice = try world.account("alice@demo.test")
        #expect(policy.allows(alice, toSendAs: address("alice@other.test")))
        #expect(policy.allows(alice, toSendAs: address("alice+x@other.test")))
        #expect(!policy.allows(alice, toSendAs: address("alice@unproved.test")))
        #expect(!policy.allows(alice, toSendAs: address("bob@other.test")))
        #expect(!policy.allows(alice, toSendAs: address("alice@relay.test")))
        #expect(policy.senders(of: alice).map(\.description) == ["alice@demo.test", "alice@other.test"])
        try await world.directory.suspendDomain(domain("demo.test"))
        #expect(!SenderPolicy(world.directory.snapshot).allows(alice, toSendAs: address("alice@other.test")))
    }
}

extension ThisServer {
    static let example = ThisServer(hostname: "mx.demo.test", listeners: [], ownAddresses: [])
}
