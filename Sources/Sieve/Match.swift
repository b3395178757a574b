/// How values are compared with keys: comparator, match type and keys of one test.
struct Match: Sendable {
    var comparator: Comparator
    var type: MatchType
    var keys: [Key]

    /// Whether the number of values is asked for, and not what they are.
    var isCount: Bool { if case .count = type { true } else { false } }

    struct Key: Sendable {
        var template: Template
        /// Of a constant key: what it compiles to.
        var pattern: Pattern?
    }
}

enum MatchType: Sendable {
    case `is`
    case contains
    case matches
    case regex
    case value(Relation)
    case count(Relation)
}

/// RFC 5231 §4.
enum Relation: String, Sendable {
    case gt, ge, lt, le, eq, ne

    func holds(_ order: Ordering) -> Bool {
        switch self {
        case .gt: order == .after
        case .ge: order != .before
        case .lt: order == .before
        case .le: order != .after
        case .eq: order == .same
        case .ne: order != .same
        }
    }
}

enum Ordering: Sendable { case before, same, after }

/// RFC 4790 §9.
enum Comparator: String, Sendable, CaseIterable {
    case octet = "i;octet"
    case asciiCasemap = "i;ascii-casemap"
    case asciiNumeric = "i;ascii-numeric"

    func order(_ left: Octets, _ right: Octets) -> Ordering {
        switch self {
        case .octet: Self.order(left, right)
        case .asciiCasemap: Self.order(left.map(\.uppercased), right.map(\.uppercased))
        case .asciiNumeric: Self.numericOrder(left, right)
        }
    }

    private static func order(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Ordering {
        if left.lexicographicallyPrecedes(right) { return .before }
        return right.lexicographicallyPrecedes(left) ? .after : .same
    }

    /// RFC 4790 §9.1: what does not begin with a digit is infinite. Numbers may have any number of digits.
    private static func numericOrder(_ left: Octets, _ right: Octets) -> Ordering {
        switch (number(left), number(right)) {
        case (nil, nil): .same
        case (nil, _): .after
        case (_, nil): .before
        case (let left?, let right?):
            left.count == right.count ? order(left, right) : left.count < right.count ? .before : .after
        }
    }

    private static func number(_ text: Octets) -> ArraySlice<UInt8>? {
        let digits = text.prefix(while: \.isDigit)
        return digits.isEmpty ? nil : digits.drop { $0 == 0x30 }
    }
}

/// A key, made ready to be searched for.
enum Pattern: Sendable {
    /// For `:is` and `:contains`, in lower case when case does not count.
    case plain(Octets)
    case glob(Glob)
    case regex(Regex)
    /// For `:value` and `:count`.
    case ordered(Octets)
}

/// A value with its lower-case form, made once however many keys are looked for.
final class Value {
    let octets: Octets
    private(set) lazy var folded = octets.folded

    init(_ octets: Octets) { self.octets = octets }
}

/// What is left of a run's steps. Whoever does work that grows with a script or a message pays for it first.
struct Budget {
    private var steps: Int

    init(_ steps: Int) { self.steps = steps }

    mutating func pay(_ cost: Int) throws(RunFailure) {
        steps -= cost
        if steps < 0 { throw RunFailure("the script takes too long on this message") }
    }
}

/// Why a run cannot go on.
struct RunFailure: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
