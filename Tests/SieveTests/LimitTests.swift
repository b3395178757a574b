import Formats
import Sieve
import Testing

@Suite("No script and no message costs more than a moment")
struct LimitTests {
    @Test("nesting is bounded, far above what RFC 5228 asks for")
    func boundsNesting() {
        func nested(_ depth: Int) -> String {
            String(repeating: "if true { ", count: depth) + "keep;" + String(repeating: "}", count: depth)
        }
        #expect(complaint(nested(15)) == "valid")
        #expect(complaint(nested(50_000)) == "1:314 blocks and tests nest deeper than 32")
        #expect(complaint("if " + String(repeating: "not ", count: 15) + "true { }") == "valid")
        #expect(complaint("if " + String(repeating: "not ", count: 100_000) + "true { }").hasSuffix("blocks and tests nest deeper than 32"))
        #expect(complaint("if " + String(repeating: "anyof(", count: 100_000)).hasSuffix("blocks and tests nest deeper than 32"))
    }

    @Test("size, commands and strings are bounded")
    func boundsSizes() {
        #expect(complaint(String(repeating: " ", count: 1 << 20)) == "valid")
        #expect(complaint(String(repeating: " ", count: (1 << 20) + 1)) == "1:1 the script is longer than 1048576 octets")
        #expect(complaint(String(repeating: "keep;", count: 10_001)) == "1:50001 more than 10000 commands and tests")
        let list = "require [" + String(repeating: "\"copy\",", count: 50_000) + "\"copy\"];"
        #expect(complaint(list) == "1:350010 more than 50000 strings")
        let long = String(repeating: "x", count: 65_537)
        #expect(complaint("redirect \"\(long)\";") == "1:10 this string is longer than 65536 octets")
        #expect(complaint("require \"reject\"; reject text:\n\(long)\n.\n;") == "1:26 this string is longer than 65536 octets")
    }

    @Test("actions are bounded")
    func boundsActions() throws {
        let script = "require \"fileinto\";" + (0..<101).map { "fileinto \"m\($0)\";" }.joined()
        #expect(try Scenario().actions(script) == ["error: more than 100 actions for one message"])
        let fields = "require \"editheader\";" + String(repeating: "addheader \"X\" \"y\";", count: 51)
        #expect(try Scenario().actions(fields) == ["error: more than 50 header fields added"])
    }

    @Test("is done with any script in a moment", .timeLimit(.minutes(1)), arguments: [
        String(repeating: "[", count: 100_000), "if header [" + String(repeating: "\"a\",", count: 20_000), String(repeating: "\"", count: 100_001),
        "redirect " + String(repeating: ":a ", count: 30_000) + ";", "/*" + String(repeating: "*", count: 100_000),
        "require [" + String(repeating: "\"copy\",", count: 10_000) + "\"copy\"];",
        "require \"variables\"; set \"x\" \"" + String(repeating: "${", count: 30_000) + "\";",
        "require \"variables\"; if anyof(" + String(repeating: "string \"${a}\" \"${b}\",", count: 2_000) + "true) { }",
        "require \"regex\"; if header :regex \"a\" [" + String(repeating: "\"(a{250}){30}\",", count: 6_000) + "\"b\"] { }",
    ])
    func parsesAnything(script: String) {
        _ = complaint(script)
    }

    @Test("the patterns of a script are bounded together")
    func boundsPatterns() {
        let script = "require \"regex\"; if header :regex \"a\" [" + String(repeating: "\"(a{250}){30}\",", count: 40) + "\"b\"] { }"
        #expect(complaint(script).hasSuffix("is no regular expression: the pattern is too large"))
    }

    @Test("is done with any message in a moment, or keeps it", .timeLimit(.minutes(1)), arguments: [
        ("body", "if body :raw :matches \"*a*b*a*b*a*b*a*c\" { discard; }"),
        ("body", "if body :raw :contains [" + (0..<5000).map { "\"a\($0)a\"" }.joined(separator: ",") + "] { discard; }"),
        ("body regex", "if body :raw :regex \"(a|b|ab)*c\" { discard; }"), ("body regex", "if body :raw :regex \"(a{200}){40}b\" { discard; }"),
        ("variables", String(repeating: "if header :matches \"big\" \"*\" { set \"x\" \"${1}${1}${1}${1}${1}\"; }", count: 1000)),
        ("imap4flags", (0..<3000).map { "addflag \"\(String(repeating: "f\($0) ", count: 30))\";" }.joined()),
        ("body", String(repeating: "if address :matches \"to\" \"*x*y*z\" { discard; }", count: 3000)),
    ])
    func runsBounded(require: String, script: String) throws {
        var limits = SieveLimits()
        limits.steps = 1_000_000
        let to = (0..<200).map { "a\($0)@x.example" }.joined(separator: ", ")
        let scenario = Scenario("To: \(to)\nBig: \(String(repeating: "a", count: 10_000))\n\n" + String(repeating: "ab", count: 500_000))
        let names = require.split(separator: " ").map { "\"\($0)\"" }.joined(separator: ",")
        let result = try scenario.run("require [\(names)];" + script, limits: limits)
        #expect(result.error?.message == "the script takes too long on this message")
        #expect(result.actions == [.keep(.init(isImplicit: true))])
    }
}
