/// An email's keywords as the index keeps them: bits for those every program knows, names for the others.
struct EmailFlags: Hashable {
    /// `bit` values are stored in the index: never change one.
    static let seen = 1
    static let answered = 2
    static let flagged = 4
    static let draft = 8
    static let forwarded = 16
    /// Not a keyword: kept beside them so that one column answers list filters.
    static let hasAttachment = 32
    static let keywordMask = 31

    var bits: Int
    /// Sorted, lower case.
    var others: [String]

    init(bits: Int = 0, others: [String] = []) {
        self.bits = bits
        self.others = others
    }

    init(_ keywords: Set<Keyword>) {
        bits = 0
        others = []
        for keyword in keywords {
            if let bit = EmailFlags.bit(of: keyword) { bits |= bit } else { others.append(keyword.rawValue) }
        }
        others.sort()
    }

    static func bit(of keyword: Keyword) -> Int? {
        switch keyword {
        case .seen: seen
        case .answered: answered
        case .flagged: flagged
        case .draft: draft
        case .forwarded: forwarded
        default: nil
        }
    }

    var keywords: Set<Keyword> {
        var all = Set(others.compactMap(Keyword.init(rawValue:)))
        if bits & EmailFlags.seen != 0 { all.insert(.seen) }
        if bits & EmailFlags.answered != 0 { all.insert(.answered) }
        if bits & EmailFlags.flagged != 0 { all.insert(.flagged) }
        if bits & EmailFlags.draft != 0 { all.insert(.draft) }
        if bits & EmailFlags.forwarded != 0 { all.insert(.forwarded) }
        return all
    }

    /// Neither seen nor a draft (RFC 8621 §2).
    var isUnread: Bool { bits & (EmailFlags.seen | EmailFlags.draft) == 0 }

    /// The names in one column: " a b ", nil for none, so that one of them is found by its spaces.
    var column: String? { others.isEmpty ? nil : " " + others.joined(separator: " ") + " " }

    static func others(column: String?) -> [String] { column?.split(separator: " ").map(String.init) ?? [] }
}
