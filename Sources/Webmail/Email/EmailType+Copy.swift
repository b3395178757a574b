internal import Disk
package import JMAP
internal import MailStore

extension EmailType: CopyableType {
    /// RFC 8621 §4.7: only `mailboxIds`, `keywords` and `receivedAt` may be set.
    package func copy(
        _ id: Id, overrides: JSONObject, from source: WebmailAccount, to target: WebmailAccount, request: RequestState
    ) async throws(MethodError) -> Result<CreatedRecord, SetError> {
        do throws(SetError) {
            let emailId = EmailID(rawValue: id.rawValue)
            let found = try await source.mail.snapshotForSet { reader in try reader.emails([emailId]).first }
            guard let email = found else { throw .notFound }
            var record = overrides
            // The mailboxes of the original are not the target's, so they must be given.
            if !record.has("keywords") { record.append("keywords", JSON(keywords: email.keywords)) }
            var placement = EmailPlacement()
            placement.take(from: record, request)
            if !record.has("mailboxIds") { placement.invalid.append("mailboxIds") }
            let known: Set<String> = ["mailboxIds", "keywords", "receivedAt"]
            placement.invalid += record.names.filter { !known.contains($0) }
            let mailbox = try await placement.mailbox(in: target)
            let bytes: [UInt8]
            do { bytes = try await source.mail.messageBytes(emailId) } catch { throw SetError(error) }
            return .success(
                try await Self.file(
                    .bytes(bytes), in: mailbox, keywords: placement.keywords,
                    receivedAt: placement.receivedAt ?? email.receivedAt, of: target))
        } catch { return .failure(error) }
    }
}

extension MailAccount {
    /// Reads on one snapshot, for one record of a `/set`.
    nonisolated func snapshotForSet<Value: Sendable>(
        _ body: @escaping @Sendable (MailReader) throws -> Value
    ) async throws(SetError) -> Value {
        do { return try await read(body) } catch let error as StoreError { throw SetError(error) } catch {
            throw .serverFail("The account could not be read.")
        }
    }
}
