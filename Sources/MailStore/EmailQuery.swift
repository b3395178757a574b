/// A condition on emails, or a tree of them (RFC 8621 §4.4.1). A FilterCondition of several properties is their `and`.
package indirect enum EmailFilter: Sendable, Hashable {
    /// True for every email when empty.
    case and([EmailFilter])
    case or([EmailFilter])
    /// None of them holds.
    case not([EmailFilter])

    case inMailbox(MailboxID)
    case inMailboxOtherThan(Set<MailboxID>)
    case before(UnixTime)
    case after(UnixTime)
    case minSize(Int)
    case maxSize(Int)
    case allInThreadHaveKeyword(Keyword)
    case someInThreadHaveKeyword(Keyword)
    case noneInThreadHaveKeyword(Keyword)
    case hasKeyword(Keyword)
    case notKeyword(Keyword)
    case hasAttachment(Bool)
    case text(String)
    case from(String)
    case to(String)
    case cc(String)
    case bcc(String)
    case subject(String)
    case body(String)
    /// The field exists, and, if `text` is given, contains it (case-insensitively, decoded).
    case header(name: String, text: String?)
}

/// One comparator of a sort (RFC 8621 §4.4.2). The order always ends with a tiebreak, so that it is stable.
package struct EmailComparator: Sendable, Hashable {
    package enum Property: Sendable, Hashable {
        case receivedAt, size, from, to, subject, sentAt
        case hasKeyword(Keyword)
        case allInThreadHaveKeyword(Keyword)
        case someInThreadHaveKeyword(Keyword)
    }

    package var property: Property
    package var isAscending: Bool

    package init(_ property: Property, isAscending: Bool = true) {
        self.property = property
        self.isAscending = isAscending
    }
}

/// A search over the account (RFC 8621 §4.4).
package struct EmailQuery: Sendable, Hashable {
    package enum Window: Sendable, Hashable {
        /// Negative counts from the end (RFC 8620 §5.5).
        case position(Int)
        case anchor(EmailID, offset: Int)
    }

    package var filter: EmailFilter?
    /// Empty: newest received first.
    package var sort: [EmailComparator]
    package var collapseThreads: Bool
    package var window: Window
    package var limit: Int?
    package var calculateTotal: Bool

    package init(
        filter: EmailFilter? = nil, sort: [EmailComparator] = [], collapseThreads: Bool = false,
        window: Window = .position(0), limit: Int? = nil, calculateTotal: Bool = false
    ) {
        self.filter = filter
        self.sort = sort
        self.collapseThreads = collapseThreads
        self.window = window
        self.limit = limit
        self.calculateTotal = calculateTotal
    }
}

/// The answer to an `EmailQuery`; ids and state are of one snapshot.
package struct EmailQueryPage: Sendable, Hashable {
    package let ids: [EmailID]
    package let position: Int
    /// Only when it was asked for.
    package let total: Int?
    package let queryState: StateToken
    package let canCalculateChanges: Bool
}

/// How a query's result moved on (RFC 8620 §5.6).
package struct EmailQueryChanges: Sendable, Hashable {
    package struct Added: Sendable, Hashable {
        package let id: EmailID
        package let index: Int
    }

    package let oldQueryState: StateToken
    package let newQueryState: StateToken
    package let removed: [EmailID]
    /// Lowest index first.
    package let added: [Added]
    package let total: Int?
}

/// Why a query was not answered.
package enum EmailQueryError: Error, Hashable, Sendable {
    case anchorNotFound
    /// More changes than the caller wants to hear of.
    case tooManyChanges
    /// The state is of another epoch or too old.
    case cannotCalculateChanges
    /// A text condition holds nothing that could be searched for.
    case unsupportedFilter
}

/// One page of the log of changes, folded (RFC 8620 §5.2).
package struct ChangesPage: Sendable, Hashable {
    package let oldState: StateToken
    package let newState: StateToken
    package let hasMoreChanges: Bool
    package let created: [String]
    package let updated: [String]
    package let destroyed: [String]
    /// Mailboxes only: of all the `updated`, nothing but the counts changed (RFC 8621 §2.2).
    package let onlyCountsChanged: Bool
}

/// Where a search's words stand in an email (RFC 8621 §5): HTML-escaped, with `<mark>`.
package struct SearchSnippet: Sendable, Hashable {
    package let emailId: EmailID
    package let subject: String?
    /// At most 255 octets.
    package let preview: String?
}
