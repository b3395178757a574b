/// A type whose records can be searched and sorted (RFC 8620 §5.5).
package protocol QueryableType: DataType {
    associatedtype Condition: Sendable
    /// The type's own arguments of `/query` and `/queryChanges`.
    associatedtype QueryOptions: Sendable

    func queryOptions(from arguments: inout Arguments) throws(MethodError) -> QueryOptions

    /// Reads a FilterCondition: `unsupportedFilter` for a property that there is not, `invalidArguments` for a wrong type.
    func condition(from object: JSONObject) throws(MethodError) -> Condition

    /// Refuses a comparator that cannot be sorted by: `unsupportedSort`.
    func validate(_ comparator: Comparator) throws(MethodError)

    /// The most ids that one answer holds; nil for no limit.
    var maxQueryLimit: Int? { get }

    func query(_ query: Query<Condition, QueryOptions>, in account: Account) async throws(MethodError) -> QueryResult

    /// - Throws: `cannotCalculateChanges`, `tooManyChanges`.
    func queryChanges(
        _ query: ChangesQuery<Condition, QueryOptions>, in account: Account
    ) async throws(MethodError) -> QueryChangesResult
}

extension QueryableType {
    package var maxQueryLimit: Int? { nil }

    fileprivate func filter(from arguments: inout Arguments) throws(MethodError) -> Filter<Condition>? {
        guard let json = arguments.take("filter"), !json.isNull else { return nil }
        return try Filter(json) { object throws(MethodError) in try condition(from: object) }
    }

    fileprivate func sort(from arguments: inout Arguments, collations: [String]) throws(MethodError) -> [Comparator] {
        guard let json = arguments.take("sort"), !json.isNull else { return [] }
        guard let items = json.array else { throw .invalid("sort", "must be an array of comparators") }
        var comparators: [Comparator] = []
        for item in items { comparators.append(try Comparator(item, collations: collations)) }
        for comparator in comparators { try validate(comparator) }
        return comparators
    }
}

/// `/query`, for every type (RFC 8620 §5.5).
package struct QueryMethod<Records: QueryableType>: Method {
    package typealias Scope = Records.Scope

    private let type: Records

    package init(_ type: Records) { self.type = type }

    package var name: String { type.name + "/query" }
    package var capability: String { type.capability }

    package func respond(
        to given: Arguments, in scope: Scope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        var arguments = given
        let accountId = try arguments.id("accountId")
        let window = QueryWindow(
            position: try arguments.int("position", default: 0),
            anchor: try arguments.optionalId("anchor"),
            anchorOffset: try arguments.int("anchorOffset", default: 0),
            limit: try arguments.optionalUnsigned("limit"))
        let calculateTotal = try arguments.bool("calculateTotal", default: false)
        let options = try type.queryOptions(from: &arguments)
        let account = try await scope.account(accountId, capability: capability, changes: false)
        let filter = try type.filter(from: &arguments)
        let sort = try type.sort(from: &arguments, collations: scope.limits.collationAlgorithms)
        try arguments.finish()
        var clamped = window
        if let most = type.maxQueryLimit { clamped.limit = min(window.limit ?? most, most) }
        let query = Query(
            filter: filter, sort: sort, options: options, window: clamped, calculateTotal: calculateTotal)
        let result = try await type.query(query, in: account)
        var response: JSONObject = [
            "accountId": JSON(accountId),
            "queryState": .string(result.queryState),
            "canCalculateChanges": .bool(result.canCalculateChanges),
            "position": .int(result.position),
            "ids": JSON(result.ids),
        ]
        if calculateTotal, let total = result.total { response.append("total", .int(total)) }
        if clamped.limit != window.limit { response.append("limit", JSON(clamped.limit)) }
        return MethodResponse(response)
    }
}

/// `/queryChanges`, for every type (RFC 8620 §5.6).
package struct QueryChangesMethod<Records: QueryableType>: Method {
    package typealias Scope = Records.Scope

    private let type: Records

    package init(_ type: Records) { self.type = type }

    package var name: String { type.name + "/queryChanges" }
    package var capability: String { type.capability }

    package func respond(
        to given: Arguments, in scope: Scope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        var arguments = given
        let accountId = try arguments.id("accountId")
        let sinceQueryState = try arguments.string("sinceQueryState")
        let maxChanges = try arguments.optionalUnsigned("maxChanges")
        let upToId = try arguments.optionalId("upToId")
        let calculateTotal = try arguments.bool("calculateTotal", default: false)
        let options = try type.queryOptions(from: &arguments)
        let account = try await scope.account(accountId, capability: capability, changes: false)
        let filter = try type.filter(from: &arguments)
        let sort = try type.sort(from: &arguments, collations: scope.limits.collationAlgorithms)
        try arguments.finish()
        let query = ChangesQuery(
            filter: filter, sort: sort, options: options, sinceQueryState: sinceQueryState, maxChanges: maxChanges,
            upToId: upToId, calculateTotal: calculateTotal)
        let result = try await type.queryChanges(query, in: account)
        var response: JSONObject = [
            "accountId": JSON(accountId),
            "oldQueryState": .string(sinceQueryState),
            "newQueryState": .string(result.newQueryState),
        ]
        if calculateTotal, let total = result.total { response.append("total", .int(total)) }
        response.append("removed", JSON(result.removed))
        response.append("added", .array(result.added.map { ["id": .string($0.id), "index": .int($0.index)] }))
        return MethodResponse(response)
    }
}
