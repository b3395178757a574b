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

    /// What the references of one request may stand for altogether: answers that repeat earlier answers grow without bound.
    static let budget = 10_000_000

    /// `arguments` with every `#name` replaced by the value that it refers to.
    ///
    /// - Parameter budget: about as many octets as references may still stand for; `requestTooLarge` when it is used up.
    package static func resolve(
        _ arguments: JSONObject, among responses: [Invocation], budget: inout Int
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
            guard result.fits(&budget) else { throw .requestTooLarge }
            resolved.append(plain, result)
        }
        return resolved
    }

    private static func doubled(_ name: String) -> MethodError {
        .invalid(name, "given both as a value and as a reference")
    }
}

extension JSON {
    /// Takes about as many octets from `budget` as the value has when written; false, early, when they are more.
    fileprivate func fits(_ budget: inout Int) -> Bool {
        budget -= 8
        switch self {
        case .null, .bool, .int, .double: break
        case .string(let text): budget -= text.utf8.count
        case .array(let items):
            for item in items {
                guard item.fits(&budget) else { return false }
            }
        case .object(let object):
            for (name, value) in object.members {
                budget -= name.utf8.count
                guard value.fits(&budget) else { return false }
            }
        }
        return budget >= 0
    }
}
