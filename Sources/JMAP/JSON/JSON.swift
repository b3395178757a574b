/// A JSON value (RFC 8259) as I-JSON (RFC 7493) allows it: no duplicate names, no number that a double cannot hold.
///
/// Numbers without fraction or exponent that fit the safe integer range of RFC 8620 §1.3 are `.int`; all others are `.double`.
package indirect enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    /// The largest integer that JMAP's `Int` and `UnsignedInt` allow: 2^53-1 (RFC 8620 §1.3).
    package static let maxSafeInteger = 9_007_199_254_740_991

    package var isNull: Bool { if case .null = self { true } else { false } }

    package var string: String? { if case .string(let value) = self { value } else { nil } }

    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }

    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The value as JMAP's `Int`: also for `1.0` and `1e3`, which JSON does not tell from `1` and `1000`.
    package var int: Int? {
        switch self {
        case .int(let value): value
        case .double(let value):
            value.rounded() == value && abs(value) <= Double(JSON.maxSafeInteger) ? Int(value) : nil
        default: nil
        }
    }

    /// The value as JMAP's `UnsignedInt`.
    package var unsigned: Int? { int.flatMap { $0 >= 0 ? $0 : nil } }

    /// The strings of an array of strings; nil when it is anything else.
    package var strings: [String]? {
        guard let array else { return nil }
        var result: [String] = []
        result.reserveCapacity(array.count)
        for item in array {
            guard let string = item.string else { return nil }
            result.append(string)
        }
        return result
    }

    /// The member of that name, when this is an object that has one.
    package subscript(name: String) -> JSON? { object?[name] }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(nilLiteral: ()) { self = .null }
    /// The names must differ.
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(unique: elements)) }
}

extension JSON {
    /// `.string`, or `.null` for nil.
    package init(_ value: String?) { if let value { self = .string(value) } else { self = .null } }

    /// `.int`, or `.null` for nil.
    package init(_ value: Int?) { if let value { self = .int(value) } else { self = .null } }

    /// An array of strings, or `.null` for nil.
    package init(_ value: [String]?) { if let value { self = .array(value.map(JSON.string)) } else { self = .null } }
}
