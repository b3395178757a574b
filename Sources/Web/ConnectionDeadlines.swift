internal import HTTPTypes
package import NIOCore
internal import NIOHTTPTypes
internal import NIOSSL
internal import NIOTLS

/// How long a client may keep us waiting.
package struct Deadlines: Sendable {
    /// For the TLS handshake.
    package var handshake: TimeAmount = .seconds(15)
    /// For the head of the first request, and for the next one on a connection that is kept alive.
    package var head: TimeAmount = .seconds(60)
    /// Between two pieces of a body that is coming in, and for a client to take what we send.
    package var progress: TimeAmount = .seconds(60)

    package init() {}
}

/// Closes connections that make no progress: no head, a body that stops, an answer that nobody takes.
///
/// While we work on an answer, nothing runs: an event stream may be silent for hours.
final class ProgressGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let deadlines: Deadlines
    private var reading: Scheduled<Void>?
    private var writing: Scheduled<Void>?
    private var isAnswered = true

    init(_ deadlines: Deadlines) { self.deadlines = deadlines }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { reading = close(context, after: deadlines.head) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelAll() }

    func channelActive(context: ChannelHandlerContext) {
        if reading == nil { reading = close(context, after: deadlines.head) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelAll()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reading?.cancel()
        reading = nil
        switch unwrapInboundIn(data) {
        case .head:
            isAnswered = false
            reading = close(context, after: deadlines.progress)
        case .body: reading = close(context, after: deadlines.progress)
        case .end: if isAnswered { reading = close(context, after: deadlines.head) }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = unwrapOutboundIn(data)
        context.write(data, promise: promise)
        if case .end = part {
            isAnswered = true
            if reading == nil { reading = close(context, after: deadlines.head) }
        }
        if !context.channel.isWritable, writing == nil { writing = close(context, after: deadlines.progress) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writing?.cancel()
        writing = context.channel.isWritable ? nil : close(context, after: deadlines.progress)
        context.fireChannelWritabilityChanged()
    }

    private func close(_ context: ChannelHandlerContext, after time: TimeAmount) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    private func cancelAll() {
        reading?.cancel()
        writing?.cancel()
        reading = nil
        writing = nil
    }
}

/// Answers `Expect: 100-continue`, which Hummingbird does not: clients would wait a second with every upload.
// RFC 9110 §10.1.1
final class ContinueHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data), head.headerFields[.expect]?.lowercased() == "100-continue" {
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
        context.fireChannelRead(data)
    }
}

/// Closes a connection whose TLS handshake does not end; also at shutdown, which would wait for it.
final class HandshakeGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let deadline: TimeAmount
    private var closing: Scheduled<Void>?

    init(_ deadline: TimeAmount) { self.deadline = deadline }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        closing = context.eventLoop.scheduleTask(in: deadline) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { closing?.cancel() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
        if event is TLSUserEvent { context.pipeline.syncOperations.removeHandler(self, promise: nil) }
    }
}
