import Delivery
import Directory
import Disk
import Glibc
import Logging
import MailStore
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals
import Web
import Webmail

/// The composition root: everything is made here, once, and handed to whom it concerns.
enum RunningServer {
    static func run(_ configuration: Configuration, isDemo: Bool, publicFolder: String?) async throws {
        let logger = startLog(configuration)
        try DataPlace.make(configuration.data)
        let lock = try DataLock(configuration.data)
        SystemLimits.raise()
        let spool = "\(configuration.data)/tmp"
        try DataPlace.make(spool)
        let directory = try open(configuration, logger)
        let accounts = MailAccounts(root: "\(configuration.data)/accounts")
        let logins = isDemo ? try await DemoStart(configuration.data, directory, accounts, logger).run() : []

        let authenticator = Authenticator(directory: directory)
        let certificates = try certificates(configuration, logger)
        let announcement = Announcement(configuration, logins: logins)
        let flow = try mailFlow(configuration, directory, authenticator, accounts, certificates, announcement, logger)
        let webmail = Webmail(
            directory: directory, accounts: accounts, submitter: flow.submitter, teacher: flow.teacher,
            publicURL: configuration.url, spoolFolder: spool, pushTrust: configuration.pushTrust, logger: logger)
        let files = StaticFiles(
            try PublicFiles.mounts(publicFolder), isLive: isDemo || publicFolder != nil, logger: logger)
        let site = Site(
            directory: directory, authenticator: authenticator,
            options: .init(
                files: files, trustedProxies: configuration.trustedProxies.compactMap { ClientNetwork($0) },
                publicURL: configuration.url, problems: flow.problems,
                mailServer: configuration.mx.isEmpty
                    ? nil : .init(name: configuration.hostname, hasCertificate: !configuration.certificate.isEmpty))
        ) { routes in webmail.addRoutes(to: routes) }

        var services: [any Service] = [DirectoryFollower(directory: directory, accounts: accounts)]
        if let certificates { services.append(certificates) }
        services.append(domainKeeper(configuration, directory, flow, accounts, logger))
        services.append(TrashKeeper(folder: "\(configuration.data)/trash", logger: logger))
        services += flow.services
        services += webmail.services
        services += listeners(configuration, site, certificates, announcement, logger)
        let group = ServiceGroup(configuration: groupConfiguration(services, logger))
        do { try await group.run() } catch let error as IOError {
            throw Failure.unavailable("cannot listen: \(error)")
        }
        await accounts.shutdown()
        withExtendedLifetime(lock) {}
        logger.notice("stopped")
    }

    private static func domainKeeper(
        _ configuration: Configuration, _ directory: Directory, _ flow: MailFlow, _ accounts: MailAccounts,
        _ logger: Logger
    ) -> DomainKeeper {
        let now: @Sendable () -> Int64 = { Int64(time(nil)) }
        return DomainKeeper(directory: directory, resolver: flow.resolver, logger: logger, now: now) { account in
            await accounts.close(AccountKey(account.address))
            do throws(StoreError) { try await Trash(data: configuration.data).take(account) } catch {
                logger.error(
                    "removed account's folder cannot be moved",
                    metadata: ["account": "\(account.address)", "error": "\(error)"])
            }
        }
    }

    private static func startLog(_ configuration: Configuration) -> Logger {
        let format = LogOutput.Format(rawValue: configuration.logFormat) ?? .text
        let level = Logger.Level(rawValue: configuration.logLevel) ?? .info
        LoggingSystem.bootstrap { LogOutput(label: $0, format: format, logLevel: level) }
        return Logger(label: "mailportal")
    }

    private static func open(_ configuration: Configuration, _ logger: Logger) throws -> Directory {
        do throws(StoreError) {
            return try Directory(path: "\(configuration.data)/directory.sqlite", logger: logger)
        } catch {
            throw Failure(store: error, configuration.data)
        }
    }

    /// Needed wherever TLS is spoken from the start, or offered.
    private static func certificates(_ configuration: Configuration, _ logger: Logger) throws -> Certificates? {
        let usesTLS =
            !configuration.httpTLS.isEmpty || !configuration.mx.isEmpty || !configuration.submission.isEmpty
            || !configuration.submissions.isEmpty
        guard usesTLS else { return nil }
        do { return try Certificates(configuration, logger: logger) } catch {
            throw Failure.configuration("the certificate cannot be loaded: \(error)")
        }
    }

    private static func mailFlow(
        _ configuration: Configuration, _ directory: Directory, _ authenticator: Authenticator, _ accounts: MailAccounts,
        _ certificates: Certificates?, _ announcement: Announcement, _ logger: Logger
    ) throws -> MailFlow {
        do {
            return try MailFlow(
                configuration.mailFlow, directory: directory, authenticator: authenticator, accounts: accounts,
                tls: TLSSource { certificates?.context }, logger: logger
            ) { address, port in announcement.mailOpened(address, port: port) }
        } catch {
            throw Failure.configuration("\(error)")
        }
    }

    private static func listeners(
        _ configuration: Configuration, _ site: Site, _ certificates: Certificates?, _ announcement: Announcement,
        _ logger: Logger
    ) -> [any Service] {
        let plain = configuration.httpListen.map { ($0, nil as ServedCertificate?) }
        let secure = configuration.httpTLS.map { ($0, certificates?.served) }
        return (plain + secure).map { endpoint, certificate in
            WebListener(site: site, host: endpoint.host, port: endpoint.port, tls: certificate, logger: logger) { channel in
                announcement.webOpened(
                    endpoint, isTLS: certificate != nil, port: channel.localAddress?.port ?? endpoint.port)
            }
        }
    }

    private static func groupConfiguration(_ services: [any Service], _ logger: Logger) -> ServiceGroupConfiguration {
        var quiet = logger
        if quiet.logLevel == .info { quiet.logLevel = .notice }
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        // Event streams and slow clients are cut off after this; what was promised is on disk.
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        return configuration
    }
}

/// Notices what other processes write to the directory; lets go of accounts that they removed.
struct DirectoryFollower: Service {
    let directory: Directory
    let accounts: MailAccounts

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await directory.followOtherWriters { account in await accounts.close(AccountKey(account.address)) }
        }
    }
}

