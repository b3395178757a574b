import Formats

/// What the index takes from a message: made once, off the actor, from its bytes.
struct MessageDigest: Sendable {
    let headers: EmailHeaders
    let preview: String
    let hasAttachment: Bool
    /// RFC 5256 §2.1.
    let baseSubject: String
    /// What full-text search finds it by.
    let document: SearchDocument

    /// Octets of a message that are looked at; what lies behind (of large attachments) adds nothing to a list or a search.
    /// A bound for memory, the same at delivery and at a rebuild.
    static let limit = 2 << 20

    /// - Parameter bytes: the message, or its first `limit` octets when it is larger.
    init(parsing bytes: [UInt8]) {
        self.init(MessageSummary(of: Message(parsing: bytes)))
    }

    init(_ summary: MessageSummary) {
        headers = EmailHeaders(
            messageId: summary.messageIds, inReplyTo: summary.inReplyTo, references: summary.references,
            sender: summary.sender, from: summary.from, to: summary.to, cc: summary.cc, bcc: summary.bcc,
            replyTo: summary.replyTo, subject: summary.subject, sentAt: summary.sentAt)
        preview = summary.preview
        hasAttachment = summary.hasAttachment
        baseSubject = summary.baseSubject.text
        document = SearchDocument(summary)
    }

    var threadKeys: [Int64] { MessageDigest.threadKeys(headers, baseSubject: baseSubject) }

    /// The keys under which messages of one conversation meet: a shared id and the same subject (RFC 8621 §3).
    static func threadKeys(_ headers: EmailHeaders, baseSubject: String) -> [Int64] {
        let subject = comparable(baseSubject)
        return relatedIds(headers).map { StableHash.of("key", $0, subject) }
    }

    /// The conversation that the message founds or, by its oldest reference, names: the same from each of its replies.
    func derivedThread(email: Int64) -> Int64 {
        let root = headers.references?.first ?? headers.inReplyTo?.first ?? headers.messageId?.first
        guard let root else { return StableHash.of("thread", Base32.encode(email)) }
        return StableHash.of("thread", root, MessageDigest.comparable(baseSubject))
    }

    /// The message ids that tie the message to others: what it answers first, then the others, itself last; bounded.
    private static func relatedIds(_ headers: EmailHeaders) -> [String] {
        var ids: [String] = []
        func add(_ more: some Sequence<String>) {
            for id in more where !id.isEmpty && !ids.contains(id) { ids.append(id) }
        }
        add((headers.inReplyTo ?? []).prefix(4))
        let references = headers.references ?? []
        add(references.suffix(16).reversed())
        add(references.prefix(1))
        add((headers.messageId ?? []).prefix(1))
        return ids
    }

    /// White space and case do not count when subjects are compared.
    private static func comparable(_ subject: String) -> String {
        guard subject.utf8.allSatisfy({ $0 < 0x80 }) else {
            return String(subject.lowercased().filter { !$0.isWhitespace })
        }
        return String(decoding: subject.utf8.compactMap { byte -> UInt8? in
            switch byte {
            case 0x20, 0x09...0x0D: nil
            case 0x41...0x5A: byte | 0x20
            default: byte
            }
        }, as: UTF8.self)
    }
}

/// The words of a message as the full-text table takes them: one text for each column.
struct SearchDocument: Sendable {
    let subject: String
    let from: String
    let to: String
    let cc: String
    let bcc: String
    let body: String
    let attachments: String
    /// How the words of all of them begin.
    let beginnings: String

    init(_ summary: MessageSummary) {
        func words(_ addresses: [EmailAddress]?) -> String {
            guard let addresses, !addresses.isEmpty else { return "" }
            return SearchText.normalize(addresses.map { ($0.name ?? "") + " " + $0.email }.joined(separator: " "))
        }
        subject = SearchText.normalize(summary.subject ?? "")
        from = words(summary.from)
        to = words(summary.to)
        cc = words(summary.cc)
        bcc = words(summary.bcc)
        body = SearchText.normalize(summary.bodyText, limit: SearchText.bodyLimit)
        attachments = SearchText.normalize(summary.attachmentNames.joined(separator: " "))
        beginnings = WordBeginnings.of([body, subject, from, to, cc, bcc, attachments])
    }

    var size: Int {
        subject.utf8.count + from.utf8.count + to.utf8.count + cc.utf8.count + bcc.utf8.count + body.utf8.count
            + attachments.utf8.count + beginnings.utf8.count
    }
}
