internal import Directory
internal import Formats
internal import Glibc
internal import Logging
internal import NIOCore
internal import SMTP
internal import ServiceLifecycle

/// What all connections of all ports share.
struct MailServices: Sendable {
    let hostname: String
    let directory: Directory
    let authenticator: Authenticator
    let pipeline: InboundPipeline
    let gate: RecipientGate
    let spoolFolder: String
    let tls: TLSSource
    let logger: Logger
}

/// One client's connection: carries events to its `ServerSession`, and does what the session's actions say.
struct MailConnection: ~Copyable {
    private let services: MailServices
    private let peer: Peer
    private let outbound: NIOAsyncChannelOutboundWriter<WireCommand>
    private var session: ServerSession
    private let configuration: ServerConfiguration
    private var sink: MessageSink?
    /// Set while the message comes in chunks.
    private var scanner: LineEndScanner?
    private var chunkIsLast = false
    /// One for each accepted recipient of the transaction.
    private var admissions: [RecipientGate.Admission] = []
    /// The same, for mail from outside: the first fixes what the transaction's policy is.
    private var policies: [RecipientPolicy] = []
    /// The same by path, so that a path given again costs nothing.
    private var admitted: [ForwardPath: RecipientGate.Admission] = [:]
    private var sender = ReversePath.null
    /// Every recipient so far comes from the other server of its domain, or of the sender's.
    private var isInternalHop = true
    private var account: Account?
    /// Replies that wait for the end of the group (RFC 2920 §3.2).
    private var unsent: [UInt8] = []
    /// Told how far the connection has come, whenever it gets on.
    private let note: @Sendable (ConnectionLimits.Stage) -> Void
    /// Octets of a message since `note` was last told.
    private var unnoted = 0
    /// The client closed its side.
    private var hasEnded = false

    init(
        _ services: MailServices, _ configuration: ServerConfiguration, peer: Peer,
        outbound: NIOAsyncChannelOutboundWriter<WireCommand>, note: @escaping @Sendable (ConnectionLimits.Stage) -> Void
    ) {
        self.note = note
        self.services = services
        self.configuration = configuration
        self.peer = peer
        self.outbound = outbound
        session = ServerSession(configuration)
    }

    /// Serves the connection until one side ends it, or the server shuts down.
    mutating func run(_ inbound: NIOAsyncChannelInboundStream<WireEvent>) async throws {
        try await perform(session.receive(.connected), hasMore: false)
        for try await event in inbound.cancelOnGracefulShutdown() {
            try await receive(event)
            if session.isClosed || hasEnded { return }
            noteProgress(event)
        }
        try await perform(session.receive(.shuttingDown), hasMore: false)
    }

    private mutating func receive(_ event: WireEvent) async throws {
        switch event {
        case .line(let line, let hasMore): try await perform(session.receive(.line(line)), hasMore: hasMore)
        case .lineTooLong(let hasMore): try await perform(session.receive(.lineTooLong), hasMore: hasMore)
        case .bareLineEnd(let hasMore): try await perform(session.receive(.bareLineEnd), hasMore: hasMore)
        case .data(let bytes):
            scanner?.scan(bytes)
            await sink?.append(bytes)
            if sink?.isFlooded ?? false { try await perform(session.receive(.flooded), hasMore: false) }
        case .endOfChunk: try await endChunk()
        case .endOfData(let size, let isBare):
            let refusal = refusal(size: size, hasBareControl: isBare)
            try await perform(session.receive(.messageReceived(refusal: refusal)), hasMore: false)
        case .tlsEstablished: try await perform(session.receive(.tlsEstablished), hasMore: true)
        case .timedOut: try await perform(session.receive(.timedOut), hasMore: false)
        case .crowdedOut: try await perform(session.receive(.crowdedOut), hasMore: false)
        case .outOfTurn: try await perform(session.receive(.outOfTurn), hasMore: false)
        case .inputEnded:
            hasEnded = true
            outbound.finish()
        }
    }

    /// An answered command counts, and so does a good piece of a message: one octet a minute does not.
    private mutating func noteProgress(_ event: WireEvent) {
        if case .data(let bytes) = event {
            unnoted += bytes.count
            guard unnoted >= 16_384 else { return }
        }
        unnoted = 0
        note(session.isInTransaction ? .busy : session.client.greeting.isEmpty ? .silent : .idle)
    }

    private mutating func endChunk() async throws {
        guard chunkIsLast else { return try await perform(session.receive(.chunkReceived), hasMore: false) }
        let refusal = refusal(size: sink?.size ?? 0, hasBareControl: scanner?.hasBareControl ?? true)
        try await perform(session.receive(.messageReceived(refusal: refusal)), hasMore: false)
    }

    private func refusal(size: Int, hasBareControl: Bool) -> Reply? {
        if hasBareControl { return .bareControl }
        if size > configuration.limits.messageSize { return .messageTooBig }
        return sink?.failed ?? true ? .insufficientStorage : nil
    }

    /// Does what the action says, and what follows from it, to the end of the turn.
    private mutating func perform(_ first: consuming ServerSession.Action, hasMore: Bool) async throws {
        var action = first
        while true {
            switch action {
            case .reply(let reply):
                reply.serialize(into: &unsent)
                return try await flush(unless: hasMore)
            case .replies(let replies):
                for reply in replies { reply.serialize(into: &unsent) }
                return try await flush(unless: hasMore)
            case .replyThenData(let reply):
                reply.serialize(into: &unsent)
                return try await outbound.write(.replyThenData(takeUnsent()))
            case .readChunk(let size, let isLast, let isKept):
                if isKept { scanner = scanner ?? LineEndScanner() } else { sink = nil }
                chunkIsLast = isLast && isKept
                return try await outbound.write(.readChunk(takeUnsent(), size: size))
            case .replyThenTLS(let reply): return try await startTLS(reply)
            case .replyThenClose(let reply):
                reply.serialize(into: &unsent)
                logEnd(reply)
                try await outbound.write(.reply(takeUnsent()))
                return outbound.finish()
            case .close: return outbound.finish()
            case .authenticate(let username, let password):
                action = session.receive(await authenticate(username, password))
            case .checkSender(let path): action = session.receive(checkSender(path))
            case .resolve(let path): action = session.receive(await resolve(path))
            case .openMessage:
                scanner = nil
                sink = MessageSink(folder: services.spoolFolder, limit: configuration.limits.messageSize)
                action = session.receive(.messageOpened)
            case .deliver(let envelope):
                let replies = await deliver(envelope)
                try await outbound.write(.extendSession)
                action = session.receive(.delivered(replies))
            }
        }
    }

    private mutating func flush(unless hasMore: Bool) async throws {
        if !hasMore { try await outbound.write(.reply(takeUnsent())) }
    }

    private mutating func takeUnsent() -> [UInt8] {
        defer { unsent = [] }
        return unsent
    }

    // MARK: The session's questions

    private mutating func startTLS(_ reply: Reply) async throws {
        guard let context = services.tls.context() else {
            Reply.tlsUnavailable.serialize(into: &unsent)
            try await outbound.write(.reply(takeUnsent()))
            return outbound.finish()
        }
        reply.serialize(into: &unsent)
        try await outbound.write(.replyThenTLS(takeUnsent(), context))
    }

    private mutating func authenticate(_ username: String, _ password: String) async -> ServerSession.Event {
        do {
            let account = try await services.authenticator.authenticate(
                address: username, password: password, client: peer.address)
            self.account = account
            services.logger.notice(
                "log-in accepted", metadata: ["peer": "\(peer)", "account": "\(account.address)"])
            return .authenticated(identity: account.address.description)
        } catch {
            logFailedLogIn(username, error)
            switch error {
            case .refused: return .notAuthenticated(.authenticationFailed)
            case .throttled: return .notAuthenticated(Reply(454, 4, 7, 0, "Too many failures, try again later"))
            case .unavailable: return .notAuthenticated(Reply(454, 4, 7, 0, "Temporary authentication failure"))
            }
        }
    }

    /// The name is told only where it is one of ours: people type their password into the wrong field.
    private func logFailedLogIn(_ username: String, _ failure: Authenticator.Failure) {
        var metadata: Logger.Metadata = ["peer": "\(peer)", "reason": "\(failure)"]
        if let address = try? MailAddress(parsing: username), let account = services.directory.snapshot.account(address) {
            metadata["account"] = "\(account.address)"
        }
        services.logger.notice("log-in refused", metadata: metadata)
    }

    private mutating func checkSender(_ path: ReversePath) -> ServerSession.Event {
        forgetRecipients()
        sender = path
        guard configuration.mode == .submission else { return .senderAccepted }
        if let hold = session.requestedHold, hold.end(now: Int64(time(nil)), longest: Submitter.longestHold) == nil {
            return .senderRefused(Reply(501, 5, 5, 4, "The message cannot be held for so long"))
        }
        let snapshot = services.directory.snapshot
        // Disabled or changed since it authenticated: what holds is the directory now.
        guard let known = account, let account = snapshot.account(id: known.id), account.isEnabled else {
            return .senderRefused(.authenticationRequired)
        }
        self.account = account
        // Notifications that mail programs send (MDN) come from nobody.
        if path == .null { return .senderAccepted }
        guard let address = path.address, SenderPolicy(snapshot).allows(account, toSendAs: address) else {
            logRefusal("sender refused", ["from": "\(path)"])
            return .senderRefused(Reply(553, 5, 7, 1, "Not allowed to send as this address"))
        }
        return .senderAccepted
    }

    private mutating func resolve(_ path: ForwardPath) async -> ServerSession.Event {
        let client = RecipientClient(address: MessageSource(session.client, peer).judged, sender: sender, account: account)
        do throws(RecipientGate.Refusal) {
            let known = admitted[path]
            let admission = if let known { known } else { try await services.gate.admit(path, from: client) }
            if let refusal = takePolicy(of: path) { throw RecipientGate.Refusal(reply: refusal) }
            if known == nil, isInternalHop { isInternalHop = await services.gate.isInternalHop(client, to: path) }
            admissions.append(admission)
            admitted[path] = admission
            return .recipientAccepted
        } catch {
            var metadata: Logger.Metadata = ["from": "\(sender)", "to": "\(path)", "reason": "\(error.reply.text)"]
            if let entry = error.blocked { metadata["list"] = "\(entry.pattern) of \(entry.scope?.ascii ?? "all")" }
            logRefusal("recipient refused", metadata)
            return .recipientRefused(error.reply)
        }
    }

    /// What the recipient's domain says of the sender, kept when it is accepted. Our own people are not asked.
    private mutating func takePolicy(of path: ForwardPath) -> Reply? {
        guard account == nil else { return nil }
        let isLMTP = configuration.mode == .lmtp
        let policy = RecipientPolicy(
            of: path, sender: sender, client: MessageSource(session.client, peer).judged, hostname: services.hostname,
            in: services.directory.snapshot)
        if let refusal = policy.refusal(after: isLMTP ? nil : policies.first) { return refusal }
        policies.append(policy)
        return nil
    }

    private mutating func forgetRecipients() {
        admissions = []
        policies = []
        admitted = [:]
        isInternalHop = true
    }

    private mutating func deliver(_ envelope: Envelope) async -> [Reply] {
        guard let content = sink.take()?.finish() else { return [.localError] }
        let now = Int64(time(nil))
        let origin = TraceHeaders.Origin(
            client: session.client, peer: peer, hostname: services.hostname, id: QueueID.make(now: now),
            isSMTPUTF8: envelope.isSMTPUTF8, time: now)
        let mail = IncomingMail(
            envelope: envelope, resolutions: admissions.map(\.resolution), policies: policies, content: content,
            origin: origin, account: account, isInternalHop: isInternalHop)
        forgetRecipients()
        return await services.pipeline.accept(mail)
    }

    // MARK: Log

    private func logRefusal(_ message: Logger.Message, _ metadata: Logger.Metadata) {
        services.logger.notice(message, metadata: metadata.merging(["peer": "\(peer)"]) { first, _ in first })
    }

    private func logEnd(_ reply: Reply) {
        // Those who are crowded out are told of together.
        guard !reply.isPositive, reply != .crowdedOut else { return }
        services.logger.info("connection ended", metadata: ["peer": "\(peer)", "reason": "\(reply.text)"])
    }
}
