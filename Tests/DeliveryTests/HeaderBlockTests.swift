import Testing

@testable import Delivery

@Suite("The header as mail flow reads it")
struct HeaderBlockTests {
    @Test("finds fields, folded or not, and ends at the empty line")
    func fields() {
        let header = HeaderBlock(Array("From: a@b\r\nBcc: x@y,\r\n\tz@y\r\nSubject : hi\r\n\r\nBcc: body\r\n".utf8))
        #expect(header.fields.map(\.name) == ["from", "bcc", "subject"])
        #expect(header.value("bcc") == "x@y,\tz@y" && header.value("subject") == "hi")
        #expect(String(decoding: header.bytes(without: ["bcc"]), as: UTF8.self) == "From: a@b\r\nSubject : hi\r\n")
    }

    @Test("takes what is no header for body", arguments: ["", "\r\nFrom: a", "no header here\r\n", ": x\r\n", "From\r\n"])
    func none(text: String) {
        let header = HeaderBlock(Array(text.utf8))
        #expect(header.fields.isEmpty && header.size == 0)
    }

    @Test(
        "knows whether another reader could see more fields",
        arguments: [
            ("From: a\r\n\r\nbody", true), ("From: a\r\n", true), ("From: a", true), ("From: a\n\nFrom: b", true), ("\r\nbody", true),
            ("From: a\r\n: x\r\nFrom: b\r\n\r\n", false), ("From: a\r\nno field\r\n\r\n", false), ("From a@b now\r\nFrom: a\r\n\r\n", false),
        ])
    func cleanEnd(text: String, isClean: Bool) { #expect(HeaderBlock(Array(text.utf8)).endsCleanly == isClean) }

    @Test("a header that is longer than we look does not end cleanly")
    func oversized() {
        let long = "From: a\r\nX: " + String(repeating: "x", count: HeaderBlock.maximumSize) + "\r\nFrom: b\r\n\r\n"
        let bytes = Array(long.utf8)
        #expect(!HeaderBlock(bytes).endsCleanly && !HeaderBlock(Array(bytes.prefix(HeaderBlock.maximumSize))).endsCleanly)
    }

    @Test("reads LF as well")
    func lineFeeds() {
        let header = HeaderBlock(Array("A: 1\nReceived: x\n y\nReceived: z\n\nbody".utf8))
        #expect(header.count("received") == 2 && header.contains("a"))
    }
}
