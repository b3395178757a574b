/// What an index keeps of a message: the convenience properties of RFC 8621 §4.1.3, the preview, and the words to search.
package struct MessageSummary: Sendable {
    /// The decoded subject; nil when the field is missing.
    package var subject: String?
    /// Address lists; nil when the field is missing, empty when it names nobody.
    package var from: [EmailAddress]?
    package var sender: [EmailAddress]?
    package var replyTo: [EmailAddress]?
    package var to: [EmailAddress]?
    package var cc: [EmailAddress]?
    package var bcc: [EmailAddress]?
    /// The Date field; nil when it is missing or no date.
    package var sentAt: InternetDate?
    /// Message-ID, In-Reply-To and References without angle brackets; nil when missing or senseless.
    package var messageIds: [String]?
    package var inReplyTo: [String]?
    package var references: [String]?
    /// The subject to compare for threads: RFC 5256 §2.1.
    package var baseSubject: BaseSubject
    /// The first words of the body, at most 256 characters.
    package var preview: String
    /// Whether a reader would look for something to download.
    package var hasAttachment: Bool
    /// The body's words for full-text search: text parts as they are, HTML parts without markup. Bounded by `maximumBodyText`.
    package var bodyText: String
    /// The names of attachments, for search.
    package var attachmentNames: [String]

    /// How many UTF-8 bytes of text are kept for search.
    package static let maximumBodyText = 1 << 20

    /// Reads all of it from `message`; decodes each text part once.
    package init(of message: Message) {
        self.init(headerOf: message)
        let parts = message.bodyParts
        hasAttachment = parts.hasAttachment
        attachmentNames = parts.attachments.compactMap(\.name)
        let texts = BodyTexts(of: parts)
        bodyText = texts.searchable
        preview = Preview.text(of: texts.first)
    }

    /// Reads the header alone: no preview, no text, no attachments. For a message parsed by `init(parsingHeaderOf:)`.
    package init(headerOf message: Message) {
        var fields = SummaryFields()
        for field in message.headers { fields.take(field) }
        subject = fields.subject?.text
        from = fields.from?.addresses
        sender = fields.sender?.addresses
        replyTo = fields.replyTo?.addresses
        to = fields.to?.addresses
        cc = fields.cc?.addresses
        bcc = fields.bcc?.addresses
        sentAt = fields.date?.date
        messageIds = fields.messageId?.messageIds
        inReplyTo = fields.inReplyTo?.messageIds
        references = fields.references?.messageIds
        baseSubject = BaseSubject(of: subject ?? "")
        preview = ""
        hasAttachment = false
        bodyText = ""
        attachmentNames = []
    }
}

/// The last field of each name, found in one pass over the header.
private struct SummaryFields {
    var subject, from, sender, replyTo, to, cc, bcc, date, messageId, inReplyTo, references: HeaderField?

    mutating func take(_ field: HeaderField) {
        let length = field.nameLength
        // By length first: most fields are none of these.
        switch length {
        case 2:
            if field.isNamed("To") { to = field } else if field.isNamed("Cc") { cc = field }
        case 3: if field.isNamed("Bcc") { bcc = field }
        case 4:
            if field.isNamed("From") { from = field } else if field.isNamed("Date") { date = field }
        case 6: if field.isNamed("Sender") { sender = field }
        case 7: if field.isNamed("Subject") { subject = field }
        case 8: if field.isNamed("Reply-To") { replyTo = field }
        case 10:
            if field.isNamed("Message-ID") { messageId = field } else if field.isNamed("References") { references = field }
        case 11: if field.isNamed("In-Reply-To") { inReplyTo = field }
        default: break
        }
    }
}

/// The texts of the body, each decoded once.
private struct BodyTexts {
    /// The first part with words in it, plain text preferred.
    private(set) var first = ""
    /// All parts' words.
    private(set) var searchable = ""

    init(of parts: BodyParts) {
        var seen: Set<Int> = []
        for part in parts.textBody + parts.htmlBody where part.type.hasPrefix("text/") && seen.insert(part.index).inserted {
            let left = MessageSummary.maximumBodyText - searchable.utf8.count
            guard left > 0 else { return }
            // An HTML alternative of a plain text says the same again.
            if part.type == "text/html", !first.isEmpty, isAlternative(part, parts) { continue }
            let decoded = part.decodedText().text
            let text = part.type == "text/html" ? HTMLText.plainText(of: decoded, limit: left) : decoded
            if first.isEmpty, text.utf8.contains(where: { !$0.isFoldingSpace }) { first = text }
            if !searchable.isEmpty { searchable += "\n" }
            searchable += text.utf8.count <= left ? text : String(decoding: text.utf8.prefix(left), as: UTF8.self)
        }
    }

    private func isAlternative(_ part: MessagePart, _ parts: BodyParts) -> Bool {
        !parts.textBody.contains { $0.index == part.index }
    }
}
