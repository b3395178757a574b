import Formats
import Sieve
import Testing

@Suite("Tests of the message: body, date, index")
struct MessageTests {
    // MARK: body

    static let multipart = """
        From: a@example.org
        Subject: parts
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary=outer

        This is the prologue.
        --outer
        Content-Type: text/plain; charset=iso-8859-1
        Content-Transfer-Encoding: quoted-printable

        caf=E9 au lait
        --outer
        Content-Type: text/html; charset=utf-8

        <html><head><title>hidden</title></head><body><p>Big <b>sale</b> today</p></body></html>
        --outer
        Content-Type: application/octet-stream
        Content-Transfer-Encoding: base64

        U0VDUkVUIGF0dGFjaG1lbnQ=
        --outer
        Content-Type: message/rfc822

        From: inner@example.org
        Subject: an inner subject

        The inner text.
        --outer--
        This is the epilogue.

        """

    @Test(
        "looks into the body: RFC 5173",
        arguments: [
            (":contains \"café au\"", true), (":contains \"big sale today\"", true), (":contains \"hidden\"", false), (":contains \"<b>\"", false),
            (":contains \"inner text\"", true), (":contains \"SECRET\"", false), (":text :contains \"sale\"", true),
            (":raw :contains \"caf=e9\"", true), (":raw :contains \"--outer\"", true), (":raw :contains \"Subject: parts\"", false),
            (":raw :contains \"epilogue\"", true), (":content \"text\" :contains \"café\"", true), (":content \"text\" :contains \"<b>\"", true),
            (":content \"text/plain\" :contains \"<b>\"", false), (":content \"TEXT/HTML\" :contains \"<b>sale\"", true),
            (":content \"application/octet-stream\" :contains \"SECRET attach\"", true), (":content \"\" :contains \"secret\"", true),
            (":content \"multipart\" :contains \"prologue\"", true), (":content \"multipart\" :contains \"epilogue\"", true),
            (":content \"multipart\" :contains \"café\"", false), (":content \"multipart\" :contains \"--outer\"", false),
            (":content \"multipart\" :is \"This is the epilogue.\n\"", true), (":content \"multipart\" :matches \"*prologue*epilogue*\"", false),
            (":content \"message/rfc822\" :is \"From: inner@example.org\r\nSubject: an inner subject\r\n\"", true),
            (":raw :contains \"prologue.\r\n--outer\"", true), (":raw :contains \"prologue.\n--outer\"", true),
            (":content \"text\" :count \"eq\" \"3\"", true), (":content \"message/rfc822\" :contains \"inner subject\"", true),
            (":content \"message\" :contains \"inner text\"", false), (":content [\"image\", \"text\"] :contains \"lait\"", true),
            (":content \"nonsense/\" :contains \"\"", false), (":raw :matches \"*prologue*epilogue*\"", true),
            (":text :regex \"caf. au\"", true),
        ])
    func looksIntoBody(test: String, expected: Bool) throws {
        #expect(try Scenario(Self.multipart).holds("body \(test)", require: "body regex relational") == expected)
    }

    @Test("the body sets no match variables: RFC 5173 §6")
    func bodySetsNothing() throws {
        let value = try Scenario().value("if body :matches \"*anvil*\" { set \"x\" \"<${1}>\"; }", require: "body")
        #expect(value == "<>")
    }

    @Test("a body of nothing has an empty raw text")
    func emptyBody() throws {
        #expect(try Scenario("Subject: x\n\n").holds("body :raw :is \"\"", require: "body"))
        #expect(try Scenario("Subject: x").holds("body :raw :is \"\"", require: "body"))
    }

    @Test("a multipart without parts is all prologue")
    func multipartWithoutParts() throws {
        let scenario = Scenario("Content-Type: multipart/mixed; boundary=b\n\nnothing but words\n")
        #expect(try scenario.holds("body :content \"multipart\" :contains \"but words\"", require: "body"))
    }

    @Test("looks at the first megabytes of a body only")
    func bodyIsBounded() throws {
        var limits = SieveLimits()
        limits.bodySize = 1000
        let scenario = Scenario("X: y\n\n" + String(repeating: "a", count: 1000) + "needle")
        let script = "require \"body\"; if body :contains \"needle\" { discard; } elsif body :raw :contains \"needle\" { discard; }"
        #expect(try scenario.run(script, limits: limits).actions.map(\.summary) == ["implicit keep"])
        #expect(try scenario.run(script).actions.isEmpty)
    }

    // MARK: date

    @Test(
        "takes dates apart: RFC 5260",
        arguments: [
            ("year", "1997"), ("month", "04"), ("day", "01"), ("date", "1997-04-01"), ("julian", "50539"), ("hour", "17"), ("minute", "06"),
            ("second", "31"), ("time", "17:06:31"), ("iso8601", "1997-04-01T17:06:31Z"), ("std11", "Tue, 1 Apr 1997 17:06:31 +0000"),
            ("zone", "+0000"), ("weekday", "2"), ("WEEKDAY", "2"),
        ])
    func takesDatesApart(part: String, expected: String) throws {
        #expect(try Scenario().holds("date \"date\" \"\(part)\" \"\(expected)\"", require: "date"))
    }

    @Test(
        "shows dates in the zone that is asked for",
        arguments: [
            (":originalzone", "1997-04-01T09:06:31-08:00"), (":zone \"+0530\"", "1997-04-01T22:36:31+05:30"),
            (":zone \"-1000\"", "1997-04-01T07:06:31-10:00"), (":zone \"+0900\"", "1997-04-02T02:06:31+09:00"),
        ])
    func showsZones(zone: String, expected: String) throws {
        #expect(try Scenario().holds("date \(zone) \"date\" \"iso8601\" \"\(expected)\"", require: "date"))
    }

    @Test("without a zone, the user's own counts, as it was at that moment")
    func localZoneCounts() throws {
        var scenario = Scenario()
        scenario.environment.localOffset = { $0 < 1_000_000_000 ? 60 : 120 }
        #expect(try scenario.holds("date \"date\" \"zone\" \"+0100\"", require: "date"))
        #expect(try scenario.holds("date \"date\" \"hour\" \"18\"", require: "date"))
        #expect(try scenario.holds("currentdate \"iso8601\" \"2023-11-15T00:13:20+02:00\"", require: "date"))
    }

    @Test("compares the current date")
    func comparesCurrentDate() throws {
        let require = "date relational"
        #expect(try Scenario().holds("currentdate :value \"ge\" \"date\" \"2023-11-14\"", require: require))
        #expect(try Scenario().holds("allof(currentdate :value \"ge\" \"hour\" \"09\", currentdate :value \"lt\" \"hour\" \"23\")", require: require))
        #expect(try Scenario().holds("currentdate :is \"weekday\" \"2\"", require: require))
        #expect(try !Scenario().holds("currentdate :is \"weekday\" [\"0\", \"6\"]", require: require))
        #expect(try Scenario().holds("currentdate :zone \"+0100\" \"hour\" \"23\"", require: require))
    }

    @Test("finds the date of a Received field after its semicolon; the first field counts, or the one of :index")
    func receivedDates() throws {
        let scenario = Scenario(
            "Received: from a (b; c) by d; Mon, 2 Jan 2006 15:04:05 +0000\nReceived: by e; Sun, 1 Jan 2006 00:00:00 +0000\nSubject: x\n\n")
        #expect(try scenario.holds("date \"received\" \"date\" \"2006-01-02\"", require: "date"))
        #expect(try !scenario.holds("date \"received\" \"date\" \"2006-01-01\"", require: "date"))
        #expect(try scenario.holds("date :index 2 \"received\" \"date\" \"2006-01-01\"", require: "date index"))
        #expect(try scenario.holds("date :index 1 :last \"received\" \"date\" \"2006-01-01\"", require: "date index"))
    }

    @Test("what is no date matches nothing", arguments: ["subject", "x-none"])
    func noDate(name: String) throws {
        #expect(try !Scenario().holds("date :contains \"\(name)\" \"year\" \"\"", require: "date"))
    }

    // MARK: index

    @Test("looks at the one field that is meant: RFC 5260 §6", arguments: [
        (":index 1", "a", true), (":index 2", "b", true), (":index 3", "c", true), (":index 1 :last", "c", true), (":last :index 3", "a", true),
        (":index 4", "", false), (":index 4 :last", "", false), (":index 2", "a", false),
    ])
    func looksAtOneField(index: String, value: String, expected: Bool) throws {
        let scenario = Scenario("X: a\nX: b\nY: z\nx: c\n\n")
        #expect(try scenario.holds("header \(index) :\(value.isEmpty ? "contains" : "is") \"x\" \"\(value)\"", require: "index") == expected)
    }

    @Test("the address test counts fields too")
    func indexOfAddresses() throws {
        let scenario = Scenario("To: a@x.example, b@x.example\nTo: c@x.example\n\n")
        #expect(try scenario.holds("address :index 1 \"to\" \"b@x.example\"", require: "index"))
        #expect(try scenario.holds("address :index 2 \"to\" \"c@x.example\"", require: "index"))
        #expect(try !scenario.holds("address :index 2 \"to\" \"b@x.example\"", require: "index"))
    }
}
