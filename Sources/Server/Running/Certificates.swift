import Crypto
import Delivery
import Disk
import FoundationEssentials
import Glibc
import Logging
import NIOSSL
import ServiceLifecycle
import SwiftASN1
import Synchronization
import Web
import X509

/// The certificate that all TLS listeners show: from PEM files, or self-signed; taken up anew when the files change.
final class Certificates: Service {
    private struct State {
        var generation = 0
        var configuration: TLSConfiguration
        var context: NIOSSLContext
        var stamps: [FileStamp]
    }

    private let certificate: String
    private let key: String
    private let logger: Logger
    private let state: Mutex<State>

    /// Loads the configured files; without, makes a self-signed pair in `<data>/tls/` unless there is one.
    init(_ configuration: Configuration, logger: Logger) throws {
        self.logger = logger
        if configuration.certificate.isEmpty {
            certificate = "\(configuration.data)/tls/certificate.pem"
            key = "\(configuration.data)/tls/key.pem"
            if FileStamp(certificate) == nil || FileStamp(key) == nil {
                try Self.makeSelfSigned(for: configuration.hostname, certificate: certificate, key: key)
            }
        } else {
            certificate = configuration.certificate
            key = configuration.key.isEmpty ? configuration.certificate : configuration.key
        }
        state = Mutex(try Self.load(certificate, key))
    }

    /// For listeners that speak TLS from the start or after STARTTLS.
    var context: NIOSSLContext { state.withLock { $0.context } }

    var served: ServedCertificate {
        ServedCertificate(
            generation: { self.state.withLock { $0.generation } },
            configuration: { self.state.withLock { $0.configuration } })
    }

    /// Looks at the files every few seconds. Files that do not fit together are left alone until they do.
    func run() async throws {
        while !Task.isShuttingDownGracefully {
            do { try await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(5)) } } catch { return }
            let stamps = [FileStamp(certificate), FileStamp(key)].compactMap(\.self)
            guard stamps != state.withLock({ $0.stamps }) else { continue }
            do {
                let fresh = try Self.load(certificate, key)
                state.withLock { state in
                    let generation = state.generation + 1
                    state = fresh
                    state.generation = generation
                }
                logger.notice("certificate reloaded", metadata: ["file": "\(certificate)"])
            } catch {
                logger.error(
                    "certificate cannot be loaded, the old one stays", metadata: ["file": "\(certificate)", "error": "\(error)"])
                state.withLock { $0.stamps = stamps }
            }
        }
    }

    private static func load(_ certificate: String, _ key: String) throws -> State {
        let stamps = [FileStamp(certificate), FileStamp(key)].compactMap(\.self)
        let chain = try NIOSSLCertificate.fromPEMFile(certificate).map { NIOSSLCertificateSource.certificate($0) }
        let privateKey = try NIOSSLPrivateKey(file: key, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        return State(
            configuration: configuration, context: try NIOSSLContext(configuration: configuration), stamps: stamps)
    }

    private static func makeSelfSigned(for hostname: String, certificate: String, key: String) throws {
        let pair = try SelfSigned(hostname: hostname)
        let folder = Folder.parent(of: key)
        try Folder.make(folder)
        try AtomicFile.write(Array(pair.key.utf8), to: key)
        try AtomicFile.write(Array(pair.certificate.utf8), to: certificate)
    }
}

/// Tells whether a file is another than it was.
struct FileStamp: Hashable, Sendable {
    /// Where the links lead that renewing programs put in its place.
    private let path: String
    private let size: Int
    /// Nanoseconds.
    private let modified: Int64

    /// Nil where there is no such file.
    init?(_ path: String) {
        guard let target = realpath(path, nil) else { return nil }
        defer { free(target) }
        self.path = String(cString: target)
        guard let status = DiskFile.status(self.path) else { return nil }
        size = status.size
        modified = status.modified
    }
}

/// A key and a certificate that vouches for itself: enough to encrypt, until there is a real one.
struct SelfSigned {
    /// PEM.
    let certificate: String
    let key: String

    init(hostname: String) throws {
        let privateKey = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName(hostname) }
        let now = Date.now
        var names = [GeneralName.dnsName(hostname)]
        if hostname != "localhost" { names.append(.dnsName("localhost")) }
        let signed = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(privateKey.publicKey),
            notValidBefore: now - 3600, notValidAfter: now + 825 * 86_400, issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names)
            },
            issuerPrivateKey: .init(privateKey))
        certificate = try signed.serializeAsPEM().pemString
        key = try Certificate.PrivateKey(privateKey).serializeAsPEM().pemString
    }
}
