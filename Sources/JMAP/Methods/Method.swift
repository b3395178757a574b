/// What the calls of one request share while it runs.
package struct RequestState: Sendable {
    /// Creation id → id of the record most recently created with it (RFC 8620 §5.3).
    package var createdIds: [String: String]
    /// The responses so far, for result references.
    package internal(set) var responses: [Invocation] = []
    /// Octets that references may still stand for.
    var referenceBudget = ResultReference.budget

    package init(createdIds: [String: String] = [:]) { self.createdIds = createdIds }

    /// What `text` stands for where an id of a record may be a creation reference: `#k` is looked up, anything else stays.
    ///
    /// Nil when the reference has nothing to refer to.
    package func resolve(_ text: String) -> String? {
        guard text.utf8.first == UInt8(ascii: "#") else { return text }
        return createdIds[String(text.dropFirst())]
    }
}

/// A call that the server makes on its own after a method's response, under the same call id (RFC 8620 §5.4, RFC 8621 §7.5).
package struct ImplicitCall: Sendable {
    package let name: String
    package let arguments: JSONObject

    package init(name: String, arguments: JSONObject) {
        self.name = name
        self.arguments = arguments
    }
}

/// What a method answers.
package struct MethodResponse: Sendable {
    package let arguments: JSONObject
    package let implicitCalls: [ImplicitCall]

    package init(_ arguments: JSONObject, implicitCalls: [ImplicitCall] = []) {
        self.arguments = arguments
        self.implicitCalls = implicitCalls
    }
}

/// One method of the API: what `Dispatcher` finds by its name.
package protocol Method<Scope>: Sendable {
    associatedtype Scope: AccountScope

    /// As it is called: `Email/get`.
    var name: String { get }

    /// The capability that a request must be using to call it.
    var capability: String { get }

    /// Takes all arguments, refuses what it does not know, and acts. After an error nothing has changed.
    func respond(
        to arguments: Arguments, in scope: Scope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse
}

/// What one authenticated user may reach: how a method comes to the account that a call names.
package protocol AccountScope: Sendable {
    associatedtype Account: Sendable

    var limits: Limits { get }

    /// The account of that id.
    ///
    /// - Throws: `accountNotFound`, also for an account that exists and is not this user's; `accountNotSupportedByMethod`;
    ///   `accountReadOnly` when the call would change something.
    func account(_ id: Id, capability: String, changes: Bool) async throws(MethodError) -> Account
}

/// `Core/echo` (RFC 8620 §4).
package struct Echo<Scope: AccountScope>: Method {
    package let name = "Core/echo"
    package let capability = Capability.core

    package init() {}

    package func respond(
        to arguments: Arguments, in scope: Scope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        MethodResponse(arguments.all)
    }
}
