import Foundation
import Testing

@testable import Formats

@Suite("Tests/Corpus/mail: one oddity a file")
struct CorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Corpus/mail").standardized

    private struct Expectation {
        var structure = "text/plain"
        var subject: String?
        var text: String
        var sender = "Ada Example"
    }

    private static let expectations: [String: Expectation] = [
        "bare-lf-line-ends": Expectation(subject: "unix", text: "first\n\nsecond\n"),
        "bare-cr-line-ends": Expectation(subject: "classic", text: "first\n\nsecond\n"),
        "mixed-line-ends": Expectation(subject: "mixed", text: "first\nsecond\n"),
        "no-header-at-all": Expectation(subject: nil, text: "only a body\n", sender: ""),
        "no-body-at-all": Expectation(subject: "header only", text: ""),
        "blank-line-missing": Expectation(subject: "glued", text: "This line is no header field.\nNor is this.\n"),
        "boundary-parameter-missing": Expectation(
            structure: "multipart/mixed(text/plain)", subject: "no boundary", text: "--x\n\nstill readable\n--x--\n"),
        "boundary-never-occurs": Expectation(structure: "multipart/mixed(text/plain)", subject: "lost boundary", text: "still readable\n"),
        "boundary-is-prefix-of-another": Expectation(
            structure: "multipart/mixed(multipart/alternative(text/plain,text/html))", subject: "prefix", text: "plain"),
        "inner-multipart-not-closed": Expectation(
            structure: "multipart/mixed(multipart/alternative(text/plain),application/pdf)", subject: "unclosed", text: "plain"),
        "truncated-in-base64": Expectation(
            structure: "multipart/mixed(text/plain,application/octet-stream)", subject: "cut off", text: "see attached"),
        "footer-after-base64": Expectation(subject: "footer", text: "Grüße aus Wien\n"),
        "eight-bit-header-in-latin1": Expectation(subject: "Grüße", text: "Grüße\n"),
        "eight-bit-header-in-utf8": Expectation(subject: "Grüße an Zoë", text: "Grüße\n"),
        "encoded-word-cuts-a-character": Expectation(subject: "Grüße", text: "body\n"),
        "encoded-word-in-quotes": Expectation(subject: "quoted name", text: "body\n", sender: "Adä Example"),
        "charset-nobody-knows": Expectation(subject: "charset", text: "Grüße\n"),
        "latin1-that-is-windows-1252": Expectation(subject: "smart quotes", text: "“Hello” € 5\n"),
        "html-that-declares-its-charset": Expectation(
            structure: "text/html", subject: "meta", text: "<meta charset=\"koi8-r\"><p>Привет</p>\n"),
        "format-flowed-delsp": Expectation(subject: "flowed", text: "こんにち \nは\n"),
        "filename-in-pieces": Expectation(structure: "application/pdf", subject: "pieces", text: ""),
        "message-within-message": Expectation(
            structure: "message/rfc822(multipart/mixed(text/plain))", subject: "outer", text: ""),
        "date-of-two-digits-and-odd-zone": Expectation(subject: "date", text: "body\n"),
        "nul-bytes-within": Expectation(subject: "ab", text: "x\0y\n"),
        "mbox-line-at-the-start": Expectation(subject: "mbox", text: "body\n"),
    ]

    private static func message(_ name: String) throws -> Message {
        Message(parsing: [UInt8](try Data(contentsOf: folder.appending(path: name + ".eml"))))
    }

    @Test("is read as a person would read it", arguments: expectations.keys.sorted())
    func reads(name: String) throws {
        let expectation = try #require(Self.expectations[name])
        let message = try Self.message(name)
        let summary = MessageSummary(of: message)
        #expect(structure(message.root) == expectation.structure)
        #expect(summary.subject == expectation.subject)
        #expect((message.bodyParts.textBody.first?.decodedText().text ?? "") == expectation.text)
        #expect((summary.from?.first?.name ?? "") == expectation.sender)
        if !expectation.sender.isEmpty { #expect(summary.sentAt?.rfc3339 == "2024-06-04T10:00:00+02:00") }
    }

    @Test("has an expectation for every file")
    func complete() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".eml") }
        #expect(Set(files.map { String($0.dropLast(4)) }) == Set(Self.expectations.keys))
    }

    @Test("the name in pieces is one, the attachment cut off keeps what there is, flowed text flows")
    func details() throws {
        #expect(try Self.message("filename-in-pieces").root.name == "résumé of Zoë.pdf")
        #expect(try Self.message("truncated-in-base64").part(withID: "2")?.decodedBytes() == Array(0..<48))
        let flowed = try Self.message("format-flowed-delsp").root
        #expect(FlowedText.joined(flowed.decodedText().text, deletesSpace: flowed.flowed.deletesSpace) == "こんにちは\n")
    }
}
