package import Disk
import GRDB
import Synchronization

/// A message that is staged and waits for its turn to be filed.
final class PendingDelivery: Sendable {
    let name: String
    let digest: MessageDigest
    let target: DeliveryTarget
    let flags: EmailFlags
    let receivedAt: UnixTime
    let size: Int
    let quota: Int64?
    let isDelivery: Bool
    let staged: StagedFile
    let result = Mutex<Result<EmailID, StoreError>?>(nil)

    init(
        name: String, file: StagedFile, digest: MessageDigest, target: DeliveryTarget, flags: EmailFlags,
        receivedAt: UnixTime, quota: Int64?, isDelivery: Bool
    ) {
        self.name = name
        self.digest = digest
        self.target = target
        self.flags = flags
        self.receivedAt = receivedAt
        self.quota = quota
        self.isDelivery = isDelivery
        size = file.size
        staged = file
    }
}

extension MailAccount {
    /// Files a message and indexes it; durable when it returns. Deliveries that come at once share a directory's sync and a
    /// transaction.
    ///
    /// - Parameters:
    ///   - target: `notFound` when the mailbox does not exist.
    ///   - receivedAt: now when nil.
    ///   - quota: the account's limit in octets; nil for none. On `.overQuota` nothing has changed.
    ///   - uniqueName: letters and digits that name this delivery among all of the account: when a message of that name was filed
    ///     before, wherever it lies now, its id is returned and nothing written. So a delivery can be repeated after a crash.
    ///   - isDelivery: whether it moves the `EmailDelivery` state (mail that arrived, not drafts or imports).
    package nonisolated func deliver(
        _ content: MessageContent, to target: DeliveryTarget, keywords: Set<Keyword> = [],
        receivedAt: UnixTime? = nil, quota: Int64? = nil, uniqueName: String? = nil, isDelivery: Bool = true
    ) async throws(StoreError) -> EmailID {
        if let uniqueName {
            guard MaildirName(uniqueName)?.unique == uniqueName[...], !uniqueName.utf8.contains(UInt8(ascii: "/")) else {
                throw .invalid(reason: "unique name")
            }
        }
        let staging = maildir.staging
        let pending = try await DiskExecutor.offload { () throws(StoreError) -> PendingDelivery in
            try MailAccount.stage(
                content, in: staging, name: uniqueName, target: target, flags: EmailFlags(keywords),
                receivedAt: receivedAt ?? .now, quota: quota, isDelivery: isDelivery)
        }
        deliveries.withLock { $0.append(pending) }
        await fileDeliveries()
        guard let result = pending.result.withLock({ $0 }) else { throw .unavailable(reason: "account is closed") }
        return try result.get()
    }

    /// What every file system can keep as a file's time: 1901 to 2255, in milliseconds.
    private static let keptTimes: ClosedRange<Int64> = -2_147_483_648_000...9_000_000_000_000

    /// Writes and syncs the message under a temporary name, and reads from it what the index wants.
    private static func stage(
        _ content: MessageContent, in folder: String, name: String?, target: DeliveryTarget, flags: EmailFlags,
        receivedAt: UnixTime, quota: Int64?, isDelivery: Bool
    ) throws(StoreError) -> PendingDelivery {
        let unique = UniqueName.next()
        let receivedAt = UnixTime(milliseconds: min(max(receivedAt.milliseconds, keptTimes.lowerBound), keptTimes.upperBound))
        let file = try StagedFile(creating: folder + "/" + unique)
        let head = try write(content, to: file)
        try file.setModified(milliseconds: receivedAt.milliseconds)
        try file.sync()
        return PendingDelivery(
            name: name ?? unique, file: file, digest: MessageDigest(parsing: head), target: target, flags: flags,
            receivedAt: receivedAt, quota: quota, isDelivery: isDelivery)
    }

    /// Writes prefix and content, a file's in pieces; returns the head of it that the digest is made of.
    private static func write(_ content: MessageContent, to file: StagedFile) throws(StoreError) -> [UInt8] {
        switch content.source {
        case .bytes(let body):
            let isWhole = content.prefix.isEmpty && content.skipping == 0
            let bytes = isWhole ? body : content.prefix + body.dropFirst(content.skipping)
            try file.append(bytes)
            return bytes.count <= MessageDigest.limit ? bytes : Array(bytes[..<MessageDigest.limit])
        case .file(let path):
            let source = try OpenFile(path: path)
            let start = min(content.skipping, source.size)
            let body = try source.read(at: start, count: max(0, MessageDigest.limit - content.prefix.count))
            let head = content.prefix + body
            try file.append(head)
            try file.append(contentsOf: source, from: start + body.count)
            return head
        }
    }

    /// Files all that is staged by now, in one transaction; what failed has its own result.
    private func fileDeliveries() {
        let batch = deliveries.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        guard !batch.isEmpty else { return }
        var filed: [FiledMessage] = []
        do throws(StoreError) {
            try write { transaction in try file(batch, transaction, &filed) }
            for message in filed {
                keepText(message.delivery.digest.document, message.number)
                message.delivery.result.withLock { $0 = .success(EmailID(key: message.row.key)) }
            }
            scheduleBackground()
        } catch {
            // Invariant 2: no file without its index row, once an error is told.
            for message in filed { try? DiskFile.remove(message.path) }
            for delivery in batch {
                delivery.result.withLock { if $0 == nil { $0 = .failure(error) } }
            }
        }
    }

    private struct FiledMessage {
        let delivery: PendingDelivery
        let row: EmailRow
        let path: String
        var number: Int64
    }

    private func file(
        _ batch: [PendingDelivery], _ transaction: IndexTransaction, _ filed: inout [FiledMessage]
    ) throws {
        var directories = TouchedDirectories(transaction.db, maildir)
        var keywords = KeywordBook(maildir: maildir, sidecars: sidecars)
        var usage = try Int64.fetchOne(transaction.db.cachedStatement(sql: "SELECT value FROM facts WHERE name = 'usage'")) ?? 0
        for delivery in batch {
            let key = StableHash.of("email", delivery.name)
            guard try transaction.email(key) == nil else {
                delivery.result.withLock { $0 = .success(EmailID(key: key)) }
                continue
            }
            guard let mailbox = try MailboxRow.find(delivery.target, transaction.db) else {
                delivery.result.withLock { $0 = .failure(.notFound) }
                continue
            }
            if let quota = delivery.quota, usage + Int64(delivery.size) > quota {
                delivery.result.withLock { $0 = .failure(.overQuota) }
                continue
            }
            usage += Int64(delivery.size)
            let thread =
                try transaction.thread(sharing: delivery.digest.threadKeys)
                ?? delivery.digest.derivedThread(email: key)
            let base = UniqueName.base(unique: delivery.name, size: delivery.size, thread: thread)
            let file = try keywords.file(base: base, flags: delivery.flags, old: "", mailbox: mailbox, email: key, isNew: true)
            let row = EmailRow(
                number: 0, key: key, mailbox: mailbox.number, thread: thread,
                received: delivery.receivedAt.milliseconds, size: delivery.size, flags: delivery.flags, file: file)
            try keywords.save(transaction.db)
            directories.willChange(mailbox, file)
            let path = maildir.path(of: file, in: mailbox.folder)
            try delivery.staged.commit(to: path)
            directories.didChange(mailbox, file)
            filed.append(FiledMessage(delivery: delivery, row: row, path: path, number: 0))
            filed[filed.count - 1].number = try transaction.insert(row, digest: delivery.digest)
            if delivery.isDelivery { try transaction.markDelivery() }
        }
        try directories.sync()
    }
}
