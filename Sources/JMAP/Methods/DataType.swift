/// A type of record that the standard methods work on (RFC 8620 §5).
package protocol DataType: Sendable {
    associatedtype Scope: AccountScope
    typealias Account = Scope.Account

    /// As in the names of its methods: `Email`.
    var name: String { get }
    var capability: String { get }
}

/// What `/get` found.
package struct GetResult: Sendable {
    package let state: String
    package let list: [JSON]
    package let notFound: [Id]

    package init(state: String, list: [JSON], notFound: [Id]) {
        self.state = state
        self.list = list
        self.notFound = notFound
    }
}

/// A type whose records can be fetched by id (RFC 8620 §5.1).
package protocol GettableType: DataType {
    /// `properties` and whatever else says what to fetch of each record.
    associatedtype Fetch: Sendable

    /// Reads `properties` and the type's own arguments; `invalidArguments` for a property that there is not.
    func fetch(from arguments: inout Arguments) throws(MethodError) -> Fetch

    /// The records of those ids, each once, in any order; all records when `ids` is nil.
    ///
    /// - Throws: `requestTooLarge` when all are asked for and they are more than `limit`.
    func get(_ ids: [Id]?, _ fetch: Fetch, limit: Int, from account: Account) async throws(MethodError) -> GetResult
}

/// What `/changes` found.
package struct ChangesResult: Sendable {
    package let newState: String
    package let hasMoreChanges: Bool
    package let created: [String]
    package let updated: [String]
    package let destroyed: [String]
    /// What the type adds to the response, such as `updatedProperties`.
    package let extra: JSONObject

    package init(
        newState: String, hasMoreChanges: Bool, created: [String], updated: [String], destroyed: [String],
        extra: JSONObject = [:]
    ) {
        self.newState = newState
        self.hasMoreChanges = hasMoreChanges
        self.created = created
        self.updated = updated
        self.destroyed = destroyed
        self.extra = extra
    }
}

/// A type that can tell what changed (RFC 8620 §5.2).
package protocol ChangingType: DataType {
    /// What changed since that state, at most `limit` ids in all.
    ///
    /// - Throws: `cannotCalculateChanges` for a state that is too old or was never given out.
    func changes(since state: String, limit: Int?, in account: Account) async throws(MethodError) -> ChangesResult
}

/// A record that `/set` created: its id, and the properties that the client did not send.
package struct CreatedRecord: Sendable {
    package let id: String
    package let properties: JSONObject

    /// - Parameter properties: with the id.
    package init(id: String, properties: JSONObject) {
        self.id = id
        self.properties = properties
    }
}

/// What `/set` did, as far as implicit calls depend on it.
package struct SetSummary: Sendable {
    /// Creation id → id.
    package internal(set) var created: [String: String] = [:]
    package internal(set) var updated: Set<String> = []
    package internal(set) var destroyed: Set<String> = []
}

/// A type whose records clients may create, update and destroy (RFC 8620 §5.3).
package protocol SettableType: GettableType {
    /// The type's own arguments of `/set`.
    associatedtype SetOptions: Sendable

    func setOptions(from arguments: inout Arguments) throws(MethodError) -> SetOptions

    /// The state that `/get` would return now.
    func state(of account: Account) async throws(MethodError) -> String

    /// The creation ids, without `#`, that `record` refers to: those are created first.
    func references(in record: JSONObject) -> [String]

    /// Creates one record. References are resolved by `request`.
    func create(
        _ record: JSONObject, options: SetOptions, in account: Account, request: RequestState
    ) async throws(MethodError) -> Result<CreatedRecord, SetError>

    /// Updates records, each wholly or not at all; one result for each, in order. A result holds what changed beyond the patch.
    func update(
        _ patches: [(id: Id, patch: PatchObject)], options: SetOptions, in account: Account, request: RequestState
    ) async throws(MethodError) -> [Result<JSONObject?, SetError>]

    /// Destroys records; one result for each, in order.
    func destroy(
        _ ids: [Id], options: SetOptions, in account: Account
    ) async throws(MethodError) -> [SetError?]

    /// What the type's own arguments ask for once all records are done, and what that changed: properties by id, to be told in
    /// `created` or `updated`.
    ///
    /// - Parameter isComplete: every creation, update and destruction succeeded.
    func conclude(
        _ summary: SetSummary, isComplete: Bool, options: SetOptions, in account: Account
    ) async throws(MethodError) -> [(id: String, properties: JSONObject)]

    /// What is to be called once the response is out.
    func implicitCalls(
        after summary: SetSummary, options: SetOptions, accountId: Id, in account: Account
    ) async throws(MethodError) -> [ImplicitCall]
}

extension SettableType {
    package func references(in record: JSONObject) -> [String] { [] }

    package func conclude(
        _ summary: SetSummary, isComplete: Bool, options: SetOptions, in account: Account
    ) async throws(MethodError) -> [(id: String, properties: JSONObject)] { [] }

    package func implicitCalls(
        after summary: SetSummary, options: SetOptions, accountId: Id, in account: Account
    ) async throws(MethodError) -> [ImplicitCall] { [] }
}
