import NIOSSL

@testable import Delivery

/// TLS for tests: a certificate that nobody trusts, of a key that is no secret.
enum TestTLS {
    static func server() throws -> TLSSource {
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(certificateChain: certificates, privateKey: .privateKey(key)))
        return TLSSource { context }
    }

    static func client() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        return try NIOSSLContext(configuration: configuration)
    }

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgprEirAfQbofLpFFo
        nLP+TqrbAXhHEp6yKbp97nP8Y4ihRANCAATnv81Xkyd+Z5FoPp2c5kEFmbd/HzgP
        5pDI/RgAK0kfJ6551d4FIxKhVTzx1fPiJC/D3Lz13w7rP/fgyHUSEAgb
        -----END PRIVATE KEY-----
        """

    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBnjCCAUSgAwIBAgIUYGz37OnxzRqY29ULpdqn6tJKi/cwCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMbXguZGVtby50ZXN0MCAXDTI2MTEyMzA2NTc1OVoYDzIxMjYx
        MDMwMDY1NzU5WjAXMRUwEwYDVQQDDAxteC5kZW1vLnRlc3QwWTATBgcqhkjOPQIB
        BggqhkjOPQMBBwNCAATnv81Xkyd+Z5FoPp2c5kEFmbd/HzgP5pDI/RgAK0kfJ655
        1d4FIxKhVTzx1fPiJC/D3Lz13w7rP/fgyHUSEAgbo2wwajAdBgNVHQ4EFgQUyf/w
        uioez+b1RawVkP98aRGii/QwHwYDVR0jBBgwFoAUyf/wuioez+b1RawVkP98aRGi
        i/QwDwYDVR0TAQH/BAUwAwEB/zAXBgNVHREEEDAOggxteC5kZW1vLnRlc3QwCgYI
        KoZIzj0EAwIDSAAwRQIhAMNr/lOeNqQHW+KI0rZ3WKeKoZvKMl/aV4kpcpMEcQeg
        AiAQZ/PCIYtMXGAXo2YAiPTSCGAcWPpyi5h8gwBUVeGAPw==
        -----END CERTIFICATE-----
        """
}
