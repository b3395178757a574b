import Formats

/// Checks what the grammar left open, and makes of nodes what a run needs: names, tags, types of arguments, required extensions,
/// constant patterns, addresses and variables.
struct Compiler {
    let limits: SieveLimits
    /// What the script required so far, and what it asked by `ihave` for.
    var enabled: Set<String> = []
    private(set) var required: Set<String> = []
    var variables: VariableNames
    /// Instructions that the regular expressions of the script may still compile to, all together.
    var patternRoom = 200_000

    init(limits: SieveLimits) {
        self.limits = limits
        variables = VariableNames(limit: limits.variables)
    }

    /// Compiles the whole script.
    mutating func compile(_ nodes: [Node]) throws(SieveError) -> [Command] {
        do {
            var rest = nodes[...]
            while let node = rest.first, node.name == "require" {
                try require(node)
                rest = rest.dropFirst()
            }
            return try commands(rest)
        } catch {
            throw error.error
        }
    }

    private mutating func require(_ node: Node) throws(Complaint) {
        var reader = ArgumentReader(node, enabled: enabled)
        let names = try reader.strings("the extensions that the script uses")
        try reader.finish()
        for literal in names {
            let name = literal.octets.text
            guard Extension.all.contains(name) else {
                throw Complaint(literal.position, "there is no extension \(quoted(literal.octets)) on this server")
            }
            required.insert(name)
            enable(name)
        }
    }

    mutating func enable(_ name: String) {
        enabled.insert(name)
        enabled.formUnion(Extension.implied[name] ?? [])
    }

    func needs(_ capability: String, _ node: Node, _ what: String) throws(Complaint) {
        guard !enabled.contains(capability) else { return }
        throw Complaint(
            node.position, "\(what) '\(node.name)' needs 'require \"\(capability)\";' at the start of the script", isUnsupported: true)
    }

    // MARK: Commands

    mutating func commands(_ nodes: some Collection<Node>) throws(Complaint) -> [Command] {
        var commands: [Command] = []
        // Whether the command before was an `if` or `elsif`, whose chain may go on.
        var isInChain = false
        for node in nodes {
            switch node.name {
            case "if":
                commands.append(Command(position: node.position, kind: .branch([try branch(node)])))
                isInChain = true
            case "elsif", "else":
                guard isInChain, case .branch(var branches)? = commands.last?.kind else {
                    throw Complaint(node.position, "'\(node.name)' without an 'if' right before it")
                }
                branches.append(try branch(node))
                commands[commands.count - 1].kind = .branch(branches)
                isInChain = node.name == "elsif"
            default:
                commands.append(try simple(node))
                isInChain = false
            }
        }
        return commands
    }

    private mutating func branch(_ node: Node) throws(Complaint) -> Command.Branch {
        var reader = ArgumentReader(node, enabled: enabled)
        let isElse = node.name == "else"
        if isElse, let test = node.tests.first {
            throw Complaint(test.position, "'else' takes no test; is it meant to be 'elsif'?")
        }
        try reader.finish(tests: isElse ? 0 : 1, block: true)
        let test = isElse ? nil : try test(node.tests[0])
        return Command.Branch(test: test, commands: try commands(node.block ?? []))
    }

    private mutating func simple(_ node: Node) throws(Complaint) -> Command {
        do {
            return Command(position: node.position, kind: try action(node))
        } catch {
            guard error.isUnsupported, enabled.contains("ihave") else { throw error }
            return Command(position: error.error.position, kind: .unknown(error.error.message))
        }
    }

    private mutating func action(_ node: Node) throws(Complaint) -> Command.Kind {
        var reader = ArgumentReader(node, enabled: enabled)
        switch node.name {
        case "stop", "discard":
            try reader.finish()
            return node.name == "stop" ? .stop : .discard
        case "keep": return try keep(&reader)
        case "redirect": return try redirect(&reader)
        case "fileinto": return try fileInto(&reader)
        case "reject", "ereject": return try reject(&reader)
        case "vacation": return try vacation(&reader)
        case "set": return try set(&reader)
        case "setflag", "addflag", "removeflag": return try changeFlags(&reader)
        case "addheader": return try addHeader(&reader)
        case "deleteheader": return try deleteHeader(&reader)
        case "error":
            try needs("ihave", node, "the command")
            let message = try template(try reader.string("the message"))
            try reader.finish()
            return .fail(message)
        case "require": throw Complaint(node.position, "'require' must stand before all other commands")
        case "elseif", "elif", "elsif": throw Complaint(node.position, "there is no command '\(node.name)'; it is written 'elsif'")
        default:
            if Self.tests.contains(node.name) {
                throw Complaint(node.position, "'\(node.name)' is a test; write 'if \(node.name) … { … }'")
            }
            throw Complaint(node.position, "there is no command '\(node.name.prefix(40))'", isUnsupported: true)
        }
    }

    static let tests: Set<String> = [
        "address", "allof", "anyof", "body", "currentdate", "date", "duplicate", "envelope", "environment", "exists", "false",
        "hasflag", "header", "ihave", "mailboxexists", "not", "size", "specialuse_exists", "string", "true",
    ]
}

/// What can be required.
enum Extension {
    static let all: Set<String> = [
        "body", "comparator-i;ascii-casemap", "comparator-i;ascii-numeric", "comparator-i;octet", "copy", "date", "duplicate",
        "editheader", "encoded-character", "envelope", "environment", "ereject", "fileinto", "ihave", "imap4flags", "index",
        "mailbox", "regex", "reject", "relational", "special-use", "subaddress", "vacation", "vacation-seconds", "variables",
    ]

    /// RFC 6131 §2: who has the seconds has the vacation.
    static let implied: [String: Set<String>] = ["vacation-seconds": ["vacation"]]
}

extension SieveError {
    var position: Position { Position(line: line, column: column) }
}
