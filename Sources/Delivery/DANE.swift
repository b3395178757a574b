internal import Crypto
internal import NIOSSL
internal import SwiftASN1
internal import X509

/// Certificates named by the DNS. RFC 6698, RFC 7671, RFC 7672.
enum DANE {
    /// What SMTP can use: DANE-TA(2) and DANE-EE(3), with a selector and matching type that we know. RFC 7672 §3.1.
    static func usable(_ records: [TLSARecord]) -> [TLSARecord] {
        records.filter { record in
            let length: Int? = record.matching == 1 ? 32 : record.matching == 2 ? 64 : nil
            return (2...3).contains(record.usage) && record.selector <= 1 && record.matching <= 2
                && (length.map { $0 == record.data.count } ?? !record.data.isEmpty)
        }
    }

    /// Whether a chain as a server presented it is one of those that `records` name.
    ///
    /// - Parameter names: what an authority's certificate must be for, any of them; with DANE-EE names and dates do not count
    static func accepts(_ chain: [NIOSSLCertificate], _ records: [TLSARecord], names: [String]) async -> Bool {
        guard let leaf = chain.first else { return false }
        if records.contains(where: { $0.usage == 3 && matches($0, leaf) }) { return true }
        let authorities = records.filter { $0.usage == 2 }
        var anchors = chain.filter { certificate in authorities.contains { matches($0, certificate) } }
        // The authority may stand whole in the DNS and be left out of the chain.
        for record in authorities where record.selector == 0 && record.matching == 0 {
            if let certificate = try? NIOSSLCertificate(bytes: record.data, format: .der) { anchors.append(certificate) }
        }
        for name in names where await isIssued(chain, by: anchors, for: name) { return true }
        return false
    }

    private static func matches(_ record: TLSARecord, _ certificate: NIOSSLCertificate) -> Bool {
        let der = try? record.selector == 0 ? certificate.toDERBytes() : certificate.extractPublicKey().toSPKIBytes()
        guard let der else { return false }
        switch record.matching {
        case 0: return record.data == der
        case 1: return record.data.elementsEqual(SHA256.hash(data: der))
        default: return record.data.elementsEqual(SHA512.hash(data: der))
        }
    }

    private static func isIssued(_ chain: [NIOSSLCertificate], by anchors: [NIOSSLCertificate], for name: String) async -> Bool {
        let roots = anchors.compactMap(certificate)
        guard !roots.isEmpty, let leaf = certificate(chain[0]) else { return false }
        var verifier = Verifier(rootCertificates: CertificateStore(roots)) {
            RFC5280Policy()
            ServerIdentityPolicy(serverHostname: name, serverIP: nil)
        }
        let result = await verifier.validate(
            leaf: leaf, intermediates: CertificateStore(chain.dropFirst().compactMap(certificate)))
        if case .validCertificate = result { return true }
        return false
    }

    private static func certificate(_ certificate: NIOSSLCertificate) -> Certificate? {
        (try? certificate.toDERBytes()).flatMap { try? Certificate(derEncoded: $0) }
    }
}
