import Directory
import Disk
import Formats
import Foundation
import GRDB
import Synchronization
import Testing

@Suite("Snapshots that follow")
struct SnapshotTests {
    /// Everything that a snapshot says, as text.
    private static func dump(_ snapshot: DirectorySnapshot) -> [String] {
        var lines: [String] = []
        for domain in snapshot.domains {
            lines.append("\(domain) \(snapshot.claims(of: domain.name)) \(snapshot.domainAliases(of: domain.name))")
            lines.append("\(snapshot.administrators(of: domain.name).map(\.id)) \(snapshot.thresholds(for: domain.name))")
            lines.append("\(snapshot.policyEntries(of: domain.name))")
        }
        for account in snapshot.accounts {
            lines.append("\(account) \(snapshot.senderAddresses(for: account.id)) \(snapshot.account(id: account.id) == account)")
        }
        lines += snapshot.aliases.map { "\($0)" }
        lines.append("\(snapshot.globalThresholds) \(snapshot.policyEntries(of: nil)) \(snapshot.accountCount)")
        return lines
    }

    @Test("after every kind of write, the snapshot that followed says what one that is read anew says")
    func followsEverything() async throws {
        let place = try TestPlace()
        let follower = try place.other()
        let directory = place.directory
        let (one, two) = (try domain("one.test"), try domain("two.test"))
        func check(_ what: String) async throws {
            let fresh = Self.dump(try place.other().snapshot)
            #expect(Self.dump(directory.snapshot) == fresh, "\(what), in the process that wrote")
            try await follower.refresh()
            #expect(Self.dump(follower.snapshot) == fresh, "\(what), in another process")
        }
        try await directory.addDomain(one, state: .verified)
        let people = try await place.people(["ann", "ben"], domain: "one.test")
        try await check("domain and accounts")
        try await directory.setRole(.masterAdmin, of: people[0].id)
        try await directory.setQuota(5000, of: people[1].id)
        try await directory.setEnabled(false, of: people[1].id)
        try await check("changes of accounts")
        let boss = try await directory.addAccount(NewAccount(address: address("boss@one.test"), role: .domainAdmin))
        try await directory.addAlias(address("Info@one.test"), recipients: [address("ann@one.test"), address("x@far.test")])
        try await directory.grantSender(address("info@one.test"), to: people.map(\.id))
        try await check("admin, alias, senders")
        try await directory.removeAlias(address("info@one.test"), recipients: [address("ann@one.test")])
        try await directory.revokeSender(address("info@one.test"), from: [people[0].id])
        try await directory.setCatchAll(address("ann@one.test"), of: one)
        try await check("parts taken away")
        try await directory.addDomainAlias(two, of: one, claimant: boss.id)
        try await check("a claim")
        try await directory.provedClaim(#require(directory.snapshot.allClaims.first))
        try await check("an alias domain")
        try await directory.setThresholds(.init(deferAt: 1, junkAt: 2, rejectAt: 3), of: one)
        try await directory.setThresholds(.init(deferAt: 4, junkAt: 5, rejectAt: 6), of: nil)
        try await directory.addPolicyEntry(.init(kind: .allow, pattern: .init(parsing: "192.0.2.0/24"), scope: one))
        try await directory.addPolicyEntry(.init(kind: .block, pattern: .init(parsing: "spam.test"), scope: nil))
        try await check("policy")
        try await directory.suspendDomain(two)
        try await directory.noteCheck(of: one, .missing)
        try await directory.setThresholds(nil, of: one)
        try await directory.removePolicyEntry(.init(kind: .block, pattern: .init(parsing: "spam.test"), scope: nil))
        try await check("policy taken away")
        try await directory.removeAccount(boss.id)
        try await directory.removeDomain(two)
        try await directory.removeAlias(address("info@one.test"))
        try await directory.setCatchAll(nil, of: one)
        for person in people { try await directory.removeAccount(person.id) }
        try await directory.removeDomain(one)
        try await check("everything taken away")
        #expect(directory.snapshot.domains.isEmpty && directory.snapshot.accountCount == 0)
    }

    @Test("an address that went from one account to another in one go is the new one's, and the old one is told gone")
    func addressMoves() async throws {
        let place = try TestPlace()
        let follower = try place.other()
        let old = try await place.people(["ann", "ben"])[0]
        try await follower.refresh()
        let gone = Mutex<[AccountID]>([])
        let following = Task { await follower.followOtherWriters { account in gone.withLock { $0.append(account.id) } } }
        try await place.directory.removeAccount(old.id)
        let new = try await place.people(["ann"])[0]
        for _ in 0..<200 where gone.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(20)) }
        following.cancel()
        await following.value
        #expect(gone.withLock { $0 } == [old.id])
        #expect(follower.snapshot.account(old.address)?.id == new.id)
        #expect(follower.snapshot.account(id: old.id) == nil)
    }

    @Test("who is too far behind for the log of changes reads everything anew")
    func trimmedLog() async throws {
        let place = try TestPlace()
        let follower = try place.other()
        try await place.people(["ann"])
        let database = try DatabaseQueue(path: place.path)
        try await database.write { db in try db.execute(sql: "DELETE FROM directory_changes WHERE section = 'account'") }
        try await follower.refresh()
        #expect(Self.dump(follower.snapshot) == Self.dump(place.directory.snapshot))
    }

    @Test("the log of changes does not grow for ever")
    func trims() async throws {
        let place = try TestPlace()
        let id = try await place.people(["ann"])[0].id
        let database = try DatabaseQueue(path: place.path)
        try await database.write { db in
            for number in 1...12_000 { try db.execute(sql: "UPDATE accounts SET quota = ?", arguments: [number]) }
        }
        try await place.directory.setQuota(7, of: id)
        #expect(try await database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM directory_changes") ?? 0 } <= 10_001)
    }

    @Test("with 100,000 accounts and 1,000 domains, a write reads none of the others again")
    func manyAccounts() async throws {
        let place = try TestPlace()
        try await place.people(["first"])
        let database = try DatabaseQueue(path: place.path)
        try await database.write { db in
            try db.execute(sql: """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
                INSERT INTO domains (name, class, state, verification_token, created, verified)
                    SELECT 'd' || i || '.test', 'hosted', 'verified', hex(randomblob(16)), 1, 1 FROM n;
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                INSERT INTO accounts SELECT 'u' || i, 'user' || i || '@d' || (i % 1000 + 1) || '.test', 'd' || (i % 1000 + 1) || '.test',
                    'User ' || i, 'mailUser', 1, NULL, 'en', 1 FROM n;
                INSERT INTO credentials SELECT id, NULL, 1 FROM accounts WHERE id LIKE 'u%';
                """)
        }
        let clock = ContinuousClock()
        let loading = try await clock.measure { try await place.directory.refresh() }
        #expect(place.directory.snapshot.accountCount == 100_001)
        var writes: [Duration] = []
        for number in 1...21 {
            let id = AccountID(rawValue: "u\(number * 31)")
            writes.append(try await clock.measure { try await place.directory.setQuota(Int64(number), of: id) })
        }
        let usual = writes.sorted()[10]
        print("100,000 accounts: read in \(loading), a write in \(usual), the slowest of 21 in \(writes.max() ?? usual)")
        // By the ratio, which a busy machine leaves alone: a write that read everything again would take as long as that.
        #expect(usual < loading / 10)
        #expect(place.directory.snapshot.account(id: AccountID(rawValue: "u31"))?.quota == 1)
    }
}
