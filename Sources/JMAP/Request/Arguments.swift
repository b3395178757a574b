/// The arguments of one call, taken out one by one with their types checked.
///
/// Whoever reads them calls `finish()` at the end: an argument that nobody took is unknown, and refused. An argument that is null
/// counts as omitted only where the RFC allows null (RFC 8620 §3.5).
package struct Arguments {
    private let object: JSONObject
    private var taken: Set<String> = []
    /// For `#creationId` where an id of an existing record is expected.
    private let createdIds: [String: String]

    package init(_ object: JSONObject, createdIds: [String: String] = [:]) {
        self.object = object
        self.createdIds = createdIds
    }

    /// All of them, unread.
    package var all: JSONObject { object }

    /// Takes whatever is there; nil when it is missing.
    package mutating func take(_ name: String) -> JSON? {
        taken.insert(name)
        return object[name]
    }

    private mutating func optional<Value>(
        _ name: String, _ expected: String, _ convert: (JSON) -> Value?
    ) throws(MethodError) -> Value? {
        guard let json = take(name), !json.isNull else { return nil }
        guard let value = convert(json) else { throw .invalid(name, "must be \(expected)") }
        return value
    }

    private mutating func required<Value>(
        _ name: String, _ expected: String, _ convert: (JSON) -> Value?
    ) throws(MethodError) -> Value {
        guard let json = take(name) else { throw .invalid(name, "is required") }
        guard let value = convert(json) else { throw .invalid(name, "must be \(expected)") }
        return value
    }

    /// With a default, but not null: RFC 8620 §3.5 makes null a default only where the signature allows it.
    private mutating func defaulted<Value>(
        _ name: String, _ expected: String, _ value: Value, _ convert: (JSON) -> Value?
    ) throws(MethodError) -> Value {
        guard let json = take(name) else { return value }
        guard let value = convert(json) else { throw .invalid(name, "must be \(expected)") }
        return value
    }

    package mutating func id(_ name: String) throws(MethodError) -> Id {
        let createdIds = createdIds
        return try required(name, "an id") { Self.id($0, createdIds) }
    }

    package mutating func optionalId(_ name: String) throws(MethodError) -> Id? {
        let createdIds = createdIds
        return try optional(name, "an id or null") { Self.id($0, createdIds) }
    }

    package mutating func string(_ name: String) throws(MethodError) -> String {
        try required(name, "a string", \.string)
    }

    package mutating func optionalString(_ name: String) throws(MethodError) -> String? {
        try optional(name, "a string or null", \.string)
    }

    package mutating func bool(_ name: String, default value: Bool) throws(MethodError) -> Bool {
        try defaulted(name, "a boolean", value, \.bool)
    }

    package mutating func optionalBool(_ name: String) throws(MethodError) -> Bool? {
        try optional(name, "a boolean or null", \.bool)
    }

    package mutating func int(_ name: String, default value: Int) throws(MethodError) -> Int {
        try defaulted(name, "an integer", value, \.int)
    }

    package mutating func unsigned(_ name: String, default value: Int) throws(MethodError) -> Int {
        try defaulted(name, "an integer that is not negative", value, \.unsigned)
    }

    package mutating func optionalUnsigned(_ name: String) throws(MethodError) -> Int? {
        try optional(name, "an integer that is not negative, or null", \.unsigned)
    }

    package mutating func optionalStrings(_ name: String) throws(MethodError) -> [String]? {
        try optional(name, "an array of strings or null", \.strings)
    }

    /// `ids` and the like; each id once, in the order of its first place.
    package mutating func ids(_ name: String) throws(MethodError) -> [Id] {
        let createdIds = createdIds
        return try required(name, "an array of ids") { Self.ids($0, createdIds) }
    }

    package mutating func optionalIds(_ name: String) throws(MethodError) -> [Id]? {
        let createdIds = createdIds
        return try optional(name, "an array of ids or null") { Self.ids($0, createdIds) }
    }

    package mutating func object(_ name: String) throws(MethodError) -> JSONObject {
        try required(name, "an object", \.object)
    }

    package mutating func optionalObject(_ name: String) throws(MethodError) -> JSONObject? {
        try optional(name, "an object or null", \.object)
    }

    /// A map whose keys are ids or creation ids and whose values are objects.
    package mutating func optionalObjects(_ name: String) throws(MethodError) -> [(key: String, value: JSONObject)]? {
        try optional(name, "a map of objects, or null", Self.objects)
    }

    package mutating func objects(_ name: String) throws(MethodError) -> [(key: String, value: JSONObject)] {
        try required(name, "a map of objects", Self.objects)
    }

    /// Refuses what nobody has taken.
    package func finish() throws(MethodError) {
        let unknown = object.names.filter { !taken.contains($0) }
        guard unknown.isEmpty else {
            throw .invalidArguments(
                description: "unknown: \(unknown.joined(separator: ", "))", arguments: unknown)
        }
    }

    private static func id(_ json: JSON, _ createdIds: [String: String]) -> Id? {
        guard let text = json.string else { return nil }
        if text.utf8.first == UInt8(ascii: "#") { return createdIds[String(text.dropFirst())].flatMap(Id.init) }
        return Id(text)
    }

    private static func ids(_ json: JSON, _ createdIds: [String: String]) -> [Id]? {
        guard let items = json.array else { return nil }
        var seen: Set<Id> = []
        seen.reserveCapacity(items.count)
        var ids: [Id] = []
        ids.reserveCapacity(items.count)
        for item in items {
            guard let id = id(item, createdIds) else { return nil }
            if seen.insert(id).inserted { ids.append(id) }
        }
        return ids
    }

    private static func objects(_ json: JSON) -> [(key: String, value: JSONObject)]? {
        guard let object = json.object else { return nil }
        var result: [(key: String, value: JSONObject)] = []
        result.reserveCapacity(object.count)
        for (key, value) in object {
            guard let value = value.object else { return nil }
            result.append((key, value))
        }
        return result
    }
}
