import GRDB

/// A search by words, newest received first: the full-text table is walked from the newest number back, and left as soon as
/// nothing older can belong to the page.
///
/// Numbers mostly grow with the time of receipt, but not always (imports): `email_blocks` bounds how new the emails below a
/// number can be.
struct TextList {
    private let expression: String
    private let others: EmailCondition
    private let collapses: Bool

    /// Nil unless every text condition must hold and the order is by date, newest first.
    init?(_ filter: EmailFilter?, _ sort: [EmailComparator], collapses: Bool, _ db: Database) throws {
        guard let filter, sort == [EmailComparator(.receivedAt, isAscending: false)] else { return nil }
        var expressions: [String] = []
        var rest: [EmailFilter] = []
        for condition in filter.conjuncts {
            switch condition.searched {
            case .some(let (terms, columns)):
                guard let expression = terms.expression(columns: columns) else {
                    if terms.isBlank { continue }
                    return nil
                }
                expressions.append(expression)
            case nil:
                guard !condition.needsText else { return nil }
                rest.append(condition)
            }
        }
        guard !expressions.isEmpty else { return nil }
        expression = expressions.joined(separator: " AND ")
        others = try EmailFilter.and(rest).condition(db)
        self.collapses = collapses
    }

    private struct Match {
        let received: Int64
        let number: Int64
        let key: Int64
        let thread: Int64
    }

    /// The first ids of the answer, collapsed if asked; all of them when `count` is nil.
    func ids(upTo count: Int?, _ db: Database) throws -> [EmailID] {
        let bounds = try ReceivedBounds(db)
        var matches: [Match] = []
        var block = Int64.max
        let statement = try db.cachedStatement(
            sql: """
                SELECT e.received, e.number, e.id, e.thread FROM texts CROSS JOIN emails e ON e.number = texts.rowid
                WHERE texts MATCH ? AND (\(others.sql)) ORDER BY texts.rowid DESC
                """)
        let cursor = try Row.fetchCursor(statement, arguments: StatementArguments([expression] + others.arguments))
        while let row = try cursor.next() {
            let match = Match(received: row[0], number: row[1], key: row[2], thread: row[3])
            if let count, match.number >> ReceivedBounds.shift != block {
                block = match.number >> ReceivedBounds.shift
                if let ids = first(count, of: matches, notBefore: bounds.newest(upTo: block)) { return ids }
            }
            matches.append(match)
        }
        let ids = ordered(matches)
        return count.map { Array(ids.prefix($0)) } ?? ids
    }

    /// The page, if nothing received at `bound` or before can change it.
    private func first(_ count: Int, of matches: [Match], notBefore bound: Int64) -> [EmailID]? {
        guard matches.count >= count else { return nil }
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

/// How new the emails up to a number can be, block by block of numbers.
struct ReceivedBounds {
    /// Numbers of one block: 2^10.
    static let shift: Int64 = 10

    private var blocks: [Int64] = []
    private var newest: [Int64] = []

    init(_ db: Database) throws {
        let cursor = try Row.fetchCursor(db.cachedStatement(sql: "SELECT block, newest FROM email_blocks ORDER BY block"))
        while let row = try cursor.next() {
            blocks.append(row[0])
            newest.append(max(newest.last ?? .min, row[1]))
        }
    }

    func newest(upTo block: Int64) -> Int64 {
        guard let index = blocks.lastIndex(where: { $0 <= block }) else { return .min }
        return newest[index]
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
