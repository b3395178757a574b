import Testing

@testable import Formats

@Suite("Large messages in pieces")
struct OutlineTests {
    private static func lines(_ count: Int, seed: Int, length: Int = 57) -> [UInt8] {
        Base64.encode((0..<(count * length)).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761 &+ seed) >> 7) }, lineLength: 76)
    }

    /// Messages with long base64 in all sorts of places.
    private static let messages: [[UInt8]] = {
        let head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        let part = "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        func text(_ pieces: Any...) -> [UInt8] {
            pieces.flatMap { piece -> [UInt8] in (piece as? String).map { Array($0.utf8) } ?? piece as! [UInt8] }
        }
        let long = lines(500, seed: 1)
        return [
            text(head, part, long, "\r\n--b\r\n\r\nText\r\n", part, lines(300, seed: 2), "=\r\n\r\n\r\n--b--\r\nEpilogue"),
            text(head, part, long, "\r\n-no delimiter\r\n", long, "\r\n--b--\r\n"),
            text(head, part, long),
            text(head, part, long, "\r\n"),
            text(head, long, "\r\n", part, long, "\r\n--b--"),
            text("Subject: x\r\n", long, "\r\nContent-Type: text/html\r\n\r\n--b\r\n", long, "\r\n"),
            text(head.replacing("\r\n", with: "\n"), part.replacing("\r\n", with: "\n"), long.filter { $0 != 13 }, "\n--b--\n"),
            text("Content-Transfer-Encoding: base64\r\n\r\n", long, "==\r\n", long, "\r\nA footer - not base64\r\n"),
            text("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n", head, part, long, "\r\n\r\n--b--\r\n--a\r\n\r\n", long, "\r\n--a--\r\n"),
            text("Content-Type: message/rfc822\r\n\r\n", head, part, long, "\r\n--b--\r\n"), [], Array("\n".utf8),
        ]
    }()

    @Test("what is left out changes no part's place", arguments: messages.indices, [1000, 4096, 1 << 20])
    func outline(index: Int, piece: Int) {
        let bytes = Self.messages[index]
        var outline = MessageOutline()
        var start = 0
        while start < bytes.count {
            outline.add(Array(bytes[start..<min(bytes.count, start + piece)]))
            start += piece
        }
        let (message, places) = outline.finish()
        let whole = Message(parsing: bytes)
        #expect(message.parts.map(\.type) == whole.parts.map(\.type))
        #expect(message.parts.map(\.partId) == whole.parts.map(\.partId))
        #expect(message.parts.map { places.whole($0.bodyRange) } == whole.parts.map(\.bodyRange))
        if bytes.count > 1000 { #expect(message.bytes.count < bytes.count) }
    }

    @Test("pieces decode to what the whole decodes to", arguments: messages.indices, [1, 7, 100, 4096, 1 << 20])
    func pieces(index: Int, piece: Int) {
        let text = Self.messages[index]
        let whole = text.withUnsafeBufferPointer { Base64.decode($0).bytes }
        #expect(text.withUnsafeBufferPointer { Base64.decodedCount($0) } == whole.count)
        var decoder = Base64Pieces()
        var counter = Base64Pieces()
        var decoded: [UInt8] = []
        var count = 0
        var start = 0
        while start < text.count {
            let next = Array(text[start..<min(text.count, start + piece)])
            guard let more = decoder.decode(next), let counted = counter.count(next) else { break }
            decoded += more
            count += counted
            start += next.count
        }
        #expect(count == decoded.count && decoder.carriedCount == counter.carriedCount)
        decoded += Base64.decode(Array(text[min(text.count, start - decoder.carriedCount)...]))
        #expect(decoded == whole)
    }
}
