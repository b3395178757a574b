import Testing

@testable import Formats

/// The value of a field with that text, in the form that `form` asks for.
private func value<Result>(_ text: String, name: String = "X", _ form: (HeaderField) -> Result) -> Result? {
    Message(parsing: Array("\(name):\(text)\r\n\r\n".utf8)).headers.first.map(form)
}

@Suite("Header form Text, RFC 8621 §4.1.2.2")
struct TextFormTests {
    @Test(
        "decodes encoded words, as the examples of RFC 2047 §8 ask",
        arguments: [
            ("=?ISO-8859-1?Q?a?=", "a"), ("=?ISO-8859-1?Q?a?= b", "a b"), ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"), ("=?ISO-8859-1?Q?a?=\r\n  =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a_b?=", "a b"), ("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
        ])
    func examples(raw: String, text: String) {
        #expect(value(" " + raw, \.text) == text)
    }

    @Test(
        "decodes what real programs write",
        arguments: [
            ("=?utf-8?B?w6k=?=", "é"), ("=?UTF-8?b?w6k?=", "é"), ("=?utf-8*en?Q?=C3=A9?=", "é"), ("=?iso-8859-1?q?=e9?=", "é"),
            ("=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "café"), ("=?utf-8?B?w6k=?==?utf-8?B?w6k=?=", "éé"),
            ("=?utf-8?Q?Re?=: what", "Re: what"), ("=?windows-1251?B?z/Do4uXy?=", "Привет"), ("=?gb2312?B?xOO6ww==?=", "你好"),
            ("=?utf-8?Q?=00a=07b?=", "ab"), ("=?x-nothing?Q?caf=C3=A9?=", "café"), ("e\u{301}", "é"), ("(=?utf-8?Q?a?=)", "(a)"),
        ])
    func real(raw: String, text: String) {
        #expect(value(" " + raw, \.text) == text)
    }

    @Test(
        "leaves what only looks like an encoded word",
        arguments: [
            "a=?utf-8?Q?b?=", "=?utf-8?Q?b?=c", "=?utf-8?X?b?=", "=?utf-8?Q?b", "=?utf-8?Q?a b?=", "=??Q?a?=", "=?", "=?=?=?=?", "a =?= b",
        ])
    func lookalikes(raw: String) {
        #expect(value(" " + raw, \.text) == raw)
    }

    @Test("unfolds, and drops spaces at the start only")
    func unfolds() {
        #expect(value("   one\r\n two\r\n\tthree ", \.text) == "one two\tthree ")
    }

    @Test("8-bit bytes are UTF-8, or what old programs sent")
    func eightBit() {
        #expect(value(" gr\u{FC}n", \.text) == "grün")
        let message = Message(parsing: Array("Subject: gr".utf8) + [0xFC] + Array("n\n\n".utf8))
        #expect(message.header("subject")?.text == "grün")
        #expect(message.header("subject")?.raw == " gr\u{FFFD}n")
        let russian = Message(parsing: Array("Content-Type: text/plain; charset=koi8-r\nSubject: ".utf8) + [0xC1] + Array("\n\n".utf8))
        #expect(russian.header("subject")?.text == "а")
    }
}

@Suite("Header forms Addresses and GroupedAddresses, RFC 8621 §4.1.2.3–4")
struct AddressFormTests {
    @Test("the example of the RFC")
    func example() {
        let raw = "\"  James Smythe\" <james@example.com>, Friends:\r\n  jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=\r\n  <john@example.com>;"
        let groups = value(" " + raw, \.groupedAddresses)
        #expect(
            groups == [
                EmailAddressGroup(addresses: [EmailAddress(name: "James Smythe", email: "james@example.com")]),
                EmailAddressGroup(
                    name: "Friends",
                    addresses: [EmailAddress(email: "jane@example.com"), EmailAddress(name: "John Smîth", email: "john@example.com")]),
            ])
        #expect(value(" " + raw, \.addresses)?.count == 3)
    }

    @Test(
        "one mailbox, as people and programs write it",
        arguments: [
            ("a@b.c", nil, "a@b.c"), ("<a@b.c>", nil, "a@b.c"), ("A B <a@b.c>", "A B", "a@b.c"), ("a@b.c (A B)", "A B", "a@b.c"),
            ("\"A, B\" <a@b.c>", "A, B", "a@b.c"), ("\"A \\\"x\\\" B\" <a@b.c>", "A \"x\" B", "a@b.c"), ("A (c) B <a@b.c>", "A B", "a@b.c"),
            ("<@x.y,@z:a@b.c>", nil, "a@b.c"), ("\"a b\"@c.d", nil, "\"a b\"@c.d"), ("a . b @ c . d", nil, "a.b@c.d"),
            ("=?utf-8?Q?J=C3=BCrgen?= M <j@m.de>", "Jürgen M", "j@m.de"), ("\"=?utf-8?Q?J=C3=BCrgen?=\" <j@m.de>", "Jürgen", "j@m.de"),
            ("=?utf-8?Q?a?= =?utf-8?Q?b?= <x@y.z>", "ab", "x@y.z"), ("J. R. Doe <j@d.e>", "J. R. Doe", "j@d.e"),
            ("Jürgen <jürgen@exämple.de>", "Jürgen", "jürgen@exämple.de"), ("O'Hara <o@h.ie>", "O'Hara", "o@h.ie"),
            ("nobody", nil, "nobody"), ("A B <>", "A B", ""), ("A B <a@b.c", "A B", "a@b.c"), ("a@b.c>", nil, "a@b.c"),
            ("a@[192.0.2.1]", nil, "a@[192.0.2.1]"), ("\"never closed <a@b.c>", nil, "never closed <a@b.c>"), ("a@b.c@d", nil, "a@b.c@d"),
            ("First Last <first <a@b.c>", "First Last", "a@b.c"), ("<aaa bbb>", nil, "aaa bbb"), ("<a@b.c> Later", "Later", "a@b.c"), ("a@b.c <a@b.c>", "a@b.c", "a@b.c"),
        ] as [(String, String?, String)])
    func mailbox(raw: String, name: String?, email: String) {
        #expect(value(" " + raw, \.addresses) == [EmailAddress(name: name, email: email)])
    }

    @Test(
        "lists of odd shape",
        arguments: [
            ("", []), (",,", []), ("a@b, ,c@d", ["a@b", "c@d"]), ("a@b; c@d", ["a@b", "c@d"]), ("undisclosed-recipients:;", []),
            ("Group: a@b, c@d;, e@f", ["a@b", "c@d", "e@f"]), ("Group: a@b", ["a@b"]), ("(only a comment)", []), ("<>", []),
            ("A <a@b> B <c@d>", ["a@b", "c@d"]), ("a@b\r\n\tc@d", ["a@bc@d"]), ("mailto:a@b", ["a@b"]),
        ])
    func lists(raw: String, emails: [String]) {
        #expect(value(" " + raw, \.addresses)?.map(\.email) == emails)
    }

    @Test("empty groups are kept in the grouped form")
    func emptyGroup() {
        #expect(value(" undisclosed-recipients:;", \.groupedAddresses) == [EmailAddressGroup(name: "undisclosed-recipients", addresses: [])])
    }
}

@Suite("Header forms MessageIds, Date, URLs, Raw")
struct OtherFormTests {
    @Test(
        "message ids, RFC 8621 §4.1.2.5",
        arguments: [
            ("<a@b>", ["a@b"]), ("<a@b> <c@d>", ["a@b", "c@d"]), ("<a@b>\r\n\t<c@d>", ["a@b", "c@d"]), ("(comment <x@y>) <a@b>", ["a@b"]),
            ("\"phrase <x@y>\" <a@b>", ["a@b"]), ("a@b", ["a@b"]), ("Your message of Monday", nil), ("", nil), ("<>", nil), ("<a@ b>", ["a@b"]),
            ("<a@b>,<c@d>", ["a@b", "c@d"]), ("<a@b", ["a@b"]),
        ] as [(String, [String]?)])
    func messageIds(raw: String, ids: [String]?) {
        #expect(value(" " + raw, \.messageIds) == .some(ids))
    }

    @Test("What is read of one field is bounded") func boundedForms() throws {
        let many = String(repeating: "<a@b>,", count: 20_000)
        let long = String(repeating: "abcdefghij ", count: 100_000) + "a@b.example"
        #expect(value(many, \.messageIds)??.count == 1000)
        #expect(value(many, \.addresses)?.count == 10_000)
        #expect(value(String(repeating: "a:;", count: 20_000), \.groupedAddresses)?.count == 10_000)
        #expect(value(long, \.addresses)?.isEmpty == true)
    }

    @Test(
        "URLs, RFC 8621 §4.1.2.7",
        arguments: [
            ("<mailto:a@b>", ["mailto:a@b"]), ("<http://x/y>, <mailto:a@b>", ["http://x/y", "mailto:a@b"]), ("<http://x/\r\n y>", ["http://x/y"]),
            ("(comment) <ftp://x>", ["ftp://x"]), ("NO (posting not allowed)", nil), ("", nil), ("http://x", nil), ("<http://x", nil),
        ] as [(String, [String]?)])
    func urls(raw: String, urls: [String]?) {
        #expect(value(" " + raw, \.urls) == .some(urls))
    }

    @Test("raw keeps the leading space and the folds, and drops NUL")
    func raw() {
        #expect(value(" a\r\n b\0c", \.raw) == " a\r\n bc")
    }

    @Test(
        "forms are allowed for the fields that RFC 8621 lists",
        arguments: [
            ("Subject", HeaderForm.text, true), ("Subject", .addresses, false), ("from", .groupedAddresses, true), ("From", .text, false),
            ("X-Thing", .urls, true), ("List-Post", .urls, true), ("List-Post", .text, false), ("List-Id", .text, true), ("Date", .date, true), ("Received", .text, false),
            ("References", .messageIds, true), ("Resent-To", .addresses, true), ("Content-Type", .text, true), ("Received", .raw, true),
        ])
    func allowed(name: String, form: HeaderForm, isAllowed: Bool) {
        #expect(form.isAllowed(forField: name) == isAllowed)
    }
}

@Suite("InternetDate: RFC 5322 §3.3, RFC 3339")
struct InternetDateTests {
    @Test(
        "parses Date fields",
        arguments: [
            ("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"), ("1 Jan 2020 00:00 GMT", "2020-01-01T00:00:00Z"),
            ("21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z"), ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", nil),
            ("Thu, 13 Feb 1969 23:32:54 -0330", "1969-02-13T23:32:54-03:30"), ("Wed, 5 Jun 24 10:00:00 EST", "2024-06-05T10:00:00-05:00"),
            ("Mon Jun  3 09:15:00 2024", "2024-06-03T09:15:00Z"), ("Mon, 3 Jun 2024 09:15:00 +0200 (CEST)", "2024-06-03T09:15:00+02:00"),
            ("3 Jun 124 09:15:00 +0000", "2024-06-03T09:15:00Z"), ("Mon, 03 Jun 2024 09:15:00 A", "2024-06-03T09:15:00Z"),
            ("03-Jun-2024 09:15:00 +0100", "2024-06-03T09:15:00+01:00"), ("Sat, 29 Feb 2020 23:59:60 +0000", "2020-02-29T23:59:59Z"),
            ("Mon, 30 Feb 2024 10:00:00 +0000", nil), ("yesterday", nil), ("", nil), ("25:99", nil), ("1 Jan 12345 00:00:00 GMT", nil), ("Mon, 3 Jun 2024", "2024-06-03T00:00:00Z"),
            ("Mon,3 Jun 2024 09:15:00+0200", "2024-06-03T09:15:00+02:00"), ("29 Aug 0102 19:49:31 +0300", "2002-08-29T19:49:31+03:00"), ("3 June 2024 9:15 PST", "2024-06-03T09:15:00-08:00"),
        ] as [(String, String?)])
    func parses(text: String, rfc3339: String?) {
        #expect(InternetDate(parsing: text)?.rfc3339 == rfc3339)
    }

    @Test(
        "writes what it reads",
        arguments: [
            "Fri, 21 Nov 1997 09:55:06 -0600", "Thu, 1 Jan 1970 00:00:00 +0000", "Sat, 29 Feb 2020 23:59:59 +1400", "Mon, 31 Dec 1900 12:00:00 +0530",
            "Sat, 1 Mar 2200 00:00:00 -1130",
        ])
    func roundTrips(text: String) {
        #expect(InternetDate(parsing: text)?.description == text)
    }

    @Test(
        "reads RFC 3339 strictly",
        arguments: [
            ("2014-10-30T14:12:00+08:00", 1_414_649_520), ("2014-10-30T06:12:00Z", 1_414_649_520), ("2014-10-30T06:12:00.123Z", 1_414_649_520),
            ("2014-10-30 06:12:00Z", nil), ("2014-10-30T06:12:00", nil), ("2014-13-30T06:12:00Z", nil), ("2014-10-30T06:12:00Zx", nil),
            ("2014-10-30T06:12:00.Z", nil), ("2014-10-30T24:12:00Z", nil), ("", nil),
        ] as [(String, Int64?)])
    func rfc3339(text: String, seconds: Int64?) {
        #expect(InternetDate(rfc3339: text)?.seconds == seconds)
    }

    @Test("the moment in UTC")
    func utc() {
        #expect(InternetDate(seconds: 1_414_649_520, offsetMinutes: 480).utcRFC3339 == "2014-10-30T06:12:00Z")
    }
}

@Suite("Base subject of RFC 5256 §2.1")
struct BaseSubjectTests {
    @Test(
        "replies, forwards, lists and blanks go",
        arguments: [
            ("Hello", "Hello", false), ("Re: Hello", "Hello", true), ("RE:Re: Fwd: Hello", "Hello", true), ("[list] Re: Hello", "Hello", true),
            ("Re: [list] Hello", "Hello", true), ("Hello (fwd)", "Hello", true), ("[Fwd: Hello]", "Hello", true), ("Re[2]: Hello", "Hello", true),
            ("[list]", "[list]", false), ("  a \t b  ", "a b", false), ("AW: WG: Hallo", "Hallo", true), ("Regarding: this", "Regarding: this", false),
            ("Re:", "", true), ("", "", false), ("[a] [b] c", "c", false), ("Fwd: [Fwd: [Fwd: x]]", "x", true), ("Re : x", "x", true),
        ])
    func base(subject: String, text: String, isReply: Bool) {
        let base = BaseSubject(of: subject)
        #expect(base.text == text)
        #expect(base.isReplyOrForward == isReply)
    }
}
