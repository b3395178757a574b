import GRDB

/// A search by words, newest received first: the full-text table is walked from the newest number back, and left as soon as
/// nothing older can belong to the page.
///
/// Numbers mostly grow with the time of receipt, but not always (imports): before it leaves, it asks how new the emails not yet
/// walked can be.
struct TextList {
    /// For `texts`; empty when `beginning` is all that is searched for.
    private let expression: String
    /// For `beginnings`: the letters that a word begins with; nil for none.
    private let beginning: String?
    private let others: EmailCondition
    private let collapses: Bool

    /// Nil unless every text condition must hold and the order is by date, newest first.
    init?(_ filter: EmailFilter?, _ sort: [EmailComparator], collapses: Bool, _ db: Database) throws {
        guard let filter, sort == [EmailComparator(.receivedAt, isAscending: false)] else { return nil }
        var searched: [(terms: SearchTerms, columns: [String])] = []
        var rest: [EmailFilter] = []
        for condition in filter.conjuncts {
            if let asked = condition.searched {
                if !asked.terms.terms.isEmpty { searched.append(asked) } else if !asked.terms.isBlank { return nil }
            } else if condition.needsText {
                return nil
            } else {
                rest.append(condition)
            }
        }
        guard !searched.isEmpty else { return nil }
        beginning = TextList.takeBeginning(&searched)
        expression = searched.compactMap { $0.terms.expression(columns: $0.columns) }.joined(separator: " AND ")
        others = try EmailFilter.and(rest).condition(db)
        self.collapses = collapses
    }

    /// Takes one term out that `beginnings` answers faster: the last, which is the one that is being typed.
    private static func takeBeginning(_ searched: inout [(terms: SearchTerms, columns: [String])]) -> String? {
        guard let index = searched.lastIndex(where: { $0.columns.isEmpty && $0.terms.terms.contains { $0.beginning != nil } }),
            let term = searched[index].terms.terms.lastIndex(where: { $0.beginning != nil })
        else { return nil }
        return searched[index].terms.terms.remove(at: term).beginning
    }

    private struct Match {
        let received: Int64
        let number: Int64
        let key: Int64
        let thread: Int64
    }

    /// The first ids of the answer, collapsed if asked; all of them when `count` is nil.
    func ids(upTo count: Int?, _ db: Database) throws -> [EmailID] {
        var matches: [Match] = []
        var nextLook = count ?? .max
        let cursor = try candidates(db)
        var filter = try expression.isEmpty ? nil : beginning.map { try BeginningCursor($0, db) }
        while let row = try cursor.next() {
            let match = Match(received: row[0], number: row[1], key: row[2], thread: row[3])
            guard try filter?.contains(match.number) ?? true else { continue }
            if let count, matches.count >= nextLook {
                if let ids = first(count, of: matches, notBefore: try newest(upTo: match.number, db)) { return ids }
                nextLook = matches.count * 5 / 4 + 8
            }
            matches.append(match)
        }
        let ids = ordered(matches)
        return count.map { Array(ids.prefix($0)) } ?? ids
    }

    private func candidates(_ db: Database) throws -> RowCursor {
        let table = expression.isEmpty ? "beginnings" : "texts"
        let statement = try db.cachedStatement(
            sql: """
                SELECT e.received, e.number, e.id, e.thread FROM \(table) CROSS JOIN emails e ON e.number = \(table).rowid
                WHERE \(table) MATCH ? AND (\(others.sql)) ORDER BY \(table).rowid DESC
                """)
        let words = expression.isEmpty ? "\"\(beginning ?? "")\"" : expression
        return try Row.fetchCursor(statement, arguments: StatementArguments([words] + others.arguments))
    }

    /// How new the emails up to a number are: the index is read from the newest on, past those with larger numbers, which
    /// are mostly those that were walked.
    private func newest(upTo number: Int64, _ db: Database) throws -> Int64 {
        try Int64.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT received FROM emails INDEXED BY emails_by_received WHERE number <= ? ORDER BY received DESC LIMIT 1
                    """), arguments: [number]) ?? .min
    }

    /// The page, if nothing received at `bound` or before can change it.
    private func first(_ count: Int, of matches: [Match], notBefore bound: Int64) -> [EmailID]? {
        let certain = matches.filter { $0.received >= bound }
        guard certain.count >= count else { return nil }
        let ids = ordered(certain)
        return ids.count >= count ? Array(ids.prefix(count)) : nil
    }

    private func ordered(_ matches: [Match]) -> [EmailID] {
        var seen: Set<Int64> = []
        return matches.sorted { ($0.received, $0.number) > ($1.received, $1.number) }
            .filter { !collapses || seen.insert($0.thread).inserted }
            .map { EmailID(key: $0.key) }
    }
}

/// The numbers of the emails in which a word begins so, walked from the newest back beside another walk.
private struct BeginningCursor {
    private let numbers: DatabaseValueCursor<Int64>
    private var current: Int64?

    init(_ beginning: String, _ db: Database) throws {
        let statement = try db.cachedStatement(sql: "SELECT rowid FROM beginnings WHERE beginnings MATCH ? ORDER BY rowid DESC")
        numbers = try Int64.fetchCursor(statement, arguments: ["\"\(beginning)\""])
        current = try numbers.next()
    }

    /// Whether the number is among them; ask for ever smaller ones.
    mutating func contains(_ number: Int64) throws -> Bool {
        while let passed = current, passed > number { current = try numbers.next() }
        return current == number
    }
}

extension EmailFilter {
    /// The conditions that must all hold.
    fileprivate var conjuncts: [EmailFilter] {
        if case .and(let filters) = self { return filters.flatMap(\.conjuncts) }
        return [self]
    }

    /// What is searched for, and in which columns (none: all), by a single text condition.
    var searched: (terms: SearchTerms, columns: [String])? {
        switch self {
        case .text(let text): (SearchTerms(text), [])
        case .from(let text): (SearchTerms(text), ["sender"])
        case .to(let text): (SearchTerms(text), ["recipient"])
        case .cc(let text): (SearchTerms(text), ["cc"])
        case .bcc(let text): (SearchTerms(text), ["bcc"])
        case .subject(let text): (SearchTerms(text), ["subject"])
        case .body(let text): (SearchTerms(text), ["body"])
        default: nil
        }
    }
}
