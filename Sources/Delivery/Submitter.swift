internal import Directory
internal import Disk
internal import Formats
internal import Logging
internal import MailStore
internal import SMTP

/// The one way out for our users' mail: JMAP's EmailSubmission and anything else that sends for an account.
///
/// `submit` returns when the message is on disk, synced; what becomes of it is in `status(of:)` and `updates()`.
package struct Submitter: Sendable {
    package static let maximumRecipients = 1000
    /// Seconds that a message may be held for its time. RFC 4865.
    package static let longestHold: Int64 = 30 * 86_400

    private let outbox: Outbox
    private let gate: RecipientGate
    private let hostname: String
    private let maximumSize: Int
    private let logger: Logger

    init(outbox: Outbox, gate: RecipientGate, hostname: String, maximumSize: Int, logger: Logger) {
        self.outbox = outbox
        self.gate = gate
        self.hostname = hostname
        self.maximumSize = maximumSize
        self.logger = logger
    }

    /// Checks the sender, strips Bcc, adds Date and Message-ID where they lack, and queues the message.
    package func submit(_ request: SubmissionRequest) async throws(SubmissionError) -> QueueID {
        let header = HeaderBlock(await beginning(of: request.content))
        let recipients: [MailAddress]
        do {
            recipients = try await check(request, header)
        } catch {
            logger.notice(
                "submission refused",
                metadata: ["account": "\(request.account.address)", "from": "\(request.mailFrom)", "reason": "\(error)"])
            throw error
        }
        let now = UnixTime.now.seconds
        let isPlain = (recipients + [request.mailFrom]).allSatisfy { !$0.isInternationalized }
        var entry = OutboxEntry(
            id: QueueID.make(now: now), sender: request.mailFrom.description, recipients: recipients, created: now,
            holdUntil: request.holdUntil, isEightBit: Self.isEightBit(request.content), needsSMTPUTF8: !isPlain,
            account: request.account.id)
        entry.take(
            request.notifications.returns, request.notifications.envelopeID, request.notifications.requests)
        do {
            let hasBcc = header.contains("bcc")
            try await outbox.enqueue(
                entry, prefix: prefix(entry, header) + (hasBcc ? header.bytes(without: ["bcc"]) : []),
                content: request.content, skipping: hasBcc ? header.size : 0, isOurs: true)
        } catch {
            logger.error("submission cannot be queued", metadata: ["queue.id": "\(entry.id)", "error": "\(error)"])
            throw .unavailable
        }
        logger.notice(
            "message accepted",
            metadata: [
                "queue.id": "\(entry.id)", "account": "\(request.account.address)", "from": "\(entry.sender)",
                "recipients": "\(recipients.count)", "size": "\(request.content.size)",
            ])
        return entry.id
    }

    /// The status of a submission in the outbox or finished within the last 7 days; nil when it is not known.
    package func status(of id: QueueID) async -> SubmissionStatus? { await outbox.status(of: id) }

    /// Takes a submission back, if nothing of it has begun to go out.
    package func cancel(_ id: QueueID) async -> CancelOutcome { await outbox.cancel(id) }

    /// Every change of a submission's status from now on, for all accounts. A slow reader misses the oldest.
    package func updates() -> AsyncStream<SubmissionUpdate> { outbox.updates() }

    // MARK: Checks

    /// The recipients, each once.
    private func check(
        _ request: SubmissionRequest, _ header: HeaderBlock
    ) async throws(SubmissionError) -> [MailAddress] {
        let policy = SenderPolicy(gate.routing.directory.snapshot)
        guard policy.allows(request.account, toSendAs: request.mailFrom) else { throw .forbiddenMailFrom }
        do { try SenderCheck.check(header, by: request.account, policy) } catch { throw .forbiddenFrom }
        guard request.content.size <= maximumSize else { throw .tooLarge(maximum: maximumSize) }
        var seen: Set<String> = []
        let recipients = request.recipients.filter { seen.insert($0.key).inserted }
        guard !recipients.isEmpty else { throw .noRecipients }
        guard recipients.count <= Self.maximumRecipients else {
            throw .tooManyRecipients(maximum: Self.maximumRecipients)
        }
        let invalid = await gate.refused(recipients)
        guard invalid.isEmpty else { throw .invalidRecipients(invalid) }
        return recipients
    }

    private func beginning(of content: BlobContent) async -> [UInt8] {
        switch content {
        case .bytes(let bytes): return bytes
        case .file(let file):
            let read: @Sendable () throws(StoreError) -> [UInt8] = { () throws(StoreError) in
                try file.read(at: 0, count: HeaderBlock.maximumSize)
            }
            return (try? await DiskExecutor.offload(read)) ?? []
        }
    }

    private func prefix(_ entry: OutboxEntry, _ header: HeaderBlock) -> [UInt8] {
        // Where our user sits is nobody's business: no client address. RFC 5321 §4.4 allows "by" alone.
        let received = "Received: by \(hostname) with HTTP id \(entry.id);\r\n\t\(InternetDate(seconds: entry.created))\r\n"
        let missing = SubmissionFields.missing(in: header, id: entry.id, hostname: hostname, time: entry.created)
        return Array(received.utf8) + missing
    }

    private static func isEightBit(_ content: BlobContent) -> Bool {
        guard case .bytes(let bytes) = content else { return true }
        return bytes.contains { $0 >= 0x80 }
    }
}
