import Disk
import Formats
import GRDB

extension MailReader {
    /// Subject and body extracts with the filter's words marked (RFC 8621 §5); emails that do not exist are left out.
    ///
    /// It reads the messages' files; one that cannot be read has no extract of its body.
    package func snippets(_ filter: EmailFilter?, for ids: [EmailID]) throws -> [SearchSnippet] {
        let subjectTerms = filter?.terms { filter in
            switch filter {
            case .text(let text), .subject(let text): text
            default: nil
            }
        } ?? []
        let bodyTerms = filter?.terms { filter in
            switch filter {
            case .text(let text), .body(let text): text
            default: nil
            }
        } ?? []
        return try emails(ids).map { email in
            var preview: String?
            if !bodyTerms.isEmpty, let path = try path(of: email.id), let bytes = try? OpenFile(path: path).read(count: MessageDigest.limit) {
                let text = MessageSummary(of: Message(parsing: bytes)).bodyText
                preview = Highlighter(terms: bodyTerms).extract(text, limit: 255)
            }
            let subject = subjectTerms.isEmpty
                ? nil : email.headers.subject.flatMap { Highlighter(terms: subjectTerms).mark($0) }
            return SearchSnippet(emailId: email.id, subject: subject, preview: preview)
        }
    }
}

extension EmailFilter {
    /// The words of all text conditions that `text` picks and that are not denied.
    func terms(_ text: (EmailFilter) -> String?) -> [SearchTerms.Term] {
        switch self {
        case .and(let filters), .or(let filters): filters.flatMap { $0.terms(text) }
        case .not: []
        default: text(self).map { SearchTerms($0).terms } ?? []
        }
    }
}

/// Finds search words in a text as it was written, and marks them.
struct Highlighter {
    /// What to look for: words, or single characters of a script in pairs.
    private let sequences: [(words: [String], isPrefix: Bool)]

    init(terms: [SearchTerms.Term]) {
        sequences = terms.map { term in
            (Highlighter.words(term.source).map(\.folded), term.isPrefix)
        }.filter { !$0.words.isEmpty }
    }

    /// The whole text escaped and marked; nil when nothing matches.
    func mark(_ text: String) -> String? {
        let ranges = matches(text, first: false)
        guard !ranges.isEmpty else { return nil }
        return render(text, from: text.startIndex, ranges, limit: .max)
    }

    /// An extract around the first match, escaped and marked, at most `limit` octets; nil when nothing matches.
    func extract(_ text: String, limit: Int) -> String? {
        guard let first = matches(text, first: true).first else { return nil }
        var start = first.lowerBound
        var steps = 0
        // A little of what stands before, from the start of a word.
        while start > text.startIndex, steps < 40 {
            start = text.index(before: start)
            steps += 1
        }
        if start > text.startIndex {
            while start < first.lowerBound, !text[start].isWhitespace { start = text.index(after: start) }
        }
        while start < first.lowerBound, text[start].isWhitespace { start = text.index(after: start) }
        let end = text.index(start, offsetBy: 300, limitedBy: text.endIndex) ?? text.endIndex
        let window = String(text[start..<end])
        var extract = render(window, from: window.startIndex, matches(window, first: false), limit: limit)
        while extract.last == " " { extract.removeLast() }
        return extract
    }

    private func render(_ text: String, from start: String.Index, _ ranges: [Range<String.Index>], limit: Int) -> String {
        var out = ""
        var position = start
        for range in ranges where range.lowerBound >= position {
            guard append(text[position..<range.lowerBound], to: &out, limit: limit) else { return out }
            let word = Highlighter.escaped(text[range])
            guard out.utf8.count + word.utf8.count + 13 <= limit else { return out }
            out += "<mark>\(word)</mark>"
            position = range.upperBound
        }
        _ = append(text[position...], to: &out, limit: limit)
        return out
    }

    private func append(_ text: Substring, to out: inout String, limit: Int) -> Bool {
        var isBlank = false
        for character in text {
            // Line ends and runs of blanks are one space in an extract; a whole subject has none anyway.
            if character.isWhitespace {
                isBlank = true
                continue
            }
            let piece = (isBlank && !out.isEmpty ? " " : "") + Highlighter.escaped(String(character)[...])
            guard out.utf8.count + piece.utf8.count <= limit else { return false }
            out += piece
            isBlank = false
        }
        if isBlank, !out.isEmpty, out.utf8.count < limit { out += " " }
        return true
    }

    private static func escaped(_ text: Substring) -> String {
        var out = ""
        for character in text {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            default: out.append(character)
            }
        }
        return out
    }

    private func matches(_ text: String, first: Bool) -> [Range<String.Index>] {
        let words = Highlighter.words(text)
        var ranges: [Range<String.Index>] = []
        var index = 0
        while index < words.count {
            if let length = length(of: words[index...]) {
                ranges.append(words[index].range.lowerBound..<words[index + length - 1].range.upperBound)
                if first { return ranges }
                index += length
            } else {
                index += 1
            }
        }
        return ranges
    }

    /// How many words from here on one of the sequences takes; the longest.
    private func length(of words: ArraySlice<Word>) -> Int? {
        var longest: Int?
        for (sequence, isPrefix) in sequences where sequence.count <= words.count {
            let isMatch = zip(sequence.indices, zip(sequence, words)).allSatisfy { index, pair in
                pair.0 == pair.1.folded || (isPrefix && index == sequence.count - 1 && pair.1.folded.hasPrefix(pair.0))
            }
            if isMatch { longest = max(longest ?? 0, sequence.count) }
        }
        return longest
    }

    private struct Word {
        var folded: String
        var range: Range<String.Index>
    }

    /// The words of a text, folded, with their places; at most of its first quarter million scalars.
    private static func words(_ text: String) -> [Word] {
        var words: [Word] = []
        var current: [UInt8] = []
        var start = text.startIndex
        let scalars = text.unicodeScalars
        var index = scalars.startIndex
        var count = 0
        func end(_ position: String.Index) {
            if !current.isEmpty { words.append(Word(folded: String(decoding: current, as: UTF8.self), range: start..<position)) }
            current = []
        }
        while index < scalars.endIndex, count < SearchText.bodyLimit {
            let next = scalars.index(after: index)
            switch SearchText.fold(scalars[index]) {
            case .ignored: break
            case .separator: end(index)
            case .letters(let letters):
                if current.isEmpty { start = index }
                current += letters
            case .paired:
                end(index)
                words.append(Word(folded: String(scalars[index]), range: index..<next))
            }
            index = next
            count += 1
        }
        end(index)
        return words
    }
}
