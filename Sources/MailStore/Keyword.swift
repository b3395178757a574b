/// An email's keyword: one to 255 printable ASCII characters, lower case (RFC 8621 §4.1.1).
package struct Keyword: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: String

    /// Folds to lower case; nil when the characters are not allowed.
    package init?(rawValue: String) {
        guard (1...255).contains(rawValue.utf8.count), rawValue.utf8.allSatisfy(Keyword.isAllowed) else { return nil }
        self.rawValue = rawValue.lowercased()
    }

    private init(known: String) { rawValue = known }

    package static let seen = Keyword(known: "$seen")
    package static let answered = Keyword(known: "$answered")
    package static let flagged = Keyword(known: "$flagged")
    package static let draft = Keyword(known: "$draft")
    package static let forwarded = Keyword(known: "$forwarded")
    package static let junk = Keyword(known: "$junk")
    package static let notJunk = Keyword(known: "$notjunk")

    package static func < (left: Keyword, right: Keyword) -> Bool { left.rawValue < right.rawValue }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        guard (0x21...0x7E).contains(byte) else { return false }
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "{"), UInt8(ascii: "]"), UInt8(ascii: "%"),
            UInt8(ascii: "*"), UInt8(ascii: "\""), UInt8(ascii: "\\"):
            return false
        default:
            return true
        }
    }
}
