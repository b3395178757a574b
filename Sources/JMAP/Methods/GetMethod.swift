/// `/get`, for every type (RFC 8620 §5.1).
package struct GetMethod<Records: GettableType>: Method {
    package typealias Scope = Records.Scope

    private let type: Records

    package init(_ type: Records) { self.type = type }

    package var name: String { type.name + "/get" }
    package var capability: String { type.capability }

    package func respond(
        to given: Arguments, in scope: Scope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        var arguments = given
        let accountId = try arguments.id("accountId")
        let ids = try arguments.optionalIds("ids")
        let fetch = try type.fetch(from: &arguments)
        try arguments.finish()
        let account = try await scope.account(accountId, capability: capability, changes: false)
        let limit = scope.limits.maxObjectsInGet
        guard ids?.count ?? 0 <= limit else { throw .requestTooLarge }
        let result = try await type.get(ids, fetch, limit: limit, from: account)
        return MethodResponse([
            "accountId": JSON(accountId),
            "state": .string(result.state),
            "list": .array(result.list),
            "notFound": .array(result.notFound.map { JSON($0) }),
        ])
    }
}

/// `/changes`, for every type (RFC 8620 §5.2).
package struct ChangesMethod<Records: ChangingType>: Method {
    package typealias Scope = Records.Scope

    private let type: Records

    package init(_ type: Records) { self.type = type }

    package var name: String { type.name + "/changes" }
    package var capability: String { type.capability }

    package func respond(
        to given: Arguments, in scope: Scope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        var arguments = given
        let accountId = try arguments.id("accountId")
        let sinceState = try arguments.string("sinceState")
        let maxChanges = try arguments.optionalUnsigned("maxChanges")
        try arguments.finish()
        if maxChanges == 0 { throw .invalid("maxChanges", "must be greater than 0") }
        let account = try await scope.account(accountId, capability: capability, changes: false)
        let result = try await type.changes(since: sinceState, limit: maxChanges, in: account)
        var response: JSONObject = [
            "accountId": JSON(accountId),
            "oldState": .string(sinceState),
            "newState": .string(result.newState),
            "hasMoreChanges": .bool(result.hasMoreChanges),
            "created": JSON(result.created),
            "updated": JSON(result.updated),
            "destroyed": JSON(result.destroyed),
        ]
        for (name, value) in result.extra { response.append(name, value) }
        return MethodResponse(response)
    }
}
