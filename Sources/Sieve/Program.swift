/// A command that has been checked, with all that its run needs.
struct Command: Sendable {
    var position: Position
    var kind: Kind

    enum Kind: Sendable {
        case branch([Branch])
        case stop
        case keep(flags: [Template]?)
        case discard
        case redirect(Template, copies: Bool)
        case fileInto(FileInto)
        case reject(Template, isAtProtocolLevel: Bool)
        case vacation(Vacation)
        case set(variable: Int, SetModifiers, Template)
        case changeFlags(FlagChange, variable: Int?, [Template])
        case addHeader(name: Template, value: Template, isLast: Bool)
        case deleteHeader(DeleteHeader)
        /// `error` of RFC 5463.
        case fail(Template)
        /// What this server does not know, in a script that asks by `ihave` before it uses it.
        case unknown(String)
    }

    /// `if`, `elsif` (with a test) or `else`.
    struct Branch: Sendable {
        var test: Test?
        var commands: [Command]
    }

    struct FileInto: Sendable {
        var mailbox: Template
        var copies = false
        var creates = false
        var flags: [Template]?
        var specialUse: Template?
    }

    struct Vacation: Sendable {
        var reason: Template
        var subject: Template?
        var from: Template?
        var addresses: [Template] = []
        var handle: Template?
        var isMIME = false
        var seconds: Int
    }

    struct DeleteHeader: Sendable {
        var name: Template
        var index: FieldIndex?
        /// Nil: every value.
        var match: Match?
    }

    enum FlagChange: Sendable { case set, add, remove }
}

/// `:index` with or without `:last`: RFC 5260 §6.
struct FieldIndex: Sendable {
    /// From 1.
    var number: Int
    var isFromLast: Bool

    /// The one element that is meant, if it is there.
    func pick<Element>(_ elements: [Element]) -> [Element] {
        let place = isFromLast ? elements.count - number : number - 1
        return elements.indices.contains(place) ? [elements[place]] : []
    }
}

/// The modifiers of `set`, in the order in which they are applied: RFC 5229 §4.1.
struct SetModifiers: Sendable {
    enum Case: Sendable { case lower, upper }
    enum Quote: Sendable { case wildcard, regex }

    var letters: Case?
    var first: Case?
    var quote: Quote?
    var isLength = false

    var isEmpty: Bool { letters == nil && first == nil && quote == nil && !isLength }
}

/// A test that has been checked.
struct Test: Sendable {
    var position: Position
    var kind: Kind

    indirect enum Kind: Sendable {
        case constant(Bool)
        case not(Test)
        case all([Test])
        case any([Test])
        case exists([Template])
        case size(isOver: Bool, Int)
        case header(names: [Template], FieldIndex?, Match)
        case address(names: [Template], AddressPart, FieldIndex?, Match)
        case envelope(parts: [Template], AddressPart, Match)
        case string(sources: [Template], Match)
        case hasFlag(variables: [Int]?, Match)
        case body(BodyTransform, Match)
        case date(DateSource, DatePart, DateZone, Match)
        case mailboxExists([Template])
        case specialUseExists(mailbox: Template?, [Template])
        case environment(Template, Match)
        case duplicate(Duplicate)
        case unknown(String)
    }

    struct Duplicate: Sendable {
        enum Source: Sendable {
            case header(Template)
            case uniqueID(Template)
        }

        var handle: Template?
        var source: Source
        var seconds: Int
        var isLast: Bool
    }
}

/// RFC 5228 §2.7.4, RFC 5233.
enum AddressPart: String, Sendable {
    case all, localpart, domain, user, detail
}

/// RFC 5173 §5.
enum BodyTransform: Sendable {
    case raw
    case text
    case content([Template])
}

enum DateSource: Sendable {
    case current
    case header(Template, FieldIndex?)
}

/// RFC 5260 §4.2.
enum DatePart: String, Sendable, CaseIterable {
    case year, month, day, date, julian, hour, minute, second, time, iso8601, std11, zone, weekday
}

enum DateZone: Sendable {
    case local
    case original
    case fixed(minutes: Int)
}
