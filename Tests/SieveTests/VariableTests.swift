import Sieve
import Testing

@Suite("Variables and the extensions around them")
struct VariableTests {
    @Test(
        "sets variables, and puts them into strings: RFC 5229",
        arguments: [
            ("set \"x\" \"dollar\";", "dollar"), ("set \"X\" \"y\";", "y"), ("set \"a\" \"1\"; set \"x\" \"${a}${A}\";", "11"),
            ("set \"x\" \"${unset}!\";", "!"), ("set \"x\" \"${}\";", "${}"), ("set \"x\" \"${a b}\";", "${a b}"), ("set \"x\" \"$${\";", "$${"),
            ("set \"x\" \"a\"; set \"x\" \"${x}b${x}\";", "aba"), ("set \"x\" \"${9}\";", ""), ("set \"x\" \"${99999999999999999999}\";", ""),
            ("set \"x\" \"&${\";", "&${"), ("set \"a\" \"x\"; set \"x\" \"${${a}}\";", "${x}"),
            ("set :length \"x\" \"été\";", "3"), ("set :length \"x\" \"\";", "0"), ("set :lower \"x\" \"JuMBlÉ\";", "jumblé"),
            ("set :upper \"x\" \"abc\";", "ABC"), ("set :upperfirst \"x\" \"juMB\";", "JuMB"), ("set :lowerfirst \"x\" \"JUMB\";", "jUMB"),
            ("set :upperfirst :lower \"x\" \"juMBlEd\";", "Jumbled"), ("set :quotewildcard \"x\" \"Rock*\";", "Rock\\*"),
            ("set :quotewildcard :length \"x\" \"a?\\\\b\";", "6"), ("set :lower :upperfirst \"x\" \"éTÉ\";", "Été"),
        ])
    func setsVariables(commands: String, expected: String) throws {
        #expect(try Scenario().value(commands) == expected)
    }

    @Test(
        "keeps what wildcards matched, each as short as can be from the left",
        arguments: [
            (":matches", "*", "hello", "hello|hello"), (":matches", "h*l*", "hello", "hello|e|lo"), (":matches", "*l*", "hello", "hello|he|lo"),
            (":matches", "?*?", "abc", "abc|a|b|c"), (":matches", "[*] *", "[acme-users] [fwd] anvils", "[acme-users] [fwd] anvils|acme-users|[fwd] anvils"),
            (":matches", "*a*b*c", "xaybzcc", "xaybzcc|x|y|zc"), (":matches", "**", "ab", "ab||ab"), (":matches", "a*", "A", "A|"),
            (":matches", "\\\\**", "*x", "*x|x"), (":matches", "", "", ""), (":regex", "h(.*)o", "hello", "hello|ell"),
            (":regex", "l+", "hello", "ll"), (":regex", "(a)|(e)", "hello", "e||e"), (":regex", "(a|ab)(c|bcd)(d*)", "abcd", "abcd|a|bcd|"),
            (":regex", "(x*)(x*)", "xxx", "xxx|xxx|"),
            (":regex", "((a*)?c)*$", "aaa*cc", "cc|c|"), (":regex", "(([[:alpha:]])*|a){1,2}", "aa", "aa|aa|a"), (":regex", "(a*)*", "aa", "aa|aa"),
            (":regex", "(a*)+", "b", "|"), (":regex", "((b?)+){1,2}", "bbc", "bb|bb|b"), (":regex", "(a|(b*))*c", "abbac", "abbac|a|bb"),
            (":regex", "^([^ ]+) (.+)$", "one two three", "one two three|one|two three"),
        ])
    func keepsMatches(how: String, key: String, value: String, expected: String) throws {
        let count = expected.split(separator: "|", omittingEmptySubsequences: false).count
        let parts = (0..<count).map { "${\($0)}" }.joined(separator: "|")
        let commands = "set \"v\" \"\(value)\"; if string \(how) \"${v}\" \"\(key)\" { set \"x\" \"\(parts)\"; } else { set \"x\" \"no\"; }"
        #expect(try Scenario().value(commands, require: "regex") == expected)
    }

    @Test("a match that fails leaves the earlier one; short-circuit leaves the rest untried: RFC 5229 §3.2")
    func failedMatchKeeps() throws {
        let commands = """
            if header :matches "subject" "I have * for *" { }
            if header :matches "subject" "nothing like *" { }
            if anyof(true, header :matches "to" "*") { }
            if header :contains "to" "acme" { }
            set "x" "${1}, ${2}";
            """
        #expect(try Scenario().value(commands) == "a present, you")
    }

    @Test("the example of RFC 5229 §3.2: a list's messages, prefixed by its name")
    func listExample() throws {
        let script = """
            require ["fileinto", "variables"];
            if header :matches "List-ID" "*<*@*" { fileinto "INBOX.lists.${2}"; }
            """
        let scenario = Scenario("List-ID: Users <acme-users@example.com>\nSubject: [acme-users] [fwd] version 1.0 is out\n\n")
        #expect(try scenario.actions(script) == ["fileinto INBOX.lists.acme-users"])
    }

    @Test("a mailbox's name that a message gives is cleaned; an empty one is an error", arguments: [
        ("Subject: a\tb", "fileinto a b"), ("Subject:", "error: the mailbox has no name"),
        ("Subject: \(String(repeating: "é", count: 600))", "fileinto \(String(repeating: "é", count: 500))"),
    ])
    func cleansNames(field: String, expected: String) throws {
        let script = "require [\"fileinto\", \"variables\"]; if header :matches \"subject\" \"*\" { fileinto \"${1}\"; }"
        #expect(try Scenario(field + "\n\n").actions(script) == [expected])
    }

    @Test("without require, a dollar is a dollar")
    func withoutRequire() throws {
        #expect(try Scenario().actions("require \"fileinto\"; fileinto \"${x}\";") == ["fileinto ${x}"])
    }

    @Test("variables are bounded in number; values are cut between characters")
    func boundsValues() throws {
        var limits = SieveLimits()
        limits.variableSize = 9
        let script = "require [\"variables\", \"fileinto\"]; set \"x\" \"ééééé\"; fileinto \"${x}\";"
        #expect(try Scenario().run(script, limits: limits).actions.map(\.summary) == ["fileinto éééé"])
        limits.variables = 2
        #expect(complaint("require \"variables\"; set \"a\" \"${b}\";", limits: limits) == "valid")
        #expect(complaint("require \"variables\"; set \"a\" \"${b}${c}\";", limits: limits) == "1:30 more than 2 variables")
    }

    @Test("doubling a variable again and again fills no memory")
    func doublingIsBounded() throws {
        let doubling = String(repeating: "set \"x\" \"${x}${x}${x}${x}${x}${x}${x}${x}\";", count: 200)
        let length = try Scenario().value("set \"x\" \"abc\"; \(doubling) set :length \"x\" \"${x}\";")
        #expect(length == String(16 << 10))
    }

    // MARK: imap4flags

    @Test(
        "sets flags: RFC 5232",
        arguments: [
            ("addflag \"\\\\seen\";", ["implicit keep [\\Seen]"]), ("setflag \"\\\\Deleted\"; fileinto \"a\";", ["fileinto a [\\Deleted]"]),
            ("addflag \"\\\\Deleted\"; addflag [\"\\\\Answered\"]; keep;", ["keep [\\Deleted \\Answered]"]),
            ("addflag \"\\\\deleted \\\\Answered\"; removeflag \"\\\\DELETED\"; keep;", ["keep [\\Answered]"]),
            ("addflag [\"$work\", \"$WORK\", \"a b\"]; keep;", ["keep [$work a b]"]), ("addflag \"\"; keep;", ["keep"]),
            ("setflag \"a\"; setflag \"b\"; keep;", ["keep [b]"]), ("keep :flags \"x y\"; addflag \"z\";", ["keep [x y]"]),
            ("addflag \"z\"; keep :flags \"\";", ["keep"]), ("fileinto :flags [\"a\", \"\\\\Flagged\"] \"m\";", ["fileinto m [a \\Flagged]"]),
            ("addflag \"\\\\Recent \\\\* \\\\Wrong bad(atom ok\"; keep;", ["keep [ok]"]),
            ("addflag \"mine\" \"a b\"; removeflag \"mine\" \"a\"; keep :flags \"${mine}\";", ["keep [b]"]),
            ("set \"mine\" \"A a b\"; addflag \"mine\" \"c\"; keep :flags \"${mine}\";", ["keep [A b c]"]),
            ("addflag \"early\"; fileinto :copy \"a\"; addflag \"late\";", ["fileinto a [early]", "implicit keep [early late]"]),
        ])
    func setsFlags(commands: String, expected: [String]) throws {
        #expect(try Scenario().actions("require [\"imap4flags\", \"fileinto\", \"variables\", \"copy\"]; " + commands) == expected)
    }

    @Test(
        "asks for flags",
        arguments: [
            ("hasflag \"\\\\SEEN\"", true), ("hasflag [\"x\", \"$work\"]", true), ("hasflag \"x y\"", false), ("hasflag \"x $work\"", true),
            ("hasflag :contains \"wor\"", true), ("hasflag :matches \"$*\"", true), ("hasflag :count \"eq\" \"2\"", true),
            ("hasflag \"mine\" \"b\"", true), ("hasflag [\"none\", \"mine\"] \"a\"", true), ("hasflag \"mine\" \"$work\"", false),
            ("hasflag :count \"ge\" :comparator \"i;ascii-numeric\" [\"mine\"] \"3\"", false),
        ])
    func asksForFlags(test: String, expected: Bool) throws {
        let before = "setflag \"\\\\Seen $work\"; set \"mine\" \"a b\";"
        let require = "imap4flags variables relational comparator-i;ascii-numeric"
        #expect(try Scenario().holds(test, require: require, before: before) == expected)
    }

    // MARK: relational, regex, subaddress, environment

    @Test(
        "compares by order and by count: RFC 5231",
        arguments: [
            (":value \"gt\" :comparator \"i;ascii-numeric\" \"x-spam-score\" \"9\"", true),
            (":value \"gt\" \"x-spam-score\" \"9\"", false), (":value \"lt\" \"x-priority\" \"4\"", true),
            (":value \"eq\" :comparator \"i;ascii-numeric\" \"x-priority\" \"003\"", true),
            (":value \"ge\" :comparator \"i;ascii-numeric\" \"subject\" \"99999999999999999999999\"", true),
            (":is :comparator \"i;ascii-numeric\" \"x-spam-score\" \"42abc\"", true), (":count \"eq\" [\"to\", \"cc\"] \"2\"", true),
            (":count \"gt\" :comparator \"i;ascii-numeric\" [\"received\"] [\"0\"]", false),
            (":count \"eq\" :comparator \"i;ascii-numeric\" [\"received\"] [\"0\"]", true),
            (":value \"ne\" \"x-priority\" \"3\"", false), (":value \"LE\" \"subject\" \"i have\"", false),
        ])
    func comparesByOrder(test: String, expected: Bool) throws {
        #expect(try Scenario().holds("header \(test)", require: "relational comparator-i;ascii-numeric") == expected)
    }

    @Test("counts addresses, not fields: RFC 5231 §6")
    func countsAddresses() throws {
        let require = "relational comparator-i;ascii-numeric envelope"
        let numeric = ":comparator \"i;ascii-numeric\""
        #expect(try Scenario().holds("address :count \"eq\" \(numeric) [\"to\", \"cc\"] \"3\"", require: require))
        #expect(try Scenario().holds("envelope :count \"eq\" \(numeric) [\"to\", \"from\"] \"2\"", require: require))
    }

    @Test(
        "finds the parts of a local part: RFC 5233",
        arguments: [
            ("ken+sieve@x.example", ":user", "ken", true), ("ken+sieve@x.example", ":detail", "sieve", true),
            ("ken+a+b@x.example", ":detail", "a+b", true), ("ken+@x.example", ":detail", "", true), ("ken@x.example", ":detail", "", false),
            ("ken@x.example", ":user", "ken", true), ("+sieve@x.example", ":user", "", true), ("ken+sieve@x.example", ":localpart", "ken+sieve", true),
        ])
    func findsDetail(address: String, part: String, key: String, expected: Bool) throws {
        var scenario = Scenario("To: \(address)\n\n")
        scenario.environment.recipient = address
        #expect(try scenario.holds("address \(part) \"to\" \"\(key)\"", require: "subaddress") == expected)
        #expect(try scenario.holds("envelope \(part) \"to\" \"\(key)\"", require: "subaddress envelope") == expected)
    }

    @Test("a message to user+detail goes to the mailbox of that name")
    func filesByDetail() throws {
        var scenario = Scenario()
        scenario.environment.recipient = "ken+lists@x.example"
        let script = """
            require ["envelope", "subaddress", "fileinto", "variables"];
            if envelope :matches :detail "to" "*" { set :lower :upperfirst "name" "${1}"; fileinto "INBOX/${name}"; }
            """
        #expect(try scenario.actions(script) == ["fileinto INBOX/Lists"])
    }

    @Test("tells its surroundings: RFC 5183")
    func tellsEnvironment() throws {
        var scenario = Scenario()
        scenario.environment.items["remote-ip"] = "192.0.2.1"
        #expect(try scenario.holds("environment \"location\" \"mda\"", require: "environment"))
        #expect(try scenario.holds("environment :contains \"Name\" \"portal\"", require: "environment"))
        #expect(try scenario.holds("environment :matches \"remote-ip\" \"192.0.*\"", require: "environment"))
        #expect(try !scenario.holds("environment :contains \"item-x\" \"\"", require: "environment"))
    }

    @Test("tells which extensions it may use")
    func tellsUse() throws {
        let script = try SieveScript(parsing: "require [\"ihave\"]; if ihave [\"body\"] { keep; } if ihave [\"magic\", \"copy\"] { keep; }".utf8)
        #expect(script.requires == ["ihave"])
        #expect(script.uses == ["ihave", "body"])
    }

    @Test("asks what the server has, before it uses it: RFC 5463", arguments: [
        ("if ihave \"fileinto\" { fileinto \"a\"; }", ["fileinto a"]),
        ("if ihave [\"fileinto\", \"magic\"] { conjure \"a\"; } else { discard; }", ["discard"]),
        ("if not ihave \"magic\" { error \"no magic\"; }", ["error: no magic"]),
        ("conjure \"a\";", ["error: there is no command 'conjure'"]),
        ("if allof(ihave \"magic\", spell :loud \"a\") { discard; }", ["implicit keep"]),
        ("if spell \"a\" { discard; }", ["error: there is no test 'spell'"]),
        ("if ihave \"copy\" { redirect :copy \"a@example.org\"; }", ["redirect a@example.org", "implicit keep"]),
    ])
    func asksForExtensions(commands: String, expected: [String]) throws {
        #expect(try Scenario().actions("require \"ihave\"; " + commands) == expected)
    }
}
