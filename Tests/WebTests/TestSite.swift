import Directory
import Formats
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Synchronization

@testable import Web

/// A site with one account and some routes and files, in a folder of its own.
final class TestSite: Sendable {
    static let password = "brave green tomatoes"

    let temporary: TemporaryFolder
    let directory: Directory
    let site: Site
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(isLive: Bool = false, trustedProxies: [ClientNetwork] = []) async throws {
        temporary = try TemporaryFolder()
        let folder = temporary.path
        try FileManager.default.createDirectory(atPath: folder + "/public/js", withIntermediateDirectories: true)
        try Data("<!doctype html><title>Mail</title>".utf8).write(to: URL(filePath: folder + "/public/index.html"))
        try Data("<!doctype html>".utf8).write(to: URL(filePath: folder + "/public/message-frame.html"))
        let script = String(repeating: "export const answer = 42;\n", count: 100)
        try Data(script.utf8).write(to: URL(filePath: folder + "/public/js/main.js"))
        try Data("secret".utf8).write(to: URL(filePath: folder + "/secret.txt"))

        directory = try Directory(path: folder + "/directory.sqlite", logger: logger)
        try await directory.addDomain(DomainName(parsing: "example.org"), state: .verified)
        let hash = PasswordHash(hashing: Self.password)?.crypt
        try await directory.addAccount(
            NewAccount(address: MailAddress(parsing: "alice@example.org"), displayName: "Alice \"A\"", passwordHash: hash))
        site = Site(
            directory: directory, authenticator: Authenticator(directory: directory),
            options: .init(
                files: StaticFiles([.init(prefix: "/", path: folder + "/public")], isLive: isLive, logger: logger),
                trustedProxies: trustedProxies, publicURL: "https://mail.example.org"),
            surfaces: Self.addRoutes)
    }

    var folder: String { temporary.path }

    private static func addRoutes(_ routes: Routes) {
        let mine = routes.signedIn(basic: true)
        mine.get("/mine") { _, context in try context.account.address.description }
        mine.post("/mine") { request, _ in
            let body = try await request.body.collect(upTo: 1_000_000)
            return "\(body.readableBytes)"
        }
        routes.signedIn().get("/cookie-only") { _, _ in "in" }
        routes.open.get("/echo/{name}") { _, context in try context.pathParameter("name") }
        routes.open.get("/jmap/download/{name}") { _, context in try context.pathParameter("name") }
        routes.open.get("/query") { request, _ in request.queryItems.map { "\($0.name)=\($0.value)" }.joined(separator: "|") }
        routes.open.get("/client") { _, context in "\(context.client?.description ?? "-") \(context.isSecure)" }
        routes.open.get("/broken") { _, _ -> String in throw CocoaError(.fileNoSuchFile) }
        routes.open.get("/big") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(string: String(repeating: "[1,2,3]", count: 10_000))))
        }
        routes.open.get("/events") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/event-stream"],
                body: .init { writer in
                    try await writer.write(ByteBuffer(string: "data: " + String(repeating: "x", count: 2000) + "\n\n"))
                    try await writer.finish(nil)
                })
        }
    }

    /// Runs `body` against the door, without a socket.
    func test<Value: Sendable>(_ body: @escaping @Sendable (any TestClientProtocol) async throws -> Value) async throws -> Value {
        let application = Application(responder: Door(site: site, isTLS: false), logger: logger)
        return try await application.test(.router, body)
    }
}

extension TestClientProtocol {
    func get(_ path: String, _ headers: HTTPFields = [:]) async throws -> TestResponse {
        try await executeRequest(uri: path, method: .get, headers: headers, body: nil)
    }

    func send(_ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields = [:], _ body: String = "") async throws -> TestResponse {
        try await executeRequest(uri: path, method: method, headers: headers, body: ByteBuffer(string: body))
    }

    /// Signs Alice in: the cookie and the CSRF token.
    func signIn() async throws -> (cookie: String, csrf: String) {
        let answer = try await send(
            .post, "/api/v1/session", [.contentType: "application/json"],
            "{\"address\":\"alice@example.org\",\"password\":\"\(TestSite.password)\"}")
        let decoded = try JSONDecoder().decode(SignedIn.self, from: Data(answer.body.readableBytesView))
        let cookie = answer.headers[.setCookie]?.split(separator: ";").first.map(String.init) ?? ""
        return (cookie, decoded.csrfToken)
    }
}

private struct SignedIn: Decodable { let csrfToken: String }

extension TestResponse {
    var text: String { String(buffer: body) }
}

func basic(_ user: String, _ password: String) -> String {
    "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
}

/// A folder of a test's own, removed when the test is over: at the latest when the process ends, should somebody hold on to it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "web-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        Self.removeAtExit(path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private static let left = Mutex<[String]>([])

    private static func removeAtExit(_ path: String) {
        let isFirst = left.withLock { left in
            left.append(path)
            return left.count == 1
        }
        guard isFirst else { return }
        atexit { TemporaryFolder.left.withLock { $0 }.forEach { try? FileManager.default.removeItem(atPath: $0) } }
    }
}
