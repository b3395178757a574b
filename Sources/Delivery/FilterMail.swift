internal import Directory
internal import Disk
internal import Formats
internal import MailStore
internal import SMTP
internal import Sieve

/// Where filters put what they send: the outbox of the server, or the folder from which the server takes it.
enum FilterQueue: Sendable {
    case outbox(Outbox)
    case folder(QueueAccess)

    /// Puts the message in the queue; durable when it returns. Throws `alreadyExists` when the id is taken.
    ///
    /// - Parameters:
    ///   - isReleased: false leaves it waiting for `release`, where the queue can
    ///   - isOurs: one of our users wrote it: it is signed, where the queue can
    func enqueue(
        _ entry: OutboxEntry, prefix: [UInt8], content: BlobContent, skipping: Int = 0, isReleased: Bool,
        isOurs: Bool = false
    ) async throws(StoreError) {
        switch self {
        case .outbox(let outbox):
            try await outbox.enqueue(
                entry, prefix: prefix, content: content, skipping: skipping, isReleased: isReleased, isOurs: isOurs)
        case .folder(let queue): try queue.enqueue(entry, prefix: prefix, content: content, skipping: skipping)
        }
    }

    func release(_ id: QueueID) async {
        if case .outbox(let outbox) = self { await outbox.release(id) }
    }

    func withdraw(_ id: QueueID) async {
        if case .outbox(let outbox) = self { await outbox.withdraw(id) }
    }
}

/// A message that a script sends on.
struct FilterRedirect {
    /// Shows a later run, here or where it comes by again, that this mailbox has sent it on before.
    static let traceField = "X-Sieve-Redirected-From"
    /// How often a message may be sent on by scripts, all mailboxes together.
    static let maximumTimes = 10

    /// Whether the message has been sent on by this mailbox before, or too often by others.
    static func isLoop(_ header: HeaderBlock, at account: Account) -> Bool {
        let before = header.values(traceField.lowercased())
        return before.count >= maximumTimes || before.contains { $0.lowercased() == account.address.key }
            || header.count("received") >= TraceHeaders.maximumHops
    }

    static func trace(_ account: Account) -> [UInt8] { Array("\(traceField): \(account.address.key)\r\n".utf8) }
}

/// An answer that its receiver is away: RFC 5230 §5, RFC 3834.
struct VacationMessage {
    let request: VacationRequest
    let account: Account
    let policy: SenderPolicy
    let id: QueueID
    let hostname: String
    /// Seconds since 1970.
    let now: Int64

    /// The whole message. Throws what a header cannot hold.
    func message() throws(ParseError) -> [UInt8] {
        var headers: [MessageBuilder.Header] = [
            .init("From", .addresses([sender])), .init("To", .addresses([EmailAddress(email: request.recipient.description)])),
            .init("Subject", .text(request.subject)), .init("Date", .date(InternetDate(seconds: now))),
            .init("Message-ID", .messageIds(["\(id)@\(hostname)"])),
            .init("Auto-Submitted", .raw(" auto-replied (vacation)")), .init("Precedence", .raw(" bulk")),
        ]
        if let original = request.inReplyTo { headers.append(.init("In-Reply-To", .messageIds([original]))) }
        if !request.references.isEmpty { headers.append(.init("References", .messageIds(request.references))) }
        guard request.isMIME else {
            return try MessageBuilder(headers: headers, body: .text(request.reason)).build()
        }
        // The part brings its own fields; ours come before, without those that the builder would add for a body.
        let whole = try MessageBuilder(headers: headers, body: .text("")).build()
        let ours = HeaderBlock(whole).bytes(without: ["mime-version", "content-type", "content-transfer-encoding"])
        return ours + Array("MIME-Version: 1.0\r\n".utf8) + Self.part(request.reason)
    }

    /// `:from`, when the user may send as that address; else the user's own.
    private var sender: EmailAddress {
        if let from = request.from, let address = try? MailAddress(parsing: from.email), policy.allows(account, toSendAs: address) {
            return from
        }
        return EmailAddress(name: account.displayName.isEmpty ? nil : account.displayName, email: account.address.description)
    }

    /// The MIME part with CRLF line ends; of its header only what describes the content.
    private static func part(_ reason: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(reason.utf8.count + 64)
        var previous: UInt8 = 0
        for byte in reason.utf8 {
            if byte == 0x0A, previous != 0x0D { bytes.append(0x0D) }
            if previous == 0x0D, byte != 0x0A { bytes.append(0x0A) }
            bytes.append(byte)
            previous = byte
        }
        let header = HeaderBlock(bytes)
        let foreign = Set(header.fields.map(\.name).filter { !$0.hasPrefix("content-") })
        let body = bytes[min(header.size, bytes.count)...]
        let isParted = body.first == 0x0D || body.first == 0x0A
        return header.bytes(without: foreign) + (isParted ? [] : [0x0D, 0x0A]) + body
    }
}
