import Directory
import Disk
import Formats
import Foundation
import GRDB
import Testing

@Suite("Domains and accounts")
struct DomainAndAccountTests {
    @Test("a written account is in the snapshot at once, found in upper and lower case")
    func snapshotShowsWrites() async throws {
        let place = try TestPlace()
        let alice = try await place.people(["alice"])[0]
        let snapshot = place.directory.snapshot
        #expect(snapshot.account(try address("ALICE@Example.ORG")) == alice)
        #expect(snapshot.account(id: alice.id) == alice)
        #expect(snapshot.account(try address("alice+detail@example.org")) == nil)
        #expect(alice.isEnabled)
        #expect(alice.role == .mailUser)
    }

    @Test("a snapshot once taken does not change")
    func snapshotsAreImmutable() async throws {
        let place = try TestPlace()
        try await place.people(["alice"])
        let before = place.directory.snapshot
        try await place.people(["bob"])
        #expect(before.accountCount == 1)
        #expect(place.directory.snapshot.accountCount == 2)
        #expect(place.directory.snapshot.revision > before.revision)
    }

    @Test("what another process writes is there after a refresh, and nothing is loaded when nobody wrote")
    func otherProcessesAreNoticed() async throws {
        let place = try TestPlace()
        let other = try place.other()
        try await place.people(["alice"])
        #expect(other.snapshot.accountCount == 0)
        try await other.refresh()
        #expect(other.snapshot.accountCount == 1)
        let same = other.snapshot
        try await other.refresh()
        #expect(other.snapshot === same)
    }

    @Test("names are taken once")
    func duplicatesAreRefused() async throws {
        let place = try TestPlace()
        try await place.people(["alice"])
        await #expect(throws: StoreError.alreadyExists) { try await place.people(["Alice"]) }
        await #expect(throws: StoreError.alreadyExists) { try await place.directory.addDomain(domain("EXAMPLE.org")) }
    }

    @Test("an account needs a domain of ours")
    func accountsNeedADomain() async throws {
        let place = try TestPlace()
        await #expect(throws: StoreError.preconditionFailed) {
            try await place.directory.addAccount(NewAccount(address: address("x@elsewhere.test")))
        }
    }

    @Test("a domain goes only when nothing belongs to it")
    func domainsWithAccountsStay() async throws {
        let place = try TestPlace()
        let alice = try await place.people(["alice"])[0]
        await #expect(throws: StoreError.preconditionFailed) { try await place.directory.removeDomain(domain("example.org")) }
        try await place.directory.removeAccount(alice.id)
        try await place.directory.removeDomain(domain("example.org"))
        #expect(place.directory.snapshot.domains.isEmpty)
        await #expect(throws: StoreError.notFound) { try await place.directory.removeDomain(domain("example.org")) }
    }

    @Test("an international domain is kept in A-labels, and a quoted local part survives")
    func unusualAddresses() async throws {
        let place = try TestPlace()
        try await place.directory.addDomain(domain("Bücher.example"), state: .verified)
        #expect(place.directory.snapshot.domains.map(\.name.ascii) == ["xn--bcher-kva.example"])
        let quoted = try address("\"two words\"@bücher.example")
        let account = try await place.directory.addAccount(NewAccount(address: quoted))
        #expect(try place.other().snapshot.account(quoted)?.id == account.id)
    }

    @Test("role, quota, name and state can be changed, and the change says so")
    func changes() async throws {
        let place = try TestPlace()
        let id = try await place.people(["alice"])[0].id
        try await place.directory.setQuota(1000, of: id)
        try await place.directory.setDisplayName("Alice M.", of: id)
        try await place.directory.setRole(.domainAdmin, of: id)
        try await place.directory.setEnabled(false, of: id)
        let alice = try #require(place.directory.snapshot.account(id: id))
        #expect((alice.quota, alice.displayName, alice.role, alice.isEnabled) == (1000, "Alice M.", .domainAdmin, false))
        try await place.directory.setQuota(nil, of: id)
        #expect(place.directory.snapshot.account(id: id)?.quota == nil)
        await #expect(throws: StoreError.notFound) { try await place.directory.setQuota(1, of: AccountID(rawValue: "anobody")) }
    }

    @Test("a domain's admins answer for it, else the master admins; never disabled ones")
    func administrators() async throws {
        let place = try TestPlace()
        try await place.people(["alice"])
        let name = try domain("example.org")
        #expect(place.directory.snapshot.administrators(of: name).isEmpty)
        let root = try await place.directory.addAccount(NewAccount(address: address("root@example.org"), role: .masterAdmin))
        #expect(place.directory.snapshot.administrators(of: name).map(\.id) == [root.id])
        let own = try await place.directory.addAccount(NewAccount(address: address("own@example.org"), role: .domainAdmin))
        #expect(place.directory.snapshot.administrators(of: name).map(\.id) == [own.id])
        try await place.directory.setEnabled(false, of: own.id)
        #expect(place.directory.snapshot.administrators(of: name).map(\.id) == [root.id])
    }

    @Test("a catch-all leads to something that exists")
    func catchAll() async throws {
        let place = try TestPlace()
        try await place.people(["alice"])
        let name = try domain("example.org")
        await #expect(throws: StoreError.self) { try await place.directory.setCatchAll(address("nobody@example.org"), of: name) }
        try await place.directory.setCatchAll(address("alice@example.org"), of: name)
        #expect(place.directory.snapshot.catchAll(of: name)?.key == "alice@example.org")
        try await place.directory.setCatchAll(address("box@elsewhere.test"), of: name)
        try await place.directory.setCatchAll(nil, of: name)
        #expect(place.directory.snapshot.catchAll(of: name) == nil)
    }

    @Test("the schema itself refuses nonsense, whoever writes", arguments: [
        Self.inserting("'UPPER.example', 'hosted', NULL, NULL, NULL"),
        Self.inserting("'a..example', 'hosted', NULL, NULL, NULL"),
        Self.inserting("'ok.example', 'none', NULL, NULL, NULL"),
        Self.inserting("'ok.example', 'relay', 'a@b', NULL, 'mx.b'"),
        Self.inserting("'ok.example', 'relay', NULL, NULL, NULL"),
        Self.inserting("'ok.example', 'hosted', 'a@b', NULL, 'mx.b'"),
        Self.inserting("'ok.example', 'alias', NULL, NULL, NULL"),
        Self.inserting("'ok.example', 'alias', NULL, 'ok.example', NULL"),
        Self.inserting("'ok.example', 'alias', NULL, 'none.example', NULL"),
        Self.inserting("'ok.example', 'alias', NULL, 'example.org', 'mx.b'"),
        "UPDATE domains SET next_hop_host = 'mx.b'",
        "UPDATE domains SET state = 'pending'",
        "UPDATE domains SET verified = NULL",
        "UPDATE domains SET next_hop_host = 'mx.b', next_hop_port = 70000, next_hop_tls = 'none'",
        "UPDATE domains SET next_hop_host = 'mx.b', next_hop_port = 25, next_hop_tls = 'maybe'",
        "UPDATE domains SET class = 'relay', next_hop_host = 'mx.b', next_hop_port = 25, next_hop_tls = 'none'",
        "INSERT INTO domain_claims (token, domain, class, created, expires) VALUES ('short', 'example.org', 'hosted', 1, 2)",
        "INSERT INTO domain_claims (token, domain, class, created, expires) VALUES (hex(randomblob(16)), 'x', 'hosted', 1, 2)",
        "INSERT INTO domain_claims (token, domain, class, created, expires) VALUES (hex(randomblob(16)), 'example.org', 'relay', 1, 2)",
        "INSERT INTO spam_thresholds (domain, defer_at, junk_at, reject_at) VALUES (NULL, 0, 4, 10)",
        "INSERT INTO spam_thresholds (domain, defer_at, junk_at, reject_at) VALUES (NULL, 5, 4, 10)",
        "INSERT INTO spam_thresholds (domain, defer_at, junk_at, reject_at) VALUES (NULL, 3, 4, 1000)",
        "INSERT INTO spam_thresholds (domain, defer_at, junk_at, reject_at) VALUES ('none.example', 3, 4, 10)",
        "INSERT INTO policy_entries (domain, list, kind, pattern, created) VALUES (NULL, 'grey', 'domain', 'a.example', 1)",
        "INSERT INTO policy_entries (domain, list, kind, pattern, created) VALUES (NULL, 'allow', 'address', 'a.example', 1)",
        "INSERT INTO policy_entries (domain, list, kind, pattern, created) VALUES (NULL, 'allow', 'network', '10.0.0.1', 1)",
        "INSERT INTO policy_entries (domain, list, kind, pattern, created) VALUES ('none.example', 'allow', 'domain', 'a.example', 1)",
        "INSERT INTO accounts VALUES ('ax', 'x@other.example', 'example.org', '', 'mailUser', 1, NULL, 'en', 1)",
        "INSERT INTO accounts VALUES ('ax', 'x@none.example', 'none.example', '', 'mailUser', 1, NULL, 'en', 1)",
        "INSERT INTO accounts VALUES ('ax', 'x@example.org', 'example.org', '', 'king', 1, NULL, 'en', 1)",
        "INSERT INTO accounts VALUES ('ax', 'x@example.org', 'example.org', '', 'mailUser', 2, NULL, 'en', 1)",
        "INSERT INTO accounts VALUES ('ax', 'x@example.org', 'example.org', '', 'mailUser', 1, -5, 'en', 1)",
        "INSERT INTO accounts VALUES ('A-x', 'x@example.org', 'example.org', '', 'mailUser', 1, NULL, 'en', 1)",
        "INSERT INTO credentials VALUES ('anobody', NULL, 1)",
        "INSERT INTO sessions VALUES (x'00', 'anobody', '', '', 1, 1, 2)",
        "INSERT INTO aliases VALUES ('no-at-sign', 'example.org', 1)",
        "INSERT INTO alias_recipients VALUES ('gone@example.org', 'x@y', 0)",
        "INSERT INTO directory_state VALUES (2, 1, 1)",
    ])
    func schemaRefuses(sql: String) async throws {
        let place = try TestPlace()
        try await place.people(["alice"])
        let database = try DatabaseQueue(path: place.path)
        #expect(throws: DatabaseError.self) { try database.write { try $0.execute(sql: sql) } }
    }

    @Test("what the nonsense is made from would be taken if it made sense", arguments: [
        "'ok.example', 'hosted', 'a@b', NULL, NULL", "'ok.example', 'hosted', NULL, NULL, 'mx.b'",
        "'ok.example', 'alias', NULL, 'example.org', NULL", "'ok.example', 'relay', NULL, NULL, 'mx.b'",
    ])
    func schemaTakesSense(values: String) async throws {
        let place = try TestPlace()
        try await place.people(["alice"])
        let database = try DatabaseQueue(path: place.path)
        try await database.write { try $0.execute(sql: Self.inserting(values)) }
        try await place.directory.refresh()
        #expect(place.directory.snapshot.domains.count == 2)
    }

    @Test("a catch-all ends with the account or alias that it led to, unless the address is another's too")
    func deadCatchAll() async throws {
        let place = try TestPlace()
        let name = try domain("example.org")
        let alice = try await place.people(["alice"])[0]
        try await place.directory.setCatchAll(alice.address, of: name)
        try await place.directory.addAlias(alice.address, recipients: [address("x@elsewhere.test")])
        try await place.directory.removeAccount(alice.id)
        #expect(place.directory.snapshot.catchAll(of: name)?.key == "alice@example.org")
        try await place.directory.removeAlias(alice.address)
        #expect(place.directory.snapshot.catchAll(of: name) == nil)
    }

    /// - Parameter values: name, class, catch-all, alias target, next hop's host
    private static func inserting(_ values: String) -> String {
        """
        INSERT INTO domains (name, class, catch_all, alias_target, next_hop_host, next_hop_port, next_hop_tls, state,
            verification_token, created, verified)
        SELECT *, iif(column5 IS NULL, NULL, 25), iif(column5 IS NULL, NULL, 'none'), 'verified', hex(randomblob(16)), 1, 1
        FROM (VALUES (\(values)))
        """
    }

    @Test("the file is for its owner alone")
    func fileMode() throws {
        let place = try TestPlace()
        let mode = try FileManager.default.attributesOfItem(atPath: place.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }
}

@Suite("Aliases and sender addresses")
struct AliasTests {
    @Test("recipients keep their order, are added once, and the alias goes with its last")
    func recipients() async throws {
        let place = try TestPlace()
        try await place.people(["alice", "bob"])
        let team = try address("Team@example.org")
        try await place.directory.addAlias(team, recipients: [address("bob@example.org"), address("x@elsewhere.test")])
        try await place.directory.addAlias(team, recipients: [address("alice@example.org"), address("BOB@example.org")])
        let keys = place.directory.snapshot.alias(team)?.recipients.map(\.key)
        #expect(keys == ["bob@example.org", "x@elsewhere.test", "alice@example.org"])
        try await place.directory.removeAlias(team, recipients: [address("bob@example.org"), address("alice@example.org")])
        #expect(place.directory.snapshot.alias(team)?.recipients.map(\.key) == ["x@elsewhere.test"])
        try await place.directory.removeAlias(team, recipients: [address("x@elsewhere.test")])
        #expect(place.directory.snapshot.alias(team) == nil)
        await #expect(throws: StoreError.notFound) { try await place.directory.removeAlias(team) }
    }

    @Test("a circle is refused, and nothing of it is kept")
    func cycles() async throws {
        let place = try TestPlace()
        try await place.people(["alice"])
        let (a, b, c) = (try address("a@example.org"), try address("b@example.org"), try address("c@example.org"))
        try await place.directory.addAlias(a, recipients: [b])
        try await place.directory.addAlias(b, recipients: [c])
        await #expect(throws: StoreError.self) { try await place.directory.addAlias(c, recipients: [a]) }
        await #expect(throws: StoreError.self) { try await place.directory.addAlias(c, recipients: [address("a+x@example.org")]) }
        #expect(place.directory.snapshot.alias(c) == nil)
    }

    @Test("an alias that names itself keeps a copy, and is no circle")
    func selfReference() async throws {
        let place = try TestPlace()
        try await place.people(["alice"])
        let alice = try address("alice@example.org")
        try await place.directory.addAlias(alice, recipients: [alice, address("x@elsewhere.test")])
        #expect(place.directory.snapshot.alias(alice)?.recipients.count == 2)
    }

    @Test("a chain longer than ten is refused")
    func depth() async throws {
        let place = try TestPlace()
        try await place.people(["end"])
        var next = try address("end@example.org")
        await #expect(throws: StoreError.self) {
            for number in 0...12 {
                let alias = try address("a\(number)@example.org")
                try await place.directory.addAlias(alias, recipients: [next])
                next = alias
            }
        }
        #expect(place.directory.snapshot.aliases.count >= 10)
    }

    @Test("sender addresses are granted to several and taken back one by one, and go with the account")
    func senders() async throws {
        let place = try TestPlace()
        let people = try await place.people(["alice", "bob"])
        let info = try address("info@example.org")
        try await place.directory.grantSender(info, to: people.map(\.id))
        #expect(place.directory.snapshot.senderAddresses(for: people[1].id).map(\.key) == ["info@example.org"])
        try await place.directory.revokeSender(info, from: [people[1].id])
        #expect(place.directory.snapshot.senderAddresses(for: people[1].id).isEmpty)
        try await place.directory.removeAccount(people[0].id)
        await #expect(throws: StoreError.notFound) { try await place.directory.revokeSender(info) }
    }
}

@Suite("Many accounts")
struct ManyAccountsTests {
    @Test("ten thousand accounts are loaded and found quickly")
    func load() async throws {
        let place = try TestPlace()
        try await place.people(["first"])
        let database = try DatabaseQueue(path: place.path)
        try await database.write { db in
            try db.execute(sql: """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
                INSERT INTO accounts SELECT 'u' || i, 'user' || i || '@example.org', 'example.org', 'User ' || i, 'mailUser', 1,
                    NULL, 'en', 1 FROM n;
                INSERT INTO credentials SELECT id, NULL, 1 FROM accounts WHERE id LIKE 'u%';
                """)
        }
        let clock = ContinuousClock()
        let loading = try await clock.measure { try await place.directory.refresh() }
        #expect(place.directory.snapshot.accountCount == 10_001)
        #expect(loading < .seconds(60))
        #expect(place.directory.snapshot.account(try address("user7777@example.org")) != nil)
    }
}
