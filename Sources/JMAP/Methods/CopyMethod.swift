/// A type whose records can be copied to another account (RFC 8620 §5.4).
package protocol CopyableType: SettableType {
    /// Copies the record `id` of `source` to `target`, with the properties of `overrides` in place of its own.
    func copy(
        _ id: Id, overrides: JSONObject, from source: Account, to target: Account, request: RequestState
    ) async throws(MethodError) -> Result<CreatedRecord, SetError>
}

/// `/copy`, for every type (RFC 8620 §5.4).
package struct CopyMethod<Records: CopyableType>: Method {
    package typealias Scope = Records.Scope

    private let type: Records

    package init(_ type: Records) { self.type = type }

    package var name: String { type.name + "/copy" }
    package var capability: String { type.capability }

    package func respond(
        to given: Arguments, in scope: Scope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        var arguments = given
        let fromAccountId = try arguments.id("fromAccountId")
        let ifFromInState = try arguments.optionalString("ifFromInState")
        let accountId = try arguments.id("accountId")
        let ifInState = try arguments.optionalString("ifInState")
        let create = try arguments.objects("create")
        let destroysOriginals = try arguments.bool("onSuccessDestroyOriginal", default: false)
        let destroyFromIfInState = try arguments.optionalString("destroyFromIfInState")
        try arguments.finish()
        guard create.count <= scope.limits.maxObjectsInSet else { throw .requestTooLarge }
        let source = try await Self.sourceAccount(fromAccountId, capability: capability, in: scope)
        let target = try await scope.account(accountId, capability: capability, changes: true)
        guard fromAccountId != accountId else { throw .invalid("fromAccountId", "must differ from accountId") }
        let oldState = try await type.state(of: target)
        if let ifInState, ifInState != oldState { throw .stateMismatch }
        if let ifFromInState, ifFromInState != (try await type.state(of: source)) { throw .stateMismatch }

        var created = JSONObject()
        var notCreated = JSONObject()
        var originals: [JSON] = []
        for (creationId, record) in create {
            var overrides = record
            overrides["id"] = nil
            guard let id = record["id"]?.string.flatMap(state.resolve).flatMap(Id.init) else {
                notCreated[creationId] = SetError.invalidProperties(["id"]).json
                continue
            }
            switch try await type.copy(id, overrides: overrides, from: source, to: target, request: state) {
            case .success(let copy):
                state.createdIds[creationId] = copy.id
                created[creationId] = .object(copy.properties)
                originals.append(JSON(id))
            case .failure(let error): notCreated[creationId] = error.json
            }
        }
        var implicit: [ImplicitCall] = []
        if destroysOriginals, !originals.isEmpty {
            var destroy: JSONObject = ["accountId": JSON(fromAccountId), "destroy": .array(originals)]
            if let destroyFromIfInState { destroy.append("ifInState", .string(destroyFromIfInState)) }
            implicit.append(ImplicitCall(name: type.name + "/set", arguments: destroy))
        }
        return MethodResponse(
            [
                "fromAccountId": JSON(fromAccountId),
                "accountId": JSON(accountId),
                "oldState": .string(oldState),
                "newState": .string(try await type.state(of: target)),
                "created": created.isEmpty ? .null : .object(created),
                "notCreated": notCreated.isEmpty ? .null : .object(notCreated),
            ], implicitCalls: implicit)
    }

    /// The account to copy from, with the errors that RFC 8620 §5.4 names for it.
    package static func sourceAccount(
        _ id: Id, capability: String, in scope: Scope
    ) async throws(MethodError) -> Scope.Account {
        do throws(MethodError) { return try await scope.account(id, capability: capability, changes: false) } catch {
            switch error {
            case .accountNotFound: throw .fromAccountNotFound
            case .accountNotSupportedByMethod: throw .fromAccountNotSupportedByMethod
            default: throw error
            }
        }
    }
}
