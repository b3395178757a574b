import GRDB

/// A piece of SQL with its arguments, about the row `e` of `emails`.
struct EmailCondition {
    var sql: String
    var arguments: [any DatabaseValueConvertible] = []

    static var always: EmailCondition { EmailCondition(sql: "1") }
    static var never: EmailCondition { EmailCondition(sql: "0") }

    static func keyword(_ keyword: Keyword, of row: String) -> EmailCondition {
        if let bit = EmailFlags.bit(of: keyword) { return EmailCondition(sql: "(\(row).flags & \(bit)) <> 0") }
        return EmailCondition(sql: "instr(ifnull(\(row).keywords, ''), ?) > 0", arguments: [" \(keyword.rawValue) "])
    }

    /// Whether some email of the conversation has (lacks) the keyword.
    static func thread(_ keyword: Keyword, has: Bool) -> EmailCondition {
        var inner = EmailCondition.keyword(keyword, of: "x")
        if !has { inner.sql = "NOT (\(inner.sql))" }
        return EmailCondition(
            sql: "EXISTS (SELECT 1 FROM emails x WHERE x.thread = e.thread AND \(inner.sql))", arguments: inner.arguments)
    }

    var negated: EmailCondition { EmailCondition(sql: "NOT (\(sql))", arguments: arguments) }

    static func joined(_ conditions: [EmailCondition], by word: String) -> EmailCondition {
        EmailCondition(
            sql: "(" + conditions.map(\.sql).joined(separator: " \(word) ") + ")",
            arguments: conditions.flatMap(\.arguments))
    }
}

extension EmailFilter {
    /// The filter as SQL. Names of mailboxes are looked up in `db`: one that does not exist holds no email.
    func condition(_ db: Database) throws -> EmailCondition {
        switch self {
        case .and(let filters):
            return filters.isEmpty ? .always : .joined(try filters.map { try $0.condition(db) }, by: "AND")
        case .or(let filters):
            return filters.isEmpty ? .never : .joined(try filters.map { try $0.condition(db) }, by: "OR")
        case .not(let filters):
            return filters.isEmpty ? .always : EmailCondition.joined(try filters.map { try $0.condition(db) }, by: "OR").negated
        case .inMailbox(let id):
            guard let mailbox = try EmailFilter.number(id, db) else { return .never }
            return EmailCondition(sql: "e.mailbox = \(mailbox)")
        case .inMailboxOtherThan(let ids):
            let numbers = try ids.compactMap { try EmailFilter.number($0, db) }.sorted().map(String.init)
            return EmailCondition(sql: "e.mailbox NOT IN (\(numbers.joined(separator: ", ")))")
        case .before(let time): return EmailCondition(sql: "e.received < \(time.milliseconds)")
        case .after(let time): return EmailCondition(sql: "e.received >= \(time.milliseconds)")
        case .minSize(let size): return EmailCondition(sql: "e.size >= \(size)")
        case .maxSize(let size): return EmailCondition(sql: "e.size < \(size)")
        case .hasAttachment(let has):
            return EmailCondition(sql: "(e.flags & \(EmailFlags.hasAttachment)) \(has ? "<>" : "=") 0")
        case .hasKeyword(let keyword): return .keyword(keyword, of: "e")
        case .notKeyword(let keyword): return EmailCondition.keyword(keyword, of: "e").negated
        case .allInThreadHaveKeyword(let keyword): return EmailCondition.thread(keyword, has: false).negated
        case .someInThreadHaveKeyword(let keyword): return .thread(keyword, has: true)
        case .noneInThreadHaveKeyword(let keyword): return EmailCondition.thread(keyword, has: true).negated
        case .text, .from, .to, .cc, .bcc, .subject, .body:
            guard let (terms, columns) = searched else { return .always }
            guard let expression = terms.expression(columns: columns) else { return terms.isBlank ? .always : .never }
            return EmailCondition(
                sql: "e.number IN (SELECT rowid FROM texts WHERE texts MATCH ?)", arguments: [expression])
        case .header(let name, let text):
            return EmailCondition(
                sql: "has_header((SELECT folder FROM mailboxes WHERE number = e.mailbox), e.file, ?, ?)",
                arguments: [name, text ?? ""])
        }
    }

    static func number(_ id: MailboxID, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(db.cachedStatement(sql: "SELECT number FROM mailboxes WHERE id = ?"), arguments: [id.rawValue])
    }

    /// Whether the full-text table is asked.
    var needsText: Bool {
        switch self {
        case .and(let filters), .or(let filters), .not(let filters): filters.contains(where: \.needsText)
        case .text, .from, .to, .cc, .bcc, .subject, .body: true
        default: false
        }
    }

    /// Whether an email's own changes can change the answer (RFC 8620 §5.6 "mutable property").
    var isMutable: Bool {
        switch self {
        case .and(let filters), .or(let filters), .not(let filters): filters.contains(where: \.isMutable)
        case .inMailbox, .inMailboxOtherThan, .hasKeyword, .notKeyword: true
        default: dependsOnThread
        }
    }

    /// Whether changes of other emails in the conversation can change the answer.
    var dependsOnThread: Bool {
        switch self {
        case .and(let filters), .or(let filters), .not(let filters): filters.contains(where: \.dependsOnThread)
        case .allInThreadHaveKeyword, .someInThreadHaveKeyword, .noneInThreadHaveKeyword: true
        default: false
        }
    }

    /// The filter with needless nesting taken away, so that plain cases are recognised.
    var simplified: EmailFilter? {
        switch self {
        case .and(let filters):
            let inner = filters.compactMap(\.simplified)
            return inner.isEmpty ? nil : inner.count == 1 ? inner[0] : .and(inner)
        case .or(let filters) where filters.count == 1: return filters[0].simplified
        default: return self
        }
    }
}

extension EmailComparator {
    /// The expressions to sort by, with their direction.
    var order: EmailCondition {
        var condition: EmailCondition
        switch property {
        case .receivedAt: condition = EmailCondition(sql: "e.received")
        case .size: condition = EmailCondition(sql: "e.size")
        case .sentAt: condition = EmailCondition(sql: "e.sent")
        case .from: condition = EmailComparator.text("from")
        case .to: condition = EmailComparator.text("to")
        case .subject: condition = EmailComparator.text("subject")
        case .hasKeyword(let keyword): condition = .keyword(keyword, of: "e")
        case .allInThreadHaveKeyword(let keyword): condition = EmailCondition.thread(keyword, has: false).negated
        case .someInThreadHaveKeyword(let keyword): condition = .thread(keyword, has: true)
        }
        condition.sql += isAscending ? " ASC" : " DESC"
        return condition
    }

    private static func text(_ name: String) -> EmailCondition {
        EmailCondition(sql: "sort_text((SELECT data FROM summaries s WHERE s.number = e.number), '\(name)')")
    }

    var isMutable: Bool {
        if case .hasKeyword = property { return true }
        return dependsOnThread
    }

    var dependsOnThread: Bool {
        switch property {
        case .allInThreadHaveKeyword, .someInThreadHaveKeyword: true
        default: false
        }
    }
}
