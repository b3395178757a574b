internal import Formats
internal import JMAP
internal import MailStore

/// Makes Email objects (RFC 8621 §4.1) of what the index knows and of the message, as far as it was read.
struct EmailRenderer {
    let fetch: EmailFetch

    /// An email of the account. `message` must hold what `fetch.depth` asks for.
    func json(_ email: Email, _ message: Message?) -> JSON {
        let body = BodyRenderer(fetch: fetch, message: message) { .part(email.id, $0) }
        var object: JSONObject = ["id": .string(email.id.rawValue)]
        object.reserveCapacity(fetch.properties.count + 1)
        for property in fetch.properties {
            switch property {
            case .named(.id): continue
            case .named(let name):
                object.append(name.rawValue, metadata(name, of: email) ?? header(name, of: email) ?? body.value(name))
            case .header(let header): object.append(header.property, header.value(among: message?.headers ?? []))
            }
        }
        return .object(object)
    }

    private func metadata(_ name: EmailPropertyName, of email: Email) -> JSON? {
        switch name {
        case .blobId: .string(email.blobId.rawValue)
        case .threadId: .string(email.threadId.rawValue)
        case .mailboxIds: .object([email.mailboxId.rawValue: true])
        case .keywords: JSON(keywords: email.keywords)
        case .size: .int(email.size)
        case .receivedAt: JSON(email.receivedAt)
        case .hasAttachment: .bool(email.hasAttachment)
        case .preview: .string(email.preview)
        default: nil
        }
    }

    private func header(_ name: EmailPropertyName, of email: Email) -> JSON? {
        switch name {
        case .messageId: JSON(email.headers.messageId)
        case .inReplyTo: JSON(email.headers.inReplyTo)
        case .references: JSON(email.headers.references)
        case .sender: JSON(email.headers.sender)
        case .from: JSON(email.headers.from)
        case .to: JSON(email.headers.to)
        case .cc: JSON(email.headers.cc)
        case .bcc: JSON(email.headers.bcc)
        case .replyTo: JSON(email.headers.replyTo)
        case .subject: JSON(email.headers.subject)
        case .sentAt: JSON(email.headers.sentAt?.rfc3339)
        default: nil
        }
    }

    /// A message that is no email of the account: what the store would know of it is null (RFC 8621 §4.9).
    ///
    /// - Parameter blobIds: the blob of each part by its id.
    func json(parsed message: Message, blobId: BlobID, blobIds: [String: BlobID]) -> JSON {
        let summary = MessageSummary(of: message)
        let body = BodyRenderer(fetch: fetch, message: message) { blobIds[$0] }
        var object = JSONObject()
        for property in fetch.properties {
            switch property {
            case .named(let name):
                object.append(name.rawValue, value(name, summary, message, blobId) ?? body.value(name))
            case .header(let header): object.append(header.property, header.value(among: message.headers))
            }
        }
        return .object(object)
    }

    private func value(
        _ name: EmailPropertyName, _ summary: MessageSummary, _ message: Message, _ blobId: BlobID
    ) -> JSON? {
        switch name {
        case .id, .threadId, .mailboxIds, .keywords, .receivedAt: .null
        case .blobId: .string(blobId.rawValue)
        case .size: .int(message.bytes.count)
        case .messageId: JSON(summary.messageIds)
        case .inReplyTo: JSON(summary.inReplyTo)
        case .references: JSON(summary.references)
        case .sender: JSON(summary.sender)
        case .from: JSON(summary.from)
        case .to: JSON(summary.to)
        case .cc: JSON(summary.cc)
        case .bcc: JSON(summary.bcc)
        case .replyTo: JSON(summary.replyTo)
        case .subject: JSON(summary.subject)
        case .sentAt: JSON(summary.sentAt?.rfc3339)
        case .hasAttachment: .bool(summary.hasAttachment)
        case .preview: .string(summary.preview)
        case .headers, .bodyStructure, .bodyValues, .textBody, .htmlBody, .attachments: nil
        }
    }
}

extension JSON {
    /// A set of keywords as JMAP writes it, in a stable order.
    init(keywords: Set<Keyword>) {
        self = .object(JSONObject(unique: keywords.sorted().map { ($0.rawValue, true) }))
    }

    /// A UTCDate of whole seconds.
    init(_ time: UnixTime) { self = .string(UTCDate(seconds: Int(time.seconds)).description) }
}

extension UnixTime {
    init(_ date: UTCDate) {
        self.init(milliseconds: Int64(date.seconds) * 1000 + Int64(date.nanoseconds / 1_000_000))
    }
}
