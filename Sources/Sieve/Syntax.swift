/// A string of a script with its place.
struct Literal {
    var octets: Octets
    var position: Position
}

/// RFC 5228 §8.2: what may stand after a command's or test's name.
struct Argument {
    enum Value {
        case tag(String)
        case number(Int)
        /// One string, or several within brackets.
        case strings([Literal])
    }

    var value: Value
    var position: Position
}

/// A command or a test, as the grammar sees it: what the name means, the compiler knows.
struct Node {
    var name: String
    var position: Position
    var arguments: [Argument] = []
    var tests: [Node] = []
    /// Whether the tests stand within parentheses.
    var hasTestList = false
    /// The commands within braces; nil when a semicolon ended the command.
    var block: [Node]?
}

/// Reads tokens into nodes: RFC 5228 §8.2. Depth and number of nodes are bounded.
struct SyntaxParser {
    private var lexer: Lexer
    private var token: Token
    private let limits: SieveLimits
    private var nodes = 0
    private var strings = 0

    init(_ bytes: Octets, limits: SieveLimits) throws(SieveError) {
        self.limits = limits
        lexer = Lexer(bytes, limits: limits)
        token = try lexer.next()
    }

    /// The whole script.
    mutating func parse() throws(SieveError) -> [Node] {
        let commands = try commands(depth: 0)
        guard token.kind == .end else { throw token.position.error("'}' without a '{' before it") }
        return commands
    }

    private mutating func take() throws(SieveError) {
        token = try lexer.next()
        guard case .string = token.kind else { return }
        strings += 1
        guard strings <= limits.strings else { throw token.position.error("more than \(limits.strings) strings") }
    }

    private func isAt(_ character: Unicode.Scalar) -> Bool { token.kind == .punctuation(UInt8(ascii: character)) }

    /// Commands to the end of the script or the brace that closes a block.
    private mutating func commands(depth: Int) throws(SieveError) -> [Node] {
        var commands: [Node] = []
        while token.kind != .end, !isAt("}") {
            if isAt(";") { throw token.position.error("a ';' without a command before it") }
            guard case .identifier(let name) = token.kind else {
                throw token.position.error("a command is expected here, not \(token.description)")
            }
            commands.append(try command(name, depth: depth))
        }
        return commands
    }

    private mutating func command(_ name: String, depth: Int) throws(SieveError) -> Node {
        var node = try begin(name, depth: depth)
        if isAt(";") {
            try take()
            return node
        }
        guard isAt("{") else { throw unexpected(after: node) }
        let brace = token.position
        try take()
        node.block = try commands(depth: depth + 1)
        guard isAt("}") else { throw brace.error("this '{' is never closed by a '}'") }
        try take()
        return node
    }

    private func unexpected(after node: Node) -> SieveError {
        switch token.kind {
        case .end: node.position.error("'\(node.name)' is not finished: a ';' or a block in '{ }' is missing")
        case .identifier, .punctuation: token.position.error("a ';' is missing before \(token.description)")
        case .tag, .number, .string:
            token.position.error("\(token.description) cannot stand after a test of '\(node.name)'")
        }
    }

    /// The name, its arguments and its tests.
    private mutating func begin(_ name: String, depth: Int) throws(SieveError) -> Node {
        var node = Node(name: name, position: token.position)
        guard depth < limits.nesting else { throw node.position.error("blocks and tests nest deeper than \(limits.nesting)") }
        nodes += 1
        guard nodes <= limits.commands else { throw node.position.error("more than \(limits.commands) commands and tests") }
        try take()
        while let argument = try argument() { node.arguments.append(argument) }
        if case .identifier(let test) = token.kind {
            node.tests = [try begin(test, depth: depth + 1)]
        } else if isAt("(") {
            node.hasTestList = true
            node.tests = try testList(depth: depth)
        }
        return node
    }

    private mutating func testList(depth: Int) throws(SieveError) -> [Node] {
        let start = token.position
        var tests: [Node] = []
        repeat {
            try take()
            guard case .identifier(let name) = token.kind else {
                throw token.position.error("a test is expected here, not \(token.description)")
            }
            tests.append(try begin(name, depth: depth + 1))
        } while isAt(",")
        guard isAt(")") else {
            throw token.kind == .end
                ? start.error("this '(' is never closed by a ')'")
                : token.position.error("a ',' or ')' is expected between tests, not \(token.description)")
        }
        try take()
        return tests
    }

    private mutating func argument() throws(SieveError) -> Argument? {
        let position = token.position
        switch token.kind {
        case .tag(let name):
            try take()
            return Argument(value: .tag(name), position: position)
        case .number(let number):
            try take()
            return Argument(value: .number(number), position: position)
        case .string(let octets):
            try take()
            return Argument(value: .strings([Literal(octets: octets, position: position)]), position: position)
        case .punctuation(UInt8(ascii: "[")):
            return Argument(value: .strings(try stringList()), position: position)
        case .identifier, .punctuation, .end:
            return nil
        }
    }

    private mutating func stringList() throws(SieveError) -> [Literal] {
        let start = token.position
        var strings: [Literal] = []
        repeat {
            try take()
            // RFC 5228 has no empty list; other servers take one, and so do we.
            if strings.isEmpty, isAt("]") { break }
            guard case .string(let octets) = token.kind else {
                throw token.position.error("a list holds strings only, not \(token.description)")
            }
            strings.append(Literal(octets: octets, position: token.position))
            try take()
        } while isAt(",")
        guard isAt("]") else {
            throw token.kind == .end
                ? start.error("this '[' is never closed by a ']'")
                : token.position.error("a ',' or ']' is expected between strings, not \(token.description)")
        }
        try take()
        return strings
    }
}
