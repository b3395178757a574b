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
        /// Others wait for a place, and this client makes the least of its own.
        case crowdedOut
        /// DATA was refused, and what the client had already sent behind it may be a message: it must not be read as commands.
        case outOfTurn
        /// The message goes on far beyond the size that it may have.
        case flooded
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

    enum Phase {
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

    enum SASL { case plain, loginUser, loginPassword(user: String) }
    /// A chunk on its way; with `refusal` it is read to be dropped.
    struct Chunk {
        let size: Int
        let isLast: Bool
        var refusal: Reply?
    }

    enum Question { case authentication, sender, recipient(ForwardPath, NotificationRequest), message, delivery }

    let configuration: ServerConfiguration
    var phase = Phase.greeting
    var hasTLS: Bool
    var envelope: Envelope?
    /// What the first BDAT of a transaction waits with while the message is opened.
    var firstChunk: Chunk?
    /// BDAT has begun: nothing but BDAT may follow.
    var isChunking = false
    /// Octets of the chunks so far.
    var chunkedSize = 0
    var errors = 0
    var idleCommands = 0
    var authenticationFailures = 0
    var refusedRecipients = 0
    /// What the client said about itself so far.
    package internal(set) var client = ClientFacts()

    package init(_ configuration: ServerConfiguration) {
        self.configuration = configuration
        hasTLS = configuration.startsWithTLS
        client.isTLS = hasTLS
        client.isLMTP = configuration.mode == .lmtp
    }

    /// A message is under way: from MAIL to the answer to it.
    package var isInTransaction: Bool { envelope != nil }

    /// What the sender that is being checked wants held.
    package var requestedHold: HoldRequest? { envelope?.hold }

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
        case .crowdedOut: return close(with: .crowdedOut)
        case .outOfTurn: return close(with: .outOfTurn)
        case .flooded: return close(with: .messageTooBig)
        }
    }

    var greeting: Reply {
        Reply(220, "\(configuration.hostname) \(configuration.mode == .lmtp ? "LMTP" : "ESMTP") ready")
    }

    // MARK: Lines

    mutating func receive(line: [UInt8]) -> Action {
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

    mutating func perform(_ command: Command) -> Action {
        switch command {
        case .helo(let name): return configuration.mode == .lmtp ? fail(.unknownCommand) : greet(name, extended: false)
        case .ehlo(let name): return configuration.mode == .lmtp ? fail(.unknownCommand) : greet(name, extended: true)
        case .lhlo(let name): return configuration.mode == .lmtp ? greet(name, extended: true) : fail(.unknownCommand)
        case .mail(let path, let parameters): return mail(path, parameters)
        case .rcpt(let path, let request, let isInternational): return recipient(path, request, isInternational)
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
        case .forwarded(let attributes): return forwarded(attributes)
        case .quit: return close(with: .bye)
        case .quitHTTP: return close(with: Reply(421, 4, 7, 0, "This is not a web server"))
        }
    }

    /// Harmless, but not for ever: who only says NOOP keeps a connection from others.
    mutating func idle(_ reply: Reply) -> Action {
        idleCommands += 1
        return idleCommands > configuration.limits.idleCommands ? close(with: .tooManyErrors) : .reply(reply)
    }

    mutating func fail(_ reply: Reply) -> Action {
        errors += 1
        return errors > configuration.limits.errors ? close(with: .tooManyErrors) : .reply(reply)
    }

    mutating func close(with reply: Reply) -> Action {
        if case .closed = phase { return .close }
        phase = .closed
        return .replyThenClose(reply)
    }

    mutating func reset() {
        envelope = nil
        isChunking = false
        chunkedSize = 0
        firstChunk = nil
        client.forwarded = nil
        if case .transaction = phase { phase = .ready }
    }

    // MARK: Greeting and extensions

    mutating func greet(_ name: String, extended: Bool) -> Action {
        reset()
        phase = .ready
        client.greeting = name
        client.isExtended = extended
        guard extended else { return .reply(Reply(250, configuration.hostname)) }
        return idle(Reply(250, lines: [configuration.hostname] + extensions))
    }

    var extensions: [String] {
        var list = ["PIPELINING", "SIZE \(configuration.limits.messageSize)", "8BITMIME", "SMTPUTF8"]
        list += ["CHUNKING", "ENHANCEDSTATUSCODES"]
        // Over LMTP the server in front says itself what was delivered.
        if configuration.mode != .lmtp { list.append("DSN") }
        if let release = configuration.futureRelease { list.append("FUTURERELEASE \(release.seconds) \(release.until)") }
        if offersTLS { list.append("STARTTLS") }
        if offersAuthentication { list.append("AUTH PLAIN LOGIN") }
        if configuration.isTrustedServer { list.append(ForwardedClient.keyword) }
        return list
    }

    var offersTLS: Bool { configuration.offersSTARTTLS && !hasTLS }
    var offersAuthentication: Bool {
        configuration.mode == .submission && client.identity == nil && (hasTLS || configuration.isLoopback)
    }

    // Postfix's XFORWARD: only between transactions; several commands add up.
    mutating func forwarded(_ attributes: [String: String]) -> Action {
        guard configuration.isTrustedServer else { return fail(.unknownCommand) }
        guard case .ready = phase else { return fail(.badSequence) }
        var forwarded = client.forwarded ?? ForwardedClient()
        for (name, value) in attributes {
            guard forwarded.take(name, value) else { return fail(CommandError.parameterInvalid(name).reply) }
        }
        client.forwarded = forwarded
        return idle(.ok)
    }

    mutating func startTLS() -> Action {
        guard !hasTLS else { return fail(.badSequence) }
        guard configuration.offersSTARTTLS else { return fail(.tlsUnavailable) }
        guard envelope == nil else { return fail(.badSequence) }
        phase = .handshaking
        return .replyThenTLS(.goAhead)
    }

    // RFC 3207 §4.2: what was said in clear is forgotten, the greeting included.
    mutating func tlsEstablished() -> Action {
        hasTLS = true
        envelope = nil
        client = ClientFacts(isLMTP: configuration.mode == .lmtp, isTLS: true)
        phase = .greeting
        return .replies([])
    }
}
