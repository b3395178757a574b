/// The parsed forms of header values: RFC 8621 §4.1.2. Each takes the value from after the colon to before the line end.
package enum HeaderForms {
    static func raw(_ value: Bytes) -> String {
        guard value.index(of: ASCII.nul, in: 0..<value.count) != nil else { return value.utf8String }
        return String(decoding: value.filter { $0 != ASCII.nul }, as: UTF8.self)
    }

    /// - Parameter fallback: the charset of bytes that are neither encoded nor UTF-8, where one is known.
    static func text(_ value: Bytes, fallback: String? = nil) -> String {
        let unfolded = unfolded(value)
        return unfolded.withUnsafeBufferPointer { bytes in
            var start = 0
            while start < bytes.count, bytes[start] == ASCII.space { start += 1 }
            return EncodedWord.decodeText(bytes.slice(start..<bytes.count), fallback: fallback)
        }.nfc
    }

    static func groupedAddresses(_ value: Bytes, fallback: String? = nil) -> [EmailAddressGroup] {
        var parser = AddressParser(value, fallback: fallback)
        return parser.parse()
    }

    /// Message-IDs that are read of one field, and octets where they stand without brackets.
    private static let limits = (ids: 1000, octets: 1 << 18)

    /// The content of every `<…>`, blanks removed; or, where a program left the brackets out, words with an `@`.
    static func messageIds(_ value: Bytes) -> [String]? {
        var ids: [String] = []
        var index = 0
        while index < value.count, ids.count < limits.ids {
            switch value[index] {
            case ASCII.openParen: index = CommentScanner.end(of: value, from: index)
            case ASCII.quote: index = QuotedScanner.end(of: value, from: index)
            case ASCII.less:
                let close = value.index(of: ASCII.greater, in: index..<value.count) ?? value.count
                let id = text(value.slice(index + 1..<close), without: \.isFoldingSpace)
                if !id.isEmpty { ids.append(id) }
                index = close + 1
            default: index += 1
            }
        }
        if ids.isEmpty {
            ids = value.prefix(limits.octets).split(whereSeparator: \.isFoldingSpace)
                .filter { $0.contains(ASCII.at) && !$0.contains(ASCII.less) }
                .prefix(limits.ids).map { HeaderForms.raw(Bytes(rebasing: $0)) }
        }
        return ids.isEmpty ? nil : ids
    }

    /// RFC 2369 §2: URLs in angle brackets; comments and what stands between are skipped.
    static func urls(_ value: Bytes) -> [String]? {
        var urls: [String] = []
        var index = 0
        while index < value.count {
            switch value[index] {
            case ASCII.openParen: index = CommentScanner.end(of: value, from: index)
            case ASCII.less:
                guard let close = value.index(of: ASCII.greater, in: index..<value.count) else { return urls.isEmpty ? nil : urls }
                let url = text(value.slice(index + 1..<close), without: \.isFoldingSpace)
                if !url.isEmpty { urls.append(url) }
                index = close + 1
            default: index += 1
            }
        }
        return urls.isEmpty ? nil : urls
    }

    // MARK: Fields of parts

    /// Content-Id: without comments, blanks and angle brackets.
    static func contentID(_ value: Bytes) -> String? {
        let plain = withoutComments(value)
        return plain.withUnsafeBufferPointer { bytes in
            var text = bytes.trimmed
            if text.first == ASCII.less { text = text.slice(1..<text.count) }
            if text.last == ASCII.greater { text = text.slice(0..<text.count - 1) }
            return text.isEmpty ? nil : raw(text)
        }
    }

    /// Content-Language: tags between commas.
    static func languages(_ value: Bytes) -> [String]? {
        let tags = withoutComments(value).split(separator: ASCII.comma).compactMap { tag -> String? in
            let tag = tag.filter { !$0.isFoldingSpace }
            return tag.isEmpty ? nil : String(decoding: tag, as: UTF8.self)
        }
        return tags.isEmpty ? nil : tags
    }

    /// Content-Location: without the blanks that folding put into it.
    static func location(_ value: Bytes) -> String? {
        let text = text(value, without: \.isFoldingSpace)
        return text.isEmpty ? nil : text
    }

    // MARK: Lexical

    /// RFC 5322 §2.2.3: the line ends before continuation lines go, their blanks stay.
    static func unfolded(_ value: Bytes) -> [UInt8] {
        value.filter { $0 != ASCII.cr && $0 != ASCII.lf && $0 != ASCII.nul }
    }

    static func withoutComments(_ value: Bytes) -> [UInt8] {
        var output: [UInt8] = []
        var index = 0
        while index < value.count {
            if value[index] == ASCII.openParen {
                index = CommentScanner.end(of: value, from: index)
                output.append(ASCII.space)
            } else {
                output.append(value[index])
                index += 1
            }
        }
        return output
    }

    private static func text(_ value: Bytes, without isUnwanted: (UInt8) -> Bool) -> String {
        String(decoding: value.filter { !isUnwanted($0) && $0 != ASCII.nul }, as: UTF8.self)
    }
}

enum QuotedScanner {
    /// The index after the quoted string that opens at `start`; of one that never closes, the next index.
    static func end(of bytes: Bytes, from start: Int) -> Int {
        var index = start + 1
        while index < bytes.count {
            if bytes[index] == ASCII.quote { return index + 1 }
            index += bytes[index] == ASCII.backslash ? 2 : 1
        }
        return bytes.count
    }
}
