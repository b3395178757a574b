import Formats
import Sieve
import Testing

@Suite("The base language of RFC 5228")
struct BaseTests {
    @Test(
        "keeps by itself unless an action cancels that",
        arguments: [
            ("", ["implicit keep"]), ("stop;", ["implicit keep"]), ("discard;", ["discard"]), ("keep;", ["keep"]), ("keep; keep;", ["keep"]),
            ("discard; keep;", ["keep"]), ("keep; discard;", ["keep"]), ("fileinto \"Lists\";", ["fileinto Lists"]),
            ("fileinto \"Lists\"; keep;", ["fileinto Lists", "keep"]), ("redirect \"a@example.org\";", ["redirect a@example.org"]),
            ("redirect \"a@example.org\"; keep;", ["redirect a@example.org", "keep"]),
            ("fileinto \"a\"; fileinto \"b\"; fileinto \"a\";", ["fileinto b", "fileinto a"]),
            ("fileinto \"INBOX\"; fileinto \"inbox\";", ["fileinto inbox"]),
            ("redirect \"a@example.org\"; redirect \"A@EXAMPLE.org\";", ["redirect a@example.org"]),
            ("fileinto :copy \"Lists\";", ["fileinto Lists", "implicit keep"]),
            ("redirect :copy \"Ann <a@example.org>\";", ["redirect a@example.org", "implicit keep"]),
            ("fileinto :copy \"a\"; discard;", ["fileinto a"]),
            ("if size :over 1M { discard; }", ["implicit keep"]),
        ])
    func keepsByItself(script: String, expected: [String]) throws {
        #expect(try Scenario().actions("require [\"fileinto\", \"copy\"]; " + script) == expected)
    }

    @Test(
        "takes the first branch that holds, and no other",
        arguments: [
            ("if true { redirect \"a@b.example\"; } else { discard; }", ["redirect a@b.example"]),
            ("if false { redirect \"a@b.example\"; } else { discard; }", ["discard"]),
            ("if false { } elsif true { discard; } elsif true { redirect \"a@b.example\"; }", ["discard"]),
            ("if false { discard; } elsif false { discard; }", ["implicit keep"]),
            ("if true { if false { } else { stop; } } discard;", ["implicit keep"]),
            ("if true { stop; } discard;", ["implicit keep"]),
        ])
    func takesOneBranch(script: String, expected: [String]) throws {
        #expect(try Scenario().actions(script) == expected)
    }

    @Test(
        "holds tests true that are",
        arguments: [
            "true", "not false", "allof(true, true)", "anyof(false, true)", "not allof(true, false)", "not anyof(false, false)",
            "header :is \"subject\" \"i HAVE a present for you\"", "header :contains \"SUBJECT\" \"PRESENT\"",
            "not header :contains :comparator \"i;octet\" \"subject\" \"PRESENT\"", "header :matches \"subject\" \"*present*you\"",
            "header :matches \"subject\" \"? have a ???????*\"", "not header :matches \"subject\" \"present\"",
            "header :contains [\"x-none\", \"subject\"] [\"zzz\", \"present\"]", "not header :contains \"subject:\" \"\"",
            "header :contains \"subject\" \"\"", "not header :contains \"x-none\" \"\"", "not header :is \"x-none\" \"\"",
            "exists \"From\"", "exists [\"from\", \"To\", \"CC\"]", "not exists [\"from\", \"x-none\"]", "size :over 1", "size :under 1M",
            "not size :over 1M", "address :is \"from\" \"COYOTE@desert.example\"", "address :localpart :is \"from\" \"coyote\"",
            "address :domain :is \"from\" \"desert.example\"", "address :all :contains \"to\" \"farm\"",
            "address :is [\"from\", \"cc\"] \"pig@example.org\"", "not address :contains \"cc\" \"Porky\"", "not address :is \"bcc\" \"\"",
            "header :matches \"subject\" \"\\\\I*\"", "not header :matches \"subject\" \"\\\\**\"",
        ])
    func holdsTrue(test: String) throws {
        #expect(try Scenario().holds(test))
    }

    @Test("a size is over and under only strictly: RFC 5228 §5.9")
    func sizeIsStrict() throws {
        let size = Scenario().bytes.count
        #expect(try !Scenario().holds("size :over \(size)"))
        #expect(try !Scenario().holds("size :under \(size)"))
        #expect(try Scenario().holds("size :over \(size - 1)"))
        #expect(try Scenario().holds("size :under \(size + 1)"))
    }

    @Test(
        "decodes header fields to UTF-8 before it compares",
        arguments: [
            ("Subject: =?iso-8859-1?Q?caf=E9?= =?utf-8?B?IOKCrA==?=", "café €"), ("Subject: folded\n\tand folded\n  again  ", "folded\tand folded  again"),
            ("Subject:    blanks   ", "blanks"), ("Subject: raw ü", "raw ü"), ("Subject :  odd", "odd"), ("Subject:", ""),
            ("Subject: =?nonsense", "=?nonsense"),
        ])
    func decodesFields(field: String, expected: String) throws {
        let scenario = Scenario(field + "\nFrom: a@example.org\n\nx\n")
        #expect(try scenario.holds("header :is :comparator \"i;octet\" \"subject\" \"\(expected)\""))
    }

    @Test(
        "reads addresses as RFC 5322 has them",
        arguments: [
            ("To: \"A, B\" <a@x.example>, (comment) b@y.example", ":is", "b@y.example", true),
            ("To: friends: a@x.example, b@y.example;", ":is", "b@y.example", true), ("To: undisclosed-recipients:;", ":domain", "undisclosed-recipients:;", false),
            ("To: =?utf-8?Q?c=40z.example?= <a@x.example>", ":contains", "z.example", false),
            ("To: undisclosed-recipients:;", ":contains", "UNDISCLOSED", true), ("To:", ":is", "", true), ("To: friends: ;", ":localpart", "", false),
            ("To: nobody", ":is", "nobody", true), ("To: nobody", ":localpart", "nobody", false), ("To: nobody", ":domain", "", false),
            ("To: \"odd local\"@x.example", ":localpart", "odd local", true), ("To: a@b@x.example", ":domain", "x.example", true),
        ])
    func readsAddresses(field: String, how: String, key: String, expected: Bool) throws {
        #expect(try Scenario(field + "\n\n").holds("address \(how) \"to\" \"\(key)\"") == expected)
    }

    @Test("tells the envelope, whole or in parts")
    func tellsEnvelope() throws {
        #expect(try Scenario().holds("envelope :is \"from\" \"coyote@desert.example\"", require: "envelope"))
        #expect(try Scenario().holds("envelope :domain \"TO\" \"acme.example\"", require: "envelope"))
        #expect(try !Scenario().holds("envelope :is \"to\" \"leghorn+farm@acme.example\"", require: "envelope"))
    }

    @Test("the null sender is an empty string, whatever part is asked for", arguments: ["", ":all", ":localpart", ":domain"])
    func nullSenderIsEmpty(part: String) throws {
        var scenario = Scenario()
        scenario.environment.sender = ""
        #expect(try scenario.holds("envelope \(part) \"from\" \"\"", require: "envelope"))
    }

    @Test("an error at run time keeps the message, and takes back what was asked for")
    func errorKeeps() throws {
        let script = "require [\"variables\", \"fileinto\"];\nfileinto \"a\";\nset \"who\" \"nobody\";\n  redirect \"${who}\";"
        let result = try Scenario().run(script)
        #expect(result.actions == [.keep(.init(isImplicit: true))])
        #expect(result.error == SieveError(line: 4, column: 3, message: "\"nobody\" is not an email address"))
    }

    @Test("sends on to a few addresses at most")
    func boundsRedirects() throws {
        let redirects = (0..<6).map { "redirect \"a\($0)@example.org\";" }.joined()
        #expect(try Scenario().actions(redirects) == ["error: more than 5 redirects of one message"])
    }

    @Test("the example of RFC 5228 §10: two accounts' mail in its place", arguments: [
        ("From: coyote@desert.example\nTo: roadrunner@acme.example\n\n", ["keep"]),
        ("From: a@b.example\nTo: friends@list.example\nSender: owner-friends@list.example\n\n", ["fileinto friends"]),
        ("From: a@b.example\nTo: x@elsewhere.example\nSubject: make money fast\n\n", ["fileinto spam"]),
        ("From: a@b.example\nTo: roadrunner@acme.example\nSubject: MAKE money FAST!!!\n\n", ["fileinto spam"]),
        ("From: a@b.example\nTo: roadrunner@acme.example\nSubject: hello\n\n", ["fileinto personal"]),
    ])
    func extendedExample(message: String, expected: [String]) throws {
        let script = """
            require ["fileinto"];
            # Lists first
            if header :is "Sender" "owner-friends@list.example"
                    {
                    fileinto "friends";  # move to its folder
                    }
            elsif address :DOMAIN :is ["From", "To"] "desert.example"
                    {
                    keep;                # in the inbox
                    }
            elsif anyof (NOT address :all :contains
                           ["To", "Cc", "Bcc"] "roadrunner@acme.example",
                         header :matches "subject"
                           ["*make*money*fast*", "*university*dipl*mas*"])
                    {
                    fileinto "spam";     # not to me, or about money
                    }
            else
                    {
                    fileinto "personal";
                    }
            """
        #expect(try Scenario(message).actions(script) == expected)
    }

    @Test("refuses, and then does nothing else: RFC 5429", arguments: [
        ("reject \"No.\";", ["reject No."]), ("ereject \"No.\";", ["ereject No."]), ("discard; reject \"No.\";", ["reject No."]),
        ("reject \"No.\"; reject \"No.\";", ["error: 'reject' cannot be combined with 'reject' for the same message"]),
        ("fileinto \"a\"; reject \"No.\";", ["error: 'reject' cannot be combined with 'fileinto' for the same message"]),
        ("ereject \"No.\"; keep;", ["error: 'keep' cannot be combined with 'ereject' for the same message"]),
        ("redirect \"a@example.org\"; ereject \"No.\";", ["error: 'ereject' cannot be combined with 'redirect' for the same message"]),
        ("reject \"No.\"; vacation \"Away\";", ["error: 'vacation' cannot be combined with 'reject' for the same message"]),
    ])
    func refuses(script: String, expected: [String]) throws {
        #expect(try Scenario().actions("require [\"reject\", \"ereject\", \"fileinto\", \"vacation\"]; " + script) == expected)
    }
}
