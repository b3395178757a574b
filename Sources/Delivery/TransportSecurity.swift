internal import NIOSSL

/// How a connection to one host must be secured.
enum HostSecurity: Hashable, Sendable {
    case none
    /// TLS where it is offered and works; whose it is does not matter. RFC 7435.
    case opportunistic
    /// TLS or nothing; whose it is does not matter.
    case encrypted
    /// TLS with a certificate that a known authority gave for the host's name. RFC 8461 §4.1.
    case verified
    /// TLS with a certificate that the DNS names. RFC 7672.
    case pinned([TLSARecord], names: [String])

    /// Clear text is no way out.
    var isRequired: Bool {
        switch self {
        case .none, .opportunistic: false
        case .encrypted, .verified, .pinned: true
        }
    }
}

/// The TLS contexts of the way out, made once.
struct OutboundTLS: Sendable {
    private let anyone: NIOSSLContext
    private let verifying: NIOSSLContext
    /// The chain is judged by ourselves.
    private let pinning: NIOSSLContext

    /// - Parameter trustedCertificates: a PEM file of authorities that count beside the system's; empty for none
    init(trustedCertificates: String = "") throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if !trustedCertificates.isEmpty { configuration.additionalTrustRoots = [.file(trustedCertificates)] }
        verifying = try NIOSSLContext(configuration: configuration)
        configuration.certificateVerification = .noHostnameVerification
        pinning = try NIOSSLContext(configuration: configuration)
        // An unverified cipher is better than clear text, and worse than nothing in no case.
        configuration.certificateVerification = .none
        anyone = try NIOSSLContext(configuration: configuration)
    }

    func client(_ security: HostSecurity) -> ClientTLS {
        switch security {
        case .none, .opportunistic, .encrypted: ClientTLS(context: anyone)
        case .verified: ClientTLS(context: verifying)
        case .pinned(let records, let names):
            ClientTLS(context: pinning) { chain in await DANE.accepts(chain, records, names: names) }
        }
    }
}
