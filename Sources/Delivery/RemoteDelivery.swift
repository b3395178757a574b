internal import Directory
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
    let ownEndpoints: OwnEndpoints
    let hops: HopAccess
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
        let letter: Letter
        do { letter = try await self.letter(attempt, message) } catch {
            logger.error("password cannot be read", metadata: ["queue.id": "\(attempt.entry.id)", "error": "\(error)"])
            return all(.localError)
        }
        do {
            var refusals = HostOutcomes()
            for target in try await targets(of: attempt.destination) {
                guard !Task.isCancelled else { break }
                switch await send(letter, to: target) {
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

    /// What every host of an attempt gets alike.
    private struct Letter {
        let message: OpenFile
        var configuration: ClientConfiguration
        /// Fields to send before the message.
        var prefix: [UInt8] = []
        var isForHop = false
    }

    private func send(_ letter: Letter, to target: Target) async -> Step {
        guard !ownEndpoints.contain(target.address, port: target.port, host: target.host) else {
            return .next(DeliveryOutcome(Reply(554, 5, 4, 6, "\(target.host) is this server"), host: nil))
        }
        guard let address = try? SocketAddress(ipAddress: target.address.description, port: target.port) else {
            return .next(DeliveryOutcome(.localError))
        }
        var configuration = letter.configuration
        func send() async -> SMTPClient.Result {
            await client.send(letter.message, prefix: letter.prefix, to: address, serverName: target.host, configuration)
        }
        var result = await send()
        // Opportunistic means: a broken TLS is worth no less than none. RFC 7435.
        if case .tls = result.failure, configuration.tls == .opportunistic {
            configuration.tls = .none
            result = await send()
        }
        return step(result, target, isHop: letter.isForHop)
    }

    private func step(_ result: SMTPClient.Result, _ target: Target, isHop: Bool) -> Step {
        switch result.failure {
        case nil:
            // What an admin set wrongly, an admin will set right: the mail waits.
            if let refusal = result.refusal, isHop, 530..<540 ~= refusal.code {
                let reply = Reply(451, 4, 7, 0, "\(target.host) refuses our log-in: \(refusal.text)")
                return .next(DeliveryOutcome(reply, host: target.host))
            }
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

    private func letter(_ attempt: DeliveryAttempt, _ message: OpenFile) async throws(StoreError) -> Letter {
        let entry = attempt.entry
        let addresses = attempt.recipients + [entry.sender]
        let configuration = ClientConfiguration(
            hostname: hostname, tls: .opportunistic, sender: entry.sender, recipients: attempt.recipients,
            size: message.size, isEightBit: entry.isEightBit,
            needsSMTPUTF8: addresses.contains { $0.utf8.contains { $0 >= 0x80 } })
        var letter = Letter(message: message, configuration: configuration)
        guard case .hop(let hop, let domain) = attempt.destination else { return letter }
        letter.prefix = hops.routing.hopField(domain)
        letter.isForHop = true
        letter.configuration.size += letter.prefix.count
        try await hops.apply(hop, of: domain, to: &letter.configuration)
        return letter
    }

    // MARK: Route

    private func targets(of destination: Destination) async throws(RoutePlanner.NoRoute) -> [Target] {
        switch destination {
        case .smartHost(let host): return try await targets(hosts: [host.host], port: host.port)
        case .domain(let domain):
            let answer = await resolver.lookUp(domain.ascii, .mx)
            let hosts = try RoutePlanner.hosts(of: domain, mx: answer, ourselves: ourselves)
            return try await targets(hosts: hosts, port: port)
        case .hop(let hop, _):
            // The host as it was given: never its MX. A name without an address is a mistake that its admin can undo.
            do throws(RoutePlanner.NoRoute) { return try await targets(hosts: [hop.host], port: hop.port) } catch {
                throw .init(reply: Reply(451, 4, 4, 4, error.reply.lines.joined(separator: " ")))
            }
        case .local, .nowhere: throw .init(reply: Reply(550, 5, 4, 4, "No route"))
        }
    }

    private func targets(hosts: [String], port: Int) async throws(RoutePlanner.NoRoute) -> [Target] {
        var targets: [Target] = []
        var failure: String?
        for host in hosts.prefix(Self.maximumHosts) where !Task.isCancelled {
            let (addresses, error) = await HostAddresses.lookUp(host, resolver)
            failure = failure ?? error
            targets += addresses.prefix(Self.maximumAddresses).map { Target(host: host, address: $0, port: port) }
        }
        guard targets.isEmpty else { return targets }
        if let failure { throw .init(reply: Reply(451, 4, 4, 3, "DNS look-up failed: \(failure)")) }
        throw .init(reply: Reply(550, 5, 4, 4, "No address for \(hosts.joined(separator: ", "))"))
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
