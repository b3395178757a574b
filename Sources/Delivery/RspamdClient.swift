internal import AsyncHTTPClient
internal import Disk
internal import Formats
internal import MailStore
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// rspamd over HTTP: sends a message in pieces, and takes a short answer within a bounded time.
final class RspamdClient: Sendable {
    /// Why there is no answer to use.
    struct Failure: Error, CustomStringConvertible { let description: String }

    /// Where one worker of rspamd listens.
    struct Endpoint: Hashable, Sendable {
        /// Scheme, host and port, without a final slash.
        let url: String
        /// For a controller on another machine: from `http://:password@host`.
        let password: String?

        init(_ text: String) {
            var text = text
            while text.hasSuffix("/") { text.removeLast() }
            guard let scheme = text.firstRange(of: "://"), let at = text.lastIndex(of: "@"), at > scheme.upperBound else {
                (url, password) = (text, nil)
                return
            }
            let user = text[scheme.upperBound..<at]
            url = String(text[..<scheme.upperBound] + text[text.index(after: at)...])
            password = user.firstIndex(of: ":").map { String(user[user.index(after: $0)...]) }
        }
    }

    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
    }

    private let client: HTTPClient

    init() {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(3)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit { client.shutdown { _ in } }

    /// Posts a message; `content` must stay alive meanwhile.
    func post(
        _ path: String, to endpoint: Endpoint, fields: [(String, String)] = [], _ content: MessagePieces,
        within patience: Duration
    ) async throws(Failure) -> Answer {
        var request = HTTPClientRequest(url: endpoint.url + path)
        request.method = .POST
        for (name, value) in fields { request.headers.add(name: name, value: Self.printable(value)) }
        if let password = endpoint.password { request.headers.add(name: "Password", value: Self.printable(password)) }
        request.body = .stream(content, length: .known(Int64(content.size)))
        return try await answer(request, patience)
    }

    /// Asks whether a worker is there.
    func ping(_ endpoint: Endpoint, within patience: Duration) async throws(Failure) {
        let answer = try await answer(HTTPClientRequest(url: endpoint.url + "/ping"), patience)
        guard answer.status == 200 else { throw Failure(description: "answered \(answer.status) to a ping") }
    }

    private func answer(_ unfinished: HTTPClientRequest, _ patience: Duration) async throws(Failure) -> Answer {
        let client = self.client
        var finished = unfinished
        // A kept connection that the other side is just closing would cost a message its score.
        finished.headers.add(name: "Connection", value: "close")
        let request = finished
        let result = await Deadline.within(patience) { () async -> Result<Answer, Failure> in
            do {
                // The deadline around it is what bounds the whole; this one only must not be shorter.
                let response = try await client.execute(request, timeout: .seconds(120))
                let body = try await response.body.collect(upTo: RspamdReply.maximumSize)
                return .success(Answer(status: Int(response.status.code), body: Array(body.readableBytesView)))
            } catch {
                return .failure(Failure(description: "\(error)"))
            }
        }
        guard let result else { throw Failure(description: "no answer within \(patience)") }
        return try result.get()
    }

    /// What may stand in a field of HTTP.
    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(1000)))
    }
}

/// A message's bytes in pieces, read off the cooperative pool.
struct MessagePieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    fileprivate enum Source: Sendable {
        case bytes([UInt8])
        case file(OpenFile)
    }

    private let source: Source
    let size: Int

    init(_ content: StagedContent) throws(StoreError) { self.init(try content.blob()) }

    init(_ content: BlobContent) {
        size = content.size
        source =
            switch content {
            case .bytes(let bytes): .bytes(bytes)
            case .file(let file): .file(file)
            }
    }

    func makeAsyncIterator() -> Iterator { Iterator(source: source, size: size) }

    struct Iterator: AsyncIteratorProtocol {
        private static let pieceSize = 256 * 1024
        fileprivate let source: Source
        fileprivate let size: Int
        fileprivate var offset = 0

        mutating func next() async throws -> ByteBuffer? {
            guard offset < size else { return nil }
            switch source {
            case .bytes(let bytes):
                offset = size
                return ByteBuffer(bytes: bytes)
            case .file(let file):
                let start = offset
                let piece = try await DiskExecutor.offload { () throws(StoreError) -> [UInt8] in
                    try file.read(at: start, count: Self.pieceSize)
                }
                // A file that shrank would leave the request without its end for ever.
                guard !piece.isEmpty else { throw StoreError.unavailable(reason: "the message's file became shorter") }
                offset += piece.count
                return ByteBuffer(bytes: piece)
            }
        }
    }
}
