internal import Directory
internal import Formats
internal import HTTPTypes
internal import Hummingbird
internal import JMAP
internal import NIOCore
internal import Web

extension Webmail {
    static let capabilities: Set<String> = [
        Capability.core, Capability.mail, Capability.submission, Capability.vacationResponse, Capability.sieve,
    ]

    private static let urls = SessionURLs(
        api: "/jmap/api", download: "/jmap/download/{accountId}/{blobId}/{name}?type={type}",
        upload: "/jmap/upload/{accountId}/",
        eventSource: "/jmap/events/?types={types}&closeafter={closeafter}&ping={ping}")

    /// `GET /jmap/session` (RFC 8620 §2).
    func session(_ request: Request, _ context: AppContext) throws -> Response {
        let session = try Self.session(of: context.account, limits)
        return Self.json(
            session.json(baseURL: baseURL(of: request, context), urls: Self.urls),
            headers: [.cacheControl: "no-cache, no-store, must-revalidate"])
    }

    static func session(of owner: Account, _ limits: Limits) throws -> JMAP.Session {
        guard let id = Id(owner.id.rawValue) else { throw Web.Problem(.internalServerError) }
        let account = SessionAccount(
            id: id, name: owner.address.description, isPersonal: true, isReadOnly: false,
            capabilities: [
                (Capability.core, [:]), (Capability.mail, MailLimits.mailCapability),
                (Capability.submission, MailLimits.submissionCapability), (Capability.vacationResponse, [:]),
                (Capability.sieve, SieveScriptType.accountCapability),
            ])
        return JMAP.Session(
            username: owner.address.description, limits: limits,
            capabilities: [
                (Capability.mail, [:]), (Capability.submission, [:]), (Capability.vacationResponse, [:]),
                (Capability.sieve, SieveScriptType.serverCapability),
            ], accounts: [account])
    }

    /// Scheme and authority for absolute URLs: as configured, or as the client reached us.
    private func baseURL(of request: Request, _ context: AppContext) -> String {
        guard publicURL.isEmpty, let authority = request.head.authority ?? request.headers[.init("Host")!] else {
            return publicURL
        }
        return (context.isSecure ? "https://" : "http://") + authority
    }

    static func json(_ json: JSON, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.serialized)))
    }

    /// A request-level error of RFC 8620 §3.6.1.
    static func problem(_ error: RequestError, status: HTTPResponse.Status? = nil) -> Response {
        let status = status ?? .init(code: error.status)
        return Response(
            status: status, headers: [.contentType: "application/problem+json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: error.problem.serialized)))
    }
}
