internal import Directory
internal import Formats
internal import Glibc
internal import Logging
internal import MailStore
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import SMTP
internal import ServiceLifecycle
internal import Synchronization

/// One listening socket for mail, and the connections that came through it.
///
/// Shutdown: no new connection; those under way get a 421 when they are next idle; a delivery that has begun is finished.
package struct MailListener: Service, CustomStringConvertible {
    /// What a port is for.
    enum Kind: String, Sendable { case mx, submission, submissions, lmtp }

    private typealias Client = NIOAsyncChannel<WireEvent, WireCommand>
    private typealias Server = NIOAsyncChannel<Accepted, Never>

    private struct Accepted: Sendable {
        let client: Client
        /// What a trusted proxy's header names; nil for others.
        let passedOn: EventLoopFuture<ClientAddress?>?
    }

    let kind: Kind
    let address: ListenAddress
    let services: MailServices
    let configuration: MailFlowConfiguration
    let limits: ConnectionLimits
    /// Told the port that was bound, for those who asked for port 0.
    var onBound: (@Sendable (Int) -> Void)?

    package var description: String { "\(kind.rawValue) at \(address)" }

    package func run() async throws {
        let first = try await bind()
        let port = first.channel.localAddress?.port ?? 0
        services.logger.info("listening for mail", metadata: ["port": "\(self)", "bound": "\(port)"])
        onBound?(port)
        let socket = Mutex<(any Channel)?>(first.channel)
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                var server: Server? = first
                while let open = server {
                    await accept(open, &group)
                    server = await reopen(port, socket)
                }
            }
        } onGracefulShutdown: {
            // Nil says to `reopen` that it is over.
            let channel = socket.withLock { socket in
                defer { socket = nil }
                return socket
            }
            channel?.close(promise: nil)
        }
    }

    /// Serves clients until the socket is closed or fails. Connections live on in the group.
    private func accept(_ server: Server, _ group: inout DiscardingTaskGroup) async {
        do {
            try await server.executeThenClose { clients in
                for try await client in clients {
                    group.addTask { await serve(client) }
                }
            }
        } catch {
            services.logger.error("listener failed", metadata: ["port": "\(self)", "error": "\(error)"])
        }
    }

    /// Binds the port again after a failure, as often as it takes: no file descriptors left is no reason to be deaf for ever.
    private func reopen(_ port: Int, _ socket: borrowing Mutex<(any Channel)?>) async -> Server? {
        while !Task.isCancelled, socket.withLock({ $0 != nil }) {
            do {
                let server = try await bind(port: port)
                let isOver = socket.withLock { socket in
                    if socket == nil { return true }
                    socket = server.channel
                    return false
                }
                if !isOver { return server }
                server.channel.close(promise: nil)
            } catch {
                services.logger.error("port cannot be opened", metadata: ["port": "\(self)", "error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(1))
        }
        return nil
    }

    /// - Parameter known: the port that was bound before, where any was asked for
    private func bind(port known: Int? = nil) async throws -> Server {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
        let (tls, startsWithTLS, timeouts) = (services.tls, kind == .submissions, configuration.timeouts)
        let start: @Sendable (any Channel) -> EventLoopFuture<Accepted> = { channel in
            channel.eventLoop.makeCompletedFuture {
                var passedOn: EventLoopFuture<ClientAddress?>?
                if takesProxyHeader(channel) {
                    let reader = ProxyHeaderReader(channel.eventLoop)
                    passedOn = reader.address
                    try channel.pipeline.syncOperations.addHandler(reader)
                }
                if startsWithTLS {
                    guard let context = tls.context() else { throw ChannelError.operationUnsupported }
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                }
                try channel.pipeline.syncOperations.addHandler(WireFramer(timeouts: timeouts, startsWithTLS: startsWithTLS))
                let client = try Client(
                    wrappingChannelSynchronously: channel,
                    configuration: .init(backPressureStrategy: .init(lowWatermark: 2, highWatermark: 8)))
                return Accepted(client: client, passedOn: passedOn)
            }
        }
        switch address {
        case .tcp(let host, let port):
            return try await bootstrap.childChannelOption(.socketOption(.tcp_nodelay), value: 1)
                .bind(host: host, port: known ?? port, childChannelInitializer: start)
        case .unix(let path):
            return try await bootstrap.bind(
                unixDomainSocketPath: path, cleanupExistingSocketFile: true, childChannelInitializer: start)
        }
    }

    private func serve(_ accepted: Accepted) async {
        let client = accepted.client
        var peer = Peer(client.channel.remoteAddress)
        if let address = try? await accepted.passedOn?.get() { peer = Peer(address: address) }
        let room: @Sendable () -> Void = { [channel = client.channel, peer] in
            logCrowd(peer)
            channel.pipeline.fireUserInboundEventTriggered(MakeRoom())
        }
        guard let place = limits.enter(peer.network, makeRoom: room) else {
            logCrowd(peer)
            return await refuse(client)
        }
        defer { limits.leave(place) }
        do {
            try await client.executeThenClose { inbound, outbound in
                var connection = MailConnection(
                    services, sessionConfiguration(peer), peer: peer, outbound: outbound
                ) { limits.note(place, $0) }
                try await connection.run(inbound)
            }
        } catch {
            services.logger.debug("connection broke", metadata: ["peer": "\(peer)", "error": "\(error)"])
        }
    }

    private func refuse(_ client: Client) async {
        try? await client.executeThenClose { _, outbound in
            try await outbound.write(.reply(Reply.crowdedOut.serialized))
        }
    }

    private func logCrowd(_ peer: Peer) {
        guard let count = limits.countForLog() else { return }
        services.logger.notice(
            "connections refused", metadata: ["port": "\(self)", "peer": "\(peer)", "count": "\(count)", "reason": "too many"])
    }

    // MARK: Who it is

    private func isTrustedProxy(_ peer: Peer) -> Bool {
        guard let address = peer.address else { return false }
        return configuration.trustedProxies.contains { $0.contains(address) }
    }

    /// LMTP is spoken by mail servers, which have XFORWARD.
    private func takesProxyHeader(_ channel: any Channel) -> Bool {
        kind != .lmtp && isTrustedProxy(Peer(channel.remoteAddress))
    }

    private var futureRelease: ServerConfiguration.FutureRelease {
        let until = InternetDate(seconds: UnixTime.now.seconds + Submitter.longestHold)
        return .init(seconds: Submitter.longestHold, until: until.utcRFC3339)
    }

    private func sessionConfiguration(_ peer: Peer) -> ServerConfiguration {
        let mode: ServerConfiguration.Mode =
            switch kind {
            case .mx: .mx
            case .submission, .submissions: .submission
            case .lmtp: .lmtp
            }
        return ServerConfiguration(
            hostname: configuration.hostname, mode: mode, limits: .init(messageSize: configuration.maximumMessageSize),
            offersSTARTTLS: kind != .submissions && kind != .lmtp && services.tls.context() != nil,
            startsWithTLS: kind == .submissions, isLoopback: peer.isLoopback,
            isTrustedServer: kind == .lmtp && peer.isLoopback || kind != .submission && kind != .submissions && isTrustedProxy(peer),
            futureRelease: mode == .submission ? futureRelease : nil)
    }
}
