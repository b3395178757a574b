import Delivery
import Directory
import Disk
import Formats

/// The DNS as a command sees it, by the server's configuration.
struct NameService {
    let resolver: any Resolver

    init(_ configuration: Configuration) throws {
        var mail = MailFlowConfiguration(hostname: configuration.hostname, data: configuration.data)
        mail.dnsServers = configuration.dnsServers
        mail.dnsRecords = configuration.dnsRecords
        do { resolver = try MailFlow.resolver(mail) } catch { throw Failure.configuration("DNS: \(error)") }
    }

    /// What a host's name resolves to; nothing for an address, or where nobody answers.
    func addresses(of host: String) async -> [ClientAddress] {
        guard ClientAddress(host) == nil else { return [] }
        let (four, six) = (await resolver.lookUp(host, .a), await resolver.lookUp(host, .aaaa))
        return (four.records + six.records).compactMap { record in
            switch record {
            case .a(let text), .aaaa(let text): ClientAddress(text)
            default: nil
            }
        }
    }
}

extension ThisServer {
    /// Where the configuration says that mail is taken.
    init(_ configuration: Configuration) {
        let texts = configuration.mx + configuration.submission + configuration.submissions + configuration.lmtp
        let listeners = texts.compactMap { text -> (host: String, port: Int)? in
            guard case .tcp(let host, let port)? = ListenAddress(parsing: text) else { return nil }
            return (host, port)
        }
        self.init(hostname: configuration.hostname, listeners: listeners)
    }
}
