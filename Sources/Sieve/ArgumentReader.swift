/// Why a node is no valid command or test.
struct Complaint: Error {
    let error: SieveError
    /// Whether it is only that this server lacks something: then a script that asks by `ihave` first may say it.
    var isUnsupported = false

    init(_ position: Position, _ message: String, isUnsupported: Bool = false) {
        error = position.error(message)
        self.isUnsupported = isUnsupported
    }
}

/// Takes the arguments of one command or test: first the tags, in any order; then what is left, by its place.
struct ArgumentReader {
    let node: Node
    private let enabled: Set<String>
    private var isTaken: [Bool]
    private var place = 0

    init(_ node: Node, enabled: Set<String>) {
        self.node = node
        self.enabled = enabled
        isTaken = [Bool](repeating: false, count: node.arguments.count)
    }

    // MARK: Tags

    /// Whether the tag is there.
    mutating func flag(_ name: String, needs capability: String? = nil) throws(Complaint) -> Bool {
        try take(name, needs: capability) != nil
    }

    /// The one tag of several that exclude each other.
    mutating func oneOf(_ names: [(name: String, capability: String?)]) throws(Complaint) -> (name: String, index: Int)? {
        var found: (name: String, index: Int)?
        for (name, capability) in names {
            guard let index = try take(name, needs: capability) else { continue }
            if let found {
                throw Complaint(node.arguments[index].position, "':\(found.name)' and ':\(name)' exclude each other")
            }
            found = (name, index)
        }
        return found
    }

    mutating func number(tag name: String, needs capability: String? = nil) throws(Complaint) -> (value: Int, position: Position)? {
        guard let index = try take(name, needs: capability) else { return nil }
        guard case .number(let number)? = takeValue(after: index) else {
            throw Complaint(node.arguments[index].position, "':\(name)' must be followed by a number")
        }
        return (number, node.arguments[index + 1].position)
    }

    mutating func string(tag name: String, needs capability: String? = nil) throws(Complaint) -> Literal? {
        guard let index = try take(name, needs: capability) else { return nil }
        return try string(after: index, tag: name)
    }

    /// The string that follows the tag at `index`.
    mutating func string(after index: Int, tag name: String) throws(Complaint) -> Literal {
        guard case .strings(let strings)? = takeValue(after: index), strings.count == 1 else {
            throw Complaint(node.arguments[index].position, "':\(name)' must be followed by a string")
        }
        return strings[0]
    }

    mutating func strings(tag name: String, needs capability: String? = nil) throws(Complaint) -> [Literal]? {
        guard let index = try take(name, needs: capability) else { return nil }
        return try strings(after: index, tag: name)
    }

    /// The strings that follow the tag at `index`.
    mutating func strings(after index: Int, tag name: String) throws(Complaint) -> [Literal] {
        guard case .strings(let strings)? = takeValue(after: index) else {
            throw Complaint(node.arguments[index].position, "':\(name)' must be followed by a string or a list of strings")
        }
        return strings
    }

    private mutating func take(_ name: String, needs capability: String?) throws(Complaint) -> Int? {
        var found: Int?
        for (index, argument) in node.arguments.enumerated() {
            guard case .tag(name) = argument.value, !isTaken[index] else { continue }
            guard found == nil else { throw Complaint(argument.position, "':\(name)' is given twice") }
            if let capability, !enabled.contains(capability) {
                throw Complaint(
                    argument.position, "':\(name)' needs 'require \"\(capability)\";' at the start of the script", isUnsupported: true)
            }
            found = index
        }
        if let found { isTaken[found] = true }
        return found
    }

    private mutating func takeValue(after index: Int) -> Argument.Value? {
        guard index + 1 < node.arguments.count, !isTaken[index + 1] else { return nil }
        isTaken[index + 1] = true
        return node.arguments[index + 1].value
    }

    // MARK: Positions

    /// How many arguments are left that are no tags.
    var remaining: Int {
        node.arguments.indices.count { !isTaken[$0] }
    }

    mutating func string(_ what: String) throws(Complaint) -> Literal {
        let (value, position) = try nextValue(what)
        guard case .strings(let strings) = value, strings.count == 1 else {
            throw Complaint(position, "'\(node.name)' takes one string here: \(what)")
        }
        return strings[0]
    }

    mutating func strings(_ what: String) throws(Complaint) -> [Literal] {
        let (value, position) = try nextValue(what)
        guard case .strings(let strings) = value else {
            throw Complaint(position, "'\(node.name)' takes a string or a list of strings here: \(what)")
        }
        return strings
    }

    mutating func number(_ what: String) throws(Complaint) -> Int {
        let (value, position) = try nextValue(what)
        guard case .number(let number) = value else {
            throw Complaint(position, "'\(node.name)' takes a number here: \(what)")
        }
        return number
    }

    private mutating func nextValue(_ what: String) throws(Complaint) -> (Argument.Value, Position) {
        try rejectUnknownTags()
        while place < isTaken.count, isTaken[place] { place += 1 }
        guard place < isTaken.count else {
            throw Complaint(node.position, "'\(node.name)' lacks an argument: \(what)")
        }
        isTaken[place] = true
        return (node.arguments[place].value, node.arguments[place].position)
    }

    private static let tags: Set<String> = [
        "is", "contains", "matches", "regex", "value", "count", "comparator", "all", "localpart", "domain", "user", "detail", "over", "under",
        "copy", "create", "flags", "days", "seconds", "subject", "from", "addresses", "mime", "handle", "zone", "index", "last", "raw", "text",
        "content",
    ]

    private func rejectUnknownTags() throws(Complaint) {
        if let test = node.tests.first, !node.hasTestList, Self.tags.contains(test.name) {
            throw Complaint(test.position, "'\(test.name)' is written with a colon before it: ':\(test.name)'")
        }
        var firstValue: Int?
        for (index, argument) in node.arguments.enumerated() {
            if isTaken[index] {
                if let firstValue, case .tag(let name) = argument.value {
                    throw Complaint(
                        argument.position,
                        "':\(name)' must stand before \(Self.shown(node.arguments[firstValue].value)): tags come first")
                }
                continue
            }
            if case .tag(let name) = argument.value {
                throw Complaint(argument.position, "'\(node.name)' has no tag ':\(name.prefix(40))'", isUnsupported: true)
            }
            if firstValue == nil { firstValue = index }
        }
    }

    private static func shown(_ value: Argument.Value) -> String {
        switch value {
        case .tag(let name): "':\(name)'"
        case .number(let number): "the number \(number)"
        case .strings(let strings): strings.count == 1 ? quoted(strings[0].octets) : "the list"
        }
    }

    // MARK: End

    /// Checks that nothing is left, and that tests and a block are there only where they belong.
    mutating func finish(tests: Int = 0, block: Bool = false) throws(Complaint) {
        if place == 0 { try rejectUnknownTags() }
        if let extra = isTaken.firstIndex(of: false) {
            let argument = node.arguments[extra]
            throw Complaint(argument.position, "'\(node.name)' takes no further argument: \(Self.shown(argument.value))")
        }
        if tests == 0, let test = node.tests.first {
            let mark = Compiler.tests.contains(node.name) ? "," : ";"
            throw Complaint(test.position, "'\(node.name)' takes no test; is a '\(mark)' missing before '\(test.name)'?")
        }
        if tests == 1, node.tests.count != 1 || node.hasTestList {
            throw Complaint(
                node.position,
                node.tests.isEmpty ? "'\(node.name)' needs a test" : "'\(node.name)' takes one test; join several by 'allof' or 'anyof'")
        }
        if tests > 1, node.tests.isEmpty || !node.hasTestList {
            throw Complaint(node.position, "'\(node.name)' needs a list of tests in parentheses")
        }
        if !block, node.block != nil { throw Complaint(node.position, "'\(node.name)' takes no block in '{ }'") }
        if block, node.block == nil { throw Complaint(node.position, "'\(node.name)' needs a block in '{ }'") }
    }
}
