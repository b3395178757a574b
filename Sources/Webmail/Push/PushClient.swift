internal import AsyncHTTPClient
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// An address that notices are posted to: https, with a host and no credentials.
struct PushURL: Hashable, Sendable {
    let text: String
    /// Lower case; an IPv6 literal without its brackets.
    let host: String

    init?(_ text: String) {
        guard text.hasPrefix("https://"), text.utf8.count <= 2048, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != 0x23 }) else {
            return nil
        }
        let authority = text.dropFirst(8).prefix { $0 != "/" && $0 != "?" }.lowercased()
        var name = authority[...]
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            guard let port = UInt16(authority[authority.index(after: colon)...]), port > 0 else { return nil }
            name = authority[..<colon]
        }
        if name.hasPrefix("["), name.hasSuffix("]") {
            name = name.dropFirst().dropLast()
            guard name.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
        } else {
            guard name.allSatisfy({ $0.isLetter || $0.isNumber || "-._".contains($0) }) else { return nil }
        }
        guard !name.isEmpty else { return nil }
        host = String(name)
        self.text = text
    }
}

/// Posts notices to addresses that clients named, and to nobody else: an address that is not on the public internet is refused, after
/// the look-up, and connected to as it was checked (RFC 8620 §8.6).
struct PushClient: Sendable {
    /// What became of a notice.
    enum Answer: Hashable, Sendable {
        case taken
        /// There is no such subscription any more: 404 or 410.
        case gone
        /// Try again; after so many seconds, when the server said so.
        case later(seconds: Int?)
    }

    /// A file of certificates that are trusted beside the system's; with it, every address is allowed. For tests.
    let trustFile: String?
    private let turns = Turns(free: 32)

    init(trustFile: String? = nil) { self.trustFile = trustFile }

    private static let timeout = TimeAmount.seconds(20)

    /// One of the host's addresses; nil when it has none, or one that is not public.
    func address(of url: PushURL) async -> String? {
        let host = url.host
        let found = (try? await NIOThreadPool.singleton.runIfActive { HostAddresses.lookUp(host) }) ?? []
        guard trustFile != nil || found.allSatisfy({ PublicAddress.isPublic($0.bytes) }) else { return nil }
        return found.first?.text
    }

    /// Whether the host has addresses, and none of them on the public internet may be used.
    func isRefused(_ url: PushURL) async -> Bool {
        guard trustFile == nil else { return false }
        let host = url.host
        let found = (try? await NIOThreadPool.singleton.runIfActive { HostAddresses.lookUp(host) }) ?? []
        return found.contains { !PublicAddress.isPublic($0.bytes) }
    }

    /// Posts the JSON text, encrypted when there are keys.
    func post(_ text: [UInt8], to url: PushURL, keys: PushKeys?) async -> Answer {
        await turns.take()
        let answer = await send(text, to: url, keys)
        await turns.give()
        return answer
    }

    private func send(_ text: [UInt8], to url: PushURL, _ keys: PushKeys?) async -> Answer {
        guard let address = await address(of: url), let configuration = try? configuration(url, address),
            let request = try? Self.request(text, to: url, keys)
        else { return .later(seconds: nil) }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        var answer = Answer.later(seconds: nil)
        if let response = try? await client.execute(request, timeout: Self.timeout) {
            answer = Self.answer(Int(response.status.code), retryAfter: response.headers.first(name: "Retry-After"))
        }
        try? await client.shutdown()
        return answer
    }

    static func answer(_ status: Int, retryAfter: String?) -> Answer {
        switch status {
        case 200..<300: .taken
        case 404, 410: .gone
        default: .later(seconds: retryAfter.flatMap(Int.init).map { min(max($0, 1), 3600) })
        }
    }

    private static func request(_ text: [UInt8], to url: PushURL, _ keys: PushKeys?) throws -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url.text)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        // RFC 8030 §5.2: how long a push service keeps it for a device that is not there.
        request.headers.add(name: "TTL", value: "86400")
        request.headers.add(name: "User-Agent", value: "MailPortal")
        if keys != nil { request.headers.add(name: "Content-Encoding", value: "aes128gcm") }
        request.body = .bytes(ByteBuffer(bytes: try keys?.encrypt(text) ?? text))
        return request
    }

    private func configuration(_ url: PushURL, _ address: String) throws -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let trustFile { tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMFile(trustFile))] }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: .seconds(15)))
        configuration.dnsOverride = [url.host: address]
        configuration.httpVersion = .http1Only
        return configuration
    }
}

/// Lets a number of them go at the same time; the others wait in order.
private actor Turns {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(free: Int) { self.free = free }

    func take() async {
        if free > 0 {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func give() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
