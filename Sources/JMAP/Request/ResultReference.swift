/// A reference to the result of an earlier call in the same request (RFC 8620 §3.7).
package struct ResultReference: Hashable, Sendable {
    package let resultOf: String
    package let name: String
    package let path: JSONPointer

    /// Nil when it is not a ResultReference object.
    package init?(_ json: JSON) {
        guard let object = json.object, object.count == 3, let resultOf = object["resultOf"]?.string,
            let name = object["name"]?.string, let path = object["path"]?.string.flatMap(JSONPointer.init(parsing:))
        else { return nil }
        self.resultOf = resultOf
        self.name = name
        self.path = path
    }

    /// The value it stands for, among the responses so far; nil when it does not resolve.
    package func resolve(among responses: [Invocation]) -> JSON? {
        guard let response = responses.first(where: { $0.callId == resultOf }), response.name == name else { return nil }
        return path.resolve(in: .object(response.arguments))
    }

    /// `arguments` with every `#name` replaced by the value that it refers to.
    package static func resolve(
        _ arguments: JSONObject, among responses: [Invocation]
    ) throws(MethodError) -> JSONObject {
        guard arguments.members.contains(where: { $0.name.utf8.first == UInt8(ascii: "#") }) else { return arguments }
        var resolved = JSONObject()
        for (name, value) in arguments {
            guard name.utf8.first == UInt8(ascii: "#") else {
                guard resolved.insert(name, value) else { throw doubled(name) }
                continue
            }
            let plain = String(name.dropFirst())
            guard !arguments.has(plain) else { throw doubled(plain) }
            guard let reference = ResultReference(value), let result = reference.resolve(among: responses) else {
                throw .invalidResultReference(description: "The reference for \"\(plain)\" does not resolve.")
            }
            resolved.append(plain, result)
        }
        return resolved
    }

    private static func doubled(_ name: String) -> MethodError {
        .invalid(name, "given both as a value and as a reference")
    }
}
