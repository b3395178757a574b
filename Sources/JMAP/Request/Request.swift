/// One method call of a request (RFC 8620 §3.2).
package struct Invocation: Hashable, Sendable {
    package let name: String
    package let arguments: JSONObject
    package let callId: String

    package init(name: String, arguments: JSONObject, callId: String) {
        self.name = name
        self.arguments = arguments
        self.callId = callId
    }

    package var json: JSON { [.string(name), .object(arguments), .string(callId)] }
}

/// A Request object (RFC 8620 §3.3), checked for its type signature, its capabilities and the number of its calls.
package struct Request: Hashable, Sendable {
    package let using: [String]
    package let calls: [Invocation]
    /// Nil when the client sent none, and so wants none back.
    package let createdIds: [String: String]?

    /// Reads the body of a request.
    ///
    /// - Parameter capabilities: the URIs that the server supports.
    package init(parsing body: [UInt8], capabilities: Set<String>, limits: Limits) throws(RequestError) {
        guard body.count <= limits.maxSizeRequest else { throw .limit("maxSizeRequest") }
        let json: JSON
        do { json = try JSON(parsing: body) } catch {
            throw .notJSON(detail: "The body is not I-JSON: \(error.reason.rawValue) at byte \(error.offset).")
        }
        try self.init(json, capabilities: capabilities, limits: limits)
    }

    package init(_ json: JSON, capabilities: Set<String>, limits: Limits) throws(RequestError) {
        guard let object = json.object else { throw .notRequest(detail: "The request is not an object.") }
        guard let using = object["using"]?.strings else {
            throw .notRequest(detail: "\"using\" must be an array of strings.")
        }
        guard let calls = object["methodCalls"]?.array else {
            throw .notRequest(detail: "\"methodCalls\" must be an array of invocations.")
        }
        self.using = using
        var invocations: [Invocation] = []
        for call in calls { invocations.append(try Self.invocation(call)) }
        self.calls = invocations
        createdIds = try Self.createdIds(object["createdIds"])
        if let unknown = using.first(where: { !capabilities.contains($0) }) { throw .unknownCapability(unknown) }
        guard calls.count <= limits.maxCallsInRequest else { throw .limit("maxCallsInRequest") }
    }

    private static func invocation(_ json: JSON) throws(RequestError) -> Invocation {
        guard let items = json.array, items.count == 3, let name = items[0].string, let arguments = items[1].object,
            let callId = items[2].string
        else { throw .notRequest(detail: "A method call must be an array of name, arguments and call id.") }
        return Invocation(name: name, arguments: arguments, callId: callId)
    }

    private static func createdIds(_ json: JSON?) throws(RequestError) -> [String: String]? {
        guard let json, !json.isNull else { return nil }
        guard let object = json.object else { throw .notRequest(detail: "\"createdIds\" must be an object of ids.") }
        var ids: [String: String] = [:]
        for (creationId, id) in object {
            guard Id(creationId) != nil, let id = id.id else {
                throw .notRequest(detail: "\"createdIds\" must be an object of ids.")
            }
            ids[creationId] = id.rawValue
        }
        return ids
    }
}
