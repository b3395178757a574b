internal import Delivery
internal import MailStore

/// What a change to an email says about its being spam. Mission §4.
enum SpamLesson {
    /// Nil when it says nothing: other keywords, other mailboxes, throwing spam away.
    ///
    /// A keyword that is set says it outright, and so does the way into Junk; the way out of it, and a keyword taken back, say the
    /// contrary.
    static func lesson(of patch: EmailPatch, to email: Email, roles: [MailboxID: MailboxRole?]) -> SpamClass? {
        let keywords = patch.keywords.applied(to: email.keywords)
        let added = keywords.subtracting(email.keywords)
        if added.contains(.junk) { return .spam }
        if added.contains(.notJunk) { return .ham }
        if let target = patch.mailboxId, target != email.mailboxId {
            let from = roles[email.mailboxId] ?? nil
            let to = roles[target] ?? nil
            if to == .junk { return .spam }
            if from == .junk, to != .trash { return .ham }
        }
        let removed = email.keywords.subtracting(keywords)
        if removed.contains(.junk) { return .ham }
        return removed.contains(.notJunk) && roles[email.mailboxId] == .junk ? .spam : nil
    }
}

extension EmailPatch.Keywords {
    /// The keywords after the change.
    fileprivate func applied(to current: Set<Keyword>) -> Set<Keyword> {
        switch self {
        case .unchanged: current
        case .set(let keywords): keywords
        case .patch(let add, let remove): current.subtracting(remove).union(add)
        }
    }
}
