import Testing

@testable import Formats

@Suite("DomainName: RFC 5890, UTS 46")
struct DomainNameTests {
    @Test(
        "has one canonical form",
        arguments: [
            ("example.org", "example.org"), ("EXAMPLE.Org.", "example.org"), ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"), ("XN--BCHER-KVA.example", "xn--bcher-kva.example"), ("faß.de", "xn--fa-hia.de"),
            ("日本語。jp", "xn--wgv71a119e.jp"), ("ｅｘａｍｐｌｅ．org", "example.org"), ("bu\u{308}cher.de", "xn--bcher-kva.de"),
            ("почта.рф", "xn--80a1acny.xn--p1ai"), ("_dmarc.example.org", "_dmarc.example.org"), ("localhost", "localhost"),
            ("3com.com", "3com.com"), ("i❤.ws", "xn--i-7iq.ws"),
        ])
    func canonical(text: String, ascii: String) throws {
        #expect(try DomainName(parsing: text).ascii == ascii)
    }

    @Test(
        "refuses what is no domain",
        arguments: [
            "", ".", "a..b", ".a", "a b.c", "-a.b", "a-.b", "[192.0.2.1]", "192.0.2.1", "a@b", "a/b", "a\u{0}b", "\u{301}a.b", "a,b",
            String(repeating: "a", count: 64) + ".org", String(repeating: "abcdefgh.", count: 30) + "org", "ex\u{2028}ample.org",
        ])
    func refuses(text: String) {
        #expect(throws: ParseError.self) { try DomainName(parsing: text) }
    }

    @Test("shows people Unicode, but only what would be typed back")
    func unicode() throws {
        #expect(try DomainName(parsing: "xn--bcher-kva.example").unicode == "bücher.example")
        #expect(try DomainName(parsing: "xn--80a1acny.xn--p1ai").unicode == "почта.рф")
        #expect(try DomainName(parsing: "xn--a.example").unicode == "xn--a.example")
    }

    @Test("knows subdomains on label boundaries")
    func subdomains() throws {
        let domain = try DomainName(parsing: "example.org")
        #expect(try DomainName(parsing: "a.example.org").isEqualOrSubdomain(of: domain))
        #expect(domain.isEqualOrSubdomain(of: domain))
        #expect(try !DomainName(parsing: "badexample.org").isEqualOrSubdomain(of: domain))
        #expect(domain.parent?.ascii == "org")
        #expect(domain.parent?.parent == nil)
    }
}

@Suite("Punycode: the samples of RFC 3492 §7.1")
struct PunycodeTests {
    @Test(
        "encodes and decodes",
        arguments: [
            ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"), ("ЧтоПочемужеонинеговорятпорусски".lowercased(), nil),
            ("3年B組金八先生", "3B-ww4c5e180e575a65lsy2b"), ("ひとつ屋根の下2", "2-u9tlzr9756bt3uc0v"), ("そのスピードで", "d9juau41awczczp"),
            ("-> $1.00 <-", "-> $1.00 <--"),
        ] as [(String, String?)])
    func samples(text: String, code: String?) throws {
        let encoded = try #require(Punycode.encode(Array(text.unicodeScalars)))
        if let code { #expect(encoded == code) }
        #expect(Punycode.decode(encoded) == Array(text.unicodeScalars))
    }

    @Test("refuses nonsense", arguments: ["99999999", "é", "a-!", "zzzzzzzzzzzzzz"])
    func nonsense(code: String) {
        #expect(Punycode.decode(code) == nil)
    }
}

@Suite("MailAddress: RFC 5321 §4.1.2, RFC 6531")
struct MailAddressTests {
    @Test(
        "parses and writes",
        arguments: [
            ("alice@Example.ORG", "alice@example.org"), ("Alice@example.org", "Alice@example.org"), ("\"a b\"@x.org", "\"a b\"@x.org"),
            ("\"alice\"@x.org", "alice@x.org"), ("\"a\\\"b\"@x.org", "\"a\\\"b\"@x.org"), ("jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
            ("a+b@x.org", "a+b@x.org"), ("\"a@b\"@x.org", "\"a@b\"@x.org"), ("o'hara@x.org", "o'hara@x.org"),
        ])
    func parses(text: String, written: String) throws {
        #expect(try MailAddress(parsing: text).description == written)
    }

    @Test(
        "refuses what is no address",
        arguments: [
            "", "a", "@x.org", "a@", "a b@x.org", "a..b@x.org", ".a@x.org", "a.@x.org", "a@[192.0.2.1]", "<a@x.org>", "\"a@x.org", "a\r\n@x.org",
            "\"a\"b\"@x.org", "\"a\\\"@x.org", String(repeating: "a", count: 65) + "@x.org", "\"a\nb\"@x.org", "a@b@c@", "\"\"@x.org",
        ])
    func refuses(text: String) {
        #expect(throws: ParseError.self) { try MailAddress(parsing: text) }
    }

    @Test("has a key that ignores case, and a detail")
    func key() throws {
        let address = try MailAddress(parsing: "Alice+Lists@Example.org")
        #expect(address.key == "alice+lists@example.org")
        #expect(address.detail == "Lists")
        #expect(address.withoutDetail.description == "Alice@example.org")
        #expect(try MailAddress(parsing: "+a@x.org").detail == nil)
        #expect(try MailAddress(parsing: "bob@x.org").withoutDetail.description == "bob@x.org")
        #expect(try MailAddress(parsing: "bob@x.org").at(DomainName(parsing: "y.org")).description == "bob@y.org")
    }
}
