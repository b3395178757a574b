import Testing

@testable import Formats

@Suite("BodyParts: the algorithm of RFC 8621 §4.1.4")
struct BodyPartsTests {
    /// Names of the parts, which are their contents.
    private func names(_ parts: [MessagePart]) -> String { parts.map { $0.decodedText().text.filter(\.isLetter) }.joined() }

    @Test("the example of the RFC")
    func example() {
        func leaf(_ type: String, _ name: String, _ disposition: String = "") -> String {
            "Content-Type: \(type)\n\(disposition.isEmpty ? "" : "Content-Disposition: \(disposition)\n")\n\(name)\n"
        }
        let text = """
            Content-Type: multipart/mixed; boundary=1

            --1
            \(leaf("text/plain", "A", "inline"))--1
            Content-Type: multipart/mixed; boundary=2

            --2
            Content-Type: multipart/alternative; boundary=3

            --3
            Content-Type: multipart/mixed; boundary=4

            --4
            \(leaf("text/plain", "B", "inline"))--4
            \(leaf("image/jpeg", "C", "inline"))--4
            \(leaf("text/plain", "D", "inline"))--4--
            --3
            Content-Type: multipart/related; boundary=5

            --5
            \(leaf("text/html", "E"))--5
            \(leaf("image/jpeg", "F"))--5--
            --3--
            --2
            \(leaf("image/jpeg", "G", "attachment"))--2
            \(leaf("application/x-excel", "H"))--2
            Content-Type: message/rfc822

            Subject: J

            J
            --2--
            --1
            \(leaf("text/plain", "K", "inline"))--1--
            """
        let parts = Message(parsing: Array(text.utf8)).bodyParts
        #expect(names(parts.textBody) == "ABCDK")
        #expect(names(parts.htmlBody) == "AEK")
        #expect(names(parts.attachments.dropLast()) == "CFGH")
        #expect(parts.attachments.last?.type == "message/rfc822")
        #expect(parts.hasAttachment)
    }

    @Test(
        "an attachment is what one would look for",
        arguments: [
            ("text/plain", "", "", false), ("application/pdf", "attachment", "", true), ("application/pdf", "", "", true),
            ("image/png", "inline", "", false), ("image/png", "", "<a@b>", false), ("text/calendar", "", "", true),
        ])
    func hasAttachment(type: String, disposition: String, cid: String, isAttachment: Bool) {
        let message = message(
            "Content-Type: multipart/related; boundary=b", "", "--b", "Content-Type: text/html", "", "x", "--b", "Content-Type: \(type)",
            disposition.isEmpty ? "X: y" : "Content-Disposition: \(disposition)", cid.isEmpty ? "X: y" : "Content-ID: \(cid)", "", "y", "--b--")
        if type != "text/plain" { #expect(message.bodyParts.hasAttachment == isAttachment) }
    }

    @Test("an alternative with one kind of text only is the body in both lists")
    func oneKind() {
        let html = message("Content-Type: multipart/alternative; boundary=b", "", "--b", "Content-Type: text/html", "", "x", "--b--").bodyParts
        #expect(html.textBody.map(\.type) == ["text/html"])
        #expect(html.htmlBody.map(\.type) == ["text/html"])
    }
}

@Suite("MessageSummary")
struct MessageSummaryTests {
    @Test("has the convenience properties of RFC 8621 §4.1.3")
    func properties() {
        let summary = MessageSummary(
            of: message(
                "From: Alice <alice@example.org>", "To: bob@example.org, c@d.e", "Subject: Re: =?utf-8?Q?gr=C3=BCn?=", "Message-ID: <1@x>",
                "In-Reply-To: <0@x>", "References: <a@x> <0@x>", "Date: Mon, 3 Jun 2024 09:15:00 +0200", "", "Hello there"))
        #expect(summary.from == [EmailAddress(name: "Alice", email: "alice@example.org")])
        #expect(summary.to?.map(\.email) == ["bob@example.org", "c@d.e"])
        #expect(summary.cc == nil)
        #expect(summary.subject == "Re: grün")
        #expect(summary.baseSubject.text == "grün")
        #expect(summary.messageIds == ["1@x"])
        #expect(summary.inReplyTo == ["0@x"])
        #expect(summary.references == ["a@x", "0@x"])
        #expect(summary.sentAt?.rfc3339 == "2024-06-03T09:15:00+02:00")
        #expect(summary.preview == "Hello there")
        #expect(summary.bodyText == "Hello there")
        #expect(!summary.hasAttachment)
    }

    @Test(
        "the preview is the first words, without quotes, rules and signature",
        arguments: [
            ("one\r\n\r\n  two", "one two"), ("> quoted\r\nanswer", "answer"), ("> only quoted", "> only quoted"), ("text\r\n-- \r\nme", "text"),
            ("------\r\ntext\r\n======", "text"), ("", ""), ("a\u{200B}b\u{AD}c", "abc"),
        ])
    func preview(body: String, preview: String) {
        let message = message("Content-Type: text/plain; charset=utf-8", "", body)
        #expect(MessageSummary(of: message).preview == preview)
    }

    @Test("the preview has at most 256 characters")
    func previewLength() {
        let message = message("Content-Type: text/plain; charset=utf-8", "", String(repeating: "wörter ", count: 200))
        #expect(MessageSummary(of: message).preview.unicodeScalars.count <= 256)
        #expect(MessageSummary(of: message).preview.utf16.count > 240)
    }

    @Test("an alternative is searched once, attachments by name")
    func search() {
        let message = message(
            "Content-Type: multipart/mixed; boundary=m", "", "--m", "Content-Type: multipart/alternative; boundary=b", "", "--b", "", "plain words",
            "--b", "Content-Type: text/html", "", "<p>plain <b>words</b></p>", "--b--", "--m", "Content-Type: application/pdf; name=offer.pdf", "", "x", "--m--")
        let summary = MessageSummary(of: message)
        #expect(summary.bodyText == "plain words")
        #expect(summary.attachmentNames == ["offer.pdf"])
        #expect(summary.hasAttachment)
    }
}

@Suite("HTMLText")
struct HTMLTextTests {
    @Test(
        "gives the words that a reader sees",
        arguments: [
            ("<p>one</p><p>two</p>", "one\ntwo"), ("a<br>b", "a\nb"), ("a <b>b</b>  c", "a b c"), ("<td>a</td><td>b</td>", "a b"),
            ("<style>x{}</style>a<script>b</script>c", "ac"), ("<head><title>t</title></head>a", "a"), ("a<!-- x > y -->b", "ab"),
            ("&lt;a&gt; &amp; &euro;&#8364;&#x20AC;&#128;", "<a> & €€€€"), ("a&nbsp;b&zwnj;c", "a bc"), ("a & b &unknown; c", "a & b &unknown; c"),
            ("a < b", "a < b"), ("<a title=\"x > y\">b</a>", "b"), ("<pre>a\nb</pre>", "a\nb"), ("<script>never closed", ""), ("<", "<"),
            ("&", "&"), ("<p", ""), ("", ""), ("\n\n a \n b \n", "a b"), ("<STYLE>x</STYLE>a", "a"), ("&eacute;&Eacute", "éÉ"), ("<div>a</div>b", "a\nb"),
        ])
    func text(html: String, text: String) {
        #expect(HTMLText.plainText(of: html) == text)
    }

    @Test("stops at the limit")
    func limit() {
        #expect(HTMLText.plainText(of: String(repeating: "word ", count: 1000), limit: 50).utf8.count < 60)
    }
}

@Suite("MboxFile")
struct MboxFileTests {
    @Test("messages lie between separators")
    func splits() {
        let text = "From a@b Mon Jun  3 09:15:00 2024\nSubject: 1\n\none\n\nFrom here it is text\n\nFrom c@d Mon Jun  3 09:15:00 2024\r\nSubject: 2\n\ntwo\n"
        let bytes = Array(text.utf8)
        let messages = MboxFile.messages(in: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
        #expect(messages == ["Subject: 1\n\none\n\nFrom here it is text\n", "Subject: 2\n\ntwo\n"])
        #expect(MboxFile.messages(in: []).isEmpty)
    }
}
