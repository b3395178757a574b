import Directory
import Formats
import SMTP
import Testing

@testable import Delivery

/// Knows nothing for sure.
private struct DeadResolver: Resolver {
    func lookUp(_ name: String, _ type: DNSRecordType) async -> DNSAnswer { .failed("nobody answers") }
}

/// Gives every name the same policy.
private struct OnePolicy: Resolver {
    let bytes: [UInt8]
    func lookUp(_ name: String, _ type: DNSRecordType) async -> DNSAnswer { type == .txt ? .records([.txt(bytes)]) : .noData }
}

private let zone = """
    $ORIGIN test.
    plain TXT "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"
    soft TXT "v=spf1 ~all"
    ask TXT "V=SPF1 ?all"
    open TXT "v=spf1"
    two TXT "v=spf1 -all"
    two TXT "v=spf1 +all"
    other TXT "v=spf10 -all"
    joined TXT "v=spf1 ip4:192.0." "2.1 -all"
    a A 192.0.2.7
    a AAAA 2001:db8::7
    a TXT "v=spf1 a -all"
    near TXT "v=spf1 a:a.test/29//64 -all"
    hosts MX 10 a.test.
    hosts TXT "v=spf1 mx -all"
    parent TXT "v=spf1 include:plain.test -all"
    orphan TXT "v=spf1 include:nothing.test -all"
    moved TXT "v=spf1 redirect=plain.test"
    nowhere TXT "v=spf1 redirect=nothing.test"
    self TXT "v=spf1 include:self.test -all"
    many TXT "v=spf1 include:many1.test include:many1.test include:many1.test include:many1.test -all"
    many1 TXT "v=spf1 a:a.test a:a.test ?all"
    voids TXT "v=spf1 a:v1.test a:v2.test a:v3.test -all"
    twovoids TXT "v=spf1 a:v1.test a:v2.test -all"
    names TXT "v=spf1 ptr -all"
    host.names A 192.0.2.9
    9.2.0.192.in-addr.arpa. PTR host.names.test.
    8.2.0.192.in-addr.arpa. PTR host.names.test.
    macros TXT "v=spf1 exists:%{ir}.%{v}.%{l1r-}.%{d2}.list.test -all"
    1.2.0.192.in-addr.smith.macros.test.list A 127.0.0.2
    bad1 TXT "v=spf1 ipv4:192.0.2.1 -all"
    bad2 TXT "v=spf1 ip4:192.0.2.1/33 -all"
    bad3 TXT "v=spf1 a:noDot -all"
    bad4 TXT "v=spf1 exists:%{x}.test -all"
    bad5 TXT "v=spf1 -all redirect=a.test redirect=b.test"
    bad6 TXT "v=spf1 all:x.test"
    bad7 TXT "v=spf1 a/024 -all"
    odd TXT "v=spf1 unknown=%{r} -all"
    """

@Suite("SPF, RFC 7208")
struct SPFTests {
    private func check(_ domain: String, _ client: String, local: String = "ann") async throws -> SPFResult {
        let question = SPFEvaluation.Question(
            client: try #require(ClientAddress(client)), localPart: local, domain: domain, greeting: "mail.plain.test")
        return await SPFEvaluation.check(question, try ZoneTable(parsing: zone)).result
    }

    @Test(
        "results by mechanism",
        arguments: [
            ("plain.test", "192.0.2.200", SPFResult.pass), ("plain.test", "192.0.3.1", .fail),
            ("plain.test", "2001:db8:5::1", .pass), ("plain.test", "::ffff:192.0.2.1", .pass),
            ("soft.test", "192.0.2.1", .softfail), ("ask.test", "192.0.2.1", .neutral), ("open.test", "192.0.2.1", .neutral),
            ("other.test", "192.0.2.1", .none), ("nothing.test", "192.0.2.1", .none), ("test", "192.0.2.1", .none),
            ("joined.test", "192.0.2.1", .pass),
            ("a.test", "192.0.2.7", .pass), ("a.test", "2001:db8::7", .pass), ("a.test", "192.0.2.8", .fail),
            ("near.test", "192.0.2.1", .pass), ("near.test", "192.0.2.8", .fail), ("near.test", "2001:db8::9", .pass),
            ("hosts.test", "192.0.2.7", .pass), ("hosts.test", "192.0.2.1", .fail),
            ("parent.test", "192.0.2.1", .pass), ("parent.test", "198.51.100.1", .fail), ("orphan.test", "192.0.2.1", .permerror),
            ("moved.test", "192.0.2.1", .pass), ("moved.test", "198.51.100.1", .fail), ("nowhere.test", "192.0.2.1", .permerror),
            ("names.test", "192.0.2.9", .pass), ("names.test", "192.0.2.8", .fail),
            ("odd.test", "192.0.2.1", .fail),
        ])
    func results(domain: String, client: String, expected: SPFResult) async throws {
        #expect(try await check(domain, client) == expected)
    }

    @Test("macros: reversed address, parts of local part and domain")
    func macros() async throws {
        #expect(try await check("macros.test", "192.0.2.1", local: "smith-ann") == .pass)
        #expect(try await check("macros.test", "192.0.2.2", local: "smith-ann") == .fail)
    }

    @Test(
        "a malformed policy is a permanent error, wherever the fault stands",
        arguments: ["two", "bad1", "bad2", "bad3", "bad4", "bad5", "bad6", "bad7"])
    func malformed(name: String) async throws {
        #expect(try await check("\(name).test", "192.0.2.1") == .permerror)
    }

    @Test("ten look-ups and two void ones are the limit; a circle ends")
    func limits() async throws {
        #expect(try await check("many.test", "192.0.2.1") == .permerror)
        #expect(try await check("self.test", "192.0.2.1") == .permerror)
        #expect(try await check("voids.test", "192.0.2.1") == .permerror)
        #expect(try await check("twovoids.test", "192.0.2.1") == .fail)
    }

    @Test("a DNS that does not answer is a temporary error")
    func temporary() async throws {
        let question = SPFEvaluation.Question(
            client: try #require(ClientAddress("192.0.2.1")), localPart: "a", domain: "plain.test", greeting: "h")
        #expect(await SPFEvaluation.check(question, DeadResolver()).result == .temperror)
    }

    @Test("policies of random bytes end in some result")
    func random() async throws {
        let words = ["v=spf1 ", "a", "mx", "include:", "%{", "}", "r", "1", ":", "/", "=", "redirect", " ", "-all", "ptr", "x.test", "%", "ip6:", "::"]
        let question = SPFEvaluation.Question(
            client: try #require(ClientAddress("2001:db8::1")), localPart: "a", domain: "x.test", greeting: "h")
        for _ in 0..<500 {
            let text = "v=spf1 " + (0..<Int.random(in: 0...12)).map { _ in words.randomElement() ?? "" }.joined()
            _ = await SPFEvaluation.check(question, OnePolicy(bytes: Array(text.utf8)))
        }
    }

    @Test("the field says what was found about whom, and nothing can break out of it")
    func field() async throws {
        let client = try #require(ClientAddress("198.51.100.1"))
        let check = await SPFCheck.judge(
            .mailbox(address("ann@plain.test")), client: client, greeting: "evil\")\r\nX: y", try ZoneTable(parsing: zone))
        let text = String(decoding: check.field(hostname: "mx.demo.test"), as: UTF8.self)
        #expect(text.hasPrefix("Received-SPF: fail (mx.demo.test: domain of ann@plain.test does not designate 198.51.100.1"))
        #expect(text.contains("\r\n\tclient-ip=198.51.100.1; envelope-from=\"ann@plain.test\";\r\n"))
        #expect(text.contains("helo=\"evil\\\")X: y\""))
        let bounce = await SPFCheck.judge(.null, client: client, greeting: "plain.test", try ZoneTable(parsing: zone))
        #expect(bounce.result == .fail)
        #expect(String(decoding: bounce.field(hostname: "mx"), as: UTF8.self).contains("identity=helo"))
    }
}
