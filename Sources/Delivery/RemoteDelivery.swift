internal import Directory
internal import Disk
internal import Formats
internal import Logging
internal import NIOCore
internal import SMTP

/// What an attempt at another server brought.
struct DeliveryReport: Sendable {
    /// One for each recipient of the attempt; nil when the attempt was broken off by a shutdown.
    var outcomes: [DeliveryOutcome?]
    /// No host of the destination would even begin: others need not try at once.
    var isUnreachable = false
}

/// A connection on which the next message for the same destination may go.
struct OpenLine {
    /// The most messages, and the longest time, for one connection.
    private static let maximumMessages = 100
    private static let maximumAge = TimeAmount.minutes(5)

    let connection: SMTPConnection
    let destination: Destination
    let host: String
    let opened = NIODeadline.now()

    var isUsable: Bool {
        connection.isReady && connection.count < Self.maximumMessages && NIODeadline.now() < opened + Self.maximumAge
    }
}

/// Carries an attempt to another server: finds its hosts, and tries one address after the other.
struct RemoteDelivery: Sendable {
    let targets: RouteTargets
    let client: SMTPClient
    let hostname: String
    /// Where our own MX listens.
    let ownEndpoints: OwnEndpoints
    let hops: HopAccess
    let logger: Logger

    /// - Parameter line: the connection that the attempt before left open; afterwards the one that this one leaves
    func deliver(_ attempt: DeliveryAttempt, messagePath: String, over line: inout OpenLine?) async -> DeliveryReport {
        let message: OpenFile
        do { message = try OpenFile(path: messagePath) } catch {
            logger.error("message cannot be read", metadata: ["queue.id": "\(attempt.entry.id)", "error": "\(error)"])
            return report(attempt, .localError)
        }
        let job: Job
        do { job = try await self.job(attempt, message) } catch {
            logger.error("password cannot be read", metadata: ["queue.id": "\(attempt.entry.id)", "error": "\(error)"])
            return report(attempt, .localError)
        }
        if let open = line {
            line = nil
            if open.isUsable, open.destination == attempt.destination, let report = await send(job, over: open) {
                if open.isUsable { line = open }
                return report
            }
            await open.connection.close()
        }
        return await connectAndSend(job, &line)
    }

    /// What every host of an attempt gets alike.
    private struct Job {
        let attempt: DeliveryAttempt
        let message: OpenFile
        var configuration: ClientConfiguration
        /// Fields to send before the message.
        var prefix: [UInt8] = []

        var isForHop: Bool { if case .hop = attempt.destination { true } else { false } }

        var transaction: ClientTransaction {
            let entry = attempt.entry
            let recipients = attempt.indexes.map { index in
                let recipient = entry.recipients[index]
                return ClientTransaction.Recipient(recipient.address, recipient.request ?? NotificationRequest())
            }
            let addresses = recipients.map(\.address) + [entry.sender]
            var transaction = ClientTransaction(
                sender: entry.sender, recipients: recipients, size: prefix.count + message.size, isEightBit: entry.isEightBit,
                needsSMTPUTF8: addresses.contains { $0.utf8.contains { $0 >= 0x80 } })
            transaction.returns = entry.returns
            transaction.envelopeID = entry.envelopeID
            return transaction
        }
    }

    private func job(_ attempt: DeliveryAttempt, _ message: OpenFile) async throws(StoreError) -> Job {
        var job = Job(attempt: attempt, message: message, configuration: ClientConfiguration(hostname: hostname, tls: .none))
        guard case .hop(let hop, let domain) = attempt.destination else { return job }
        job.prefix = hops.routing.hopField(domain)
        try await hops.apply(hop, of: domain, to: &job.configuration)
        return job
    }

    private func report(_ attempt: DeliveryAttempt, _ reply: Reply, isUnreachable: Bool = false) -> DeliveryReport {
        DeliveryReport(
            outcomes: attempt.indexes.map { _ in DeliveryOutcome(reply) }, isUnreachable: isUnreachable && !reply.isPermanent)
    }

    private func interrupted(_ attempt: DeliveryAttempt) -> DeliveryReport {
        DeliveryReport(outcomes: attempt.indexes.map { _ in nil })
    }

    /// Over a connection that served before; nil when it had ended meanwhile, with nothing said about this message.
    private func send(_ job: Job, over line: OpenLine) async -> DeliveryReport? {
        let result = await line.connection.send(job.transaction, job.message, prefix: job.prefix)
        if result.failure == .cancelled { return interrupted(job.attempt) }
        let isOver = result.replies.allSatisfy { $0 == nil || $0?.code == 421 } && !line.connection.isReady
        if case .inDoubt = result.failure { return DeliveryReport(outcomes: outcomes(result, line.host)) }
        return isOver ? nil : DeliveryReport(outcomes: outcomes(result, line.host))
    }

    private func connectAndSend(_ job: Job, _ line: inout OpenLine?) async -> DeliveryReport {
        let attempt = job.attempt
        do {
            var refusals = HostOutcomes()
            for target in try await targets.find(attempt.destination) {
                guard !Task.isCancelled else { break }
                switch await step(job, target, &line) {
                case .settled(let outcomes):
                    // The next message is to go to a better host again, if there is one.
                    if refusals.concern(otherThan: target.host) {
                        await line?.connection.close()
                        line = nil
                    }
                    return DeliveryReport(outcomes: outcomes.map { $0.map { refusals.soften($0, of: target.host) } })
                case .next(let outcome): refusals.add(outcome, of: target.host)
                case .cancelled: return interrupted(attempt)
                }
            }
            guard !Task.isCancelled else { return interrupted(attempt) }
            let verdict = refusals.verdict
            return DeliveryReport(
                outcomes: attempt.indexes.map { _ in verdict }, isUnreachable: !verdict.reply.isPermanent)
        } catch {
            return Task.isCancelled ? interrupted(attempt) : report(attempt, error.reply, isUnreachable: true)
        }
    }

    private enum Step { case settled([DeliveryOutcome?]), next(DeliveryOutcome), cancelled }

    private func step(_ job: Job, _ target: RouteTarget, _ line: inout OpenLine?) async -> Step {
        guard !ownEndpoints.contain(target.address, port: target.port, host: target.host) else {
            return .next(DeliveryOutcome(Reply(554, 5, 4, 6, "\(target.host) is this server")))
        }
        let connection: SMTPConnection
        do {
            connection = try await client.open(target, job.configuration)
        } catch {
            // What an admin set wrongly, an admin will set right: the mail waits.
            if case .refused(let reply) = error, job.isForHop, 530..<540 ~= reply.code {
                let later = Reply(451, 4, 7, 0, "\(target.host) refuses our log-in: \(reply.text)")
                return .next(DeliveryOutcome(later, host: target.host))
            }
            return error == .cancelled ? .cancelled : .next(DeliveryOutcome(Self.reply(error, target), host: target.host))
        }
        let result = await connection.send(job.transaction, job.message, prefix: job.prefix)
        let open = OpenLine(connection: connection, destination: job.attempt.destination, host: target.host)
        if open.isUsable { line = open } else { await connection.close() }
        switch result.failure {
        case .cancelled: return .cancelled
        case .broken(let reason) where result.replies.allSatisfy({ $0 == nil }):
            return .next(DeliveryOutcome(Reply(451, 4, 4, 2, "Connection lost: \(reason)"), host: target.host))
        case nil, .broken, .inDoubt: return .settled(outcomes(result, target.host))
        }
    }

    private static func reply(_ failure: SMTPConnection.OpenFailure, _ target: RouteTarget) -> Reply {
        switch failure {
        case .connect(let reason): Reply(451, 4, 4, 1, "\(target.address) does not answer: \(reason)")
        case .tls(let reason): Reply(451, 4, 7, 5, "\(target.host) cannot be trusted: \(reason)")
        case .refused(let reply): reply
        case .broken(let reason): Reply(451, 4, 4, 2, "Connection lost: \(reason)")
        case .cancelled: .localError
        }
    }

    private func outcomes(_ result: SMTPConnection.Result, _ host: String) -> [DeliveryOutcome?] {
        let open: Reply
        switch result.failure {
        case nil, .cancelled: open = .localError
        case .inDoubt(let reason): open = Reply(451, 4, 4, 2, "Connection lost after the message: \(reason)")
        case .broken(let reason): open = Reply(451, 4, 4, 2, "Connection lost: \(reason)")
        }
        return result.replies.map {
            DeliveryOutcome($0 ?? open, host: host, passesNotifications: result.passesNotifications)
        }
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

    func concern(otherThan host: String) -> Bool { outcomes.contains { $0.host != host } }

    /// A host that may take it later counts more than another that never will.
    var verdict: DeliveryOutcome {
        let found = outcomes.first { !$0.outcome.reply.isPermanent } ?? outcomes.last
        return found?.outcome ?? DeliveryOutcome(Reply(451, 4, 4, 1, "No host answers"))
    }

    /// What a lesser host refuses for good while a better one is only away for now is not refused yet: the lesser may know less.
    func soften(_ outcome: DeliveryOutcome, of host: String) -> DeliveryOutcome {
        let isAway = outcomes.contains { $0.host != host && !$0.outcome.reply.isPermanent }
        guard outcome.reply.isPermanent, isAway else { return outcome }
        let text = "\(host) refuses, and a better server does not answer: \(outcome.reply.text)"
        return DeliveryOutcome(Reply(451, 4, 4, 1, text), host: outcome.host)
    }
}
