import Sieve
import Testing

@Suite("The grammar of RFC 5228 §8")
struct GrammarTests {
    @Test(
        "takes what is valid",
        arguments: [
            "", "\r\n\r\n", "# a comment without an end", "/* one\nof several lines */ keep;", "keep;", "KEEP;", "keep # why not\n;",
            "require \"fileinto\";", "require [\"fileinto\", \"copy\"];", "require []; keep;", "if true { }", "if true{keep;}else{discard;}",
            "if false { } elsif true { stop; } else { }", "if not not true { keep; }", "if anyof(true, false) { keep; }",
            "if allof ( true , anyof ( false , true ) ) { keep; }", "if size :over 100K { discard; }", "if size :under 1g { keep; }",
            "if header :contains \"a\" \"b\" { }", "if header [\"a\", \"b\"] [\"c\"] { }", "if exists \"\" { }",
            "if header :comparator \"i;octet\" :is \"a\" \"b\" { }", "if header :is :comparator \"i;octet\" \"a\" \"b\" { }",
            "redirect \"a@example.org\";", "redirect \"Ann <a@example.org>\";", "if address :all :is \"from\" \"a@example.org\" { }",
            "\u{FEFF}keep;", "if header \"x\" text:\na\n.\n { }", "if header \"x\" text: # why\r\na\r\n..\r\n.\r\n { }",
            "if header \"x\" \"${unicode:110000}\" { }",
        ])
    func takesValid(script: String) {
        #expect(complaint(script) == "valid")
    }

    @Test(
        "tells where and why a script is no script",
        arguments: [
            ("keep", "1:1 'keep' is not finished: a ';' or a block in '{ }' is missing"),
            ("keep\ndiscard;", "2:1 'keep' takes no test; is a ';' missing before 'discard'?"),
            ("keep; }", "1:7 '}' without a '{' before it"),
            ("if true {\n  keep;\n", "1:9 this '{' is never closed by a '}'"),
            (";", "1:1 a ';' without a command before it"),
            ("\"keep\";", "1:1 a command is expected here, not the string \"keep\""),
            ("if header \"a\" \"b { }", "1:15 this string is never closed by a double quote"),
            ("if header 'a' \"b\" { }", "1:11 strings are written between double quotes (\")"),
            ("/* keep;", "1:1 this comment is never closed by */"),
            ("if header [\"a\" \"b\"] \"c\" { }", "1:16 a ',' or ']' is expected between strings, not the string \"b\""),
            ("if header [\"a\", 5] \"c\" { }", "1:17 a list holds strings only, not the number 5"),
            ("if anyof (true false) { }", "1:16 'true' takes no test; is a ',' missing before 'false'?"),
            ("if anyof (true, ) { }", "1:17 a test is expected here, not ')'"),
            ("if size :over 100X { }", "1:15 a number may end in K, M or G, and in nothing else"),
            ("if size :over 99999999999999999999 { }", "1:15 this number is too large"),
            ("if size :over -1 { }", "1:15 numbers cannot be negative"),
            ("reject text:\nnever closed", "1:8 this text is never closed by a line with a single dot"),
            ("reject text: x", "1:14 the text must begin on the line after 'text:'"),
            ("keep ✗;", "1:6 unexpected character '✗'"),
            ("if header \"é\" ✗ { }", "1:15 unexpected character '✗'"),
            ("keep\u{0};", "1:5 unexpected character 0x0"),
            ("redirect \"a\u{0}\";", "1:12 a string cannot hold the character NUL"),
            ("keep : ;", "1:6 a tag's name must follow the colon"),
        ])
    func refusesInvalid(script: String, expected: String) {
        #expect(complaint(script) == expected)
    }

    @Test(
        "tells what a command does not take",
        arguments: [
            ("frobnicate;", "1:1 there is no command 'frobnicate'"),
            ("header \"a\" \"b\";", "1:1 'header' is a test; write 'if header … { … }'"),
            ("if keep { }", "1:4 there is no test 'keep'"),
            ("if true;", "1:1 'if' needs a block in '{ }'"),
            ("if { }", "1:1 'if' needs a test"),
            ("if (true, false) { }", "1:1 'if' takes one test; join several by 'allof' or 'anyof'"),
            ("if anyof true { }", "1:4 'anyof' needs a list of tests in parentheses"),
            ("keep { }", "1:1 'keep' takes no block in '{ }'"),
            ("keep 5;", "1:6 'keep' takes no further argument: the number 5"),
            ("else { }", "1:1 'else' without an 'if' right before it"),
            ("if true { } keep; elsif true { }", "1:19 'elsif' without an 'if' right before it"),
            ("if true { } else { } elsif true { }", "1:22 'elsif' without an 'if' right before it"),
            ("if true { } else true { }", "1:18 'else' takes no test; is it meant to be 'elsif'?"),
            ("if true { } elseif true { }", "1:13 there is no command 'elseif'; it is written 'elsif'"),
            ("keep; require \"copy\";", "1:7 'require' must stand before all other commands"),
            ("require \"magic\";", "1:9 there is no extension \"magic\" on this server"),
            ("require [\"copy\", \"magic\"];", "1:18 there is no extension \"magic\" on this server"),
            ("fileinto \"x\";", "1:1 the command 'fileinto' needs 'require \"fileinto\";' at the start of the script"),
            ("if envelope \"from\" \"x\" { }", "1:4 the test 'envelope' needs 'require \"envelope\";' at the start of the script"),
            ("redirect :copy \"a@example.org\";", "1:10 ':copy' needs 'require \"copy\";' at the start of the script"),
            ("redirect \"nobody\";", "1:10 \"nobody\" is not an email address"),
            ("redirect \"a@example.org, b@example.org\";", "1:10 \"a@example.org, b@example.org\" is not an email address"),

            ("redirect;", "1:1 'redirect' lacks an argument: the address to redirect to"),
            ("redirect [\"a@example.org\", \"b@example.org\"];", "1:10 'redirect' takes one string here: the address to redirect to"),
            ("redirect 5;", "1:10 'redirect' takes one string here: the address to redirect to"),
            ("if header contains \"a\" \"b\" { }", "1:11 'contains' is written with a colon before it: ':contains'"),
            ("if size 5 { }", "1:4 'size' needs ':over' or ':under'"),
            ("if size :over :under 5 { }", "1:15 ':over' and ':under' exclude each other"),
            ("if size :over \"5\" { }", "1:15 'size' takes a number here: the size"),
            ("if header :is :contains \"a\" \"b\" { }", "1:15 ':is' and ':contains' exclude each other"),
            ("if header :is :is \"a\" \"b\" { }", "1:15 ':is' is given twice"),
            ("if header \"a\" :is \"b\" { }", "1:15 ':is' must stand before \"a\": tags come first"),
            ("if header :frob \"a\" \"b\" { }", "1:11 'header' has no tag ':frob'"),
            ("if header \"a\" { }", "1:4 'header' lacks an argument: what to look for"),
            ("if header :comparator \"i;klingon\" \"a\" \"b\" { }", "1:23 there is no comparator \"i;klingon\""),
            ("if header :comparator :is \"a\" \"b\" { }", "1:11 ':comparator' must be followed by a string"),
            (
                "if header :comparator \"i;ascii-numeric\" \"a\" \"b\" { }",
                "1:23 this comparator needs 'require \"comparator-i;ascii-numeric\";' at the start of the script"
            ),
            (
                "require \"comparator-i;ascii-numeric\";\nif header :contains :comparator \"i;ascii-numeric\" \"a\" \"b\" { }",
                "2:11 numbers can be compared by ':is', ':value' and ':count', not by ':contains'"
            ),
            ("if address \"subject\" \"x\" { }", "1:12 the header field \"subject\" holds no addresses; use the test 'header'"),
            ("if address :all :domain \"from\" \"x\" { }", "1:17 ':all' and ':domain' exclude each other"),
            ("require \"envelope\"; if envelope \"size\" \"x\" { }", "1:33 the envelope has \"from\" and \"to\", and no \"size\""),
            ("require \"fileinto\"; fileinto \"\";", "1:30 the mailbox has no name"),
            ("require \"regex\"; if header :regex \"a\" \"(b\" { }", "1:39 \"(b\" is no regular expression: a '(' that is not closed by a ')'"),
            ("require \"encoded-character\"; redirect \"${unicode:110000}\";", "1:39 a '${unicode:…}' in this string names no character"),
            ("require \"relational\"; if header :count \"many\" \"a\" \"b\" { }",
             "1:40 ':count' is followed by \"gt\", \"ge\", \"lt\", \"le\", \"eq\" or \"ne\""),
            ("require \"date\"; if currentdate \"fortnight\" \"x\" { }",
             "1:32 a date has no part \"fortnight\"; it has year, month, day, date, julian, hour, minute, second, time, iso8601, std11, zone, weekday"),
            ("require \"date\"; if currentdate :zone \"CET\" \"hour\" \"x\" { }",
             "1:38 a zone is written as an offset from UTC, such as \"+0200\""),
            ("require \"index\"; if header :index 0 \"a\" \"b\" { }", "1:35 ':index' counts from 1"),
            ("require \"index\"; if header :last \"a\" \"b\" { }", "1:21 ':last' says from where ':index' counts, and ':index' is missing"),
            ("require \"variables\"; set \"1\" \"x\";", "1:26 \"1\" is set by matches, and cannot be set otherwise"),
            ("require \"variables\"; set \"a b\" \"x\";", "1:26 \"a b\" is no name of a variable: letters, digits and '_', no digit first"),
            ("require \"variables\"; set \"x\" \"${company.name}\";", "1:30 there is no namespace 'company' for variables"),
            ("require \"vacation\"; vacation :days 3 :seconds 5 \"x\";",
             "1:38 ':seconds' needs 'require \"vacation-seconds\";' at the start of the script"),
            ("require \"vacation-seconds\"; vacation :days 3 :seconds 5 \"x\";", "1:55 ':days' and ':seconds' exclude each other"),
            ("require \"vacation\"; vacation :from \"me\" \"x\";", "1:36 \"me\" is not an email address"),
            ("require \"editheader\"; addheader \"X Y\" \"z\";", "1:33 \"X Y\" is no name of a header field"),
            ("require [\"fileinto\", \"special-use\"]; fileinto :specialuse \"Junk\" \"Spam\";",
             "1:59 \"Junk\" is no special use; they begin with a backslash, written \"\\\\Junk\""),
        ])
    func tellsWhatIsWrong(script: String, expected: String) {
        #expect(complaint(script) == expected)
    }

    @Test("decodes strings", arguments: [
        ("\"a\\\"b\\\\c\\d\"", "a\"b\\cd"), ("text:\na\n.b\n..c\n.\n", "a\n.b\n.c\n"), ("text:\r\na\r\n\r\nb\r\n.\r\n", "a\n\nb\n"), ("\"two\nlines\"", "two\nlines"),
        ("text:\n.\n", ""),
    ])
    func decodesStrings(literal: String, expected: String) throws {
        #expect(try Scenario().actions("require \"reject\"; reject \(literal);") == ["reject \(expected)"])
    }

    @Test(
        "decodes encoded characters where they are required: RFC 5228 §2.4.2.4",
        arguments: [
            ("$${hex:40}", "$@"), ("${hex: 40 }", "@"), ("${HEX: 40}", "@"), ("${hex:40", "${hex:40"), ("${hex:400}", "${hex:400}"),
            ("${hex:4${hex:30}}", "${hex:40}"), ("${unicode:40}", "@"), ("${ unicode:40}", "${ unicode:40}"), ("${UnICoDE:0000040}", "@"),
            ("${Unicode:Cool}", "${Unicode:Cool}"), ("${hex:c3 a9}", "é"), ("${unicode:1F600 41}", "😀A"), ("${hex:}", "${hex:}"),
        ])
    func decodesCharacters(text: String, expected: String) throws {
        #expect(try Scenario().actions("require [\"reject\", \"encoded-character\"]; reject \"\(text)\";") == ["reject \(expected)"])
        #expect(try Scenario().actions("require [\"reject\"]; reject \"\(text)\";") == ["reject \(text)"])
    }
}
