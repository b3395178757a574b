/// A regular expression as a tree.
indirect enum RegexNode {
    case scalar(UInt32)
    case any
    case set(CharacterSet)
    case assertion(Regex.Assertion)
    case group(RegexNode, Int)
    case sequence([RegexNode])
    case alternatives([RegexNode])
    /// At least so often, and at most; nil: any number of times.
    case repetition(RegexNode, Int, Int?)
}

extension RegexNode {
    /// Whether it can match nothing.
    var canBeEmpty: Bool {
        switch self {
        case .scalar, .any, .set: false
        case .assertion: true
        case .group(let inner, _): inner.canBeEmpty
        case .sequence(let nodes): nodes.allSatisfy(\.canBeEmpty)
        case .alternatives(let nodes): nodes.contains(where: \.canBeEmpty)
        case .repetition(let inner, let low, _): low == 0 || inner.canBeEmpty
        }
    }
}

/// Reads the extended syntax of POSIX (IEEE 1003.1 §9.4), and the escapes that the C library adds to it.
struct RegexParser {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var depth = 0
    /// Groups so far.
    private(set) var groups = 0

    private static let maximumDepth = 50
    private static let maximumRepeat = 255

    init(_ pattern: Octets) {
        scalars = Array(String(decoding: pattern, as: UTF8.self).unicodeScalars)
    }

    mutating func parse() throws(RegexError) -> RegexNode {
        let tree = try alternatives()
        guard index == scalars.count else { throw RegexError("')' without a '(' before it") }
        return tree
    }

    private var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        index += 1
        return true
    }

    private mutating func alternatives() throws(RegexError) -> RegexNode {
        var nodes = [try sequence()]
        while take("|") { nodes.append(try sequence()) }
        return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
    }

    private mutating func sequence() throws(RegexError) -> RegexNode {
        var nodes: [RegexNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            nodes.append(try repeated(try atom()))
        }
        return .sequence(nodes)
    }

    // MARK: Repetition

    private mutating func repeated(_ atom: RegexNode) throws(RegexError) -> RegexNode {
        var node = atom
        var count = 0
        while let (low, high) = try bounds() {
            count += 1
            guard count <= 5 else { throw RegexError("too many repetitions in a row") }
            node = .repetition(node, low, high)
        }
        return node
    }

    private mutating func bounds() throws(RegexError) -> (Int, Int?)? {
        switch current {
        case "*":
            index += 1
            return (0, nil)
        case "+":
            index += 1
            return (1, nil)
        case "?":
            index += 1
            return (0, 1)
        case "{" where index + 1 < scalars.count && isDigit(scalars[index + 1]):
            index += 1
            return try interval()
        default: return nil
        }
    }

    private mutating func interval() throws(RegexError) -> (Int, Int?) {
        let low = number()
        var high: Int? = low
        if take(",") { high = current.map(isDigit) == true ? number() : nil }
        guard take("}") else { throw RegexError("a '{' that is not closed by a '}'") }
        guard low <= Self.maximumRepeat, (high ?? 0) <= Self.maximumRepeat else {
            throw RegexError("more than \(Self.maximumRepeat) repetitions")
        }
        if let high, high < low { throw RegexError("the numbers in '{ }' are in the wrong order") }
        return (low, high)
    }

    private mutating func number() -> Int {
        var value = 0
        while let scalar = current, isDigit(scalar) {
            value = min(value * 10 + Int(scalar.value - 0x30), 100_000)
            index += 1
        }
        return value
    }

    private func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar >= "0" && scalar <= "9" }

    // MARK: Atoms

    private mutating func atom() throws(RegexError) -> RegexNode {
        let scalar = scalars[index]
        index += 1
        switch scalar {
        case ".": return .any
        case "^": return .assertion(.start)
        case "$": return .assertion(.end)
        case "[": return .set(try bracket())
        case "(": return try group()
        case "\\": return try escape()
        case "*", "+", "?": throw RegexError("'\(scalar)' without anything before it to repeat")
        default: return .scalar(scalar.value)
        }
    }

    private mutating func group() throws(RegexError) -> RegexNode {
        depth += 1
        guard depth <= Self.maximumDepth else { throw RegexError("groups nest deeper than \(Self.maximumDepth)") }
        groups += 1
        let number = groups
        let inner = try alternatives()
        guard take(")") else { throw RegexError("a '(' that is not closed by a ')'") }
        depth -= 1
        return .group(inner, number)
    }

    private mutating func escape() throws(RegexError) -> RegexNode {
        guard let scalar = current else { throw RegexError("a backslash at the end") }
        index += 1
        switch scalar {
        case "w": return .set(.of(\.isNameCharacter))
        case "W": return .set(CharacterSet.of(\.isNameCharacter).inverted)
        case "s": return .set(.of(isSpace))
        case "S": return .set(CharacterSet.of(isSpace).inverted)
        case "d": return .set(.of(\.isDigit))
        case "D": return .set(CharacterSet.of(\.isDigit).inverted)
        case "b": return .assertion(.wordBoundary)
        case "B": return .assertion(.noWordBoundary)
        case "<": return .assertion(.wordStart)
        case ">": return .assertion(.wordEnd)
        case "1"..."9": throw RegexError("back-references (\\\(scalar)) are not supported")
        default: return .scalar(scalar.value)
        }
    }

    // MARK: Bracket expressions

    private mutating func bracket() throws(RegexError) -> CharacterSet {
        var set = CharacterSet()
        let isNegated = take("^")
        var isFirst = true
        while let scalar = current, scalar != "]" || isFirst {
            isFirst = false
            if scalar == "[", index + 1 < scalars.count, scalars[index + 1] == ":" {
                try insertClass(into: &set)
                continue
            }
            let low = try element()
            guard current == "-", index + 1 < scalars.count, scalars[index + 1] != "]" else {
                set.insert(low...low)
                continue
            }
            index += 1
            let high = try element()
            guard low <= high else { throw RegexError("a range in '[ ]' is in the wrong order") }
            set.insert(low...high)
        }
        guard take("]") else { throw RegexError("a '[' that is not closed by a ']'") }
        set.isNegated = isNegated
        return set
    }

    /// A character, or one as `[.x.]` or `[=x=]`.
    private mutating func element() throws(RegexError) -> UInt32 {
        guard let scalar = current else { throw RegexError("a '[' that is not closed by a ']'") }
        index += 1
        guard scalar == "[", let mark = current, mark == "." || mark == "=" else { return scalar.value }
        guard index + 3 < scalars.count, scalars[index + 2] == mark, scalars[index + 3] == "]" else {
            throw RegexError("only single characters may stand in '[\(mark) \(mark)]'")
        }
        defer { index += 4 }
        return scalars[index + 1].value
    }

    private mutating func insertClass(into set: inout CharacterSet) throws(RegexError) {
        index += 2
        var name = ""
        while let scalar = current, scalar != ":", name.utf8.count < 16 {
            name.unicodeScalars.append(scalar)
            index += 1
        }
        guard take(":"), take("]"), let isMember = Self.classes[name] else {
            throw RegexError("there is no class of characters '[:\(name):]'")
        }
        for byte in UInt8(0)..<128 where isMember(byte) { set.insert(UInt32(byte)...UInt32(byte)) }
    }

    private static let classes: [String: @Sendable (UInt8) -> Bool] = [
        "alpha": { $0.isLetter }, "digit": { $0.isDigit }, "alnum": { $0.isLetter || $0.isDigit },
        "upper": { $0.isLetter && $0 & 0x20 == 0 }, "lower": { $0.isLetter && $0 & 0x20 != 0 },
        "space": { $0 == 0x20 || (0x09...0x0D).contains($0) }, "blank": { $0 == 0x20 || $0 == 0x09 },
        "punct": { $0 > 0x20 && $0 < 0x7F && !$0.isLetter && !$0.isDigit }, "print": { $0 >= 0x20 && $0 < 0x7F },
        "graph": { $0 > 0x20 && $0 < 0x7F }, "cntrl": { $0 < 0x20 || $0 == 0x7F }, "xdigit": { $0.hexValue != nil },
    ]

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
