internal import Directory
internal import Disk
internal import Formats
internal import Logging
internal import MailStore
internal import SMTP
internal import Synchronization

/// Mail that is to go out, durable: the one writer of `<data>/outbox/`.
///
/// An entry is promised when `enqueue` returns. It leaves when every recipient's fate is final. What an attempt brought is
/// written before anything follows from it, so a crash repeats an attempt at most: and a repeated local delivery finds its
/// message already there.
package actor Outbox {
    package nonisolated let unownedExecutor: UnownedSerialExecutor
    private let executor = DiskExecutor(label: "outbox")
    nonisolated let files: OutboxFiles
    let configuration: Configuration
    let logger: Logger
    nonisolated let signer: DKIMSigner?
    private nonisolated let watchers = Mutex<[Int: AsyncStream<SubmissionUpdate>.Continuation]>([:])

    var entries: [QueueID: OutboxEntry] = [:]
    /// Recipients, by index, that an attempt works on.
    var running: [QueueID: Set<Int>] = [:]
    /// Attempts at other servers. Local deliveries wait for no place among them.
    private var remoteCount = 0
    private var destinations: DestinationBook
    /// Entries that an admin wants tried whatever their destination did last.
    var urgent: Set<QueueID> = []
    private var due = DueQueue()
    /// Entries that were due when there was no place for another remote attempt, in the order they came.
    private var crowded: [QueueID] = []
    /// Woken when something may have become due.
    nonisolated let wake: AsyncStream<Void>
    nonisolated let waker: AsyncStream<Void>.Continuation

    struct Configuration: Sendable {
        /// Attempts at other servers at the same time.
        var maximumDeliveries = 200
        var maximumPerDestination = 8
        /// Recipients of one transaction. RFC 5321 §4.5.3.1.8.
        var maximumRecipients = 100
        /// Who reports in notifications.
        var hostname = "localhost"
        /// Seconds since 1970.
        var now: @Sendable () -> Int64 = { UnixTime.now.seconds }
    }

    /// Opens the outbox, cleans up after a crash, and takes up what is in it. Blocks; call it once at start.
    /// - Parameter folder: `<data>/outbox`
    init(
        folder: String, configuration: Configuration, signer: DKIMSigner? = nil, logger: Logger
    ) throws(StoreError) {
        unownedExecutor = executor.asUnownedSerialExecutor()
        self.signer = signer
        destinations = DestinationBook(maximum: configuration.maximumPerDestination)
        files = try OutboxFiles(folder: folder)
        self.configuration = configuration
        self.logger = logger
        (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        for entry in try files.recover() {
            entries[entry.id] = entry
            // A crash between the last result and the end of the entry: the scheduler ends it.
            due.add(entry.id, at: entry.isFinished ? 0 : entry.nextAttempt)
        }
        waker.yield()
    }

    /// Has the scheduler look again.
    nonisolated func wakeUp() { waker.yield() }

    nonisolated var spoolFolder: String { files.temporary }
    nonisolated func messagePath(_ id: QueueID) -> String { files.message(id) }

    // MARK: In

    /// Puts the message in the queue; durable when it returns. Throws `alreadyExists` when the id is taken.
    ///
    /// - Parameters:
    ///   - prefix: fields to put before the content
    ///   - skipping: octets of the content to leave out at its start
    ///   - isReleased: false leaves it waiting for `release` (or for the next start)
    ///   - isOurs: one of our users, or we ourselves, wrote it: it is signed for the domain of its author
    nonisolated func enqueue(
        _ entry: OutboxEntry, prefix: [UInt8], content: BlobContent, skipping: Int = 0, isReleased: Bool = true,
        isOurs: Bool = false
    ) async throws(StoreError) {
        let (files, signer) = (files, isOurs ? signer : nil)
        let stage: @Sendable () throws(StoreError) -> Int = { () throws(StoreError) in
            let signatures = signer?.signatures(of: prefix, content, skipping: skipping) ?? []
            return try files.stageMessage(entry.id, prefix: signatures + prefix, content: content, skipping: skipping)
        }
        var entry = entry
        entry.size = try await DiskExecutor.offload(stage)
        try await commit(entry, isReleased: isReleased)
    }

    func commit(_ entry: OutboxEntry, isReleased: Bool = true) throws(StoreError) {
        do {
            try files.commitEnvelope(entry)
        } catch {
            files.removeMessage(entry.id)
            throw error
        }
        entries[entry.id] = entry
        logger.info("message queued", metadata: ["queue.id": "\(entry.id)", "recipients": "\(entry.recipients.count)"])
        if isReleased { schedule(entry) }
    }

    /// Lets an entry go that was enqueued unreleased.
    func release(_ id: QueueID) {
        if let entry = entries[id] { schedule(entry) }
    }

    /// Takes back an entry that was enqueued unreleased and never promised.
    func withdraw(_ id: QueueID) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        do { try files.remove(entry) } catch { logger.error("outbox cannot remove", metadata: ["queue.id": "\(id)", "error": "\(error)"]) }
    }

    func schedule(_ entry: OutboxEntry) {
        due.add(entry.id, at: entry.nextAttempt)
        waker.yield()
    }

    // MARK: Out

    /// Attempts that are due and have room, marked as running. Ask again when woken.
    func takeDue(_ destination: @Sendable (String) -> Destination) -> [DeliveryAttempt] {
        let now = configuration.now()
        var attempts: [DeliveryAttempt] = []
        for id in destinations.call() { due.add(id, at: now) }
        repeat {
            callCrowded()
            while let id = due.pop(upTo: now) {
                guard let entry = entries[id] else { continue }
                if entry.isFinished, running[id] == nil {
                    finish(entry)
                } else if !entry.isHeld {
                    take(entry, now, destination, &attempts)
                }
            }
        } while remoteCount < configuration.maximumDeliveries && !crowded.isEmpty
        return attempts
    }

    /// Makes due again as many entries as there are places, before any other.
    private func callCrowded() {
        let room = min(configuration.maximumDeliveries - remoteCount, crowded.count)
        guard room > 0 else { return }
        for id in crowded.prefix(room) { due.add(id, at: 0) }
        crowded.removeFirst(room)
    }

    private func take(
        _ entry: OutboxEntry, _ now: Int64, _ destination: (String) -> Destination, _ attempts: inout [DeliveryAttempt]
    ) {
        var groups: [(destination: Destination, indexes: [Int])] = []
        for (index, recipient) in entry.recipients.enumerated() {
            guard recipient.state == .pending, recipient.nextAttempt <= now, running[entry.id]?.contains(index) != true
            else { continue }
            let target = destination(recipient.address)
            let open = groups.firstIndex { $0.destination == target && $0.indexes.count < configuration.maximumRecipients }
            if let open { groups[open].indexes.append(index) } else { groups.append((target, [index])) }
        }
        var isCrowded = false
        for group in groups {
            let isRemote = group.destination != .local
            if let quiet = destinations.quiet(group.destination, now: now), !urgent.contains(entry.id) {
                rest(entry, group.indexes, quiet, now)
                continue
            }
            guard !isRemote || remoteCount < configuration.maximumDeliveries else {
                isCrowded = true
                continue
            }
            guard destinations.hasRoom(group.destination) else {
                destinations.wait(entry.id, for: group.destination)
                continue
            }
            if isRemote { remoteCount += 1 }
            destinations.enter(group.destination)
            running[entry.id, default: []].formUnion(group.indexes)
            attempts.append(DeliveryAttempt(entry: entry, indexes: group.indexes, destination: group.destination))
        }
        if isCrowded { crowded.append(entry.id) }
    }

    /// Leaves a destination in peace that did not answer others just now. Whom there is something to tell is told all the same.
    private func rest(_ entry: OutboxEntry, _ indexes: [Int], _ quiet: (until: Int64, reply: Reply), _ now: Int64) {
        if now >= entry.expires || now >= entry.warnsAt && indexes.contains(where: { entry.recipients[$0].isWarned != true }) {
            settle(entry.id, indexes, indexes.map { _ in DeliveryOutcome(quiet.reply) })
        } else {
            due.add(entry.id, at: quiet.until)
        }
    }

    /// Writes what an attempt brought, and lets follow what follows: a notification, another attempt, the end of the entry.
    func record(_ attempt: DeliveryAttempt, _ report: DeliveryReport) {
        if attempt.destination != .local { remoteCount -= 1 }
        let isInterrupted = report.outcomes.allSatisfy { $0 == nil }
        destinations.leave(
            attempt.destination, failure: report.isUnreachable ? report.outcomes.compactMap { $0?.reply }.first : nil,
            isInterrupted: isInterrupted, now: configuration.now())
        running[attempt.entry.id]?.subtract(attempt.indexes)
        if running[attempt.entry.id]?.isEmpty ?? false { running[attempt.entry.id] = nil }
        if !isInterrupted { urgent.remove(attempt.entry.id) }
        settle(attempt.entry.id, attempt.indexes, report.outcomes)
    }

    /// - Parameter outcomes: one for each index, in order; nil where the attempt was broken off
    private func settle(_ id: QueueID, _ indexes: [Int], _ outcomes: [DeliveryOutcome?]) {
        guard let before = entries[id] else { return }
        var entry = before
        let now = configuration.now()
        var news = EntryNews()
        for (index, outcome) in zip(indexes, outcomes) {
            guard let outcome, !entry.recipients[index].state.isFinal else { continue }
            entry.recipients[index].take(outcome, now: now, entry: entry)
            log(entry, index, outcome)
            news.add(index, entry, outcome, now: now)
        }
        do { try tell(&entry, news) } catch {
            logger.error("outbox cannot write", metadata: ["queue.id": "\(entry.id)", "error": "\(error)"])
            // As long as its sender cannot be told, nothing has failed, and nobody was warned.
            entry.notifications = before.notifications
            for index in news.failed + news.delayed {
                entry.recipients[index] = before.recipients[index]
                entry.recipients[index].nextAttempt = now + 60
            }
        }
        do { try keep(entry) } catch {
            logger.error("outbox cannot write", metadata: ["queue.id": "\(entry.id)", "error": "\(error)"])
            entries[entry.id] = entry
            due.add(entry.id, at: max(now + 60, entry.nextAttempt ?? 0))
        }
        publish(entry)
        waker.yield()
    }

    /// The new state of an entry, on the disk: rewritten, or removed when nothing is left to do.
    func keep(_ entry: OutboxEntry) throws(StoreError) {
        if entry.isFinished, running[entry.id] == nil {
            try files.remove(entry)
            entries[entry.id] = nil
            urgent.remove(entry.id)
        } else {
            try files.rewriteEnvelope(entry)
            entries[entry.id] = entry
            due.add(entry.id, at: entry.nextAttempt)
        }
    }

    private func finish(_ entry: OutboxEntry) {
        do { try keep(entry) } catch {
            logger.error("outbox cannot remove", metadata: ["queue.id": "\(entry.id)", "error": "\(error)"])
            due.add(entry.id, at: configuration.now() + 60)
        }
    }

    private func log(_ entry: OutboxEntry, _ index: Int, _ outcome: DeliveryOutcome) {
        let recipient = entry.recipients[index]
        let metadata: Logger.Metadata = [
            "queue.id": "\(entry.id)", "from": "\(entry.sender)", "to": "\(recipient.address)",
            "host": "\(recipient.host ?? "local")", "reason": "\(recipient.reply ?? "")", "attempts": "\(recipient.attempts)",
        ]
        switch recipient.state {
        case .delivered: logger.notice("message delivered", metadata: metadata)
        case .failed, .expired: logger.notice("message bounced", metadata: metadata)
        case .pending, .canceled: logger.notice("message deferred", metadata: metadata)
        }
    }

    // MARK: Status

    package func status(of id: QueueID) -> SubmissionStatus? {
        (entries[id] ?? files.finishedEntry(id))?.status(isRunning: running[id] != nil)
    }

    /// All entries, oldest first.
    package func list() -> [OutboxEntry] { entries.values.sorted { $0.id < $1.id } }

    package nonisolated func updates() -> AsyncStream<SubmissionUpdate> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: SubmissionUpdate.self, bufferingPolicy: .bufferingNewest(4096))
        let key = Int.random(in: .min ... .max)
        watchers.withLock { $0[key] = continuation }
        continuation.onTermination = { [weak self] _ in self?.watchers.withLock { $0[key] = nil } }
        return stream
    }

    func publish(_ entry: OutboxEntry) {
        guard let account = entry.account else { return }
        let update = SubmissionUpdate(
            id: entry.id, account: .init(rawValue: account), status: entry.status(isRunning: running[entry.id] != nil))
        watchers.withLock { for watcher in $0.values { watcher.yield(update) } }
    }
}

extension OutboxEntry.Recipient {
    mutating func take(_ outcome: DeliveryOutcome, now: Int64, entry: OutboxEntry) {
        attempts += 1
        reply = outcome.reply.text
        host = outcome.host
        if outcome.reply.isPositive {
            state = .delivered
        } else if outcome.reply.isPermanent {
            state = .failed
        } else {
            var hasher = Fingerprint()
            hasher.combine("\(entry.id)\(address)")
            nextAttempt = now + RetrySchedule.delay(afterAttempts: attempts, spread: hasher.value)
            // So that whoever waits hears of it in time.
            if now < entry.warnsAt { nextAttempt = min(nextAttempt, entry.warnsAt) }
            if nextAttempt > entry.expires { state = .expired }
        }
    }
}

/// FNV-1a: the same text gives the same number in every run.
struct Fingerprint {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func combine(_ text: String) {
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}
