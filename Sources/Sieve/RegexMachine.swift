/// Runs a pattern's instructions over a value: every thread that could match, in step. No thread is followed twice to the same
/// instruction at the same place, so there are never more threads than instructions.
struct RegexMachine {
    private let program: [Regex.Instruction]
    private let sets: [CharacterSet]
    private let firstOctets: [Bool]?
    private let foldsCase: Bool
    private let value: Octets
    private let groups: Int
    /// Places that a thread notes, those of groups first, then those of marks; 0 when nobody wants to know.
    private let slots: Int

    /// Threads in order of preference: instructions, and slots of each.
    private struct Threads {
        var instructions: [Int] = []
        var places: [Int] = []

        mutating func removeAll() {
            instructions.removeAll(keepingCapacity: true)
            places.removeAll(keepingCapacity: true)
        }
    }

    private enum Task {
        case follow(Int)
        case restore(slot: Int, place: Int)
    }

    private var current = Threads()
    private var next = Threads()
    /// Of each instruction, in which round a thread was put there.
    private var seen: [Int]
    private var round = 0
    private var work: [Int]
    private var tasks: [Task] = []
    private var best: [Int]?

    /// - Parameter groups: whose places are wanted, the whole match included.
    init(_ regex: Regex, _ value: Octets, groups: Int) {
        program = regex.program
        sets = regex.sets
        firstOctets = regex.firstOctets
        foldsCase = regex.foldsCase
        self.value = value
        self.groups = groups
        slots = groups == 0 ? 0 : 2 * groups + regex.marks
        seen = [Int](repeating: -1, count: regex.program.count)
        work = [Int](repeating: -1, count: slots)
    }

    mutating func run(_ budget: inout Budget) throws(RunFailure) -> [Range<Int>]? {
        var at = 0
        begin(at: 0)
        while true {
            swap(&current, &next)
            next.removeAll()
            if current.instructions.isEmpty, best != nil { break }
            if current.instructions.isEmpty, let firstOctets, at < value.count, !firstOctets[Int(value[at])] {
                at = try skip(from: at, to: firstOctets, &budget)
                round += 1
                begin(at: at)
                continue
            }
            try budget.pay((current.instructions.count + 1) * (4 + slots / 2))
            let (scalar, end) = decode(at)
            round += 1
            if step(scalar, at: at, end: end) { return [] }
            if at == value.count { break }
            at = end
            if best == nil, firstOctets == nil || at < value.count && firstOctets?[Int(value[at])] == true { begin(at: at) }
        }
        guard let best else { return nil }
        return (0..<groups).map { group in
            let (low, high) = (best[2 * group], best[2 * group + 1])
            return low >= 0 && high >= low ? low..<high : 0..<0
        }
    }

    /// The next place at which a match can begin; the end if there is none.
    private func skip(from start: Int, to octets: [Bool], _ budget: inout Budget) throws(RunFailure) -> Int {
        var at = start
        while at < value.count, !octets[Int(value[at])] { at += 1 }
        try budget.pay((at - start) / 4 + 1)
        return at
    }

    /// A thread for a match that begins at `at`; those that began before come first.
    private mutating func begin(at: Int) {
        for slot in work.indices { work[slot] = -1 }
        add(0, at: at)
    }

    /// Moves every thread over one character; true when there is a match and nobody wants to know where.
    private mutating func step(_ scalar: UInt32?, at: Int, end: Int) -> Bool {
        for thread in current.instructions.indices {
            let instruction = current.instructions[thread]
            let places = thread * slots..<(thread + 1) * slots
            // Who began later than a match cannot win.
            if let best, current.places[places.lowerBound] > best[0] { continue }
            let isMoving: Bool
            switch program[instruction] {
            case .scalar(let wanted): isMoving = scalar.map { fold($0) == wanted } ?? false
            case .any: isMoving = scalar != nil
            case .set(let set): isMoving = scalar.map { sets[set].contains($0) } ?? false
            case .match:
                if slots == 0 { return true }
                take(Array(current.places[places]))
                isMoving = false
            case .split, .jump, .save, .assert, .mark, .check: isMoving = false
            }
            guard isMoving else { continue }
            for slot in 0..<slots { work[slot] = current.places[places.lowerBound + slot] }
            add(instruction + 1, at: end)
        }
        return false
    }

    /// The leftmost match wins, then the longest, then the preferred.
    private mutating func take(_ places: [Int]) {
        if let best, best[0] < places[0] || best[0] == places[0] && best[1] >= places[1] { return }
        best = places
    }

    private func fold(_ scalar: UInt32) -> UInt32 {
        foldsCase && scalar < 128 ? UInt32(UInt8(scalar).lowercased) : scalar
    }

    /// Puts threads of the next round to every instruction that is reached from `instruction` without taking a character.
    private mutating func add(_ instruction: Int, at: Int) {
        tasks.append(.follow(instruction))
        while let task = tasks.popLast() {
            guard case .follow(let instruction) = task else {
                if case .restore(let slot, let place) = task { work[slot] = place }
                continue
            }
            guard seen[instruction] != round else { continue }
            seen[instruction] = round
            switch program[instruction] {
            case .jump(let target): tasks.append(.follow(target))
            case .split(let first, let second):
                tasks.append(.follow(second))
                tasks.append(.follow(first))
            case .save(let slot):
                if slot < 2 * groups { note(at, in: slot) }
                tasks.append(.follow(instruction + 1))
            case .mark(let mark):
                if slots > 0 { note(at, in: 2 * groups + mark) }
                tasks.append(.follow(instruction + 1))
            case .check(let mark):
                if slots > 0, work[2 * groups + mark] == at {
                    // A thread that took something may still come here.
                    seen[instruction] = -1
                } else {
                    tasks.append(.follow(instruction + 1))
                }
            case .assert(let assertion):
                if holds(assertion, at) { tasks.append(.follow(instruction + 1)) }
            case .scalar, .any, .set, .match:
                next.instructions.append(instruction)
                if slots > 0 { next.places.append(contentsOf: work) }
            }
        }
    }

    private mutating func note(_ place: Int, in slot: Int) {
        tasks.append(.restore(slot: slot, place: work[slot]))
        work[slot] = place
    }

    private func holds(_ assertion: Regex.Assertion, _ at: Int) -> Bool {
        let before = at > 0 && value[at - 1].isNameCharacter
        let after = at < value.count && value[at].isNameCharacter
        return switch assertion {
        case .start: at == 0
        case .end: at == value.count
        case .wordBoundary: before != after
        case .noWordBoundary: before == after
        case .wordStart: !before && after
        case .wordEnd: before && !after
        }
    }

    /// The character at `at` and where the next one begins; octets that are no UTF-8 count as U+FFFD each. Nil at the end.
    private func decode(_ at: Int) -> (UInt32?, Int) {
        guard at < value.count else { return (nil, at) }
        let first = value[at]
        if first < 0x80 { return (UInt32(first), at + 1) }
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard first >= 0xC2, first < 0xF5, at + length <= value.count else { return (0xFFFD, at + 1) }
        var scalar = UInt32(first) & (0x7F >> UInt32(length))
        for index in at + 1..<at + length {
            guard value[index].isContinuation else { return (0xFFFD, at + 1) }
            scalar = scalar << 6 | UInt32(value[index] & 0x3F)
        }
        return (scalar, at + length)
    }
}
