internal import Disk
internal import Formats
internal import MailStore
internal import SMTP

/// What became of recipients that their sender may want to hear. Indexes into the entry's recipients.
struct EntryNews {
    var failed: [Int] = []
    var delayed: [Int] = []
    var arrived: [Int] = []

    mutating func add(_ index: Int, _ entry: OutboxEntry, _ outcome: DeliveryOutcome, now: Int64) {
        let recipient = entry.recipients[index]
        let request = recipient.request ?? NotificationRequest()
        switch recipient.state {
        case .failed, .expired: if request.wants(.failure) { failed.append(index) }
        case .delivered: if request.wants(.success), !outcome.passesNotifications { arrived.append(index) }
        case .pending:
            if recipient.isWarned != true, now >= entry.warnsAt, request.wants(.delay) { delayed.append(index) }
        case .canceled: break
        }
    }
}

// What the outbox tells senders. A notification's id follows from the entry, so that what is repeated after a crash is told once.
extension Outbox {
    func tell(_ entry: inout OutboxEntry, _ news: EntryNews) throws(StoreError) {
        // RFC 3464 §2, RFC 5321 §4.5.5: never to a null sender.
        guard let sender = try? MailAddress(parsing: entry.sender) else { return }
        try tell(&entry, .failed, news.failed, sender)
        for index in news.delayed { entry.recipients[index].isWarned = true }
        try tell(&entry, .delayed, news.delayed, sender)
        try tell(&entry, .arrived, news.arrived, sender)
    }

    private func tell(
        _ entry: inout OutboxEntry, _ kind: StatusNotification.Kind, _ indexes: [Int], _ sender: MailAddress
    ) throws(StoreError) {
        guard !indexes.isEmpty else { return }
        let now = configuration.now()
        entry.notifications += 1
        var notification = OutboxEntry(
            id: entry.id.derived("d\(entry.notifications)"), sender: "", recipients: [sender], created: now,
            isEightBit: true, needsSMTPUTF8: entry.needsSMTPUTF8)
        let isWhole = kind == .failed && entry.returns == .full && entry.size <= StatusNotification.maximumReturned
        let count = isWhole ? StatusNotification.maximumReturned : HeaderBlock.maximumSize
        let original = (try? OpenFile(path: files.message(entry.id)).read(at: 0, count: count)) ?? []
        let bytes = StatusNotification(
            kind, entry: entry, recipients: indexes, hostname: configuration.hostname, id: notification.id, now: now
        ).message(original: original, isWhole: isWhole)
        do {
            let signatures = signer?.signatures(of: [], .bytes(bytes)) ?? []
            notification.size = try files.stageMessage(notification.id, prefix: signatures, content: .bytes(bytes))
            try commit(notification)
        } catch .alreadyExists {
        }
    }

    /// Tells the sender of a message that never was in the queue that it lies in mailboxes here, where the sender wants to hear that.
    ///
    /// - Parameters:
    ///   - entry: as it would have been, with `delivered` recipients
    ///   - header: the message's header
    func tellArrival(_ entry: OutboxEntry, header: [UInt8]) throws(StoreError) {
        guard let sender = try? MailAddress(parsing: entry.sender), !entry.recipients.isEmpty else { return }
        let now = configuration.now()
        let notification = OutboxEntry(
            id: entry.id.derived("d0"), sender: "", recipients: [sender], created: now, isEightBit: true,
            needsSMTPUTF8: entry.needsSMTPUTF8)
        let bytes = StatusNotification(
            .arrived, entry: entry, recipients: Array(entry.recipients.indices), hostname: configuration.hostname,
            id: notification.id, now: now
        ).message(original: header, isWhole: false)
        let signatures = signer?.signatures(of: [], .bytes(bytes)) ?? []
        _ = try files.stageMessage(notification.id, prefix: signatures, content: .bytes(bytes))
        try commit(notification)
    }
}
