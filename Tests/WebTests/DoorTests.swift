import Directory
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Web

@Suite("The door")
struct DoorTests {
    @Test("malformed and climbing paths are refused", arguments: [
        "/../secret.txt", "/js/../../secret.txt", "/%2e%2e/secret.txt", "/js/%2E%2e/index.html", "/echo/a%2Fb", "/echo/a%5Cb",
        "/echo/a%00b", "/echo/%", "/echo/%zz", "/echo/%ff", "/./index.html", "/echo/a\\b",
    ])
    func refusedPaths(path: String) async throws {
        let site = try await TestSite()
        let answer = try await site.test { try await $0.get(path) }
        #expect(answer.status == .badRequest)
        #expect(answer.headers[.contentType] == "application/problem+json")
    }

    @Test("parameters come decoded, and needless escapes make no other path", arguments: [
        ("/echo/a%20b+c", "a b+c"), ("/echo/%C3%BC", "ü"), ("/%65cho/x", "x"), ("/jmap/download/a%2Fb.txt", "a/b.txt"),
        ("/echo/100%25", "100%"), ("/echo/..a", "..a"),
    ])
    func decodedPaths(path: String, wanted: String) async throws {
        let site = try await TestSite()
        let answer = try await site.test { try await $0.get(path) }
        #expect(answer.text == wanted)
    }

    @Test("queries: plus is a space, order is kept, what does not decode is left out")
    func queries() async throws {
        let site = try await TestSite()
        let answer = try await site.test { try await $0.get("/query?a=1+2&b=%2B&a=%C3%BC&c&bad=%zz&d=x=y") }
        #expect(answer.text == "a=1 2|b=+|a=ü|c=|d=x=y")
    }

    @Test("a wrong method is 405 with Allow, OPTIONS says the same, an unknown path is 404")
    func methods() async throws {
        let site = try await TestSite()
        try await site.test { client in
            let wrong = try await client.send(.put, "/echo/x")
            #expect(wrong.status == .methodNotAllowed)
            #expect(wrong.headers[.allow] == "GET, HEAD, OPTIONS")
            let options = try await client.send(.options, "/mine")
            #expect(options.status == .noContent)
            #expect(options.headers[.allow] == "GET, HEAD, OPTIONS, POST")
            let unknown = try await client.get("/api/v1/nothing")
            #expect(unknown.status == .notFound)
            #expect(unknown.text.contains("urn:mailportal:problem:notFound"))
        }
    }

    @Test("every answer has the security headers and a request id; message-frame has its own policy")
    func securityHeaders() async throws {
        let site = try await TestSite()
        try await site.test { client in
            for path in ["/", "/mail/x", "/js/main.js", "/health", "/nothing", "/../x"] {
                let headers = try await client.get(path).headers
                #expect(headers[.contentTypeOptions] == "nosniff")
                #expect(headers[.resourcePolicy] == "same-origin")
                #expect(headers[.strictTransportSecurity] == nil)
            }
            for path in ["/", "/index.html", "/mail/x"] {
                let policy = try await client.get(path).headers[.contentSecurityPolicy] ?? ""
                #expect(policy.contains("default-src 'self'") && !policy.contains("unsafe-inline"), "\(path)")
            }
            for path in ["/health", "/nothing", "/../x"] {
                let headers = try await client.get(path).headers
                #expect(headers[.contentSecurityPolicy]?.hasPrefix("default-src 'none'") == true, "\(path)")
                #expect(headers[.requestID]?.isEmpty == false)
            }
            let frame = try await client.get("/message-frame.html").headers[.contentSecurityPolicy] ?? ""
            #expect(frame.hasPrefix("default-src 'none'"))
            #expect(frame.contains("sandbox allow-same-origin"))
            #expect(!frame.contains("script"))
        }
    }

    @Test("what a route does not foresee is a 500 that says nothing")
    func unforeseen() async throws {
        let site = try await TestSite()
        let answer = try await site.test { try await $0.get("/broken") }
        #expect(answer.status == .internalServerError)
        #expect(!answer.text.contains("Cocoa"))
    }

    @Test("JSON is compressed for those who take it, event streams never")
    func compression() async throws {
        let site = try await TestSite()
        try await site.test { client in
            let plain = try await client.get("/big")
            #expect(plain.headers[.contentEncoding] == nil)
            #expect(plain.headers[.vary] == "Accept-Encoding")
            let packed = try await client.get("/big", [.acceptEncoding: "br, gzip;q=0.8"])
            #expect(packed.headers[.contentEncoding] == "gzip")
            #expect(packed.body.readableBytes < plain.body.readableBytes / 10)
            #expect(packed.body.getBytes(at: 0, length: 2) == [0x1F, 0x8B])
            let refused = try await client.get("/big", [.acceptEncoding: "gzip;q=0"])
            #expect(refused.headers[.contentEncoding] == nil)
            let events = try await client.get("/events", [.acceptEncoding: "gzip"])
            #expect(events.headers[.contentEncoding] == nil)
        }
    }

    @Test("a forwarded address counts only from a trusted proxy, the last untrusted hop wins")
    func forwarding() async throws {
        let options = { (proxies: [String]) in proxies.compactMap { ClientNetwork($0) } }
        // The test's channel has no peer: what a proxy says is then not believed.
        let site = try await TestSite(trustedProxies: options(["127.0.0.1"]))
        let answer = try await site.test { try await $0.get("/client", [.forwardedFor: "192.0.2.1"]) }
        #expect(answer.text == "- false")
    }
}

@Suite("Static files")
struct StaticFileTests {
    @Test("a known tag is answered with 304, also in lists and weak; another is not")
    func notModified() async throws {
        let site = try await TestSite()
        try await site.test { client in
            let first = try await client.get("/js/main.js")
            let tag = try #require(first.headers[.eTag])
            for wanted in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let again = try await client.get("/js/main.js", [.ifNoneMatch: wanted])
                #expect(again.status == .notModified, "\(wanted)")
                #expect(again.body.readableBytes == 0)
                #expect(again.headers[.eTag] == tag)
                #expect(again.headers[.contentLength] == nil || again.headers[.contentLength] == "0")
            }
            let other = try await client.get("/js/main.js", [.ifNoneMatch: "\"other\""])
            #expect(other.status == .ok)
        }
    }

    @Test("the compressed form has a tag of its own, and both say that the answer varies")
    func gzip() async throws {
        let site = try await TestSite()
        try await site.test { client in
            let plain = try await client.get("/js/main.js")
            let packed = try await client.get("/js/main.js", [.acceptEncoding: "gzip"])
            #expect(packed.headers[.contentEncoding] == "gzip")
            #expect(packed.headers[.eTag] != plain.headers[.eTag])
            #expect(packed.headers[.vary] == "Accept-Encoding")
            #expect(plain.headers[.vary] == "Accept-Encoding")
            #expect(packed.body.readableBytes < 200)
            let again = try await client.get(
                "/js/main.js", [.acceptEncoding: "gzip", .ifNoneMatch: packed.headers[.eTag] ?? ""])
            #expect(again.status == .notModified)
        }
    }

    @Test("a file has no other methods")
    func methods() async throws {
        let site = try await TestSite()
        try await site.test { client in
            let wrong = try await client.send(.delete, "/js/main.js")
            #expect(wrong.status == .methodNotAllowed)
            #expect(wrong.headers[.allow] == "GET, HEAD, OPTIONS")
            #expect(try await client.send(.options, "/js/main.js").status == .noContent)
        }
    }

    @Test("HEAD tells the length without the body")
    func head() async throws {
        let site = try await TestSite()
        let answer = try await site.test { try await $0.send(.head, "/js/main.js") }
        #expect(answer.headers[.contentLength] == "2600")
        #expect(answer.body.readableBytes == 0)
    }

    @Test("the app's views are its page; other paths are not", arguments: [
        ("/", true), ("/mail/inbox/T1", true), ("/login", true), ("/settings/account", true), ("/js/none.js", false),
        ("/other", false), ("/api/v1/none", false),
    ])
    func views(path: String, isPage: Bool) async throws {
        let site = try await TestSite()
        let answer = try await site.test { try await $0.get(path) }
        #expect((answer.status == .ok) == isPage)
        #expect(answer.text.contains("<title>Mail</title>") == isPage)
    }

    @Test("in development a changed and a new file are seen at once; hidden ones never")
    func live() async throws {
        let site = try await TestSite(isLive: true)
        let folder = site.folder
        try await site.test { client in
            #expect(try await client.get("/js/new.js").status == .notFound)
            try Data("first".utf8).write(to: URL(filePath: folder + "/public/js/new.js"))
            #expect(try await client.get("/js/new.js").text == "first")
            try Data("second!".utf8).write(to: URL(filePath: folder + "/public/js/new.js"))
            #expect(try await client.get("/js/new.js").text == "second!")
            try Data("x".utf8).write(to: URL(filePath: folder + "/public/.hidden"))
            #expect(try await client.get("/.hidden").status == .notFound)
        }
    }
}

@Suite("Signing in")
struct SigningInTests {
    @Test("a session cookie signs in; the answer names the account")
    func signIn() async throws {
        let site = try await TestSite()
        try await site.test { client in
            let answer = try await client.send(
                .post, "/api/v1/session", [.contentType: "application/json; charset=utf-8"],
                "{\"address\":\"Alice@example.org\",\"password\":\"\(TestSite.password)\"}")
            #expect(answer.status == .ok)
            #expect(answer.text.contains("\"displayName\":\"Alice \\\"A\\\"\""))
            let cookie = try #require(answer.headers[.setCookie])
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Secure"))
            let session = try await client.signIn()
            let shown = try await client.get("/api/v1/session", [.cookie: "a=b; \(session.cookie); c=d"])
            #expect(shown.text.contains("\"csrfToken\":\"\(session.csrf)\""))
            #expect(try await client.get("/mine", [.cookie: session.cookie]).text == "alice@example.org")
        }
    }

    @Test("what is wrong is 401, or 400, or 415, and sets no cookie")
    func refused() async throws {
        let site = try await TestSite()
        try await site.test { client in
            let json: HTTPFields = [.contentType: "application/json"]
            let wrong = try await client.send(.post, "/api/v1/session", json, "{\"address\":\"alice@example.org\",\"password\":\"x\"}")
            #expect(wrong.status == .unauthorized)
            #expect(wrong.headers[.setCookie] == nil)
            #expect(wrong.headers[.wwwAuthenticate] == nil)
            #expect(try await client.send(.post, "/api/v1/session", json, "{]").status == .badRequest)
            #expect(try await client.send(.post, "/api/v1/session", json, "{\"address\":1}").status == .badRequest)
            let form: HTTPFields = [.contentType: "text/plain"]
            #expect(try await client.send(.post, "/api/v1/session", form, "{}").status == .unsupportedMediaType)
            let long = String(repeating: "x", count: 20_000)
            #expect(try await client.send(.post, "/api/v1/session", json, long).status == .contentTooLarge)
            #expect(try await client.get("/api/v1/session").status == .unauthorized)
            #expect(try await client.get("/mine", [.cookie: "mailportal_session=" + String(repeating: "a", count: 43)]).status == .unauthorized)
        }
    }

    @Test("an unsafe request by cookie needs the CSRF header, and no foreign origin")
    func csrf() async throws {
        let site = try await TestSite()
        try await site.test { client in
            let session = try await client.signIn()
            func post(_ more: HTTPFields) async throws -> HTTPResponse.Status {
                var headers = more
                headers[.cookie] = session.cookie
                return try await client.send(.post, "/mine", headers, "x").status
            }
            #expect(try await post([:]) == .forbidden)
            #expect(try await post([.csrfToken: "wrong"]) == .forbidden)
            #expect(try await post([.csrfToken: session.csrf]) == .ok)
            #expect(try await post([.csrfToken: session.csrf, .origin: "https://mail.example.org"]) == .ok)
            #expect(try await post([.csrfToken: session.csrf, .origin: "https://evil.example"]) == .forbidden)
            #expect(try await post([.csrfToken: session.csrf, .origin: "null"]) == .forbidden)
            #expect(try await post([.csrfToken: session.csrf, .secFetchSite: "cross-site"]) == .forbidden)
        }
    }

    @Test("signing out ends the session")
    func signOut() async throws {
        let site = try await TestSite()
        try await site.test { client in
            let session = try await client.signIn()
            let without = try await client.send(.delete, "/api/v1/session", [.cookie: session.cookie])
            #expect(without.status == .forbidden)
            let answer = try await client.send(.delete, "/api/v1/session", [.cookie: session.cookie, .csrfToken: session.csrf])
            #expect(answer.status == .noContent)
            #expect(answer.headers[.setCookie]?.contains("Max-Age=0") == true)
            #expect(try await client.get("/mine", [.cookie: session.cookie]).status == .unauthorized)
        }
    }

    @Test("Basic works where it is taken, and asks programs, not our pages")
    func basicAuthentication() async throws {
        let site = try await TestSite()
        try await site.test { client in
            let right = basic("alice@example.org", TestSite.password)
            #expect(try await client.get("/mine", [.authorization: right]).text == "alice@example.org")
            #expect(try await client.send(.post, "/mine", [.authorization: right], "12345").text == "5")
            #expect(try await client.send(.post, "/mine", [.authorization: right, .origin: "https://evil.test"], "12345").status == .forbidden)
            #expect(try await client.send(.post, "/mine", [.authorization: right, .secFetchSite: "cross-site"], "12345").status == .forbidden)
            #expect(try await client.get("/cookie-only", [.authorization: right]).status == .unauthorized)
            for wrong in [basic("alice@example.org", "x"), "Basic", "Basic ???", "basic " + Data("nocolon".utf8).base64EncodedString(), "Bearer x"] {
                let answer = try await client.get("/mine", [.authorization: wrong])
                #expect(answer.status == .unauthorized, "\(wrong)")
                #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Basic realm=") == true)
            }
            let page = try await client.get("/mine", [.secFetchSite: "same-origin"])
            #expect(page.headers[.wwwAuthenticate] == nil)
        }
    }

    @Test("a disabled account is out at once, whatever it holds")
    func disabled() async throws {
        let site = try await TestSite()
        let directory = site.directory
        try await site.test { client in
            let session = try await client.signIn()
            let right = basic("alice@example.org", TestSite.password)
            #expect(try await client.get("/mine", [.authorization: right]).status == .ok)
            let id = try #require(directory.snapshot.accounts.first?.id)
            try await directory.setEnabled(false, of: id)
            #expect(try await client.get("/mine", [.cookie: session.cookie]).status == .unauthorized)
            #expect(try await client.get("/mine", [.authorization: right]).status == .unauthorized)
        }
    }

    @Test("too many failures are 429 with Retry-After")
    func throttled() async throws {
        let site = try await TestSite()
        try await site.test { client in
            var last: TestResponse?
            for _ in 0..<12 {
                last = try await client.send(
                    .post, "/api/v1/session", [.contentType: "application/json"],
                    "{\"address\":\"alice@example.org\",\"password\":\"wrong\"}")
            }
            #expect(last?.status == .tooManyRequests)
            #expect(last?.headers[.retryAfter].flatMap { Int($0) } ?? 0 >= 1)
        }
    }
}
