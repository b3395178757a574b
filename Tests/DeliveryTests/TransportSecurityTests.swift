import Formats
import SMTP
import Testing

@testable import Delivery

@Suite("What the way out asks of connections")
struct TransportSecurityTests {
    private let digest = String(repeating: "ab", count: 32)

    private func targets(_ zone: String, of name: String = "x.test") async -> [String] {
        do {
            let targets = RouteTargets(
                resolver: try ZoneTable(parsing: zone), policies: nil, port: 25, ourselves: [], logger: World.logger)
            return try await targets.find(.domain(domain(name))).map { "\($0.host) \($0.address) \(Self.text($0.security))" }
        } catch let error as RoutePlanner.NoRoute {
            return [error.reply.text]
        } catch {
            return ["\(error)"]
        }
    }

    private static func text(_ security: HostSecurity) -> String {
        switch security {
        case .none: "clear"
        case .opportunistic: "opportunistic"
        case .encrypted: "encrypted"
        case .verified: "verified"
        case .pinned(let records, let names): "pinned \(records.count) \(names)"
        }
    }

    private let zone = """
        x.test. MX 10 mx.x.test.
        mx.x.test. A 192.0.2.1
        mx.x.test. AAAA 2001:db8::1

        """

    @Test("TLS where it is offered; certificates that the DNS names where it is signed")
    func dane() async {
        let plain = ["mx.x.test 2001:db8::1 opportunistic", "mx.x.test 192.0.2.1 opportunistic"]
        #expect(await targets(zone) == plain)
        let pinned = zone + "_25._tcp.mx.x.test. TLSA 3 1 1 \(digest)\n"
        // Unsigned records are anybody's.
        #expect(await targets(pinned) == plain)
        #expect(await targets(pinned + "$SECURE x.test.\n").allSatisfy { $0.hasSuffix("pinned 1 [\"mx.x.test\", \"x.test\"]") })
        #expect(await targets(pinned + "$SECURE mx.x.test.\n") == plain)
        #expect(await targets(zone + "$SECURE x.test.\n") == plain)
        // RFC 7672 §2.2: signed records that nobody can use still ask for TLS.
        let unusable = zone + "_25._tcp.mx.x.test. TLSA 1 1 1 \(digest)\n$SECURE x.test.\n"
        #expect(await targets(unusable).allSatisfy { $0.hasSuffix("encrypted") })
    }

    @Test("records with an unknown usage, selector, matching type or a wrong length are not usable")
    func usable() {
        func record(_ usage: UInt8, _ selector: UInt8, _ matching: UInt8, _ count: Int) -> TLSARecord {
            TLSARecord(usage: usage, selector: selector, matching: matching, data: Array(repeating: 1, count: count))
        }
        let good = [record(3, 1, 1, 32), record(2, 0, 2, 64), record(3, 0, 0, 400)]
        let bad = [record(0, 1, 1, 32), record(1, 0, 1, 32), record(3, 2, 1, 32), record(3, 1, 3, 32), record(3, 1, 1, 31), record(3, 0, 0, 0)]
        #expect(DANE.usable(good + bad) == good)
    }

    @Test(
        "a policy file is read as RFC 8461 says",
        arguments: [
            ("version: STSv1\r\nmode: enforce\r\nmx: mx.x.test\r\nmx: *.y.test\r\nmax_age: 86400\r\n", true),
            ("version: STSv1\nmode: none\nmax_age: 60\n", true), ("mode: enforce\nmx: a\nmax_age: 1\nversion: STSv1\nother: x\n", true),
            ("version: STSv2\nmode: enforce\nmx: a\nmax_age: 1\n", false), ("version: STSv1\nmode: enforce\nmax_age: 1\n", false),
            ("version: STSv1\nmode: strict\nmx: a\nmax_age: 1\n", false), ("version: STSv1\nmode: enforce\nmx: a\n", false), ("<html>", false),
            ("", false),
        ])
    func policy(text: String, isGood: Bool) {
        #expect((MTASTSPolicy(parsing: text) != nil) == isGood)
    }

    @Test(
        "a wildcard stands for one label",
        arguments: [("mx.x.test", true), ("MX.X.test", true), ("a.y.test", true), ("a.b.y.test", false), ("y.test", false), ("x.test", false)])
    func hosts(host: String, isAllowed: Bool) throws {
        let policy = try #require(MTASTSPolicy(parsing: "version: STSv1\nmode: enforce\nmx: mx.x.test\nmx: *.y.test\nmax_age: 1\n"))
        #expect(policy.allows(host) == isAllowed)
    }

    @Test("a TXT record announces a policy by its id")
    func ids() {
        func id(_ texts: String...) -> String? { MTASTSPolicy.id(of: texts.map { .txt(Array($0.utf8)) }) }
        #expect(id("v=STSv1; id=20160831085700Z;") == "20160831085700Z")
        #expect(id("v=spf1 -all", "v=STSv1;id=1") == "1")
        #expect(id("v=STSv1; id=1;", "v=STSv1; id=2;") == nil)
        #expect(id("v=STSv1;") == nil && id("id=1; v=STSv1") == nil && id("v=STSv1; id=a b") == nil)
    }

    @Test("what a lesser server refuses while a better one is away is tried again")
    func lesser() {
        var outcomes = HostOutcomes()
        let never = DeliveryOutcome(Reply(550, 5, 1, 1, "Nobody"), host: "mx2")
        #expect(outcomes.soften(never, of: "mx2") == never)
        outcomes.add(DeliveryOutcome(Reply(451, 4, 4, 1, "Away")), of: "mx1")
        let softened = outcomes.soften(never, of: "mx2").reply
        #expect(softened.isTransient && softened.text.contains("550 5.1.1 Nobody"))
        // Another address of the same server is not another server.
        #expect(outcomes.soften(never, of: "mx1") == never)
    }
}
