import Formats
import Testing

@Suite("Public suffixes")
struct PublicSuffixTests {
    private static let list = PublicSuffixList(parsing: Array("""
        // a comment
        com
        uk  and what follows a blank
        co.uk

        *.ck
        !www.ck
        *.kawasaki.jp
        jp
        // ===BEGIN PRIVATE DOMAINS===
        github.io
        個人.hk\r
        """.utf8))

    @Test("a name that a rule names is one; what lies below is not", arguments: [
        ("com", true), ("example.com", false), ("uk", true), ("co.uk", true), ("example.co.uk", false), ("COM", true),
        ("ck", true), ("other.ck", true), ("x.other.ck", false), ("www.ck", false), ("city.kawasaki.jp", true),
        ("github.io", true), ("me.github.io", false), ("個人.hk", true), ("xn--gmqw5a.hk", true), ("io", false),
    ])
    func rules(name: String, isSuffix: Bool) throws {
        #expect(Self.list.contains(try DomainName(parsing: name)) == isSuffix)
    }

    @Test("names for tests and for a network of one's own stay possible, only the bare test names do not", arguments: [
        ("demo.test", false), ("example.test", false), ("test", true), ("example", true), ("localhost", false),
        ("intranet", false), ("office.local", false),
    ])
    func ownNames(name: String, isSuffix: Bool) throws {
        #expect(Self.list.contains(try DomainName(parsing: name)) == isSuffix)
        #expect(PublicSuffixList.builtIn.contains(try DomainName(parsing: name)) == isSuffix)
    }

    @Test("without the file, the commonest are known", arguments: ["com", "de", "uk", "org", "co.uk"])
    func builtIn(name: String) throws {
        #expect(PublicSuffixList.builtIn.contains(try DomainName(parsing: name)))
        #expect(!PublicSuffixList.builtIn.contains(try DomainName(parsing: "example." + name)))
    }
}
