internal import HTTPTypes
internal import Hummingbird
internal import JMAP
internal import MailStore
internal import NIOCore
internal import ServiceLifecycle
internal import Synchronization
internal import Web

/// The arguments of an event stream (RFC 8620 §7.3).
struct EventOptions: Sendable {
    /// Nil: all.
    let types: Set<String>?
    let closesAfterState: Bool
    /// Seconds; 0 for none.
    let ping: Int

    init(types: Set<String>?, closesAfterState: Bool, ping: Int) {
        self.types = types
        self.closesAfterState = closesAfterState
        self.ping = ping
    }

    init(_ request: Hummingbird.Request) throws(Web.Problem) {
        let names = request.query("types") ?? "*"
        types = names == "*" ? nil : Set(names.split(separator: ",").map(String.init))
        switch request.query("closeafter") ?? "no" {
        case "no": closesAfterState = false
        case "state": closesAfterState = true
        default: throw Web.Problem(.badRequest, code: "badArgument", detail: "closeafter must be \"state\" or \"no\".")
        }
        let text = request.query("ping") ?? "0"
        guard let seconds = Int(text), seconds >= 0 else {
            throw Web.Problem(.badRequest, code: "badArgument", detail: "ping must be a number of seconds.")
        }
        ping = seconds == 0 ? 0 : min(max(seconds, 5), 900)
    }
}

extension Webmail {
    /// `GET /jmap/events/` (RFC 8620 §7.3).
    func events(_ request: Hummingbird.Request, _ context: AppContext) async throws -> Response {
        let options = try EventOptions(request)
        let account = try await account(context)
        let changes = account.mail.changes()
        let states = try await EventStream.states(of: account.mail)
        let stream = EventStream(
            accountId: account.id, options: options, current: states, seen: request.headers[EventStream.lastEventId])
        let listeners = listeners
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-cache, no-store",
                HTTPField.Name("X-Accel-Buffering")!: "no",
            ],
            body: ResponseBody { writer in
                guard listeners.enter(account.id.rawValue) else { return try await writer.finish(nil) }
                defer { listeners.leave(account.id.rawValue) }
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    // Something at once, so that proxies and clients see the stream open.
                    try await writer.write(ByteBuffer(string: ": connected\n\n"))
                    var wakes = stream.wakes(changes).cancelOnGracefulShutdown().makeAsyncIterator()
                    while let text = try await stream.next(&wakes) { try await writer.write(ByteBuffer(string: text)) }
                }
                try await writer.finish(nil)
            })
    }
}

/// One client's stream of events: which states it has been told.
final class EventStream: Sendable {
    private struct Progress {
        /// The states that the client knows.
        var told: [String: String]
        /// The states now.
        var current: [String: String]
        var lastEvent = ContinuousClock.now
        var lastState: ContinuousClock.Instant?
        /// The client wanted one state, and has it.
        var isOver = false
    }

    private let accountId: Id
    private let options: EventOptions
    private let progress: Mutex<Progress>

    static let lastEventId = HTTPField.Name("Last-Event-ID")!
    private static let kinds: [ChangeKind] = [
        .email, .mailbox, .thread, .emailDelivery, .identity, .emailSubmission, .sieveScript, .vacationResponse,
    ]
    /// At most one state event in this time.
    private static let coalescing = Duration.milliseconds(100)

    /// - Parameter seen: the client's `Last-Event-ID`: what it does not know yet is sent at once.
    init(accountId: Id, options: EventOptions, current: [String: String], seen: String?) {
        self.accountId = accountId
        self.options = options
        let known = seen.map(Self.parse) ?? [:]
        // A client without an id, or with one of ours that lacks a type, starts from now.
        progress = Mutex(Progress(told: current.merging(known) { $1 }, current: current))
    }

    static func states(of mail: MailAccount) async throws -> [String: String] {
        try await mail.read { reader in
            var states: [String: String] = [:]
            for kind in kinds { states[kind.rawValue] = try reader.state(kind).rawValue }
            return states
        }
    }

    enum Wake { case changed, tick }

    /// When to look whether there is something to send: at once, after each change, and when a ping may be due. It ends with
    /// the account's feed; whoever stops to iterate ends what feeds it.
    func wakes(_ changes: AsyncStream<StateChange>) -> AsyncStream<Wake> {
        let (wakes, source) = AsyncStream<Wake>.makeStream(bufferingPolicy: .bufferingNewest(2))
        source.yield(.changed)
        let feeder = Task { await self.feed(changes, to: source) }
        source.onTermination = { _ in feeder.cancel() }
        return wakes
    }

    /// The next event, as text to send; nil when the stream is to end: the server stops, or the client wanted one state.
    func next<Wakes: AsyncIteratorProtocol>(_ wakes: inout Wakes) async throws -> String? where Wakes.Element == Wake {
        if progress.withLock({ $0.isOver }) { return nil }
        while let wake = try await wakes.next(isolation: #isolation) {
            switch wake {
            case .changed:
                // What changes soon after an event goes into the next one.
                try await Task.sleep(for: untilNextState)
                if let text = stateEvent() { return text }
            case .tick:
                guard isPingDue else { continue }
                progress.withLock { $0.lastEvent = .now }
                return "event: ping\ndata: {\"interval\":\(options.ping)}\n\n"
            }
        }
        return nil
    }

    private func feed(_ changes: AsyncStream<StateChange>, to source: AsyncStream<Wake>.Continuation) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await change in changes {
                    self.take(change)
                    source.yield(.changed)
                }
                source.finish()
            }
            if options.ping > 0 {
                group.addTask {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: self.untilPing)
                        source.yield(.tick)
                    }
                }
            }
        }
    }

    private func take(_ change: StateChange) {
        progress.withLock { progress in
            for (kind, state) in change.states where Self.kinds.contains(kind) { progress.current[kind.rawValue] = state.rawValue }
        }
    }

    private var untilPing: Duration {
        let last = progress.withLock { $0.lastEvent }
        return max(.milliseconds(50), .seconds(options.ping) - last.duration(to: .now))
    }

    private var untilNextState: Duration {
        let last = progress.withLock { $0.lastState }
        return last.map { max(.zero, Self.coalescing - $0.duration(to: .now)) } ?? .zero
    }

    private var isPingDue: Bool {
        progress.withLock { $0.lastEvent }.duration(to: .now) >= .seconds(options.ping) - .milliseconds(20)
    }

    /// A `state` event of what the client does not know yet; nil when it knows all.
    private func stateEvent() -> String? {
        let (changed, id) = progress.withLock { progress in
            let changed = progress.current.filter { name, state in
                (options.types?.contains(name) ?? true) && progress.told[name] != state
            }
            for (name, state) in changed { progress.told[name] = state }
            if !changed.isEmpty {
                progress.lastEvent = .now
                progress.lastState = .now
                progress.isOver = options.closesAfterState
            }
            return (changed, Self.format(progress.told))
        }
        guard !changed.isEmpty else { return nil }
        let states = changed.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
        let change: JSON = [
            "@type": "StateChange", "changed": .object([accountId.rawValue: .object(JSONObject(unique: states))]),
        ]
        return "event: state\nid: \(id)\ndata: \(change)\n\n"
    }

    // MARK: The event id: all states that the client knows

    private static func format(_ states: [String: String]) -> String {
        states.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    private static func parse(_ id: String) -> [String: String] {
        var states: [String: String] = [:]
        for item in id.split(separator: ",") {
            let pair = item.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { states[String(pair[0])] = String(pair[1]) }
        }
        return states
    }
}
