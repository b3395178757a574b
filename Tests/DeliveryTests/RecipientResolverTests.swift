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
}
