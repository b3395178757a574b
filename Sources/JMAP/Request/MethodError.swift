/// Why one method call fails: it becomes the `error` response (RFC 8620 §3.6.2, and the methods of §5).
package enum MethodError: Error, Hashable, Sendable {
    case serverUnavailable
    case serverFail(description: String)
    case unknownMethod
    /// `arguments` names those at fault, where that is known.
    case invalidArguments(description: String, arguments: [String] = [])
    case invalidResultReference(description: String)
    case forbidden
    case accountNotFound
    case accountNotSupportedByMethod
    case accountReadOnly
    case requestTooLarge
    case stateMismatch
    case cannotCalculateChanges
    case tooManyChanges
    case anchorNotFound
    case unsupportedSort(description: String)
    case unsupportedFilter(description: String)
    case fromAccountNotFound
    case fromAccountNotSupportedByMethod

    package var type: String {
        switch self {
        case .serverUnavailable: "serverUnavailable"
        case .serverFail: "serverFail"
        case .unknownMethod: "unknownMethod"
        case .invalidArguments: "invalidArguments"
        case .invalidResultReference: "invalidResultReference"
        case .forbidden: "forbidden"
        case .accountNotFound: "accountNotFound"
        case .accountNotSupportedByMethod: "accountNotSupportedByMethod"
        case .accountReadOnly: "accountReadOnly"
        case .requestTooLarge: "requestTooLarge"
        case .stateMismatch: "stateMismatch"
        case .cannotCalculateChanges: "cannotCalculateChanges"
        case .tooManyChanges: "tooManyChanges"
        case .anchorNotFound: "anchorNotFound"
        case .unsupportedSort: "unsupportedSort"
        case .unsupportedFilter: "unsupportedFilter"
        case .fromAccountNotFound: "fromAccountNotFound"
        case .fromAccountNotSupportedByMethod: "fromAccountNotSupportedByMethod"
        }
    }

    /// The arguments of the `error` response.
    package var arguments: JSONObject {
        var object: JSONObject = ["type": .string(type)]
        switch self {
        case .serverFail(let text), .invalidResultReference(let text), .unsupportedSort(let text),
            .unsupportedFilter(let text):
            object.append("description", .string(text))
        case .invalidArguments(let text, let names):
            object.append("description", .string(text))
            if !names.isEmpty { object.append("arguments", JSON(names)) }
        default: break
        }
        return object
    }

    /// `invalidArguments` for one argument.
    package static func invalid(_ argument: String, _ reason: String) -> Self {
        .invalidArguments(description: "\(argument): \(reason)", arguments: [argument])
    }
}
