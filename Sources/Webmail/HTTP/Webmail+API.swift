internal import Directory
internal import HTTPTypes
internal import Hummingbird
internal import JMAP
internal import NIOCore
internal import Web

extension Webmail {
    /// `POST /jmap/api` (RFC 8620 §3).
    func api(_ request: Request, _ context: AppContext) async throws -> Response {
        guard Self.isJSON(request.headers[.contentType]) else {
            return Self.problem(.notJSON(detail: "The content type must be application/json."))
        }
        let owner = try context.account
        let answer = try await requests.run(owner.id.rawValue) { try await self.answer(request, context) }
        return answer ?? Self.problem(.limit("maxConcurrentRequests"))
    }

    private func answer(_ request: Request, _ context: AppContext) async throws -> Response {
        guard let body = try await Self.body(of: request, limit: limits.maxSizeRequest) else {
            return Self.problem(.limit("maxSizeRequest"))
        }
        do throws(RequestError) {
            let parsed = try JMAP.Request(parsing: body, capabilities: Self.capabilities, limits: limits)
            return try await respond(to: parsed, context)
        } catch { return Self.problem(error) }
    }

    private func respond(to request: JMAP.Request, _ context: AppContext) async throws(RequestError) -> Response {
        guard let account = try? await account(context) else {
            return Web.Problem(.serviceUnavailable, code: "accountUnavailable").response
        }
        let scope = WebmailScope(own: account, limits: limits, credential: Self.credential(context, of: account))
        let answer = await dispatcher.respond(to: request, in: scope) {
            (try? Self.session(of: account.owner, limits).state) ?? ""
        }
        return Self.json(.object(answer))
    }

    private static func credential(_ context: AppContext, of account: WebmailAccount) -> Credential {
        switch context.principal?.proof {
        case .session(let token): .session(token.sessionName)
        case .basic, nil: .password(version: account.owner.credentialVersion)
        }
    }

    /// The whole body, or nil when it is longer than the limit.
    private static func body(of request: Hummingbird.Request, limit: Int) async throws -> [UInt8]? {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { return nil }
        var bytes: [UInt8] = []
        for try await piece in request.body {
            guard bytes.count + piece.readableBytes <= limit else { return nil }
            bytes.append(contentsOf: piece.readableBytesView)
        }
        return bytes
    }

    private static func isJSON(_ type: String?) -> Bool {
        let type = type?.split(separator: ";").first?.filter { $0 != " " && $0 != "\t" }.lowercased()
        return type == "application/json"
    }
}
