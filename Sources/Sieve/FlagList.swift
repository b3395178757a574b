/// A list of IMAP flags, each once in any case: RFC 5232 §2. What is no flag is left out.
struct FlagList: Sendable {
    private(set) var flags: [Octets] = []

    private static let maximumFlags = 100

    init() {}

    /// Of a variable's value: flags with spaces between them.
    init(_ text: Octets) { add(text) }

    /// The list as a variable holds it.
    var text: Octets { Octets(flags.joined(separator: [0x20])) }

    mutating func add(_ text: Octets) {
        for word in text.split(whereSeparator: \.isSpace) {
            guard flags.count < Self.maximumFlags, let flag = Self.flag(Octets(word)), place(of: flag) == nil else { continue }
            flags.append(flag)
        }
    }

    mutating func remove(_ text: Octets) {
        for word in text.split(whereSeparator: \.isSpace) {
            if let place = place(of: Octets(word)) { flags.remove(at: place) }
        }
    }

    private func place(of flag: Octets) -> Int? {
        let folded = flag.folded
        return flags.firstIndex { $0.folded == folded }
    }

    /// A system flag in its usual writing, or a keyword; nil for what a client cannot set.
    private static func flag(_ word: Octets) -> Octets? {
        guard word.first == UInt8(ascii: "\\") else { return isKeyword(word) ? word : nil }
        return system[word.folded.text].map { Octets($0.utf8) }
    }

    private static let system = [
        "\\seen": "\\Seen", "\\answered": "\\Answered", "\\flagged": "\\Flagged", "\\deleted": "\\Deleted", "\\draft": "\\Draft",
    ]

    /// An atom of RFC 3501 §9.
    private static func isKeyword(_ word: Octets) -> Bool {
        let specials = Set("(){%*\"\\]".utf8)
        return !word.isEmpty && word.count <= 100 && word.allSatisfy { $0 > 0x20 && $0 < 0x7F && !specials.contains($0) }
    }
}
