import Directory
import Formats
import SMTP
import Testing

@testable import Delivery

private let zone = """
    $ORIGIN demo.test.
    $TTL 3600
    @           IN SOA ns1 hostmaster ( 1 ; serial
                    7200 900
                    1209600 300 )
                IN MX 10 mx1          ; comment
                   MX 20 mx2.demo.test.
                TXT "v=spf1 " "mx -all"
    mx1     600 IN A 192.0.2.1
                AAAA 2001:DB8::1
    www         CNAME mx1
    *.wild      A 192.0.2.9
    a\\.b        TXT "semi;colon \\"quoted\\" \\065"
    $ORIGIN other.test.
    nomail      MX 0 .
    plain       A 192.0.2.7
    """

@Suite("Names, by a zone file")
struct ZoneTableTests {
    @Test("answers what stands in it")
    func answers() throws {
        let table = try ZoneTable(parsing: zone)
        #expect(
            table.answer("DEMO.test.", .mx)
                == .records([.mx(preference: 10, host: "mx1.demo.test"), .mx(preference: 20, host: "mx2.demo.test")]))
        #expect(table.answer("demo.test", .txt) == .records([.txt(Array("v=spf1 mx -all".utf8))]))
        #expect(table.answer("mx1.demo.test", .a) == .records([.a("192.0.2.1")]))
        #expect(table.answer("mx1.demo.test", .aaaa) == .records([.aaaa("2001:db8::1")]))
        #expect(table.answer("www.demo.test", .a) == .records([.a("192.0.2.1")]))
        #expect(table.answer("x.y.wild.demo.test", .a) == .records([.a("192.0.2.9")]))
        #expect(table.answer("a.b.demo.test", .txt) == .records([.txt(Array("semi;colon \"quoted\" A".utf8))]))
        #expect(table.answer("mx1.demo.test", .mx) == .noData)
        #expect(table.answer("nothing.demo.test", .a) == .noSuchName)
        #expect(table.answer("nomail.other.test", .mx) == .records([.mx(preference: 0, host: "")]))
        #expect(table.answer("unknown.other.test", .mx) == nil)
        #expect(table.answer("example.org", .a) == nil)
    }

    @Test(
        "says where it is wrong",
        arguments: [("x A 1.2.3", 1), ("\nx A 999.0.0.1", 2), ("x MX ten host", 1), ("x TXT \"open", 1), ("x A ( 1.2.3.4", 2), (" A 1.2.3.4", 1), ("$INCLUDE y", 1)])
    func mistakes(text: String, line: Int) {
        #expect { _ = try ZoneTable(parsing: text) } throws: { ($0 as? ZoneTable.Failure)?.line == line }
    }

    @Test("is asked before the network, and gives way where it knows nothing")
    func layers() async throws {
        let network = try ZoneTable(parsing: "example.org. A 192.0.2.50")
        let resolver = LayeredResolver(table: try ZoneTable(parsing: zone), network: network)
        #expect(await resolver.lookUp("plain.other.test", .a) == .records([.a("192.0.2.7")]))
        #expect(await resolver.lookUp("example.org", .a) == .records([.a("192.0.2.50")]))
    }

    @Test("decodes records as they come over the wire")
    func wire() {
        #expect(DNSRecord(.mx, wire: [0, 10, 2, 0x4D, 0x78, 1, 0x61, 0]) == .mx(preference: 10, host: "mx.a"))
        #expect(DNSRecord(.mx, wire: [0, 0, 0]) == .mx(preference: 0, host: ""))
        #expect(DNSRecord(.txt, wire: [2, 0x61, 0x62, 1, 0x63]) == .txt([0x61, 0x62, 0x63]))
        #expect(DNSRecord(.a, wire: [127, 0, 0, 1]) == .a("127.0.0.1"))
        for broken: [UInt8] in [[], [0], [0, 1, 5, 1], [9, 1], [0, 1, 2, 0x61, 0x0A, 0], [0, 1, 3, 0x61, 0x2E, 0x62, 0], [0, 1, 1, 0xC3, 0]] {
            #expect(DNSRecord(.mx, wire: broken) == nil)
        }
        #expect(DNSRecord(.txt, wire: [5, 1]) == nil)
    }
}

@Suite("What several hosts said")
struct HostOutcomesTests {
    private let never = DeliveryOutcome(Reply(554, 5, 7, 1, "Never"))
    private let later = DeliveryOutcome(Reply(451, 4, 4, 1, "Later"))

    @Test("a host that may take it later wins over a lesser one that never will; one host's own word is final")
    func verdict() {
        var outcomes = HostOutcomes()
        #expect(!outcomes.verdict.reply.isPermanent)
        outcomes.add(later, of: "mx1")
        #expect(outcomes.verdict == later)
        outcomes.add(never, of: "mx2")
        #expect(outcomes.verdict == later)
        var one = HostOutcomes()
        for outcome in [later, never, later] { one.add(outcome, of: "mx1") }
        #expect(one.verdict == never)
    }
}

@Suite("The route out")
struct RoutePlannerTests {
    private func hosts(_ answer: DNSAnswer, ourselves: Set<String> = ["mx.us.test"]) -> String {
        do throws(RoutePlanner.NoRoute) {
            return try RoutePlanner.hosts(of: domain("x.test"), mx: answer, ourselves: ourselves) { $0.sorted() }
                .joined(separator: " ")
        } catch {
            return error.reply.text
        }
    }

    @Test("goes by preference, to the domain itself without MX, nowhere for a null MX, never to ourselves")
    func exchangers() {
        func mx(_ pairs: (Int, String)...) -> DNSAnswer { .records(pairs.map { .mx(preference: $0.0, host: $0.1) }) }
        #expect(hosts(mx((20, "c"), (10, "b"), (10, "a"))) == "a b c")
        #expect(hosts(.noData) == "x.test")
        #expect(hosts(mx((0, ""))) == "556 5.1.10 Domain x.test does not accept mail")
        #expect(hosts(.noSuchName) == "550 5.1.2 Domain x.test does not exist")
        #expect(hosts(.failed("servfail")).hasPrefix("451 4.4.3"))
        #expect(hosts(mx((5, "a"), (10, "mx.us.test"), (10, "b"), (20, "c"))) == "a")
        #expect(hosts(mx((10, "mx.us.test"), (20, "c"))).hasPrefix("554 5.4.6"))
        #expect(hosts(.noData, ourselves: ["x.test"]).hasPrefix("554 5.4.6"))
    }

    @Test("stays here for our addresses, goes to the server that an admin named, and takes the smart host for all others")
    func destinations() throws {
        let hop = try NextHop(host: "b.test", port: 2525)
        let whereabouts: @Sendable (MailAddress) -> RecipientResolver.Whereabouts = { address in
            guard address.domain.ascii == "demo.test" else { return .elsewhere }
            return address.localPart == "other" ? .hop(hop) : .here
        }
        let direct = RoutePlanner(smartHost: nil, whereabouts: whereabouts)
        #expect(direct.destination(of: "a@demo.test") == .local)
        #expect(direct.destination(of: "other@demo.test") == .hop(hop, of: domain("demo.test")))
        #expect(direct.destination(of: "a@x.test") == .domain(domain("x.test")))
        #expect(direct.destination(of: "a@[192.0.2.1]") == .nowhere)
        let relay = HostPort(host: "relay.test", port: 587)
        let smart = RoutePlanner(smartHost: relay, whereabouts: whereabouts)
        #expect(smart.destination(of: "a@demo.test") == .local)
        #expect(smart.destination(of: "other@demo.test") == .hop(hop, of: domain("demo.test")))
        #expect(smart.destination(of: "a@x.test") == .smartHost(relay))
    }

    @Test(
        "reads addresses to listen at and to send to",
        arguments: [
            ("127.0.0.1:25", "127.0.0.1:25"), ("[::1]:0", "[::1]:0"), ("unix:/run/lmtp", "unix:/run/lmtp"), ("host:70000", nil),
            ("host", nil), ("::1:25", nil), ("unix:lmtp", nil), (":25", nil),
        ])
    func addresses(text: String, read: String?) {
        #expect(ListenAddress(parsing: text)?.description == read)
    }

    @Test("a host alone takes the default port")
    func defaultPort() {
        #expect(HostPort(parsing: "relay.test", defaultPort: 25) == HostPort(host: "relay.test", port: 25))
        #expect(HostPort(parsing: "[::1]", defaultPort: 25) == HostPort(host: "::1", port: 25))
        #expect(HostPort(parsing: "relay.test:0") == nil)
    }
}
