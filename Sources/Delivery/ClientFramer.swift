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
    case startTLS(NIOSSLContext, serverName: String?)
}

/// Frames the replies of another server, and ends a connection that keeps us waiting.
///
/// What came in clear behind the reply to STARTTLS is dropped: it was not said under TLS.
final class ClientFramer: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ClientEvent
    typealias OutboundIn = ClientCommand
    typealias OutboundOut = ByteBuffer

    enum Failure: Error { case timeout, lineTooLong }

    private static let maximumLine = 4096
    private var buffer = ByteBuffer()
    private var isHandshaking = false
    private var deadline: NIODeadline
    private var timer: Scheduled<Void>?

    /// - Parameter patience: for the greeting
    init(patience: TimeAmount) { deadline = .now() + patience }

    func handlerAdded(context: ChannelHandlerContext) { schedule(context) }
    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        buffer.writeBuffer(&incoming)
        while !isHandshaking, let end = buffer.readableBytesView.firstIndex(of: 0x0A) {
            var line = buffer.readBytes(length: end - buffer.readerIndex + 1) ?? []
            line.removeLast()
            if line.last == 0x0D { line.removeLast() }
            context.fireChannelRead(wrapInboundOut(.line(line)))
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
                let handler = try NIOSSLClientHandler(context: tls, serverHostname: serverName)
                try context.pipeline.syncOperations.addHandler(handler, position: .first)
                promise?.succeed()
            } catch {
                promise?.fail(error)
                context.fireErrorCaught(error)
                context.close(promise: nil)
            }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            isHandshaking = false
            context.fireChannelRead(wrapInboundOut(.tlsEstablished))
            context.fireChannelReadComplete()
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func schedule(_ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            if NIODeadline.now() >= self.deadline { self.fail(context, .timeout) } else { self.schedule(context) }
        }
    }

    private func fail(_ context: ChannelHandlerContext, _ failure: Failure) {
        context.fireErrorCaught(failure)
        context.close(promise: nil)
    }
}
