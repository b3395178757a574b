internal import Formats
internal import JMAP
internal import MailStore

/// What a patch asks to change of an email: its keywords and its mailbox. All else is immutable, and may only be repeated.
struct EmailUpdate {
    private let email: Email
    private(set) var change: EmailPatch?
    /// Properties that the patch repeats, and the values that it believes them to have.
    private var repeated: [(property: EmailProperty, name: String, value: JSON)] = []

    /// - Throws: `invalidPatch`, `invalidProperties`, `tooManyMailboxes`, `tooManyKeywords`.
    init(
        _ patch: PatchObject, of email: Email, mailboxes: Set<MailboxID>, _ request: RequestState
    ) throws(SetError) {
        self.email = email
        guard patch.changes.count <= EmailFetch.maxProperties else { throw .invalidPatch("Too many properties.") }
        var keywords = KeywordChange()
        var placement = MailboxChange(current: email.mailboxId)
        var invalid: [String] = []
        for item in patch.changes {
            switch (item.path[0], item.path.count) {
            case ("keywords", 1): keywords.replace(item.value, &invalid)
            case ("keywords", 2): keywords.patch(item.path[1], item.value, &invalid)
            case ("mailboxIds", 1): placement.replace(item.value, request, &invalid)
            case ("mailboxIds", 2): placement.patch(item.path[1], item.value, request, &invalid)
            case ("keywords", _), ("mailboxIds", _): throw .invalidPatch("The path leads into a boolean.")
            case (let name, 1):
                if let property = EmailFetch.property(name) {
                    repeated.append((property, name, item.value))
                } else {
                    invalid.append(name)
                }
            case (let name, _): invalid.append(name)
            }
        }
        let target = placement.target(mailboxes, &invalid)
        guard invalid.isEmpty else {
            var seen: Set<String> = []
            throw .invalidProperties(invalid.filter { seen.insert($0).inserted })
        }
        guard target.count <= MailLimits.maxMailboxesPerEmail else { throw .tooManyMailboxes }
        guard keywords.count(after: email.keywords) <= MailLimits.maxKeywordsPerEmail else { throw .tooManyKeywords }
        let mailbox = target.first.flatMap { $0 == email.mailboxId ? nil : $0 }
        if keywords.isChange || mailbox != nil { change = EmailPatch(keywords: keywords.patch, mailboxId: mailbox) }
    }

    /// RFC 8620 §5.3: a whole object is a valid patch, so that what it repeats must be what is there.
    func confirmUnchanged(in account: WebmailAccount) async throws(SetError) {
        guard !repeated.isEmpty else { return }
        let fetch = EmailFetch(properties: repeated.map(\.property))
        var message: Message?
        if fetch.depth > .none {
            do { message = try await EmailType.message(email.id, fetch.depth, of: account) } catch {
                throw .serverFail("The email could not be read.")
            }
        }
        let current = EmailRenderer(fetch: fetch).json(email, message)
        let wrong = repeated.filter { current[$0.name] ?? .null != $0.value }.map(\.name)
        guard wrong.isEmpty else { throw .invalidProperties(wrong) }
    }
}

/// The changes to the keywords that a patch names.
private struct KeywordChange {
    private var replacement: Set<Keyword>?
    private var added: Set<Keyword> = []
    private var removed: Set<Keyword> = []

    mutating func replace(_ value: JSON, _ invalid: inout [String]) {
        replacement = value.isNull ? [] : EmailPlacement.keywords(value)
        if replacement == nil { invalid.append("keywords") }
    }

    mutating func patch(_ name: String, _ value: JSON, _ invalid: inout [String]) {
        switch (Keyword(rawValue: name), value) {
        case (let keyword?, .bool(true)): added.insert(keyword)
        case (let keyword?, .null): removed.insert(keyword)
        default: invalid.append("keywords/" + name)
        }
    }

    var isChange: Bool { replacement != nil || !added.isEmpty || !removed.isEmpty }

    var patch: EmailPatch.Keywords {
        if let replacement { return .set(replacement) }
        return isChange ? .patch(add: added, remove: removed) : .unchanged
    }

    func count(after current: Set<Keyword>) -> Int {
        replacement?.count ?? current.subtracting(removed).union(added).count
    }
}

/// The changes to the set of mailboxes that a patch names.
private struct MailboxChange {
    private var ids: Set<MailboxID>

    init(current: MailboxID) { ids = [current] }

    mutating func replace(_ value: JSON, _ request: RequestState, _ invalid: inout [String]) {
        guard let object = value.object, object.members.allSatisfy({ $0.value == true }) else {
            invalid.append("mailboxIds")
            return
        }
        ids = []
        for name in object.names {
            guard let id = request.resolve(name) else {
                invalid.append("mailboxIds")
                return
            }
            ids.insert(MailboxID(rawValue: id))
        }
    }

    mutating func patch(_ name: String, _ value: JSON, _ request: RequestState, _ invalid: inout [String]) {
        switch (request.resolve(name), value) {
        case (let id?, .bool(true)): ids.insert(MailboxID(rawValue: id))
        case (let id?, .null): ids.remove(MailboxID(rawValue: id))
        default: invalid.append("mailboxIds/" + name)
        }
    }

    /// The mailboxes that the email would be in: at least one, and all existing.
    func target(_ known: Set<MailboxID>, _ invalid: inout [String]) -> Set<MailboxID> {
        if ids.isEmpty || !ids.isSubset(of: known) { invalid.append("mailboxIds") }
        return ids
    }
}
