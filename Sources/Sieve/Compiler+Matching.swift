/// Comparators, match types and keys.
extension Compiler {
    /// What the tags say of how to compare; the keys come later.
    mutating func matchType(_ reader: inout ArgumentReader) throws(Complaint) -> Match {
        var comparator = Comparator.asciiCasemap
        if let literal = try reader.string(tag: "comparator") { comparator = try self.comparator(literal) }
        let tags: [(name: String, capability: String?)] = [
            ("is", nil), ("contains", nil), ("matches", nil), ("regex", "regex"), ("value", "relational"), ("count", "relational"),
        ]
        guard let (name, index) = try reader.oneOf(tags) else { return Match(comparator: comparator, type: .is, keys: []) }
        let type: MatchType
        switch name {
        case "contains": type = .contains
        case "matches": type = .matches
        case "regex": type = .regex
        case "value": type = .value(try relation(&reader, after: index, tag: name))
        case "count": type = .count(try relation(&reader, after: index, tag: name))
        default: type = .is
        }
        if comparator == .asciiNumeric {
            switch type {
            case .contains, .matches, .regex:
                throw Complaint(
                    reader.node.arguments[index].position, "numbers can be compared by ':is', ':value' and ':count', not by ':\(name)'")
            case .is, .value, .count: break
            }
        }
        return Match(comparator: comparator, type: type, keys: [])
    }

    private func comparator(_ literal: Literal) throws(Complaint) -> Comparator {
        guard let comparator = Comparator(rawValue: literal.octets.folded.text) else {
            throw Complaint(literal.position, "there is no comparator \(quoted(literal.octets))", isUnsupported: true)
        }
        if comparator == .asciiNumeric, !enabled.contains("comparator-i;ascii-numeric") {
            throw Complaint(
                literal.position, "this comparator needs 'require \"comparator-i;ascii-numeric\";' at the start of the script",
                isUnsupported: true)
        }
        return comparator
    }

    private func relation(_ reader: inout ArgumentReader, after index: Int, tag: String) throws(Complaint) -> Relation {
        let literal = try reader.string(after: index, tag: tag)
        guard let relation = Relation(rawValue: literal.octets.folded.text) else {
            throw Complaint(literal.position, "':\(tag)' is followed by \"gt\", \"ge\", \"lt\", \"le\", \"eq\" or \"ne\"")
        }
        return relation
    }

    /// Fills in the keys, the constant ones made ready.
    mutating func keys(_ literals: [Literal], for match: Match) throws(Complaint) -> Match {
        var match = match
        for literal in literals {
            let template = try template(literal)
            var pattern: Pattern?
            if let key = template.constant {
                do throws(RegexError) {
                    pattern = try Pattern(key, match, size: min(limits.patternSize, patternRoom))
                } catch {
                    throw Complaint(literal.position, "\(quoted(key)) is no regular expression: \(error.message)")
                }
                if case .regex(let regex) = pattern { patternRoom -= regex.program.count }
            }
            match.keys.append(Match.Key(template: template, pattern: pattern))
        }
        return match
    }

    /// `:index` and `:last`.
    mutating func fieldIndex(_ reader: inout ArgumentReader, needs capability: String = "index") throws(Complaint) -> FieldIndex? {
        let number = try reader.number(tag: "index", needs: capability)
        let isFromLast = try reader.flag("last", needs: capability)
        guard let number else {
            if isFromLast { throw Complaint(reader.node.position, "':last' says from where ':index' counts, and ':index' is missing") }
            return nil
        }
        guard number.value > 0 else { throw Complaint(number.position, "':index' counts from 1") }
        return FieldIndex(number: number.value, isFromLast: isFromLast)
    }

    mutating func addressPart(_ reader: inout ArgumentReader) throws(Complaint) -> AddressPart {
        let tags: [(name: String, capability: String?)] = [
            ("all", nil), ("localpart", nil), ("domain", nil), ("user", "subaddress"), ("detail", "subaddress"),
        ]
        return try reader.oneOf(tags).flatMap { AddressPart(rawValue: $0.name) } ?? .all
    }
}

extension Pattern {
    /// - Parameter size: instructions that a regular expression may compile to.
    init(_ key: Octets, _ match: Match, size: Int) throws(RegexError) {
        let foldsCase = match.comparator == .asciiCasemap
        switch match.type {
        case .is where match.comparator == .asciiNumeric: self = .ordered(key)
        case .is, .contains: self = .plain(foldsCase ? key.folded : key)
        case .matches: self = .glob(Glob(key, foldsCase: foldsCase))
        case .regex: self = .regex(try Regex(key, foldsCase: foldsCase, size: size))
        case .value, .count: self = .ordered(key)
        }
    }
}
