internal import Formats

/// What a `ClientSession` is to send, and how.
package struct ClientConfiguration: Sendable {
    package enum TLS: Hashable, Sendable { case none, opportunistic, required }
    package struct Credentials: Hashable, Sendable {
        package var username: String
        package var password: String
        package init(username: String, password: String) {
            self.username = username
            self.password = password
        }
    }

    package var hostname: String
    package var tls: TLS
    package var credentials: Credentials?

    package init(hostname: String, tls: TLS = .opportunistic, credentials: Credentials? = nil) {
        self.hostname = hostname
        self.tls = tls
        self.credentials = credentials
    }
}

/// One message to send over a connection, or one question about recipients.
package struct ClientTransaction: Sendable {
    package struct Recipient: Hashable, Sendable {
        package var address: String
        package var request: NotificationRequest

        package init(_ address: String, _ request: NotificationRequest = NotificationRequest()) {
            self.address = address
            self.request = request
        }
    }

    /// The envelope's addresses as they are written between angle brackets.
    package var sender: String
    package var recipients: [Recipient]
    package var size: Int
    package var isEightBit: Bool
    package var needsSMTPUTF8: Bool
    package var returns: ReturnedContent?
    package var envelopeID: String?
    /// Ends after RCPT: `results` then holds what each recipient's was answered.
    package var isProbe: Bool

    package init(
        sender: String, recipients: [Recipient], size: Int = 0, isEightBit: Bool = false, needsSMTPUTF8: Bool = false,
        isProbe: Bool = false
    ) {
        self.sender = sender
        self.recipients = recipients
        self.size = size
        self.isEightBit = isEightBit
        self.needsSMTPUTF8 = needsSMTPUTF8
        self.isProbe = isProbe
    }
}

/// The client's side of one SMTP connection, as a value. RFC 5321 §3, RFC 2920, RFC 3207, RFC 3461, RFC 4954.
///
/// The I/O connects, feeds each complete reply, and performs the action. At `ready` it calls `begin` with a transaction, or `quit`.
/// `results` is complete when the action after `begin` is `ready` or `finish`.
package struct ClientSession: ~Copyable, Sendable {
    package enum Event: Sendable {
        case reply(Reply)
        case tlsEstablished
        /// The message with its end of data is written.
        case messageSent
    }

    package enum Action: Sendable {
        /// Write these octets, then wait for a reply.
        case send([UInt8])
        case startTLS
        /// Write the message through `DataEncoder` with its end, then say `messageSent`.
        case sendMessage
        /// Write an empty message: the server asked for one that nobody is to get.
        case sendNothing
        case wait
        /// The server waits for a transaction; the one before, if any, is over.
        case ready
        /// The connection can take no more. Write these octets (QUIT) if the connection still takes them, and close.
        case finish([UInt8])
    }

    private enum Phase {
        case greeting, ehlo, helo, startTLS, handshake, authPlain, authUser, authPassword
        case ready, reset, mail, recipients, data, message, finished
    }

    private let configuration: ClientConfiguration
    private var phase = Phase.greeting
    private var extensions: [String: String] = [:]
    private var hasTLS = false
    private var transaction = ClientTransaction(sender: "", recipients: [])
    /// The server may still hold the envelope of a transaction that came to nothing.
    private var needsReset = false
    private var mailReply: Reply?
    private var recipientReplies: [Reply] = []
    /// One for each recipient of the transaction, in order; nil where the session ended before its fate was known.
    package private(set) var results: [Reply?] = []
    /// The refusal that ended the session before any recipient was answered: another host may do better.
    package private(set) var sessionRefusal: Reply?
    /// The final dot was sent, so an end of the connection now leaves it open whether the message was taken.
    package private(set) var isInDoubt = false
    package var isEncrypted: Bool { hasTLS }
    /// What MAIL was refused with in the last transaction.
    package var senderRefusal: Reply? { mailReply.flatMap { $0.isPositive ? nil : $0 } }
    /// The server takes over the duty of notifications. RFC 3461 §5.2.1.
    package var passesNotifications: Bool { extensions["DSN"] != nil }

    package init(_ configuration: ClientConfiguration, hasTLS: Bool = false) {
        self.configuration = configuration
        self.hasTLS = hasTLS
    }

    /// Starts a transaction; only after `ready`.
    package mutating func begin(_ transaction: ClientTransaction) -> Action {
        self.transaction = transaction
        results = Array(repeating: nil, count: transaction.recipients.count)
        recipientReplies = []
        mailReply = nil
        sessionRefusal = nil
        isInDoubt = false
        guard phase == .ready else { return giveUp(Reply(451, 4, 3, 0, "The connection is not ready")) }
        guard needsReset else { return startTransaction() }
        phase = .reset
        return .send(Self.line("RSET"))
    }

    package mutating func quit() -> Action {
        phase = .finished
        return .finish(Self.line("QUIT"))
    }

    package mutating func receive(_ event: Event) -> Action {
        switch event {
        case .reply(let reply): return receive(reply)
        case .tlsEstablished:
            hasTLS = true
            return hello()
        case .messageSent:
            isInDoubt = phase != .finished
            return .wait
        }
    }

    private mutating func receive(_ reply: Reply) -> Action {
        // A server that goes away says so at any time. RFC 5321 §3.8.
        if reply.code == 421, phase != .message { return giveUp(reply) }
        switch phase {
        case .greeting: return reply.code == 220 ? hello() : giveUp(reply)
        case .ehlo: return receiveExtensions(reply)
        case .helo: return reply.code == 250 ? authenticateOrSend() : giveUp(reply)
        case .startTLS: return receiveTLSReply(reply)
        // Nothing was asked: the server says good-bye, or nonsense.
        case .handshake, .ready, .finished: return giveUp(reply)
        case .authPlain, .authPassword: return reply.code == 235 ? becomeReady() : giveUp(reply)
        case .reset:
            guard reply.code == 250 else { return giveUp(reply) }
            needsReset = false
            return startTransaction()
        case .authUser:
            guard reply.code == 334, let credentials = configuration.credentials else { return giveUp(reply) }
            phase = .authPassword
            return .send(Self.line(Self.base64(credentials.password)))
        case .mail, .recipients, .data: return receiveTransaction(reply)
        case .message: return receiveFinal(reply)
        }
    }

    /// Ends the session with one reply for every recipient whose fate is open.
    private mutating func giveUp(_ given: Reply) -> Action {
        // Good words at the wrong time take nobody's message.
        let reply = given.isPositive ? Reply(451, 4, 5, 0, "Unexpected answer: \(given.text)") : given
        if phase != .mail, phase != .recipients, phase != .data { sessionRefusal = reply }
        return finish(with: reply)
    }

    private mutating func finish(with reply: Reply) -> Action {
        settle(reply)
        phase = .finished
        return .finish(Self.line("QUIT"))
    }

    private mutating func settle(_ reply: Reply) {
        for index in results.indices where results[index] == nil { results[index] = reply }
        isInDoubt = false
    }

    private mutating func becomeReady() -> Action {
        phase = .ready
        return .ready
    }

    /// Ends the transaction with one reply for every recipient whose fate is open; the connection stays.
    private mutating func end(with reply: Reply, needsReset: Bool) -> Action {
        if reply.code == 421 { return finish(with: reply) }
        settle(reply)
        self.needsReset = needsReset
        return becomeReady()
    }

    // MARK: Hello, TLS, AUTH

    private mutating func hello() -> Action {
        phase = .ehlo
        extensions = [:]
        return .send(Self.line("EHLO \(configuration.hostname)"))
    }

    private mutating func receiveExtensions(_ reply: Reply) -> Action {
        guard reply.code == 250 else {
            guard reply.isPermanent, !hasTLS else { return giveUp(reply) }
            phase = .helo
            return .send(Self.line("HELO \(configuration.hostname)"))
        }
        for line in reply.lines.dropFirst() {
            let words = line.split(separator: " ", maxSplits: 1)
            guard let keyword = words.first else { continue }
            extensions[keyword.uppercased()] = words.count > 1 ? String(words[1]).uppercased() : ""
        }
        let wantsTLS = configuration.tls != .none && !hasTLS
        if wantsTLS, extensions["STARTTLS"] != nil {
            phase = .startTLS
            return .send(Self.line("STARTTLS"))
        }
        return authenticateOrSend()
    }

    private mutating func receiveTLSReply(_ reply: Reply) -> Action {
        guard reply.code == 220 else { return authenticateOrSend() }
        phase = .handshake
        return .startTLS
    }

    private mutating func authenticateOrSend() -> Action {
        if configuration.tls == .required, !hasTLS {
            return giveUp(Reply(454, 4, 7, 4, "TLS is required, and was not offered"))
        }
        guard let credentials = configuration.credentials else { return becomeReady() }
        let mechanisms = (extensions["AUTH"] ?? "").split(separator: " ")
        if mechanisms.contains("PLAIN") {
            phase = .authPlain
            return .send(Self.line("AUTH PLAIN \(Self.base64("\0\(credentials.username)\0\(credentials.password)"))"))
        }
        guard mechanisms.contains("LOGIN") else {
            return giveUp(Reply(454, 4, 7, 0, "The server offers no authentication that we know"))
        }
        phase = .authUser
        return .send(Self.line("AUTH LOGIN \(Self.base64(credentials.username))"))
    }

    // MARK: The transaction

    private mutating func startTransaction() -> Action {
        phase = .ready
        if let limit = extensions["SIZE"].flatMap(Int.init), limit > 0, transaction.size > limit {
            let text = "Message of \(transaction.size) octets exceeds the server's limit of \(limit)"
            return end(with: Reply(552, 5, 3, 4, text), needsReset: false)
        }
        if transaction.needsSMTPUTF8, extensions["SMTPUTF8"] == nil {
            return end(with: Reply(553, 5, 6, 7, "The server does not take international addresses"), needsReset: false)
        }
        phase = .mail
        guard isPipelining else { return .send(Self.line(mailCommand)) }
        var bytes = Self.line(mailCommand)
        for index in transaction.recipients.indices { bytes += Self.line(recipientCommand(index)) }
        if !transaction.isProbe { bytes += Self.line("DATA") }
        return .send(bytes)
    }

    private var mailCommand: String {
        var command = "MAIL FROM:<\(transaction.sender)>"
        if extensions["SIZE"] != nil, transaction.size > 0 { command += " SIZE=\(transaction.size)" }
        if transaction.isEightBit, extensions["8BITMIME"] != nil { command += " BODY=8BITMIME" }
        if transaction.needsSMTPUTF8 { command += " SMTPUTF8" }
        guard passesNotifications else { return command }
        if let returns = transaction.returns { command += " RET=\(returns.rawValue)" }
        if let id = transaction.envelopeID { command += " ENVID=\(XText.encode(id))" }
        return command
    }

    private func recipientCommand(_ index: Int) -> String {
        let recipient = transaction.recipients[index]
        var command = "RCPT TO:<\(recipient.address)>"
        guard passesNotifications else { return command }
        if let notify = recipient.request.notifyValue { command += " NOTIFY=\(notify)" }
        if let original = recipient.request.originalValue { command += " ORCPT=\(original)" }
        return command
    }

    private var isPipelining: Bool { extensions["PIPELINING"] != nil }

    private mutating func receiveTransaction(_ reply: Reply) -> Action {
        switch phase {
        case .mail:
            mailReply = reply
            if !reply.isPositive, !isPipelining { return end(with: reply, needsReset: true) }
            phase = .recipients
            return nextRecipient()
        case .recipients:
            results[recipientReplies.count] = reply.isPositive ? nil : reply
            recipientReplies.append(reply)
            guard recipientReplies.count == transaction.recipients.count else { return nextRecipient() }
            if transaction.isProbe { return endProbe() }
            phase = .data
            if isPipelining { return .wait }
            guard recipientReplies.contains(where: \.isPositive) else { return end(with: reply, needsReset: true) }
            return .send(Self.line("DATA"))
        default:
            return receiveDataReply(reply)
        }
    }

    private mutating func nextRecipient() -> Action {
        if isPipelining { return .wait }
        return .send(Self.line(recipientCommand(recipientReplies.count)))
    }

    private mutating func endProbe() -> Action {
        let refusal = mailReply.flatMap { $0.isPositive ? nil : $0 }
        results = recipientReplies.map { refusal ?? $0 }
        return end(with: refusal ?? recipientReplies.last ?? Reply(250, "OK"), needsReset: true)
    }

    private mutating func receiveDataReply(_ reply: Reply) -> Action {
        let mailWasTaken = mailReply?.isPositive ?? false
        guard mailWasTaken, recipientReplies.contains(where: \.isPositive) else {
            // The sender's refusal is the cause; what the recipients then heard follows from it.
            if let mailReply, !mailWasTaken {
                for index in results.indices { results[index] = mailReply }
            }
            // RFC 2920 §3.1: a server that says 354 all the same gets an empty message, for nobody.
            if reply.code == 354 {
                phase = .message
                return .sendNothing
            }
            return end(with: reply, needsReset: true)
        }
        guard reply.code == 354 else { return end(with: reply, needsReset: true) }
        phase = .message
        return .sendMessage
    }

    private mutating func receiveFinal(_ reply: Reply) -> Action {
        // Asking for more is no promise.
        let isOdd = 300..<400 ~= reply.code
        return end(with: isOdd ? Reply(451, 4, 5, 0, "Unexpected answer: \(reply.text)") : reply, needsReset: !reply.isPositive)
    }

    private static func line(_ text: String) -> [UInt8] { Array(text.utf8) + [0x0D, 0x0A] }
    private static func base64(_ text: String) -> String {
        String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self)
    }
}
