import Directory
import Disk
import Formats
import Foundation
import Testing

@Suite("Domain aliases, relay domains, split domain routing")
struct RoutingTests {
    @Test("an alias domain stands for a hosted domain, with a proof of its own")
    func aliasDomain() async throws {
        let place = try TestPlace()
        try await place.people(["alice"])
        let added = try await place.directory.addDomainAlias(domain("alias.test"), of: domain("example.org"))
        #expect((added.kind, added.state, added.aliasTarget?.ascii) == (.alias, .pending, "example.org"))
        #expect(try place.directory.snapshot.domainAliases(of: domain("example.org")).isEmpty)
        try await place.directory.provedClaim(#require(place.directory.snapshot.allClaims.first))
        #expect(try place.directory.snapshot.domainAliases(of: domain("example.org")).map(\.ascii) == ["alias.test"])
    }

    @Test("an alias domain's target is another domain, hosted here, and no alias")
    func aliasTargets() async throws {
        let place = try TestPlace()
        let directory = place.directory
        try await place.people(["alice"])
        try await directory.addDomainAlias(domain("alias.test"), of: domain("example.org"), state: .verified)
        try await directory.addRelayDomain(domain("relay.test"), to: NextHop(host: "b.test", port: 25), on: .demo, state: .verified)
        await #expect(throws: StoreError.notFound) { try await directory.addDomainAlias(domain("a.test"), of: domain("none.test")) }
        for target in ["alias.test", "relay.test", "a.test"] {
            await #expect(throws: StoreError.self) { try await directory.addDomainAlias(domain("a.test"), of: domain(target)) }
        }
        #expect(directory.snapshot.domain(try domain("a.test")) == nil)
    }

    @Test("a domain that others stand for stays; an alias domain goes when no address of its own is left")
    func removal() async throws {
        let place = try TestPlace()
        let directory = place.directory
        try await directory.addDomain(domain("example.org"), state: .verified)
        try await directory.addDomainAlias(domain("alias.test"), of: domain("example.org"), state: .verified)
        await #expect(throws: StoreError.preconditionFailed) { try await directory.removeDomain(domain("example.org")) }
        try await directory.addAlias(address("x@alias.test"), recipients: [address("x@elsewhere.test")])
        await #expect(throws: StoreError.preconditionFailed) { try await directory.removeDomain(domain("alias.test")) }
        try await directory.removeAlias(address("x@alias.test"))
        await #expect(throws: StoreError.notFound) { try await directory.removeDomain(domain("alias.test"), kind: .hosted) }
        try await directory.removeDomain(domain("alias.test"), kind: .alias)
        try await directory.removeDomain(domain("example.org"))
    }

    @Test("accounts belong to hosted domains, and a relay domain has no aliases; both may have sender addresses")
    func whatBelongsWhere() async throws {
        let place = try TestPlace()
        let directory = place.directory
        let alice = try await place.people(["alice"])[0]
        try await directory.addDomainAlias(domain("alias.test"), of: domain("example.org"), state: .verified)
        try await directory.addRelayDomain(domain("relay.test"), to: NextHop(host: "b.test", port: 25), on: .demo, state: .verified)
        for name in ["alias.test", "relay.test"] {
            await #expect(throws: StoreError.preconditionFailed) {
                try await directory.addAccount(NewAccount(address: address("bob@\(name)")))
            }
            try await directory.grantSender(address("sales@\(name)"), to: [alice.id])
        }
        await #expect(throws: StoreError.self) {
            try await directory.addAlias(address("x@relay.test"), recipients: [address("alice@example.org")])
        }
    }

    @Test("a catch-all and split domain routing are refused together, in either order")
    func contradiction() async throws {
        let place = try TestPlace()
        let directory = place.directory
        try await place.people(["alice"])
        let name = try domain("example.org")
        let hop = try NextHop(host: "b.test", port: 25, tls: .required)
        try await directory.setNextHop(hop, of: name, on: .demo)
        #expect(directory.snapshot.domain(name)?.nextHop == hop)
        await #expect(throws: StoreError.self) { try await directory.setCatchAll(address("alice@example.org"), of: name) }
        try await directory.setNextHop(nil, of: name, on: .demo)
        try await directory.setCatchAll(address("alice@example.org"), of: name)
        await #expect(throws: StoreError.self) { try await directory.setNextHop(hop, of: name, on: .demo) }
        #expect(directory.snapshot.domain(name)?.nextHop == nil)
    }

    @Test("a relay domain always has a server, an alias domain never has one of its own")
    func nextHopsOfOthers() async throws {
        let place = try TestPlace()
        let directory = place.directory
        let hop = try NextHop(host: "b.test", port: 25)
        try await directory.addDomain(domain("example.org"), state: .verified)
        try await directory.addDomainAlias(domain("alias.test"), of: domain("example.org"), state: .verified)
        try await directory.addRelayDomain(domain("relay.test"), to: hop, on: .demo, state: .verified)
        await #expect(throws: StoreError.self) { try await directory.setNextHop(nil, of: domain("relay.test"), on: .demo) }
        await #expect(throws: StoreError.self) { try await directory.setNextHop(hop, of: domain("alias.test"), on: .demo) }
        await #expect(throws: StoreError.notFound) { try await directory.setNextHop(hop, of: domain("none.test"), on: .demo) }
        for catchAll in ["relay.test", "alias.test"] {
            await #expect(throws: StoreError.self) { try await directory.setCatchAll(address("x@far.test"), of: domain(catchAll)) }
        }
    }

    @Test("a destination that is this server is refused when it is saved", arguments: [
        ("mail.demo.test", 25, ""), ("MAIL.demo.test", 2525, ""), ("mail.demo.test", 2526, ""), ("127.0.0.1", 2525, ""),
        ("127.9.9.9", 2525, ""), ("localhost", 2525, ""), ("::1", 2525, ""), ("192.0.2.1", 2525, ""), ("192.0.2.9", 2526, ""),
        ("other.test", 2525, "192.0.2.1"), ("other.test", 2525, "203.0.113.1 2001:db8::1"), ("0.0.0.0", 2525, ""),
    ])
    func thisServer(host: String, port: Int, addresses: String) async throws {
        let place = try TestPlace()
        try await place.directory.addDomain(domain("example.org"), state: .verified)
        let hop = try NextHop(host: host, port: port)
        let resolved = addresses.split(separator: " ").compactMap { ClientAddress($0) }
        await #expect(throws: StoreError.self) {
            try await place.directory.setNextHop(hop, of: domain("example.org"), on: .demo, at: resolved)
        }
        await #expect(throws: StoreError.self) {
            try await place.directory.addRelayDomain(domain("r.test"), to: hop, on: .demo, at: resolved)
        }
    }

    @Test("another server on the same machine, port or name is not this one", arguments: [
        ("mail.demo.test", 24, ""), ("127.0.0.1", 2526, ""), ("192.0.2.2", 2525, ""), ("192.0.2.1", 25, ""),
        ("b.demo.test", 2525, "192.0.2.2"), ("b.demo.test", 25, ""),
    ])
    func otherServers(host: String, port: Int, addresses: String) async throws {
        let place = try TestPlace()
        try await place.directory.addDomain(domain("example.org"), state: .verified)
        let resolved = addresses.split(separator: " ").compactMap { ClientAddress($0) }
        try await place.directory.setNextHop(NextHop(host: host, port: port), of: domain("example.org"), on: .demo, at: resolved)
    }

    @Test("credentials are kept encrypted, follow their server and user, and never go out in clear")
    func credentials() async throws {
        let place = try TestPlace()
        let directory = place.directory
        let name = try domain("example.org")
        try await directory.addDomain(name, state: .verified)
        let hop = try NextHop(host: "b.test", port: 587, tls: .required, username: "relay")
        await #expect(throws: StoreError.self) { try await directory.setNextHop(hop, of: name, on: .demo) }
        try await directory.setNextHop(hop, password: "open sesame", of: name, on: .demo)
        #expect(try await directory.nextHopPassword(of: name) == "open sesame")
        #expect(try await place.other().nextHopPassword(of: name) == "open sesame")
        #expect(directory.snapshot.domain(name)?.nextHop?.username == "relay")
        let files = try FileManager.default.contentsOfDirectory(atPath: place.folder)
        for file in files where file.hasPrefix("directory.sqlite") {
            let bytes = try Data(contentsOf: URL(filePath: "\(place.folder)/\(file)"))
            #expect(bytes.range(of: Data("open sesame".utf8)) == nil)
        }
        let mode = try FileManager.default.attributesOfItem(atPath: place.folder + "/directory.key")[.posixPermissions] as? Int
        #expect(mode == 0o600)

        let relaxed = try NextHop(host: "b.test", port: 587, tls: .opportunistic, username: "relay")
        try await directory.setNextHop(relaxed, of: name, on: .demo)
        #expect(try await directory.nextHopPassword(of: name) == "open sesame")
        let elsewhere = try NextHop(host: "c.test", port: 587, username: "relay")
        await #expect(throws: StoreError.self) { try await directory.setNextHop(elsewhere, of: name, on: .demo) }
        let clear = try NextHop(host: "b.test", port: 587, tls: .none, username: "relay")
        await #expect(throws: StoreError.self) { try await directory.setNextHop(clear, password: "x", of: name, on: .demo) }
        try await directory.setNextHop(NextHop(host: "b.test", port: 587), of: name, on: .demo)
        #expect(try await directory.nextHopPassword(of: name) == nil)
    }

    @Test("a suspended domain is none of ours until it is resumed")
    func suspension() async throws {
        let place = try TestPlace()
        let name = try domain("example.org")
        try await place.directory.addDomain(name)
        await #expect(throws: StoreError.preconditionFailed) { try await place.directory.suspendDomain(name) }
        try await place.directory.acceptClaim(#require(place.directory.snapshot.allClaims.first))
        try await place.directory.suspendDomain(name)
        try await place.directory.suspendDomain(name)
        #expect(place.directory.snapshot.domain(name)?.isActive == false)
        try await place.directory.resumeDomain(name)
        #expect(place.directory.snapshot.domain(name)?.isActive == true)
        await #expect(throws: StoreError.notFound) { try await place.directory.suspendDomain(domain("none.test")) }
    }
}

@Suite("Circles across aliases, domain aliases and catch-alls")
struct CircleTests {
    private static func place() async throws -> TestPlace {
        let place = try TestPlace()
        try await place.people(["alice"])
        try await place.directory.addDomainAlias(domain("alias.test"), of: domain("example.org"), state: .verified)
        return place
    }

    @Test("an alias to an alias domain's address that maps back is refused", arguments: ["info@alias.test", "info+x@alias.test"])
    func throughDomainAlias(recipient: String) async throws {
        let place = try await Self.place()
        await #expect(throws: StoreError.self) {
            try await place.directory.addAlias(address("info@example.org"), recipients: [address(recipient)])
        }
        #expect(place.directory.snapshot.aliases.isEmpty)
    }

    @Test("an explicit address on the alias domain cuts the way back, and must stay while it does")
    func explicitAddress() async throws {
        let place = try await Self.place()
        try await place.directory.addAlias(address("info@alias.test"), recipients: [address("alice@example.org")])
        try await place.directory.addAlias(address("info@example.org"), recipients: [address("info@alias.test")])
        await #expect(throws: StoreError.self) { try await place.directory.removeAlias(address("info@alias.test")) }
        #expect(place.directory.snapshot.aliases.count == 2)
    }

    @Test("a domain that would close a circle as an alias domain is refused")
    func newAliasDomain() async throws {
        let place = try await Self.place()
        try await place.directory.addAlias(address("info@example.org"), recipients: [address("info@later.test")])
        await #expect(throws: StoreError.self) {
            try await place.directory.addDomainAlias(domain("later.test"), of: domain("example.org"))
        }
        #expect(place.directory.snapshot.domain(try domain("later.test")) == nil)
        try await place.directory.addDomain(domain("later.test"))
    }

    @Test("a catch-all that leads to itself is refused")
    func catchAll() async throws {
        let place = try await Self.place()
        let directory = place.directory
        try await directory.addAlias(address("info@example.org"), recipients: [address("nobody@example.org")])
        await #expect(throws: StoreError.self) { try await directory.setCatchAll(address("info@example.org"), of: domain("example.org")) }
        try await directory.addDomain(domain("second.test"), state: .verified)
        try await directory.addAlias(address("back@second.test"), recipients: [address("nobody@alias.test")])
        await #expect(throws: StoreError.self) { try await directory.setCatchAll(address("back@second.test"), of: domain("example.org")) }
        try await directory.setCatchAll(address("alice@alias.test"), of: domain("example.org"))
    }

    @Test("the way above an alias counts with the way below it: ten steps, not eleven")
    func depthInTheMiddle() async throws {
        let place = try await Self.place()
        func step(_ number: Int) throws -> MailAddress { try address("s\(number)@example.org") }
        for number in [1, 2, 3, 4, 6, 7, 8, 9] {
            try await place.directory.addAlias(step(number), recipients: [number == 9 ? address("alice@example.org") : step(number + 1)])
        }
        try await place.directory.addAlias(step(5), recipients: [address("s6+x@alias.test")])
        try await place.directory.addAlias(step(0), recipients: [step(1)])
        await #expect(throws: StoreError.self) {
            try await place.directory.addAlias(address("top@example.org"), recipients: [address("s0+detail@alias.test")])
        }
    }

    @Test("many ways to the same mailbox are no circle")
    func diamonds() async throws {
        let place = try await Self.place()
        let all = try address("all@example.org")
        let teams = try (0..<20).map { try address("team\($0)@example.org") }
        for team in teams { try await place.directory.addAlias(team, recipients: [address("alice@example.org"), address("x@far.test")]) }
        try await place.directory.addAlias(all, recipients: teams + [address("alice@alias.test")])
        #expect(place.directory.snapshot.alias(all)?.recipients.count == 21)
    }
}
