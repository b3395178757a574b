import Directory
import Disk
import Formats
import Testing

@Suite("Networks")
struct ClientNetworkTests {
    @Test("a range contains what shares its first bits, and is one however it is written", arguments: [
        ("10.1.2.3/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.0.2.128/25", "192.0.2.127", false),
        ("192.0.2.128/25", "192.0.2.200", true), ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "::1", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false), ("::1", "::1", true),
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "::ffff:192.0.2.1", true), ("10.0.0.0/9", "10.128.0.0", false),
    ])
    func contains(network: String, client: String, isIn: Bool) throws {
        let range = try #require(ClientNetwork(network))
        #expect(range.contains(try #require(ClientAddress(client))) == isIn)
        #expect(ClientNetwork(range.description) == range)
    }

    @Test("what is no range is none", arguments: ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "::/129", "a.example/8", "10.0.0.0/"])
    func refuses(text: String) { #expect(ClientNetwork(text) == nil) }
}

@Suite("Patterns of list entries, thresholds, next hops")
struct PolicyValueTests {
    @Test("an entry is read as what it looks like", arguments: [
        ("Example.ORG", "example.org"), ("@example.org", "example.org"), (".example.org", "example.org"),
        ("Ann@Example.org", "ann@example.org"), ("192.0.2.7/24", "192.0.2.0/24"), ("192.0.2.7", "192.0.2.7/32"),
        ("2001:DB8::1", "2001:db8::1/128"), ("bücher.example", "xn--bcher-kva.example"),
    ])
    func patterns(text: String, stored: String) throws {
        let pattern = try PolicyListEntry.Pattern(parsing: text)
        #expect(pattern.description == stored)
        #expect(try PolicyListEntry.Pattern(parsing: stored) == pattern || stored.contains("@"))
    }

    @Test("an entry that is nothing is refused", arguments: ["", "@", "a b", "x@y@", "192.0.2.0/40", "-.example"])
    func badPatterns(text: String) {
        #expect(throws: StoreError.self) { try PolicyListEntry.Pattern(parsing: text) }
    }

    @Test("thresholds are in order, above 0 and at most 999", arguments: [
        (0, 4, 10), (-1, 4, 10), (4, 4, 10), (3, 10, 10), (3, 4, 999.5), (Double.nan, 4, 10), (3, 4, .infinity),
    ])
    func badThresholds(values: (Double, Double, Double)) {
        #expect(throws: StoreError.self) {
            try SpamThresholds(deferAt: values.0, junkAt: values.1, rejectAt: values.2)
        }
    }

    @Test("a next hop is a host and a port", arguments: [
        ("", 25), ("a b", 25), ("mx.example", 0), ("mx.example", 65536), ("-mx.example", 25), ("mx..example", 25),
        ("[::1]", 25), ("300.1.1.1", 25),
    ])
    func badNextHops(host: String, port: Int) {
        #expect(throws: StoreError.self) { try NextHop(host: host, port: port) }
    }

    @Test("a next hop's host may be an address", arguments: ["MX.Example", "127.0.0.1", "::1", "localhost", "mx_1.example"])
    func goodNextHops(host: String) throws {
        #expect(try NextHop(host: host, port: 25).host == host.lowercased())
    }
}

@Suite("Thresholds of the directory")
struct ThresholdTests {
    @Test("a domain's own thresholds beat the global ones, those the standard; resetting goes back up")
    func order() async throws {
        let place = try TestPlace()
        let directory = place.directory
        let name = try domain("example.org")
        try await directory.addDomain(name, state: .verified)
        func present() -> (SpamThresholds, PolicySource) { directory.snapshot.thresholds(for: name) }
        #expect(present() == (.standard, .standard))
        let global = try SpamThresholds(deferAt: 1, junkAt: 2, rejectAt: 3)
        let own = try SpamThresholds(deferAt: 5.5, junkAt: 6, rejectAt: 999)
        try await directory.setThresholds(global, of: nil)
        #expect(present() == (global, .global))
        try await directory.setThresholds(own, of: name)
        try await directory.setThresholds(own, of: name)
        #expect(present() == (own, .domain(name)))
        #expect(directory.snapshot.globalThresholds == (global, .global))
        try await directory.setThresholds(nil, of: name)
        #expect(present() == (global, .global))
        try await directory.setThresholds(nil, of: nil)
        #expect(present() == (.standard, .standard))
    }

    @Test("an alias domain has its target's thresholds and lists, and none of its own")
    func aliasDomain() async throws {
        let place = try TestPlace()
        let directory = place.directory
        let (target, alias) = (try domain("example.org"), try domain("alias.test"))
        try await directory.addDomain(target, state: .verified)
        try await directory.addDomainAlias(alias, of: target, state: .verified)
        let own = try SpamThresholds(deferAt: 5, junkAt: 6, rejectAt: 7)
        try await directory.setThresholds(own, of: target)
        try await directory.addPolicyEntry(.init(kind: .block, pattern: .init(parsing: "spam.test"), scope: target))
        #expect(directory.snapshot.thresholds(for: alias) == (own, .domain(target)))
        let match = try directory.snapshot.policyLists(for: alias).match(sender: address("x@spam.test"), client: nil)
        #expect(match?.kind == .block)
        await #expect(throws: StoreError.self) { try await directory.setThresholds(own, of: alias) }
        await #expect(throws: StoreError.self) {
            try await directory.addPolicyEntry(.init(kind: .block, pattern: .init(parsing: "spam.test"), scope: alias))
        }
        await #expect(throws: StoreError.notFound) { try await directory.setThresholds(own, of: domain("none.test")) }
    }
}

@Suite("Allow and block lists")
struct PolicyListTests {
    private static let scope = "example.org"

    /// - Parameter entries: `allow` or `block`, the pattern, and `own` for those of `example.org`
    private static func lists(_ entries: String) async throws -> PolicyLists {
        let place = try TestPlace()
        let name = try domain(scope)
        try await place.directory.addDomain(name, state: .verified)
        for entry in entries.split(separator: ",") {
            let words = entry.split(separator: " ")
            try await place.directory.addPolicyEntry(
                .init(
                    kind: #require(.init(rawValue: String(words[0]))), pattern: .init(parsing: String(words[1])),
                    scope: words.count > 2 ? name : nil))
        }
        return try place.other().snapshot.policyLists(for: name)
    }

    @Test("THE entry that decides", arguments: [
        ("block spam.test", "a@spam.test", "192.0.2.1", "block spam.test"),
        ("block spam.test", "a@sub.spam.test", "192.0.2.1", "block spam.test"),
        ("block spam.test", "a@notspam.test", "192.0.2.1", "none"),
        ("block spam.test", "", "192.0.2.1", "none"),
        ("block A@spam.test", "a@SPAM.test", "192.0.2.1", "block a@spam.test"),
        ("block a@spam.test", "b@spam.test", "192.0.2.1", "none"),
        ("block 192.0.2.0/24", "", "192.0.2.1", "block 192.0.2.0/24"),
        ("block 192.0.2.0/24", "a@b.test", "", "none"),
        ("block 2001:db8::/32", "a@b.test", "2001:db8::5", "block 2001:db8::/32"),
        // Per-domain beats global, however specific the global one is.
        ("block a@spam.test,allow spam.test own", "a@spam.test", "192.0.2.1", "allow spam.test"),
        ("allow a@spam.test,block test own", "a@spam.test", "192.0.2.1", "block test"),
        // More specific beats less.
        ("block test,allow good.test", "a@good.test", "192.0.2.1", "allow good.test"),
        ("allow test,block bad.test", "a@very.bad.test", "192.0.2.1", "block bad.test"),
        ("allow bad.test,block a@bad.test", "a@bad.test", "192.0.2.1", "block a@bad.test"),
        ("block 192.0.2.0/24,allow 192.0.2.1", "", "192.0.2.1", "allow 192.0.2.1/32"),
        ("allow 192.0.0.0/16,block 192.0.2.0/25", "", "192.0.2.1", "block 192.0.2.0/25"),
        ("block 0.0.0.0/0,allow partner.test", "a@partner.test", "192.0.2.1", "block 0.0.0.0/0"),
        ("block 192.0.2.0/24,allow a@partner.test", "a@partner.test", "192.0.2.1", "allow a@partner.test"),
        // A tie allows.
        ("block spam.test,allow spam.test", "a@spam.test", "192.0.2.1", "allow spam.test"),
        ("allow spam.test,block spam.test", "a@spam.test", "192.0.2.1", "allow spam.test"),
        ("block 192.0.2.0/24 own,allow 192.0.2.9/24 own", "", "192.0.2.1", "allow 192.0.2.0/24"),
    ])
    func match(entries: String, sender: String, client: String, expected: String) async throws {
        let lists = try await Self.lists(entries)
        let sender = sender.isEmpty ? nil : try address(sender)
        let match = lists.match(sender: sender, client: ClientAddress(client))
        #expect(match.map { "\($0.kind) \($0.pattern)" } ?? "none" == expected)
    }

    @Test("another domain's entries say nothing")
    func otherDomains() async throws {
        let place = try TestPlace()
        try await place.directory.addDomain(domain("a.test"), state: .verified)
        try await place.directory.addDomain(domain("b.test"), state: .verified)
        try await place.directory.addPolicyEntry(.init(kind: .block, pattern: .init(parsing: "spam.test"), scope: domain("a.test")))
        #expect(try place.directory.snapshot.policyLists(for: domain("b.test")).isEmpty)
        try await place.directory.removeDomain(domain("a.test"))
        #expect(try place.directory.snapshot.policyEntries(of: domain("a.test")).isEmpty)
    }

    @Test("an entry is there once, and goes once")
    func once() async throws {
        let place = try TestPlace()
        let entry = PolicyListEntry(kind: .allow, pattern: try .init(parsing: "192.0.2.7/24"), scope: nil)
        let same = PolicyListEntry(kind: .allow, pattern: try .init(parsing: "192.0.2.0/24"), scope: nil)
        try await place.directory.addPolicyEntry(entry)
        await #expect(throws: StoreError.alreadyExists) { try await place.directory.addPolicyEntry(same) }
        try await place.directory.removePolicyEntry(same)
        await #expect(throws: StoreError.notFound) { try await place.directory.removePolicyEntry(entry) }
    }
}
