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
