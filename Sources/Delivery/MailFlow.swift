package import Directory
internal import Disk
internal import Formats
package import Logging
package import MailStore
internal import NIOSSL
package import ServiceLifecycle

/// Mail in and out, put together: what the composition root makes once.
package struct MailFlow: Sendable {
    package let submitter: Submitter
    package let outbox: Outbox
    /// Zone file first, then libunbound: for the TXT verification of domains as well.
    package let resolver: any Resolver
    /// Learns in the background what people call spam; nil where no controller is configured.
    package let teacher: SpamTeacher?
    /// What of mail flow does not work now, in words, by component: for the health page.
    package let problems: @Sendable () -> [String: String]
    /// For the ServiceGroup: listeners and the outbox's scheduler. Their graceful shutdown drains what is under way.
    package let services: [any Service]

    /// Reads the outbox and the zone file; blocks. Throws what says why the server cannot start.
    ///
    /// - Parameter onBound: told the port of each listener when it is open
    package init(
        _ configuration: MailFlowConfiguration, directory: Directory, authenticator: Authenticator,
        accounts: MailAccounts, tls: TLSSource, logger: Logger,
        onBound: (@Sendable (ListenAddress, Int) -> Void)? = nil
    ) throws {
        let resolver = try Self.resolver(configuration)
        var limits = Outbox.Configuration()
        limits.maximumDeliveries = configuration.maximumDeliveries
        limits.maximumPerDestination = configuration.maximumDeliveriesPerDestination
        limits.hostname = configuration.hostname
        let signer = DKIMSigner(keys: DKIMKeys(data: configuration.data), directory: directory, logger: logger)
        let outbox = try Outbox(
            folder: "\(configuration.data)/outbox", configuration: limits, signer: signer, logger: logger)
        let routing = Routing(
            directory: directory, srs: try SRS(data: configuration.data), hostname: configuration.hostname)
        let filter = MailFilter(routing: routing, logger: logger)
        let local = LocalDelivery(accounts: accounts, filter: filter, queue: .outbox(outbox))
        let remote = try Self.remote(configuration, resolver, routing, logger)
        let gate = RecipientGate(routing: routing, remote: remote, accounts: accounts)
        let rspamd = RspamdParts(configuration, logger)
        let antispam = Antispam(
            scorer: rspamd.scorer, greylist: try rspamd.greylist(configuration, logger), resolver: resolver,
            acceptsUnscored: configuration.acceptsWithoutRspamd, spoolFolder: outbox.spoolFolder, logger: logger)
        let pipeline = InboundPipeline(
            localDelivery: local, outbox: outbox, routing: routing, antispam: antispam, logger: logger)
        let shared = MailServices(
            hostname: configuration.hostname, directory: directory, authenticator: authenticator, pipeline: pipeline,
            gate: gate, spoolFolder: outbox.spoolFolder, tls: tls, logger: logger)
        let scheduler = OutboxScheduler(
            outbox: outbox, remote: remote, local: local, routing: routing, smartHost: configuration.smartHost,
            logger: logger)
        let listeners = Self.ports(configuration).map { kind, address in
            MailListener(
                kind: kind, address: address, services: shared, configuration: configuration,
                limits: ConnectionLimits(
                    maximum: configuration.maximumConnections,
                    perNetwork: configuration.maximumConnectionsPerNetwork),
                onBound: onBound.map { tell in { @Sendable port in tell(address, port) } })
        }
        let desk = FrontDesk(gate: gate, logger: logger)
        let fronts = configuration.socketmap.map { address in
            FrontListener(
                address: address, desk: desk, logger: logger,
                onBound: onBound.map { tell in { @Sendable port in tell(address, port) } })
        }
        self.resolver = resolver
        self.outbox = outbox
        submitter = Submitter(
            outbox: outbox, gate: gate, hostname: configuration.hostname,
            maximumSize: configuration.maximumMessageSize, logger: logger)
        teacher = rspamd.teacher
        // Anybody may look at that page; the cause stands in the log.
        problems = { [health = rspamd.health] in health.problem == nil ? [:] : ["rspamd": "does not answer"] }
        // Listeners last: a ServiceGroup stops the last first.
        services = [scheduler as any Service] + rspamd.services + listeners + fronts
    }

    /// What explains routes in another process than the server's. It has its own memory of what other servers said: none.
    package static func explainer(
        _ configuration: MailFlowConfiguration, directory: Directory, accounts: MailAccounts, logger: Logger
    ) throws -> RouteExplainer {
        let routing = Routing(
            directory: directory, srs: try SRS(data: configuration.data), hostname: configuration.hostname)
        let remote = try remote(configuration, try resolver(configuration), routing, logger)
        let gate = RecipientGate(routing: routing, remote: remote, accounts: accounts)
        return RouteExplainer(gate: gate, smartHost: configuration.smartHost)
    }

    private static func ports(_ configuration: MailFlowConfiguration) -> [(MailListener.Kind, ListenAddress)] {
        configuration.mx.map { (.mx, $0) } + configuration.submission.map { (.submission, $0) }
            + configuration.submissions.map { (.submissions, $0) } + configuration.lmtp.map { (.lmtp, $0) }
    }

    /// The DNS as the configuration wants it: a zone file's names first, where there is one.
    package static func resolver(_ configuration: MailFlowConfiguration) throws -> any Resolver {
        let network = try UnboundResolver(
            servers: configuration.dnsServers, trustAnchors: configuration.trustAnchors)
        guard !configuration.dnsRecords.isEmpty else { return network }
        guard let bytes = try DiskFile.contents(configuration.dnsRecords) else {
            throw StoreError.invalid(reason: "dns.records: no file \(configuration.dnsRecords)")
        }
        do {
            let table = try ZoneTable(parsing: String(decoding: bytes, as: UTF8.self))
            return LayeredResolver(table: table, network: network)
        } catch {
            throw StoreError.invalid(reason: "\(configuration.dnsRecords): \(error)")
        }
    }

    private static func remote(
        _ configuration: MailFlowConfiguration, _ resolver: any Resolver, _ routing: Routing, _ logger: Logger
    ) throws -> RemoteDelivery {
        let own = configuration.mx.compactMap { address -> HostPort? in
            guard case .tcp(let host, let port) = address else { return nil }
            return HostPort(host: host, port: port)
        }
        let name = (try? DomainName(parsing: configuration.hostname))?.ascii ?? configuration.hostname
        let policies = try MTASTSCache(
            folder: "\(configuration.data)/mta-sts", resolver: resolver, port: configuration.policyPort,
            trustedCertificates: configuration.trustedCertificates, logger: logger)
        return RemoteDelivery(
            targets: RouteTargets(
                resolver: resolver, policies: policies, port: configuration.outboundPort, ourselves: [name], logger: logger),
            client: SMTPClient(tls: try OutboundTLS(trustedCertificates: configuration.trustedCertificates)),
            hostname: configuration.hostname, ownEndpoints: OwnEndpoints(own), hops: HopAccess(routing: routing),
            logger: logger)
    }
}
