internal import Directory
internal import Disk
package import Formats
internal import Logging
package import MailStore
internal import SMTP
internal import Sieve

/// What became of a message that came to a mailbox.
enum LocalOutcome: Hashable, Sendable {
    /// Stored, sent on, or thrown away, as its owner's filters want; durable.
    case delivered
    /// The owner's filters refuse it: the sender is to be told, nothing was stored.
    case refused(Reply)
}

/// The last step of mail that stays here: through the filters of its mailbox, and into the store.
package struct LocalDelivery: Sendable {
    private let accounts: MailAccounts
    /// Nil: no filters.
    private let filter: MailFilter?
    private let queue: FilterQueue?

    package init(accounts: MailAccounts) { self.init(accounts: accounts, filter: nil, queue: nil) }

    /// - Parameter queue: for what filters send
    init(accounts: MailAccounts, filter: MailFilter?, queue: FilterQueue?) {
        self.accounts = accounts
        self.filter = filter
        self.queue = queue
    }

    /// Brings the message to the account; durable when it returns. On an error nothing of it is stored or sent.
    func deliver(_ arrival: Arrival) async throws(StoreError) -> LocalOutcome {
        let store = try await accounts.account(for: AccountKey(arrival.account.address))
        guard let filter, let queue else {
            try await file(.unfiltered(isJunk: arrival.isJunk), arrival, in: store)
            return .delivered
        }
        var outcome = await filter.judge(arrival, in: store)
        if let rejection = outcome.rejection { return .refused(Self.reply(rejection)) }
        let sent = try await redirect(&outcome, arrival, filter, queue)
        do {
            try await file(outcome, arrival, in: store)
        } catch {
            for id in sent { await queue.withdraw(id) }
            throw error
        }
        for id in sent { await queue.release(id) }
        await finish(outcome, arrival, in: store, filter, queue)
        return .delivered
    }

    /// Whether a queued message was found to be junk when it came in: by a field that no message brings along from outside.
    func isMarkedJunk(_ path: String) async -> Bool {
        guard let bytes = try? await beginning(of: .file(path: path)) else { return false }
        return HeaderBlock(bytes).value("x-spam") == "Yes"
    }

    // MARK: Steps

    /// Stores the copies. Once the first is there the message is not lost, and the others are not worth a second first one.
    private func file(_ outcome: FilterOutcome, _ arrival: Arrival, in store: MailAccount) async throws(StoreError) {
        let prefix = TraceHeaders.delivery(sender: arrival.sender, recipient: arrival.recipient)
        for (index, filing) in outcome.filings.enumerated() {
            var content = MessageContent(prefix: prefix + arrival.trace, arrival.source)
            if let header = filing.header {
                content = MessageContent(
                    prefix: prefix + header.fields, arrival.source, skipping: max(0, header.rest - arrival.trace.count))
            }
            let name = arrival.uniqueName.map { index == 0 ? $0 : "\($0)c\(index)" }
            do throws(StoreError) {
                try await deliver(content, filing, arrival.account, uniqueName: name, in: store)
            } catch {
                guard index > 0 else { throw error }
                filter?.logger.warning("copy not stored", metadata: filter?.metadata(arrival, ["error": "\(error)"]))
            }
        }
    }

    private func deliver(
        _ content: MessageContent, _ filing: FilterOutcome.Filing, _ account: Account, uniqueName: String?, in store: MailAccount
    ) async throws(StoreError) {
        do {
            _ = try await store.deliver(
                content, to: filing.target, keywords: filing.keywords, quota: account.quota, uniqueName: uniqueName)
        } catch {
            // The mailbox went away between the filter's look and now.
            guard error == .notFound else { throw error }
            _ = try await store.deliver(
                content, to: .role(.inbox), keywords: filing.keywords, quota: account.quota, uniqueName: uniqueName)
        }
    }

    /// Queues what scripts send on, unreleased. What would go in a circle stays here instead.
    private func redirect(
        _ outcome: inout FilterOutcome, _ arrival: Arrival, _ filter: MailFilter, _ queue: FilterQueue
    ) async throws(StoreError) -> [QueueID] {
        guard !outcome.redirects.isEmpty else { return [] }
        let header = HeaderBlock(arrival.trace + (try await beginning(of: arrival.source)))
        let isLoop = FilterRedirect.isLoop(header, at: arrival.account)
        let redirects = outcome.redirects.filter { !isLoop && $0.address.key != arrival.account.address.key }
        if redirects.count < outcome.redirects.count, outcome.filings.isEmpty {
            filter.logger.notice("redirect would loop, message kept", metadata: filter.metadata(arrival, [:]))
            outcome.filings = FilterOutcome.unfiltered(isJunk: arrival.isJunk).filings
        }
        var sent: [QueueID] = []
        do throws(StoreError) {
            for (index, redirect) in redirects.enumerated() {
                if let id = try await send(redirect, index, arrival, filter, queue) { sent.append(id) }
            }
        } catch {
            for id in sent { await queue.withdraw(id) }
            throw error
        }
        return sent
    }

    /// Nil when the same delivery queued it before.
    private func send(
        _ redirect: SieveAction.Redirect, _ index: Int, _ arrival: Arrival, _ filter: MailFilter, _ queue: FilterQueue
    ) async throws(StoreError) -> QueueID? {
        let now = filter.now()
        let id = arrival.uniqueName.flatMap { QueueID(rawValue: "\($0)s\(index)") } ?? QueueID.make(now: now)
        let entry = OutboxEntry(
            id: id, sender: filter.forwardSender(arrival, to: redirect.address), recipients: [redirect.address], created: now,
            isEightBit: true, needsSMTPUTF8: redirect.address.isInternationalized)
        let content: BlobContent =
            switch arrival.source {
            case .bytes(let bytes): .bytes(bytes)
            case .file(let path): .file(try OpenFile(path: path))
            }
        let fields = redirect.header?.fields ?? arrival.trace
        let skipping = redirect.header.map { max(0, $0.rest - arrival.trace.count) } ?? 0
        do {
            try await queue.enqueue(
                entry, prefix: FilterRedirect.trace(arrival.account) + fields, content: content, skipping: skipping, isReleased: false)
        } catch {
            guard error == .alreadyExists else { throw error }
            return nil
        }
        return id
    }

    /// What a filter wants beside the message itself: nothing here can undo the delivery.
    private func finish(
        _ outcome: FilterOutcome, _ arrival: Arrival, in store: MailAccount, _ filter: MailFilter, _ queue: FilterQueue
    ) async {
        for reply in outcome.replies {
            do { try await answer(reply, arrival, in: store, filter, queue) } catch {
                filter.logger.warning("vacation not sent", metadata: filter.metadata(arrival, ["error": "\(error)"]))
            }
        }
        for seen in outcome.toRemember {
            let until = UnixTime(seconds: filter.now() + Int64(seen.seconds))
            do { _ = try await store.remember(seen.key.memoryKey, until: until, in: .duplicates) } catch {
                filter.logger.warning("duplicate not remembered", metadata: filter.metadata(arrival, ["error": "\(error)"]))
            }
        }
    }

    /// Answers a sender, unless it was answered the same lately.
    private func answer(
        _ request: VacationRequest, _ arrival: Arrival, in store: MailAccount, _ filter: MailFilter, _ queue: FilterQueue
    ) async throws {
        let now = filter.now()
        if request.seconds > 0 {
            let key = request.handle + "\u{0}" + request.recipient.key
            let until = UnixTime(seconds: now + Int64(request.seconds))
            guard try await store.remember(key, until: until, in: .vacation, renewing: false, now: UnixTime(seconds: now)) else { return }
        }
        let id = QueueID.make(now: now)
        let message = try VacationMessage(
            request: request, account: arrival.account, policy: SenderPolicy(filter.snapshot), id: id,
            hostname: filter.hostname, now: now
        ).message()
        // RFC 5230 §5.1, RFC 3834 §3.3: the null sender, so that nobody answers the answer.
        let entry = OutboxEntry(
            id: id, sender: "", recipients: [request.recipient], created: now, isEightBit: message.contains { $0 >= 0x80 },
            needsSMTPUTF8: request.recipient.isInternationalized || arrival.account.address.isInternationalized)
        try await queue.enqueue(entry, prefix: [], content: .bytes(message), isReleased: true, isOurs: true)
    }

    private func beginning(of source: MessageContent.Source) async throws(StoreError) -> [UInt8] {
        switch source {
        case .bytes(let bytes): return bytes
        case .file(let path):
            let read: @Sendable () throws(StoreError) -> [UInt8] = { () throws(StoreError) in
                try OpenFile(path: path).read(at: 0, count: HeaderBlock.maximumSize)
            }
            return try await DiskExecutor.offload(read)
        }
    }

    /// The refusal as a client hears it: the reason when it can stand in a reply.
    private static func reply(_ rejection: SieveAction.Reject) -> Reply {
        let lines = rejection.reason.split { $0.isNewline }.map(String.init)
        let isPlain = !lines.isEmpty && lines.count <= 20 && rejection.reason.utf8.allSatisfy { $0 < 0x80 }
        return Reply(550, EnhancedStatus(5, 7, 1), lines: isPlain ? lines : ["The recipient refuses this message"])
    }
}

extension AccountKey {
    /// The folder of the account with that address.
    package init(_ address: MailAddress) {
        self.init(domain: address.domain.ascii, localPart: address.foldedLocalPart)
    }
}
