internal import Delivery
internal import Disk
internal import Formats
package import JMAP
internal import MailStore
internal import Synchronization

/// The own arguments of `EmailSubmission/set` (RFC 8621 §7.5), and what is learned on the way for them.
package final class SubmissionOptions: Sendable {
    /// Submission id or `#creationId` → patch.
    let updates: [(key: String, value: JSONObject)]
    let destroys: [String]
    /// Submission id → email id: kept because a destroyed submission cannot be asked any more.
    let emailIds = Mutex<[String: String]>([:])

    init(updates: [(key: String, value: JSONObject)], destroys: [String]) {
        self.updates = updates
        self.destroys = destroys
    }
}

extension EmailSubmissionType: SettableType {
    package func setOptions(from arguments: inout Arguments) throws(MethodError) -> SubmissionOptions {
        SubmissionOptions(
            updates: try arguments.optionalObjects("onSuccessUpdateEmail") ?? [],
            destroys: try arguments.optionalStrings("onSuccessDestroyEmail") ?? [])
    }

    package func state(of account: WebmailAccount) async throws(MethodError) -> String {
        try await account.mail.state(.emailSubmission)
    }

    // MARK: Create

    package func create(
        _ record: JSONObject, options: SubmissionOptions, in account: WebmailAccount, request: RequestState
    ) async throws(MethodError) -> Result<CreatedRecord, SetError> {
        let identities = try await IdentityType.identities(of: account).list
        do throws(SetError) {
            let draft = try SubmissionDraft(record, identities, request)
            let emailId = EmailID(rawValue: draft.emailId)
            guard let email = try await account.mail.snapshotForSet({ reader in try reader.emails([emailId]).first }) else {
                throw .invalidProperties(["emailId"], "The email does not exist.")
            }
            let now = UnixTime.now.seconds
            let message = try await Self.header(of: emailId, in: account)
            let envelope = try draft.envelope(for: message, account, now: now)
            let submission = try draft.request(envelope, try await Self.content(of: emailId, in: account), account)
            let queueId: QueueID
            do { queueId = try await submitter.submit(submission) } catch { throw SetError(error) }
            let status = await submitter.status(of: queueId)
            var created: JSONObject = [
                "id": .string("S" + queueId.rawValue), "threadId": .string(email.threadId.rawValue),
                "sendAt": JSON(UnixTime(seconds: envelope.holdUntil ?? now)),
                "undoStatus": status.map { .string($0.undo.rawValue) } ?? "final",
                "deliveryStatus": status.map { Self.statusProperties($0)["deliveryStatus"] ?? .null } ?? .null,
                "dsnBlobIds": [], "mdnBlobIds": [],
            ]
            if !draft.hasEnvelope { created.append("envelope", envelope.json) }
            var stored = created
            stored["identityId"] = .string(draft.identityId)
            stored["emailId"] = .string(draft.emailId)
            stored["envelope"] = envelope.json
            stored[Self.queueIdProperty] = .string(queueId.rawValue)
            stored["id"] = nil
            let id = "S" + queueId.rawValue
            // It is on its way whatever happens now; a record that cannot be written is a lesser evil than a second copy.
            do {
                try await account.mail.put(.emailSubmission, id, stored)
                // What happened before the record was there, the tracker could not write into it.
                let latest = await current(stored)
                if latest != stored { try await account.mail.put(.emailSubmission, id, latest) }
            } catch {}
            options.emailIds.withLock { $0[id] = draft.emailId }
            await pruner.prune(account, now: now)
            return .success(CreatedRecord(id: id, properties: created))
        } catch { return .failure(error) }
    }

    private static func header(of id: EmailID, in account: WebmailAccount) async throws(SetError) -> Message {
        do {
            guard let message = try await EmailType.message(id, .header, of: account) else { throw SetError.notFound }
            return message
        } catch { throw .invalidProperties(["emailId"], "The email cannot be read.") }
    }

    private static func content(of id: EmailID, in account: WebmailAccount) async throws(SetError) -> BlobContent {
        do throws(StoreError) { return try await account.mail.blob(.email(id)) } catch { throw SetError(error) }
    }

    // MARK: Update

    package func update(
        _ patches: [(id: Id, patch: PatchObject)], options: SubmissionOptions, in account: WebmailAccount,
        request: RequestState
    ) async throws(MethodError) -> [Result<JSONObject?, SetError>] {
        var results: [Result<JSONObject?, SetError>] = []
        for (id, patch) in patches {
            let record = try await account.mail.jsonRecord(.emailSubmission, id.rawValue)
            do throws(SetError) {
                guard let record else { throw .notFound }
                try await update(id, record, patch, in: account)
                if let emailId = record["emailId"]?.string { options.emailIds.withLock { $0[id.rawValue] = emailId } }
                results.append(.success(nil))
            } catch { results.append(.failure(error)) }
        }
        return results
    }

    /// Only `undoStatus` may change, from `pending` to `canceled`.
    private func update(
        _ id: Id, _ record: JSONObject, _ patch: PatchObject, in account: WebmailAccount
    ) async throws(SetError) {
        var before = await current(record)
        before["id"] = JSON(id)
        let after = try patch.applied(to: before)
        let changed = patch.properties.filter { after[$0] != before[$0] || !Self.properties.contains($0) }
        guard !changed.isEmpty else { return }
        guard changed == ["undoStatus"], after["undoStatus"] == "canceled" else { throw .invalidProperties(changed) }
        guard let queueId = record[Self.queueIdProperty]?.string.flatMap(QueueID.init(rawValue:)),
            await submitter.cancel(queueId) == .canceled
        else { throw SetError("cannotUnsend", description: "The message is on its way.") }
        var stored = record
        stored["undoStatus"] = "canceled"
        stored["deliveryStatus"] = .null
        do { try await account.mail.put(.emailSubmission, id.rawValue, stored) } catch { throw SetError(error) }
    }

    // MARK: Destroy

    package func destroy(
        _ ids: [Id], options: SubmissionOptions, in account: WebmailAccount
    ) async throws(MethodError) -> [SetError?] {
        var errors: [SetError?] = []
        for id in ids {
            let emailId = try await account.mail.jsonRecord(.emailSubmission, id.rawValue)?["emailId"]?.string
            do throws(StoreError) {
                try await account.mail.removeRecord(.emailSubmission, id: id.rawValue)
                if let emailId { options.emailIds.withLock { $0[id.rawValue] = emailId } }
                errors.append(nil)
            } catch { errors.append(SetError(error)) }
        }
        return errors
    }

    // MARK: On success

    /// RFC 8621 §7.5: one implicit `Email/set` for all that succeeded.
    package func implicitCalls(
        after summary: SetSummary, options: SubmissionOptions, accountId: Id, in account: WebmailAccount
    ) async throws(MethodError) -> [ImplicitCall] {
        let succeeded = Set(summary.created.values).union(summary.updated).union(summary.destroyed)
        let emailIds = options.emailIds.withLock { $0 }
        func emailId(_ key: String) -> String? {
            let id = key.utf8.first == UInt8(ascii: "#") ? summary.created[String(key.dropFirst())] : key
            return id.flatMap { succeeded.contains($0) ? emailIds[$0] : nil }
        }
        var update = JSONObject()
        for (key, patch) in options.updates {
            guard let id = emailId(key) else { continue }
            var merged = update[id]?.object ?? JSONObject()
            for (path, value) in patch { merged[path] = value }
            update[id] = .object(merged)
        }
        let destroy = options.destroys.compactMap(emailId)
        guard !update.isEmpty || !destroy.isEmpty else { return [] }
        var arguments: JSONObject = ["accountId": JSON(accountId)]
        if !update.isEmpty { arguments.append("update", .object(update)) }
        if !destroy.isEmpty { arguments.append("destroy", JSON(destroy)) }
        return [ImplicitCall(name: "Email/set", arguments: arguments)]
    }
}
