internal import Disk
package import JMAP
internal import MailStore

extension MailboxType: SettableType {
    /// `onDestroyRemoveEmails` (RFC 8621 §2.5).
    package func setOptions(from arguments: inout Arguments) throws(MethodError) -> Bool {
        try arguments.bool("onDestroyRemoveEmails", default: false)
    }

    package func state(of account: WebmailAccount) async throws(MethodError) -> String {
        try await account.mail.state(.mailbox)
    }

    package func references(in record: JSONObject) -> [String] {
        guard let parent = record["parentId"]?.string, parent.utf8.first == UInt8(ascii: "#") else { return [] }
        return [String(parent.dropFirst())]
    }

    // MARK: Create

    package func create(
        _ record: JSONObject, options: Bool, in account: WebmailAccount, request: RequestState
    ) async throws(MethodError) -> Result<CreatedRecord, SetError> {
        var fields = MailboxFields()
        for (property, value) in record { fields.take(property, value, request) }
        if !record.has("name") { fields.invalid.append("name") }
        if let error = fields.error { return .failure(error) }
        let draft = MailboxDraft(
            name: fields.name ?? "", parentId: fields.parentId ?? nil, role: fields.role ?? nil,
            sortOrder: fields.sortOrder ?? 0, isSubscribed: fields.isSubscribed ?? true)
        do throws(MailboxError) {
            let id = try await account.mail.createMailbox(draft)
            let created = try await Self.mailbox(id, in: account)
            // Whatever the client did not send, or not so.
            var properties = JSONObject()
            for (name, value) in created where name == "id" || record[name] != value { properties.append(name, value) }
            return .success(CreatedRecord(id: id.rawValue, properties: properties))
        } catch { return .failure(SetError(error)) }
    }

    private static func mailbox(_ id: MailboxID, in account: WebmailAccount) async throws(MailboxError) -> JSONObject {
        let mailboxes = try? await account.mail.read { reader in try reader.mailboxes() }
        guard let mailbox = mailboxes?.first(where: { $0.id == id }) else { throw .store(.unavailable(reason: "gone")) }
        return object(mailbox)
    }

    // MARK: Update

    package func update(
        _ patches: [(id: Id, patch: PatchObject)], options: Bool, in account: WebmailAccount, request: RequestState
    ) async throws(MethodError) -> [Result<JSONObject?, SetError>] {
        var results: [Result<JSONObject?, SetError>] = []
        for (id, patch) in patches { results.append(await update(id, patch, in: account, request)) }
        // A name may have become free by a later update of the same call (RFC 8620 §5.3).
        for (index, (id, patch)) in patches.enumerated() {
            guard case .failure(let error) = results[index], error.type == "alreadyExists", patches.count > 1 else { continue }
            results[index] = await update(id, patch, in: account, request)
        }
        await exchangeNames(patches, in: account, request, &results)
        return results
    }

    /// Names may go round in a circle, as when two mailboxes swap theirs: the first steps aside until the others have moved.
    private func exchangeNames(
        _ patches: [(id: Id, patch: PatchObject)], in account: WebmailAccount, _ request: RequestState,
        _ results: inout [Result<JSONObject?, SetError>]
    ) async {
        let stuck = results.indices.filter { index in
            if case .failure(let error) = results[index] { error.type == "alreadyExists" } else { false }
        }
        guard stuck.count > 1, let first = stuck.first else { return }
        let id = MailboxID(rawValue: patches[first].id.rawValue)
        guard let name = try? await Self.mailbox(id, in: account)["name"]?.string else { return }
        let aside = "~" + String(UInt64.random(in: 1 << 60 ... .max), radix: 36)
        guard (try? await account.mail.updateMailbox(id, MailboxPatch(name: aside))) != nil else { return }
        for index in stuck.dropFirst() + [first] {
            results[index] = await update(patches[index].id, patches[index].patch, in: account, request)
        }
        if case .failure = results[first] { try? await account.mail.updateMailbox(id, MailboxPatch(name: name)) }
    }

    private func update(
        _ id: Id, _ patch: PatchObject, in account: WebmailAccount, _ request: RequestState
    ) async -> Result<JSONObject?, SetError> {
        let mailboxId = MailboxID(rawValue: id.rawValue)
        do throws(SetError) {
            let current: JSONObject
            do { current = try await Self.mailbox(mailboxId, in: account) } catch { throw .notFound }
            let patched = try patch.applied(to: current, defaults: Self.defaults)
            var fields = MailboxFields()
            for property in patch.properties where patched[property] != current[property] {
                fields.take(property, patched[property] ?? .null, request)
            }
            if let error = fields.error { throw error }
            guard !fields.isEmpty else { return .success(nil) }
            do { try await account.mail.updateMailbox(mailboxId, fields.patch) } catch { throw SetError(error) }
            return .success(nil)
        } catch { return .failure(error) }
    }

    private static let defaults: JSONObject = ["parentId": nil, "role": nil, "sortOrder": 0, "isSubscribed": true]

    // MARK: Destroy

    /// Children go before their parents, whatever the order that they are named in.
    package func destroy(
        _ ids: [Id], options removesEmails: Bool, in account: WebmailAccount
    ) async throws(MethodError) -> [SetError?] {
        let forest = MailboxForest(try await account.mail.snapshot { reader in try reader.mailboxes() })
        let deepestFirst = ids.indices.sorted {
            forest.depth(of: MailboxID(rawValue: ids[$0].rawValue)) > forest.depth(of: MailboxID(rawValue: ids[$1].rawValue))
        }
        var errors = [SetError?](repeating: nil, count: ids.count)
        for index in deepestFirst {
            do throws(MailboxError) {
                try await account.mail.destroyMailbox(
                    MailboxID(rawValue: ids[index].rawValue), removingEmails: removesEmails)
            } catch { errors[index] = SetError(error) }
        }
        return errors
    }
}

/// The properties of a mailbox that a client may set, as far as they are given, and the names of those given wrongly.
private struct MailboxFields {
    var name: String?
    var parentId: MailboxID??
    var role: MailboxRole??
    var sortOrder: Int?
    var isSubscribed: Bool?
    var invalid: [String] = []

    mutating func take(_ property: String, _ value: JSON, _ request: RequestState) {
        switch property {
        case "name":
            name = value.string
            if !Self.isValid(name: name) { invalid.append(property) }
        case "parentId":
            if value.isNull {
                parentId = .some(nil)
            } else if let id = value.string.flatMap(request.resolve) {
                parentId = .some(MailboxID(rawValue: id))
            } else {
                invalid.append(property)
            }
        case "role":
            if value.isNull {
                role = .some(nil)
            } else if let known = value.string.flatMap(MailboxRole.init(rawValue:)) {
                role = .some(known)
            } else {
                invalid.append(property)
            }
        case "sortOrder":
            sortOrder = value.unsigned.flatMap { $0 < 1 << 31 ? $0 : nil }
            if sortOrder == nil { invalid.append(property) }
        case "isSubscribed":
            isSubscribed = value.bool
            if isSubscribed == nil { invalid.append(property) }
        default: invalid.append(property)
        }
    }

    var error: SetError? { invalid.isEmpty ? nil : .invalidProperties(invalid) }

    var isEmpty: Bool {
        name == nil && parentId == nil && role == nil && sortOrder == nil && isSubscribed == nil
    }

    var patch: MailboxPatch {
        MailboxPatch(name: name, parentId: parentId, role: role, sortOrder: sortOrder, isSubscribed: isSubscribed)
    }

    /// RFC 8621 §2: Net-Unicode of at least one character; control characters are refused.
    private static func isValid(name: String?) -> Bool {
        guard let name, 1...MailLimits.maxSizeMailboxName ~= name.utf8.count else { return false }
        return name.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F ~= $0.value) && $0.value != 0x2028 && $0.value != 0x2029 }
    }
}
