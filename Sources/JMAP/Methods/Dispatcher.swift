/// Runs the calls of a request one after the other and gathers their responses (RFC 8620 §3).
package struct Dispatcher<Scope: AccountScope>: Sendable {
    private let methods: [String: any Method<Scope>]

    package init(methods: [any Method<Scope>]) {
        self.methods = Dictionary(methods.map { ($0.name, $0) }) { first, _ in first }
    }

    /// The names of all methods.
    package var methodNames: [String] { methods.keys.sorted() }

    /// Answers a request. A call that fails becomes an `error` response, and the next one runs all the same.
    ///
    /// - Parameter sessionState: asked at the end, since a call may change what the session says.
    package func respond(
        to request: Request, in scope: Scope, sessionState: () async -> String
    ) async -> JSONObject {
        var state = RequestState(createdIds: request.createdIds ?? [:])
        for call in request.calls {
            await run(call, using: request.using, in: scope, state: &state)
        }
        var response: JSONObject = ["methodResponses": .array(state.responses.map(\.json))]
        if request.createdIds != nil {
            let sorted = state.createdIds.sorted { $0.key < $1.key }
            response.append("createdIds", .object(JSONObject(unique: sorted.map { ($0.key, .string($0.value)) })))
        }
        response.append("sessionState", .string(await sessionState()))
        return response
    }

    private func run(
        _ call: Invocation, using: [String]?, in scope: Scope, state: inout RequestState
    ) async {
        do throws(MethodError) {
            // A method of a capability that the client did not opt in to is not there for it (RFC 8620 §2, §3.3).
            guard let method = methods[call.name], using?.contains(method.capability) ?? true else {
                throw .unknownMethod
            }
            let resolved = try ResultReference.resolve(
                call.arguments, among: state.responses, budget: &state.referenceBudget)
            let arguments = Arguments(resolved, createdIds: state.createdIds)
            let response = try await method.respond(to: arguments, in: scope, state: &state)
            state.responses.append(Invocation(name: call.name, arguments: response.arguments, callId: call.callId))
            for next in response.implicitCalls {
                let invocation = Invocation(name: next.name, arguments: next.arguments, callId: call.callId)
                await run(invocation, using: nil, in: scope, state: &state)
            }
        } catch {
            state.responses.append(Invocation(name: "error", arguments: error.arguments, callId: call.callId))
        }
    }
}
