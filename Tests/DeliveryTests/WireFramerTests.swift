import NIOCore
import NIOEmbedded
import NIOTLS
import Testing

@testable import Delivery

@Suite("Framing")
struct WireFramerTests {
    @Test("hands on lines, and says whether more wait")
    func lines() throws {
        let wire = try Wire()
        #expect(try wire.read("NO") == [])
        #expect(try wire.read("OP\r\nRSET\r\nEH") == ["NOOP…", "RSET"])
        #expect(try wire.read("LO\r\nbare\n\r\n") == ["EHLO…", "(bare)", ""])
    }

    @Test("stops behind DATA until it is answered, and then reads what the answer says")
    func data() throws {
        let wire = try Wire()
        #expect(try wire.read("data\r\nSubject: x\r\n.\r\nQUIT\r\n") == ["data"])
        #expect(try wire.write(.replyThenData(Array("354 go\r\n".utf8))) == ["data Subject: x\r\n", "end 12"])
        #expect(try wire.write(.reply(Array("250 ok\r\n".utf8))) == ["QUIT"])
        let refused = try Wire()
        #expect(try refused.read("DATA\r\n") == ["DATA"])
        #expect(try refused.write(.reply([])) == [])
        #expect(try refused.read("NOOP\r\n") == ["NOOP"])
    }

    @Test("what was sent behind a DATA that is refused is dropped: it may be a message, and no commands")
    func unasked() throws {
        let wire = try Wire()
        #expect(try wire.read("DATA\r\nMAIL FROM:<injected@x.test>\r\n") == ["DATA"])
        #expect(try wire.write(.reply([])) == ["(out of turn)"])
        #expect(try wire.read("RCPT TO:<x@y>\r\n") == [])
    }

    @Test("when the client closes its side, all that it said is answered first")
    func halfClosed() throws {
        let wire = try Wire()
        #expect(try wire.read("BDAT 3 LAST\r\nabcQUIT\r\n") == ["BDAT 3 LAST"])
        wire.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(try wire.events() == [])
        #expect(try wire.write(.readChunk([], size: 3)) == ["data abc", "(chunk)"])
        #expect(try wire.write(.reply([])) == ["QUIT"])
        #expect(try wire.write(.reply([])) == ["(ended)"])
        let idle = try Wire()
        idle.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(try idle.events() == ["(ended)"])
        #expect(try idle.write(.reply([])) == [])
    }

    @Test("hands on that its place is wanted, and closes when nobody obeys")
    func crowdedOut() throws {
        let wire = try Wire()
        wire.channel.pipeline.fireUserInboundEventTriggered(MakeRoom())
        #expect(try wire.events() == ["(crowded out)"])
        #expect(wire.isActive)
        wire.advance(minutes: 1)
        #expect(!wire.isActive)
    }

    @Test("a TLS handshake has half a minute, and then the usual time holds")
    func handshake() throws {
        let slow = try Wire(startsWithTLS: true)
        slow.advance(minutes: 1)
        #expect(try slow.events() == ["(timed out)"])
        let quick = try Wire(startsWithTLS: true)
        quick.channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: nil))
        quick.advance(minutes: 1)
        #expect(try quick.events() == [])
    }

    @Test("takes the octets of a chunk as they are")
    func chunks() throws {
        let wire = try Wire()
        #expect(try wire.read("BDAT 8\r\n.\r\nQUI") == ["BDAT 8"])
        #expect(try wire.write(.readChunk([], size: 8)) == ["data .\r\nQUI"])
        #expect(try wire.read("T\nNOOP\r\n") == ["data T\n", "(chunk)"])
        #expect(try wire.write(.reply([])) == ["NOOP"])
        #expect(try wire.read("BDAT 0 LAST\r\n") == ["BDAT 0 LAST"])
        #expect(try wire.write(.readChunk([], size: 0)) == ["(chunk)"])
    }

    @Test("the answer to an earlier group of lines, or the greeting, does not tell how to read what is behind BDAT")
    func earlierAnswers() throws {
        let wire = try Wire()
        #expect(try wire.read("MAIL FROM:<>\r\n") == ["MAIL FROM:<>"])
        #expect(try wire.read("RCPT TO:<a@b>\r\nBDAT 3\r\nabc") == ["RCPT TO:<a@b>…", "BDAT 3"])
        #expect(try wire.write(.reply([])) == [])
        #expect(try wire.write(.readChunk([], size: 3)) == ["data abc", "(chunk)"])
        #expect(try wire.write(.reply([])) == [])
        #expect(try wire.read("NOOP\r\n") == ["NOOP"])
        let early = try Wire(isGreeted: false)
        #expect(try early.read("EHLO c\r\nBDAT 6\r\nNOOP\r\n") == ["EHLO c…", "BDAT 6"])
        #expect(try early.write(.reply([])) == [])
        #expect(try early.write(.readChunk([], size: 6)) == ["data NOOP\r\n", "(chunk)"])
    }

    @Test("drops what was pipelined behind STARTTLS when it is refused to no harm, and hands on nothing before the answer")
    func startTLS() throws {
        let wire = try Wire()
        #expect(try wire.read("STARTTLS\r\nMAIL FROM:<injected@x.test>\r\n") == ["STARTTLS"])
        #expect(try wire.read("RCPT TO:<x@y>\r\n") == [])
    }

    @Test("a line without end is skipped, not kept")
    func longLines() throws {
        let wire = try Wire()
        #expect(try wire.read(String(repeating: "x", count: 12_289)) == ["(too long)"])
        #expect(try wire.read(String(repeating: "x", count: 100_000)) == [])
        #expect(try wire.read("x\r\nNOOP\r\n") == ["NOOP"])
        #expect(try wire.read(String(repeating: "y", count: 12_300) + "\r\nRSET\r\n") == ["(too long)…", "RSET"].map { $0.replacing("…", with: "") })
    }

    @Test("hands on so many lines until they are answered")
    func bursts() throws {
        let wire = try Wire()
        #expect(try wire.read(String(repeating: "NOOP\r\n", count: 250)).count == 100)
        #expect(try wire.write(.reply([])).count == 100)
        #expect(try wire.write(.reply([])).count == 50)
    }

    @Test("says when nothing comes for too long, and closes when that is not heard")
    func silence() throws {
        let wire = try Wire()
        wire.advance(minutes: 4)
        #expect(try wire.events() == [])
        wire.advance(minutes: 2)
        #expect(try wire.events() == ["(timed out)"])
        wire.advance(minutes: 1)
        #expect(!wire.isActive)
    }
}
