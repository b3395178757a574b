/// A POSIX extended regular expression, over characters of UTF-8. draft-ietf-sieve-regex.
///
/// Matching takes time linear in the value times the pattern, whatever both are: all ways to match are followed at once. The
/// leftmost match counts, and of those the longest. There are no back-references, which would make that impossible.
struct Regex: Sendable {
    enum Instruction: Sendable {
        case scalar(UInt32)
        case any
        /// One of the characters of a set, by its place in `sets`.
        case set(Int)
        /// Goes on at both places; the first is preferred.
        case split(Int, Int)
        case jump(Int)
        /// Notes where the match is, in a slot.
        case save(Int)
        case assert(Assertion)
        /// Notes where one more time of a repetition begins, and ends the thread if that time took nothing: then what a group matched
        /// the time before stays. Only where places are noted.
        case mark(Int)
        case check(Int)
        case match
    }

    enum Assertion: Sendable { case start, end, wordBoundary, noWordBoundary, wordStart, wordEnd }

    let program: [Instruction]
    let sets: [CharacterSet]
    /// With which octets a match can begin; nil when one can be empty or depends on what is before it.
    let firstOctets: [Bool]?
    /// How many groups there are, the whole match included.
    let groups: Int
    /// How many repetitions are marked.
    let marks: Int
    let foldsCase: Bool

    /// - Parameter size: instructions that the pattern may compile to.
    init(_ pattern: Octets, foldsCase: Bool, size: Int) throws(RegexError) {
        var parser = RegexParser(pattern)
        let tree = try parser.parse()
        var compiler = RegexCompiler(foldsCase: foldsCase, limit: size)
        try compiler.compile(tree)
        program = compiler.program
        sets = compiler.sets
        firstOctets = Self.firstOctets(of: compiler.program, compiler.sets)
        groups = parser.groups + 1
        marks = compiler.marks
        self.foldsCase = foldsCase
    }

    /// Where the whole match and each group lie, `0..<0` for a group that took no part; nil when nothing matches.
    /// - Parameter capturing: without, the answer is only whether there is a match: an empty array or nil.
    func match(_ value: Octets, capturing: Bool, _ budget: inout Budget) throws(RunFailure) -> [Range<Int>]? {
        try budget.pay(50 + program.count / 8)
        var machine = RegexMachine(self, value, groups: capturing ? min(groups, Interpolation.maximumMatch + 1) : 0)
        return try machine.run(&budget)
    }
}

extension Regex {
    private static func firstOctets(of program: [Instruction], _ sets: [CharacterSet]) -> [Bool]? {
        var octets = [Bool](repeating: false, count: 256)
        var seen = [Bool](repeating: false, count: program.count)
        var pending = [0]
        while let at = pending.popLast() {
            guard !seen[at] else { continue }
            seen[at] = true
            switch program[at] {
            case .match, .any, .assert: return nil
            case .jump(let target): pending.append(target)
            case .split(let first, let second): pending += [first, second]
            case .save, .mark, .check: pending.append(at + 1)
            case .scalar(let scalar):
                guard scalar < 128 else { return nil }
                octets[Int(scalar)] = true
                octets[Int(UInt8(scalar).uppercased)] = true
            case .set(let set):
                for octet in 0..<128 where sets[set].contains(UInt32(octet)) { octets[octet] = true }
                for octet in 128..<256 { octets[octet] = true }
            }
        }
        return octets
    }
}

/// What is wrong with a pattern.
struct RegexError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

/// A set of characters: ASCII as bits, the others as ranges.
struct CharacterSet: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0
    private var ranges: [ClosedRange<UInt32>] = []
    var isNegated = false

    mutating func insert(_ range: ClosedRange<UInt32>) {
        for scalar in range where scalar < 128 {
            if scalar < 64 { low |= 1 << UInt64(scalar) } else { high |= 1 << UInt64(scalar - 64) }
        }
        if range.upperBound >= 128 { ranges.append(max(range.lowerBound, 128)...range.upperBound) }
    }

    /// Every ASCII letter also in its other case.
    mutating func foldCase() {
        let letters: UInt64 = 0x07FF_FFFE
        let upper = high & letters
        let lower = (high >> 32) & letters
        high |= upper << 32 | lower
    }

    func contains(_ scalar: UInt32) -> Bool {
        let isMember =
            scalar < 64
            ? low >> UInt64(scalar) & 1 == 1
            : scalar < 128 ? high >> UInt64(scalar - 64) & 1 == 1 : ranges.contains { $0.contains(scalar) }
        return isMember != isNegated
    }

    static func of(_ isMember: (UInt8) -> Bool) -> CharacterSet {
        var set = CharacterSet()
        for byte in UInt8(0)..<128 where isMember(byte) { set.insert(UInt32(byte)...UInt32(byte)) }
        return set
    }

    var inverted: CharacterSet {
        var set = self
        set.isNegated.toggle()
        return set
    }
}

/// Turns a tree into instructions; repetitions are written out.
private struct RegexCompiler {
    private(set) var program: [Regex.Instruction] = [.save(0)]
    private(set) var sets: [CharacterSet] = []
    private(set) var marks = 0
    private let foldsCase: Bool
    /// Marks make every thread larger: that many must do.
    private static let maximumMarks = 16
    private let limit: Int

    init(foldsCase: Bool, limit: Int) {
        self.foldsCase = foldsCase
        self.limit = limit
    }

    mutating func compile(_ tree: RegexNode) throws(RegexError) {
        try emit(tree)
        program += [.save(1), .match]
    }

    private mutating func append(_ instruction: Regex.Instruction) throws(RegexError) {
        guard program.count < limit else { throw RegexError("the pattern is too large") }
        program.append(instruction)
    }

    private mutating func emit(_ node: RegexNode) throws(RegexError) {
        switch node {
        case .scalar(let scalar):
            try append(.scalar(foldsCase && scalar < 128 ? UInt32(UInt8(scalar).lowercased) : scalar))
        case .any: try append(.any)
        case .set(var set):
            if foldsCase { set.foldCase() }
            try append(.set(sets.count))
            sets.append(set)
        case .assertion(let assertion): try append(.assert(assertion))
        case .group(let inner, let number):
            try append(.save(2 * number))
            try emit(inner)
            try append(.save(2 * number + 1))
        case .sequence(let nodes):
            for node in nodes { try emit(node) }
        case .alternatives(let nodes): try emit(alternatives: nodes)
        case .repetition(let inner, let low, let high): try emit(inner, low, high)
        }
    }

    private mutating func emit(alternatives nodes: [RegexNode]) throws(RegexError) {
        var jumps: [Int] = []
        for (index, node) in nodes.enumerated() {
            let split = program.count
            let isLast = index == nodes.count - 1
            if !isLast { try append(.split(split + 1, 0)) }
            try emit(node)
            guard !isLast else { break }
            jumps.append(program.count)
            try append(.jump(0))
            program[split] = .split(split + 1, program.count)
        }
        for jump in jumps { program[jump] = .jump(program.count) }
    }

    private mutating func emit(_ node: RegexNode, _ low: Int, _ high: Int?) throws(RegexError) {
        for _ in 0..<low { try emitCopy(node) }
        guard let high else {
            let split = program.count
            try append(.split(split + 1, 0))
            try emitOptionalCopy(node)
            try append(.jump(split))
            program[split] = .split(split + 1, program.count)
            return
        }
        var splits: [Int] = []
        for _ in low..<max(low, high) {
            splits.append(program.count)
            try append(.split(program.count + 1, 0))
            try emitOptionalCopy(node)
        }
        for split in splits { program[split] = .split(split + 1, program.count) }
    }

    /// A time that need not be: it counts only if it takes something.
    private mutating func emitOptionalCopy(_ node: RegexNode) throws(RegexError) {
        guard node.canBeEmpty, marks < Self.maximumMarks else { return try emitCopy(node) }
        let mark = marks
        marks += 1
        try append(.mark(mark))
        try emitCopy(node)
        try append(.check(mark))
    }

    /// What makes no instruction must cost one all the same, or `(){255}{255}…` would take for ever.
    private mutating func emitCopy(_ node: RegexNode) throws(RegexError) {
        let start = program.count
        try emit(node)
        if program.count == start { try append(.jump(start + 1)) }
    }
}
