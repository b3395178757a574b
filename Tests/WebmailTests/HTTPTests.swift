import JMAP
@testable import MailStore
import Testing

@testable import Webmail

struct ImageProxyTests {
    @Test(
        "Only public addresses are reached",
        arguments: [
            ([127, 0, 0, 1], false), ([10, 1, 2, 3], false), ([172, 31, 0, 1], false), ([172, 32, 0, 1], true),
            ([192, 168, 1, 1], false), ([169, 254, 169, 254], false), ([100, 64, 0, 1], false), ([0, 0, 0, 0], false),
            ([224, 0, 0, 1], false), ([255, 255, 255, 255], false), ([198, 18, 0, 1], false), ([8, 8, 8, 8], true),
            ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], false),
            ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 8, 8, 8, 8], false),
            ([0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], false),
            ([0xFC, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], false),
            ([0x20, 0x02, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], false),
            ([0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], false),
            ([0x2A, 0, 0x14, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], true), ([1, 2, 3], false),
        ] as [([UInt8], Bool)])
    func addresses(bytes: [UInt8], isPublic: Bool) { #expect(PublicAddress.isPublic(bytes) == isPublic) }

    @Test(
        "Addresses of images",
        arguments: [
            ("http://example.org/a.png?b#c", "http://example.org/a.png?b"), ("HTTPS://Example.org", "https://example.org/"),
            ("https://example.org:443/x", "https://example.org:443/x"), ("http://example.org?x", "http://example.org/?x"),
            ("http://[2a00::1]/x", "http://[2a00::1]/x"), ("http://example.org:81/", nil), ("https://example.org:80/", nil),
            ("ftp://example.org/", nil), ("http://user@example.org/", nil), ("//example.org/", nil), ("http:///x", nil),
            ("http://a%2eb/", nil), ("http://[::1%25eth0]/", nil), ("http://a,b/", nil), ("http://a b/", nil), ("http://example.org\\@x/", nil), ("data:image/png;base64,x", nil), ("http://[::1/x", nil),
        ] as [(String, String?)])
    func urls(text: String, expected: String?) { #expect(ImageURL(text)?.text == expected) }

    @Test(
        "Redirects",
        arguments: [
            ("/c", "http://a.test/c"), ("c", "http://a.test/x/c"), ("//b.test/c", "http://b.test/c"),
            ("https://b.test/c", "https://b.test/c"), ("javascript:alert(1)", "http://a.test/x/javascript:alert(1)"),
            ("file:///etc/passwd", nil),
        ] as [(String, String?)])
    func redirects(location: String, expected: String?) {
        #expect(ImageURL("http://a.test/x/y?z")?.resolving(location)?.text == expected)
    }

    @Test(
        "What an image is, its bytes say",
        arguments: [
            ("\u{89}PNG\r\n\u{1A}\n", "image/png"), ("GIF89a", "image/gif"), ("RIFF0000WEBPVP8", "image/webp"),
            ("0000ftypavif", "image/avif"), ("<svg xmlns='http://www.w3.org/2000/svg'/>", nil), ("<html>", nil), ("%PDF-1.4", nil), ("", nil),
        ] as [(String, String?)])
    func sniffing(text: String, type: String?) {
        #expect(ImageKind(sniffing: text.unicodeScalars.map { UInt8($0.value) })?.rawValue == type)
    }
}

struct EventStreamTests {
    private func change(_ states: [ChangeKind: Int64]) -> StateChange {
        StateChange(states: states.mapValues { StateToken(epoch: "e", sequence: $0) })
    }

    private func stream(
        types: Set<String>? = nil, closes: Bool = false, seen: String? = nil, current: [String: String] = ["Email": "e.1", "Mailbox": "e.1"]
    ) -> EventStream {
        EventStream(
            accountId: Id("a")!, options: EventOptions(types: types, closesAfterState: closes, ping: 0), current: current, seen: seen)
    }

    @Test("RFC 8620 §7.3: only types that were asked for, only when they changed") func filters() async throws {
        let (changes, source) = AsyncStream<StateChange>.makeStream()
        let stream = stream(types: ["Email"])
        var wakes = stream.wakes(changes).makeAsyncIterator()
        source.yield(change([.email: 1, .mailbox: 2]))
        source.yield(change([.email: 2, .mailbox: 3]))
        let text = try #require(try await stream.next(&wakes))
        #expect(text.hasPrefix("event: state\nid: "))
        #expect(text.hasSuffix("data: {\"@type\":\"StateChange\",\"changed\":{\"a\":{\"Email\":\"e.2\"}}}\n\n"))
        source.finish()
        #expect(try await stream.next(&wakes) == nil)
    }

    @Test("RFC 8620 §7.3: closeafter=state ends after one") func closes() async throws {
        let (changes, source) = AsyncStream<StateChange>.makeStream()
        let stream = stream(closes: true)
        var wakes = stream.wakes(changes).makeAsyncIterator()
        source.yield(change([.email: 5]))
        #expect(try await stream.next(&wakes)?.contains("e.5") == true)
        #expect(try await stream.next(&wakes) == nil)
    }

    @Test("RFC 8620 §7.3: who comes back with an id is told at once what it missed") func resumes() async throws {
        let (changes, _) = AsyncStream<StateChange>.makeStream()
        let stream = stream(seen: "Email=e.0,Mailbox=e.1")
        var wakes = stream.wakes(changes).makeAsyncIterator()
        let text = try #require(try await stream.next(&wakes))
        #expect(text.contains("\"Email\":\"e.1\"") && !text.contains("\"Mailbox\":"))
        #expect(text.contains("id: Email=e.1,Mailbox=e.1\n"))
    }
}
