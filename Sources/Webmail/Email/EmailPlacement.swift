internal import JMAP
internal import MailStore

/// Where a new email goes and how it is marked: what `Email/set` create, `Email/import` and `Email/copy` have in common.
struct EmailPlacement {
    /// As given, creation references resolved.
    private(set) var mailboxIds: [MailboxID] = []
    private(set) var keywords: Set<Keyword> = []
    /// Nil: now.
    private(set) var receivedAt: UnixTime?
    /// The properties that are wrong.
    var invalid: [String] = []

    /// Reads `mailboxIds`, `keywords` and `receivedAt`, as far as they are there.
    mutating func take(from record: JSONObject, _ request: RequestState) {
        if let value = record["mailboxIds"] { takeMailboxIds(value, request) }
        if let value = record["keywords"], !value.isNull { takeKeywords(value) }
        if let value = record["receivedAt"], !value.isNull {
            receivedAt = value.string.flatMap(UTCDate.init).map { UnixTime($0) }
            if receivedAt == nil { invalid.append("receivedAt") }
        }
    }

    private mutating func takeMailboxIds(_ value: JSON, _ request: RequestState) {
        mailboxIds = []
        guard let object = value.object, !object.isEmpty, object.members.allSatisfy({ $0.value == true }) else {
            invalid.append("mailboxIds")
            return
        }
        var seen: Set<MailboxID> = []
        for name in object.names {
            guard let id = request.resolve(name).flatMap(Id.init) else {
                invalid.append("mailboxIds")
                return
            }
            let mailbox = MailboxID(rawValue: id.rawValue)
            if seen.insert(mailbox).inserted { mailboxIds.append(mailbox) }
        }
    }

    private mutating func takeKeywords(_ value: JSON) {
        guard let set = Self.keywords(value) else {
            invalid.append("keywords")
            return
        }
        keywords = set
    }

    /// The set that a `keywords` object stands for; nil when it is not one.
    static func keywords(_ value: JSON) -> Set<Keyword>? {
        guard let object = value.object else { return nil }
        var set: Set<Keyword> = []
        for (name, value) in object {
            guard value == true, let keyword = Keyword(rawValue: name) else { return nil }
            set.insert(keyword)
        }
        return set
    }

    /// The mailbox, once everything that was given is known to be right.
    func mailbox(in account: WebmailAccount) async throws(SetError) -> MailboxID {
        guard invalid.isEmpty else { throw .invalidProperties(invalid) }
        let known: Set<MailboxID>
        do { known = Set(try await account.mail.read { reader in try reader.mailboxes().map(\.id) }) } catch {
            throw .serverFail("The mailboxes could not be read.")
        }
        guard mailboxIds.allSatisfy(known.contains), let mailbox = mailboxIds.first else {
            throw .invalidProperties(["mailboxIds"], "A mailbox does not exist.")
        }
        guard mailboxIds.count <= MailLimits.maxMailboxesPerEmail else { throw .tooManyMailboxes }
        guard keywords.count <= MailLimits.maxKeywordsPerEmail else { throw .tooManyKeywords }
        return mailbox
    }
}

extension SetError {
    /// RFC 8621 §4.6.
    static let tooManyMailboxes = SetError(
        "tooManyMailboxes", description: "An email is in one mailbox at a time on this server.")
    static let tooManyKeywords = SetError("tooManyKeywords")
}
