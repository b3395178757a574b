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
    /// The envelope's addresses as they are written between angle brackets.
    package var sender: String
    package var recipients: [String]
    package var size: Int
    package var isEightBit: Bool
    package var needsSMTPUTF8: Bool
    /// Only ask what the server says to the recipients, and leave before DATA. A refusal of the sender is a `sessionRefusal`.
    package var isVerification: Bool

    package init(
        hostname: String, tls: TLS = .opportunistic, credentials: Credentials? = nil, sender: String,
        recipients: [String], size: Int, isEightBit: Bool = false, needsSMTPUTF8: Bool = false,
        isVerification: Bool = false
    ) {
        self.hostname = hostname
        self.tls = tls
        self.credentials = credentials
        self.sender = sender
        self.recipients = recipients
        self.size = size
        self.isEightBit = isEightBit
        self.needsSMTPUTF8 = needsSMTPUTF8
        self.isVerification = isVerification
    }
}

/// The client's side of one SMTP connection that sends one message, as a value. RFC 5321 §3, RFC 2920, RFC 3207, RFC 4954.
///
/// The I/O connects, feeds each complete reply, and performs the action. `results` is complete when the action is `finish`.
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
        /// All is known. Write these octets (QUIT) if the connection still takes them, and close.
        case finish([UInt8])
    }

    private enum Phase {
        case greeting, ehlo, helo, startTLS, handshake, authPlain, authUser, authPassword
        case mail, recipients, data, message, finished
    }

    private let configuration: ClientConfiguration
    private var phase = Phase.greeting
    private var extensions: [String: String] = [:]
    private var hasTLS = false
    private var mailReply: Reply?
    private var recipientReplies: [Reply] = []
    /// One for each recipient of the configuration, in order; nil where the session ended before its fate was known.
    package private(set) var results: [Reply?]
    /// The refusal that ended the session before any recipient was answered: another host may do better.
    package private(set) var sessionRefusal: Reply?
    /// The final dot was sent, so an end of the connection now leaves it open whether the message was taken.
    package private(set) var isInDoubt = false
    package var isEncrypted: Bool { hasTLS }

    package init(_ configuration: ClientConfiguration, hasTLS: Bool = false) {
        self.configuration = configuration
        self.hasTLS = hasTLS
        results = Array(repeating: nil, count: configuration.recipients.count)
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
        case .handshake, .finished: return giveUp(reply)
        case .authPlain, .authPassword: return reply.code == 235 ? startTransaction() : giveUp(reply)
        case .authUser:
            guard reply.code == 334, let credentials = configuration.credentials else { return giveUp(reply) }
            phase = .authPassword
            return .send(Self.line(Self.base64(credentials.password)))
        case .mail, .recipients, .data: return receiveTransaction(reply)
        case .message: return receiveFinal(reply)
        }
    }

    /// Ends the session with one reply for every recipient whose fate is open.
    private mutating func giveUp(_ reply: Reply) -> Action {
        if phase != .mail, phase != .recipients, phase != .data { sessionRefusal = reply }
        return finish(with: reply)
    }

    private mutating func finish(with reply: Reply) -> Action {
        for index in results.indices where results[index] == nil { results[index] = reply }
        isInDoubt = false
        phase = .finished
        return .finish(Self.line("QUIT"))
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
        guard let credentials = configuration.credentials else { return startTransaction() }
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
        if let limit = extensions["SIZE"].flatMap(Int.init), limit > 0, configuration.size > limit {
            return finish(with: Reply(552, 5, 3, 4, "Message of \(configuration.size) octets exceeds the server's limit of \(limit)"))
        }
        if configuration.needsSMTPUTF8, extensions["SMTPUTF8"] == nil {
            return finish(with: Reply(553, 5, 6, 7, "The server does not take international addresses"))
        }
        phase = .mail
        guard extensions["PIPELINING"] != nil else { return .send(Self.line(mailCommand)) }
        var bytes = Self.line(mailCommand)
        for recipient in configuration.recipients { bytes += Self.line("RCPT TO:<\(recipient)>") }
        if !configuration.isVerification { bytes += Self.line("DATA") }
        return .send(bytes)
    }

    private var mailCommand: String {
        var command = "MAIL FROM:<\(configuration.sender)>"
        if extensions["SIZE"] != nil, !configuration.isVerification { command += " SIZE=\(configuration.size)" }
        if configuration.isEightBit, extensions["8BITMIME"] != nil { command += " BODY=8BITMIME" }
        if configuration.needsSMTPUTF8 { command += " SMTPUTF8" }
        return command
    }

    private var isPipelining: Bool { extensions["PIPELINING"] != nil }

    private mutating func receiveTransaction(_ reply: Reply) -> Action {
        switch phase {
        case .mail:
            mailReply = reply
            if configuration.isVerification, !reply.isPositive { sessionRefusal = reply }
            if !reply.isPositive, !isPipelining { return finish(with: reply) }
            phase = .recipients
            return nextRecipient()
        case .recipients:
            results[recipientReplies.count] = reply.isPositive ? nil : reply
            recipientReplies.append(reply)
            guard recipientReplies.count == configuration.recipients.count else { return nextRecipient() }
            if configuration.isVerification { return finishVerification() }
            phase = .data
            if isPipelining { return .wait }
            guard recipientReplies.contains(where: \.isPositive) else { return finish(with: reply) }
            return .send(Self.line("DATA"))
        default:
            return receiveDataReply(reply)
        }
    }

    private mutating func finishVerification() -> Action {
        for (index, reply) in recipientReplies.enumerated() { results[index] = reply }
        return finish(with: .ok)
    }

    private mutating func nextRecipient() -> Action {
        if isPipelining { return .wait }
        return .send(Self.line("RCPT TO:<\(configuration.recipients[recipientReplies.count])>"))
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
            return finish(with: reply)
        }
        guard reply.code == 354 else { return finish(with: reply) }
        phase = .message
        return .sendMessage
    }

    private mutating func receiveFinal(_ reply: Reply) -> Action { finish(with: reply) }

    private static func line(_ text: String) -> [UInt8] { Array(text.utf8) + [0x0D, 0x0A] }
    private static func base64(_ text: String) -> String {
        String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self)
    }
}
