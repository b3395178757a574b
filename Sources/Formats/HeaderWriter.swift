/// Writes header fields, folded: RFC 5322 §2.2.3, lines of at most 78 characters where words allow it, 998 in any case.
struct HeaderWriter {
    private(set) var output: [UInt8] = []
    private var column = 0

    private static let preferredWidth = 78
    /// A word longer than this cannot be written as it is.
    static let maximumWord = 900

    /// Writes `name: value`. Nothing is written for a list without items.
    mutating func write(_ header: MessageBuilder.Header) throws(ParseError) {
        switch header.value {
        case .raw(let value): try writeRaw(header.name, value)
        case .text(let text): try writeText(header.name, text)
        case .addresses(let addresses): try writeGroups(header.name, [EmailAddressGroup(addresses: addresses)])
        case .groupedAddresses(let groups): try writeGroups(header.name, groups)
        case .messageIds(let ids): try writeWords(header.name, ids.map(Self.bracketed), separator: "")
        case .date(let date): try writeWords(header.name, [date.description], separator: "")
        case .urls(let urls): try writeWords(header.name, urls.map(Self.bracketedURL), separator: ",")
        }
    }

    /// Writes `name: value; parameter; parameter`.
    mutating func write(_ name: String, _ value: String, parameters: [String]) throws(ParseError) {
        try begin(name)
        put(value, after: " ")
        for parameter in parameters {
            output.append(ASCII.semicolon)
            column += 1
            put(parameter, after: " ")
        }
        end()
    }

    // MARK: Forms

    private mutating func writeRaw(_ name: String, _ value: String) throws(ParseError) {
        guard Self.isWritable(value) else {
            try writeText(name, value)
            return
        }
        try begin(name)
        output.append(contentsOf: Array(value.utf8))
        end()
    }

    /// Whether a raw value is ASCII, breaks lines only to fold, and has no overlong line.
    private static func isWritable(_ value: String) -> Bool {
        var lines = value.utf8.split(separator: ASCII.lf, omittingEmptySubsequences: false)
        let last = lines.removeLast()
        guard lines.allSatisfy({ $0.last == ASCII.cr }) else { return false }
        var contents = lines.map { $0.dropLast() }
        contents.append(last)
        return contents.enumerated().allSatisfy { index, line in
            (index == 0 || line.first?.isBlank == true && line.contains { !$0.isBlank })
                && line.count <= maximumWord && line.allSatisfy { $0 >= 0x20 && $0 < 0x7F || $0 == ASCII.tab }
        }
    }

    private mutating func writeText(_ name: String, _ text: String) throws(ParseError) {
        try begin(name)
        for piece in HeaderText.pieces(of: text) { put(piece) }
        end()
    }

    private mutating func writeWords(_ name: String, _ words: [String], separator: String) throws(ParseError) {
        let words = words.filter { !$0.isEmpty }
        guard !words.isEmpty else { return }
        guard words.allSatisfy({ $0.utf8.count <= Self.maximumWord }) else { throw ParseError("\(name): too long") }
        try begin(name)
        for (index, word) in words.enumerated() {
            put(index == words.count - 1 ? word : word + separator, after: " ")
        }
        end()
    }

    private mutating func writeGroups(_ name: String, _ groups: [EmailAddressGroup]) throws(ParseError) {
        var items: [[HeaderText.Piece]] = []
        for group in groups {
            let addresses = try group.addresses.map { (address) throws(ParseError) in try AddressText.pieces(of: address) }
            guard let groupName = group.name else {
                items += addresses.filter { !$0.isEmpty }
                continue
            }
            items.append(AddressText.group(groupName, addresses.filter { !$0.isEmpty }))
        }
        guard !items.isEmpty else { return }
        try begin(name)
        for (index, var item) in items.enumerated() {
            if index < items.count - 1 { item[item.count - 1].text += "," }
            for piece in item { put(piece) }
        }
        end()
    }

    private static func bracketed(_ id: String) -> String {
        let id = String(String.UnicodeScalarView(id.unicodeScalars.filter { $0.value > 0x20 && $0 != "<" && $0 != ">" && $0.value != 0x7F }))
        return id.isEmpty ? "" : "<\(id)>"
    }

    private static func bracketedURL(_ url: String) -> String {
        var text = "<"
        for byte in url.utf8 {
            if byte > 0x20, byte < 0x7F, byte != ASCII.less, byte != ASCII.greater {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + hex(byte)
            }
        }
        return text.utf8.count == 1 ? "" : text + ">"
    }

    static func hex(_ byte: UInt8) -> String {
        String(decoding: [QuotedPrintable.hexDigit(byte >> 4), QuotedPrintable.hexDigit(byte & 15)], as: UTF8.self)
    }

    // MARK: Lines

    private mutating func begin(_ name: String) throws(ParseError) {
        guard !name.isEmpty, name.utf8.count <= 90, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != ASCII.colon }) else {
            throw ParseError("no name of a header field: \(name.prefix(40))")
        }
        output.append(contentsOf: Array(name.utf8))
        output.append(ASCII.colon)
        column = name.utf8.count + 1
    }

    private mutating func end() {
        output.append(ASCII.cr)
        output.append(ASCII.lf)
        column = 0
    }

    private mutating func put(_ piece: HeaderText.Piece) {
        put(piece.text, after: piece.blank)
    }

    /// Writes a word after the blank that precedes it, on a new line if it does not fit on this one.
    private mutating func put(_ word: String, after blank: String) {
        let width = word.utf8.count
        let isFirst = output.last == ASCII.colon && column < 40
        if !blank.isEmpty, column + blank.utf8.count + width > Self.preferredWidth, !isFirst || width > Self.maximumWord {
            output.append(ASCII.cr)
            output.append(ASCII.lf)
            column = 0
        }
        output.append(contentsOf: Array(blank.utf8))
        output.append(contentsOf: Array(word.utf8))
        column += blank.utf8.count + width
    }
}
