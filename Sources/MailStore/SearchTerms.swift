/// What a text condition looks for: words and phrases that must all be there (RFC 8621 §4.4.1).
struct SearchTerms: Equatable {
    struct Term: Equatable {
        /// Words as the index has them, in sequence.
        var words: [String]
        /// Whether the last word may go on: "meet" finds "meeting".
        var isPrefix: Bool
        /// As it was written.
        var source: String

        /// The letters when any word that begins with them will do, and they are as many as `beginnings` keeps of each word.
        var beginning: String? {
            guard isPrefix, words.count == 1, words[0].unicodeScalars.count == WordBeginnings.length else { return nil }
            return words[0]
        }
    }

    var terms: [Term]
    /// Nothing was asked for: everything matches. Not so when what was asked for has no letter or digit in it.
    let isBlank: Bool

    /// Letters from which on a word is looked for as the beginning of words: as many as there is a table of.
    private static let shortestPrefix = WordBeginnings.length

    init(_ text: String) {
        terms = []
        isBlank = text.allSatisfy(\.isWhitespace)
        for (piece, isQuoted) in SearchTerms.pieces(text) {
            guard let term = SearchTerms.term(piece, isQuoted: isQuoted), !terms.contains(term) else { continue }
            terms.append(term)
            if terms.count == 32 { break }
        }
    }

    /// An FTS5 expression, restricted to `columns` (empty: all); nil when there is nothing to search for.
    func expression(columns: [String]) -> String? {
        guard !terms.isEmpty else { return nil }
        // The words hold letters and digits only: nothing in them can end the quotes.
        let all = terms.map { "\"\($0.words.joined(separator: " "))\"\($0.isPrefix ? " *" : "")" }
            .joined(separator: " AND ")
        return columns.isEmpty ? "(\(all))" : "{\(columns.joined(separator: " "))} : (\(all))"
    }

    private static func term(_ piece: String, isQuoted: Bool) -> Term? {
        var words = SearchText.normalize(piece).split(separator: " ").map(String.init)
        guard !words.isEmpty else { return nil }
        // Fewer letters begin so many words that looking them up would cost more than it tells.
        var isPrefix = !isQuoted && words.last!.unicodeScalars.count >= SearchTerms.shortestPrefix
        // A run in pairs ends with a single character: within a phrase the last pair says it already; alone it is looked
        // for at the start of a pair.
        if let last = words.last, last.unicodeScalars.count == 1, SearchText.isPaired(last.unicodeScalars.first!.value) {
            if words.count > 1, let before = words.dropLast().last, before.unicodeScalars.count == 2,
                before.unicodeScalars.last == last.unicodeScalars.first
            {
                words.removeLast()
                isPrefix = false
            } else {
                isPrefix = true
            }
        }
        return Term(words: words, isPrefix: isPrefix, source: piece)
    }

    /// Parts the text at blanks, keeping what is quoted together; a backslash takes the next character as it is.
    private static func pieces(_ text: String) -> [(String, isQuoted: Bool)] {
        var pieces: [(String, Bool)] = []
        var current = ""
        var quote: Character?
        var isEscaped = false
        func end(_ isQuoted: Bool) {
            if !current.isEmpty { pieces.append((current, isQuoted)) }
            current = ""
        }
        let characters = Array(text)
        for (index, character) in characters.enumerated() {
            if isEscaped {
                current.append(character)
                isEscaped = false
            } else if let open = quote {
                if character == "\\" {
                    isEscaped = true
                } else if character == open {
                    end(true)
                    quote = nil
                } else {
                    current.append(character)
                }
            } else if character == "\"" || character == "'", current.isEmpty,
                characters[(index + 1)...].contains(character)
            {
                // Only a matched pair of quotes makes a phrase: "rock 'n roll" has none.
                quote = character
            } else if character.isWhitespace {
                end(false)
            } else {
                current.append(character)
            }
        }
        end(false)
        return pieces
    }
}
