internal import Disk
internal import Formats
internal import Logging
internal import NIOCore
internal import SMTP

/// Carries an attempt to another server: finds its hosts, and tries one address after the other.
struct RemoteDelivery: Sendable {
    /// The most hosts, and addresses of each, that one attempt tries.
    private static let maximumHosts = 6
    private static let maximumAddresses = 4

    let resolver: any Resolver
    let client: SMTPClient
    let hostname: String
    /// Port of MX hosts.
    let port: Int
    /// Names under which other servers may know us.
    let ourselves: Set<String>
    /// Where our own MX listens.
    let ownEndpoints: Set<HostPort>
    let logger: Logger

    /// One outcome for each recipient of the attempt; nil when the attempt was broken off by a shutdown.
    func deliver(_ attempt: DeliveryAttempt, messagePath: String) async -> [DeliveryOutcome?] {
        let count = attempt.indexes.count
        func all(_ reply: Reply, host: String? = nil) -> [DeliveryOutcome?] {
            Array(repeating: DeliveryOutcome(reply, host: host), count: count)
        }
        let message: OpenFile
        do { message = try OpenFile(path: messagePath) } catch {
            logger.error("message cannot be read", metadata: ["queue.id": "\(attempt.entry.id)", "error": "\(error)"])
            return all(.localError)
        }
        do {
            var refusals = HostOutcomes()
            for target in try await targets(of: attempt.destination) {
                guard !Task.isCancelled else { break }
                switch await send(to: target, attempt, message) {
                case .settled(let outcomes): return outcomes
                case .next(let outcome): refusals.add(outcome, of: target.host)
                case .cancelled: return Array(repeating: nil, count: count)
                }
            }
            return Array(repeating: Task.isCancelled ? nil : refusals.verdict, count: count)
        } catch {
            return Task.isCancelled ? Array(repeating: nil, count: count) : all(error.reply)
        }
    }

    private struct Target { let host: String; let address: IPAddress; let port: Int }
    private enum Step { case settled([DeliveryOutcome?]), next(DeliveryOutcome), cancelled }

    private func send(to target: Target, _ attempt: DeliveryAttempt, _ message: OpenFile) async -> Step {
        guard !isOurselves(target) else {
            return .next(DeliveryOutcome(Reply(554, 5, 4, 6, "\(target.host) is this server"), host: nil))
        }
        guard let address = try? SocketAddress(ipAddress: target.address.description, port: target.port) else {
            return .next(DeliveryOutcome(.localError))
        }
        var configuration = configuration(attempt, message)
        var result = await client.send(message, to: address, serverName: target.host, configuration)
        // Opportunistic means: a broken TLS is worth no less than none. RFC 7435.
        if case .tls = result.failure {
            configuration.tls = .none
            result = await client.send(message, to: address, serverName: target.host, configuration)
        }
        return step(result, target)
    }

    private func step(_ result: SMTPClient.Result, _ target: Target) -> Step {
        switch result.failure {
        case nil:
            if let refusal = result.refusal { return .next(DeliveryOutcome(refusal, host: target.host)) }
            return .settled(outcomes(result, open: .localError, target))
        case .cancelled: return .cancelled
        case .inDoubt(let reason):
            return .settled(outcomes(result, open: Reply(451, 4, 4, 2, "Connection lost after the message: \(reason)"), target))
        case .connect(let reason), .tls(let reason):
            return .next(DeliveryOutcome(Reply(451, 4, 4, 1, "\(target.address) does not answer: \(reason)"), host: target.host))
        case .broken(let reason):
            let reply = Reply(451, 4, 4, 2, "Connection lost: \(reason)")
            guard result.replies.contains(where: { $0 != nil }) else { return .next(DeliveryOutcome(reply, host: target.host)) }
            return .settled(outcomes(result, open: reply, target))
        }
    }

    private func outcomes(_ result: SMTPClient.Result, open: Reply, _ target: Target) -> [DeliveryOutcome?] {
        result.replies.map { DeliveryOutcome($0 ?? open, host: target.host) }
    }

    private func configuration(_ attempt: DeliveryAttempt, _ message: OpenFile) -> ClientConfiguration {
        let entry = attempt.entry
        let addresses = attempt.recipients + [entry.sender]
        return ClientConfiguration(
            hostname: hostname, tls: .opportunistic, sender: entry.sender, recipients: attempt.recipients,
            size: message.size, isEightBit: entry.isEightBit,
            needsSMTPUTF8: addresses.contains { $0.utf8.contains { $0 >= 0x80 } })
    }

    private func isOurselves(_ target: Target) -> Bool {
        ownEndpoints.contains { own in
            guard own.port == target.port else { return false }
            guard let address = IPAddress(own.host) else { return own.host == target.host }
            // A listener on every address has ours among them: on this machine those are sure.
            return address == target.address || address.bytes.allSatisfy { $0 == 0 } && target.address.isLoopback
        }
    }

    // MARK: Route

    private func targets(of destination: Destination) async throws(RoutePlanner.NoRoute) -> [Target] {
        switch destination {
        case .smartHost(let host): return try await targets(hosts: [host.host], port: host.port)
        case .domain(let domain):
            let answer = await resolver.lookUp(domain.ascii, .mx)
            let hosts = try RoutePlanner.hosts(of: domain, mx: answer, ourselves: ourselves)
            return try await targets(hosts: hosts, port: port)
        case .local, .nowhere: throw .init(reply: Reply(550, 5, 4, 4, "No route"))
        }
    }

    private func targets(hosts: [String], port: Int) async throws(RoutePlanner.NoRoute) -> [Target] {
        var targets: [Target] = []
        var failure: String?
        for host in hosts.prefix(Self.maximumHosts) where !Task.isCancelled {
            let (addresses, error) = await addresses(of: host)
            failure = failure ?? error
            targets += addresses.prefix(Self.maximumAddresses).map { Target(host: host, address: $0, port: port) }
        }
        guard targets.isEmpty else { return targets }
        if let failure { throw .init(reply: Reply(451, 4, 4, 3, "DNS look-up failed: \(failure)")) }
        throw .init(reply: Reply(550, 5, 4, 4, "No address for \(hosts.joined(separator: ", "))"))
    }

    /// IPv6 first, then IPv4.
    private func addresses(of host: String) async -> (addresses: [IPAddress], failure: String?) {
        if let literal = IPAddress(host) { return ([literal], nil) }
        let six = await resolver.lookUp(host, .aaaa)
        let four = await resolver.lookUp(host, .a)
        var addresses: [IPAddress] = []
        for record in six.records + four.records {
            switch record {
            case .a(let text), .aaaa(let text): if let address = IPAddress(text) { addresses.append(address) }
            case .mx, .txt, .cname: break
            }
        }
        // RFC 6761 §6.3
        if addresses.isEmpty, host == "localhost" { return (["127.0.0.1", "::1"].compactMap { IPAddress($0) }, nil) }
        var failure: String?
        for case .failed(let reason) in [six, four] { failure = reason }
        return (addresses, addresses.isEmpty ? failure : nil)
    }
}

/// What the hosts of a domain said that did not take a message, best host first.
struct HostOutcomes {
    private var outcomes: [(host: String, outcome: DeliveryOutcome)] = []

    /// A host that answered at one of its addresses has said what it says, whatever its other addresses do.
    mutating func add(_ outcome: DeliveryOutcome, of host: String) {
        guard let last = outcomes.last, last.host == host else { return outcomes.append((host, outcome)) }
        if !last.outcome.reply.isPermanent { outcomes[outcomes.count - 1].outcome = outcome }
    }

    /// A host that may take it later counts more than another that never will.
    var verdict: DeliveryOutcome {
        let found = outcomes.first { !$0.outcome.reply.isPermanent } ?? outcomes.last
        return found?.outcome ?? DeliveryOutcome(Reply(451, 4, 4, 1, "No host answers"))
    }
}
