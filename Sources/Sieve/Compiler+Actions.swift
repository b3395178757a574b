/// The action commands.
extension Compiler {
    mutating func keep(_ reader: inout ArgumentReader) throws(Complaint) -> Command.Kind {
        let flags = try flagsTag(&reader)
        try reader.finish()
        return .keep(flags: flags)
    }

    /// `:flags`: RFC 5232 §5.
    private mutating func flagsTag(_ reader: inout ArgumentReader) throws(Complaint) -> [Template]? {
        guard let literals = try reader.strings(tag: "flags", needs: "imap4flags") else { return nil }
        return try templates(literals)
    }

    mutating func redirect(_ reader: inout ArgumentReader) throws(Complaint) -> Command.Kind {
        let copies = try reader.flag("copy", needs: "copy")
        let address = try address(try reader.string("the address to redirect to"))
        try reader.finish()
        return .redirect(address, copies: copies)
    }

    mutating func fileInto(_ reader: inout ArgumentReader) throws(Complaint) -> Command.Kind {
        try needs("fileinto", reader.node, "the command")
        let copies = try reader.flag("copy", needs: "copy")
        let creates = try reader.flag("create", needs: "mailbox")
        let flags = try flagsTag(&reader)
        var specialUse: Template?
        if let literal = try reader.string(tag: "specialuse", needs: "special-use") { specialUse = try self.specialUse(literal) }
        let mailbox = try mailbox(try reader.string("the mailbox"))
        try reader.finish()
        return .fileInto(.init(mailbox: mailbox, copies: copies, creates: creates, flags: flags, specialUse: specialUse))
    }

    /// RFC 8579 §2: a flag such as `\Junk`.
    mutating func specialUse(_ literal: Literal) throws(Complaint) -> Template {
        let template = try template(literal)
        if let text = template.constant, !SpecialUse.isValid(text) {
            throw Complaint(literal.position, "\(quoted(text)) is no special use; they begin with a backslash, written \"\\\\Junk\"")
        }
        return template
    }

    mutating func reject(_ reader: inout ArgumentReader) throws(Complaint) -> Command.Kind {
        try needs(reader.node.name, reader.node, "the command")
        let reason = try template(try reader.string("the reason, for the sender"))
        try reader.finish()
        return .reject(reason, isAtProtocolLevel: reader.node.name == "ereject")
    }

    mutating func vacation(_ reader: inout ArgumentReader) throws(Complaint) -> Command.Kind {
        try needs("vacation", reader.node, "the command")
        let days = try reader.number(tag: "days")
        let seconds = try reader.number(tag: "seconds", needs: "vacation-seconds")
        if days != nil, let seconds { throw Complaint(seconds.position, "':days' and ':seconds' exclude each other") }
        let subject = try reader.string(tag: "subject")
        let from = try reader.string(tag: "from")
        let addresses = try reader.strings(tag: "addresses")
        let isMIME = try reader.flag("mime")
        let handle = try reader.string(tag: "handle")
        let reason = try reader.string("the text of the answer")
        try reader.finish()
        var vacation = Command.Vacation(reason: try template(reason), isMIME: isMIME, seconds: 7 * 86_400)
        // RFC 5230 §4.1, RFC 6131 §2: what is out of bounds is brought within.
        if let days { vacation.seconds = min(max(days.value, 1), 60) * 86_400 }
        if let seconds { vacation.seconds = min(seconds.value, 60 * 86_400) }
        if let subject { vacation.subject = try template(subject) }
        if let from { vacation.from = try address(from) }
        if let addresses { for literal in addresses { vacation.addresses.append(try address(literal)) } }
        if let handle { vacation.handle = try template(handle) }
        return .vacation(vacation)
    }

    // MARK: Variables

    mutating func set(_ reader: inout ArgumentReader) throws(Complaint) -> Command.Kind {
        try needs("variables", reader.node, "the command")
        var modifiers = SetModifiers()
        if let tag = try reader.oneOf([("lower", nil), ("upper", nil)]) { modifiers.letters = tag.name == "lower" ? .lower : .upper }
        if let tag = try reader.oneOf([("lowerfirst", nil), ("upperfirst", nil)]) {
            modifiers.first = tag.name == "lowerfirst" ? .lower : .upper
        }
        if let tag = try reader.oneOf([("quotewildcard", nil), ("quoteregex", "regex")]) {
            modifiers.quote = tag.name == "quotewildcard" ? .wildcard : .regex
        }
        modifiers.isLength = try reader.flag("length")
        let name = try reader.string("the variable's name")
        let value = try reader.string("the variable's value")
        try reader.finish()
        return .set(variable: try variable(name), modifiers, try template(value))
    }

    // MARK: Flags

    mutating func changeFlags(_ reader: inout ArgumentReader) throws(Complaint) -> Command.Kind {
        try needs("imap4flags", reader.node, "the command")
        let change: Command.FlagChange =
            switch reader.node.name {
            case "setflag": .set
            case "addflag": .add
            default: .remove
            }
        var variable: Int?
        if reader.remaining > 1 {
            let name = try reader.string("the name of a variable")
            guard enabled.contains("variables") else {
                throw Complaint(
                    name.position, "a variable of flags needs 'require \"variables\";' at the start of the script", isUnsupported: true)
            }
            variable = try self.variable(name)
        }
        let flags = try templates(try reader.strings("the flags"))
        try reader.finish()
        return .changeFlags(change, variable: variable, flags)
    }

    // MARK: Header

    mutating func addHeader(_ reader: inout ArgumentReader) throws(Complaint) -> Command.Kind {
        try needs("editheader", reader.node, "the command")
        let isLast = try reader.flag("last")
        let name = try fieldName(try reader.string("the field's name"))
        let value = try template(try reader.string("the field's value"))
        try reader.finish()
        return .addHeader(name: name, value: value, isLast: isLast)
    }

    mutating func deleteHeader(_ reader: inout ArgumentReader) throws(Complaint) -> Command.Kind {
        try needs("editheader", reader.node, "the command")
        let index = try fieldIndex(&reader, needs: "editheader")
        let match = try matchType(&reader)
        let name = try fieldName(try reader.string("the field's name"))
        var deletion = Command.DeleteHeader(name: name, index: index)
        if reader.remaining > 0 { deletion.match = try keys(try reader.strings("the values to delete"), for: match) }
        try reader.finish()
        return .deleteHeader(deletion)
    }

    private mutating func fieldName(_ literal: Literal) throws(Complaint) -> Template {
        let template = try template(literal)
        if let name = template.constant, !FieldName.isValid(name) {
            throw Complaint(literal.position, "\(quoted(name)) is no name of a header field")
        }
        return template
    }
}

enum SpecialUse {
    static func isValid(_ octets: Octets) -> Bool {
        octets.count > 1 && octets.count <= 100 && octets[0] == UInt8(ascii: "\\")
            && octets.dropFirst().allSatisfy { $0.isNameCharacter || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "/") }
    }
}

/// Names of header fields.
enum FieldName {
    /// RFC 5322 §3.6.8.
    static func isValid(_ octets: Octets) -> Bool {
        !octets.isEmpty && octets.count <= 90 && octets.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
    }

    /// What no script may add or delete: RFC 5293 §6, and the fields that tell how the rest is to be read or that this server vouches for.
    static func isProtected(_ folded: Octets) -> Bool {
        let name = folded.text
        return fixed.contains(name) || name.hasPrefix("content-") || name.hasPrefix("arc-")
    }

    private static let fixed: Set<String> = [
        "received", "auto-submitted", "return-path", "delivered-to", "mime-version", "dkim-signature", "authentication-results",
    ]
}
