internal import Directory
internal import Disk
internal import Formats
internal import Logging
internal import NIOCore
internal import SMTP

/// Asks a domain's other server whether it takes mail for an address (`MAIL FROM:<>`, `RCPT TO`), and remembers the answer:
/// what we accept, it must accept, or strangers get notifications of what they never sent. Mission §3.
///
/// Bounded: addresses remembered, call-outs to one server at a time, those who wait for one. Of one address there is one
/// call-out at a time; all who ask meanwhile get its answer.
actor RecipientVerifier {
    enum Verdict: Hashable, Sendable {
        case accepted
        /// For good: what the other server said, as our reply.
        case refused(Reply)
        /// Nobody answered, or not now; or the server did not let us ask.
        case unknown(Reply)
    }

    struct Limits: Sendable {
        var remembered = 20_000
        var running = 8
        var waiting = 200
        /// A client waits for our reply meanwhile.
        var patience = SMTPClient.Patience(
            connect: .seconds(10), greeting: .seconds(20), command: .seconds(20), block: .seconds(20), final: .seconds(20))
        var now: @Sendable () -> ContinuousClock.Instant = { .now }
    }

    private struct Question: Hashable {
        let address: String
        let hop: NextHop
    }

    private struct Answer {
        let verdict: Verdict
        let until: ContinuousClock.Instant
    }

    private static let lifetimeOfYes = Duration.seconds(3600)
    private static let lifetimeOfNo = Duration.seconds(600)
    private static let maximumAddresses = 4

    private let client: SMTPClient
    private let hosts: HostAddresses
    private let ownEndpoints: OwnEndpoints
    private let access: HopAccess
    private let limits: Limits
    private let logger: Logger

    private var answers: [Question: Answer] = [:]
    private var running: [Question: Task<Verdict, Never>] = [:]
    private var places: [NextHop: Places] = [:]

    private struct Places {
        var taken = 0
        var line: [CheckedContinuation<Void, Never>] = []
    }

    init(
        client: SMTPClient, hosts: HostAddresses, ownEndpoints: OwnEndpoints, access: HopAccess, limits: Limits = Limits(),
        logger: Logger
    ) {
        var client = client
        client.patience = limits.patience
        self.client = client
        self.hosts = hosts
        self.ownEndpoints = ownEndpoints
        self.access = access
        self.limits = limits
        self.logger = logger
    }

    /// Whether the server takes mail for the address.
    ///
    /// - Parameter waits: false takes what is known already, and has the server asked for the next time
    func verify(_ address: MailAddress, at hop: NextHop, waits: Bool = true) async -> Verdict {
        let question = Question(address: address.description, hop: hop)
        if let known = answers[question], known.until > limits.now() { return known.verdict }
        let busy = Verdict.unknown(Reply(450, 4, 4, 5, "Too many recipients are being verified, try again later"))
        guard running[question] != nil || running.count < limits.waiting else { return busy }
        let task = running[question] ?? Task { await self.answer(question, address) }
        running[question] = task
        return waits ? await task.value : busy
    }

    /// Whether this address is just being asked for at that server: who asks us for it from there has been asked by us.
    func isAsking(_ address: MailAddress, at hop: NextHop) -> Bool {
        running[Question(address: address.description, hop: hop)] != nil
    }

    private func answer(_ question: Question, _ address: MailAddress) async -> Verdict {
        await enter(question.hop)
        let verdict = await ask(address, question.hop)
        leave(question.hop)
        running[question] = nil
        remember(verdict, question)
        logger.info(
            "recipient verified",
            metadata: ["to": "\(address)", "host": "\(question.hop)", "reason": "\(verdict.reply?.text ?? "accepted")"])
        return verdict
    }

    private func remember(_ verdict: Verdict, _ question: Question) {
        let lifetime: Duration
        switch verdict {
        case .accepted: lifetime = Self.lifetimeOfYes
        case .refused: lifetime = Self.lifetimeOfNo
        case .unknown: return
        }
        let now = limits.now()
        if answers.count >= limits.remembered { answers = answers.filter { $0.value.until > now } }
        if answers.count >= limits.remembered { answers.removeAll() }
        answers[question] = Answer(verdict: verdict, until: now.advanced(by: lifetime))
    }

    private func enter(_ hop: NextHop) async {
        guard places[hop, default: Places()].taken >= limits.running else {
            places[hop, default: Places()].taken += 1
            return
        }
        await withCheckedContinuation { places[hop]?.line.append($0) }
    }

    /// The place goes to the first in line, or is given up.
    private func leave(_ hop: NextHop) {
        guard var left = places[hop] else { return }
        if left.line.isEmpty { left.taken -= 1 } else { left.line.removeFirst().resume() }
        places[hop] = left.taken > 0 ? left : nil
    }

    // MARK: The call-out

    private nonisolated func ask(_ address: MailAddress, _ hop: NextHop) async -> Verdict {
        var configuration = ClientConfiguration(hostname: access.routing.hostname)
        do { try await access.apply(hop, of: address.domain, to: &configuration) } catch {
            logger.error("password cannot be read", metadata: ["domain": "\(address.domain)", "error": "\(error)"])
            return .unknown(.localError)
        }
        let addresses = await hosts.recent(of: hop.host)
        var failure = "no address for it is known"
        for target in addresses.prefix(Self.maximumAddresses) {
            guard !ownEndpoints.contain(target, port: hop.port, host: hop.host) else {
                return .refused(Reply(554, 5, 4, 6, "Mail for \(address.domain) leads back to this server"))
            }
            switch await ask(address, RouteTarget(host: hop.host, address: target, port: hop.port, security: .none), hop, configuration) {
            case .answered(let verdict): return verdict
            case .failed(let reason): failure = reason
            }
        }
        logger.warning(
            "recipient cannot be verified", metadata: ["to": "\(address)", "host": "\(hop)", "reason": "\(failure)"])
        return .unknown(Self.unasked("\(hop.host) does not answer"))
    }

    private enum Outcome { case answered(Verdict), failed(String) }

    private nonisolated func ask(
        _ address: MailAddress, _ target: RouteTarget, _ hop: NextHop, _ configuration: ClientConfiguration
    ) async -> Outcome {
        let connection: SMTPConnection
        do { connection = try await client.open(target, configuration) } catch {
            switch error {
            // Refused before the recipient was named: that says nothing about the recipient.
            case .refused(let reply): return .answered(.unknown(Self.unasked("\(hop.host) says \(reply.text)")))
            case .connect(let reason), .tls(let reason), .broken(let reason): return .failed(reason)
            case .cancelled: return .failed("shutting down")
            }
        }
        let question = ClientTransaction(
            sender: "", recipients: [.init(address.description)], needsSMTPUTF8: address.isInternationalized, isProbe: true)
        let result = await connection.send(question, nil)
        await connection.close()
        switch result.failure {
        case nil: break
        case .broken(let reason), .inDoubt(let reason): return .failed(reason)
        case .cancelled: return .failed("shutting down")
        }
        if let refusal = result.senderRefusal { return .answered(.unknown(Self.unasked("\(hop.host) says \(refusal.text)"))) }
        guard let reply = result.replies.first ?? nil else { return .failed("it said nothing") }
        return .answered(Self.verdict(reply, hop))
    }

    private static func verdict(_ reply: Reply, _ hop: NextHop) -> Verdict {
        if reply.isPositive { return .accepted }
        let words = "\(hop.host) says: \(reply.lines.joined(separator: " "))"
        if reply.isPermanent {
            let status = reply.status?.category == 5 ? reply.status : nil
            // A loop keeps its own code through all servers that it passes.
            let code = status == EnhancedStatus(5, 4, 6) ? 554 : 550
            return .refused(Reply(code, status ?? EnhancedStatus(5, 1, 1), lines: [words]))
        }
        let status = reply.status?.category == 4 ? reply.status : nil
        return .unknown(Reply(450, status ?? EnhancedStatus(4, 2, 0), lines: [words]))
    }

    private static func unasked(_ reason: String) -> Reply {
        Reply(450, 4, 4, 1, "Recipient cannot be verified now: \(reason)")
    }
}

extension RecipientVerifier.Verdict {
    var reply: Reply? {
        switch self {
        case .accepted: nil
        case .refused(let reply), .unknown(let reply): reply
        }
    }
}
