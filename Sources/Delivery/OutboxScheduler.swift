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

    package var description: String { "outbox" }

    package func run() async throws {
        await withTaskGroup { group in
            group.addTask { await tick() }
            await withDiscardingTaskGroup { attempts in
                for await _ in outbox.wake.cancelOnGracefulShutdown() {
                    let planner = planner
                    for attempt in await outbox.takeDue({ planner.destination(of: $0) }) {
                        attempts.addTask { await carryOut(attempt) }
                    }
                }
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
            outbox.wakeUp()
            if seconds % 3600 == 0 { await outbox.tidy() }
            seconds += 1
        }
    }

    private var planner: RoutePlanner {
        let resolver = routing.resolver
        return RoutePlanner(smartHost: smartHost, whereabouts: { resolver.whereabouts(of: $0) })
    }

    private func carryOut(_ attempt: DeliveryAttempt) async {
        let outcomes: [DeliveryOutcome?]
        switch attempt.destination {
        case .local: outcomes = await deliverHere(attempt)
        case .smartHost, .hop, .domain:
            outcomes = await remote.deliver(attempt, messagePath: outbox.messagePath(attempt.entry.id))
        case .nowhere:
            let reply = Reply(550, 5, 1, 3, "Address cannot be routed")
            outcomes = attempt.indexes.map { _ in DeliveryOutcome(reply) }
        }
        await outbox.record(attempt, outcomes)
    }

    // MARK: Local recipients

    private func deliverHere(_ attempt: DeliveryAttempt) async -> [DeliveryOutcome?] {
        var outcomes: [DeliveryOutcome?] = []
        for index in attempt.indexes { outcomes.append(DeliveryOutcome(await deliverHere(attempt.entry, index))) }
        return outcomes
    }

    private func deliverHere(_ entry: OutboxEntry, _ index: Int) async -> Reply {
        do {
            let address = try MailAddress(parsing: entry.recipients[index].address)
            let resolution = try routing.resolver.resolve(address, allowsForeign: true)
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
            return refusal ?? Reply(250, 2, 0, 0, "OK delivered")
        } catch let error as RecipientResolver.Refusal {
            return error.reply
        } catch let error as StoreError {
            logger.warning(
                "delivery failed",
                metadata: ["queue.id": "\(entry.id)", "to": "\(entry.recipients[index].address)", "error": "\(error)"])
            return Reply(error)
        } catch {
            return Reply(550, 5, 1, 3, "Address cannot be routed")
        }
    }

    /// The remote targets of an alias become entries of their own, always the same ones.
    private func forward(
        _ remotes: [RemoteRecipient], _ entry: OutboxEntry, _ index: Int, _ path: String
    ) async throws(StoreError) {
        for departure in routing.departures(remotes, sender: ReversePath(entry.sender)) {
            var name = Fingerprint()
            name.combine(departure.name)
            let child = OutboxEntry(
                id: entry.id.derived("f\(index)\(String(name.value, radix: 36))"), sender: departure.sender.description,
                recipients: departure.recipients, created: entry.created, isEightBit: entry.isEightBit,
                needsSMTPUTF8: entry.needsSMTPUTF8)
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
