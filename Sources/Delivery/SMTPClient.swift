internal import Disk
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import SMTP
internal import Synchronization

/// Sends one message over one connection.
struct SMTPClient: Sendable {
    /// How long we wait for others. RFC 5321 §4.5.3.2.
    struct Patience: Sendable {
        var connect = TimeAmount.seconds(30)
        var greeting = TimeAmount.minutes(5)
        var command = TimeAmount.minutes(5)
        var block = TimeAmount.minutes(3)
        var final = TimeAmount.minutes(10)
    }

    /// What a connection brought.
    struct Result: Sendable {
        /// One for each recipient, nil where its fate is open.
        var replies: [Reply?]
        /// The server did not want us at all: another may.
        var refusal: Reply?
        /// Why the connection broke; nil when it ended well.
        var failure: Failure?
        var isEncrypted = false
    }

    enum Failure: Hashable, Sendable {
        case connect(String)
        case tls(String)
        case broken(String)
        /// It broke after the final dot: the message may have been taken.
        case inDoubt(String)
        case cancelled
    }

    private typealias Connection = NIOAsyncChannel<ClientEvent, ClientCommand>

    let tls: NIOSSLContext
    var patience = Patience()

    /// - Parameters:
    ///   - message: nil only for a configuration that verifies
    ///   - prefix: fields to send before the message
    func send(
        _ message: OpenFile?, prefix: [UInt8] = [], to address: SocketAddress, serverName: String,
        _ configuration: ClientConfiguration
    ) async -> Result {
        let none = [Reply?](repeating: nil, count: configuration.recipients.count)
        let connection: Connection
        do {
            connection = try await connect(to: address)
        } catch {
            return Result(replies: none, failure: Task.isCancelled ? .cancelled : .connect("\(error)"))
        }
        do {
            return try await connection.executeThenClose { inbound, outbound in
                var conversation = Conversation(
                    client: self, outbound: outbound, message: message, prefix: prefix, serverName: serverName, configuration)
                return await conversation.run(inbound)
            }
        } catch {
            return Result(replies: none, failure: .broken("\(error)"))
        }
    }

    private func connect(to address: SocketAddress) async throws -> Connection {
        let patience = patience
        let attempt = ConnectionAttempt()
        return try await withTaskCancellationHandler {
            try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(patience.connect)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connect(to: address) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try attempt.begin(channel)
                        try channel.pipeline.syncOperations.addHandler(ClientFramer(patience: patience.greeting))
                        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } onCancel: {
            attempt.cancel()
        }
    }
}

/// A connection that is being made, and can be given up: a dead host answers to nobody's hurry.
private final class ConnectionAttempt: Sendable {
    private struct State {
        var channel: (any Channel)?
        var isCancelled = false
    }

    private let state = Mutex(State())

    func begin(_ channel: any Channel) throws {
        let isCancelled = state.withLock { state in
            state.channel = channel
            return state.isCancelled
        }
        if isCancelled { throw CancellationError() }
    }

    func cancel() {
        let channel = state.withLock { state in
            state.isCancelled = true
            return state.channel
        }
        channel?.close(promise: nil)
    }
}

/// One `ClientSession` and the connection that obeys it.
private struct Conversation: ~Copyable {
    private let client: SMTPClient
    private let outbound: NIOAsyncChannelOutboundWriter<ClientCommand>
    private let message: OpenFile?
    private let prefix: [UInt8]
    private let serverName: String
    private var session: ClientSession
    private var reader = ReplyReader()
    private var isHandshaking = false
    private var isFinished = false

    init(
        client: SMTPClient, outbound: NIOAsyncChannelOutboundWriter<ClientCommand>, message: OpenFile?,
        prefix: [UInt8], serverName: String, _ configuration: ClientConfiguration
    ) {
        self.client = client
        self.outbound = outbound
        self.message = message
        self.prefix = prefix
        self.serverName = serverName
        session = ClientSession(configuration)
    }

    mutating func run(_ inbound: NIOAsyncChannelInboundStream<ClientEvent>) async -> SMTPClient.Result {
        var failure: SMTPClient.Failure?
        do {
            for try await event in inbound {
                try await receive(event)
                if isFinished { break }
            }
            if Task.isCancelled {
                failure = .cancelled
            } else if !isFinished {
                failure = broken("connection closed")
            }
        } catch {
            failure = Task.isCancelled && !session.isInDoubt ? .cancelled : broken("\(error)")
        }
        if isFinished { failure = nil }
        return .init(
            replies: session.results, refusal: session.sessionRefusal, failure: failure,
            isEncrypted: session.isEncrypted)
    }

    private func broken(_ reason: String) -> SMTPClient.Failure {
        if isHandshaking { return .tls(reason) }
        return session.isInDoubt ? .inDoubt(reason) : .broken(reason)
    }

    private mutating func receive(_ event: ClientEvent) async throws {
        switch event {
        case .line(let line):
            if let reply = try reader.receive(line) { try await perform(session.receive(.reply(reply))) }
        case .tlsEstablished:
            isHandshaking = false
            try await perform(session.receive(.tlsEstablished))
        }
    }

    private mutating func perform(_ action: ClientSession.Action) async throws {
        switch action {
        case .wait: break
        case .send(let bytes): try await outbound.write(.send(bytes, patience: client.patience.command))
        case .startTLS:
            isHandshaking = true
            try await outbound.write(.startTLS(client.tls, serverName: IPAddress(serverName) == nil ? serverName : nil))
        case .sendMessage:
            try await sendMessage()
            _ = session.receive(.messageSent)
        case .sendNothing: try await outbound.write(.send([0x2E, 0x0D, 0x0A], patience: client.patience.final))
        case .finish(let bytes):
            isFinished = true
            // A farewell that nobody hears changes nothing.
            try? await outbound.write(.send(bytes, patience: .seconds(5)))
            outbound.finish()
        }
    }

    private func sendMessage() async throws {
        var encoder = DataEncoder()
        var offset = 0
        guard let file = message else { throw StoreError.invalid(reason: "no message to send") }
        if !prefix.isEmpty { try await outbound.write(.send(encoded(prefix, &encoder), patience: client.patience.block)) }
        while offset < file.size {
            let start = offset
            let read: @Sendable () throws(StoreError) -> [UInt8] = { () throws(StoreError) in
                try file.read(at: start, count: 128 * 1024)
            }
            let piece = try await DiskExecutor.offload(read)
            guard !piece.isEmpty else { throw StoreError.unavailable(reason: "message file shrank") }
            offset += piece.count
            try await outbound.write(.send(encoded(piece, &encoder), patience: client.patience.block))
        }
        var end: [UInt8] = []
        encoder.finish(into: &end)
        try await outbound.write(.send(end, patience: client.patience.final))
    }
    private func encoded(_ piece: [UInt8], _ encoder: inout DataEncoder) -> [UInt8] {
        var bytes: [UInt8] = []
        piece.withUnsafeBytes { encoder.encode($0, into: &bytes) }
        return bytes
    }
}
