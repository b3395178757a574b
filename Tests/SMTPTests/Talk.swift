import Formats
import SMTP

/// A client that talks to a `ServerSession`, with a world behind it that answers the session's questions.
final class Talk {
    var session: ServerSession
    /// Passwords by user.
    var passwords = ["alice@demo.test": "wonderland"]
    /// What RCPT is told about an address; nil accepts it.
    var refusals: [String: Reply] = ["nobody@demo.test": Reply(550, 5, 1, 1, "No such user here")]
    var senderRefusals: [String: Reply] = [:]
    var deliveryReplies: [Reply]?
    private(set) var delivered: [Envelope] = []
    private(set) var isClosed = false
    /// The server reads a message now.
    private(set) var isReceiving = false
    private(set) var startsTLS = false
    /// The chunk that is to be read now.
    private(set) var chunk: (size: Int, isLast: Bool, isKept: Bool)?

    init(
        _ mode: ServerConfiguration.Mode = .mx, tls: Bool = true, startsWithTLS: Bool = false, loopback: Bool = false,
        trusted: Bool = false, adjust: (inout ServerConfiguration.Limits) -> Void = { _ in }
    ) {
        var limits = ServerConfiguration.Limits(messageSize: 1000)
        adjust(&limits)
        session = ServerSession(
            ServerConfiguration(
                hostname: "mx.demo.test", mode: mode, limits: limits, offersSTARTTLS: tls,
                startsWithTLS: startsWithTLS, isLoopback: loopback, isTrustedServer: trusted))
    }

    /// Says a line, and returns what the server replies, lines joined by `|`.
    func say(_ line: String) -> String { send(.line(Array(line.utf8))) }

    /// Says several lines, and returns the last reply.
    @discardableResult
    func say(_ lines: [String]) -> String {
        var last = ""
        for line in lines { last = say(line) }
        return last
    }

    func send(_ event: ServerSession.Event) -> String {
        var action = session.receive(event)
        startsTLS = false
        isReceiving = false
        chunk = nil
        while true {
            switch action {
            case .reply(let reply): return text([reply])
            case .replies(let replies): return text(replies)
            case .replyThenData(let reply):
                isReceiving = true
                return text([reply])
            case .readChunk(let size, let isLast, let isKept):
                chunk = (size, isLast, isKept)
                return ""
            case .replyThenTLS(let reply):
                startsTLS = true
                return text([reply])
            case .replyThenClose(let reply):
                isClosed = true
                return text([reply])
            case .close:
                isClosed = true
                return ""
            case .authenticate(let user, let password):
                action = session.receive(
                    passwords[user] == password ? .authenticated(identity: user) : .notAuthenticated(.authenticationFailed))
            case .checkSender(let path):
                action = session.receive(senderRefusals[path.description].map { .senderRefused($0) } ?? .senderAccepted)
            case .resolve(let path):
                action = session.receive(refusals[path.description].map { .recipientRefused($0) } ?? .recipientAccepted)
            case .openMessage: action = session.receive(.messageOpened)
            case .deliver(let envelope):
                delivered.append(envelope)
                let replies = deliveryReplies ?? Array(repeating: .ok, count: envelope.recipients.count)
                action = session.receive(.delivered(replies))
            }
        }
    }

    private func text(_ replies: [Reply]) -> String {
        let bytes = replies.flatMap(\.serialized)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").joined(separator: "|")
    }
}
