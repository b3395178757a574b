/// What an update asks to change: pairs of a path and a value (RFC 8620 §5.3).
package struct PatchObject: Hashable, Sendable {
    package struct Change: Hashable, Sendable {
        /// At least one token; the first is the property.
        package let path: [String]
        /// Null means the default, or removal.
        package let value: JSON
    }
    package let changes: [Change]

    /// Reads the pairs; fails with `invalidPatch` when a path is no JSON Pointer or is a prefix of another.
    package init(_ object: JSONObject) throws(SetError) {
        var changes: [Change] = []
        changes.reserveCapacity(object.count)
        for (name, value) in object {
            guard let pointer = JSONPointer(parsing: "/" + name), !name.isEmpty else {
                throw .invalidPatch("\"\(name)\" is not a path.")
            }
            changes.append(Change(path: pointer.tokens, value: value))
        }
        self.changes = changes
        try refuseOverlaps()
    }

    /// Sorted by tokens, a path that is a prefix of another stands right before one that it is a prefix of.
    private func refuseOverlaps() throws(SetError) {
        guard changes.count > 1 else { return }
        let sorted = changes.map(\.path).sorted { $0.lexicographicallyPrecedes($1) }
        for (path, next) in zip(sorted, sorted.dropFirst()) where next.starts(with: path) {
            throw .invalidPatch("The path \"\(path.joined(separator: "/"))\" is a prefix of another in the patch.")
        }
    }

    /// The properties that it touches, each once, in order.
    package var properties: [String] {
        var seen: Set<String> = []
        return changes.compactMap { seen.insert($0.path[0]).inserted ? $0.path[0] : nil }
    }

    /// `record` with the changes made.
    ///
    /// - Parameter defaults: what null stands for, by property; where there is none, null removes.
    /// - Throws: `invalidPatch` when a path leads into an array or through something that is not there.
    package func applied(to record: JSONObject, defaults: JSONObject = [:]) throws(SetError) -> JSONObject {
        var result = record
        for change in changes {
            try Self.apply(change, change.path[...], to: &result, default: change.path.count == 1 ? defaults[change.path[0]] : nil)
        }
        return result
    }

    private static func apply(
        _ change: Change, _ path: ArraySlice<String>, to object: inout JSONObject, default defaultValue: JSON?
    ) throws(SetError) {
        let token = path[path.startIndex]
        if path.count == 1 {
            object[token] = change.value.isNull ? defaultValue : change.value
            return
        }
        guard case .object(var inner)? = object[token] else {
            throw .invalidPatch("The path \"\(change.path.joined(separator: "/"))\" leads through no object.")
        }
        try apply(change, path.dropFirst(), to: &inner, default: nil)
        object[token] = .object(inner)
    }
}
