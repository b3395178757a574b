internal import Directory
internal import Disk
internal import JMAP
internal import MailStore
internal import Synchronization

extension WebmailScope {
    /// The subscriptions that were made with the credential of this request, and are not over.
    func pushSubscriptions(_ directory: Directory) async throws(MethodError) -> [PushSubscription] {
        let records = try await own.mail.jsonRecords(PushSubscription.kind).records
        var list: [PushSubscription] = []
        for (id, json) in records {
            guard let subscription = PushSubscription(id, json), subscription.credential == credential,
                await subscription.isLive(for: own.owner, in: directory)
            else { continue }
            list.append(subscription)
        }
        return list
    }
}

/// `PushSubscription/get` (RFC 8620 §7.2.1): of no account, and without a state.
struct PushSubscriptionGet: Method {
    let name = "PushSubscription/get"
    let capability = Capability.core
    let directory: Directory

    private static let properties = ["id", "deviceClientId", "verificationCode", "expires", "types"]

    func respond(
        to given: Arguments, in scope: WebmailScope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        var arguments = given
        let ids = try arguments.optionalIds("ids")
        let names = try arguments.optionalStrings("properties") ?? Self.properties
        try arguments.finish()
        guard ids?.count ?? 0 <= scope.limits.maxObjectsInGet else { throw .requestTooLarge }
        // They may be private to a device.
        if names.contains("url") || names.contains("keys") { throw .forbidden }
        if let unknown = names.first(where: { !Self.properties.contains($0) }) {
            throw .invalid("properties", "PushSubscription has no \"\(unknown)\"")
        }
        let all = try await scope.pushSubscriptions(directory)
        let wanted = ids.map { ids in all.filter { one in ids.contains { $0.rawValue == one.id } } } ?? all
        let list = wanted.map { subscription -> JSON in
            let json = subscription.json
            let shown = names.contains("id") ? names : ["id"] + names
            return .object(JSONObject(unique: shown.map { ($0, json[$0] ?? .null) }))
        }
        let known = Set(all.map(\.id))
        let notFound = ids?.filter { !known.contains($0.rawValue) } ?? []
        return MethodResponse(["list": .array(list), "notFound": .array(notFound.map { JSON($0) })])
    }
}

/// `PushSubscription/set` (RFC 8620 §7.2.2).
struct PushSubscriptionSet: Method {
    let name = "PushSubscription/set"
    let capability = Capability.core
    let directory: Directory
    let push: PushService
    private let pace = CreationPace()

    init(directory: Directory, push: PushService) {
        self.directory = directory
        self.push = push
    }

    /// For credentials that do not end by themselves: how long a subscription lasts at most, in seconds. RFC 8620 §7.2: seven days.
    static let lifetime: Int64 = 7 * 86_400

    func respond(
        to given: Arguments, in scope: WebmailScope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        var arguments = given
        let create = try arguments.optionalObjects("create") ?? []
        let update = try arguments.optionalObjects("update") ?? []
        let destroy = try arguments.optionalStrings("destroy") ?? []
        try arguments.finish()
        guard create.count + update.count + destroy.count <= scope.limits.maxObjectsInSet else { throw .requestTooLarge }
        var outcome = Outcome()
        for (creationId, record) in create {
            do throws(SetError) {
                let subscription = try await self.create(record, scope)
                state.createdIds[creationId] = subscription.id
                outcome.created[creationId] = .object(Self.told(subscription, record))
            } catch { outcome.notCreated[creationId] = error.json }
        }
        let known = try await scope.pushSubscriptions(directory)
        for (key, object) in update {
            let id = state.resolve(key) ?? key
            do throws(SetError) {
                guard let subscription = known.first(where: { $0.id == id }) else { throw .notFound }
                guard !destroy.contains(key) else { throw .willDestroy }
                outcome.updated[id] = try await self.update(subscription, try PatchObject(object), scope)
            } catch { outcome.notUpdated[id] = error.json }
        }
        for key in destroy {
            let id = state.resolve(key) ?? key
            do throws(SetError) {
                guard known.contains(where: { $0.id == id }) else { throw .notFound }
                do { try await scope.own.mail.removeRecord(PushSubscription.kind, id: id) } catch { throw SetError(error) }
                outcome.destroyed.append(.string(id))
            } catch { outcome.notDestroyed[id] = error.json }
        }
        return MethodResponse(outcome.response)
    }

    // MARK: Create

    private func create(_ record: JSONObject, _ scope: WebmailScope) async throws(SetError) -> PushSubscription {
        var invalid = record.names.filter { !["deviceClientId", "url", "keys", "verificationCode", "expires", "types"].contains($0) }
        let device = record["deviceClientId"]?.string
        if device.map({ $0.isEmpty || $0.utf8.count > 1024 }) ?? true { invalid.append("deviceClientId") }
        let url = record["url"]?.string.flatMap(PushURL.init)
        var isRefused = url == nil
        if let url { isRefused = await push.client.isRefused(url) }
        if isRefused { invalid.append("url") }
        let keys = record["keys"].flatMap { $0.isNull ? nil : $0 }
        if keys != nil, keys.flatMap(PushKeys.init) == nil { invalid.append("keys") }
        if !(record["verificationCode"]?.isNull ?? true) { invalid.append("verificationCode") }
        if !Self.isDate(record["expires"]) { invalid.append("expires") }
        if !Self.isTypes(record["types"]) { invalid.append("types") }
        guard invalid.isEmpty, let url, let device else { throw .invalidProperties(invalid) }
        try await admit(scope)
        let subscription = PushSubscription(
            credential: scope.credential, deviceClientId: device, url: url.text, keys: keys.flatMap(PushKeys.init),
            expires: Self.expiry(record["expires"], scope.credential), types: record["types"]?.strings)
        do { try await scope.own.mail.put(PushSubscription.kind, subscription.id, subscription.record) } catch { throw SetError(error) }
        push.begin(subscription.id, of: scope.own.owner.id)
        return subscription
    }

    /// Each one makes a request to a stranger: not many, and not fast (RFC 8620 §8.6).
    private func admit(_ scope: WebmailScope) async throws(SetError) {
        let ids: [String]
        do { ids = try await scope.own.mail.jsonRecords(PushSubscription.kind).records.map(\.id) } catch {
            throw .serverFail("The subscriptions cannot be read.")
        }
        guard ids.count < PushSubscription.maximumCount else { throw .overQuota }
        guard pace.allows(scope.own.id.rawValue) else { throw .rateLimit("Too many new subscriptions. Try again later.") }
    }

    /// What the client did not send, or not so.
    private static func told(_ subscription: PushSubscription, _ record: JSONObject) -> JSONObject {
        var told: JSONObject = ["id": .string(subscription.id)]
        for (name, value) in subscription.json where !["id", "deviceClientId", "verificationCode"].contains(name) {
            if (record[name] ?? .null) != value || !record.has(name) { told.append(name, value) }
        }
        return told
    }

    // MARK: Update

    /// What was changed otherwise than asked, or null.
    private func update(
        _ subscription: PushSubscription, _ patch: PatchObject, _ scope: WebmailScope
    ) async throws(SetError) -> JSON {
        let before = subscription.json
        let after = try patch.applied(to: before)
        var changed = subscription
        var invalid: [String] = []
        for name in patch.properties where after[name] != before[name] || !before.has(name) {
            switch name {
            case "verificationCode":
                if after[name] == .string(subscription.code) { changed.isVerified = true } else { invalid.append(name) }
            case "expires":
                changed.expires = Self.expiry(after[name], subscription.credential)
                if !Self.isDate(after[name]) { invalid.append(name) }
            case "types":
                changed.types = after[name]?.strings
                if !Self.isTypes(after[name]) { invalid.append(name) }
            default: invalid.append(name)
            }
        }
        guard invalid.isEmpty else { throw .invalidProperties(invalid) }
        do { try await scope.own.mail.put(PushSubscription.kind, changed.id, changed.record) } catch { throw SetError(error) }
        let expires = changed.json["expires"] ?? .null
        return expires == after["expires"] ?? .null ? .null : ["expires": expires]
    }

    // MARK: Values

    private static func isDate(_ value: JSON?) -> Bool {
        guard let value, !value.isNull else { return true }
        return value.string.flatMap(UTCDate.init) != nil
    }

    private static func isTypes(_ value: JSON?) -> Bool {
        guard let value, !value.isNull else { return true }
        return value.strings.map { $0.count <= 100 && $0.allSatisfy { 1...255 ~= $0.utf8.count } } ?? false
    }

    /// Until when it lasts: as asked, within what the credential allows.
    private static func expiry(_ value: JSON?, _ credential: Credential) -> Int? {
        let asked = value?.string.flatMap(UTCDate.init)?.seconds
        guard !credential.isTimeBound else { return asked }
        let most = Int(UnixTime.now.seconds + lifetime)
        return min(asked ?? most, most)
    }

    private struct Outcome {
        var created = JSONObject()
        var updated = JSONObject()
        var destroyed: [JSON] = []
        var notCreated = JSONObject()
        var notUpdated = JSONObject()
        var notDestroyed = JSONObject()

        var response: JSONObject {
            func orNull(_ object: JSONObject) -> JSON { object.isEmpty ? .null : .object(object) }
            return [
                "created": orNull(created), "updated": orNull(updated), "destroyed": destroyed.isEmpty ? .null : .array(destroyed),
                "notCreated": orNull(notCreated), "notUpdated": orNull(notUpdated), "notDestroyed": orNull(notDestroyed),
            ]
        }
    }
}

/// How many subscriptions an account may make in a time.
private final class CreationPace: Sendable {
    private static let most = 40
    private static let span: Int64 = 600
    private let times = Mutex<[String: [Int64]]>([:])

    func allows(_ account: String) -> Bool {
        let now = UnixTime.now.seconds
        return times.withLock { times in
            if times.count > 1000 { times = times.filter { $0.value.contains { $0 > now - Self.span } } }
            let recent = times[account, default: []].filter { $0 > now - Self.span }
            guard recent.count < Self.most else { return false }
            times[account] = recent + [now]
            return true
        }
    }
}
