internal import Directory
internal import Disk
internal import Formats
internal import Logging
internal import MailStore
internal import SMTP

/// A message that a client has given us whole, with the fate of each recipient decided.
struct IncomingMail: Sendable {
    var envelope: Envelope
    /// One for each recipient of the envelope, in order.
    var resolutions: [Resolution]
    /// The same, for mail from outside.
    var policies: [RecipientPolicy] = []
    var content: StagedContent
    var origin: TraceHeaders.Origin
    /// Who submitted it; nil for mail from outside.
    let account: Account?
    /// It comes from the other server of its domain (split domain routing, relay domain): no greylisting, no judgement by SPF.
    let isInternalHop: Bool
    /// Antispam's word, once it is there: filed in Junk where no filter says otherwise.
    var isJunk = false

    /// Seconds since 1970 before which it must not go out; nil for now.
    var heldUntil: Int64? {
        guard account != nil, let end = envelope.hold?.end(now: origin.time, longest: Submitter.longestHold) else { return nil }
        return end > origin.time ? end : nil
    }

    /// What the sender wants to hear of these addresses, each by its key: what was said with the recipient that led there.
    func requests(for addresses: [MailAddress]) -> [String: NotificationRequest] {
        var requests: [String: NotificationRequest] = [:]
        let keys = Set(addresses.map(\.key))
        for (index, request) in envelope.requests.enumerated() where index < resolutions.count {
            var found = resolutions[index].remotes.map(\.address.key)
            if case .mailbox(let address) = envelope.recipients[index] { found.append(address.key) }
            for key in found where keys.contains(key) && requests[key] == nil { requests[key] = request }
        }
        return requests
    }

    /// Where it goes for all recipients together.
    var all: Resolution {
        var all = Resolution()
        var seen: Set<ForwardPath> = []
        for (path, resolution) in zip(envelope.recipients, resolutions) where seen.insert(path).inserted { all.merge(resolution) }
        return all
    }
}

/// What happens to a message between the end of DATA and its reply.
///
/// Contract: a positive reply means that every copy is on disk, synced: in its mailbox, or in the outbox.
struct InboundPipeline: Sendable {
    let localDelivery: LocalDelivery
    let outbox: Outbox
    let routing: Routing
    let antispam: Antispam
    let logger: Logger

    /// Takes the message, and answers for each recipient in order. SMTP gives its client the first of them.
    func accept(_ mail: IncomingMail) async -> [Reply] {
        // A spool file lives as long as the mail does.
        defer { withExtendedLifetime(mail) {} }
        let beginning = await beginning(of: mail.content)
        let header = HeaderBlock(beginning)
        if let refusal = refusal(of: mail, header) {
            logger.notice("message refused", metadata: metadata(mail, ["reason": "\(refusal.text)"]))
            return Array(repeating: refusal, count: mail.resolutions.count)
        }
        if let until = mail.heldUntil { return [await hold(mail, trace(mail, header), until: until)] }
        let replies =
            mail.account == nil ? await judge(mail, header, beginning) : await acceptOnce(mail, trace(mail, header))
        for (recipient, reply) in zip(mail.envelope.recipients, replies) {
            logger.notice(
                reply.isPositive ? "message accepted" : "message refused",
                metadata: metadata(mail, ["to": "\(recipient)", "reason": "\(reply.text)"]))
        }
        await confirm(mail, replies, header)
        return replies
    }

    /// Keeps a submission for its time: nothing of it goes anywhere before. RFC 4865.
    private func hold(_ mail: IncomingMail, _ trace: [UInt8], until: Int64) async -> Reply {
        let recipients = zip(mail.envelope.recipients, mail.resolutions).flatMap { path, resolution in
            if case .mailbox(let address) = path { return [address] }
            return resolution.mailboxes.map(\.address)
        }
        do {
            let entry = draft(mail, recipients, id: mail.origin.id, sender: mail.envelope.sender, holdUntil: until)
            try await outbox.enqueue(entry, prefix: trace, content: try mail.content.blob(), isOurs: true)
            logger.notice("message accepted", metadata: metadata(mail, ["recipients": "\(recipients.count)"]))
            return Reply(250, 2, 0, 0, "OK queued as \(mail.origin.id), to go out later")
        } catch {
            return Reply(error)
        }
    }

    /// Tells the sender who wants to hear it what lies in mailboxes now. RFC 3461 §5.2.3.
    private func confirm(_ mail: IncomingMail, _ replies: [Reply], _ header: HeaderBlock) async {
        var entry = draft(mail, [], id: mail.origin.id, sender: mail.envelope.sender)
        guard replies.first?.isPositive ?? false else { return }
        for (index, path) in mail.envelope.recipients.enumerated() {
            guard index < mail.envelope.requests.count, mail.envelope.requests[index].wants(.success),
                !mail.resolutions[index].mailboxes.isEmpty, mail.resolutions[index].remotes.isEmpty,
                case .mailbox(let address) = path
            else { continue }
            entry.recipients.append(.init(address: address.description, state: .delivered, nextAttempt: 0))
            entry.recipients[entry.recipients.count - 1].request = mail.envelope.requests[index]
        }
        do { try await outbox.tellArrival(entry, header: header.bytes(without: [])) } catch {
            logger.error("notification cannot be queued", metadata: metadata(mail, ["error": "\(error)"]))
        }
    }

    // MARK: Looking

    private func beginning(of content: StagedContent) async -> [UInt8] {
        switch content {
        case .bytes(let bytes): return bytes
        case .file(let file, _):
            let path = file.path
            let read: @Sendable () throws(StoreError) -> [UInt8] = { () throws(StoreError) in
                try OpenFile(path: path).read(at: 0, count: HeaderBlock.maximumSize)
            }
            return (try? await DiskExecutor.offload(read)) ?? []
        }
    }

    private func refusal(of mail: IncomingMail, _ header: HeaderBlock) -> Reply? {
        guard header.count("received") < TraceHeaders.maximumHops else { return Reply(554, 5, 4, 6, "Too many hops") }
        guard !routing.isLoop(mail.all.remotes, header) else { return Routing.loop }
        guard let account = mail.account else { return nil }
        return SenderCheck.refusal(of: header, by: account, SenderPolicy(routing.directory.snapshot))
    }

    private func trace(_ mail: IncomingMail, _ header: HeaderBlock) -> [UInt8] {
        let only = mail.envelope.recipients.count == 1 ? mail.envelope.recipients[0].description : nil
        var trace = TraceHeaders.received(mail.origin, for: only)
        if mail.account != nil {
            let origin = mail.origin
            trace += SubmissionFields.missing(
                in: header, id: origin.id, hostname: origin.hostname, time: origin.time)
        }
        return header.beginsWithBlank ? trace + TraceHeaders.strayLine : trace
    }

    // MARK: Antispam

    /// Mail from outside: judged, and taken for those recipients for whom nothing speaks against it.
    private func judge(_ mail: IncomingMail, _ header: HeaderBlock, _ beginning: [UInt8]) async -> [Reply] {
        // Behind what is looked into a look-alike could hide.
        if antispam.scorer != nil, beginning.count >= HeaderBlock.maximumSize, !SpamFields.headerEnds(in: beginning) {
            return Array(repeating: Reply(552, 5, 3, 4, "Message header is too large"), count: mail.resolutions.count)
        }
        let judgement: Antispam.Judgement
        do {
            judgement = try await antispam.judge(arrival(mail, header), beginning: beginning)
        } catch {
            logger.error("message cannot be judged", metadata: metadata(mail, ["error": "\(error)"]))
            return Array(repeating: .localError, count: mail.resolutions.count)
        }
        var judged = mail
        judged.content = judgement.content
        if mail.origin.client.isLMTP { return await acceptGroups(judged, judgement.fates, header) }
        // One policy for all: who is refused, or not known to greylisting yet, speaks for the others.
        for case .refuse(let reply) in judgement.fates { return [reply] }
        guard case .deliver(let isJunk, let fields) = judgement.fates.first else { return [.localError] }
        judged.isJunk = isJunk
        return await acceptOnce(judged, fields + trace(judged, header))
    }

    private func arrival(_ mail: IncomingMail, _ header: HeaderBlock) -> Antispam.Arrival {
        let isLMTP = mail.origin.client.isLMTP
        let source = mail.origin.source
        // A server in front that does not forward the client's address has written it into its trace field.
        let outer = source.judged == nil && mail.origin.peer.isLoopback ? OuterClient(header) : nil
        let client = outer?.address ?? source.judged
        var policies = mail.policies
        if isLMTP {
            // Lists of networks could not be asked before the message told where it comes from.
            let snapshot = routing.directory.snapshot
            policies = mail.envelope.recipients.map { recipient in
                RecipientPolicy(
                    of: recipient, sender: mail.envelope.sender, client: client, hostname: mail.origin.hostname, in: snapshot)
            }
        }
        return Antispam.Arrival(
            envelope: mail.envelope, policies: policies, content: mail.content, client: client,
            greeting: outer?.greeting ?? source.greeting, origin: mail.origin, isInternalHop: mail.isInternalHop)
    }

    /// LMTP: recipients with the same fate go together, and each gets its own answer.
    private func acceptGroups(_ mail: IncomingMail, _ fates: [Antispam.Judgement.Fate], _ header: HeaderBlock) async -> [Reply] {
        var replies = fates.map { fate in
            switch fate {
            case .refuse(let reply): reply
            case .deliver: Reply.localError
            }
        }
        var groups: [[UInt8]: [Int]] = [:]
        for (index, fate) in fates.enumerated() {
            if case .deliver(_, let fields) = fate { groups[fields, default: []].append(index) }
        }
        var served: Set<AccountID> = []
        for indexes in groups.values.sorted(by: { $0[0] < $1[0] }) {
            guard case .deliver(let isJunk, let fields) = fates[indexes[0]] else { continue }
            var part = mail
            part.isJunk = isJunk
            part.envelope.recipients = indexes.map { mail.envelope.recipients[$0] }
            // Who is reached in two ways gets one copy.
            part.resolutions = indexes.map { mail.resolutions[$0].without(mailboxesOf: served) }
            if groups.count > 1 { part.origin.id = QueueID.make(now: mail.origin.time) }
            let answers = await acceptEach(part, fields + trace(part, header))
            for (index, answer) in zip(indexes, answers) {
                replies[index] = answer
                if answer.isPositive { served.formUnion(mail.resolutions[index].mailboxes.map(\.id)) }
            }
        }
        return replies
    }

    // MARK: SMTP: one reply for all

    /// Remote copies are committed first but held back, so that a failure can still be told; then the mailboxes get theirs.
    private func acceptOnce(_ mail: IncomingMail, _ trace: [UInt8]) async -> [Reply] {
        let all = mail.all
        var remote: [QueueID] = []
        do {
            remote = try await enqueueRemote(all.remotes, mail, trace)
            let failures = await deliver(mail, trace, to: all.mailboxes, recipientOf: recipients(mail))
            if let first = failures.first(where: \.reply.isTransient) ?? failures.first, failures.count == all.mailboxes.count,
                remote.isEmpty
            {
                return [first.reply]
            }
            // Some have it already: who failed for now gets it from the outbox, or its sender a notification.
            let told = failures.filter { isWorthTelling($0.reply, mail) }
            if !told.isEmpty { try await enqueueFailed(told.map(\.account.address), mail, trace) }
            for id in remote { await outbox.release(id) }
            return [Reply(250, 2, 0, 0, "OK queued as \(mail.origin.id)")]
        } catch {
            for id in remote { await outbox.withdraw(id) }
            return [Reply(error)]
        }
    }

    /// A filter's refusal of junk is told to nobody: whom it names as its sender has most likely not sent it.
    private func isWorthTelling(_ reply: Reply, _ mail: IncomingMail) -> Bool { reply.isTransient || !mail.isJunk }

    private func recipients(_ mail: IncomingMail) -> [AccountID: String] {
        var names: [AccountID: String] = [:]
        for (path, resolution) in zip(mail.envelope.recipients, mail.resolutions) {
            for account in resolution.mailboxes where names[account.id] == nil { names[account.id] = path.description }
        }
        return names
    }

    // MARK: LMTP: a reply for each

    private func acceptEach(_ mail: IncomingMail, _ trace: [UInt8]) async -> [Reply] {
        let all = mail.all
        let failed = await deliver(mail, trace, to: all.mailboxes, recipientOf: recipients(mail))
        let errors = Dictionary(failed.map { ($0.account.id, $0.reply) }, uniquingKeysWith: { first, _ in first })
        var remoteFailure: Reply?
        do {
            for id in try await enqueueRemote(all.remotes, mail, trace) { await outbox.release(id) }
        } catch {
            remoteFailure = Reply(error)
        }
        var replies: [Reply] = []
        var queued: Set<AccountID> = []
        for resolution in mail.resolutions {
            let localFailures = resolution.mailboxes.compactMap { errors[$0.id] }
            let count = resolution.mailboxes.count + (resolution.remotes.isEmpty ? 0 : 1)
            let failures = localFailures + (resolution.remotes.isEmpty ? [] : [remoteFailure].compactMap(\.self))
            guard let first = failures.first else {
                replies.append(Reply(250, 2, 0, 0, "OK delivered as \(mail.origin.id)"))
                continue
            }
            // An alias of which some members have it already must not come again for them.
            if failures.count < count {
                // Two recipients may lead to the same member; it is queued once.
                let waiting = resolution.mailboxes.filter { account in
                    errors[account.id].map { isWorthTelling($0, mail) } ?? false && !queued.contains(account.id)
                }
                let done: Void? = waiting.isEmpty ? () : try? await enqueueFailed(waiting.map(\.address), mail, trace)
                if done != nil { queued.formUnion(waiting.map(\.id)) }
                replies.append(done == nil ? first : Reply(250, 2, 0, 0, "OK queued as \(mail.origin.id)"))
            } else {
                replies.append(failures.first(where: \.isTransient) ?? first)
            }
        }
        return replies
    }

    // MARK: Steps

    /// A mailbox that did not take the message: for now, or because its filters refuse it.
    private struct Failure {
        let account: Account
        let reply: Reply
    }

    private func deliver(
        _ mail: IncomingMail, _ trace: [UInt8], to accounts: [Account], recipientOf names: [AccountID: String]
    ) async -> [Failure] {
        if accounts.count == 1 { return await deliverOne(mail, trace, accounts[0], names).map { [$0] } ?? [] }
        return await withTaskGroup(of: Failure?.self) { group in
            var failures: [Failure] = []
            for (index, account) in accounts.enumerated() {
                if index >= 8, let done = await group.next() { if let done { failures.append(done) } }
                group.addTask { await self.deliverOne(mail, trace, account, names) }
            }
            for await failure in group { if let failure { failures.append(failure) } }
            return failures
        }
    }

    private func deliverOne(
        _ mail: IncomingMail, _ trace: [UInt8], _ account: Account, _ names: [AccountID: String]
    ) async -> Failure? {
        let arrival = Arrival(
            account: account, recipient: names[account.id] ?? account.address.description, sender: mail.envelope.sender,
            trace: trace, source: mail.content.source, isJunk: mail.isJunk, clientAddress: mail.origin.source.peer.address?.description)
        do {
            switch try await localDelivery.deliver(arrival) {
            case .delivered: return nil
            case .refused(let reply): return Failure(account: account, reply: reply)
            }
        } catch {
            logger.warning(
                "delivery failed",
                metadata: metadata(mail, ["to": "\(account.address)", "account": "\(account.id)", "error": "\(error)"]))
            return Failure(account: account, reply: Reply(error))
        }
    }

    /// All or nothing, and nothing goes before it is released.
    private func enqueueRemote(
        _ remotes: [RemoteRecipient], _ mail: IncomingMail, _ trace: [UInt8]
    ) async throws(StoreError) -> [QueueID] {
        var ids: [QueueID] = []
        do throws(StoreError) {
            for (index, departure) in routing.departures(remotes, sender: mail.envelope.sender).enumerated() {
                let id = index == 0 ? mail.origin.id : mail.origin.id.derived("g\(index)")
                let draft = draft(mail, departure.recipients, id: id, sender: departure.sender)
                let content = try mail.content.blob()
                try await outbox.enqueue(
                    draft, prefix: trace + departure.fields, content: content, isReleased: false, isOurs: mail.account != nil)
                ids.append(id)
            }
        } catch {
            for id in ids { await outbox.withdraw(id) }
            throw error
        }
        return ids
    }

    private func enqueueFailed(
        _ addresses: [MailAddress], _ mail: IncomingMail, _ trace: [UInt8]
    ) async throws(StoreError) {
        var draft = draft(mail, addresses, id: QueueID.make(now: mail.origin.time), sender: mail.envelope.sender)
        draft.isForMailboxes = true
        try await outbox.enqueue(
            draft, prefix: trace, content: try mail.content.blob(), isReleased: true, isOurs: mail.account != nil)
    }

    private func draft(
        _ mail: IncomingMail, _ recipients: [MailAddress], id: QueueID, sender: ReversePath, holdUntil: Int64? = nil
    ) -> OutboxEntry {
        var entry = OutboxEntry(
            id: id, sender: sender.description, recipients: recipients, created: mail.origin.time, holdUntil: holdUntil,
            isEightBit: mail.envelope.isEightBit, needsSMTPUTF8: mail.envelope.isSMTPUTF8)
        entry.take(mail.envelope.returns, mail.envelope.envelopeID, mail.requests(for: recipients))
        return entry
    }

    private func metadata(_ mail: IncomingMail, _ more: Logger.Metadata) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "queue.id": "\(mail.origin.id)", "peer": "\(mail.origin.peer)", "from": "\(mail.envelope.sender)",
            "size": "\(mail.content.size)",
        ]
        let source = mail.origin.source.peer
        if source != mail.origin.peer { metadata["client"] = "\(source)" }
        if let account = mail.account { metadata["account"] = "\(account.address)" }
        metadata.merge(more) { _, new in new }
        return metadata
    }
}
