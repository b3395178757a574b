internal import Directory
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore

/// Sign in, ask who is signed in, sign out: `/api/v1/session`.
struct SessionEndpoints {
    let authentication: Authentication

    private struct LogIn: Decodable {
        let address: String
        let password: String
    }

    func addRoutes(to routes: Routes) {
        routes.open.post("/api/v1/session", use: signIn)
        routes.open.get("/api/v1/session", use: show)
        routes.open.delete("/api/v1/session", use: signOut)
    }

    @Sendable private func signIn(_ request: Request, _ context: AppContext) async throws -> Response {
        // Only a page of ours can send this type without asking first: nobody is signed in from elsewhere.
        guard request.headers[.contentType]?.lowercased().hasPrefix("application/json") == true else {
            throw Problem(.unsupportedMediaType, detail: "Send application/json.")
        }
        try authentication.origins.check(request, context)
        let logIn = try await body(of: request)
        let account = try await authentication.logIn(address: logIn.address, password: logIn.password, request, context)
        let token = try await authentication.directory.sessions.begin(
            for: account.id, device: request.headers[.userAgent] ?? "", address: context.client?.description ?? "")
        context.logger.notice(
            "log-in", metadata: ["account": "\(account.address)", "client": "\(context.client?.description ?? "-")"])
        var response = describe(account, token)
        response.headers[.setCookie] = SessionCookie.set(token, isSecure: context.isSecure)
        return response
    }

    @Sendable private func show(_ request: Request, _ context: AppContext) async throws -> Response {
        guard let principal = try await authentication.principal(bySessionOf: request, context),
            case .session(let token) = principal.proof
        else { throw Problem(.unauthorized, code: "signedOut", detail: "Sign in first.") }
        return describe(principal.account, token)
    }

    @Sendable private func signOut(_ request: Request, _ context: AppContext) async throws -> Response {
        if let principal = try await authentication.principal(bySessionOf: request, context),
            case .session(let token) = principal.proof {
            try await authentication.directory.sessions.end(token)
        }
        return Response(
            status: .noContent, headers: [.setCookie: SessionCookie.expire(isSecure: context.isSecure), .cacheControl: "no-store"])
    }

    private func body(of request: Request) async throws -> LogIn {
        do {
            let buffer = try await request.body.collect(upTo: 16_384)
            return try JSONDecoder().decode(LogIn.self, from: Data(buffer.readableBytesView))
        } catch is DecodingError {
            throw Problem(.badRequest, code: "badRequest", detail: "Send {\"address\": …, \"password\": …}.")
        }
    }

    private func describe(_ account: Account, _ token: SessionToken) -> Response {
        let members = [
            ("address", account.address.stored), ("displayName", account.displayName),
            ("accountId", account.id.rawValue), ("role", account.role.rawValue), ("language", account.language),
            ("csrfToken", token.csrfToken),
        ]
        let json = members.map { "\(JSONText.quoted($0.0)):\(JSONText.quoted($0.1))" }.joined(separator: ",")
        return Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "{\(json)}")))
    }
}
