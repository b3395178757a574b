package import Directory
package import Hummingbird
internal import Logging
internal import NIOCore
internal import Synchronization

/// Who a request comes from, once it has proved it.
package struct Principal: Sendable {
    /// How it was proved. Bearer tokens and app passwords will join.
    package enum Proof: Sendable {
        /// The session cookie; unsafe methods also showed the CSRF header.
        case session(SessionToken)
        /// Address and password with every request.
        case basic
    }

    package let account: Account
    package let proof: Proof
}

/// What travels with every request through the routes.
///
/// `context.logger` carries the request id. Behind `Routes.signedIn` there is always a `principal`.
package struct AppContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Who asks; nil on routes that anyone may call.
    package internal(set) var principal: Principal?
    /// Whether the client speaks TLS, to us or to a trusted proxy.
    package internal(set) var isSecure = false
    /// The client's address, when a trusted proxy named it.
    var forwardedClient: ClientAddress?
    /// Names the request in the log and, as `X-Request-ID`, in the answer.
    package let requestID: String
    private let peer: SocketAddress?

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        requestID = RequestIdentity.next()
        peer = source.channel.remoteAddress
        // One name for it, in the log and in the answer.
        logger[metadataKey: "hb.request.id"] = nil
        logger[metadataKey: "request"] = .string(requestID)
    }

    /// The client's IP address, behind trusted proxies too; nil on a unix socket.
    package var client: ClientAddress? { forwardedClient ?? peer?.ipAddress.flatMap { ClientAddress($0) } }

    /// The address of whoever opened the connection: a proxy or the client.
    var connectedPeer: ClientAddress? { peer?.ipAddress.flatMap { ClientAddress($0) } }

    /// The account that asks. Throws 401 as a `Problem` where nobody has signed in.
    package var account: Account {
        get throws(Problem) {
            guard let principal else { throw Problem(.unauthorized, code: "signedOut") }
            return principal.account
        }
    }

    /// A `{name}` of the route's path, percent-decoded. Throws 400 as a `Problem` where the route has none of that name.
    package func pathParameter(_ name: String) throws(Problem) -> String {
        guard let raw = coreContext.parameters.get(name), let value = PercentCoding.decode(raw) else {
            throw Problem(.badRequest, code: "badPath", detail: "The path lacks \(name).")
        }
        return value
    }
}

/// Request ids: a random name of this run, and a count.
private enum RequestIdentity {
    private static let run = String(UInt64.random(in: 1 << 60...UInt64.max), radix: 36)
    private static let count = Atomic<UInt64>(0)

    static func next() -> String {
        run + "-" + String(count.add(1, ordering: .relaxed).newValue, radix: 36)
    }
}
