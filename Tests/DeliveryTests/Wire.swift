import NIOCore
import NIOEmbedded

@testable import Delivery

/// A framer in a channel that is moved by hand.
struct Wire {
    let channel: EmbeddedChannel

    /// - Parameter isGreeted: the greeting is written already
    init(timeouts: WireTimeouts = WireTimeouts(), isGreeted: Bool = true, startsWithTLS: Bool = false) throws {
        channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(WireFramer(timeouts: timeouts, startsWithTLS: startsWithTLS))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        if isGreeted { try channel.writeOutbound(WireCommand.reply([])) }
    }

    func read(_ text: String) throws -> [String] {
        try channel.writeInbound(ByteBuffer(string: text))
        return try events()
    }

    func events() throws -> [String] {
        var events: [String] = []
        while let event = try channel.readInbound(as: WireEvent.self) {
            switch event {
            case .line(let line, let hasMore): events.append(String(decoding: line, as: UTF8.self) + (hasMore ? "…" : ""))
            case .lineTooLong: events.append("(too long)")
            case .bareLineEnd: events.append("(bare)")
            case .data(let bytes): events.append("data " + String(decoding: bytes, as: UTF8.self))
            case .endOfData(let size, let isBare): events.append("end \(size)\(isBare ? " bare" : "")")
            case .endOfChunk: events.append("(chunk)")
            case .tlsEstablished: events.append("(tls)")
            case .timedOut: events.append("(timed out)")
            case .crowdedOut: events.append("(crowded out)")
            case .outOfTurn: events.append("(out of turn)")
            case .inputEnded: events.append("(ended)")
            }
        }
        return events
    }

    func write(_ command: WireCommand) throws -> [String] {
        try channel.writeOutbound(command)
        return try events()
    }

    func advance(minutes: Int64) { channel.embeddedEventLoop.advanceTime(by: .minutes(minutes)) }

    var isActive: Bool { channel.isActive }
}
