internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// What a connection to another server hands to its session.
enum ClientEvent: Sendable {
    /// A line of a reply, without its line end.
    case line([UInt8])
    case tlsEstablished
}

/// What a session asks of its connection to another server.
enum ClientCommand: Sendable {
    /// Octets to write; `patience` is how long the next thing may take.
    case send([UInt8], patience: TimeAmount)
    case startTLS(ClientTLS, serverName: String?)
}

/// How TLS is begun, and whose certificates count.
struct ClientTLS: Sendable {
    let context: NIOSSLContext
    /// Judges the chain instead of the context, if set. First the server's own certificate.
    var check: (@Sendable ([NIOSSLCertificate]) async -> Bool)?
}

/// Frames the replies of another server, and ends a connection that keeps us waiting or says more than was asked.
///
/// What came in clear behind the reply to STARTTLS is dropped: it was not said under TLS.
final class ClientFramer: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = Never
    typealias OutboundIn = ClientCommand
    typealias OutboundOut = ByteBuffer

    enum Failure: Error { case timeout, lineTooLong, tooManyLines }

    private static let maximumLine = 4096
    /// Lines that may wait to be read: the replies to a pipelined group, each of a few lines.
    static let maximumWaiting = 4096
    private let events: AsyncThrowingStream<ClientEvent, any Error>.Continuation
    private var buffer = ByteBuffer()
    private var isHandshaking = false
    private var deadline: NIODeadline
    private var timer: Scheduled<Void>?

    /// - Parameter patience: for the greeting
    init(_ events: AsyncThrowingStream<ClientEvent, any Error>.Continuation, patience: TimeAmount) {
        self.events = events
        deadline = .now() + patience
    }

    func handlerAdded(context: ChannelHandlerContext) { schedule(context) }
    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        events.finish()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        events.finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        events.finish(throwing: error)
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        buffer.writeBuffer(&incoming)
        while !isHandshaking, let end = buffer.readableBytesView.firstIndex(of: 0x0A) {
            var line = buffer.readBytes(length: end - buffer.readerIndex + 1) ?? []
            line.removeLast()
            if line.last == 0x0D { line.removeLast() }
            guard line.count <= Self.maximumLine else { return fail(context, .lineTooLong) }
            if case .dropped = events.yield(.line(line)) { return fail(context, .tooManyLines) }
        }
        guard buffer.readableBytes <= Self.maximumLine else { return fail(context, .lineTooLong) }
        buffer.discardReadBytes()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .send(let bytes, let patience):
            deadline = .now() + patience
            context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: promise)
        case .startTLS(let tls, let serverName):
            buffer.clear()
            isHandshaking = true
            do {
                try context.pipeline.syncOperations.addHandler(Self.handler(tls, serverName), position: .first)
                promise?.succeed()
            } catch {
                promise?.fail(error)
                errorCaught(context: context, error: error)
            }
        }
    }

    private static func handler(_ tls: ClientTLS, _ serverName: String?) throws -> NIOSSLClientHandler {
        guard let check = tls.check else { return try NIOSSLClientHandler(context: tls.context, serverHostname: serverName) }
        return try NIOSSLClientHandler(context: tls.context, serverHostname: serverName) { chain, verdict in
            verdict.completeWithTask { await check(chain) ? .certificateVerified : .failed }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            isHandshaking = false
            events.yield(.tlsEstablished)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func schedule(_ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            if NIODeadline.now() >= self.deadline { self.fail(context, .timeout) } else { self.schedule(context) }
        }
    }

    private func fail(_ context: ChannelHandlerContext, _ failure: Failure) {
        errorCaught(context: context, error: failure)
    }
}
