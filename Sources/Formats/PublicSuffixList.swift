/// The domains below which anybody may register a name: `com`, `co.uk`, `github.io`. Nobody owns mail of such a domain.
///
/// Rules and file format: publicsuffix.org/list. Other than there, a top-level name that no rule names is none of them: it may
/// be a network's own (`localhost`, `intranet`).
package struct PublicSuffixList: Sendable {
    /// In lower-case A-labels, with `*.` and `!` as in the file.
    private let rules: Set<String>

    /// Reads the file of Debian's package `publicsuffix`. What is no rule is passed over.
    package init(parsing bytes: [UInt8]) {
        var rules = Self.special
        for line in bytes.split(separator: ASCII.lf) {
            if line.starts(with: "//".utf8) { continue }
            let word = line.prefix { !$0.isFoldingSpace }
            if let rule = Self.rule(word) { rules.insert(rule) }
        }
        self.rules = rules
    }

    private init(rules: Set<String>) { self.rules = rules }

    /// For machines without the file: the oldest top-level names and all of two letters, which are countries'.
    package static let builtIn = PublicSuffixList(
        rules: special.union(["com", "net", "org", "edu", "gov", "mil", "int", "info", "biz", "name", "co.uk", "com.au"])
            .union(letters.flatMap { first in letters.map { "\(first)\($0)" } }))

    /// Whether the name itself is a public suffix; names below one are not.
    package func contains(_ name: DomainName) -> Bool {
        if rules.contains("!" + name.ascii) { return false }
        if rules.contains(name.ascii) { return true }
        guard let parent = name.parent else { return rules.contains("*." + name.ascii) }
        return rules.contains("*." + parent.ascii)
    }

    // RFC 6761, RFC 7686, RFC 9476: top-level names that are nobody's for good.
    private static let special: Set<String> = ["test", "example", "invalid", "onion", "alt", "arpa"]
    private static let letters = "abcdefghijklmnopqrstuvwxyz"

    private static func rule(_ word: ArraySlice<UInt8>) -> String? {
        guard !word.isEmpty else { return nil }
        let text = String(decoding: word, as: UTF8.self)
        guard word.contains(where: { $0 >= 0x80 }) else { return text.lowercased() }
        let mark = text.hasPrefix("*.") ? "*." : text.hasPrefix("!") ? "!" : ""
        guard let name = try? DomainName(parsing: text.dropFirst(mark.count)) else { return nil }
        return mark + name.ascii
    }
}
