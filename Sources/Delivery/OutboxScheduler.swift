internal import Directory
internal import Disk
internal import Formats
internal import Logging
internal import MailStore
internal import SMTP
internal import ServiceLifecycle

/// Carries out what the outbox says is due: local deliveries and attempts at other servers, side by side.
///
/// Shutdown: nothing new begins; what is under way ends, and its result is written.
package struct OutboxScheduler: Service, CustomStringConvertible {
    let outbox: Outbox
    let remote: RemoteDelivery
    let local: LocalDelivery
    let routing: Routing
    let smartHost: HostPort?
    let logger: Logger
    let handover = Handover()

    package var description: String { "outbox" }

    package func run() async throws {
        await withTaskGroup { group in
            group.addTask { await tick() }
            await withDiscardingTaskGroup { attempts in
                for await _ in outbox.wake.cancelOnGracefulShutdown() {
                    let planner = planner
                    for attempt in await outbox.takeDue({ planner.destination(of: $0) }) where !handover.give(attempt) {
                        attempts.addTask { await work(attempt) }
                    }
                }
                handover.close()
            }
            group.cancelAll()
        }
    }

    /// Once a second: what has become due, and what other processes ask for.
    private func tick() async {
        var seconds = 0
        while !Task.isCancelled {
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
            await outbox.obeyRequests()
            handover.tick()
            outbox.wakeUp()
            if seconds % 3600 == 0 { await outbox.tidy() }
            seconds += 1
        }
    }

    private var planner: RoutePlanner {
        let resolver = routing.resolver
        return RoutePlanner(smartHost: smartHost, whereabouts: { resolver.whereabouts(of: $0) })
    }

    /// Carries out the attempt, and then others for the same destination as long as a connection is open for them.
    private func work(_ first: DeliveryAttempt) async {
        var line: OpenLine?
        var next: DeliveryAttempt? = first
        while let attempt = next {
            let report = await carryOut(attempt, &line)
            let seat = line.map { handover.take($0.destination) }
            await outbox.record(attempt, report)
            next = await seat?.next()
            if let seat { handover.leave(seat, attempt.destination) }
        }
        await line?.connection.close()
    }

    private func carryOut(_ attempt: DeliveryAttempt, _ line: inout OpenLine?) async -> DeliveryReport {
        switch attempt.destination {
        case .local: return DeliveryReport(outcomes: await deliverHere(attempt))
        case .smartHost, .hop, .domain:
            return await remote.deliver(attempt, messagePath: outbox.messagePath(attempt.entry.id), over: &line)
        case .nowhere:
            let reply = Reply(550, 5, 1, 3, "Address cannot be routed")
            return DeliveryReport(outcomes: attempt.indexes.map { _ in DeliveryOutcome(reply) })
        }
    }

    // MARK: Local recipients

    private func deliverHere(_ attempt: DeliveryAttempt) async -> [DeliveryOutcome?] {
        var outcomes: [DeliveryOutcome?] = []
        for index in attempt.indexes { outcomes.append(await deliverHere(attempt.entry, index)) }
        return outcomes
    }

    private func deliverHere(_ entry: OutboxEntry, _ index: Int) async -> DeliveryOutcome {
        do {
            let address = try MailAddress(parsing: entry.recipients[index].address)
            let resolution = try resolution(of: address, entry)
            let path = outbox.messagePath(entry.id)
            var refusal: Reply?
            let isJunk = resolution.mailboxes.isEmpty ? false : await local.isMarkedJunk(path)
            for account in resolution.mailboxes {
                let arrival = Arrival(
                    account: account, recipient: address.description, sender: ReversePath(entry.sender), trace: [],
                    source: .file(path: path), isJunk: isJunk, uniqueName: "q\(entry.id)r\(index)")
                if case .refused(let reply) = try await local.deliver(arrival) { refusal = reply }
                CrashPoint.reached("outbox.delivered")
            }
            try await forward(resolution.remotes, entry, index, path)
            // A member's filters refuse it: the sender hears of that, though others have it.
            if let refusal { return DeliveryOutcome(refusal) }
            // What goes on from here is told by the entry that carries it on.
            return DeliveryOutcome(Reply(250, 2, 0, 0, "OK delivered"), passesNotifications: !resolution.remotes.isEmpty)
        } catch let error as RecipientResolver.Refusal {
            return DeliveryOutcome(error.reply)
        } catch let error as StoreError {
            logger.warning(
                "delivery failed",
                metadata: ["queue.id": "\(entry.id)", "to": "\(entry.recipients[index].address)", "error": "\(error)"])
            return DeliveryOutcome(Reply(error))
        } catch {
            return DeliveryOutcome(Reply(550, 5, 1, 3, "Address cannot be routed"))
        }
    }

    private func resolution(of address: MailAddress, _ entry: OutboxEntry) throws(RecipientResolver.Refusal) -> Resolution {
        if entry.isForMailboxes == true, let account = routing.directory.snapshot.account(address) {
            guard account.isEnabled else { throw .disabled }
            return Resolution(mailboxes: [account])
        }
        return try routing.resolver.resolve(address, allowsForeign: true)
    }

    /// The remote targets of an alias become entries of their own, always the same ones.
    private func forward(
        _ remotes: [RemoteRecipient], _ entry: OutboxEntry, _ index: Int, _ path: String
    ) async throws(StoreError) {
        let request = entry.recipients[index].request ?? NotificationRequest()
        for departure in routing.departures(remotes, sender: ReversePath(entry.sender)) {
            var name = Fingerprint()
            name.combine(departure.name)
            var child = OutboxEntry(
                id: entry.id.derived("f\(index)\(String(name.value, radix: 36))"), sender: departure.sender.description,
                recipients: departure.recipients, created: entry.created, isEightBit: entry.isEightBit,
                needsSMTPUTF8: entry.needsSMTPUTF8)
            let requests = departure.recipients.map { ($0.key, request) }
            child.take(entry.returns, entry.envelopeID, Dictionary(requests, uniquingKeysWith: { first, _ in first }))
            do {
                try await outbox.enqueue(child, prefix: departure.fields, content: .file(try OpenFile(path: path)))
            } catch .alreadyExists {
            }
        }
    }
}

extension ReversePath {
    /// The sender as an envelope file holds it.
    init(_ text: String) {
        if text.isEmpty {
            self = .null
        } else if let address = try? MailAddress(parsing: text) {
            self = .mailbox(address)
        } else {
            self = .literal(text)
        }
    }
}
