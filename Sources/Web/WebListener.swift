internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdHTTP2
package import Logging
package import NIOCore
package import NIOSSL
internal import ServiceLifecycle
internal import Synchronization

/// A certificate with its key that may change while the server runs.
package struct ServedCertificate: Sendable {
    let generation: @Sendable () -> Int
    let configuration: @Sendable () throws -> TLSConfiguration

    /// - Parameters:
    ///   - generation: grows with every change
    ///   - configuration: what new connections get
    package init(
        generation: @escaping @Sendable () -> Int, configuration: @escaping @Sendable () throws -> TLSConfiguration
    ) {
        self.generation = generation
        self.configuration = configuration
    }
}

/// One address where the site is served.
package struct WebListener: Service {
    private let site: Site
    private let host: String
    private let port: Int
    private let tls: ServedCertificate?
    private let deadlines: Deadlines
    private let logger: Logger
    private let onReady: @Sendable (any Channel) async -> Void

    /// - Parameters:
    ///   - port: 0 lets the system choose
    ///   - tls: nil for plain HTTP/1.1; else HTTP/1.1 and HTTP/2, as the client likes
    ///   - onReady: called once with the bound channel
    package init(
        site: Site, host: String, port: Int, tls: ServedCertificate?, deadlines: Deadlines = Deadlines(), logger: Logger,
        onReady: @escaping @Sendable (any Channel) async -> Void
    ) {
        self.site = site
        self.host = host
        self.port = port
        self.tls = tls
        self.deadlines = deadlines
        self.logger = logger
        self.onReady = onReady
    }

    package func run() async throws {
        var configuration = ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil, backlog: 1024)
        configuration.availableConnectionsDelegate = MaximumAvailableConnections(20_000)
        var quiet = logger
        // Its "Server started" would come beside our own line.
        if quiet.logLevel == .info { quiet.logLevel = .notice }
        let application = Application(
            responder: Door(site: site, isTLS: tls != nil), server: server, configuration: configuration,
            onServerRunning: onReady, logger: quiet)
        try await application.run()
    }

    private var server: HTTPServerBuilder {
        let deadlines = self.deadlines
        let stream = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ContinueHandler(), ProgressGuard(deadlines)],
            httpDecoderConfiguration: .init(maxHeaderFieldSize: 32_768, maxHeaderListSize: 65_536, maxHeaderFieldCount: 200))
        guard let tls else { return .http1(configuration: stream) }
        return HTTPServerBuilder { responder in
            TLSChannel(tls: tls, handshake: deadlines.handshake) { configuration in
                try HTTP2UpgradeChannel(
                    tlsConfiguration: configuration,
                    configuration: .init(
                        idleTimeout: .seconds(180), gracefulCloseTimeout: .seconds(10), streamConfiguration: stream),
                    responder: responder)
            }
        }
    }
}

/// TLS with a deadline for the handshake, and with the certificate of the moment.
private final class TLSChannel: ServerChildChannel {
    typealias Value = HTTP2UpgradeChannel.Value

    private let tls: ServedCertificate
    private let handshake: TimeAmount
    private let make: @Sendable (TLSConfiguration) throws -> HTTP2UpgradeChannel
    private let current = Mutex<(generation: Int, channel: HTTP2UpgradeChannel)?>(nil)

    init(
        tls: ServedCertificate, handshake: TimeAmount,
        make: @escaping @Sendable (TLSConfiguration) throws -> HTTP2UpgradeChannel
    ) {
        self.tls = tls
        self.handshake = handshake
        self.make = make
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let upgrade: HTTP2UpgradeChannel
        do { upgrade = try present() } catch { return channel.eventLoop.makeFailedFuture(error) }
        let deadline = handshake
        return upgrade.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let operations = channel.pipeline.syncOperations
            let tls = try operations.handler(type: NIOSSLServerHandler.self)
            try operations.addHandler(HandshakeGuard(deadline), position: .after(tls))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async {
        // Which certificate it began with no longer matters.
        guard let upgrade = try? present() else { return }
        await upgrade.handle(value: value, logger: logger)
    }

    private func present() throws -> HTTP2UpgradeChannel {
        try current.withLock { current in
            let generation = tls.generation()
            if let current, current.generation == generation { return current.channel }
            let channel = try make(tls.configuration())
            current = (generation, channel)
            return channel
        }
    }
}
