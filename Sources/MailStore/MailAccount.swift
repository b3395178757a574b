package import Disk

/// One account's mail: the only writer of its Maildir and index.
///
/// Every writing method changes files first, synced, then the index, then the feed; when it returns, the change is durable.
package actor MailAccount {
    package nonisolated let key: AccountKey
    /// The account's folder.
    package nonisolated let path: String

    init(key: AccountKey, path: String) {
        self.key = key
        self.path = path
    }

    // MARK: Reading

    /// Runs `body` on one snapshot of the index, off the actor; ids and states that it reads belong together.
    package nonisolated func read<Value: Sendable>(
        _ body: @escaping @Sendable (MailReader) throws -> Value
    ) async throws -> Value {
        throw StoreError.unavailable(reason: "not there yet")
    }

    /// The message's file, open: for download and streaming.
    package nonisolated func messageFile(_ id: EmailID) async throws(StoreError) -> OpenFile { throw .notFound }

    /// The message's raw bytes.
    package nonisolated func messageBytes(_ id: EmailID) async throws(StoreError) -> [UInt8] { throw .notFound }

    /// What a blob id stands for: a message, a decoded part, an upload. `notFound` when it is gone.
    package nonisolated func blob(_ id: BlobID) async throws(StoreError) -> BlobContent { throw .notFound }

    /// The states after each change from now on. A slow reader misses intermediate ones, never the last.
    package nonisolated func changes() -> AsyncStream<StateChange> { AsyncStream { $0.finish() } }

    // MARK: Emails

    /// Files a message and indexes it; durable when it returns. Many deliveries at once share a directory sync.
    ///
    /// - Parameters:
    ///   - receivedAt: now when nil.
    ///   - quota: the account's limit in octets; nil for none. On `.overQuota` nothing has changed.
    ///   - isDelivery: whether it moves the `EmailDelivery` state (mail that arrived, not drafts or imports).
    package nonisolated func deliver(
        _ content: MessageContent, to target: DeliveryTarget, keywords: Set<Keyword> = [],
        receivedAt: UnixTime? = nil, quota: Int64? = nil, isDelivery: Bool = true
    ) async throws(StoreError) -> EmailID {
        throw .unavailable(reason: "not there yet")
    }

    /// Applies each patch; one sequence a change, one sync a directory. Returns the failures; all others succeeded.
    package func updateEmails(_ patches: [(id: EmailID, patch: EmailPatch)]) throws(StoreError) -> [EmailID: StoreError] {
        throw .unavailable(reason: "not there yet")
    }

    /// Removes emails for good. Returns the failures.
    package func destroyEmails(_ ids: [EmailID]) throws(StoreError) -> [EmailID: StoreError] {
        throw .unavailable(reason: "not there yet")
    }

    // MARK: Mailboxes

    package func createMailbox(_ draft: MailboxDraft) throws(MailboxError) -> MailboxID { throw .notFound }
    package func updateMailbox(_ id: MailboxID, _ patch: MailboxPatch) throws(MailboxError) { throw .notFound }
    /// `.hasChild` when it has children; `.hasEmail` when it holds emails and `removingEmails` is false.
    package func destroyMailbox(_ id: MailboxID, removingEmails: Bool) throws(MailboxError) { throw .notFound }

    // MARK: Uploads and records

    /// Keeps the bytes for some hours under an id made of their hash: the same bytes give the same id.
    package func storeBlob(_ source: MessageContent.Source) throws(StoreError) -> StoredBlob {
        throw .unavailable(reason: "not there yet")
    }

    /// Writes the record (new or changed) and its change row. `kind`: `.identity`, `.emailSubmission`, …
    package func putRecord(_ kind: ChangeKind, _ record: AccountRecord) throws(StoreError) {
        throw .unavailable(reason: "not there yet")
    }

    /// Removes the record; `notFound` when there is none.
    package func removeRecord(_ kind: ChangeKind, id: String) throws(StoreError) { throw .notFound }

    // MARK: Health

    /// Looks for what other programs did to the folders and takes it over as ordinary changes.
    package func reconcile() throws(StoreError) {}

    /// Makes the index anew from the files, with the same ids and a new epoch.
    package func rebuild() throws(StoreError) {}

    /// Compares files with index; empty when they agree.
    package func verify() throws(StoreError) -> [Problem] { [] }
}

/// The bytes behind a blob id.
package enum BlobContent: Sendable {
    case bytes([UInt8])
    case file(OpenFile)

    package var size: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .file(let file): file.size
        }
    }

    /// All the bytes at once.
    package func read() throws(StoreError) -> [UInt8] {
        switch self {
        case .bytes(let bytes): bytes
        case .file(let file): try file.read()
        }
    }
}
