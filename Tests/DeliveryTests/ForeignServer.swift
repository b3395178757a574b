import NIOCore
import NIOPosix
import Synchronization

/// Another mail server on loopback, as simple as one can be, that keeps what it gets.
final class ForeignServer: Sendable {
    struct Received: Sendable {
        let sender: String
        let recipients: [String]
        let message: String
    }

    private struct State {
        var received: [Received] = []
        var answers: [String: String] = [:]
        var dropsAfterData = 0
        var connections = 0
    }

    private let state = Mutex(State())
    let port: Int
    private let channel: NIOAsyncChannel<TestClient.Connection, Never>

    private init(_ channel: NIOAsyncChannel<TestClient.Connection, Never>) {
        self.channel = channel
        port = channel.channel.localAddress?.port ?? 0
    }

    /// Serves while `body` runs.
    static func run<Value: Sendable>(_ body: (ForeignServer) async throws -> Value) async throws -> Value {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try TestClient.Connection(wrappingChannelSynchronously: channel) }
            }
        let server = ForeignServer(channel)
        return try await withThrowingTaskGroup { group in
            group.addTask { try await server.serve() }
            defer { group.cancelAll() }
            return try await body(server)
        }
    }

    var received: [Received] { state.withLock { $0.received } }
    var connections: Int { state.withLock { $0.connections } }

    /// What RCPT for an address is told from now on; nil accepts again.
    func answer(_ address: String, with reply: String?) { state.withLock { $0.answers[address] = reply } }

    /// The next messages are taken, and the connection is lost before the reply.
    func dropAfterData(_ times: Int) { state.withLock { $0.dropsAfterData = times } }

    private func serve() async throws {
        try await channel.executeThenClose { clients in
            try await withThrowingDiscardingTaskGroup { group in
                for try await client in clients {
                    group.addTask { try? await self.serve(client) }
                }
            }
        }
    }

    private func serve(_ client: TestClient.Connection) async throws {
        state.withLock { $0.connections += 1 }
        try await client.executeThenClose { inbound, outbound in
            func reply(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text + "\r\n")) }
            try await reply("220 foreign.test ESMTP")
            var buffer = ByteBuffer()
            var sender = ""
            var recipients: [String] = []
            var message: String?
            for try await var bytes in inbound {
                buffer.writeBuffer(&bytes)
                while let end = buffer.readableBytesView.firstIndex(of: 0x0A),
                    let line = buffer.readString(length: end - buffer.readerIndex + 1)
                {
                    if let text = message {
                        guard line == ".\r\n" else {
                            message = text + (line.hasPrefix(".") ? String(line.dropFirst()) : line)
                            continue
                        }
                        message = nil
                        let isLost = keep(Received(sender: sender, recipients: recipients, message: text))
                        if isLost { return }
                        try await reply("250 2.0.0 Taken")
                        continue
                    }
                    let path = String(line.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" })
                    switch line.prefix(4).uppercased() {
                    case "EHLO": try await reply("250-foreign.test\r\n250-PIPELINING\r\n250 8BITMIME")
                    case "MAIL":
                        (sender, recipients) = (path, [])
                        try await reply("250 2.1.0 OK")
                    case "RCPT":
                        let answer = state.withLock { $0.answers[path] }
                        if answer == nil { recipients.append(path) }
                        try await reply(answer ?? "250 2.1.5 OK")
                    case "DATA":
                        if recipients.isEmpty {
                            try await reply("554 5.5.1 No recipients")
                        } else {
                            message = ""
                            try await reply("354 Go")
                        }
                    case "QUIT":
                        try await reply("221 Bye")
                        return
                    default: try await reply("500 What")
                    }
                }
            }
        }
    }

    /// True when the connection is to be lost now.
    private func keep(_ message: Received) -> Bool {
        state.withLock { state in
            state.received.append(message)
            guard state.dropsAfterData > 0 else { return false }
            state.dropsAfterData -= 1
            return true
        }
    }
}
