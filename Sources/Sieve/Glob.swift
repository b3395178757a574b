/// The pattern of `:matches`: `*` for any octets, `?` for one. RFC 5228 §2.7.1.
struct Glob: Sendable {
    private enum Token: Sendable {
        case octet(UInt8)
        case one
        case many
    }

    private let tokens: [Token]
    /// How many wildcards there are.
    let wildcards: Int

    init(_ pattern: Octets, foldsCase: Bool) {
        var tokens: [Token] = []
        tokens.reserveCapacity(pattern.count)
        var wildcards = 0
        var isEscaped = false
        for byte in pattern {
            if isEscaped {
                tokens.append(.octet(foldsCase ? byte.lowercased : byte))
                isEscaped = false
                continue
            }
            switch byte {
            case UInt8(ascii: "\\"): isEscaped = true
            case UInt8(ascii: "*"): tokens.append(.many)
            case UInt8(ascii: "?"): tokens.append(.one)
            default:
                tokens.append(.octet(foldsCase ? byte.lowercased : byte))
                continue
            }
            if !isEscaped { wildcards += 1 }
        }
        if isEscaped { tokens.append(.octet(UInt8(ascii: "\\"))) }
        self.tokens = tokens
        self.wildcards = wildcards
    }

    /// What each wildcard stands for, each as short as it can be from the left; nil when the value does not match.
    ///
    /// Only the last `*` is ever tried again: if the rest can match after a longer one before it, it can after this one too.
    func match(_ value: Octets, _ budget: inout Budget) throws(RunFailure) -> [Range<Int>]? {
        var captures = [Range<Int>](repeating: 0..<0, count: min(wildcards, Interpolation.maximumMatch))
        var at = 0
        var token = 0
        var wildcard = 0
        // The last `*`: its token, its number, where it begins and where it ends for now.
        var star: (token: Int, wildcard: Int, start: Int, end: Int)?
        var steps = 20
        while true {
            steps += 1
            if steps & 0xFFFF == 0 { try budget.pay(steps << 1); steps = 0 }
            if token < tokens.count {
                switch tokens[token] {
                case .many:
                    star = (token, wildcard, at, at)
                    if wildcard < captures.count { captures[wildcard] = at..<at }
                    wildcard += 1
                    token += 1
                    continue
                case .one where at < value.count:
                    if wildcard < captures.count { captures[wildcard] = at..<(at + 1) }
                    wildcard += 1
                    at += 1
                    token += 1
                    continue
                case .octet(let octet) where at < value.count && value[at] == octet:
                    at += 1
                    token += 1
                    continue
                case .one, .octet: break
                }
            } else if at == value.count {
                try budget.pay(steps)
                return captures
            }
            guard var again = star, again.end < value.count else {
                try budget.pay(steps)
                return nil
            }
            // A final `*` takes all that is left.
            again.end = again.token == tokens.count - 1 ? value.count : again.end + 1
            if again.wildcard < captures.count { captures[again.wildcard] = again.start..<again.end }
            star = again
            token = again.token + 1
            wildcard = again.wildcard + 1
            at = again.end
        }
    }
}
