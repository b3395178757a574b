import Formats

/// Strings, and what they may mean.
extension Compiler {
    /// The string with what is in it: encoded characters decoded, variables found.
    mutating func template(_ literal: Literal) throws(Complaint) -> Template {
        var octets = literal.octets
        guard octets.contains(UInt8(ascii: "$")) else { return .constant(octets) }
        if enabled.contains("encoded-character") {
            guard let decoded = EncodedCharacters.decode(octets) else {
                throw Complaint(literal.position, "a '${unicode:…}' in this string names no character")
            }
            octets = decoded
        }
        return enabled.contains("variables") ? try interpolated(octets, literal.position) : .constant(octets)
    }

    mutating func templates(_ literals: [Literal]) throws(Complaint) -> [Template] {
        var templates: [Template] = []
        templates.reserveCapacity(literals.count)
        for literal in literals { templates.append(try template(literal)) }
        return templates
    }

    private mutating func interpolated(_ octets: Octets, _ position: Position) throws(Complaint) -> Template {
        var parts: [Template.Part] = []
        var literal: Octets = []
        var index = 0
        while index < octets.count {
            guard let (body, end) = Interpolation.reference(in: octets, at: index), let name = Interpolation.name(body) else {
                literal.append(octets[index])
                index += 1
                continue
            }
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = []
            index = end
            switch name {
            case .match(let number): parts.append(.match(number))
            case .variable(let name): parts.append(.variable(try place(of: name, position)))
            case .namespaced(let namespace):
                throw Complaint(position, "there is no namespace '\(namespace.prefix(40))' for variables", isUnsupported: true)
            }
        }
        if parts.isEmpty { return .constant(literal) }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        return .parts(parts)
    }

    /// The place of a variable by a name that has been checked.
    private mutating func place(of name: String, _ position: Position) throws(Complaint) -> Int {
        guard let place = variables.place(of: name) else {
            throw Complaint(position, "more than \(limits.variables) variables")
        }
        return place
    }

    /// The place of a variable that a command names.
    mutating func variable(_ literal: Literal) throws(Complaint) -> Int {
        switch Interpolation.name(literal.octets[...]) {
        case .variable(let name): return try place(of: name, literal.position)
        case .match: throw Complaint(literal.position, "\(quoted(literal.octets)) is set by matches, and cannot be set otherwise")
        case .namespaced, nil:
            throw Complaint(literal.position, "\(quoted(literal.octets)) is no name of a variable: letters, digits and '_', no digit first")
        }
    }

    /// An address to send to or from: checked now if it is the same in every run.
    mutating func address(_ literal: Literal) throws(Complaint) -> Template {
        let template = try template(literal)
        if let text = template.constant, OutboundAddress.parse(text) == nil {
            throw Complaint(literal.position, "\(quoted(text)) is not an email address")
        }
        return template
    }

    /// A mailbox's name.
    mutating func mailbox(_ literal: Literal) throws(Complaint) -> Template {
        let template = try template(literal)
        if let text = template.constant, !MailboxText.isValid(text) {
            throw Complaint(literal.position, text.isEmpty ? "the mailbox has no name" : "\(quoted(text)) is no name for a mailbox")
        }
        return template
    }
}

/// `sieve-address` of RFC 5228 §2.4.2.3: an address with or without a name before it.
enum OutboundAddress {
    static func parse(_ octets: Octets) -> (mailbox: EmailAddress, address: MailAddress)? {
        guard octets.count <= 2000, !octets.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return nil }
        let text = octets.trimmed.text
        if let address = try? MailAddress(parsing: text) { return (EmailAddress(email: address.description), address) }
        let field = Message(parsingHeaderOf: Octets("To: ".utf8) + octets + Octets("\r\n\r\n".utf8)).headers
        guard field.count == 1, let groups = field.first?.groupedAddresses, groups.count == 1, groups[0].name == nil,
            groups[0].addresses.count == 1, let address = try? MailAddress(parsing: groups[0].addresses[0].email)
        else { return nil }
        return (EmailAddress(name: groups[0].addresses[0].name, email: address.description), address)
    }
}

enum MailboxText {
    private static let maximumLength = 1000

    /// Whether a mailbox may be called so at all: UTF-8 without controls, and not too long. The store may refuse more.
    static func isValid(_ octets: Octets) -> Bool {
        guard !octets.isEmpty, octets.count <= maximumLength else { return false }
        return String(validating: octets, as: UTF8.self) != nil && !octets.contains { $0 < 0x20 || $0 == 0x7F }
    }

    /// A name that was made of a message, so that no sender can make a script fail by it; nil if there is nothing in it.
    static func cleaned(_ octets: Octets) -> Octets? {
        var name = Octets(octets.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }.text.utf8).trimmed
        name.truncate(to: maximumLength)
        return name.isEmpty ? nil : name
    }
}
