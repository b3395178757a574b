internal import MailStore
internal import Sieve

/// Where a message goes once the filters of its mailbox have judged it.
struct FilterOutcome: Sendable {
    /// One copy to store.
    struct Filing: Hashable, Sendable {
        var target: DeliveryTarget
        var keywords: Set<Keyword> = []
        /// Nil unless a script changed the header.
        var header: EditedHeader?
    }

    var filings: [Filing]
    var redirects: [SieveAction.Redirect] = []
    /// It stands alone.
    var rejection: SieveAction.Reject?
    var replies: [VacationRequest] = []
    /// For the memory of duplicates, once all is done.
    var toRemember: [SieveDuplicate] = []

    /// What happens without a script.
    static func unfiltered(isJunk: Bool) -> FilterOutcome {
        FilterOutcome(filings: [Filing(target: .role(isJunk ? .junk : .inbox))])
    }

    /// Nothing but the usual.
    var isUnfiltered: Bool {
        redirects.isEmpty && rejection == nil && replies.isEmpty && filings.count == 1 && filings[0].header == nil
            && filings[0].keywords.isEmpty && (filings[0].target == .role(.inbox) || filings[0].target == .role(.junk))
    }

    /// For a line of the log: what is done, without names that a script holds.
    var summary: String {
        var words: [String] = []
        if !filings.isEmpty { words.append("store \(filings.count)") }
        if !redirects.isEmpty { words.append("redirect \(redirects.count)") }
        if rejection != nil { words.append("reject") }
        if !replies.isEmpty { words.append("vacation") }
        return words.isEmpty ? "discard" : words.joined(separator: ", ")
    }
}

/// The mailboxes of an account by the names that scripts use.
struct MailboxPaths: Sendable {
    private var byPath: [String: MailboxID] = [:]
    private var byRole: [String: MailboxID] = [:]
    private var roleOf: [MailboxID: String] = [:]
    private let inbox: MailboxID?

    init(_ mailboxes: [Mailbox]) {
        let byId = Dictionary(mailboxes.map { ($0.id, $0) }) { first, _ in first }
        inbox = mailboxes.first { $0.role == .inbox }?.id
        for mailbox in mailboxes {
            byPath[Self.path(of: mailbox, byId)] = mailbox.id
            guard let role = mailbox.role else { continue }
            byRole[role.rawValue] = mailbox.id
            roleOf[mailbox.id] = role.rawValue
        }
    }

    private static func path(of mailbox: Mailbox, _ byId: [MailboxID: Mailbox]) -> String {
        var names = [mailbox.name]
        var above = mailbox.parentId
        // A circle cannot be, but the index is only an index.
        while let id = above, let parent = byId[id], names.count < 64 {
            names.insert(parent.name, at: 0)
            above = parent.parentId
        }
        return names.joined(separator: "/")
    }

    /// The mailbox of that name: `INBOX` in any case; levels parted by `/`, or by `.` as Maildir++ has them; with `INBOX` before or not.
    func find(_ name: String) -> MailboxID? {
        let name = Self.trimmed(name)
        if name.uppercased() == "INBOX" { return inbox }
        for candidate in [name, name.replacing(".", with: "/")] {
            if let id = byPath[candidate] { return id }
            guard candidate.uppercased().hasPrefix("INBOX/") else { continue }
            let rest = candidate.dropFirst(6)
            if let id = byPath["Inbox/" + rest] ?? byPath[String(rest)] { return id }
        }
        return nil
    }

    /// The mailbox with a special use as IMAP writes it: `\Junk`.
    func find(use: String) -> MailboxID? { byRole[Self.role(use)] }

    /// Whether the named mailbox, or any, has the special use. RFC 8579 §3.
    func has(_ use: String, mailbox name: String?) -> Bool {
        guard let name else { return find(use: use) != nil }
        return find(name).map { roleOf[$0] == Self.role(use) } ?? false
    }

    private static func role(_ use: String) -> String { (use.hasPrefix("\\") ? String(use.dropFirst()) : use).lowercased() }

    /// The names of the levels of a mailbox to make.
    static func levels(_ name: String) -> [String] {
        let levels = trimmed(name).split(separator: "/").map(String.init)
        return levels.count > 1 && levels[0].uppercased() == "INBOX" ? Array(levels.dropFirst()) : levels
    }

    private static func trimmed(_ name: String) -> String {
        var text = name[...]
        while text.hasPrefix("/") { text = text.dropFirst() }
        while text.hasSuffix("/") { text = text.dropLast() }
        return String(text)
    }
}

extension Keyword {
    /// The keyword of an IMAP flag: `\Seen` is `$seen` (RFC 8621 §4.1.1). Nil for flags that mail has no keyword for.
    init?(imapFlag flag: String) {
        guard flag.hasPrefix("\\") else {
            self.init(rawValue: flag)
            return
        }
        switch flag.dropFirst().lowercased() {
        case "seen": self = .seen
        case "answered": self = .answered
        case "flagged": self = .flagged
        case "draft": self = .draft
        default: return nil
        }
    }
}
