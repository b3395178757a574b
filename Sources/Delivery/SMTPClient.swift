internal import NIOCore
internal import SMTP

/// Opens connections to other servers.
struct SMTPClient: Sendable {
    typealias Patience = SMTPPatience

    let tls: OutboundTLS
    var patience = Patience()

    /// Connects to one address of a host, as securely as `security` and the configuration ask.
    func open(
        _ target: RouteTarget, _ configuration: ClientConfiguration
    ) async throws(SMTPConnection.OpenFailure) -> SMTPConnection {
        guard let address = try? SocketAddress(ipAddress: target.address.description, port: target.port) else {
            throw .connect("no socket address")
        }
        var configuration = configuration
        switch target.security {
        case .none: break
        case .opportunistic: if configuration.tls == .none { configuration.tls = .opportunistic }
        case .encrypted, .verified, .pinned: configuration.tls = .required
        }
        let name = IPAddress(target.host) == nil ? target.host : nil
        let tls = tls.client(target.security)
        do {
            return try await SMTPConnection.open(to: address, serverName: name, configuration, tls: tls, patience: patience)
        } catch {
            // Opportunistic means: a broken TLS is worth no less than none. RFC 7435.
            guard case .tls = error, configuration.tls == .opportunistic else { throw error }
            configuration.tls = .none
            return try await SMTPConnection.open(to: address, serverName: name, configuration, tls: tls, patience: patience)
        }
    }
}
