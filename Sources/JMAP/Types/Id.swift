/// JMAP's `Id`: 1 to 255 characters of the URL-safe base64 alphabet (RFC 8620 §1.2).
package struct Id: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String

    /// Nil when `text` breaks the syntax.
    package init?(_ text: String) {
        guard 1...255 ~= text.utf8.count, text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        rawValue = text
    }

    package var description: String { rawValue }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension JSON {
    package init(_ id: Id) { self = .string(id.rawValue) }

    package var id: Id? { string.flatMap(Id.init) }
}
