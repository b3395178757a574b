import Testing

@testable import Formats

@Suite("MessageBuilder: RFC 5322, 2045, 2047, 2231")
struct MessageBuilderTests {
    private func build(_ headers: [MessageBuilder.Header], _ body: MessageBuilder.Part = .text("x"), allows8Bit: Bool = false) throws -> [UInt8] {
        var builder = MessageBuilder(headers: headers, body: body)
        builder.boundarySeed = 1
        builder.allows8Bit = allows8Bit
        let bytes = try builder.build()
        expectWellFormed(bytes)
        return bytes
    }

    /// No bare CR or LF, no line above 998 octets.
    private func expectWellFormed(_ bytes: [UInt8]) {
        var line = 0
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0D { #expect(index + 1 < bytes.count && bytes[index + 1] == 0x0A, "bare CR") }
            if byte == 0x0A {
                #expect(index > 0 && bytes[index - 1] == 0x0D, "bare LF")
                #expect(index - 1 - line <= 998)
                line = index + 1
            }
        }
        #expect(bytes.count - line <= 998)
    }

    @Test("a plain message looks as one would write it")
    func plain() throws {
        let bytes = try build(
            [
                .init("From", .addresses([EmailAddress(name: "Alice", email: "alice@example.org")])),
                .init("To", .addresses([EmailAddress(email: "bob@example.org"), EmailAddress(name: "Carol, C.", email: "carol@example.org")])),
                .init("Subject", .text("Hello")), .init("Message-ID", .messageIds(["1@example.org"])),
                .init("Date", .date(InternetDate(seconds: 1_717_398_900, offsetMinutes: 120))),
            ], .text("Hi\nBob"))
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "From: Alice <alice@example.org>\r\nTo: bob@example.org, \"Carol, C.\" <carol@example.org>\r\nSubject: Hello\r\n"
                + "Message-ID: <1@example.org>\r\nDate: Mon, 3 Jun 2024 09:15:00 +0200\r\nMIME-Version: 1.0\r\n"
                + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHi\r\nBob")
    }

    @Test(
        "subjects come back as they were",
        arguments: [
            "", "Hello", "grün", "日本語のとても長い件名".repeated(12), "a  b", "=?utf-8?Q?not_encoded?=", "Re: =?", "word ".repeated(60) + "end",
            "x".repeated(2000), "emoji 👩‍👩‍👧‍👦 family", "tab\there", "ASCII then grün then ASCII", "über".repeated(300), "é é é", "(paren) \"quote\" <angle>",
        ])
    func subjects(subject: String) throws {
        let bytes = try build([.init("Subject", .text(subject))])
        #expect(Message(parsing: bytes).header("subject")?.text == subject)
        #expect(bytes.allSatisfy { $0 < 0x80 })
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\r\n") where subject.utf8.count != 2000 { #expect(line.utf8.count <= 100) }
    }

    @Test(
        "no value makes another header field or line",
        arguments: ["a\r\nBcc: evil@x.org", "a\nBcc: e@x", "a\rBcc: e@x", "a\0b", "\r\n\r\nbody", "a\r\n b", "a\u{85}b", "a\u{2028}Bcc: e@x"])
    func injection(text: String) throws {
        let address = EmailAddress(name: text, email: "a@b.c\(text)")
        let headers: [MessageBuilder.Header] = [
            .init("Subject", .text(text)), .init("X-Raw", .raw(text)), .init("To", .addresses([address])),
            .init("Cc", .groupedAddresses([EmailAddressGroup(name: text, addresses: [address])])), .init("References", .messageIds([text])),
            .init("List-Post", .urls([text])),
        ]
        var part = MessageBuilder.Part.attachment([1], type: "a/b", name: text)
        part.cid = text
        part.location = text
        part.language = [text]
        part.parameters = [("x", text)]
        let bytes = try build(headers, .multipart("mixed", [.text(text), part]))
        let message = Message(parsing: bytes)
        let names = ["Subject", "X-Raw", "To", "Cc", "References", "List-Post", "MIME-Version", "Content-Type"]
        #expect(message.headers.map(\.name).allSatisfy(names.contains))
        #expect(message.root.children.count == 2)
        #expect(message.headers.allSatisfy { !$0.raw.contains("\n\n") })
    }

    @Test(
        "addresses come back as they were",
        arguments: [
            EmailAddress(name: "Alice", email: "a@b.c"), EmailAddress(email: "a@b.c"), EmailAddress(name: "A, \"B\" \\ C", email: "a@b.c"),
            EmailAddress(name: "Jürgen Müller", email: "j@m.de"), EmailAddress(name: "日本語".repeated(30), email: "j@m.jp"),
            EmailAddress(name: "J. R. Doe (Sales)", email: "j@d.e"), EmailAddress(email: "\"a b\"@c.d"), EmailAddress(email: "unfinished"),
            EmailAddress(name: "=?utf-8?Q?x?=", email: "a@b.c"), EmailAddress(name: "Long Name ".repeated(20) + "End", email: "a@b.c"),
        ])
    func addresses(address: EmailAddress) throws {
        let list = [address, EmailAddress(name: "Z", email: "z@z.z")]
        let message = Message(parsing: try build([.init("To", .addresses(list))]))
        #expect(message.header("to")?.addresses == list)
    }

    @Test("groups come back as they were")
    func groups() throws {
        let groups = [
            EmailAddressGroup(addresses: [EmailAddress(email: "a@b.c")]),
            EmailAddressGroup(name: "Freunde & Bekannte: Süd", addresses: [EmailAddress(email: "d@e.f"), EmailAddress(name: "G", email: "g@h.i")]),
            EmailAddressGroup(name: "Nobody", addresses: []),
        ]
        let message = Message(parsing: try build([.init("To", .groupedAddresses(groups))]))
        #expect(message.header("to")?.groupedAddresses == groups)
    }

    @Test("lists without items write no field, and Bcc goes when asked")
    func omitted() throws {
        var builder = MessageBuilder(
            headers: [.init("To", .addresses([])), .init("Bcc", .addresses([EmailAddress(email: "s@x.y")])), .init("References", .messageIds([]))],
            body: .text(""))
        #expect(Message(parsing: try builder.build()).headers.map(\.name).prefix(1) == ["Bcc"])
        builder.keepsBcc = false
        #expect(Message(parsing: try builder.build()).header("bcc") == nil)
    }

    @Test("raw values are written as they are when they may be", arguments: [" plain", " folded\r\n value", "no space", " a: b; c=\"d\""])
    func raw(value: String) throws {
        #expect(Message(parsing: try build([.init("X-Raw", .raw(value))])).header("x-raw")?.raw == value)
    }

    @Test(
        "texts come back as they were, in the encoding that suits them",
        arguments: [
            ("plain\ntext\n", "7bit"), ("grün\n", "quoted-printable"), ("日本語", "base64"), ("From here", "quoted-printable"),
            ("x".repeated(2000), "quoted-printable"), ("trailing \nblanks\t\n", "7bit"), ("", "7bit"), ("a\u{0}b", "quoted-printable"), (".\n..\n", "7bit"),
        ])
    func texts(text: String, encoding: String) throws {
        let message = Message(parsing: try build([], .text(text)))
        #expect(message.root.decodedText() == DecodedText(text: text))
        #expect(message.header("content-transfer-encoding")?.text == encoding)
    }

    @Test("8bit is written when allowed")
    func eightBit() throws {
        let message = Message(parsing: try build([], .text("grün\r\n"), allows8Bit: true))
        #expect(message.root.encoding == .eightBit)
        #expect(message.root.decodedText().text == "grün\n")
    }

    @Test(
        "octets come back as they were",
        arguments: [
            ("application/octet-stream", Array(0...255)), ("text/plain", Array("a\nb\rc".utf8)), ("text/csv", Array("ä,ö\r\n".utf8)),
            ("text/plain", Array("plain\r\n".utf8)), ("image/png", []), ("message/rfc822", Array("Subject: x\r\n\r\nbody\r\n".utf8)),
            ("text/html", Array("<p>=</p>\r\n ".utf8)),
        ] as [(String, [UInt8])])
    func octets(type: String, bytes: [UInt8]) throws {
        let message = Message(parsing: try build([], .multipart("mixed", [.text("x"), .attachment(bytes, type: type, name: "f")])))
        #expect(message.part(withID: "2")?.decodedBytes() == bytes)
        #expect(message.part(withID: "2")?.type == type)
    }

    @Test(
        "file names come back as they were",
        arguments: ["a.txt", "a b.txt", "naïve.txt", "日本語.pdf", "quote\"back\\slash", "x".repeated(300), "ü".repeated(200), "semi;colon=.txt", "'%41.txt", "=?utf-8?Q?x?="])
    func fileNames(name: String) throws {
        let message = Message(parsing: try build([], .attachment([1, 2], type: "application/pdf", name: name)))
        #expect(message.root.name == name)
        #expect(message.root.parameters["name"] == name)
        #expect(message.root.disposition == "attachment")
    }

    @Test("trees come back as they were")
    func trees() throws {
        var image = MessageBuilder.Part.attachment([0x89], type: "image/png", name: nil)
        image.disposition = "inline"
        image.cid = "img@x"
        let body = MessageBuilder.Part.multipart(
            "mixed",
            [
                .multipart("alternative", [.text("plain"), .multipart("related", [.text("<img src=cid:img@x>", type: "text/html"), image])]),
                .attachment([1], type: "application/pdf", name: "a.pdf"),
            ])
        let message = Message(parsing: try build([.init("Subject", .text("x"))], body))
        #expect(structure(message.root) == "multipart/mixed(multipart/alternative(text/plain,multipart/related(text/html,image/png)),application/pdf)")
        #expect(message.part(withID: "1.2.2")?.cid == "img@x")
        #expect(message.part(withID: "1.2.2")?.parent?.parameters["type"] == "text/html")
        #expect(message.bodyParts.hasAttachment)
    }

    @Test("what is no token is refused")
    func refused() {
        #expect(throws: ParseError.self) { try build([.init("Bad name", .text("x"))]) }
        #expect(throws: ParseError.self) { try build([.init("", .text("x"))]) }
        #expect(throws: ParseError.self) { try build([.init("A\r\nB", .text("x"))]) }
        #expect(throws: ParseError.self) { try build([.init("Content-Type", .raw("x/y"))]) }
        #expect(throws: ParseError.self) { try build([], .text("x", type: "text/plain\r\nX: y")) }
        #expect(throws: ParseError.self) { try build([], .text("x", type: "text")) }
        #expect(throws: ParseError.self) { try build([.init("To", .addresses([EmailAddress(email: "a".repeated(1000))]))]) }
    }
}

extension String {
    func repeated(_ count: Int) -> String { String(repeating: self, count: count) }
}
