import Directory
import Testing

@testable import Delivery

@Suite("Antispam's header fields")
struct SpamFieldsTests {
    private func stripped(_ text: String) async throws -> String {
        let bytes = Array(text.utf8)
        let content = try await SpamFields.removing(
            SpamFields.lookAlikes(in: bytes), from: .bytes(bytes), beginning: bytes, folder: "/tmp")
        guard case .bytes(let result) = content else { return "" }
        return String(decoding: result, as: UTF8.self)
    }

    @Test("a message that only looks like ours loses those fields and nothing else")
    func lookAlikes() async throws {
        let message = "A: 1\r\nX-Spam: No\r\nx-SPAM-Score : -9\r\n\tfolded\r\nB: 2\r\n X-Spam: no field\r\nX-Spamd-Result: x\r\nX-Rspamd-Server: y\r\nX-Spa: z\r\n\r\nX-Spam: body\r\n"
        #expect(try await stripped(message) == "A: 1\r\nB: 2\r\n X-Spam: no field\r\nX-Spa: z\r\n\r\nX-Spam: body\r\n")
    }

    @Test("also at the start, at the end, behind what is no field, and with nothing behind")
    func places() async throws {
        #expect(try await stripped("X-Spam: a\r\nA: 1\r\n\r\n") == "A: 1\r\n\r\n")
        #expect(try await stripped("no field here\r\nX-Spam: a\r\n\r\nb") == "no field here\r\n\r\nb")
        #expect(try await stripped("A: 1\r\nX-Spam: a") == "A: 1\r\n")
        #expect(try await stripped("X-Spam: a\r\nX-Spam: b\r\n c\r\n") == "")
        #expect(try await stripped("\r\nX-Spam: a\r\n") == "\r\nX-Spam: a\r\n")
        #expect(try await stripped("") == "")
    }

    @Test("the end of a header is the first empty line")
    func end() {
        #expect(SpamFields.headerEnds(in: Array("A: 1\r\n\r\n".utf8)) && SpamFields.headerEnds(in: Array("A: 1\n\n".utf8)))
        #expect(!SpamFields.headerEnds(in: Array("A: 1\r\n \r\nB: 2\r\n".utf8)) && !SpamFields.headerEnds(in: []))
    }

    @Test("scores, thresholds, whose they are, symbols: folded and bounded")
    func fields() throws {
        let symbols = (0..<200).map { SpamScore.Symbol(name: "SYMBOL_NUMBER_\($0)", score: 0.25) }
        let policy = RecipientPolicy(source: .domain(domain("demo.test")))
        let verdict = SpamVerdict.decide(.scored(SpamScore(value: 5.123, symbols: symbols)), policy)
        let text = String(decoding: SpamFields.fields(verdict, whose: "domain demo.test"), as: UTF8.self)
        #expect(text.hasPrefix("X-Spam: Yes\r\nX-Spam-Score: 5.12\r\nX-Spam-Thresholds: defer=3 junk=4 reject=10\r\n\t(domain demo.test)\r\n"))
        #expect(text.contains("X-Spam-Symbols: SYMBOL_NUMBER_0(0.25), SYMBOL_NUMBER_1(0.25),\r\n\t"))
        #expect(text.contains("(and 140 more)"))
        #expect(text.split(separator: "\r\n").allSatisfy { $0.count <= 78 })
    }

    @Test("numbers", arguments: [(0.0, "0"), (3, "3"), (-0.1, "-0.1"), (4.05, "4.05"), (9.999, "10"), (-12.34, "-12.34"), (0.001, "0")])
    func numbers(value: Double, text: String) { #expect(SpamFields.number(value) == text) }
}

@Suite("The client behind the server in front")
struct OuterClientTests {
    @Test(
        "the topmost Received field says who it is",
        arguments: [
            ("from h.test (r.test [192.0.2.1]) by mx.test (Postfix) with ESMTP", "192.0.2.1", "h.test"),
            ("from h.test (unknown [IPv6:2001:db8::1])\r\n\tby mx.test with ESMTP", "2001:db8::1", "h.test"),
            ("from [198.51.100.9] (unknown [192.0.2.1]) by mx.test", "192.0.2.1", "[198.51.100.9]"),
            ("from r.test ([192.0.2.1] helo=h.test) by mx.test with esmtp (Exim)", "192.0.2.1", "r.test"),
        ])
    func found(field: String, client: String, greeting: String) throws {
        let header = HeaderBlock(Array("Received: \(field); date\r\nReceived: from x ([9.9.9.9]) by y\r\n\r\n".utf8))
        let outer = try #require(OuterClient(header))
        #expect(outer.address == ClientAddress(client) && outer.greeting == greeting)
    }

    @Test("a filter beside the server is passed over; who is not told is not known")
    func others() {
        func outer(_ text: String) -> ClientAddress? { OuterClient(HeaderBlock(Array(text.utf8)))?.address }
        let filter = "Received: from localhost (localhost [127.0.0.1]) by mx.test\r\n"
        #expect(outer(filter + "Received: from h (r [192.0.2.1]) by mx.test\r\n\r\n") == ClientAddress("192.0.2.1"))
        #expect(outer("Received: by mx.test (Postfix, from userid 0)\r\nReceived: from h (r [192.0.2.1]) by mx.test\r\n\r\n") == nil)
        #expect(outer("Subject: x\r\n\r\n") == nil)
    }
}
