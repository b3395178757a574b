internal import Directory
internal import Formats
internal import Logging
internal import SMTP

/// One address of one host of a destination, and how it must be spoken to.
struct RouteTarget: Sendable {
    let host: String
    let address: IPAddress
    let port: Int
    let security: HostSecurity
}

/// Finds the addresses to try for a destination, and what the DNS and the domain's policies ask of each connection.
struct RouteTargets: Sendable {
    /// The most hosts, and addresses of each, that one attempt tries.
    private static let maximumHosts = 6
    private static let maximumAddresses = 4

    let resolver: any Resolver
    let policies: MTASTSCache?
    /// Port of MX hosts.
    let port: Int
    /// Names under which other servers may know us.
    let ourselves: Set<String>
    let logger: Logger

    /// In the order to try. Throws when there is none.
    func find(_ destination: Destination) async throws(RoutePlanner.NoRoute) -> [RouteTarget] {
        switch destination {
        case .smartHost(let host): try await find(host: host, security: .opportunistic)
        case .hop(let hop, _): try await find(hop)
        case .domain(let domain): try await find(domain)
        case .local, .nowhere: throw .init(reply: Reply(550, 5, 4, 4, "No route"))
        }
    }

    /// What does not work is a mistake that its admin can undo: the mail waits.
    private func find(_ hop: NextHop) async throws(RoutePlanner.NoRoute) -> [RouteTarget] {
        let security: HostSecurity =
            switch hop.tls {
            case .none: .none
            case .opportunistic: .opportunistic
            case .required: .encrypted
            }
        do {
            return try await find(host: HostPort(host: hop.host, port: hop.port), security: security)
        } catch {
            guard error.reply.isPermanent else { throw error }
            throw .init(reply: Reply(451, 4, 4, 4, error.reply.lines.joined(separator: " ")))
        }
    }

    /// A host that an admin named: its MX is never looked up. DANE may raise what the admin asks for, and never lowers it.
    private func find(host: HostPort, security: HostSecurity) async throws(RoutePlanner.NoRoute) -> [RouteTarget] {
        try await targets([(host.host, security)], port: host.port, names: [host.host], isSecure: security != .none)
    }

    private func find(_ domain: DomainName) async throws(RoutePlanner.NoRoute) -> [RouteTarget] {
        let exchangers = await resolver.lookUpValidated(domain.ascii, .mx)
        let hosts = try RoutePlanner.hosts(of: domain, mx: exchangers.answer, ourselves: ourselves)
        let policy = await policies?.policy(for: domain)
        var allowed: [(String, HostSecurity)] = []
        for host in hosts {
            let isNamed = policy?.allows(host) ?? true
            if policy?.mode != MTASTSPolicy.Mode.none, !isNamed {
                logger.notice(
                    "mail server is not in the MTA-STS policy",
                    metadata: ["domain": "\(domain)", "host": "\(host)", "mode": "\(policy?.mode.rawValue ?? "")"])
            }
            guard policy?.mode == .enforce else {
                allowed.append((host, .opportunistic))
                continue
            }
            if isNamed { allowed.append((host, .verified)) }
        }
        guard !allowed.isEmpty else {
            throw .init(reply: Reply(451, 4, 7, 5, "No mail server of \(domain) is in its MTA-STS policy"))
        }
        return try await targets(allowed, port: port, names: [domain.ascii], isSecure: exchangers.isSecure)
    }

    /// - Parameter isSecure: DNSSEC vouches for the names of the hosts, so that their TLSA records count
    private func targets(
        _ hosts: [(String, HostSecurity)], port: Int, names: [String], isSecure: Bool
    ) async throws(RoutePlanner.NoRoute) -> [RouteTarget] {
        var targets: [RouteTarget] = []
        var failure: Reply?
        for (host, security) in hosts.prefix(Self.maximumHosts) where !Task.isCancelled {
            let found = await HostAddresses.lookUp(host, resolver)
            if let reason = found.failure { failure = failure ?? Reply(451, 4, 4, 3, "DNS look-up failed: \(reason)") }
            var security = security
            if isSecure, found.isSecure, !found.addresses.isEmpty {
                do {
                    security = try await pinned(host, port, names) ?? security
                } catch {
                    failure = failure ?? error.reply
                    continue
                }
            }
            targets += found.addresses.prefix(Self.maximumAddresses).map {
                RouteTarget(host: host, address: $0, port: port, security: security)
            }
        }
        guard targets.isEmpty else { return targets }
        throw .init(reply: failure ?? Reply(550, 5, 4, 4, "No address for \(hosts.map(\.0).joined(separator: ", "))"))
    }

    /// What TLSA records ask for; nil when there are none that count. RFC 7672 §2.2.
    private func pinned(_ host: String, _ port: Int, _ names: [String]) async throws(RoutePlanner.NoRoute) -> HostSecurity? {
        let found = await resolver.lookUpValidated("_\(port)._tcp.\(host)", .tlsa)
        if case .failed(let reason) = found.answer {
            // RFC 7672 §2.1.1: whoever can break this answer must not win clear text by it.
            throw .init(reply: Reply(451, 4, 7, 5, "TLSA look-up for \(host) failed: \(reason)"))
        }
        guard found.isSecure, !found.answer.records.isEmpty else { return nil }
        var records: [TLSARecord] = []
        for case .tlsa(let record) in found.answer.records { records.append(record) }
        let usable = DANE.usable(records)
        return usable.isEmpty ? .encrypted : .pinned(usable, names: [host] + names)
    }
}
