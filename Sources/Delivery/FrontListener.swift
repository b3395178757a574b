internal import Directory
internal import Formats
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import SMTP
internal import ServiceLifecycle

/// Answers a mail server in front of us, which asks before it accepts a recipient (Postfix's socketmap and policy protocols).
///
/// It gets the same answer that our own RCPT gives, so that nothing is accepted in front which must be bounced behind.
package struct FrontListener: Service, CustomStringConvertible {
    private typealias Client = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    let address: ListenAddress
    let desk: FrontDesk
    let logger: Logger
    /// Told the port that was bound.
    var onBound: (@Sendable (Int) -> Void)?

    /// Connections at a time. Postfix keeps one for each of its processes that asks.
    private static let maximumConnections = 500

    package var description: String { "socketmap at \(address)" }

    package func run() async throws {
        let server = try await bind()
        let port = server.channel.localAddress?.port ?? 0
        logger.info("listening for questions", metadata: ["port": "\(self)", "bound": "\(port)"])
        onBound?(port)
        await withGracefulShutdownHandler {
            await accept(server)
        } onGracefulShutdown: {
            server.channel.close(promise: nil)
        }
    }

    private func accept(_ server: NIOAsyncChannel<Client, Never>) async {
        let limits = ConnectionLimits(maximum: Self.maximumConnections, perNetwork: Self.maximumConnections)
        do {
            try await server.executeThenClose { clients in
                await withDiscardingTaskGroup { group in
                    do {
                        for try await client in clients {
                            group.addTask { await serve(client, limits) }
                        }
                    } catch {
                        logger.error("listener failed", metadata: ["port": "\(self)", "error": "\(error)"])
                    }
                }
            }
        } catch {
            logger.debug("listener closed", metadata: ["port": "\(self)", "error": "\(error)"])
        }
    }

    private func bind() async throws -> NIOAsyncChannel<Client, Never> {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        let start: @Sendable (any Channel) -> EventLoopFuture<Client> = { channel in
            channel.eventLoop.makeCompletedFuture { try Client(wrappingChannelSynchronously: channel) }
        }
        switch address {
        case .tcp(let host, let port):
            return try await bootstrap.childChannelOption(.socketOption(.tcp_nodelay), value: 1)
                .bind(host: host, port: port, childChannelInitializer: start)
        case .unix(let path):
            return try await bootstrap.bind(
                unixDomainSocketPath: path, cleanupExistingSocketFile: true, childChannelInitializer: start)
        }
    }

    /// Questions come one after the other; a connection is silent for as long as nobody sends mail.
    private func serve(_ client: Client, _ limits: ConnectionLimits) async {
        let channel = client.channel
        let place = limits.enter(nil) { channel.close(promise: nil) }
        defer { if let place { limits.leave(place) } }
        do {
            try await client.executeThenClose { inbound, outbound in
                guard let place else { return }
                var reader = FrontReader()
                for try await bytes in inbound.cancelOnGracefulShutdown() {
                    reader.append(bytes.readableBytesView)
                    while let question = try reader.next() {
                        let answer = await desk.answer(question)
                        try await outbound.write(ByteBuffer(bytes: answer.serialized))
                        limits.note(place, .idle)
                    }
                }
            }
        } catch let error as FrontReader.Failure {
            logger.notice("question not understood", metadata: ["port": "\(self)", "reason": "\(error)"])
        } catch {
            logger.debug("connection broke", metadata: ["port": "\(self)", "error": "\(error)"])
        }
    }
}
