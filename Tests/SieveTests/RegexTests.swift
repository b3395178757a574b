import Formats
import Sieve
import Testing

@Suite("Regular expressions")
struct RegexTests {
    private func matches(_ pattern: String, _ value: String, comparator: String = "i;ascii-casemap") throws -> Bool {
        let escaped = pattern.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let test = "header :regex :comparator \"\(comparator)\" \"x\" \"\(escaped)\""
        return try Scenario("X: \(value)\n\n").holds(test, require: "regex")
    }

    @Test(
        "matches what POSIX says",
        arguments: [
            ("a.c", "xabcx"), ("^abc$", "abc"), ("a*", ""), ("^a+b?$", "aaa"), ("^(ab)+$", "ababab"), ("^a{2,3}$", "aaa"), ("^a{2}$", "aa"),
            ("^a{2,}$", "aaaaa"), ("a|b|c", "c"), ("^(a|b)*$", "abba"), ("[abc]", "b"), ("[^abc]", "d"), ("^[a-f0-9]+$", "c0ffee"),
            ("^[]a]+$", "]a]"), ("^[^]a]+$", "bcd"), ("^[a-]+$", "-a-"), ("^[[:alpha:]]+$", "abcXYZ"), ("^[[:digit:][:space:]]+$", "1 2 3"),
            ("^[[.a.]-c]+$", "abc"), ("^[[=a=]]+$", "a"), ("\\.", "a.b"), ("^\\$\\^$", "$^"), ("^.$", "é"), ("^é+$", "éé"), ("^[à-ü]$", "é"),
            ("HELLO", "hello"), ("[A-Z]", "q"), ("^\\w+$", "a_1"), ("\\bcat\\b", "a cat."), ("\\<cat", "cats"), ("^a{,$", "a{,"),
            ("()", ""), ("^(a*)*$", "aaaa"), ("^(a|)+$", "a"), ("x*$", "abc"), ("^a\\{2$", "a{2"), ("^(|a)b$", "ab"), ("^\\d+$", "123"),
            ("^[\\]+$", "\\"), ("a||b", "zzz"),
        ])
    func matchesPOSIX(pattern: String, value: String) throws {
        #expect(try matches(pattern, value))
    }

    @Test(
        "does not match the rest",
        arguments: [
            ("a.c", "ac"), ("^abc$", "xabc"), ("^a{2,3}$", "aaaa"), ("[^abc]", "abc"), ("\\.", "ab"), ("\\bcat\\b", "concatenate"),
            ("^[[:upper:]]+$", "1"), ("é", "e"), ("^.$", "éa"), ("\\B", "a"), ("$a", "a"),
        ])
    func doesNotMatch(pattern: String, value: String) throws {
        #expect(try !matches(pattern, value))
    }

    @Test("case counts under i;octet")
    func caseCounts() throws {
        #expect(try !matches("HELLO", "hello", comparator: "i;octet"))
        #expect(try !matches("[A-Z]", "q", comparator: "i;octet"))
        #expect(try matches("^[[:lower:]]+$", "q", comparator: "i;octet"))
    }

    @Test(
        "refuses what is no pattern, and says why",
        arguments: [
            ("(", "a '(' that is not closed by a ')'"), (")", "')' without a '(' before it"), ("[a", "a '[' that is not closed by a ']'"),
            ("*a", "'*' without anything before it to repeat"), ("a{3,2}", "the numbers in '{ }' are in the wrong order"),
            ("a{1", "a '{' that is not closed by a '}'"), ("a{999}", "more than 255 repetitions"), ("(a)\\\\1", "back-references (\\1) are not supported"),
            ("[[:letters:]]", "there is no class of characters '[:letters:]'"), ("[z-a]", "a range in '[ ]' is in the wrong order"),
            ("a\\\\", "a backslash at the end"), ("((a{255}){255}){255}", "the pattern is too large"),
            (String(repeating: "(", count: 51), "groups nest deeper than 50"), ("a??????", "too many repetitions in a row"),
            ("(){255}{255}{255}", "the pattern is too large"),
        ])
    func refusesPatterns(pattern: String, expected: String) {
        let found = complaint("require \"regex\"; if header :regex \"x\" \"\(pattern)\" { }")
        #expect(found.hasSuffix(" is no regular expression: " + expected), "\(found)")
    }

    @Test("takes linear time where others take exponential", .timeLimit(.minutes(1)))
    func takesLinearTime() throws {
        let value = String(repeating: "a", count: 500) + "!"
        for pattern in ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(a*)*b", "^(a?){100}a{100}$"] {
            #expect(try !matches(pattern, value))
        }
    }

    @Test("finds a match wherever it begins", arguments: ["needle[0-9]", "[n-n]eedle7", "(n|N)eedle", "e{2}", "[^ y]+7$", "é?needle"])
    func findsAnywhere(pattern: String) throws {
        #expect(try matches(pattern, "yyyy é needle needle7"))
    }
}
