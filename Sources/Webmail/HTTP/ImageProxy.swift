internal import AsyncHTTPClient
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Web

#if canImport(Glibc)
internal import Glibc
#endif

/// `GET /api/v1/image?url=`: fetches a remote image of a message on the reader's behalf, so that the sender learns neither
/// address nor browser of the reader.
///
/// Only http and https at their own ports; only public addresses, checked after the look-up and connected to as checked; a few
/// redirects, each checked anew; only what is an image by its bytes; neither cookies nor referrer.
struct ImageProxy: Sendable {
    private let logger: Logger

    private static let maximumSize = 10 * 1024 * 1024
    private static let maximumRedirects = 3
    private static let timeout = TimeAmount.seconds(10)

    init(logger: Logger) { self.logger = logger }

    func respond(to request: Hummingbird.Request) async throws -> Response {
        guard let text = request.query("url"), let target = ImageURL(text) else {
            throw Web.Problem(.badRequest, code: "badURL", detail: "The url is not one of an image.")
        }
        let bytes = try await fetch(target)
        guard let kind = ImageKind(sniffing: bytes) else {
            throw Web.Problem(.unsupportedMediaType, code: "notAnImage", detail: "What is there is not an image.")
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: kind.rawValue, .cacheControl: "private, max-age=86400",
                .contentSecurityPolicy: "default-src 'none'; sandbox",
                .contentDisposition: "attachment",
            ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func fetch(_ first: ImageURL) async throws -> [UInt8] {
        var target = first
        for _ in 0...Self.maximumRedirects {
            switch try await get(target) {
            case .image(let bytes): return bytes
            case .redirect(let location):
                guard let next = target.resolving(location) else { throw Self.unreachable }
                target = next
            }
        }
        throw Self.unreachable
    }

    private enum Answer {
        case image([UInt8])
        case redirect(String)
    }

    /// One request, to an address that was checked: the client is told which, so that no second look-up can lead elsewhere.
    private func get(_ target: ImageURL) async throws -> Answer {
        let address = try await publicAddress(of: target)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(10)))
        configuration.dnsOverride = [target.host: address]
        configuration.httpVersion = .http1Only
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<Answer, any Error>
        do { result = .success(try await answer(of: target, client)) } catch { result = .failure(error) }
        try? await client.shutdown()
        do { return try result.get() } catch let problem as Problem { throw problem } catch {
            logger.debug("image not fetched", metadata: ["error": "\(error)"])
            throw Self.unreachable
        }
    }

    private func answer(of target: ImageURL, _ client: HTTPClient) async throws -> Answer {
        var request = HTTPClientRequest(url: target.text)
        request.headers.add(name: "Accept", value: "image/*")
        request.headers.add(name: "User-Agent", value: "MailPortal-ImageProxy")
        let response = try await client.execute(request, timeout: Self.timeout)
        if [301, 302, 303, 307, 308].contains(response.status.code), let location = response.headers.first(name: "Location") {
            return .redirect(location)
        }
        guard response.status == .ok else { throw Self.unreachable }
        var bytes: [UInt8] = []
        for try await piece in response.body {
            guard bytes.count + piece.readableBytes <= Self.maximumSize else {
                throw Web.Problem(.badGateway, code: "imageTooLarge", detail: "The image is too large.")
            }
            bytes.append(contentsOf: piece.readableBytesView)
        }
        return .image(bytes)
    }

    private static let unreachable = Web.Problem(.badGateway, code: "imageUnreachable", detail: "The image cannot be fetched.")

    // MARK: Look-up

    /// One of the host's addresses, when all of them are public: a host with one private address is up to no good.
    private func publicAddress(of target: ImageURL) async throws -> String {
        let host = target.host
        let addresses = try await NIOThreadPool.singleton.runIfActive { HostAddresses.lookUp(host) }
        guard let first = addresses.first else { throw Self.unreachable }
        guard addresses.allSatisfy({ PublicAddress.isPublic($0.bytes) }) else {
            throw Web.Problem(.forbidden, code: "addressRefused", detail: "The image is not on the public internet.")
        }
        return first.text
    }
}

/// The address of an image: http or https, at the usual port, with a host and no credentials.
struct ImageURL {
    let scheme: String
    /// Lower case; an IPv6 literal without its brackets.
    let host: String
    private let authority: String
    private let rest: String

    var text: String { "\(scheme)://\(authority)\(rest)" }

    init?(_ text: String) {
        guard text.utf8.count <= 4096, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }),
            let separator = text.firstRange(of: "://")
        else { return nil }
        scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let tail = text[separator.upperBound...]
        let end = tail.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? tail.endIndex
        authority = tail[..<end].lowercased()
        var rest = String(tail[end...].prefix { $0 != "#" })
        if !rest.hasPrefix("/") { rest = "/" + rest }
        self.rest = rest
        guard let host = Self.host(of: authority, port: scheme == "http" ? "80" : "443") else { return nil }
        self.host = host
    }

    /// Nil for anything but a name, an IPv4 address or a literal in brackets. The authority is ASCII.
    private static func host(of authority: String, port: String) -> String? {
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            let after = authority[authority.index(after: close)...]
            guard after.isEmpty || after == ":" + port else { return nil }
            let literal = authority[authority.index(after: authority.startIndex)..<close]
            guard literal.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
            return String(literal)
        }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, !parts[0].isEmpty, parts.count == 1 || parts[1] == port,
            parts[0].allSatisfy({ $0.isLetter || $0.isNumber || "-._".contains($0) })
        else { return nil }
        return String(parts[0])
    }

    /// What a `Location` of this address leads to.
    func resolving(_ location: String) -> ImageURL? {
        if location.hasPrefix("//") { return ImageURL("\(scheme):\(location)") }
        if location.hasPrefix("/") { return ImageURL("\(scheme)://\(authority)\(location)") }
        if location.contains("://") { return ImageURL(location) }
        let path = rest.prefix { $0 != "?" }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
        return ImageURL("\(scheme)://\(authority)\(folder)\(location)")
    }
}

/// The system's look-up of a host name.
enum HostAddresses {
    /// Blocks. Empty when the name has no address.
    static func lookUp(_ host: String) -> [(bytes: [UInt8], text: String)] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [(bytes: [UInt8], text: String)] = []
        var next = list
        while let item = next {
            if let address = item.pointee.ai_addr, let bytes = bytes(of: address, family: item.pointee.ai_family) {
                found.append((bytes, text(of: bytes, family: item.pointee.ai_family)))
            }
            next = item.pointee.ai_next
        }
        return found
    }

    private static func bytes(of address: UnsafeMutablePointer<sockaddr>, family: Int32) -> [UInt8]? {
        switch family {
        case AF_INET:
            address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                withUnsafeBytes(of: pointer.pointee.sin_addr) { Array($0) }
            }
        case AF_INET6:
            address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                withUnsafeBytes(of: pointer.pointee.sin6_addr) { Array($0) }
            }
        default: nil
        }
    }

    private static func text(of bytes: [UInt8], family: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = bytes.withUnsafeBytes { inet_ntop(family, $0.baseAddress, &buffer, socklen_t(buffer.count)) }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
