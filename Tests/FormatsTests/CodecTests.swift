import Testing

@testable import Formats

@Suite("Base64 of RFC 4648 §4 and RFC 2045 §6.8")
struct Base64Tests {
    @Test(
        "encodes and decodes the vectors of RFC 4648 §10",
        arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")])
    func vectors(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == Array(encoded.utf8))
        #expect(Base64.decode(Array(encoded.utf8)) == Array(plain.utf8))
        #expect(Base64.decodeStrictly(encoded) == Array(plain.utf8))
    }

    @Test(
        "decodes what mail makes of it",
        arguments: [
            ("Zm9v\r\nYmFy", "foobar"), ("Zm 9v Ym Fy", "foobar"), ("Zm9vYg", "foob"), ("Zm9v!YmFy", "foobar"),
            ("Zg==Zm9v", "ffoo"), ("Zm9vYg==\r\n\r\n--\r\nMailing list footer: here\r\n", "foob"), ("=", ""), ("Z", ""),
        ])
    func lenient(encoded: String, plain: String) {
        #expect(String(decoding: Base64.decode(Array(encoded.utf8)), as: UTF8.self) == plain)
    }

    @Test("refuses anything but base64 when strict", arguments: ["Zg=", "Z", "Zm9v YmFy", "Zm9v!", "Zg==Zg==", "Z==="])
    func strict(encoded: String) {
        #expect(Base64.decodeStrictly(encoded) == nil)
    }

    @Test("breaks lines as asked, without one at the end")
    func lines() {
        let encoded = String(decoding: Base64.encode([UInt8](repeating: 0, count: 114), lineLength: 76), as: UTF8.self)
        #expect(encoded == String(repeating: "A", count: 76) + "\r\n" + String(repeating: "A", count: 76))
    }
}

@Suite("Quoted-printable of RFC 2045 §6.7")
struct QuotedPrintableTests {
    @Test(
        "decodes",
        arguments: [
            ("a=3Db", "a=b"), ("soft=\r\nbreak", "softbreak"), ("soft=\nbreak", "softbreak"), ("blanks \t\r\nline", "blanks\r\nline"),
            ("padded=  \r\nbreak", "paddedbreak"), ("lower=c3=a9", "loweré"), ("bad=ZZ", "bad=ZZ"), ("end=", "end"), ("cut=4", "cut=4"),
            ("kept=20\r\n", "kept \r\n"), ("end  ", "end"), ("", ""),
        ])
    func decodes(encoded: String, plain: String) {
        #expect(String(decoding: QuotedPrintable.decode(Array(encoded.utf8)), as: UTF8.self) == plain)
    }

    @Test(
        "gives back what it encoded, in lines of at most 76 characters",
        arguments: [
            "plain", "Zeile mit Umlauten: äöü und €\r\nzweite = Zeile \r\n\t\r\n", String(repeating: "é", count: 500),
            String(repeating: "long ", count: 100), ".\r\n..\r\nFrom here\r\n", " ", "\0\u{1}\u{7F}", String(repeating: "x", count: 76),
            String(repeating: "x", count: 77) + "\r\n" + String(repeating: "y", count: 76) + " \r\n",
        ])
    func roundTrips(plain: String) {
        let encoded = Array(plain.utf8).withUnsafeBufferPointer { QuotedPrintable.encode($0) }
        #expect(QuotedPrintable.decode(encoded) == Array(plain.utf8))
        for line in String(decoding: encoded, as: UTF8.self).split(separator: "\r\n") { #expect(line.utf8.count <= 76) }
        #expect(encoded.allSatisfy { $0 < 0x7F })
    }
}

@Suite("Charsets")
struct CharsetTests {
    @Test(
        "are known by the names that mail programs write",
        arguments: [
            ("utf-8", [0xC3, 0xA9]), ("UTF8", [0xC3, 0xA9]), ("iso-8859-1", [0xE9]), ("ISO_8859-1", [0xE9]), ("latin1", [0xE9]),
            ("windows-1252", [0xE9]), ("cp1252", [0xE9]), ("\"iso8859-15\"", [0xE9]), ("x-mac-roman", [0x8E]), ("ibm850", [0x82]),
            ("utf-16be", [0x00, 0xE9]), ("unicode-1-1-utf-7", [0x2B, 0x41, 0x4F, 0x6B, 0x2D]),
        ] as [(String, [UInt8])])
    func names(name: String, bytes: [UInt8]) {
        #expect(Charset.decode(bytes, charset: name) == DecodedText(text: "é"))
    }

    @Test(
        "of Asia and the East are decoded",
        arguments: [
            ("gb2312", [0xC4, 0xE3], "你"), ("big5", [0xA7, 0x41], "你"), ("shift_jis", [0x82, 0xA0], "あ"), ("euc-jp", [0xA4, 0xA2], "あ"),
            ("iso-2022-jp", [0x1B, 0x24, 0x42, 0x24, 0x22, 0x1B, 0x28, 0x42], "あ"), ("ks_c_5601-1987", [0xB0, 0xA1], "가"),
            ("koi8-r", [0xC1], "а"), ("windows-1251", [0xE0], "а"), ("tis-620", [0xA1], "ก"),
        ] as [(String, [UInt8], String)])
    func asia(name: String, bytes: [UInt8], text: String) {
        #expect(Charset.decode(bytes, charset: name) == DecodedText(text: text))
    }

    @Test("ISO-8859-1 is read as windows-1252, as browsers do")
    func latin1() {
        #expect(Charset.decode([0x93, 0x61, 0x94, 0x80], charset: "iso-8859-1").text == "“a”€")
    }

    @Test("an unknown or missing charset is guessed by the bytes")
    func guesses() {
        #expect(Charset.decode(Array("é".utf8), charset: nil) == DecodedText(text: "é"))
        #expect(Charset.decode([0xE9], charset: nil) == DecodedText(text: "é", isEncodingProblem: true))
        #expect(Charset.decode(Array("é".utf8), charset: "x-no-such-thing").text == "é")
        #expect(Charset.decode(Array("plain".utf8), charset: "../../etc/passwd") == DecodedText(text: "plain"))
        #expect(Charset.decode([0x1B, 0x24, 0x42, 0x24, 0x22, 0x1B, 0x28, 0x42], charset: nil).text == "あ")
    }

    @Test("what cannot be decoded is U+FFFD, and a problem")
    func replacement() {
        #expect(Charset.decode([0x61, 0xFF, 0x62], charset: "utf-8") == DecodedText(text: "a\u{FFFD}b", isEncodingProblem: true))
        #expect(Charset.decode([0x61, 0x82], charset: "shift_jis") == DecodedText(text: "a\u{FFFD}", isEncodingProblem: true))
        #expect(Charset.decode([0x61, 0xA0, 0xFF, 0x62], charset: "euc-jp").isEncodingProblem)
    }

    @Test("text longer than the converter's buffer is whole")
    func long() {
        let bytes = [UInt8](repeating: 0xE0, count: 100_000)
        #expect(Charset.decode(bytes, charset: "windows-1251").text == String(repeating: "а", count: 100_000))
    }
}

@Suite("format=flowed of RFC 3676")
struct FlowedTextTests {
    @Test(
        "joins flowed lines",
        arguments: [
            ("a \nb\nc", "a b\nc"), ("> quoted \n> on\n", "> quoted on\n"), (">> deep\n> less\n", ">> deep\n> less\n"),
            (" stuffed\n", "stuffed\n"), ("text \n-- \nme\n", "text \n-- \nme\n"), ("> a \nb\n", "> a \nb\n"), ("", ""), ("a ", "a "),
        ])
    func joins(flowed: String, text: String) {
        #expect(FlowedText.joined(flowed) == text)
    }

    @Test("DelSp takes the space away that marks the flow")
    func delSp() {
        #expect(FlowedText.joined("日本 \n語\n", deletesSpace: true) == "日本語\n")
    }

    @Test(
        "gives back the paragraphs it wrapped",
        arguments: [
            "short", "two\nlines\n", "From me\n>not a quote\n indented", String(repeating: "word ", count: 60) + "end\nnext",
            "> " + String(repeating: "quoted words ", count: 20) + "end",
        ])
    func wraps(text: String) {
        let wrapped = FlowedText.wrapped(text)
        for line in wrapped.split(separator: "\n") { #expect(line.count <= 74) }
        // A line that looks quoted but is none is stuffed, and read back with its mark.
        if !text.contains(">not") { #expect(FlowedText.joined(wrapped) == text) }
    }
}
