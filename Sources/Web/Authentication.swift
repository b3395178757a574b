internal import Directory
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// Finds out who a request comes from.
struct Authentication: Sendable {
    let directory: Directory
    let authenticator: Authenticator
    let origins: OriginPolicy

    /// The cookie's principal, nil without a valid one. Throws 403 when an unsafe request does not prove that it is our page's.
    func principal(bySessionOf request: Request, _ context: AppContext) async throws -> Principal? {
        guard let token = SessionCookie.token(of: request) else { return nil }
        guard let session = try? await directory.sessions.session(for: token),
            let account = directory.snapshot.account(id: session.account), account.isEnabled
        else { return nil }
        if !request.method.isSafe {
            try origins.check(request, context)
            guard let shown = request.headers[.csrfToken], ConstantTime.equal(shown, token.csrfToken) else {
                throw Problem(.forbidden, code: "csrf", detail: "The X-CSRF-Token header is missing or wrong.")
            }
        }
        return Principal(account: account, proof: .session(token))
    }

    /// The principal of `Authorization: Basic`; nil without that header. Throws 401, 403 or 429.
    // RFC 7617
    func principal(byBasicOf request: Request, _ context: AppContext) async throws -> Principal? {
        guard let header = request.headers[.authorization], header.prefix(6).lowercased() == "basic " else { return nil }
        // A browser that once asked for a password sends it with whatever any page has it send.
        if !request.method.isSafe { try origins.check(request, context) }
        guard let decoded = Data(base64Encoded: String(header.dropFirst(6))),
            let text = String(bytes: decoded, encoding: .utf8), let colon = text.firstIndex(of: ":")
        else { throw Self.signedOut(request) }
        let account = try await logIn(
            address: String(text[..<colon]), password: String(text[text.index(after: colon)...]), request, context,
            remembering: true)
        return Principal(account: account, proof: .basic)
    }

    /// Checks address and password, and translates the refusal.
    func logIn(
        address: String, password: String, _ request: Request, _ context: AppContext, remembering: Bool = false
    ) async throws(Problem) -> Account {
        do {
            return try await authenticator.authenticate(
                address: address, password: password, client: context.client, remembering: remembering)
        } catch {
            context.logger.notice(
                "log-in refused",
                metadata: ["address": "\(address.prefix(320))", "client": "\(context.client?.description ?? "-")", "reason": "\(error)"])
            switch error {
            case .refused: throw remembering ? Self.signedOut(request) : Problem(.unauthorized, code: "wrongCredentials")
            case .throttled(let seconds): throw .tooManyRequests(seconds: seconds)
            case .unavailable: throw Problem(.serviceUnavailable, headers: [.retryAfter: "2"])
            }
        }
    }

    /// 401. A page of ours shows its own log-in form, and must not make the browser ask: it gets no challenge.
    static func signedOut(_ request: Request) -> Problem {
        let isOurPage = request.headers[.secFetchSite] == "same-origin"
        return Problem(
            .unauthorized, code: "signedOut", detail: "Sign in first.",
            headers: isOurPage ? [:] : [.wwwAuthenticate: "Basic realm=\"Mail Portal\", charset=\"UTF-8\""])
    }
}

/// Lets nobody through who has not signed in.
struct RequireSignIn: RouterMiddleware {
    let authentication: Authentication
    let takesBasic: Bool

    func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        if takesBasic { context.principal = try await authentication.principal(byBasicOf: request, context) }
        if context.principal == nil {
            context.principal = try await authentication.principal(bySessionOf: request, context)
        }
        guard let principal = context.principal else { throw Authentication.signedOut(request) }
        context.logger[metadataKey: "account"] = "\(principal.account.address)"
        return try await next(request, context)
    }
}

/// Which pages may make our browsers' requests: our own.
struct OriginPolicy: Sendable {
    /// `scheme://host[:port]` of the configured public address, if one is configured.
    let configured: String?

    /// Throws 403 for an unsafe request of a foreign page. Programs that are no browsers send neither header.
    func check(_ request: Request, _ context: AppContext) throws(Problem) {
        if request.headers[.secFetchSite] == "cross-site" { throw Self.foreign }
        guard let origin = request.headers[.origin] else { return }
        if origin == configured { return }
        guard let scheme = origin.firstRange(of: "://"), let authority = request.head.authority,
            origin[scheme.upperBound...].lowercased() == authority.lowercased()
        else { throw Self.foreign }
    }

    private static let foreign = Problem(.forbidden, code: "foreignOrigin", detail: "The request comes from another site.")
}

/// The session cookie, read and written.
// RFC 6265
enum SessionCookie {
    static let name = "mailportal_session"

    static func token(of request: Request) -> SessionToken? {
        // HTTP/2 may send every cookie in a field of its own.
        for field in request.headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == name else { continue }
                if let token = SessionToken(parts[1].trimmingSuffix(while: { $0 == " " })) { return token }
            }
        }
        return nil
    }

    static func set(_ token: SessionToken, isSecure: Bool) -> String {
        "\(name)=\(token.text); Path=/; Max-Age=\(30 * 86_400); HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
    }

    static func expire(isSecure: Bool) -> String {
        "\(name)=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
    }
}

enum ConstantTime {
    static func equal(_ one: some StringProtocol, _ other: some StringProtocol) -> Bool {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}

extension HTTPRequest.Method {
    /// RFC 9110 §9.2.1
    var isSafe: Bool { self == .get || self == .head || self == .options || self == .trace }
}

extension HTTPField.Name {
    static let csrfToken = Self("X-CSRF-Token")!
    static let secFetchSite = Self("Sec-Fetch-Site")!
    static let requestID = Self("X-Request-ID")!
    static let forwardedFor = Self("X-Forwarded-For")!
    static let forwardedProtocol = Self("X-Forwarded-Proto")!
    static let contentTypeOptions = Self("X-Content-Type-Options")!
    static let referrerPolicy = Self("Referrer-Policy")!
    static let openerPolicy = Self("Cross-Origin-Opener-Policy")!
    static let resourcePolicy = Self("Cross-Origin-Resource-Policy")!
    static let permissionsPolicy = Self("Permissions-Policy")!
}
