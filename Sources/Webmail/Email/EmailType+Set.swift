internal import Delivery
internal import Disk
internal import Formats
package import JMAP
internal import MailStore

extension EmailType: SettableType {
    /// `Email/set` has no arguments of its own.
    package func setOptions(from arguments: inout Arguments) throws(MethodError) {}

    package func state(of account: WebmailAccount) async throws(MethodError) -> String {
        try await account.mail.state(.email)
    }

    // MARK: Create

    package func create(
        _ record: JSONObject, options: Void, in account: WebmailAccount, request: RequestState
    ) async throws(MethodError) -> Result<CreatedRecord, SetError> {
        do throws(SetError) {
            var placement = EmailPlacement()
            placement.take(from: record, request)
            if !record.has("mailboxIds") { placement.invalid.append("mailboxIds") }
            var composition = EmailComposition(record, invalid: placement.invalid)
            let blobs = try await Self.blobs(composition.blobIds, in: account)
            let bytes = try composition.message(blobs: blobs, domain: account.domain)
            let mailbox = try await placement.mailbox(in: account)
            return .success(
                try await Self.file(
                    .bytes(bytes), in: mailbox, keywords: placement.keywords, receivedAt: placement.receivedAt, of: account))
        } catch { return .failure(error) }
    }

    /// The bytes behind each blob id; those that are not there are told in `blobNotFound`.
    private static func blobs(_ ids: [String], in account: WebmailAccount) async throws(SetError) -> [String: [UInt8]] {
        var blobs: [String: [UInt8]] = [:]
        var missing: [String] = []
        var size = 0
        for id in ids where blobs[id] == nil {
            do throws(StoreError) {
                let blob = try await account.mail.blob(BlobID(rawValue: id))
                size += blob.size
                guard size <= MailLimits.maxSizeAttachmentsPerEmail else { break }
                blobs[id] = try blob.read()
            } catch {
                guard error == .notFound else { throw SetError(error) }
                missing.append(id)
            }
        }
        guard missing.isEmpty else { throw SetError("blobNotFound", details: ["notFound": JSON(missing)]) }
        guard size <= MailLimits.maxSizeAttachmentsPerEmail else {
            throw .tooLarge("The attachments are larger than \(MailLimits.maxSizeAttachmentsPerEmail) octets.")
        }
        return blobs
    }

    /// Files a message that the client brought, and tells what the server set (RFC 8621 §4.6).
    static func file(
        _ source: MessageContent.Source, in mailbox: MailboxID, keywords: Set<Keyword>, receivedAt: UnixTime?,
        of account: WebmailAccount
    ) async throws(SetError) -> CreatedRecord {
        do {
            let id = try await account.mail.deliver(
                MessageContent(source), to: .mailbox(mailbox), keywords: keywords, receivedAt: receivedAt,
                quota: account.quota, isDelivery: false)
            guard let email = try await account.mail.read({ reader in try reader.emails([id]).first }) else {
                throw SetError.serverFail("The email vanished.")
            }
            return CreatedRecord(
                id: id.rawValue,
                properties: [
                    "id": .string(id.rawValue), "blobId": .string(email.blobId.rawValue),
                    "threadId": .string(email.threadId.rawValue), "size": .int(email.size),
                ])
        } catch let error as StoreError {
            throw error == .notFound ? .invalidProperties(["mailboxIds"]) : SetError(error)
        } catch let error as SetError { throw error } catch { throw .serverFail("The email could not be read back.") }
    }

    // MARK: Update

    package func update(
        _ patches: [(id: Id, patch: PatchObject)], options: Void, in account: WebmailAccount, request: RequestState
    ) async throws(MethodError) -> [Result<JSONObject?, SetError>] {
        let ids = patches.map { EmailID(rawValue: $0.id.rawValue) }
        let (emails, mailboxes) = try await account.mail.snapshot { reader in
            (try reader.emails(ids), try reader.mailboxes())
        }
        let mailboxIds = Set(mailboxes.map(\.id))
        let byId = Dictionary(emails.map { ($0.id, $0) }) { first, _ in first }
        var results = [Result<JSONObject?, SetError>](repeating: .success(nil), count: patches.count)
        var changes: [(id: EmailID, patch: EmailPatch)] = []
        for (index, (id, patch)) in zip(ids, patches.map(\.patch)).enumerated() {
            do throws(SetError) {
                guard let email = byId[id] else { throw .notFound }
                let update = try EmailUpdate(patch, of: email, mailboxes: mailboxIds, request)
                try await update.confirmUnchanged(in: account)
                if let change = update.change { changes.append((id, change)) }
            } catch { results[index] = .failure(error) }
        }
        guard !changes.isEmpty else { return results }
        let failures: [EmailID: StoreError]
        do { failures = try await account.mail.updateEmails(changes) } catch { throw MethodError(error) }
        for (index, id) in ids.enumerated() {
            if let error = failures[id] { results[index] = .failure(SetError(error)) }
        }
        teach(changes.filter { failures[$0.id] == nil }, byId, mailboxes, account)
        return results
    }

    /// Lets rspamd learn what these changes say about spam.
    private func teach(
        _ changes: [(id: EmailID, patch: EmailPatch)], _ emails: [EmailID: Email], _ mailboxes: [Mailbox],
        _ account: WebmailAccount
    ) {
        guard let teacher else { return }
        let roles = Dictionary(mailboxes.map { ($0.id, $0.role) }) { first, _ in first }
        for (id, patch) in changes {
            guard let email = emails[id], let kind = SpamLesson.lesson(of: patch, to: email, roles: roles) else { continue }
            teacher.teach(kind) { [mail = account.mail] in try await mail.blob(.email(id)) }
        }
    }

    // MARK: Destroy

    package func destroy(
        _ ids: [Id], options: Void, in account: WebmailAccount
    ) async throws(MethodError) -> [SetError?] {
        do throws(StoreError) {
            let emails = ids.map { EmailID(rawValue: $0.rawValue) }
            let failures = try await account.mail.destroyEmails(emails)
            return emails.map { failures[$0].map { SetError($0) } }
        } catch { throw MethodError(error) }
    }
}
