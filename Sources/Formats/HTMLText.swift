/// The text of an HTML document, for previews and search: not for display.
package enum HTMLText {
    /// The words that a reader would see: tags away, character references decoded, blocks on lines of their own, blanks collapsed.
    /// Scripts, styles, the head and hidden elements do not count. Tolerates anything; linear time.
    /// - Parameter limit: stop after so many bytes of text; nil for all.
    package static func plainText(of html: String, limit: Int? = nil) -> String {
        withBytes(of: html) { bytes in
            var scanner = HTMLScanner(bytes, limit: limit ?? .max)
            return scanner.scan()
        }
    }

    /// The charset that a `meta` element within the first kilobyte names: `charset=…`.
    static func declaredCharset(in bytes: Bytes) -> String? {
        let head = bytes.slice(0..<min(bytes.count, 1024))
        let mark: StaticString = "charset="
        var at = 0
        while let found = head.index(of: ASCII.equals, in: at..<head.count) {
            at = found + 1
            guard found >= 7, head.slice(found - 7..<at).equalsIgnoringCase(mark) else { continue }
            let rest = head[at...].drop { $0 == ASCII.quote || $0 == ASCII.apostrophe || $0.isBlank }
            let name = rest.prefix { $0.isASCIILetter || $0.isASCIIDigit || $0 == ASCII.hyphen || $0 == ASCII.underscore }
            if !name.isEmpty { return String(decoding: name, as: UTF8.self) }
        }
        return nil
    }
}

/// One pass over the markup, a table of tags that matter.
private struct HTMLScanner {
    private let bytes: Bytes
    private let limit: Int
    private var index = 0
    private var output: [UInt8] = []
    /// A blank or line that is written before the next visible byte.
    private var pending: UInt8?
    private var isPreformatted = 0

    init(_ bytes: Bytes, limit: Int) {
        self.bytes = bytes
        self.limit = limit
        output.reserveCapacity(min(bytes.count / 2, limit) + 64)
    }

    mutating func scan() -> String {
        while index < bytes.count, output.count < limit {
            switch bytes[index] {
            case ASCII.less: skipMarkup()
            case 0x26: takeReference()
            case let byte where byte.isFoldingSpace || byte == 0x0C:
                if isPreformatted > 0, byte == ASCII.lf { breakLine() } else { separate() }
                index += 1
            default: takeText()
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    // MARK: Output

    private mutating func separate() {
        if pending == nil, !output.isEmpty { pending = ASCII.space }
    }

    private mutating func breakLine() {
        if !output.isEmpty { pending = ASCII.lf }
    }

    private mutating func flush() {
        if let pending { output.append(pending) }
        pending = nil
    }

    private mutating func takeText() {
        let start = index
        while index < bytes.count, bytes[index] != ASCII.less, bytes[index] != 0x26, !bytes[index].isFoldingSpace,
            bytes[index] != 0x0C
        {
            index += 1
        }
        flush()
        output.append(contentsOf: bytes[start..<index])
    }

    private mutating func takeReference() {
        guard let (scalar, end) = HTMLReferences.decode(bytes, at: index) else {
            flush()
            output.append(bytes[index])
            index += 1
            return
        }
        index = end
        switch scalar.value {
        case 0x20, 0x09, 0x0A, 0x0D, 0xA0: separate()
        case 0xAD, 0x200B...0x200F, 0x034F, 0x2060...0x2064, 0xFEFF: break  // invisible: newsletters pad previews with them
        default:
            flush()
            output.append(contentsOf: Array(String(scalar).utf8))
        }
    }

    // MARK: Markup

    private mutating func skipMarkup() {
        let next = index + 1 < bytes.count ? bytes[index + 1] : 0
        switch next {
        case 0x21:  // <!
            skipDeclaration()
        case ASCII.question:
            index = bytes.index(of: ASCII.greater, in: index..<bytes.count).map { $0 + 1 } ?? bytes.count
        case ASCII.slash:
            let name = tagName(at: index + 2)
            skipTag()
            endElement(name)
        case _ where next.isASCIILetter:
            let start = index
            let name = tagName(at: index + 1)
            skipTag()
            beginElement(name, tag: start..<index)
        default:
            flush()
            output.append(ASCII.less)
            index += 1
        }
    }

    private mutating func skipDeclaration() {
        if index + 3 < bytes.count, bytes[index + 2] == ASCII.hyphen, bytes[index + 3] == ASCII.hyphen {
            index = end(of: "-->", from: index + 4) ?? bytes.count
        } else {
            index = bytes.index(of: ASCII.greater, in: index..<bytes.count).map { $0 + 1 } ?? bytes.count
        }
    }

    private func end(of mark: StaticString, from start: Int) -> Int? {
        let length = mark.utf8CodeUnitCount
        var at = start
        while let found = bytes.index(of: ASCII.hyphen, in: min(at, bytes.count)..<bytes.count) {
            if found + length <= bytes.count, bytes.slice(found..<found + length).equalsIgnoringCase(mark) { return found + length }
            at = found + 1
        }
        return nil
    }

    private func tagName(at start: Int) -> Bytes {
        var end = start
        while end < bytes.count, bytes[end].isASCIILetter || bytes[end].isASCIIDigit { end += 1 }
        return bytes.slice(min(start, bytes.count)..<end)
    }

    /// Moves past the `>` of a tag; quoted attribute values may hold one.
    private mutating func skipTag() {
        var quote: UInt8 = 0
        var isValueStart = false
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if quote != 0 {
                if byte == quote { quote = 0 }
            } else if byte == ASCII.greater {
                return
            } else if isValueStart, byte == ASCII.quote || byte == ASCII.apostrophe {
                quote = byte
            }
            isValueStart = byte == ASCII.equals || isValueStart && byte.isFoldingSpace
        }
    }

    private mutating func beginElement(_ name: Bytes, tag: Range<Int>) {
        switch HTMLElement(name) {
        case .invisible: skipElement(name)
        case .block: breakLine()
        case .cell: separate()
        case .preformatted:
            breakLine()
            isPreformatted += 1
        case .inline: break
        }
    }

    private mutating func endElement(_ name: Bytes) {
        switch HTMLElement(name) {
        case .block: breakLine()
        case .cell: separate()
        case .preformatted:
            breakLine()
            isPreformatted = max(0, isPreformatted - 1)
        case .invisible, .inline: break
        }
    }

    /// Moves to the end tag of an element whose content is no text for readers; without one, stays: the text is not lost.
    private mutating func skipElement(_ name: Bytes) {
        var at = index
        while let found = bytes.index(of: ASCII.less, in: at..<bytes.count) {
            let end = found + 2 + name.count
            if end <= bytes.count, bytes[found + 1] == ASCII.slash,
                zip(bytes[(found + 2)..<end], name).allSatisfy({ $0.asciiLowercased == $1.asciiLowercased })
            {
                index = found
                return
            }
            at = found + 1
        }
        index = bytes.count
    }
}

/// What an element means to the flow of text.
private enum HTMLElement {
    case inline, block, cell, preformatted, invisible

    init(_ name: Bytes) {
        self = Self.table[name.lowercasedString] ?? .inline
    }

    private static let table: [String: HTMLElement] = {
        var table: [String: HTMLElement] = ["pre": .preformatted, "td": .cell, "th": .cell, "option": .cell, "img": .cell]
        for name in [
            "p", "div", "br", "hr", "li", "ul", "ol", "dl", "dt", "dd", "tr", "table", "tbody", "thead", "tfoot", "h1", "h2", "h3",
            "h4", "h5", "h6", "blockquote", "section", "article", "header", "footer", "nav", "aside", "main", "figure", "figcaption",
            "address", "form", "fieldset", "center", "body", "html", "caption", "details", "summary",
        ] { table[name] = .block }
        for name in ["script", "style", "head", "title", "template", "noscript", "object", "svg", "math", "iframe", "textarea"] {
            table[name] = .invisible
        }
        return table
    }()
}
