package import JMAP
package import MailStore

extension EmailType: QueryableType {
    /// `collapseThreads` (RFC 8621 §4.4).
    package func queryOptions(from arguments: inout Arguments) throws(MethodError) -> Bool {
        try arguments.bool("collapseThreads", default: false)
    }

    package func condition(from object: JSONObject) throws(MethodError) -> EmailFilter {
        try EmailConditions.filter(object)
    }

    package func validate(_ comparator: Comparator) throws(MethodError) {
        guard MailLimits.emailQuerySortOptions.contains(comparator.property) else {
            throw .unsupportedSort(description: "Emails do not sort by \"\(comparator.property)\".")
        }
        _ = try Self.comparator(comparator)
    }

    package func query(
        _ query: Query<EmailFilter, Bool>, in account: WebmailAccount
    ) async throws(MethodError) -> QueryResult {
        let window: EmailQuery.Window =
            query.window.anchor.map { .anchor(EmailID(rawValue: $0.rawValue), offset: query.window.anchorOffset) }
            ?? .position(query.window.position)
        let asked = EmailQuery(
            filter: query.filter.map(EmailFilter.init), sort: try Self.comparators(query.sort),
            collapseThreads: query.options, window: window, limit: query.window.limit,
            calculateTotal: query.calculateTotal)
        let page = try await account.mail.snapshot { reader in try reader.query(asked) }
        return QueryResult(
            queryState: page.queryState.rawValue, canCalculateChanges: page.canCalculateChanges,
            position: page.position, ids: page.ids.map(\.rawValue), total: page.total)
    }

    package func queryChanges(
        _ query: ChangesQuery<EmailFilter, Bool>, in account: WebmailAccount
    ) async throws(MethodError) -> QueryChangesResult {
        guard let since = StateToken(rawValue: query.sinceQueryState) else { throw .cannotCalculateChanges }
        let asked = EmailQuery(
            filter: query.filter.map(EmailFilter.init), sort: try Self.comparators(query.sort),
            collapseThreads: query.options, calculateTotal: query.calculateTotal)
        let changes = try await account.mail.snapshot { reader in
            try reader.queryChanges(
                asked, since: since, maxChanges: query.maxChanges,
                upTo: query.upToId.map { EmailID(rawValue: $0.rawValue) })
        }
        return QueryChangesResult(
            newQueryState: changes.newQueryState.rawValue, total: changes.total,
            removed: changes.removed.map(\.rawValue), added: changes.added.map { ($0.id.rawValue, $0.index) })
    }

    // MARK: Sort

    private static func comparators(_ sort: [Comparator]) throws(MethodError) -> [EmailComparator] {
        var comparators: [EmailComparator] = []
        for item in sort { comparators.append(try comparator(item)) }
        return comparators
    }

    private static func comparator(_ item: Comparator) throws(MethodError) -> EmailComparator {
        EmailComparator(try property(item), isAscending: item.isAscending)
    }

    private static func property(_ item: Comparator) throws(MethodError) -> EmailComparator.Property {
        switch item.property {
        case "receivedAt": .receivedAt
        case "sentAt": .sentAt
        case "size": .size
        case "from": .from
        case "to": .to
        case "subject": .subject
        case "hasKeyword": .hasKeyword(try keyword(item))
        case "allInThreadHaveKeyword": .allInThreadHaveKeyword(try keyword(item))
        case "someInThreadHaveKeyword": .someInThreadHaveKeyword(try keyword(item))
        default: throw .unsupportedSort(description: item.property)
        }
    }

    private static func keyword(_ item: Comparator) throws(MethodError) -> Keyword {
        guard let keyword = item.keyword.flatMap(Keyword.init(rawValue:)) else {
            throw .invalid("sort", "\(item.property) needs a keyword")
        }
        return keyword
    }
}

extension EmailFilter {
    init(_ filter: Filter<EmailFilter>) {
        switch filter {
        case .condition(let condition): self = condition
        case .and(let filters): self = .and(filters.map(EmailFilter.init))
        case .or(let filters): self = .or(filters.map(EmailFilter.init))
        case .not(let filters): self = .not(filters.map(EmailFilter.init))
        }
    }
}

/// Reads FilterConditions on emails (RFC 8621 §4.4.1).
enum EmailConditions {
    static func filter(_ object: JSONObject) throws(MethodError) -> EmailFilter {
        var conditions: [EmailFilter] = []
        for (name, value) in object { conditions.append(try condition(name, value)) }
        return conditions.count == 1 ? conditions[0] : .and(conditions)
    }

    private static func condition(_ name: String, _ value: JSON) throws(MethodError) -> EmailFilter {
        switch name {
        case "inMailbox": .inMailbox(MailboxID(rawValue: try typed(name, value.id).rawValue))
        case "inMailboxOtherThan": .inMailboxOtherThan(try mailboxes(name, value))
        case "before": .before(try time(name, value))
        case "after": .after(try time(name, value))
        case "minSize": .minSize(try typed(name, value.unsigned))
        case "maxSize": .maxSize(try typed(name, value.unsigned))
        case "allInThreadHaveKeyword": .allInThreadHaveKeyword(try keyword(name, value))
        case "someInThreadHaveKeyword": .someInThreadHaveKeyword(try keyword(name, value))
        case "noneInThreadHaveKeyword": .noneInThreadHaveKeyword(try keyword(name, value))
        case "hasKeyword": .hasKeyword(try keyword(name, value))
        case "notKeyword": .notKeyword(try keyword(name, value))
        case "hasAttachment": .hasAttachment(try typed(name, value.bool))
        case "text": .text(try typed(name, value.string))
        case "from": .from(try typed(name, value.string))
        case "to": .to(try typed(name, value.string))
        case "cc": .cc(try typed(name, value.string))
        case "bcc": .bcc(try typed(name, value.string))
        case "subject": .subject(try typed(name, value.string))
        case "body": .body(try typed(name, value.string))
        case "header": try header(name, value)
        default: throw .unsupportedFilter(description: "Email has no condition \"\(name)\".")
        }
    }

    private static func typed<Value>(_ name: String, _ value: Value?) throws(MethodError) -> Value {
        guard let value else { throw .invalid("filter", "\(name) has the wrong type") }
        return value
    }

    private static func time(_ name: String, _ value: JSON) throws(MethodError) -> UnixTime {
        UnixTime(try typed(name, value.string.flatMap(UTCDate.init)))
    }

    private static func keyword(_ name: String, _ value: JSON) throws(MethodError) -> Keyword {
        try typed(name, value.string.flatMap(Keyword.init(rawValue:)))
    }

    private static func mailboxes(_ name: String, _ value: JSON) throws(MethodError) -> Set<MailboxID> {
        var ids: Set<MailboxID> = []
        for item in try typed(name, value.array) {
            ids.insert(MailboxID(rawValue: try typed(name, item.id).rawValue))
        }
        return ids
    }

    private static func header(_ name: String, _ value: JSON) throws(MethodError) -> EmailFilter {
        let strings = try typed(name, value.strings)
        guard 1...2 ~= strings.count, !strings[0].isEmpty else {
            throw .invalid("filter", "header needs a name, and at most a text beside")
        }
        return .header(name: strings[0], text: strings.count == 2 ? strings[1] : nil)
    }
}
