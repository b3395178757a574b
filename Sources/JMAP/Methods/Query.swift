/// A filter of a query: a tree of operators over a type's own conditions (RFC 8620 §5.5).
package indirect enum Filter<Condition: Sendable>: Sendable {
    case condition(Condition)
    /// All match.
    case and([Filter])
    /// At least one matches.
    case or([Filter])
    /// None matches.
    case not([Filter])

    /// Reads a FilterOperator or, with `condition`, a FilterCondition.
    package init(
        _ json: JSON, condition: (JSONObject) throws(MethodError) -> Condition
    ) throws(MethodError) {
        guard let object = json.object else { throw .invalid("filter", "must be an object") }
        guard let name = object["operator"] else {
            self = .condition(try condition(object))
            return
        }
        guard object.count == 2, let items = object["conditions"]?.array else {
            throw .invalid("filter", "an operator needs conditions, and nothing else")
        }
        var filters: [Filter] = []
        for item in items { filters.append(try Filter(item, condition: condition)) }
        switch name {
        case "AND": self = .and(filters)
        case "OR": self = .or(filters)
        case "NOT": self = .not(filters)
        default: throw .invalid("filter", "the operator must be AND, OR or NOT")
        }
    }

    /// Whether a record matches, when `test` says so for one condition.
    package func matches(_ test: (Condition) -> Bool) -> Bool {
        switch self {
        case .condition(let condition): test(condition)
        case .and(let filters): filters.allSatisfy { $0.matches(test) }
        case .or(let filters): filters.contains { $0.matches(test) }
        case .not(let filters): !filters.contains { $0.matches(test) }
        }
    }
}

/// One key of a sort (RFC 8620 §5.5).
///
/// Members that are unknown here are passed over: clients in the field send some, and none can change the order asked for.
package struct Comparator: Sendable {
    package let property: String
    package let isAscending: Bool
    package let collation: String?
    /// RFC 8621 §4.4.2: for the sorts by a keyword.
    package let keyword: String?

    package init(_ json: JSON, collations: [String]) throws(MethodError) {
        guard let object = json.object else { throw .invalid("sort", "must be an array of comparators") }
        guard let property = object["property"]?.string else {
            throw .invalid("sort", "a comparator needs a property")
        }
        self.property = property
        isAscending = try Self.optional(object, "isAscending", \.bool) ?? true
        collation = try Self.optional(object, "collation", \.string)
        keyword = try Self.optional(object, "keyword", \.string)
        if let collation, !collations.contains(collation) {
            throw .unsupportedSort(description: "The collation \"\(collation)\" is not supported.")
        }
    }

    private static func optional<Value>(
        _ object: JSONObject, _ name: String, _ convert: (JSON) -> Value?
    ) throws(MethodError) -> Value? {
        guard let json = object[name], !json.isNull else { return nil }
        guard let value = convert(json) else { throw .invalid("sort", "\(name) has the wrong type") }
        return value
    }
}

/// Which part of the results is wanted (RFC 8620 §5.5).
package struct QueryWindow: Sendable {
    /// From the end when negative.
    package var position: Int
    package var anchor: Id?
    package var anchorOffset: Int
    /// Nil: no limit of the client's.
    package var limit: Int?

    package init(position: Int = 0, anchor: Id? = nil, anchorOffset: Int = 0, limit: Int? = nil) {
        self.position = position
        self.anchor = anchor
        self.anchorOffset = anchorOffset
        self.limit = limit
    }

    /// The part of `results` that the window shows.
    ///
    /// - Throws: `anchorNotFound`.
    package func slice(_ results: [String]) throws(MethodError) -> (position: Int, ids: [String]) {
        var start = position
        if let anchor {
            guard let index = results.firstIndex(of: anchor.rawValue) else { throw .anchorNotFound }
            start = max(0, index + anchorOffset)
        } else if start < 0 {
            start = max(0, results.count + start)
        }
        let first = min(start, results.count)
        let end = limit.map { min(results.count - first, $0) + first } ?? results.count
        return (start, Array(results[first..<end]))
    }
}

/// What a query asks: everything but the account.
package struct Query<Condition: Sendable, Options: Sendable>: Sendable {
    package let filter: Filter<Condition>?
    package let sort: [Comparator]
    package let options: Options
    package let window: QueryWindow
    package let calculateTotal: Bool
}

/// What `/query` found.
package struct QueryResult: Sendable {
    package let queryState: String
    package let canCalculateChanges: Bool
    package let position: Int
    package let ids: [String]
    /// Needed when it was asked for.
    package let total: Int?

    package init(queryState: String, canCalculateChanges: Bool, position: Int, ids: [String], total: Int?) {
        self.queryState = queryState
        self.canCalculateChanges = canCalculateChanges
        self.position = position
        self.ids = ids
        self.total = total
    }
}

/// What `/queryChanges` asks: everything but the account.
package struct ChangesQuery<Condition: Sendable, Options: Sendable>: Sendable {
    package let filter: Filter<Condition>?
    package let sort: [Comparator]
    package let options: Options
    package let sinceQueryState: String
    package let maxChanges: Int?
    package let upToId: Id?
    package let calculateTotal: Bool
}

/// What `/queryChanges` found.
package struct QueryChangesResult: Sendable {
    package let newQueryState: String
    package let total: Int?
    package let removed: [String]
    /// By index, lowest first.
    package let added: [(id: String, index: Int)]

    package init(newQueryState: String, total: Int?, removed: [String], added: [(id: String, index: Int)]) {
        self.newQueryState = newQueryState
        self.total = total
        self.removed = removed
        self.added = added
    }

    /// For a type that computes its whole result each time: what to splice when `results` is the result now and `changes` is
    /// what happened to the records since. All that changed may have moved (RFC 8620 §5.6), so it is removed and added again.
    ///
    /// - Throws: `tooManyChanges`.
    package init(
        results: [String], changes: ChangesResult, calculateTotal: Bool, maxChanges: Int?
    ) throws(MethodError) {
        let touched = Set(changes.created).union(changes.updated)
        var added: [(id: String, index: Int)] = []
        for (index, id) in results.enumerated() where touched.contains(id) { added.append((id, index)) }
        let removed = changes.updated + changes.destroyed
        if let maxChanges, removed.count + added.count > maxChanges { throw .tooManyChanges }
        self.init(
            newQueryState: changes.newState, total: calculateTotal ? results.count : nil, removed: removed, added: added)
    }
}
