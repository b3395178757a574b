internal import Disk
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import SMTP
internal import Synchronization

/// How long we wait for others. RFC 5321 §4.5.3.2.
struct SMTPPatience: Sendable {
    var connect = TimeAmount.seconds(30)
    var greeting = TimeAmount.minutes(5)
    var command = TimeAmount.minutes(5)
    var block = TimeAmount.minutes(3)
    var final = TimeAmount.minutes(10)
}

/// A connection to another server that takes one transaction after another. One task uses it at a time.
final class SMTPConnection {
    /// Why no transaction could begin.
    enum OpenFailure: Error, Hashable {
        case connect(String)
        case tls(String)
        /// The server did not want us: another may.
        case refused(Reply)
        case broken(String)
        case cancelled
    }

    /// What a transaction brought.
    struct Result: Sendable {
        /// One for each recipient, nil where its fate is open.
        var replies: [Reply?]
        /// Why the connection broke; nil when it did not.
        var failure: Failure?
        /// The server takes over the duty of notifications.
        var passesNotifications = false
        /// The sender was refused, whoever the recipients are.
        var senderRefusal: Reply?
    }

    enum Failure: Hashable, Sendable {
        case broken(String)
        /// It broke after the final dot: the message may have been taken.
        case inDoubt(String)
        case cancelled
    }

    private struct Closed: Error, CustomStringConvertible { let description = "connection closed" }

    private let channel: any Channel
    private var events: AsyncThrowingStream<ClientEvent, any Error>.Iterator
    private var session: ClientSession
    private var reader = ReplyReader()
    private let tls: ClientTLS
    private let serverName: String?
    private let patience: SMTPPatience
    private var isHandshaking = false
    /// It waits for another transaction, as far as we know.
    private(set) var isReady = false
    /// Transactions so far.
    private(set) var count = 0
    var isEncrypted: Bool { session.isEncrypted }

    private init(
        _ channel: any Channel, _ events: AsyncThrowingStream<ClientEvent, any Error>, _ configuration: ClientConfiguration,
        _ tls: ClientTLS, serverName: String?, _ patience: SMTPPatience
    ) {
        self.channel = channel
        self.events = events.makeAsyncIterator()
        session = ClientSession(configuration)
        self.tls = tls
        self.serverName = serverName
        self.patience = patience
    }

    deinit { channel.close(promise: nil) }

    // MARK: Opening

    /// Connects, greets, starts TLS and authenticates as the configuration says.
    /// - Parameter serverName: for TLS; nil for a server known by its address only
    static func open(
        to address: SocketAddress, serverName: String?, _ configuration: ClientConfiguration, tls: ClientTLS,
        patience: SMTPPatience = SMTPPatience()
    ) async throws(OpenFailure) -> SMTPConnection {
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: ClientEvent.self, bufferingPolicy: .bufferingOldest(ClientFramer.maximumWaiting))
        let channel: any Channel
        do {
            channel = try await connect(to: address, continuation, patience)
        } catch {
            throw Task.isCancelled ? .cancelled : .connect("\(error)")
        }
        let connection = SMTPConnection(channel, stream, configuration, tls, serverName: serverName, patience)
        try await connection.greet()
        return connection
    }

    private static func connect(
        to address: SocketAddress, _ events: AsyncThrowingStream<ClientEvent, any Error>.Continuation, _ patience: SMTPPatience
    ) async throws -> any Channel {
        let attempt = ConnectionAttempt()
        return try await withTaskCancellationHandler {
            try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(patience.connect)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try attempt.begin(channel)
                        try channel.pipeline.syncOperations.addHandler(ClientFramer(events, patience: patience.greeting))
                    }
                }
                .connect(to: address).get()
        } onCancel: {
            attempt.cancel()
        }
    }

    private func greet() async throws(OpenFailure) {
        do {
            try await converse(session.receive(try await event()))
        } catch {
            let failure: OpenFailure = Task.isCancelled ? .cancelled : isHandshaking ? .tls("\(error)") : .broken("\(error)")
            closeNow()
            throw failure
        }
        if !isReady { throw .refused(session.sessionRefusal ?? Reply(451, 4, 4, 2, "Refused")) }
    }

    // MARK: Transactions

    /// Sends one message, or asks about recipients.
    /// - Parameters:
    ///   - message: nil for a probe
    ///   - prefix: fields to send before the message
    func send(_ transaction: ClientTransaction, _ message: OpenFile?, prefix: [UInt8] = []) async -> Result {
        isReady = false
        count += 1
        var failure: Failure?
        do {
            try await converse(session.begin(transaction), message, prefix)
        } catch {
            let reason = "\(error)"
            failure = session.isInDoubt ? .inDoubt(reason) : Task.isCancelled ? .cancelled : .broken(reason)
            closeNow()
        }
        return Result(
            replies: session.results, failure: failure, passesNotifications: session.passesNotifications,
            senderRefusal: session.senderRefusal)
    }

    /// Says good-bye.
    func close() async {
        guard isReady else { return closeNow() }
        isReady = false
        _ = try? await converse(session.quit())
    }

    private func closeNow() {
        isReady = false
        channel.close(promise: nil)
    }

    /// Does what the session says until it waits for a transaction or is over.
    private func converse(
        _ first: ClientSession.Action, _ message: OpenFile? = nil, _ prefix: [UInt8] = []
    ) async throws {
        try await withTaskCancellationHandler {
            try await perform(first, message, prefix)
        } onCancel: { [channel] in
            channel.close(promise: nil)
        }
    }

    private func perform(_ first: ClientSession.Action, _ message: OpenFile?, _ prefix: [UInt8]) async throws {
        var action = first
        while true {
            switch action {
            case .wait: break
            case .send(let bytes): try await write(bytes, patience.command)
            case .startTLS:
                isHandshaking = true
                try await channel.writeAndFlush(ClientCommand.startTLS(tls, serverName: serverName))
            case .sendMessage:
                guard await sendMessage(message, prefix) else {
                    action = session.receive(try await refusal())
                    continue
                }
            case .sendNothing: try await write([0x2E, 0x0D, 0x0A], patience.final)
            case .ready:
                isReady = true
                return
            case .finish(let bytes):
                // A farewell that nobody hears changes nothing.
                try? await write(bytes, .seconds(5))
                return closeNow()
            }
            action = session.receive(try await event())
        }
    }

    private func event() async throws -> ClientSession.Event {
        while let event = try await events.next(isolation: #isolation) {
            switch event {
            case .line(let line): if let reply = try reader.receive(line) { return .reply(reply) }
            case .tlsEstablished:
                isHandshaking = false
                return .tlsEstablished
            }
        }
        throw Closed()
    }

    private func write(_ bytes: [UInt8], _ patience: TimeAmount) async throws {
        try await channel.writeAndFlush(ClientCommand.send(bytes, patience: patience))
    }

    /// False when it could not be written to its end.
    private func sendMessage(_ message: OpenFile?, _ prefix: [UInt8]) async -> Bool {
        var encoder = DataEncoder()
        do {
            if !prefix.isEmpty { try await write(Self.encoded(prefix, &encoder), patience.block) }
            if let message { try await send(message, &encoder) }
        } catch {
            return false
        }
        var end: [UInt8] = []
        encoder.finish(into: &end)
        // Of an end that could not be written nobody knows whether it arrived.
        _ = session.receive(.messageSent)
        return (try? await write(end, patience.final)) != nil
    }

    /// A server that stops listening in the middle may have said why.
    private func refusal() async throws -> ClientSession.Event {
        let event = try await event()
        if case .reply(let reply) = event, reply.isPositive, !session.isInDoubt { throw Closed() }
        return event
    }

    private func send(_ message: OpenFile, _ encoder: inout DataEncoder) async throws {
        var offset = 0
        while offset < message.size {
            let start = offset
            let read: @Sendable () throws(StoreError) -> [UInt8] = { () throws(StoreError) in
                try message.read(at: start, count: 128 * 1024)
            }
            let piece = try await DiskExecutor.offload(read)
            guard !piece.isEmpty else { throw StoreError.unavailable(reason: "message file shrank") }
            offset += piece.count
            try await write(Self.encoded(piece, &encoder), patience.block)
        }
    }

    private static func encoded(_ piece: [UInt8], _ encoder: inout DataEncoder) -> [UInt8] {
        var bytes: [UInt8] = []
        piece.withUnsafeBytes { encoder.encode($0, into: &bytes) }
        return bytes
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
