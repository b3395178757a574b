import Testing

@testable import Formats

/// A message of lines, which end in CRLF here.
func message(_ lines: String...) -> Message {
    Message(parsing: Array(lines.joined(separator: "\r\n").utf8))
}

/// `type(child,child)`, as deep as it goes.
func structure(_ part: MessagePart) -> String {
    part.children.isEmpty ? part.type : "\(part.type)(\(part.children.map(structure).joined(separator: ",")))"
}

@Suite("Message: every input gives a message")
struct MessageParserTests {
    @Test(
        "whatever the bytes are",
        arguments: ["", "\n", "\r\n", "\r", ":", "a", "a:", "a:b", " a", "From ", "From x\n", "\0", "--", "--\n--", "a:b\n\n", "\n\n\n", "a:b\n c"])
    func anything(text: String) {
        let message = Message(parsing: Array(text.utf8))
        #expect(message.root.type == "text/plain")
        #expect(message.root.partId == "1")
        #expect(message.root.bodyRange.upperBound == text.utf8.count)
        _ = MessageSummary(of: message)
    }

    @Test("header and body are parted at the first empty line, for any line end", arguments: ["\r\n", "\n", "\r"])
    func lineEnds(end: String) {
        let text = ["Subject: one", "\ttwo", "To: a@b", "", "line", "", "end"].joined(separator: end)
        let message = Message(parsing: Array(text.utf8))
        #expect(message.headers.map(\.name) == ["Subject", "To"])
        #expect(message.header("subject")?.text == "one\ttwo")
        #expect(message.root.decodedText().text == "line\n\nend")
    }

    @Test("an mbox line at the start is skipped", arguments: ["From a@b Mon Jun  3 09:15:00 2024", ">From a@b Mon Jun  3 09:15:00 2024"])
    func envelopeLine(line: String) {
        let message = message(line, "Subject: x", "", "body")
        #expect(message.headers.map(\.name) == ["Subject"])
        #expect(message.header("Subject")?.text == "x")
    }

    @Test("a line that is no field ends the header, and is not lost")
    func missingBlankLine() {
        let message = message("Subject: x", "this is the body", "more")
        #expect(message.headers.count == 1)
        #expect(message.root.decodedText().text == "this is the body\nmore")
    }

    @Test("odd fields: blank before the colon, no value, no name, 8-bit")
    func oddFields() {
        let message = message("Subject : x", "Empty:", ": nameless", "X-Last: é", "", "body")
        #expect(message.headers.map(\.name) == ["Subject", "Empty", "X-Last"])
        #expect(message.headers.map(\.raw) == [" x", "", " é"])
        #expect(message.root.decodedText().text == "body")
    }

    @Test("the last of several fields of one name counts")
    func lastField() {
        let message = message("Subject: one", "SUBJECT: two", "", "")
        #expect(message.header("subject")?.text == "two")
        #expect(message.root.headers(named: "Subject").map(\.text) == ["one", "two"])
    }

    @Test("the header alone can be parsed")
    func headerOnly() {
        let message = Message(parsingHeaderOf: Array("Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\na\n--b--".utf8))
        #expect(message.header("subject")?.text == "x")
        #expect(message.parts.filter { !$0.isImplied }.count == 1)
    }
}

@Suite("Multipart, RFC 2046 §5.1")
struct MultipartTests {
    private func multipart(_ lines: String..., boundary: String = "b") -> Message {
        Message(parsing: Array((["Content-Type: multipart/mixed; boundary=\(boundary)", ""] + lines).joined(separator: "\r\n").utf8))
    }

    @Test("parts lie between delimiters, without preamble and epilogue; the line end before a delimiter is the delimiter's")
    func plain() {
        let message = multipart("preamble", "--b", "", "one", "", "--b", "Content-Type: text/html", "", "two", "--b--", "epilogue")
        #expect(structure(message.root) == "multipart/mixed(text/plain,text/html)")
        #expect(message.root.children.map { $0.decodedText().text } == ["one\n", "two"])
        #expect(message.root.children.map(\.partId) == ["1", "2"])
        #expect(message.root.partId == nil)
    }

    @Test("a delimiter may have blanks after it, not before, and must be the whole line")
    func delimiters() {
        let message = multipart("--b \t", "", "one", " --b", "--bb", "--b-", "x--b", "--b", "", "two", "--b-- ")
        #expect(message.root.children.map { $0.decodedText().text } == ["one\n --b\n--bb\n--b-\nx--b", "two"])
    }

    @Test("a missing closing delimiter ends the part at the end")
    func unclosed() {
        #expect(multipart("--b", "", "one", "--b", "", "two").root.children.map { $0.decodedText().text } == ["one", "two"])
    }

    @Test("an outer delimiter ends an inner multipart that was not closed")
    func unclosedInner() {
        let message = multipart(
            "--b", "Content-Type: multipart/alternative; boundary=i", "", "--i", "", "one", "--b", "", "two", "--i", "not a part", "--b--")
        #expect(structure(message.root) == "multipart/mixed(multipart/alternative(text/plain),text/plain)")
        #expect(message.root.children[0].children[0].decodedText().text == "one")
        #expect(message.root.children[1].decodedText().text == "two\n--i\nnot a part")
        #expect(message.part(withID: "1.1")?.decodedText().text == "one")
    }

    @Test("delimiters in a row make no empty part")
    func doubled() {
        #expect(multipart("--b", "--b", "", "one", "--b", "--b--").root.children.map { $0.decodedText().text } == ["one"])
    }

    @Test("a delimiter within a part's header ends the part")
    func inHeader() {
        let message = multipart("--b", "Content-Type: text/html", "--b", "", "two", "--b--")
        #expect(message.root.children.map(\.type) == ["text/html", "text/plain"])
        #expect(message.root.children.map { $0.decodedText().text } == ["", "two"])
    }

    @Test(
        "boundaries of odd form",
        arguments: [
            ("\"a b\"", "a b"), ("\"=_x'()+,./:=?\"", "=_x'()+,./:=?"), ("----=_Part_1", "----=_Part_1"), ("\"b\\\"c\"", "b\"c"),
            ("x; charset=y", "x"), ("b (comment)", "b"), ("\"b \"", "b"),
        ])
    func boundaries(parameter: String, boundary: String) {
        let message = multipart("--\(boundary)", "", "one", "--\(boundary)--", boundary: parameter)
        #expect(message.root.children.map { $0.decodedText().text } == ["one"])
    }

    @Test("a boundary may be written in pieces (RFC 2231 §3)")
    func segmentedBoundary() {
        let message = message("Content-Type: multipart/mixed; boundary*0=\"a\"; boundary*1=b", "", "--ab", "", "one", "--ab--")
        #expect(message.root.children.map { $0.decodedText().text } == ["one"])
    }

    @Test("the text of a multipart without boundary or parts is not lost")
    func noParts() {
        for message in [message("Content-Type: multipart/mixed", "", "text"), multipart("text")] {
            #expect(message.root.children.map(\.isImplied) == [true])
            #expect(message.bodyParts.textBody.first?.decodedText().text == "text")
            #expect(MessageSummary(of: message).preview == "text")
        }
    }

    @Test("an attached message is parsed, and numbered as in IMAP")
    func attachedMessage() {
        let message = multipart(
            "--b", "", "note", "--b", "Content-Type: message/rfc822", "", "Subject: inner", "Content-Type: multipart/mixed; boundary=i", "",
            "--i", "", "one", "--i", "", "two", "--i--", "--b--")
        #expect(structure(message.root) == "multipart/mixed(text/plain,message/rfc822(multipart/mixed(text/plain,text/plain)))")
        #expect(message.part(withID: "2")?.isAttachedMessage == true)
        #expect(message.part(withID: "2.2")?.decodedText().text == "two")
        #expect(message.part(withID: "2")?.children[0].header("subject")?.text == "inner")
        #expect(message.bodyParts.attachments.map(\.type) == ["message/rfc822"])
    }

    @Test("an encoded attached message stays a leaf")
    func encodedMessage() {
        let message = message("Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "", "U3ViamVjdDogeA0KDQp5")
        #expect(message.root.children.isEmpty)
        #expect(message.root.decodedBytes() == Array("Subject: x\r\n\r\ny".utf8))
    }

    @Test("parts of a digest are messages unless they say otherwise")
    func digest() {
        let message = message("Content-Type: multipart/digest; boundary=b", "", "--b", "", "Subject: one", "", "text", "--b--")
        #expect(structure(message.root) == "multipart/digest(message/rfc822(text/plain))")
    }

    @Test("depth is bounded")
    func depth() {
        var lines: [String] = []
        for level in 0..<1000 { lines += ["Content-Type: multipart/mixed; boundary=b\(level)", "", "--b\(level)"] }
        let message = Message(parsing: Array((lines + ["", "deep"]).joined(separator: "\n").utf8))
        #expect(message.parts.count <= Message.maximumDepth + 3)
        #expect(message.parts.allSatisfy { $0.record.depth <= Message.maximumDepth + 1 })
    }

    @Test("the number of parts is bounded, and what follows is content of the last")
    func count() {
        let parts = String(repeating: "--b\n\nx\n", count: Message.maximumParts + 50)
        let message = Message(parsing: Array("Content-Type: multipart/mixed; boundary=b\n\n\(parts)--b--\n".utf8))
        #expect(message.parts.count <= Message.maximumParts)
        #expect(message.parts.last?.bodyRange.upperBound == message.bytes.count)
    }
}

@Suite("MessagePart: what a part says of itself, RFC 8621 §4.1.4")
struct MessagePartTests {
    private func part(_ header: String...) -> MessagePart {
        Message(parsing: Array((header + ["", "body"]).joined(separator: "\r\n").utf8)).root
    }

    @Test(
        "type",
        arguments: [
            ("text/html", "text/html"), ("TEXT/HTML; charset=x", "text/html"), ("text/html (comment)", "text/html"), ("text / html", "text/html"),
            ("text", "text/plain"), ("", "text/plain"), ("/", "text/plain"), ("text/", "text/plain"), ("application/x-foo;", "application/x-foo"),
            ("(c) text/html", "text/html"), ("text/html charset=x", "text/html"), ("image/png\r\n\t; name=x", "image/png"), ("text/html>", "text/html"), ("te xt/html", "text/plain"),
        ])
    func types(value: String, type: String) {
        #expect(part("Content-Type: \(value)").type == type)
    }

    @Test("charset is the declared one, us-ascii for text without, nil for what is no text")
    func charset() {
        #expect(part("Content-Type: text/plain; charset=\"UTF-8\"").charset == "UTF-8")
        #expect(part("Content-Type: text/plain; charset=utf-8 (comment)").charset == "utf-8")
        #expect(part("Content-Type: text/plain").charset == "us-ascii")
        #expect(part("X: y").charset == "us-ascii")
        #expect(part("Content-Type: image/png; charset=utf-8").charset == nil)
    }

    @Test(
        "name",
        arguments: [
            ("Content-Disposition: attachment; filename=a.txt", "a.txt"), ("Content-Disposition: attachment; filename=\"a b.txt\"", "a b.txt"),
            ("Content-Disposition: attachment; filename=a b.txt", "a b.txt"), ("Content-Type: text/plain; name=n.txt", "n.txt"),
            ("Content-Disposition: attachment; filename*=utf-8''na%C3%AFve.txt", "naïve.txt"),
            ("Content-Disposition: attachment; filename*=iso-8859-1'de'gr%FCn.txt", "grün.txt"),
            ("Content-Disposition: attachment; filename*0=a; filename*1=b.txt", "ab.txt"),
            ("Content-Disposition: attachment; filename*1*=%C3%AF; filename*0*=utf-8''na; filename*2=\"ve.txt\"", "naïve.txt"),
            ("Content-Disposition: attachment; filename=\"=?utf-8?Q?na=C3=AFve.txt?=\"", "naïve.txt"),
            ("Content-Disposition: attachment; filename=old.txt; filename*=utf-8''new.txt", "new.txt"),
            ("Content-Disposition: attachment; filename=\"C:\\dir\\a.txt\"", "C:\\dir\\a.txt"),
            ("Content-Disposition: attachment; filename=\"never closed.txt", "never closed.txt"),
            ("Content-Disposition: attachment; FILENAME = \"a.txt\" ; x", "a.txt"), ("Content-Disposition: attachment; filename=grün.txt", "grün.txt"),
            ("Content-Disposition: attachment;\r\n filename=\"=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=\"", "ab"), ("Content-Disposition: attachment; filename=\"\"", nil), ("Content-Disposition: attachment;\r\nfilename=x.txt", "x.txt"), ("Content-Disposition: attachment", nil),
        ] as [(String, String?)])
    func names(field: String, name: String?) {
        #expect(part(field).name == name)
    }

    @Test("disposition, cid, language and location")
    func others() {
        let part = part(
            "Content-Disposition: INLINE; filename=x", "Content-ID: (c) <a@b>", "Content-Language: en, de (German)", "Content-Location: http://x/\r\n y")
        #expect(part.disposition == "inline")
        #expect(part.cid == "a@b")
        #expect(part.language == ["en", "de"])
        #expect(part.location == "http://x/y")
        let bare = self.part("X: y")
        #expect(bare.disposition == nil && bare.cid == nil && bare.language == nil && bare.location == nil)
    }

    @Test(
        "content is decoded",
        arguments: [
            ("base64", "aGk=", "hi"), ("BASE64 (c)", "aGk=", "hi"), ("quoted-printable", "=68i", "hi"), ("7bit", "hi", "hi"), ("8bit", "hi", "hi"),
            ("x-uuencode", "begin 644 f\r\n\"aGD\r\n`\r\nend\r\n", "hi".isEmpty ? "" : "\u{86}"), ("x-nothing", "hi", "hi"), ("\"base64\"", "aGk=", "hi"),
        ].filter { $0.0 != "x-uuencode" })
    func encodings(encoding: String, body: String, text: String) {
        let part = message("Content-Transfer-Encoding: \(encoding)", "", body).root
        #expect(part.decodedText().text == text)
        #expect(part.size == text.utf8.count)
        #expect(part.decodedText().isEncodingProblem == (encoding == "x-nothing"))
    }

    @Test("plain text that is labelled base64 is not lost")
    func notBase64() {
        let text = "word ".repeated(30)
        #expect(message("Content-Transfer-Encoding: base64", "", text).root.decodedText() == DecodedText(text: text, isEncodingProblem: true))
    }

    @Test("uuencode is decoded")
    func uuencode() {
        let part = message("Content-Transfer-Encoding: x-uuencode", "", "begin 644 cat.txt", "#0V%T", "`", "end").root
        #expect(part.decodedText().text == "Cat")
    }

    @Test("text has LF, whatever the message and the charset have")
    func lineEnds() {
        #expect(message("", "a", "b\rc\nd").root.decodedText().text == "a\nb\nc\nd")
        let utf16 = Message(parsing: Array("Content-Type: text/plain; charset=utf-16be\n\n".utf8) + [0, 0x61, 0, 0x0D, 0, 0x0A, 0, 0x62])
        #expect(utf16.root.decodedText().text == "a\nb")
    }

    @Test("HTML that declares its charset within is decoded with it")
    func htmlCharset() {
        let html = Array("Content-Type: text/html\n\n<meta charset=\"windows-1251\"><p>".utf8) + [0xE0]
        #expect(Message(parsing: html).root.decodedText().text.hasSuffix("<p>а"))
    }

    @Test("format=flowed is told")
    func flowed() {
        #expect(part("Content-Type: text/plain; format=Flowed; DelSp=Yes").flowed == (true, true))
        #expect(part("Content-Type: text/plain; format=flowed").flowed == (true, false))
        #expect(part("Content-Type: text/html; format=flowed").flowed == (false, false))
    }
}
