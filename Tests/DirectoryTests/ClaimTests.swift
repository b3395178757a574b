import Directory
import Disk
import Formats
import Testing

@Suite("Claims of domains")
struct ClaimTests {
    private static func claimants(_ place: TestPlace) async throws -> (ann: AccountID, ben: AccountID) {
        let people = try await place.people(["ann", "ben"])
        for person in people { try await place.directory.setRole(.domainAdmin, of: person.id) }
        return (people[0].id, people[1].id)
    }

    private static func claim(_ place: TestPlace, of claimant: AccountID?) throws -> DomainClaim {
        try #require(try place.directory.snapshot.claims(of: domain("new.test")).first { $0.claimant == claimant })
    }

    @Test("a new domain is pending, with a token of 128 bits and seven days")
    func pending() async throws {
        let place = try TestPlace()
        let added = try await place.directory.addDomain(domain("new.test"))
        #expect((added.state, added.isActive, added.claimant) == (.pending, false, nil))
        #expect(added.verificationToken.count == 32 && added.verificationToken.allSatisfy(\.isHexDigit))
        #expect(added.verification.expiresAt == place.clock.now + 7 * 86_400)
        #expect(added.verificationRecord == "mailportal-verification=\(added.verificationToken)")
    }

    @Test("several accounts claim one domain, each with a token of its own; nobody twice")
    func several() async throws {
        let place = try TestPlace()
        let (ann, ben) = try await Self.claimants(place)
        let first = try await place.directory.addDomain(domain("new.test"), claimant: ann)
        let second = try await place.directory.addDomain(domain("new.test"), claimant: ben)
        #expect(first.verificationToken != second.verificationToken)
        #expect((first.claimant, second.claimant) == (ann, ben))
        #expect(try place.directory.snapshot.claims(of: domain("new.test")).count == 2)
        await #expect(throws: StoreError.alreadyExists) { try await place.directory.addDomain(domain("new.test"), claimant: ben) }
    }

    @Test("the first to prove it wins; the others' claims end, and prove nothing any more")
    func firstWins() async throws {
        let place = try TestPlace()
        let (ann, ben) = try await Self.claimants(place)
        try await place.directory.addDomain(domain("new.test"), claimant: ann)
        try await place.directory.addDomain(domain("new.test"), claimant: ben)
        let lost = try Self.claim(place, of: ann)
        let won = try await place.directory.provedClaim(Self.claim(place, of: ben))
        #expect((won.domain.state, won.domain.claimant) == (.verified, ben))
        #expect(won.domain.verification.isByHand == false)
        #expect(place.directory.snapshot.allClaims.isEmpty)
        #expect(place.directory.snapshot.administrators(of: won.domain.name).map(\.id) == [ben])
        await #expect(throws: StoreError.notFound) { try await place.directory.provedClaim(lost) }
        await #expect(throws: StoreError.alreadyExists) { try await place.directory.addDomain(domain("new.test"), claimant: ann) }
    }

    @Test("what another claimant had prepared does not become the winner's")
    func preparedGoes() async throws {
        let place = try TestPlace()
        let (ann, ben) = try await Self.claimants(place)
        let name = try domain("new.test")
        try await place.directory.addDomain(name, claimant: ann)
        let prepared = try await place.directory.addAccount(NewAccount(address: address("boss@new.test")))
        try await place.directory.addAlias(address("info@new.test"), recipients: [address("ann@example.org")])
        try await place.directory.setCatchAll(address("boss@new.test"), of: name)
        try await place.directory.addPolicyEntry(.init(kind: .allow, pattern: .init(parsing: "spam.test"), scope: name))
        try await place.directory.addDomainAlias(name, of: domain("example.org"), claimant: ben)
        let won = try await place.directory.provedClaim(Self.claim(place, of: ben))
        #expect(won.removed.map(\.id) == [prepared.id])
        #expect((won.domain.kind, won.domain.aliasTarget?.ascii, won.domain.catchAll) == (.alias, "example.org", nil))
        let snapshot = place.directory.snapshot
        #expect(snapshot.account(id: prepared.id) == nil)
        #expect(snapshot.alias(try address("info@new.test")) == nil)
        #expect(snapshot.policyEntries(of: name).isEmpty)
        #expect(snapshot.domainAliases(of: try domain("example.org")) == [name])
    }

    @Test("what the winner has prepared stays")
    func ownStays() async throws {
        let place = try TestPlace()
        let (ann, ben) = try await Self.claimants(place)
        try await place.directory.addDomain(domain("new.test"), claimant: ann)
        try await place.directory.addDomain(domain("new.test"), claimant: ben)
        let boss = try await place.directory.addAccount(NewAccount(address: address("boss@new.test")))
        let won = try await place.directory.provedClaim(Self.claim(place, of: ann))
        #expect(won.removed.isEmpty)
        #expect(place.directory.snapshot.account(id: boss.id) != nil)
    }

    @Test("a claim ends after seven days: the domain goes with its last, unless something was prepared in it")
    func expiry() async throws {
        let place = try TestPlace()
        let (ann, ben) = try await Self.claimants(place)
        try await place.directory.addDomain(domain("new.test"), claimant: ann)
        try await place.directory.addDomain(domain("kept.test"))
        try await place.directory.addAccount(NewAccount(address: address("boss@kept.test")))
        place.clock.advance(days: 6)
        try await place.directory.addDomain(domain("new.test"), claimant: ben)
        #expect(try await place.directory.expireClaims().isEmpty)
        let old = try Self.claim(place, of: ann)
        place.clock.advance(days: 1)
        await #expect(throws: StoreError.notFound) { try await place.directory.provedClaim(old) }
        #expect(Set(try await place.directory.expireClaims().map(\.domain.ascii)) == ["new.test", "kept.test"])
        #expect(try place.directory.snapshot.claims(of: domain("new.test")).map(\.claimant) == [ben])
        place.clock.advance(days: 7)
        #expect(try await place.directory.expireClaims().count == 1)
        #expect(place.directory.snapshot.domain(try domain("new.test")) == nil)
        #expect(place.directory.snapshot.domain(try domain("kept.test"))?.state == .pending)
        try await place.directory.addDomain(domain("kept.test"))
        #expect(place.directory.snapshot.allClaims.count == 1)
    }

    @Test("a claim that was given up or went with its account claims nothing")
    func withdrawal() async throws {
        let place = try TestPlace()
        let (ann, ben) = try await Self.claimants(place)
        try await place.directory.addDomain(domain("new.test"), claimant: ann)
        try await place.directory.addDomain(domain("new.test"), claimant: ben)
        let old = try Self.claim(place, of: ben)
        try await place.directory.withdrawClaim(old)
        #expect(try place.directory.snapshot.claims(of: domain("new.test")).map(\.claimant) == [ann])
        try await place.directory.removeAccount(ann)
        #expect(place.directory.snapshot.allClaims.isEmpty)
        await #expect(throws: StoreError.notFound) { try await place.directory.withdrawClaim(old) }
        #expect(try await place.directory.expireClaims().isEmpty)
        #expect(place.directory.snapshot.domain(try domain("new.test")) == nil)
    }

    @Test("a missing record of a proved domain is a warning, and one found ends it; a vouched one is warned of only once proved")
    func checks() async throws {
        let place = try TestPlace()
        let name = try domain("new.test")
        try await place.directory.addDomain(name)
        try await place.directory.provedClaim(Self.claim(place, of: nil))
        try await place.directory.noteCheck(of: name, .missing)
        #expect(place.directory.snapshot.domain(name)?.verification.lastCheckFailed == true)
        #expect(place.directory.snapshot.domain(name)?.isActive == true)
        try await place.directory.noteCheck(of: name, .found)
        #expect(place.directory.snapshot.domain(name)?.verification.lastCheckFailed == false)

        let vouched = try domain("vouched.test")
        try await place.directory.addDomain(vouched, state: .verified)
        #expect(place.directory.snapshot.domain(vouched)?.verification.isByHand == true)
        try await place.directory.noteCheck(of: vouched, .missing)
        #expect(place.directory.snapshot.domain(vouched)?.verification.lastCheckFailed == false)
        try await place.directory.noteCheck(of: vouched, .found)
        try await place.directory.noteCheck(of: vouched, .missing)
        #expect(place.directory.snapshot.domain(vouched)?.verification.lastCheckFailed == true)
    }

    @Test("public suffixes are refused, whoever vouches; names of one's own network are not", arguments: ["com", "de", "test"])
    func publicSuffixes(name: String) async throws {
        let place = try TestPlace()
        await #expect(throws: StoreError.self) { try await place.directory.addDomain(domain(name), state: .verified) }
        try await place.directory.addDomain(domain("intranet"))
        try await place.directory.addDomain(domain("demo.test"))
    }
}
