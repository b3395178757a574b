package import Directory
internal import HTTPTypes
package import Hummingbird
internal import Logging

/// All that is served by HTTP: the routes of every surface, the sessions, and the files of `Public/`.
///
/// One `Site` answers on all listeners (`WebListener`).
package struct Site: Sendable {
    /// The MX of the domains here, as MTA-STS names it.
    package struct MailServer: Sendable {
        package let name: String
        /// An authority gave its certificate: others may insist on it.
        package let hasCertificate: Bool

        package init(name: String, hasCertificate: Bool) {
            self.name = name
            self.hasCertificate = hasCertificate
        }
    }

    package struct Options: Sendable {
        /// `Public/` and other folders whose files are served as they are.
        package var files: StaticFiles
        /// Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
        package var trustedProxies: [ClientNetwork]
        /// The address that people type, without a final slash, for example `https://mail.example.org`; empty when unknown.
        package var publicURL: String
        /// What of the server does not work now, in words, by component; asked at each look at the health page.
        package var problems: @Sendable () -> [String: String]
        /// Nil where no mail comes in.
        package var mailServer: MailServer?

        package init(
            files: StaticFiles, trustedProxies: [ClientNetwork] = [], publicURL: String = "",
            problems: @escaping @Sendable () -> [String: String] = { [:] },
            mailServer: MailServer? = nil
        ) {
            self.mailServer = mailServer
            self.problems = problems
            self.files = files
            self.trustedProxies = trustedProxies
            self.publicURL = publicURL
        }
    }

    let responder: RouterResponder<AppContext>
    let options: Options

    /// - Parameter surfaces: adds the routes of every surface
    package init(
        directory: Directory, authenticator: Authenticator, options: Options, surfaces: (Routes) -> Void
    ) {
        self.options = options
        let router = Router(context: AppContext.self, options: [.autoGenerateHeadEndpoints])
        let misses = RouteMisses()
        router.add(middleware: ErrorTranslation(misses: misses, files: options.files))
        let authentication = Authentication(
            directory: directory, authenticator: authenticator,
            origins: OriginPolicy(configured: options.publicURL.isEmpty ? nil : options.publicURL))
        let routes = Routes(router: router, authentication: authentication)
        routes.open.get("/health") { _, _ in try HealthPage(problems: options.problems()).response }
        if let mailServer = options.mailServer {
            MailPolicyPage(directory: directory, mailServer: mailServer).addRoutes(to: routes)
        }
        SessionEndpoints(authentication: authentication).addRoutes(to: routes)
        surfaces(routes)
        responder = router.buildResponder()
        misses.learn(router.routes)
    }
}

/// Where every request enters and every answer leaves: path, client, files, routes, headers, compression.
package struct Door: HTTPResponder {
    package typealias Context = AppContext
    let site: Site
    /// Whether this door stands behind our own TLS.
    let isTLS: Bool

    package func respond(to request: Request, context: AppContext) async -> Response {
        var context = context
        site.options.recognise(request, &context, isTLS: isTLS)
        var response = await answer(request, context)
        SecurityHeaders.complete(&response, isSecure: context.isSecure)
        if response.headers[.eTag] == nil { response.headers[.requestID] = context.requestID }
        Compression.apply(to: &response, for: request)
        return response
    }

    private func answer(_ request: Request, _ context: AppContext) async -> Response {
        do {
            let path = try RequestPath.canonical(request.uri.path)
            if let file = site.options.files.file(at: path) { return file.response(to: request) }
            return try await site.responder.respond(to: request.with(path: path), context: context)
        } catch let problem as Problem {
            return problem.response
        } catch {
            context.logger.error("request failed", metadata: ["error": "\(error)"])
            return Problem(.internalServerError).response
        }
    }
}

extension Request {
    fileprivate func with(path: String) -> Request {
        guard path != uri.path else { return self }
        var head = self.head
        head.path = path + (uri.query.map { "?" + $0 } ?? "")
        return Request(head: head, body: body)
    }
}

extension Site.Options {
    /// Decides who the client is and whether it speaks TLS; a trusted proxy's word counts, the last one's first.
    fileprivate func recognise(_ request: Request, _ context: inout AppContext, isTLS: Bool) {
        context.isSecure = isTLS
        guard !trustedProxies.isEmpty, let peer = context.connectedPeer, isTrusted(peer) else { return }
        if let scheme = request.headers[.forwardedProtocol] { context.isSecure = scheme == "https" }
        let chain = request.headers[values: .forwardedFor].flatMap { $0.split(separator: ",") }
        for entry in chain.reversed() {
            guard let address = ClientAddress(entry.filter { $0 != " " }) else { return }
            context.forwardedClient = address
            guard isTrusted(address) else { return }
        }
    }

    private func isTrusted(_ address: ClientAddress) -> Bool {
        trustedProxies.contains { $0.contains(address) }
    }
}
