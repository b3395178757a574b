internal import Glibc
package import NIOCore
internal import NIOSSL
internal import NIOTLS
internal import SMTP

/// What a connection hands to its session.
enum WireEvent: Sendable {
    /// A command line without CRLF. `hasMore`: another event is already waiting, so replies may be held back a little.
    case line([UInt8], hasMore: Bool)
    case lineTooLong(hasMore: Bool)
    case bareLineEnd(hasMore: Bool)
    /// Octets of the message.
    case data([UInt8])
    case endOfData(size: Int, hasBareControl: Bool)
    /// The octets of a chunk have all been handed on.
    case endOfChunk
    case tlsEstablished
    case timedOut
    /// The place of the connection went to another.
    case crowdedOut
    /// Octets lay behind a DATA that was refused; they are dropped.
    case outOfTurn
    /// The client has said its last, and may still listen.
    case inputEnded
}

extension WireEvent {
    /// Whether the session answers it with a write of its own.
    fileprivate var endsGroup: Bool {
        switch self {
        case .line(_, let hasMore), .lineTooLong(let hasMore), .bareLineEnd(let hasMore): !hasMore
        case .endOfData, .endOfChunk: true
        case .data, .tlsEstablished, .timedOut, .crowdedOut, .outOfTurn, .inputEnded: false
        }
    }
}

/// What a session asks of its connection.
enum WireCommand: Sendable {
    case reply([UInt8])
    /// Reply, and read a message from here on.
    case replyThenData([UInt8])
    /// Send what is left to say, and take the next octets for the message as they are.
    case readChunk([UInt8], size: Int)
    /// Reply in clear, drop what was pipelined, speak TLS from here on.
    case replyThenTLS([UInt8], NIOSSLContext)
    /// A message was taken: the session has earned another hour.
    case extendSession
}

/// How long a connection may keep us waiting.
package struct WireTimeouts: Sendable {
    /// For the next command line, or the next piece of a message. RFC 5321 §4.5.3.2.7 asks for five minutes.
    package var silence = TimeAmount.minutes(5)
    /// For a TLS handshake.
    package var handshake = TimeAmount.seconds(30)
    /// From the start, or the last message, to the next one.
    package var session = TimeAmount.hours(1)
    package init() {}
}

/// Tells a framer that its connection's place goes to another.
struct MakeRoom: Sendable {}

/// Frames lines and message data of one SMTP connection, and switches between them.
///
/// Invariants: a mode switch happens inside `write`, on the event loop, so no octet is read between a reply and the mode that it
/// announces. After DATA, BDAT and STARTTLS the framer stops until the session has answered all that was handed on: the answer to
/// an earlier group of lines does not tell how to read what follows. What was pipelined behind STARTTLS is
/// dropped (RFC 3207 §6). While it stops it reads nothing more, so a connection holds one read buffer at most.
final class WireFramer: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = WireEvent
    typealias OutboundIn = WireCommand
    typealias OutboundOut = ByteBuffer

    private enum Mode: Equatable { case command, paused, skippingLine, data, chunk(left: Int), handshaking }

    // RFC 4954 §4.5.4: an AUTH response may take 12,288 octets; a command with its parameters never does.
    private static let maximumLine = 12_288
    /// Lines handed on before the session must have answered.
    private static let burst = 100

    private let timeouts: WireTimeouts
    private let startsWithTLS: Bool
    private var mode = Mode.command
    private var buffer = ByteBuffer()
    private var decoder = DataDecoder()
    private var unanswered = 0
    /// Groups handed on whose answer is not yet written. The first answer owed is the greeting.
    private var owed = 1
    private var readIsHeld = false
    /// The line that it stopped behind was DATA.
    private var asksForData = false
    /// No more octets will come.
    private var isInputClosed = false
    /// When a TLS handshake must be over.
    private var handshakeEnd: NIODeadline?
    private var deadline = NIODeadline.distantFuture
    private var sessionEnd = NIODeadline.distantFuture
    private var timer: Scheduled<Void>?

    /// - Parameter startsWithTLS: a handshake comes before the first octet
    init(timeouts: WireTimeouts, startsWithTLS: Bool = false) {
        self.timeouts = timeouts
        self.startsWithTLS = startsWithTLS
    }

    // MARK: Reading

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    private func start(_ context: ChannelHandlerContext) {
        guard timer == nil else { return }
        let now = context.eventLoop.now
        sessionEnd = now + timeouts.session
        if startsWithTLS { handshakeEnd = now + timeouts.handshake }
        extendDeadline(context)
        schedule(context)
    }

    func read(context: ChannelHandlerContext) {
        if mode == .paused { readIsHeld = true } else { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        if buffer.readableBytes == 0 { buffer = incoming } else { buffer.writeBuffer(&incoming) }
        pump(context)
    }

    private func pump(_ context: ChannelHandlerContext) {
        while buffer.readableBytes > 0 {
            switch mode {
            case .paused, .handshaking: return
            case .command: guard pumpLine(context) else { return }
            case .skippingLine: guard skipLine() else { return }
            case .data: pumpData(context)
            case .chunk(let left): pumpChunk(context, left)
            }
        }
    }

    /// Hands on one line; false when there is none yet.
    private func pumpLine(_ context: ChannelHandlerContext) -> Bool {
        guard let length = lineLength() else {
            guard buffer.readableBytes > Self.maximumLine else { return false }
            mode = .skippingLine
            buffer.clear()
            emit(context, .lineTooLong(hasMore: false))
            return false
        }
        let line = buffer.readBytes(length: length + 1) ?? []
        let endsInCRLF = length > 0 && line[length - 1] == 0x0D
        let text = Array(line.dropLast(endsInCRLF ? 2 : 1))
        unanswered += 1
        if endsInCRLF, Self.endsBurst(text) || unanswered >= Self.burst { mode = .paused }
        asksForData = mode == .paused && Self.asksForData(text)
        let hasMore = mode == .command && lineLength() != nil
        if length > Self.maximumLine {
            emit(context, .lineTooLong(hasMore: hasMore))
        } else if endsInCRLF {
            emit(context, .line(text, hasMore: hasMore))
        } else {
            emit(context, .bareLineEnd(hasMore: hasMore))
        }
        return true
    }

    /// Octets before the first LF; nil when there is none.
    private func lineLength() -> Int? {
        buffer.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress, let end = memchr(start, 0x0A, bytes.count) else { return nil }
            return UnsafeRawPointer(end) - start
        }
    }

    private func skipLine() -> Bool {
        guard let length = lineLength() else {
            buffer.clear()
            return false
        }
        buffer.moveReaderIndex(forwardBy: length + 1)
        mode = .command
        return true
    }

    private func pumpData(_ context: ChannelHandlerContext) {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(buffer.readableBytes)
        let taken = buffer.withUnsafeReadableBytes { decoder.decode($0, into: &decoded) }
        buffer.moveReaderIndex(forwardBy: taken)
        if !decoded.isEmpty { emit(context, .data(decoded)) }
        guard decoder.hasEnded else { return }
        mode = .paused
        emit(context, .endOfData(size: decoder.size, hasBareControl: decoder.hasBareControl))
        decoder = DataDecoder()
    }

    private func pumpChunk(_ context: ChannelHandlerContext, _ left: Int) {
        let bytes = buffer.readBytes(length: min(left, buffer.readableBytes)) ?? []
        if !bytes.isEmpty { emit(context, .data(bytes)) }
        if bytes.count < left {
            mode = .chunk(left: left - bytes.count)
        } else {
            mode = .paused
            emit(context, .endOfChunk)
        }
    }

    /// The commands that must be the last of a group (RFC 2920 §3.1): what follows is read as their answer demands.
    private static func endsBurst(_ line: [UInt8]) -> Bool {
        let verb = line.prefix(9).map { 0x61...0x7A ~= $0 ? $0 - 0x20 : $0 }
        return verb.starts(with: "DATA".utf8) || verb.starts(with: "BDAT".utf8) || verb.starts(with: "STARTTLS".utf8) || verb.starts(with: "AUTH".utf8)
            || verb.starts(with: "QUIT".utf8)
    }

    private static func asksForData(_ line: [UInt8]) -> Bool {
        line.prefix(4).map { 0x61...0x7A ~= $0 ? $0 - 0x20 : $0 }.elementsEqual("DATA".utf8)
    }

    private func emit(_ context: ChannelHandlerContext, _ event: WireEvent) {
        extendDeadline(context)
        if event.endsGroup { owed += 1 }
        context.fireChannelRead(wrapInboundOut(event))
    }

    // MARK: Writing

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        extendDeadline(context)
        switch unwrapOutboundIn(data) {
        case .reply(let bytes):
            send(bytes, context, promise)
            settle()
            if mode == .paused, owed == 0 {
                guard !asksForData || buffer.readableBytes == 0 else { return refuseRest(context) }
                mode = .command
            }
            resume(context)
        case .replyThenData(let bytes):
            send(bytes, context, promise)
            settle()
            mode = .data
            asksForData = false
            resume(context)
        case .readChunk(let bytes, let size):
            send(bytes, context, promise)
            settle()
            mode = .chunk(left: size)
            if size == 0 {
                pumpChunk(context, 0)
                context.fireChannelReadComplete()
            } else {
                resume(context)
            }
        case .replyThenTLS(let bytes, let tls):
            buffer.clear()
            settle()
            mode = .handshaking
            handshakeEnd = context.eventLoop.now + timeouts.handshake
            extendDeadline(context)
            // The running timer would look too late.
            timer?.cancel()
            schedule(context)
            send(bytes, context, promise)
            do {
                try context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .first)
                resume(context)
            } catch {
                context.fireErrorCaught(error)
                context.close(promise: nil)
            }
        case .extendSession:
            sessionEnd = context.eventLoop.now + timeouts.session
            promise?.succeed()
        }
    }

    /// What was sent behind a refused DATA is a message to those who sent it, and may hold lines that look like commands.
    private func refuseRest(_ context: ChannelHandlerContext) {
        buffer.clear()
        asksForData = false
        emit(context, .outOfTurn)
        context.fireChannelReadComplete()
    }

    private func settle() { owed = max(0, owed - 1) }

    private func send(_ bytes: [UInt8], _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        guard !bytes.isEmpty else {
            promise?.succeed()
            return
        }
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: promise)
    }

    private func resume(_ context: ChannelHandlerContext) {
        unanswered = 0
        if buffer.readableBytes > 0 {
            pump(context)
            // No read from the socket brought these events, so none would tell that they are complete.
            context.fireChannelReadComplete()
        }
        if readIsHeld, mode != .paused {
            readIsHeld = false
            context.read()
        }
        endInput(context)
    }

    /// Exim closes its side behind a pipelined QUIT, and waits for the answers: what is buffered is handed on and answered first,
    /// or it would send a message again that we have.
    private func endInput(_ context: ChannelHandlerContext) {
        guard isInputClosed, mode != .paused else { return }
        isInputClosed = false
        context.fireChannelRead(wrapInboundOut(.inputEnded))
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed = event as? ChannelEvent {
            isInputClosed = true
            return endInput(context)
        }
        if case .handshakeCompleted = event as? TLSUserEvent { handshakeEnded(context) }
        if event is MakeRoom {
            context.fireChannelRead(wrapInboundOut(.crowdedOut))
            context.fireChannelReadComplete()
            // Whoever reads no farewell is cut off.
            context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(5)) { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func handshakeEnded(_ context: ChannelHandlerContext) {
        handshakeEnd = nil
        extendDeadline(context)
        guard mode == .handshaking else { return }
        mode = .command
        emit(context, .tlsEstablished)
        pump(context)
        context.fireChannelReadComplete()
    }

    // MARK: Time

    private func extendDeadline(_ context: ChannelHandlerContext) {
        deadline = min(context.eventLoop.now + timeouts.silence, sessionEnd, handshakeEnd ?? .distantFuture)
    }

    private func schedule(_ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.tick(context) }
    }

    private func tick(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        guard context.eventLoop.now >= deadline else { return schedule(context) }
        context.fireChannelRead(wrapInboundOut(.timedOut))
        context.fireChannelReadComplete()
        // Whoever reads no farewell is cut off.
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(10)) { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }
}
