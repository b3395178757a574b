package import Formats
package import SMTP

/// Says over which hosts mail for an address goes out. Pure: the directory's word and the DNS's answers come in as values.
package struct RoutePlanner: Sendable {
    /// What the directory says of an address.
    private let whereabouts: @Sendable (MailAddress) -> RecipientResolver.Whereabouts
    private let smartHost: HostPort?

    package init(
        smartHost: HostPort?, whereabouts: @escaping @Sendable (MailAddress) -> RecipientResolver.Whereabouts
    ) {
        self.whereabouts = whereabouts
        self.smartHost = smartHost
    }

    /// The next hop: ours, the server that the domain's admin named, the smart host, or the domain's own servers.
    package func destination(of address: String) -> Destination {
        guard let address = try? MailAddress(parsing: address) else { return .nowhere }
        switch whereabouts(address) {
        case .here: return .local
        case .hop(let hop): return .hop(hop, of: address.domain)
        case .elsewhere: return smartHost.map { .smartHost($0) } ?? .domain(address.domain)
        }
    }

    /// Why there is no host to try.
    package struct NoRoute: Error, Hashable, Sendable {
        package let reply: Reply
    }

    /// The hosts of a domain in the order to try, by the answer to the question for its MX. RFC 5321 §5.1, RFC 7505.
    ///
    /// - Parameters:
    ///   - ourselves: names under which we are known: hosts no better than we are left out, so that mail never circles
    ///   - shuffle: puts hosts of equal preference in some order
    package static func hosts(
        of domain: DomainName, mx answer: DNSAnswer, ourselves: Set<String>,
        shuffle: ([String]) -> [String] = { $0.shuffled() }
    ) throws(NoRoute) -> [String] {
        switch answer {
        case .noSuchName: throw NoRoute(reply: Reply(550, 5, 1, 2, "Domain \(domain) does not exist"))
        case .failed(let reason): throw NoRoute(reply: Reply(451, 4, 4, 3, "DNS look-up of \(domain) failed: \(reason)"))
        case .noData:
            // No MX: the domain's own address is its only mail host.
            guard !ourselves.contains(domain.ascii) else { throw loop(domain) }
            return [domain.ascii]
        case .records(let records):
            var exchangers: [(preference: Int, host: String)] = []
            for case .mx(let preference, let host) in records { exchangers.append((preference, host)) }
            if exchangers.count == 1, exchangers[0].host.isEmpty {
                throw NoRoute(reply: Reply(556, 5, 1, 10, "Domain \(domain) does not accept mail"))
            }
            exchangers.removeAll { $0.host.isEmpty }
            if let own = exchangers.filter({ ourselves.contains($0.host) }).map(\.preference).min() {
                exchangers.removeAll { $0.preference >= own }
                if exchangers.isEmpty { throw loop(domain) }
            }
            return ordered(exchangers, shuffle)
        }
    }

    private static func loop(_ domain: DomainName) -> NoRoute {
        NoRoute(reply: Reply(554, 5, 4, 6, "Mail for \(domain) leads back to this server, which does not take it"))
    }

    private static func ordered(
        _ exchangers: [(preference: Int, host: String)], _ shuffle: ([String]) -> [String]
    ) -> [String] {
        let preferences = Set(exchangers.map(\.preference)).sorted()
        let hosts = preferences.flatMap { preference in
            shuffle(exchangers.filter { $0.preference == preference }.map(\.host))
        }
        var seen: Set<String> = []
        return hosts.filter { seen.insert($0).inserted }
    }
}
