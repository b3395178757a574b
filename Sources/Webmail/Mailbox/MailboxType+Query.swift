package import JMAP
internal import MailStore

/// A FilterCondition on mailboxes (RFC 8621 §2.3); what is nil is not asked.
package struct MailboxCondition: Sendable {
    /// The inner nil asks for mailboxes at the top.
    var parentId: String??
    var name: String?
    /// The inner nil asks for mailboxes without a role.
    var role: String??
    var hasAnyRole: Bool?
    var isSubscribed: Bool?

    init(_ object: JSONObject) throws(MethodError) {
        for (property, value) in object {
            switch property {
            case "parentId": parentId = .some(try Self.nullable(property, value))
            case "role": role = .some(try Self.nullable(property, value))
            case "name": name = try Self.typed(property, value, value.string)
            case "hasAnyRole": hasAnyRole = try Self.typed(property, value, value.bool)
            case "isSubscribed": isSubscribed = try Self.typed(property, value, value.bool)
            default: throw .unsupportedFilter(description: "Mailbox has no condition \"\(property)\".")
            }
        }
    }

    private static func nullable(_ property: String, _ value: JSON) throws(MethodError) -> String? {
        value.isNull ? nil : try typed(property, value, value.string)
    }

    private static func typed<Value>(_ property: String, _ json: JSON, _ value: Value?) throws(MethodError) -> Value {
        guard let value else { throw .invalid("filter", "\(property) has the wrong type") }
        return value
    }

    func matches(_ mailbox: Mailbox) -> Bool {
        if let parentId, parentId != mailbox.parentId?.rawValue { return false }
        if let name, !Collation.contains(mailbox.name, name) { return false }
        if let role, role != mailbox.role?.rawValue { return false }
        if let hasAnyRole, hasAnyRole != (mailbox.role != nil) { return false }
        if let isSubscribed, isSubscribed != mailbox.isSubscribed { return false }
        return true
    }
}

/// The own arguments of `Mailbox/query` (RFC 8621 §2.3).
package struct MailboxQueryOptions: Sendable {
    let sortAsTree: Bool
    let filterAsTree: Bool
}

extension MailboxType: QueryableType {
    package func queryOptions(from arguments: inout Arguments) throws(MethodError) -> MailboxQueryOptions {
        MailboxQueryOptions(
            sortAsTree: try arguments.bool("sortAsTree", default: false),
            filterAsTree: try arguments.bool("filterAsTree", default: false))
    }

    package func condition(from object: JSONObject) throws(MethodError) -> MailboxCondition {
        try MailboxCondition(object)
    }

    package func validate(_ comparator: Comparator) throws(MethodError) {
        guard ["sortOrder", "name", "parentId"].contains(comparator.property) else {
            throw .unsupportedSort(description: "Mailboxes do not sort by \"\(comparator.property)\".")
        }
    }

    package func query(
        _ query: Query<MailboxCondition, MailboxQueryOptions>, in account: WebmailAccount
    ) async throws(MethodError) -> QueryResult {
        let (state, mailboxes) = try await account.mail.snapshot { reader in
            (try reader.state(.mailbox).rawValue, try reader.mailboxes())
        }
        let results = MailboxForest(mailboxes).select(query.filter, query.sort, query.options)
        let slice = try query.window.slice(results)
        return QueryResult(
            queryState: state, canCalculateChanges: Self.canCalculateChanges(query.options),
            position: slice.position, ids: slice.ids, total: results.count)
    }

    package func queryChanges(
        _ query: ChangesQuery<MailboxCondition, MailboxQueryOptions>, in account: WebmailAccount
    ) async throws(MethodError) -> QueryChangesResult {
        guard Self.canCalculateChanges(query.options), let since = StateToken(rawValue: query.sinceQueryState) else {
            throw .cannotCalculateChanges
        }
        let (page, mailboxes) = try await account.mail.snapshot { reader in
            (try reader.changes(.mailbox, since: since, limit: nil), try reader.mailboxes())
        }
        // A change of nothing but counts moves no mailbox in any filter or order that there is.
        let touched = page.onlyCountsChanged
            ? ChangesResult(
                newState: page.newState.rawValue, hasMoreChanges: false, created: page.created, updated: [],
                destroyed: page.destroyed)
            : ChangesResult(page)
        return try QueryChangesResult(
            results: MailboxForest(mailboxes).select(query.filter, query.sort, query.options), changes: touched,
            calculateTotal: query.calculateTotal, maxChanges: query.maxChanges)
    }

    /// In a tree the change of one mailbox moves others.
    private static func canCalculateChanges(_ options: MailboxQueryOptions) -> Bool {
        !options.sortAsTree && !options.filterAsTree
    }
}

/// The mailboxes of an account by their parents.
struct MailboxForest {
    private let mailboxes: [Mailbox]
    private let byId: [MailboxID: Mailbox]

    init(_ mailboxes: [Mailbox]) {
        self.mailboxes = mailboxes
        byId = Dictionary(mailboxes.map { ($0.id, $0) }) { first, _ in first }
    }

    /// The ids of all that the filter lets through, in order.
    func select(
        _ filter: Filter<MailboxCondition>?, _ sort: [Comparator], _ options: MailboxQueryOptions
    ) -> [String] {
        var included = mailboxes
        if let filter { included = included.filter { mailbox in filter.matches { $0.matches(mailbox) } } }
        if options.filterAsTree {
            let ids = Set(included.map(\.id))
            included = included.filter { ancestors(of: $0).allSatisfy { ids.contains($0.id) } }
        }
        let ordered = included.sorted { left, right in
            options.sortAsTree ? precedesInTree(left, right, sort) : precedes(left, right, sort)
        }
        return ordered.map(\.id.rawValue)
    }

    /// The depth of a mailbox: 0 at the top.
    func depth(of id: MailboxID) -> Int { byId[id].map { ancestors(of: $0).count } ?? 0 }

    /// The parent first, the root last. Bounded, should the store ever hold a circle.
    private func ancestors(of mailbox: Mailbox) -> [Mailbox] {
        var line: [Mailbox] = []
        var next = mailbox.parentId
        while let id = next, let parent = byId[id], line.count < mailboxes.count {
            line.append(parent)
            next = parent.parentId
        }
        return line
    }

    private func precedes(_ left: Mailbox, _ right: Mailbox, _ sort: [Comparator]) -> Bool {
        for comparator in sort {
            let order =
                switch comparator.property {
                case "sortOrder": left.sortOrder - right.sortOrder
                case "name": Collation.compare(left.name, right.name, comparator.collation)
                default: Collation.compare(left.parentId?.rawValue ?? "", right.parentId?.rawValue ?? "", nil)
                }
            if order != 0 { return comparator.isAscending ? order < 0 : order > 0 }
        }
        if left.sortOrder != right.sortOrder { return left.sortOrder < right.sortOrder }
        let names = Collation.compare(left.name, right.name, nil)
        return names != 0 ? names < 0 : left.id.rawValue < right.id.rawValue
    }

    /// RFC 8621 §2.3: an ancestor comes first; others compare by their nearest ancestors with a common parent.
    private func precedesInTree(_ left: Mailbox, _ right: Mailbox, _ sort: [Comparator]) -> Bool {
        let leftLine = Array(([left] + ancestors(of: left)).reversed())
        let rightLine = Array(([right] + ancestors(of: right)).reversed())
        for (one, other) in zip(leftLine, rightLine) where one.id != other.id { return precedes(one, other, sort) }
        return leftLine.count < rightLine.count
    }
}

/// How strings compare: `i;ascii-casemap` (RFC 4790) and `i;unicode-casemap` (RFC 5051), which is the default.
enum Collation {
    /// Negative, zero or positive, as `left` comes before, with or after `right`.
    static func compare(_ left: String, _ right: String, _ collation: String?) -> Int {
        if collation == "i;ascii-casemap" { return order(ascii(left), ascii(right)) }
        return order(Array(folded(left).utf8), Array(folded(right).utf8))
    }

    /// Whether `text` holds `part`, whatever the case.
    static func contains(_ text: String, _ part: String) -> Bool {
        part.isEmpty || folded(text).contains(folded(part))
    }

    private static func folded(_ text: String) -> String { text.uppercased() }

    private static func ascii(_ text: String) -> [UInt8] {
        text.utf8.map { 0x61...0x7A ~= $0 ? $0 - 0x20 : $0 }
    }

    private static func order(_ left: [UInt8], _ right: [UInt8]) -> Int {
        left == right ? 0 : left.lexicographicallyPrecedes(right) ? -1 : 1
    }
}
