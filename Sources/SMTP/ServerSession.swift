internal import Formats

/// The server's side of one SMTP or LMTP connection, as a value: events in, one action out. RFC 5321, 2033, 3207, 4954, 6409.
///
/// The I/O obeys: it performs the action, and when the action asks something (`authenticate`, `resolve`, `openMessage`,
/// `deliver`) it brings the answer back as the next event before it brings another line. Nothing here waits, logs or counts time.
/// Memory is bounded: `limits.recipients` paths and one SASL response.
package struct ServerSession: ~Copyable, Sendable {
    /// What the I/O tells the session.
    package enum Event: Sendable {
        case connected
        /// A command line without CRLF.
        case line([UInt8])
        case lineTooLong
        /// A command line that ended in LF alone.
        case bareLineEnd
        case tlsEstablished
        // Answers to questions.
        case authenticated(identity: String)
        case notAuthenticated(Reply)
        case senderAccepted
        case senderRefused(Reply)
        case recipientAccepted
        case recipientRefused(Reply)
        case messageOpened
        case messageNotOpened(Reply)
        /// The end of data came. `refusal` says why the message cannot be taken, if so.
        case messageReceived(refusal: Reply?)
        /// The octets of a chunk that is not the last, or that was not kept, have come.
        case chunkReceived
        /// SMTP: one reply. LMTP: one for each recipient, in the order of RCPT.
        case delivered([Reply])
        // The world.
        case timedOut
        case shuttingDown
    }

    /// What the I/O is to do. Every action but the questions ends a turn.
    package enum Action: Sendable {
        case reply(Reply)
        /// Send `reply`, then read a message (through `DataDecoder`), in the same tick.
        case replyThenData(Reply)
        /// Send `reply` in clear, drop what was pipelined, then start TLS, in the same tick. RFC 3207 §6.
        case replyThenTLS(Reply)
        /// Read so many octets of the message, and say `chunkReceived`, or after the last that is kept `messageReceived`. RFC 3030.
        case readChunk(size: Int, isLast: Bool, isKept: Bool)
        case replies([Reply])
        case replyThenClose(Reply)
        case authenticate(username: String, password: String)
        case checkSender(ReversePath)
        case resolve(ForwardPath)
        case openMessage(Envelope)
        case deliver(Envelope)
        case close
    }

    private enum Phase {
        case greeting
        case ready
        /// MAIL was accepted.
        case transaction
        case passwordExpected(SASL)
        case asking(Question)
        case receiving
        case chunk(Chunk)
        case handshaking
        case closed
    }

    private enum SASL { case plain, loginUser, loginPassword(user: String) }
    /// A chunk on its way; with `refusal` it is read to be dropped.
    private struct Chunk {
        let size: Int
        let isLast: Bool
        var refusal: Reply?
    }

    private enum Question { case authentication, sender, recipient(ForwardPath), message, delivery }

    private let configuration: ServerConfiguration
    private var phase = Phase.greeting
    private var hasTLS: Bool
    private var envelope: Envelope?
    /// What the first BDAT of a transaction waits with while the message is opened.
    private var firstChunk: Chunk?
    /// BDAT has begun: nothing but BDAT may follow.
    private var isChunking = false
    private var errors = 0
    private var idleCommands = 0
    private var authenticationFailures = 0
    private var refusedRecipients = 0
    /// What the client said about itself so far.
    package private(set) var client = ClientFacts()

    package init(_ configuration: ServerConfiguration) {
        self.configuration = configuration
        hasTLS = configuration.startsWithTLS
        client.isTLS = hasTLS
        client.isLMTP = configuration.mode == .lmtp
    }

    package var isClosed: Bool { if case .closed = phase { true } else { false } }

    package mutating func receive(_ event: Event) -> Action {
        switch event {
        case .connected: return .reply(greeting)
        case .line(let line): return receive(line: line)
        case .lineTooLong: return fail(.lineTooLong)
        case .bareLineEnd: return fail(.bareLineEnd)
        case .tlsEstablished: return tlsEstablished()
        case .authenticated(let identity): return authenticated(identity)
        case .notAuthenticated(let reply): return notAuthenticated(reply)
        case .senderAccepted: return answerSender(nil)
        case .senderRefused(let reply): return answerSender(reply)
        case .recipientAccepted: return answerRecipient(nil)
        case .recipientRefused(let reply): return answerRecipient(reply)
        case .messageOpened: return answerMessage(nil)
        case .messageNotOpened(let reply): return answerMessage(reply)
        case .messageReceived(let refusal): return messageReceived(refusal)
        case .chunkReceived: return chunkReceived()
        case .delivered(let replies): return delivered(replies)
        case .timedOut: return close(with: .timeout)
        case .shuttingDown: return close(with: .shuttingDown)
        }
    }

    private var greeting: Reply {
        Reply(220, "\(configuration.hostname) \(configuration.mode == .lmtp ? "LMTP" : "ESMTP") ready")
    }

    // MARK: Lines

    private mutating func receive(line: [UInt8]) -> Action {
        switch phase {
        case .passwordExpected(let step): return receiveSASL(line, step)
        case .ready, .transaction, .greeting: break
        case .asking, .receiving, .chunk, .handshaking, .closed: return close(with: .badSequence)
        }
        do {
            return perform(try Command(parsing: line))
        } catch {
            return error == .chunkSize ? close(with: error.reply) : fail(error.reply)
        }
    }

    private mutating func perform(_ command: Command) -> Action {
        switch command {
        case .helo(let name): return configuration.mode == .lmtp ? fail(.unknownCommand) : greet(name, extended: false)
        case .ehlo(let name): return configuration.mode == .lmtp ? fail(.unknownCommand) : greet(name, extended: true)
        case .lhlo(let name): return configuration.mode == .lmtp ? greet(name, extended: true) : fail(.unknownCommand)
        case .mail(let path, let parameters): return mail(path, parameters)
        case .rcpt(let path, let isInternational): return recipient(path, isInternational)
        case .data: return data()
        case .bdat(let size, let isLast): return chunk(Chunk(size: size, isLast: isLast))
        case .rset:
            reset()
            return idle(.ok)
        case .noop: return idle(.ok)
        case .help: return idle(Reply(214, 2, 0, 0, "See RFC 5321"))
        case .verify: return idle(Reply(252, 2, 5, 0, "Send the message, and see"))
        case .expand: return fail(.notImplemented)
        case .startTLS: return startTLS()
        case .auth(let mechanism, let initial): return authenticate(mechanism, initial)
        case .quit: return close(with: .bye)
        case .quitHTTP: return close(with: Reply(421, 4, 7, 0, "This is not a web server"))
        }
    }

    /// Harmless, but not for ever: who only says NOOP keeps a connection from others.
    private mutating func idle(_ reply: Reply) -> Action {
        idleCommands += 1
        return idleCommands > configuration.limits.idleCommands ? close(with: .tooManyErrors) : .reply(reply)
    }

    private mutating func fail(_ reply: Reply) -> Action {
        errors += 1
        return errors > configuration.limits.errors ? close(with: .tooManyErrors) : .reply(reply)
    }

    private mutating func close(with reply: Reply) -> Action {
        if case .closed = phase { return .close }
        phase = .closed
        return .replyThenClose(reply)
    }

    private mutating func reset() {
        envelope = nil
        isChunking = false
        firstChunk = nil
        if case .transaction = phase { phase = .ready }
    }

    // MARK: Greeting and extensions

    private mutating func greet(_ name: String, extended: Bool) -> Action {
        reset()
        phase = .ready
        client.greeting = name
        client.isExtended = extended
        guard extended else { return .reply(Reply(250, configuration.hostname)) }
        return idle(Reply(250, lines: [configuration.hostname] + extensions))
    }

    private var extensions: [String] {
        var list = ["PIPELINING", "SIZE \(configuration.limits.messageSize)", "8BITMIME", "SMTPUTF8"]
        list += ["CHUNKING", "ENHANCEDSTATUSCODES"]
        if offersTLS { list.append("STARTTLS") }
        if offersAuthentication { list.append("AUTH PLAIN LOGIN") }
        return list
    }

    private var offersTLS: Bool { configuration.offersSTARTTLS && !hasTLS }
    private var offersAuthentication: Bool {
        configuration.mode == .submission && client.identity == nil && (hasTLS || configuration.isLoopback)
    }

    private mutating func startTLS() -> Action {
        guard !hasTLS else { return fail(.badSequence) }
        guard configuration.offersSTARTTLS else { return fail(.tlsUnavailable) }
        guard envelope == nil else { return fail(.badSequence) }
        phase = .handshaking
        return .replyThenTLS(.goAhead)
    }

    // RFC 3207 §4.2: what was said in clear is forgotten, the greeting included.
    private mutating func tlsEstablished() -> Action {
        hasTLS = true
        envelope = nil
        client = ClientFacts(isLMTP: configuration.mode == .lmtp, isTLS: true)
        phase = .greeting
        return .replies([])
    }

    // MARK: AUTH. RFC 4954, RFC 4616

    private mutating func authenticate(_ mechanism: String, _ initial: [UInt8]?) -> Action {
        guard configuration.mode == .submission else { return fail(.notImplemented) }
        guard case .ready = phase, client.isExtended, client.identity == nil else { return fail(.badSequence) }
        guard hasTLS || configuration.isLoopback else { return fail(.mustStartTLS) }
        switch (mechanism, initial) {
        case ("PLAIN", nil): return challenge("", .plain)
        case ("PLAIN", .some(let response)): return receiveSASL(response == [0x3D] ? [] : response, .plain)
        case ("LOGIN", nil): return challenge("Username:", .loginUser)
        case ("LOGIN", .some(let response)): return receiveSASL(response == [0x3D] ? [] : response, .loginUser)
        default: return fail(.mechanismUnknown)
        }
    }

    private mutating func challenge(_ text: String, _ step: SASL) -> Action {
        phase = .passwordExpected(step)
        return .reply(Reply(334, String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self)))
    }

    private mutating func receiveSASL(_ line: [UInt8], _ step: SASL) -> Action {
        phase = .ready
        if line == [0x2A] { return fail(.authenticationCancelled) }
        guard let bytes = Base64.decodeStrictly(String(decoding: line, as: UTF8.self)) else { return fail(.authenticationMalformed) }
        switch step {
        case .plain:
            let fields = bytes.split(separator: 0, omittingEmptySubsequences: false)
            guard fields.count == 3, let user = String(validating: fields[1], as: UTF8.self), !user.isEmpty,
                let password = String(validating: fields[2], as: UTF8.self), !password.isEmpty
            else { return fail(.authenticationMalformed) }
            // Acting for another than oneself is nobody's right.
            guard fields[0].isEmpty || fields[0].elementsEqual(fields[1]) else { return refuseAuthentication() }
            return ask(user, password)
        case .loginUser:
            guard let user = String(validating: bytes, as: UTF8.self), !user.isEmpty else {
                return fail(.authenticationMalformed)
            }
            return challenge("Password:", .loginPassword(user: user))
        case .loginPassword(let user):
            guard let password = String(validating: bytes, as: UTF8.self) else { return fail(.authenticationMalformed) }
            return ask(user, password)
        }
    }

    private mutating func ask(_ user: String, _ password: String) -> Action {
        phase = .asking(.authentication)
        return .authenticate(username: user, password: password)
    }

    private mutating func authenticated(_ identity: String) -> Action {
        phase = .ready
        client.identity = identity
        return .reply(.authenticated)
    }

    private mutating func notAuthenticated(_ reply: Reply) -> Action {
        phase = .ready
        guard reply.isPermanent else { return fail(reply) }
        return refuseAuthentication(reply)
    }

    private mutating func refuseAuthentication(_ reply: Reply = .authenticationFailed) -> Action {
        authenticationFailures += 1
        guard authenticationFailures < configuration.limits.authenticationFailures else {
            return close(with: .tooManyErrors)
        }
        return fail(reply)
    }

    // MARK: The transaction

    private mutating func mail(_ path: ReversePath, _ parameters: MailParameters) -> Action {
        switch phase {
        case .greeting: return fail(.greetFirst)
        case .ready: break
        default: return fail(Reply(503, 5, 5, 1, "Sender already given"))
        }
        guard configuration.mode != .submission || client.identity != nil else { return fail(.authenticationRequired) }
        guard parameters.isSMTPUTF8 || !parameters.hasInternationalPath else { return fail(.needsSMTPUTF8) }
        guard parameters.size ?? 0 <= configuration.limits.messageSize else { return fail(.messageTooBig) }
        envelope = Envelope(
            sender: path, isEightBit: parameters.isEightBit, isSMTPUTF8: parameters.isSMTPUTF8,
            declaredSize: parameters.size)
        phase = .asking(.sender)
        return .checkSender(path)
    }

    private mutating func answerSender(_ refusal: Reply?) -> Action {
        guard let refusal else {
            phase = .transaction
            return .reply(.senderOK)
        }
        phase = .ready
        envelope = nil
        return fail(refusal)
    }

    private mutating func recipient(_ path: ForwardPath, _ isInternational: Bool) -> Action {
        guard case .transaction = phase, let envelope else { return fail(.needMail) }
        guard !isChunking else { return fail(.badSequence) }
        guard envelope.isSMTPUTF8 || !isInternational else { return fail(.needsSMTPUTF8) }
        guard envelope.recipients.count < configuration.limits.recipients else {
            return refuseRecipient(.tooManyRecipients)
        }
        phase = .asking(.recipient(path))
        return .resolve(path)
    }

    private mutating func answerRecipient(_ refusal: Reply?) -> Action {
        guard case .asking(.recipient(let path)) = phase else { return close(with: .localError) }
        phase = .transaction
        guard let refusal else {
            envelope?.recipients.append(path)
            return .reply(.recipientOK)
        }
        return refuseRecipient(refusal)
    }

    /// Guessing addresses has an end as well.
    private mutating func refuseRecipient(_ reply: Reply) -> Action {
        refusedRecipients += 1
        return refusedRecipients > configuration.limits.refusedRecipients ? close(with: .tooManyErrors) : .reply(reply)
    }

    private mutating func data() -> Action {
        guard case .transaction = phase, let envelope else { return fail(.needMail) }
        guard !isChunking else { return fail(.badSequence) }
        guard !envelope.recipients.isEmpty else { return fail(noRecipients) }
        phase = .asking(.message)
        return .openMessage(envelope)
    }

    private var noRecipients: Reply {
        refusedRecipients > 0 && configuration.mode != .lmtp ? .noValidRecipients : .needRecipient
    }

    private mutating func answerMessage(_ refusal: Reply?) -> Action {
        if var chunk = firstChunk {
            firstChunk = nil
            chunk.refusal = refusal
            return read(chunk)
        }
        guard let refusal else {
            phase = .receiving
            return .replyThenData(.startMail)
        }
        phase = .ready
        envelope = nil
        return .reply(refusal)
    }

    // MARK: Chunks. RFC 3030: the octets come in any case, and are answered when they have come.

    private mutating func chunk(_ chunk: Chunk) -> Action {
        var chunk = chunk
        // Reading to drop has an end, too.
        guard chunk.size <= 2 * configuration.limits.messageSize else { return close(with: .messageTooBig) }
        if case .transaction = phase, let envelope {
            if isChunking { return read(chunk) }
            if !envelope.recipients.isEmpty {
                isChunking = true
                firstChunk = chunk
                phase = .asking(.message)
                return .openMessage(envelope)
            }
            chunk.refusal = noRecipients
        } else {
            chunk.refusal = .needMail
        }
        return read(chunk)
    }

    private mutating func read(_ chunk: Chunk) -> Action {
        phase = chunk.isLast && chunk.refusal == nil ? .receiving : .chunk(chunk)
        return .readChunk(size: chunk.size, isLast: chunk.isLast, isKept: chunk.refusal == nil)
    }

    private mutating func chunkReceived() -> Action {
        guard case .chunk(let chunk) = phase else { return close(with: .localError) }
        if let refusal = chunk.refusal {
            phase = .ready
            reset()
            return fail(refusal)
        }
        phase = .transaction
        return .reply(.ok)
    }

    private mutating func messageReceived(_ refusal: Reply?) -> Action {
        guard case .receiving = phase, let envelope else { return close(with: .localError) }
        guard let refusal else {
            phase = .asking(.delivery)
            return .deliver(envelope)
        }
        errors += 1
        return answer(Array(repeating: refusal, count: envelope.recipients.count))
    }

    private mutating func delivered(_ replies: [Reply]) -> Action {
        idleCommands = 0
        if replies.contains(where: \.isPositive) { refusedRecipients = 0 }
        return answer(replies)
    }

    // RFC 2033 §4.2: LMTP answers once for each accepted recipient; SMTP once.
    private mutating func answer(_ replies: [Reply]) -> Action {
        let count = envelope?.recipients.count ?? 0
        envelope = nil
        isChunking = false
        phase = .ready
        guard configuration.mode == .lmtp else { return .reply(replies.first ?? .localError) }
        let missing = max(0, count - replies.count)
        return .replies(Array(replies.prefix(count)) + Array(repeating: .localError, count: missing))
    }
}
