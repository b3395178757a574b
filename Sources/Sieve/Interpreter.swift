import Formats

/// One run of a script over one message. Every step is paid for, so that it ends soon.
struct Interpreter {
    let program: SieveScript
    let message: SieveMessage
    let environment: SieveEnvironment
    var budget: Budget
    /// Of the command or test that is being carried out, for an error.
    var position = Position(line: 1, column: 1)
    var variables: [Octets]
    /// `${0}`, `${1}`, …
    var matches: [Octets] = []
    var header: HeaderList
    var body: BodyReader
    /// The internal variable of RFC 5232 §2.
    var flags = FlagList()
    var outcome: Outcome
    private var hasAnswered = false

    private var limits: SieveLimits { program.limits }

    init(_ program: SieveScript, _ message: SieveMessage, _ environment: SieveEnvironment) {
        self.program = program
        self.message = message
        self.environment = environment
        budget = Budget(program.limits.steps)
        variables = [Octets](repeating: [], count: program.variables)
        header = HeaderList(message.message)
        body = BodyReader(message.message, limit: program.limits.bodySize)
        outcome = Outcome(limits: program.limits)
    }

    mutating func run() -> SieveResult {
        do {
            _ = try carryOut(program.commands)
            return outcome.result(flags: flagTexts(flags), try header.current(&budget))
        } catch {
            return SieveResult(actions: [.keep(.init(isImplicit: true))], error: position.error(error.message))
        }
    }

    /// Carries out commands in their order; false when one of them was `stop`.
    private mutating func carryOut(_ commands: [Command]) throws(RunFailure) -> Bool {
        for command in commands {
            position = command.position
            try budget.pay(10)
            guard try carryOut(command) else { return false }
        }
        return true
    }

    private mutating func carryOut(_ command: Command) throws(RunFailure) -> Bool {
        switch command.kind {
        case .stop: return false
        case .branch(let branches):
            for branch in branches {
                if let test = branch.test, try !holds(test) { continue }
                return try carryOut(branch.commands)
            }
        case .keep(let flags): try outcome.keep(flags: try flagTexts(flags), try header.current(&budget))
        case .discard: outcome.cancelKeep()
        case .redirect(let address, let copies): try redirect(address, copies: copies)
        case .fileInto(let command): try file(command)
        case .reject(let reason, let isAtProtocolLevel):
            let reason = try expand(reason).withPlainLineEnds.text
            try outcome.reject(.init(reason: reason, isAtProtocolLevel: isAtProtocolLevel))
        case .vacation(let command): try answer(command)
        case .set(let variable, let modifiers, let value): try set(variable, modifiers, value)
        case .changeFlags(let change, let variable, let flags): try changeFlags(change, variable, flags)
        case .addHeader(let name, let value, let isLast): try addHeader(name, value, isLast)
        case .deleteHeader(let command): try deleteHeader(command)
        case .fail(let message): throw RunFailure(try expand(message).text)
        case .unknown(let message): throw RunFailure(message)
        }
        return true
    }

    // MARK: Strings

    /// The string with the values of its variables.
    mutating func expand(_ template: Template) throws(RunFailure) -> Octets {
        guard case .parts(let parts) = template else { return template.constant ?? [] }
        var output: Octets = []
        for part in parts {
            switch part {
            case .literal(let literal): output += literal
            case .variable(let place): output += variables[place]
            case .match(let number): if number < matches.count { output += matches[number] }
            }
            if output.count >= limits.stringSize { break }
        }
        output.truncate(to: limits.stringSize)
        try budget.pay(output.count / 32 + parts.count)
        return output
    }

    mutating func expand(_ templates: [Template]) throws(RunFailure) -> [Octets] {
        var strings: [Octets] = []
        for template in templates { strings.append(try expand(template)) }
        return strings
    }

    private mutating func set(_ variable: Int, _ modifiers: SetModifiers, _ value: Template) throws(RunFailure) {
        var value = try expand(value)
        if !modifiers.isEmpty {
            try budget.pay(value.count * 10)
            value = modifiers.apply(to: value)
        }
        value.truncate(to: limits.variableSize)
        variables[variable] = value
    }

    // MARK: Flags

    private mutating func changeFlags(_ change: Command.FlagChange, _ variable: Int?, _ flags: [Template]) throws(RunFailure) {
        var list = variable.map { FlagList(variables[$0]) } ?? self.flags
        if change == .set { list = FlagList() }
        for text in try expand(flags) {
            try budget.pay(text.count * 10)
            if change == .remove { list.remove(text) } else { list.add(text) }
        }
        guard let variable else {
            self.flags = list
            return
        }
        variables[variable] = list.text
        variables[variable].truncate(to: limits.variableSize)
    }

    /// The flags of `:flags`; without it, those of the internal variable.
    private mutating func flagTexts(_ templates: [Template]?) throws(RunFailure) -> [String] {
        guard let templates else { return flagTexts(flags) }
        var list = FlagList()
        for text in try expand(templates) {
            try budget.pay(text.count * 10)
            list.add(text)
        }
        return flagTexts(list)
    }

    private func flagTexts(_ list: FlagList) -> [String] { list.flags.map(\.text) }

    // MARK: Actions

    private mutating func redirect(_ address: Template, copies: Bool) throws(RunFailure) {
        let text = try expand(address)
        guard let address = OutboundAddress.parse(text)?.address else { throw RunFailure("\(quoted(text)) is not an email address") }
        try outcome.redirect(to: address, try header.current(&budget))
        if !copies { outcome.cancelKeep() }
    }

    private mutating func file(_ command: Command.FileInto) throws(RunFailure) {
        guard let name = MailboxText.cleaned(try expand(command.mailbox)) else { throw RunFailure("the mailbox has no name") }
        var filing = SieveAction.FileInto(mailbox: name.text, creates: command.creates)
        if let specialUse = command.specialUse { filing.specialUse = try expand(specialUse).text }
        filing.flags = try flagTexts(command.flags)
        filing.header = try header.current(&budget)
        try outcome.file(filing)
        if !command.copies { outcome.cancelKeep() }
    }

    private mutating func addHeader(_ name: Template, _ value: Template, _ isLast: Bool) throws(RunFailure) {
        let name = try expand(name)
        guard FieldName.isValid(name) else { throw RunFailure("\(quoted(name)) is no name of a header field") }
        var value = try expand(value).trimmed
        value.truncate(to: 8000)
        // RFC 5293 §6: what may not be changed is left as it is, without an error.
        guard !FieldName.isProtected(name.folded) else { return }
        addedFields += 1
        guard addedFields <= limits.addedFields else { throw RunFailure("more than \(limits.addedFields) header fields added") }
        try header.add(name, value, isLast: isLast, &budget)
    }

    private var addedFields = 0

    private mutating func deleteHeader(_ command: Command.DeleteHeader) throws(RunFailure) {
        let name = try expand(command.name)
        guard FieldName.isValid(name) else { throw RunFailure("\(quoted(name)) is no name of a header field") }
        guard !FieldName.isProtected(name.folded) else { return }
        guard let match = command.match else {
            try header.delete(name, command.index, &budget) { _, _ in true }
            return
        }
        let keys = try ready(match)
        try header.delete(name, command.index, &budget) { (value, budget) throws(RunFailure) in
            for key in keys where try key.matches(value, match.comparator, match.type, &budget) { return true }
            return false
        }
    }

    private mutating func answer(_ command: Command.Vacation) throws(RunFailure) {
        guard !hasAnswered else { throw RunFailure("'vacation' is used twice for the same message") }
        hasAnswered = true
        let reason = try expand(command.reason).withPlainLineEnds.text
        var from: EmailAddress?
        if let template = command.from {
            let text = try expand(template)
            guard let parsed = OutboundAddress.parse(text) else { throw RunFailure("\(quoted(text)) is not an email address") }
            from = parsed.mailbox
        }
        var own = environment.ownAddresses + [environment.recipient]
        for text in try expand(command.addresses) {
            if let address = OutboundAddress.parse(text)?.address { own.append(address.description) }
        }
        let subject = try command.subject.map { (template) throws(RunFailure) in try expand(template).text }
        let handle = try command.handle.map { (template) throws(RunFailure) in try expand(template).text }
        try budget.pay(message.message.headers.count * 20 + own.count * 20)
        let keys = Set(own.compactMap { (try? MailAddress(parsing: $0))?.key })
        guard let sender = try? MailAddress(parsing: environment.sender),
            VacationRules.permit(answering: message.message, from: sender, own: keys)
        else { return }
        let digest = [reason, subject ?? "", from?.email ?? "", command.isMIME ? "mime" : ""]
        try outcome.answer(
            VacationRequest(
                to: sender, about: message.message, from: from, subject: subject, reason: reason, isMIME: command.isMIME,
                handle: handle.map { "handle:" + $0 } ?? "digest:" + VacationRequest.digest(of: digest), seconds: command.seconds))
    }
}

extension VacationRequest {
    /// An answer to `original`: its subject and its place in the conversation follow from that. RFC 5230 §5.4, §5.8.
    init(
        to sender: MailAddress, about original: Message, from: EmailAddress?, subject: String?, reason: String, isMIME: Bool,
        handle: String, seconds: Int
    ) {
        let id = original.header("Message-ID")?.messageIds?.first
        var references = original.header("References")?.messageIds ?? original.header("In-Reply-To")?.messageIds ?? []
        // A long conversation: its beginning and its end, as mail programs do.
        if references.count > 20 { references = [references[0]] + references.suffix(19) }
        if let id, references.last != id { references.append(id) }
        let about = original.header("Subject")?.text ?? ""
        self.init(
            recipient: sender, from: from, subject: String((subject ?? "Auto: " + about).unicodeScalars.prefix(500)), reason: reason,
            isMIME: isMIME, handle: handle, seconds: seconds, inReplyTo: id, references: id == nil ? [] : references)
    }

    /// The same for the same texts (FNV-1a, 64 bits): to tell one user's answers apart, no more.
    static func digest(of texts: [String]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in texts {
            for byte in Octets(text.utf8) + [0] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return String(hash, radix: 16)
    }
}

extension SetModifiers {
    /// RFC 5229 §4.1: letters, then the first letter, then quoting, then length.
    func apply(to value: Octets) -> Octets {
        var value = value
        switch letters {
        case .lower: value = Octets(value.text.lowercased().utf8)
        case .upper: value = Octets(value.text.uppercased().utf8)
        case nil: break
        }
        if let first, let start = value.text.first {
            let text = first == .lower ? String(start).lowercased() : String(start).uppercased()
            value = Octets((text + value.text.dropFirst()).utf8)
        }
        switch quote {
        case .wildcard: value = value.flatMap { "*?\\".utf8.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
        case .regex: value = value.flatMap { ".^$*+?()[]{}|\\".utf8.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
        case nil: break
        }
        return isLength ? Octets(String(value.text.unicodeScalars.count).utf8) : value
    }
}
