import Formats
import Glibc

/// The tests.
extension Interpreter {
    mutating func holds(_ test: Test) throws(RunFailure) -> Bool {
        position = test.position
        try budget.pay(10)
        switch test.kind {
        case .constant(let value): return value
        case .not(let test): return try !holds(test)
        case .all(let tests):
            for test in tests where try !holds(test) { return false }
            return true
        case .any(let tests):
            for test in tests where try holds(test) { return true }
            return false
        case .exists(let names):
            for name in try expand(names) where try !header.contains(name, &budget) { return false }
            return true
        case .size(let isOver, let limit):
            // RFC 5293 §4: what was added or deleted counts.
            let size = try header.current(&budget).map { message.size - $0.rest + $0.fields.count } ?? message.size
            return isOver ? size > limit : size < limit
        case .header(let names, let index, let match):
            var values: [Value] = []
            for name in try expand(names) { values += try header.values(of: name, index, &budget) }
            return try matches(values, match)
        case .address(let names, let part, let index, let match):
            var values: [Value] = []
            for name in try expand(names) {
                for address in try header.addresses(of: name, index, &budget) {
                    if let text = AddressText.part(part, of: Octets(address.email.utf8)) { values.append(Value(text)) }
                }
            }
            // What is no address (`undisclosed-recipients:;`) can be looked for as a whole; it does not count as one.
            if values.isEmpty, part == .all, !match.isCount {
                for name in try expand(names) { values += try header.values(of: name, index, &budget) }
            }
            return try matches(values, match)
        case .envelope(let parts, let part, let match): return try matches(try envelope(parts, part), match)
        case .string(let sources, let match): return try matches(try expand(sources), match)
        case .hasFlag(let variables, let match): return try matches(try flags(of: variables), match)
        case .body(let transform, let match): return try matches(try body(transform), match, setsVariables: false)
        case .date(let source, let part, let zone, let match): return try matches(try date(source, part, zone), match)
        case .mailboxExists(let names):
            for name in try expand(names) where !(MailboxText.isValid(name) && environment.mailboxExists(name.text)) { return false }
            return true
        case .specialUseExists(let mailbox, let uses): return try specialUseExists(mailbox, uses)
        case .environment(let name, let match):
            guard let item = environment.items[try expand(name).folded.text] else { return false }
            return try matches([Value(Octets(item.utf8))], match)
        case .duplicate(let duplicate): return try isDuplicate(duplicate)
        case .unknown(let message): throw RunFailure(message)
        }
    }

    // MARK: Values

    /// RFC 5228 §5.4: the null sender is an empty string, whatever part is asked for.
    private mutating func envelope(_ parts: [Template], _ part: AddressPart) throws(RunFailure) -> [Value] {
        var values: [Value] = []
        for name in try expand(parts) {
            let address: String
            switch name.folded.text {
            case "from": address = environment.sender
            case "to": address = environment.recipient
            default: continue
            }
            if address.isEmpty {
                values.append(Value([]))
            } else if let text = AddressText.part(part, of: Octets(address.utf8)) {
                values.append(Value(text))
            }
        }
        return values
    }

    private mutating func flags(of places: [Int]?) throws(RunFailure) -> [Value] {
        var list = flags
        if let places {
            list = FlagList()
            for place in places {
                try budget.pay(variables[place].count * 10)
                list.add(variables[place])
            }
        }
        return list.flags.map(Value.init)
    }

    private mutating func body(_ transform: BodyTransform) throws(RunFailure) -> [Value] {
        switch transform {
        case .raw: return [try body.rawBody(&budget)]
        case .text: return try body.texts(&budget)
        case .content(let types): return try body.contents(of: try expand(types), &budget)
        }
    }

    private mutating func date(_ source: DateSource, _ part: DatePart, _ zone: DateZone) throws(RunFailure) -> [Value] {
        var date = InternetDate(seconds: environment.now)
        if case .header(let name, let index) = source {
            // RFC 5260 §4: of several fields the first counts.
            let values = try header.values(of: try expand(name), index ?? FieldIndex(number: 1, isFromLast: false), &budget)
            guard let value = values.first, let found = DateText.date(in: value.octets) else { return [] }
            date = found
        }
        let offset =
            switch zone {
            case .local: environment.localOffset(date.seconds)
            case .original: date.offsetMinutes
            case .fixed(let minutes): minutes
            }
        return [Value(DateText.part(part, of: date.seconds, offset: min(max(offset, -1439), 1439)))]
    }

    private mutating func specialUseExists(_ mailbox: Template?, _ uses: [Template]) throws(RunFailure) -> Bool {
        let name = try mailbox.map { (template) throws(RunFailure) in try expand(template).text }
        if let name, !environment.mailboxExists(name) { return false }
        for use in try expand(uses) where !environment.hasSpecialUse(use.text, name) { return false }
        return true
    }

    private mutating func isDuplicate(_ duplicate: Test.Duplicate) throws(RunFailure) -> Bool {
        let handle = try duplicate.handle.map { (template) throws(RunFailure) in try expand(template).text } ?? ""
        let id: Octets
        switch duplicate.source {
        case .uniqueID(let template): id = try expand(template)
        case .header(let name):
            guard let value = try header.values(of: try expand(name), nil, &budget).first else { return false }
            id = value.octets
        }
        guard !id.isEmpty else { return false }
        let key = SieveDuplicate.Key(handle: handle, id: id.text)
        let isKnown = environment.isDuplicate(key)
        // RFC 7352 §3: seen again, it is remembered anew only by `:last`.
        if !isKnown || duplicate.isLast { try outcome.remember(SieveDuplicate(key: key, seconds: duplicate.seconds)) }
        return isKnown
    }

    // MARK: Matching

    private mutating func matches(_ texts: [Octets], _ match: Match) throws(RunFailure) -> Bool {
        try matches(texts.map(Value.init), match)
    }

    /// Whether any value matches any key. What a pattern matched goes to `${1}` and on.
    private mutating func matches(_ values: [Value], _ match: Match, setsVariables: Bool = true) throws(RunFailure) -> Bool {
        if case .count(let relation) = match.type {
            let count = Octets(String(values.count).utf8)
            for key in match.keys where relation.holds(match.comparator.order(count, try expand(key.template))) { return true }
            return false
        }
        let keys = try ready(match)
        let captures = setsVariables && program.usesVariables
        for value in values {
            for key in keys {
                guard captures else {
                    if try key.matches(value, match.comparator, match.type, &budget) { return true }
                    continue
                }
                guard let found = try key.ranges(in: value, match.comparator, match.type, &budget) else { continue }
                if let ranges = found.ranges { keep(ranges, of: value.octets) }
                return true
            }
        }
        return false
    }

    private mutating func keep(_ ranges: [Range<Int>], of value: Octets) {
        matches = ranges.map { range in
            var text = Octets(value[range].prefix(program.limits.variableSize + 4))
            text.truncate(to: program.limits.variableSize)
            return text
        }
    }

    /// The patterns of a test: those that wait for variables are made now.
    mutating func ready(_ match: Match) throws(RunFailure) -> [Pattern] {
        var patterns: [Pattern] = []
        patterns.reserveCapacity(match.keys.count)
        for key in match.keys {
            if let pattern = key.pattern {
                patterns.append(pattern)
                continue
            }
            let text = try expand(key.template)
            try budget.pay(text.count)
            do throws(RegexError) {
                let pattern = try Pattern(text, match, size: program.limits.patternSize)
                if case .regex(let regex) = pattern { try pay(regex.program.count * 8) }
                patterns.append(pattern)
            } catch {
                throw RunFailure("\(quoted(text)) is no regular expression: \(error.message)")
            }
        }
        return patterns
    }

    private mutating func pay(_ cost: Int) throws(RegexError) {
        do { try budget.pay(cost) } catch { throw RegexError(error.message) }
    }
}

extension Pattern {
    /// Whether the value matches.
    func matches(_ value: Value, _ comparator: Comparator, _ type: MatchType, _ budget: inout Budget) throws(RunFailure) -> Bool {
        switch self {
        case .plain(let key): return try matchesPlain(key, value, comparator, type, &budget)
        case .ordered(let key):
            try budget.pay(min(key.count, value.octets.count) + value.octets.count / 4 + 1)
            let order = comparator.order(value.octets, key)
            if case .value(let relation) = type { return relation.holds(order) }
            return order == .same
        case .glob(let glob): return try glob.match(comparator.folds ? value.folded : value.octets, &budget) != nil
        case .regex(let regex): return try regex.match(value.octets, capturing: false, &budget) != nil
        }
    }

    /// Where the whole match and the wildcards or groups are; no ranges where the match type has none. Nil when nothing matches.
    func ranges(
        in value: Value, _ comparator: Comparator, _ type: MatchType, _ budget: inout Budget
    ) throws(RunFailure) -> (ranges: [Range<Int>]?, Void)? {
        switch self {
        case .plain, .ordered: return try matches(value, comparator, type, &budget) ? (nil, ()) : nil
        case .glob(let glob):
            let found = try glob.match(comparator.folds ? value.folded : value.octets, &budget)
            return found.map { ([0..<value.octets.count] + $0, ()) }
        case .regex(let regex):
            let found = try regex.match(value.octets, capturing: true, &budget)
            return found.map { ($0, ()) }
        }
    }

    private func matchesPlain(
        _ key: Octets, _ value: Value, _ comparator: Comparator, _ type: MatchType, _ budget: inout Budget
    ) throws(RunFailure) -> Bool {
        let length = value.octets.count
        guard case .contains = type else {
            try budget.pay(length == key.count ? length / 4 + 2 : 2)
            guard length == key.count else { return false }
            return comparator.folds ? value.folded == key : value.octets == key
        }
        try budget.pay(length / 32 + key.count + 1)
        return try Search.contains(comparator.folds ? value.folded : value.octets, key, &budget)
    }
}

enum Search {
    /// Whether `key` occurs in `text`: the C library finds its first octet, and each place that has it is tried and paid for.
    static func contains(_ text: Octets, _ key: Octets, _ budget: inout Budget) throws(RunFailure) -> Bool {
        guard let first = key.first else { return true }
        var at = 0
        while at + key.count <= text.count {
            guard let place = place(of: first, in: text, from: at) else { return false }
            guard place + key.count <= text.count else { return false }
            var length = 1
            while length < key.count, text[place + length] == key[length] { length += 1 }
            if length == key.count { return true }
            try budget.pay(length)
            at = place + 1
        }
        return false
    }

    private static func place(of octet: UInt8, in text: Octets, from at: Int) -> Int? {
        text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let found = memchr(base + at, CInt(octet), bytes.count - at) else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }
}

extension Comparator {
    /// Whether ASCII letters count the same in both cases.
    var folds: Bool { self == .asciiCasemap }
}

/// The parts of an address: RFC 5228 §2.7.4, RFC 5233 §4.
enum AddressText {
    /// Nil where the address has no such part: then no key matches it.
    static func part(_ part: AddressPart, of address: Octets) -> Octets? {
        if part == .all { return address }
        guard let at = address.lastIndex(of: UInt8(ascii: "@")), at > 0, at + 1 < address.count else { return nil }
        if part == .domain { return Octets(address[(at + 1)...]) }
        let local = unquoted(Octets(address[..<at]))
        guard part != .localpart, let plus = local.firstIndex(of: UInt8(ascii: "+")) else { return part == .detail ? nil : local }
        return Octets(part == .user ? local[..<plus] : local[(plus + 1)...])
    }

    private static func unquoted(_ local: Octets) -> Octets {
        guard local.count >= 2, local.first == UInt8(ascii: "\""), local.last == UInt8(ascii: "\"") else { return local }
        var output: Octets = []
        var isEscaped = false
        for byte in local.dropFirst().dropLast() {
            if byte == UInt8(ascii: "\\"), !isEscaped {
                isEscaped = true
            } else {
                output.append(byte)
                isEscaped = false
            }
        }
        return output
    }
}
