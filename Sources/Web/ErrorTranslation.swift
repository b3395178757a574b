internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import Synchronization

/// Turns what routes throw into problem details, and answers paths that no route has.
struct ErrorTranslation: RouterMiddleware {
    let misses: RouteMisses
    let files: StaticFiles

    func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            return problem.response
        } catch let error as HTTPError {
            if error.status == .notFound, context.endpointPath == "NotFound" { return miss(request) }
            return Problem(error.status, detail: error.body, headers: error.headers).response
        } catch let error as any HTTPResponseError {
            return Problem(error.status).response
        } catch is CancellationError {
            return Problem(.serviceUnavailable).response
        } catch {
            context.logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            return Problem(.internalServerError).response
        }
    }

    private func miss(_ request: Request) -> Response {
        let allowed = misses.methods(for: request.uri.path)
        if !allowed.isEmpty {
            let headers: HTTPFields = [.allow: allowed.joined(separator: ", ")]
            if request.method == .options { return Response(status: .noContent, headers: headers) }
            return Problem(.methodNotAllowed, headers: headers).response
        }
        let isRead = request.method == .get || request.method == .head
        if isRead, Self.isView(request.uri.path), let page = files.file(at: "/index.html") {
            return page.response(to: request)
        }
        return Problem(.notFound, code: "notFound").response
    }

    /// Paths that the page itself resolves.
    private static func isView(_ path: String) -> Bool {
        let first = path.split(separator: "/", maxSplits: 1).first.map(String.init) ?? ""
        return ["", "login", "mail", "calendar", "contacts", "settings", "admin"].contains(first)
    }
}

/// Knows, for a path that the router did not match with its method, which methods it has.
final class RouteMisses: Sendable {
    private let routes = Mutex<[(path: RouterPath, method: String)]>([])

    func learn(_ descriptions: [Router<AppContext>.RouteDescription]) {
        routes.withLock { $0 = descriptions.map { ($0.path, $0.method.rawValue) } }
    }

    /// Walks all routes: only misses pay for it.
    func methods(for path: String) -> [String] {
        let segments = path.split(separator: "/")
        let methods = routes.withLock { $0.filter { Self.matches($0.path, segments) }.map(\.method) }
        guard !methods.isEmpty else { return [] }
        return Set(methods + ["OPTIONS"]).sorted()
    }

    private static func matches(_ path: RouterPath, _ segments: [Substring]) -> Bool {
        for (index, element) in path.enumerated() {
            if element.description == "**" { return true }
            guard index < segments.count, element ~= segments[index] else { return false }
        }
        return path.count == segments.count
    }
}
