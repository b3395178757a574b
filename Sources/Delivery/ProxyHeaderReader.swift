internal import Directory
internal import NIOCore
internal import SMTP

/// Takes the PROXY header off the beginning of a trusted proxy's connection, and steps out of the way.
///
/// A trusted address may also be a server that speaks for itself and sends no header; it waits for our greeting. So the greeting
/// waits for the header, but not for long.
final class ProxyHeaderReader: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let patience = TimeAmount.milliseconds(300)
    private var buffer = ByteBuffer()
    private let result: EventLoopPromise<ClientAddress?>
    private var timer: Scheduled<Void>?
    private var isDone = false

    /// The address that the header names; nil when there is no header, or it names none. Always fulfilled.
    var address: EventLoopFuture<ClientAddress?> { result.futureResult }

    init(_ eventLoop: any EventLoop) { result = eventLoop.makePromise() }

    func handlerAdded(context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { self.finish(context, nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        guard !isDone else { return context.fireChannelRead(data) }
        buffer.writeBuffer(&incoming)
        switch ProxyHeader.read(buffer.readableBytesView) {
        case .needsMore: break
        case .none: finish(context, nil)
        case .header(let header):
            buffer.moveReaderIndex(forwardBy: header.size)
            finish(context, header.address.flatMap { IPAddress(bytes: $0) }.flatMap { ClientAddress($0.description) })
        }
    }

    private func finish(_ context: ChannelHandlerContext, _ address: ClientAddress?) {
        guard !isDone else { return }
        isDone = true
        timer?.cancel()
        result.succeed(address)
        if buffer.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(buffer))
            context.fireChannelReadComplete()
        }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(context, nil)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        if !isDone { result.succeed(nil) }
        isDone = true
    }
}
