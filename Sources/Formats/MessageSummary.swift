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
        switch field.name.lowercased() {
        case "subject": subject = field
        case "from": from = field
        case "sender": sender = field
        case "reply-to": replyTo = field
        case "to": to = field
        case "cc": cc = field
        case "bcc": bcc = field
        case "date": date = field
        case "message-id": messageId = field
        case "in-reply-to": inReplyTo = field
        case "references": references = field
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
            let decoded = part.decodedText().text
            let text = part.type == "text/html" ? HTMLText.plainText(of: decoded, limit: left) : decoded
            if first.isEmpty, text.utf8.contains(where: { !$0.isFoldingSpace }) { first = text }
            // An HTML alternative of a plain text says the same again.
            if part.type == "text/html", !searchable.isEmpty, isAlternative(part, parts) { continue }
            if !searchable.isEmpty { searchable += "\n" }
            searchable += text.utf8.count <= left ? text : String(decoding: text.utf8.prefix(left), as: UTF8.self)
        }
    }

    private func isAlternative(_ part: MessagePart, _ parts: BodyParts) -> Bool {
        !parts.textBody.contains { $0.index == part.index }
    }
}

/// The fragment of text that a list shows: RFC 8621 §4.1.4.
enum Preview {
    private static let maximumCharacters = 256

    /// The first words, blanks collapsed; quoted lines, their introduction, rules and the signature are skipped.
    static func text(of body: String) -> String {
        let preview = collect(body, skipsQuotes: true)
        return preview.isEmpty ? collect(body, skipsQuotes: false) : preview
    }

    private static func collect(_ body: String, skipsQuotes: Bool) -> String {
        var output = String.UnicodeScalarView()
        var count = 0
        for line in body.utf8.prefix(16_384).split(separator: ASCII.lf) {
            if skipsQuotes {
                if line.first == ASCII.greater { continue }
                if line.elementsEqual("-- ".utf8) || line.elementsEqual("--".utf8) { break }
                if isRule(line) { continue }
            }
            var isPendingBlank = count > 0
            for scalar in String(decoding: line, as: UTF8.self).unicodeScalars {
                if scalar.properties.isWhitespace || scalar.value < 0x20 {
                    isPendingBlank = count > 0
                    continue
                }
                if isInvisible(scalar) { continue }
                guard count + (isPendingBlank ? 2 : 1) <= maximumCharacters else { return String(output) }
                if isPendingBlank {
                    output.append(" ")
                    count += 1
                    isPendingBlank = false
                }
                output.append(scalar)
                count += 1
            }
        }
        return String(output)
    }

    /// A line of nothing but marks, as between sections.
    private static func isRule(_ line: Substring.UTF8View.SubSequence) -> Bool {
        line.count >= 3 && line.allSatisfy { [0x2D, 0x3D, 0x5F, 0x2A, 0x7E, 0x23, 0x20, 0x2B].contains($0) }
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x7F, 0xAD, 0x34F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2064, 0xFEFF, 0xFFFE: true
        default: false
        }
    }
}
