import Formats

/// The message's header fields as the script sees them: with what it added, without what it deleted. Text and addresses of a field
/// are decoded once, however many tests ask for them.
struct HeaderList {
    private struct Entry {
        /// In lower case.
        var name: Octets
        var field: HeaderField
        /// Of a field that the script added: the field with its line end.
        var added: Octets?
        var value: Value?
        var addresses: [EmailAddress]?
    }

    private let message: Message
    private var loaded: [Entry]?
    private var isChanged = false
    private var edited: EditedHeader?

    init(_ message: Message) { self.message = message }

    // MARK: Reading

    private mutating func load(_ budget: inout Budget) throws(RunFailure) {
        guard loaded == nil else { return }
        let fields = message.headers
        try budget.pay(fields.count * 20)
        loaded = fields.map { Entry(name: Octets($0.name.utf8).folded, field: $0) }
    }

    private mutating func places(of name: Octets, _ budget: inout Budget) throws(RunFailure) -> [Int] {
        try load(&budget)
        let name = name.folded
        let entries = loaded ?? []
        try budget.pay(entries.count)
        return entries.indices.filter { entries[$0].name == name }
    }

    /// Whether there is a field of that name, in any case.
    mutating func contains(_ name: Octets, _ budget: inout Budget) throws(RunFailure) -> Bool {
        try !places(of: name, &budget).isEmpty
    }

    /// The values of all fields of that name: decoded, unfolded, without white space around them.
    mutating func values(of name: Octets, _ index: FieldIndex?, _ budget: inout Budget) throws(RunFailure) -> [Value] {
        let places = try places(of: name, &budget)
        var values: [Value] = []
        for place in index?.pick(places) ?? places { values.append(try value(at: place, &budget)) }
        return values
    }

    private mutating func value(at place: Int, _ budget: inout Budget) throws(RunFailure) -> Value {
        if let value = loaded?[place].value { return value }
        guard let field = loaded?[place].field else { return Value([]) }
        try budget.pay(field.valueRange.count * 4)
        let value = Value(Octets(field.text.utf8).trimmed)
        loaded?[place].value = value
        return value
    }

    /// The addresses in all fields of that name.
    mutating func addresses(of name: Octets, _ index: FieldIndex?, _ budget: inout Budget) throws(RunFailure) -> [EmailAddress] {
        let places = try places(of: name, &budget)
        var addresses: [EmailAddress] = []
        for place in index?.pick(places) ?? places {
            if let known = loaded?[place].addresses {
                addresses += known
                continue
            }
            guard let field = loaded?[place].field else { continue }
            try budget.pay(field.valueRange.count * 8)
            let found = field.addresses
            loaded?[place].addresses = found
            addresses += found
        }
        try budget.pay(addresses.count * 30)
        return addresses
    }

    // MARK: Changing

    /// Adds a field before or after all others.
    mutating func add(_ name: Octets, _ value: Octets, isLast: Bool, _ budget: inout Budget) throws(RunFailure) {
        try load(&budget)
        let header = MessageBuilder.Header(name.text, .text(value.text))
        guard let bytes = try? header.bytes(), let field = Message(parsingHeaderOf: bytes + [0x0D, 0x0A]).headers.first else {
            throw RunFailure("the header field \(quoted(name)) cannot be written")
        }
        let entry = Entry(name: name.folded, field: field, added: hasBareLineEnds ? bytes.withPlainLineEnds : bytes)
        let end = loaded?.count ?? 0
        loaded?.insert(entry, at: isLast ? end : 0)
        isChanged = true
        edited = nil
    }

    /// Deletes the fields of that name whose values are chosen.
    mutating func delete(
        _ name: Octets, _ index: FieldIndex?, _ budget: inout Budget,
        where isChosen: (Value, inout Budget) throws(RunFailure) -> Bool
    ) throws(RunFailure) {
        let places = try places(of: name, &budget)
        var doomed: [Int] = []
        for place in index?.pick(places) ?? places {
            let value = try value(at: place, &budget)
            if try isChosen(value, &budget) { doomed.append(place) }
        }
        guard !doomed.isEmpty else { return }
        try budget.pay(loaded?.count ?? 0)
        let doomedPlaces = Set(doomed)
        loaded = loaded?.enumerated().filter { !doomedPlaces.contains($0.offset) }.map(\.element)
        isChanged = true
        edited = nil
    }

    // MARK: Writing

    /// The header as it is now; nil if nothing has changed.
    mutating func current(_ budget: inout Budget) throws(RunFailure) -> EditedHeader? {
        guard isChanged else { return nil }
        if let edited { return edited }
        let bytes = message.bytes
        var output: Octets = []
        for entry in loaded ?? [] {
            if let added = entry.added {
                output += added
            } else {
                output += bytes[extent(of: entry.field)]
                if output.last != 0x0A, output.last != 0x0D { output += [0x0D, 0x0A] }
            }
        }
        let rest = message.headers.last.map { extent(of: $0).upperBound } ?? message.root.bodyRange.lowerBound
        // A body that nothing separates from the header: now a line must.
        if rest < bytes.count, bytes[rest] != 0x0D, bytes[rest] != 0x0A { output += hasBareLineEnds ? [0x0A] : [0x0D, 0x0A] }
        try budget.pay(output.count)
        let header = EditedHeader(fields: output, rest: rest)
        edited = header
        return header
    }

    /// A field from its name to after its line end.
    private func extent(of field: HeaderField) -> Range<Int> {
        let bytes = message.bytes
        var low = field.valueRange.lowerBound
        while low > 0, bytes[low - 1] != 0x0A, bytes[low - 1] != 0x0D { low -= 1 }
        var high = field.valueRange.upperBound
        if high < bytes.count, bytes[high] == 0x0D { high += 1 }
        if high < bytes.count, bytes[high] == 0x0A { high += 1 }
        return low..<high
    }

    /// Whether the message has LF alone at its line ends.
    private var hasBareLineEnds: Bool {
        guard let end = message.bytes.firstIndex(of: 0x0A) else { return false }
        return end == 0 || message.bytes[end - 1] != 0x0D
    }
}
