import Delivery
import Directory
import Disk
import Formats

/// The TXT record that shows whose a domain is.
enum VerificationRecord {
    static func text(for domain: Domain) -> String { "mailportal-verification=\(domain.verificationToken)" }

    /// Whether one of the domain's TXT records says it; the strings of a record are joined.
    static func isPublished(for domain: Domain, _ configuration: Configuration) async throws -> Bool {
        let answer = try await resolver(configuration).lookUp(domain.name.ascii, .txt)
        let wanted = Array(text(for: domain).utf8)
        return answer.records.contains { record in
            if case .txt(let text) = record { text == wanted } else { false }
        }
    }

    private static func resolver(_ configuration: Configuration) throws -> any Resolver {
        do {
            let network = try UnboundResolver(servers: configuration.dnsServers)
            guard !configuration.dnsRecords.isEmpty else { return network }
            guard let bytes = try DiskFile.contents(configuration.dnsRecords) else {
                throw Failure.configuration("dns.records: no file \(configuration.dnsRecords)")
            }
            let table = try ZoneTable(parsing: String(decoding: bytes, as: UTF8.self))
            return LayeredResolver(table: table, network: network)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure.configuration("DNS: \(error)")
        }
    }
}
