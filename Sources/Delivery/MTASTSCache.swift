internal import AsyncHTTPClient
internal import Disk
internal import Formats
internal import FoundationEssentials
internal import Logging
internal import MailStore
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// The MTA-STS policies of other domains: asked for when mail goes there, kept on the disk as long as they hold. RFC 8461 §3.3, §5.1.
///
/// A policy that was once seen holds for its time although the DNS or the web server fails: else who can make them fail had won.
final class MTASTSCache: Sendable {
    private struct Entry: Codable, Sendable {
        var id: String
        var policy: MTASTSPolicy
        /// Seconds since 1970.
        var fetched: Int64

        func holds(_ now: Int64) -> Bool { now < fetched + policy.maximumAge }
    }

    /// RFC 8461 §3.3: after a failure not again at once.
    private static let pause: Int64 = 300
    private static let maximumEntries = 10_000

    private let folder: String
    private let resolver: any Resolver
    private let port: Int
    private let tls: TLSConfiguration
    private let logger: Logger
    private let now: @Sendable () -> Int64
    private let entries = Mutex<[String: Entry]>([:])
    private let failures = Mutex<[String: Int64]>([:])

    /// - Parameters:
    ///   - folder: `<data>/mta-sts`
    ///   - port: of the policy hosts' web servers
    init(
        folder: String, resolver: any Resolver, port: Int, trustedCertificates: String, logger: Logger,
        now: @escaping @Sendable () -> Int64 = { UnixTime.now.seconds }
    ) throws(StoreError) {
        try Folder.make(folder)
        self.folder = folder
        self.resolver = resolver
        self.port = port
        var tls = TLSConfiguration.makeClientConfiguration()
        if !trustedCertificates.isEmpty { tls.additionalTrustRoots = [.file(trustedCertificates)] }
        self.tls = tls
        self.logger = logger
        self.now = now
    }

    /// The policy that holds for a domain; nil when there is none.
    func policy(for domain: DomainName) async -> MTASTSPolicy? {
        let known = await known(domain)
        let current = known.flatMap { $0.holds(now()) ? $0 : nil }
        guard let id = MTASTSPolicy.id(of: await resolver.lookUp("_mta-sts.\(domain.ascii)", .txt).records) else {
            return current?.policy
        }
        if let current, current.id == id { return current.policy }
        guard let policy = await fetch(domain) else { return current?.policy }
        await keep(Entry(id: id, policy: policy, fetched: now()), domain)
        return policy
    }

    // MARK: On the disk

    private func path(_ domain: DomainName) -> String { "\(folder)/\(domain.ascii).json" }

    private func known(_ domain: DomainName) async -> Entry? {
        if let entry = entries.withLock({ $0[domain.ascii] }) { return entry }
        let path = path(domain)
        let read: @Sendable () -> Entry? = {
            (try? DiskFile.contents(path)).flatMap { try? JSONDecoder().decode(Entry.self, from: Data($0)) }
        }
        guard let entry = await DiskExecutor.offload(read) else { return nil }
        remember(entry, domain)
        return entry
    }

    private func keep(_ entry: Entry, _ domain: DomainName) async {
        remember(entry, domain)
        let path = path(domain)
        let write: @Sendable () throws -> Void = { try AtomicFile.write(Array(try JSONEncoder().encode(entry)), to: path) }
        do { try await DiskExecutor.offload(write) } catch {
            logger.warning("MTA-STS policy cannot be kept", metadata: ["domain": "\(domain)", "error": "\(error)"])
        }
    }

    private func remember(_ entry: Entry, _ domain: DomainName) {
        entries.withLock { entries in
            if entries.count >= Self.maximumEntries { entries.removeAll() }
            entries[domain.ascii] = entry
        }
    }

    // MARK: From the web

    private func fetch(_ domain: DomainName) async -> MTASTSPolicy? {
        let time = now()
        guard failures.withLock({ ($0[domain.ascii] ?? .min) + Self.pause <= time || $0[domain.ascii] == nil }) else { return nil }
        do {
            let policy = try await download(domain)
            failures.withLock { $0[domain.ascii] = nil }
            return policy
        } catch {
            logger.warning("MTA-STS policy cannot be fetched", metadata: ["domain": "\(domain)", "error": "\(error)"])
            failures.withLock { failures in
                if failures.count >= Self.maximumEntries { failures.removeAll() }
                failures[domain.ascii] = time
            }
            return nil
        }
    }

    private struct Unusable: Error, CustomStringConvertible { let description: String }

    private func download(_ domain: DomainName) async throws -> MTASTSPolicy {
        let host = "mta-sts.\(domain.ascii)"
        guard let address = await address(of: host) else { throw Unusable(description: "\(host) has no address") }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow, timeout: .init(connect: .seconds(15), read: .seconds(30)))
        configuration.dnsOverride = [host: address]
        // One client a fetch: they are rare, and each domain's address is its own.
        let client = HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
        let result: Result<MTASTSPolicy, any Error>
        do { result = .success(try await read(client, host)) } catch { result = .failure(error) }
        try? await client.shutdown()
        return try result.get()
    }

    private func read(_ client: HTTPClient, _ host: String) async throws -> MTASTSPolicy {
        let authority = port == 443 ? host : "\(host):\(port)"
        let request = HTTPClientRequest(url: "https://\(authority)/.well-known/mta-sts.txt")
        let response = try await client.execute(request, timeout: .seconds(60))
        guard response.status == .ok else { throw Unusable(description: "status \(response.status.code)") }
        let type = response.headers["content-type"].first ?? ""
        guard type.lowercased().hasPrefix("text/plain") else { throw Unusable(description: "content type \(type)") }
        let body = try await response.body.collect(upTo: 64 * 1024)
        guard let policy = MTASTSPolicy(parsing: String(buffer: body)) else { throw Unusable(description: "no policy") }
        return policy
    }

    private func address(of host: String) async -> String? {
        for type in [DNSRecordType.a, .aaaa] {
            for record in await resolver.lookUp(host, type).records {
                switch record {
                case .a(let text), .aaaa(let text): return text
                case .mx, .txt, .cname, .ptr, .tlsa: break
                }
            }
        }
        return nil
    }
}
