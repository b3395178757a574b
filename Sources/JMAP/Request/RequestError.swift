/// Why a whole request is refused, as RFC 7807 problem details (RFC 8620 §3.6.1).
package enum RequestError: Error, Hashable, Sendable {
    /// Not `application/json`, or not I-JSON.
    case notJSON(detail: String)
    /// JSON, but not a Request object.
    case notRequest(detail: String)
    case unknownCapability(String)
    /// A limit of the core capability, by its name there, such as `maxSizeRequest`.
    case limit(String)

    /// The status of the HTTP response.
    package var status: Int { 400 }

    package var problem: JSON {
        var problem: JSONObject = ["type": .string(type), "status": .int(status), "detail": .string(detail)]
        if case .limit(let name) = self { problem.append("limit", .string(name)) }
        return .object(problem)
    }

    private var type: String {
        let name =
            switch self {
            case .notJSON: "notJSON"
            case .notRequest: "notRequest"
            case .unknownCapability: "unknownCapability"
            case .limit: "limit"
            }
        return "urn:ietf:params:jmap:error:" + name
    }

    private var detail: String {
        switch self {
        case .notJSON(let detail), .notRequest(let detail): detail
        case .unknownCapability(let uri): "This server does not support the capability \"\(uri)\"."
        case .limit(let name): "The request exceeds the limit \(name)."
        }
    }
}
