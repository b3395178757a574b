/// `/set`, for every type (RFC 8620 §5.3): creates, then updates, then destroys.
package struct SetMethod<Records: SettableType>: Method {
    package typealias Scope = Records.Scope

    private let type: Records

    package init(_ type: Records) { self.type = type }

    package var name: String { type.name + "/set" }
    package var capability: String { type.capability }

    package func respond(
        to given: Arguments, in scope: Scope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        let call = try SetCall(given, type)
        let account = try await scope.account(call.accountId, capability: capability, changes: true)
        guard call.count <= scope.limits.maxObjectsInSet else { throw .requestTooLarge }
        let oldState = try await type.state(of: account)
        if let expected = call.ifInState, expected != oldState { throw .stateMismatch }
        var outcome = SetOutcome()
        try await create(call, in: account, state: &state, outcome: &outcome)
        try await update(call, in: account, state: state, outcome: &outcome)
        try await destroy(call, in: account, state: state, outcome: &outcome)
        let changes = try await type.conclude(
            outcome.summary, isComplete: outcome.isComplete, options: call.options, in: account)
        for (id, properties) in changes { outcome.tell(properties, of: id) }
        let newState = try await type.state(of: account)
        let implicit = try await type.implicitCalls(
            after: outcome.summary, options: call.options, accountId: call.accountId, in: account)
        return MethodResponse(
            outcome.response(accountId: call.accountId, oldState: oldState, newState: newState), implicitCalls: implicit)
    }

    private func create(
        _ call: SetCall<Records>, in account: Records.Account, state: inout RequestState, outcome: inout SetOutcome
    ) async throws(MethodError) {
        for (creationId, record) in call.creationsInOrder(of: type) {
            switch try await type.create(record, options: call.options, in: account, request: state) {
            case .success(let created):
                state.createdIds[creationId] = created.id
                outcome.summary.created[creationId] = created.id
                outcome.created.append(creationId, .object(created.properties))
            case .failure(let error): outcome.notCreated.append(creationId, error.json)
            }
        }
    }

    private func update(
        _ call: SetCall<Records>, in account: Records.Account, state: RequestState, outcome: inout SetOutcome
    ) async throws(MethodError) {
        let doomed = Set(call.destroy.compactMap(state.resolve))
        var patches: [(id: Id, patch: PatchObject)] = []
        for (key, object) in call.update {
            guard let id = state.resolve(key).flatMap(Id.init) else {
                outcome.notUpdated[key] = SetError.notFound.json
                continue
            }
            do throws(SetError) {
                guard !doomed.contains(id.rawValue) else { throw .willDestroy }
                patches.append((id, try PatchObject(object)))
            } catch { outcome.notUpdated[id.rawValue] = error.json }
        }
        guard !patches.isEmpty else { return }
        let results = try await type.update(patches, options: call.options, in: account, request: state)
        for ((id, _), result) in zip(patches, results) {
            switch result {
            case .success(let properties):
                outcome.summary.updated.insert(id.rawValue)
                outcome.updated[id.rawValue] = properties.map(JSON.object) ?? .null
            case .failure(let error): outcome.notUpdated[id.rawValue] = error.json
            }
        }
    }

    private func destroy(
        _ call: SetCall<Records>, in account: Records.Account, state: RequestState, outcome: inout SetOutcome
    ) async throws(MethodError) {
        var ids: [Id] = []
        for key in call.destroy {
            guard let id = state.resolve(key).flatMap(Id.init) else {
                outcome.notDestroyed[key] = SetError.notFound.json
                continue
            }
            if !ids.contains(id) { ids.append(id) }
        }
        guard !ids.isEmpty else { return }
        for (id, error) in zip(ids, try await type.destroy(ids, options: call.options, in: account)) {
            if let error {
                outcome.notDestroyed[id.rawValue] = error.json
            } else {
                outcome.summary.destroyed.insert(id.rawValue)
                outcome.destroyed.append(JSON(id))
            }
        }
    }
}

/// The arguments of one `/set`.
private struct SetCall<Records: SettableType> {
    let accountId: Id
    let ifInState: String?
    let create: [(key: String, value: JSONObject)]
    let update: [(key: String, value: JSONObject)]
    /// Ids or creation references, as given.
    let destroy: [String]
    let options: Records.SetOptions

    init(_ given: Arguments, _ type: Records) throws(MethodError) {
        var arguments = given
        accountId = try arguments.id("accountId")
        ifInState = try arguments.optionalString("ifInState")
        create = try arguments.optionalObjects("create") ?? []
        update = try arguments.optionalObjects("update") ?? []
        destroy = try arguments.optionalStrings("destroy") ?? []
        options = try type.setOptions(from: &arguments)
        try arguments.finish()
        guard create.allSatisfy({ Id($0.key) != nil }) else { throw .invalid("create", "a creation id is not an id") }
        guard (update.map(\.key) + destroy).allSatisfy(Self.isIdOrReference) else {
            throw .invalidArguments(description: "update and destroy need ids", arguments: ["update", "destroy"])
        }
    }

    var count: Int { create.count + update.count + destroy.count }

    /// The creations, so that each comes after those that it refers to; what is in a circle comes last.
    func creationsInOrder(of type: Records) -> [(key: String, value: JSONObject)] {
        guard create.count > 1 else { return create }
        let given = Set(create.map(\.key))
        var placed: Set<String> = []
        var ordered: [(key: String, value: JSONObject)] = []
        var waiting = create
        while !waiting.isEmpty {
            let ready = waiting.filter { item in
                type.references(in: item.value).allSatisfy { placed.contains($0) || !given.contains($0) }
            }
            guard !ready.isEmpty else { return ordered + waiting }
            ordered += ready
            placed.formUnion(ready.map(\.key))
            waiting.removeAll { placed.contains($0.key) }
        }
        return ordered
    }

    private static func isIdOrReference(_ text: String) -> Bool {
        Id(text.utf8.first == UInt8(ascii: "#") ? String(text.dropFirst()) : text) != nil
    }
}

/// What a `/set` gathers for its response.
private struct SetOutcome {
    var created = JSONObject()
    var updated = JSONObject()
    var destroyed: [JSON] = []
    var notCreated = JSONObject()
    var notUpdated = JSONObject()
    var notDestroyed = JSONObject()
    var summary = SetSummary()

    var isComplete: Bool { notCreated.isEmpty && notUpdated.isEmpty && notDestroyed.isEmpty }

    /// Adds properties that changed beyond what was asked: to the creation, or to the update, which may become one by it.
    mutating func tell(_ properties: JSONObject, of id: String) {
        if let creationId = summary.created.first(where: { $0.value == id })?.key {
            created[creationId] = .object((created[creationId]?.object ?? [:]).merging(properties))
        } else {
            updated[id] = .object((updated[id]?.object ?? [:]).merging(properties))
        }
    }

    func response(accountId: Id, oldState: String, newState: String) -> JSONObject {
        func orNull(_ object: JSONObject) -> JSON { object.isEmpty ? .null : .object(object) }
        return [
            "accountId": JSON(accountId),
            "oldState": .string(oldState),
            "newState": .string(newState),
            "created": orNull(created),
            "updated": orNull(updated),
            "destroyed": destroyed.isEmpty ? .null : .array(destroyed),
            "notCreated": orNull(notCreated),
            "notUpdated": orNull(notUpdated),
            "notDestroyed": orNull(notDestroyed),
        ]
    }
}
