/// The tests.
extension Compiler {
    mutating func test(_ node: Node) throws(Complaint) -> Test {
        do {
            return Test(position: node.position, kind: try kind(node))
        } catch {
            guard error.isUnsupported, enabled.contains("ihave") else { throw error }
            return Test(position: error.error.position, kind: .unknown(error.error.message))
        }
    }

    private mutating func kind(_ node: Node) throws(Complaint) -> Test.Kind {
        var reader = ArgumentReader(node, enabled: enabled)
        switch node.name {
        case "true", "false":
            try reader.finish()
            return .constant(node.name == "true")
        case "not":
            try reader.finish(tests: 1)
            return .not(try test(node.tests[0]))
        case "allof", "anyof":
            try reader.finish(tests: 2)
            var tests: [Test] = []
            for node in node.tests { tests.append(try test(node)) }
            return node.name == "allof" ? .all(tests) : .any(tests)
        case "exists":
            let names = try templates(try reader.strings("names of header fields"))
            try reader.finish()
            return .exists(names)
        case "size": return try size(&reader)
        case "header": return try header(&reader)
        case "address": return try address(&reader)
        case "envelope": return try envelope(&reader)
        case "string": return try string(&reader)
        case "hasflag": return try hasFlag(&reader)
        case "body": return try body(&reader)
        case "date", "currentdate": return try date(&reader)
        case "mailboxexists", "specialuse_exists": return try mailboxTest(&reader)
        case "environment": return try environment(&reader)
        case "duplicate": return try duplicate(&reader)
        case "ihave": return try ihave(&reader)
        default:
            throw Complaint(node.position, "there is no test '\(node.name.prefix(40))'", isUnsupported: true)
        }
    }

    private func size(_ reader: inout ArgumentReader) throws(Complaint) -> Test.Kind {
        guard let tag = try reader.oneOf([("over", nil), ("under", nil)]) else {
            throw Complaint(reader.node.position, "'size' needs ':over' or ':under'")
        }
        let number = try reader.number("the size")
        try reader.finish()
        return .size(isOver: tag.name == "over", number)
    }

    private mutating func header(_ reader: inout ArgumentReader) throws(Complaint) -> Test.Kind {
        let index = try fieldIndex(&reader)
        let match = try matchType(&reader)
        let names = try templates(try reader.strings("names of header fields"))
        let keys = try keys(try reader.strings("what to look for"), for: match)
        try reader.finish()
        return .header(names: names, index, keys)
    }

    private mutating func address(_ reader: inout ArgumentReader) throws(Complaint) -> Test.Kind {
        let index = try fieldIndex(&reader)
        let part = try addressPart(&reader)
        let match = try matchType(&reader)
        let literals = try reader.strings("names of header fields with addresses")
        let keys = try keys(try reader.strings("what to look for"), for: match)
        try reader.finish()
        var names: [Template] = []
        for literal in literals {
            let name = try template(literal)
            if let constant = name.constant, !Self.addressFields.contains(constant.folded.text) {
                throw Complaint(literal.position, "the header field \(quoted(constant)) holds no addresses; use the test 'header'")
            }
            names.append(name)
        }
        return .address(names: names, part, index, keys)
    }

    private static let addressFields: Set<String> = [
        "from", "to", "cc", "bcc", "sender", "reply-to", "resent-from", "resent-to", "resent-cc", "resent-bcc", "resent-sender",
        "resent-reply-to", "return-path", "delivered-to", "envelope-to", "x-envelope-to", "original-to", "x-original-to",
        "original-recipient", "disposition-notification-to", "return-receipt-to", "errors-to", "mail-followup-to", "mail-reply-to",
        "approved-by", "apparently-to", "x-forwarded-to", "x-forwarded-for", "x-delivered-to", "x-beenthere", "author",
    ]

    private mutating func envelope(_ reader: inout ArgumentReader) throws(Complaint) -> Test.Kind {
        try needs("envelope", reader.node, "the test")
        let part = try addressPart(&reader)
        let match = try matchType(&reader)
        let literals = try reader.strings("\"from\" or \"to\"")
        let keys = try keys(try reader.strings("what to look for"), for: match)
        try reader.finish()
        var parts: [Template] = []
        for literal in literals {
            let name = try template(literal)
            if let constant = name.constant, !["from", "to"].contains(constant.folded.text) {
                throw Complaint(literal.position, "the envelope has \"from\" and \"to\", and no \(quoted(constant))")
            }
            parts.append(name)
        }
        return .envelope(parts: parts, part, keys)
    }

    private mutating func string(_ reader: inout ArgumentReader) throws(Complaint) -> Test.Kind {
        try needs("variables", reader.node, "the test")
        let match = try matchType(&reader)
        let sources = try templates(try reader.strings("the strings to look into"))
        let keys = try keys(try reader.strings("what to look for"), for: match)
        try reader.finish()
        return .string(sources: sources, keys)
    }

    private mutating func hasFlag(_ reader: inout ArgumentReader) throws(Complaint) -> Test.Kind {
        try needs("imap4flags", reader.node, "the test")
        let match = try matchType(&reader)
        var places: [Int]?
        if reader.remaining > 1 {
            let names = try reader.strings("names of variables")
            guard enabled.contains("variables") else {
                throw Complaint(
                    reader.node.position, "a variable of flags needs 'require \"variables\";' at the start of the script",
                    isUnsupported: true)
            }
            var found: [Int] = []
            for name in names { found.append(try variable(name)) }
            places = found
        }
        let keys = try keys(Self.words(try reader.strings("the flags to look for")), for: match)
        try reader.finish()
        return .hasFlag(variables: places, keys)
    }

    /// RFC 5232 §2: a string of flags stands for the list of them.
    private static func words(_ literals: [Literal]) -> [Literal] {
        literals.flatMap { literal in
            let words = literal.octets.split(separator: UInt8(ascii: " "))
            return words.count < 2 ? [literal] : words.map { Literal(octets: Octets($0), position: literal.position) }
        }
    }

    private mutating func body(_ reader: inout ArgumentReader) throws(Complaint) -> Test.Kind {
        try needs("body", reader.node, "the test")
        var transform = BodyTransform.text
        switch try reader.oneOf([("raw", nil), ("content", nil), ("text", nil)]) {
        case ("raw", _)?: transform = .raw
        case ("content", let index)?: transform = .content(try templates(try reader.strings(after: index, tag: "content")))
        default: break
        }
        let match = try matchType(&reader)
        let keys = try keys(try reader.strings("what to look for"), for: match)
        try reader.finish()
        return .body(transform, keys)
    }

    // MARK: Dates

    private mutating func date(_ reader: inout ArgumentReader) throws(Complaint) -> Test.Kind {
        try needs("date", reader.node, "the test")
        let isCurrent = reader.node.name == "currentdate"
        let index = isCurrent ? nil : try fieldIndex(&reader)
        var zone = DateZone.local
        if let literal = try reader.string(tag: "zone") {
            guard let minutes = DateZone.minutes(literal.octets) else {
                throw Complaint(literal.position, "a zone is written as an offset from UTC, such as \"+0200\"")
            }
            zone = .fixed(minutes: minutes)
        }
        if !isCurrent, try reader.flag("originalzone") {
            if case .fixed = zone { throw Complaint(reader.node.position, "':zone' and ':originalzone' exclude each other") }
            zone = .original
        }
        let match = try matchType(&reader)
        let source: DateSource =
            isCurrent ? .current : .header(try template(try reader.string("the name of a header field")), index)
        let name = try reader.string("the part of the date, such as \"weekday\"")
        guard let part = DatePart(rawValue: name.octets.folded.text) else {
            let parts = DatePart.allCases.map(\.rawValue).joined(separator: ", ")
            throw Complaint(name.position, "a date has no part \(quoted(name.octets)); it has \(parts)")
        }
        let keys = try keys(try reader.strings("what to look for"), for: match)
        try reader.finish()
        return .date(source, part, zone, keys)
    }

    // MARK: Mailboxes, environment, duplicates

    private mutating func mailboxTest(_ reader: inout ArgumentReader) throws(Complaint) -> Test.Kind {
        if reader.node.name == "mailboxexists" {
            try needs("mailbox", reader.node, "the test")
            let names = try templates(try reader.strings("names of mailboxes"))
            try reader.finish()
            return .mailboxExists(names)
        }
        try needs("special-use", reader.node, "the test")
        let name = reader.remaining > 1 ? try mailbox(try reader.string("the mailbox")) : nil
        var uses: [Template] = []
        for literal in try reader.strings("special uses") { uses.append(try specialUse(literal)) }
        try reader.finish()
        return .specialUseExists(mailbox: name, uses)
    }

    private mutating func environment(_ reader: inout ArgumentReader) throws(Complaint) -> Test.Kind {
        try needs("environment", reader.node, "the test")
        let match = try matchType(&reader)
        let name = try template(try reader.string("the name of an item"))
        let keys = try keys(try reader.strings("what to look for"), for: match)
        try reader.finish()
        return .environment(name, keys)
    }

    private mutating func duplicate(_ reader: inout ArgumentReader) throws(Complaint) -> Test.Kind {
        try needs("duplicate", reader.node, "the test")
        let handle = try reader.string(tag: "handle")
        let header = try reader.string(tag: "header")
        let uniqueID = try reader.string(tag: "uniqueid")
        if header != nil, let uniqueID { throw Complaint(uniqueID.position, "':header' and ':uniqueid' exclude each other") }
        let seconds = try reader.number(tag: "seconds")
        let isLast = try reader.flag("last")
        try reader.finish()
        var source = Test.Duplicate.Source.header(.constant(Octets("Message-ID".utf8)))
        if let header { source = .header(try template(header)) }
        if let uniqueID { source = .uniqueID(try template(uniqueID)) }
        let day = 86_400
        return .duplicate(
            .init(
                handle: try handle.map { (literal) throws(Complaint) in try template(literal) }, source: source,
                seconds: min(seconds?.value ?? 7 * day, 90 * day), isLast: isLast))
    }

    /// RFC 5463 §4: what is asked for, and is there, may be used from here on.
    private mutating func ihave(_ reader: inout ArgumentReader) throws(Complaint) -> Test.Kind {
        try needs("ihave", reader.node, "the test")
        let names = try reader.strings("names of extensions")
        try reader.finish()
        guard names.allSatisfy({ Extension.all.contains($0.octets.text) }) else { return .constant(false) }
        for name in names { enable(name.octets.text) }
        return .constant(true)
    }
}
