import NIOCore
import NIOPosix
import NIOSSL

/// A client of a mail server: writes what it is told, and reads replies.
struct TestClient {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private var inbound: AsyncStream<ByteBuffer>.Iterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let channel: any Channel
    private(set) var greeting = ""
    private var buffer = ByteBuffer()

    /// Connects, reads the greeting, and runs `body`.
    static func talk<Value: Sendable>(
        to port: Int, overTLS: Bool = false, _ body: (inout TestClient) async throws -> Value
    ) async throws -> Value {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if overTLS {
                        let handler = try NIOSSLClientHandler(context: TestTLS.client(), serverHostname: nil)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
            return try await withThrowingTaskGroup { group in
                group.addTask {
                    defer { continuation.finish() }
                    for try await bytes in inbound { continuation.yield(bytes) }
                }
                defer { group.cancelAll() }
                var client = TestClient(
                    inbound: stream.makeAsyncIterator(), outbound: outbound, channel: connection.channel)
                client.greeting = try await client.reply()
                return try await body(&client)
            }
        }
    }

    private init(
        inbound: AsyncStream<ByteBuffer>.Iterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, channel: any Channel
    ) {
        self.channel = channel
        self.inbound = inbound
        self.outbound = outbound
    }

    /// Speaks TLS from here on.
    func startTLS() async throws {
        let context = try TestTLS.client()
        try await channel.eventLoop.submit { [channel] in
            let handler = try NIOSSLClientHandler(context: context, serverHostname: nil)
            try channel.pipeline.syncOperations.addHandler(handler, position: .first)
        }.get()
    }

    func write(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Writes a line, and returns the last line of the reply.
    mutating func say(_ line: String) async throws -> String {
        try await write(line + "\r\n")
        return try await reply()
    }

    /// The last line of the next reply; empty when the server closed.
    mutating func reply() async throws -> String {
        while true {
            while let line = nextLine() {
                if line.count < 4 || line.dropFirst(3).first == " " { return line }
            }
            guard var more = await inbound.next(isolation: #isolation) else { return "" }
            buffer.writeBuffer(&more)
        }
    }

    private mutating func nextLine() -> String? {
        guard let end = buffer.readableBytesView.firstIndex(of: 0x0A),
            let line = buffer.readString(length: end - buffer.readerIndex + 1)
        else { return nil }
        return line.trimmingLineEnd()
    }
}

extension String {
    func trimmingLineEnd() -> String { String(prefix { !$0.isNewline }) }
}
