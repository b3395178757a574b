/// Finds the header fields and parts of a message: one pass, a stack of open containers instead of recursion.
///
/// Invariant: `position` only grows, and always stands at the start of a line.
struct MessageParser {
    private let input: Bytes
    private let lineEnd: UInt8
    private var position = 0
    private var open: [Container] = []
    private(set) var fields: [HeaderRecord] = []
    private(set) var parts: [PartRecord] = []

    /// A part whose end is not yet found and which may get children.
    private struct Container {
        var part: Int
        /// Empty for an attached message, which ends where its parent's next delimiter is.
        var boundary: Range<Int>
        /// The boundary when it had to be unquoted or joined, and is no range of the input.
        var decodedBoundary: [UInt8]?
        var isClosed = false
    }

    /// What ended a header or a content.
    private enum Stop {
        case blankLine, endOfInput
        /// The delimiter of `open[container]`; `line` is where it starts.
        case delimiter(container: Int, isClosing: Bool, line: Int)
    }

    init(_ input: Bytes) {
        self.input = input
        lineEnd = input.index(of: ASCII.lf, in: 0..<input.count) == nil ? ASCII.cr : ASCII.lf
    }

    mutating func parse(headerOnly: Bool) {
        skipEnvelopeLine()
        addPart(parent: -1)
        while true {
            let part = parts.count - 1
            var stop = parseHeader(of: part)
            if case .blankLine = stop {
                parts[part].body = position..<input.count
                if !headerOnly, enter(part) { continue }
                stop = headerOnly ? .endOfInput : skipContent()
            } else if case .delimiter = stop, parts[part].fields.isEmpty, parts[part].parent >= 0 {
                // Two delimiters in a row: no part between them.
                dropLastPart()
            } else {
                let end = if case .delimiter(_, _, let line) = stop { contentEnd(before: line) } else { input.count }
                parts[part].body = max(end, parts[part].body.lowerBound)..<max(end, parts[part].body.lowerBound)
            }
            guard openNextPart(after: stop) else { break }
        }
        finish()
    }

    // MARK: Containers

    /// Makes `part` a container when its type says so; true when its header leads straight to a child's (an attached message).
    private mutating func enter(_ part: Int) -> Bool {
        guard parts[part].depth < Message.maximumDepth, parts.count < Message.maximumParts else { return false }
        switch parts[part].kind {
        case .leaf:
            return false
        case .multipart:
            guard let container = multipart(part) else { return false }
            open.append(container)
            return false
        case .message:
            open.append(Container(part: part, boundary: 0..<0))
            addPart(parent: part)
            return true
        }
    }

    private func multipart(_ part: Int) -> Container? {
        guard let field = field(parts[part].typeField) else { return nil }
        let value = input.slice(field.value)
        guard let boundary = ParameterizedValue.boundary(in: value), !boundary.isEmpty else { return nil }
        return Container(part: part, boundary: 0..<boundary.count, decodedBoundary: boundary)
    }

    /// Acts on a delimiter: ends what it ends, and opens the next part. False at the end of the input.
    private mutating func openNextPart(after stop: Stop) -> Bool {
        var stop = stop
        while case .delimiter(let container, let isClosing, let line) = stop {
            closeContainers(above: container, at: contentEnd(before: line))
            if !isClosing, parts.count < Message.maximumParts {
                addPart(parent: open[container].part)
                return true
            }
            if isClosing { open[container].isClosed = true }
            stop = skipContent()
        }
        return false
    }

    /// Sets the ends of all that `open[container]`'s delimiter ends: what is open is the last child of what holds it.
    private mutating func closeContainers(above container: Int, at end: Int) {
        for outer in open[container...] {
            guard let last = parts[outer.part].children.last, parts[last].body.upperBound == input.count else { continue }
            let start = parts[last].body.lowerBound
            parts[last].body = start..<max(start, end)
        }
        open.removeSubrange((container + 1)...)
    }

    // MARK: Lines

    /// Goes on to the next delimiter of an open container.
    private mutating func skipContent() -> Stop {
        guard !open.isEmpty, parts.count < Message.maximumParts else {
            position = input.count
            return .endOfInput
        }
        while position < input.count {
            let start = position
            if isDashes(start), let stop = delimiter(at: start) { return stop }
            advanceLine()
        }
        return .endOfInput
    }

    private func isDashes(_ at: Int) -> Bool {
        at + 2 < input.count && input[at] == ASCII.hyphen && input[at + 1] == ASCII.hyphen
    }

    /// Moves to the start of the next line; returns where this one's content ends.
    @discardableResult
    private mutating func advanceLine() -> Int {
        guard let end = input.index(of: lineEnd, in: position..<input.count) else {
            position = input.count
            return input.count
        }
        let start = position
        position = end + 1
        return end > start && input[end - 1] == ASCII.cr && lineEnd == ASCII.lf ? end - 1 : end
    }

    /// The innermost open container whose delimiter the line at `start` is; when found, `position` is after the line.
    private mutating func delimiter(at start: Int) -> Stop? {
        let lineStop = input.index(of: lineEnd, in: start..<input.count) ?? input.count
        var end = lineStop
        while end > start + 2, input[end - 1].isFoldingSpace { end -= 1 }
        let text = input.slice((start + 2)..<end)
        for index in open.indices.reversed() where !open[index].isClosed {
            guard let boundary = open[index].decodedBoundary else { continue }
            let isExact = text.count == boundary.count
            guard isExact || text.count == boundary.count + 2, text.starts(with: boundary) else { continue }
            let isClosing = !isExact && text[boundary.count] == ASCII.hyphen && text[boundary.count + 1] == ASCII.hyphen
            guard isExact || isClosing else { continue }
            position = min(lineStop + 1, input.count)
            return .delimiter(container: index, isClosing: isClosing, line: start)
        }
        return nil
    }

    /// Where the content before the delimiter line at `line` ends: RFC 2046 §5.1.1 counts the line end to the delimiter.
    private func contentEnd(before line: Int) -> Int {
        guard line > 0, input[line - 1] == lineEnd else { return line }
        return lineEnd == ASCII.lf && line > 1 && input[line - 2] == ASCII.cr ? line - 2 : line - 1
    }

    private mutating func skipEnvelopeLine() {
        if isEnvelopeLine(input) { advanceLine() }
    }

    private func isEnvelopeLine(_ text: Bytes) -> Bool {
        text.starts(with: "From ".utf8) || text.starts(with: ">From ".utf8)
    }

    // MARK: Header

    private mutating func parseHeader(of part: Int) -> Stop {
        defer { classify(part) }
        while position < input.count {
            let start = position
            if isDashes(start), !open.isEmpty, let stop = delimiter(at: start) { return stop }
            let end = advanceLine()
            if end == start { return .blankLine }
            if input[start].isBlank {
                extendField(of: part, to: end)
            } else if let colon = fieldColon(start..<end) {
                addField(part, name: start..<colon.nameEnd, value: (colon.at + 1)..<end)
            } else if isUnfoldedParameter(start..<end, part) {
                extendField(of: part, to: end)
            } else if !isIgnorable(start..<end, part) {
                // No header line: the separating blank line is missing, and the content begins here.
                position = start
                return .blankLine
            }
        }
        parts[part].body = input.count..<input.count
        return .endOfInput
    }

    private func fieldColon(_ line: Range<Int>) -> (nameEnd: Int, at: Int)? {
        var index = line.lowerBound
        while index < line.upperBound, input[index] > 0x20, input[index] < 0x7F, input[index] != ASCII.colon { index += 1 }
        let nameEnd = index
        while index < line.upperBound, input[index].isBlank { index += 1 }
        guard nameEnd > line.lowerBound, index < line.upperBound, input[index] == ASCII.colon else { return nil }
        return (nameEnd, index)
    }

    /// Whether the line is an mbox separator that a careless program left within the header, or a field without a name.
    private func isIgnorable(_ line: Range<Int>, _ part: Int) -> Bool {
        if input[line.lowerBound] == ASCII.colon { return true }
        return parts[part].fields.isEmpty && isEnvelopeLine(input.slice(line))
    }

    /// Whether the line is `name=…` or the like after a field that ends in a semicolon: a fold that lost its blank. (A boundary found so
    /// would be one that no other parser finds.)
    private func isUnfoldedParameter(_ line: Range<Int>, _ part: Int) -> Bool {
        guard !parts[part].fields.isEmpty, let last = fields.last, !last.value.isEmpty,
            input[last.value.upperBound - 1] == ASCII.semicolon
        else { return false }
        let text = input.slice(line)
        return text.hasPrefixIgnoringCase("name=") || text.hasPrefixIgnoringCase("filename=") || text.hasPrefixIgnoringCase("charset=")
    }

    private mutating func extendField(of part: Int, to end: Int) {
        guard !parts[part].fields.isEmpty else { return }
        fields[fields.count - 1].value = fields[fields.count - 1].value.lowerBound..<end
    }

    private mutating func addField(_ part: Int, name: Range<Int>, value: Range<Int>) {
        let index = fields.count
        fields.append(HeaderRecord(name: name, value: value))
        parts[part].fields = parts[part].fields.lowerBound..<fields.count
        guard name.count >= 12, input[name.lowerBound] | 0x20 == 0x63 else { return }
        let text = input.slice(name)
        switch name.count {
        case 12 where parts[part].typeField < 0 && text.equalsIgnoringCase("Content-Type"):
            parts[part].typeField = index
        case 19 where parts[part].dispositionField < 0 && text.equalsIgnoringCase("Content-Disposition"):
            parts[part].dispositionField = index
        case 25 where parts[part].encodingField < 0 && text.equalsIgnoringCase("Content-Transfer-Encoding"):
            parts[part].encodingField = index
        default: break
        }
    }

    // MARK: Parts

    private mutating func addPart(parent: Int) {
        let isDigest = parent >= 0 && parts[parent].type == "multipart/digest"
        parts.append(
            PartRecord(
                parent: parent, depth: parent < 0 ? 0 : parts[parent].depth + 1, fields: fields.count..<fields.count,
                body: position..<input.count, type: isDigest ? "message/rfc822" : "text/plain"))
        if parent >= 0 { parts[parent].children.append(parts.count - 1) }
    }

    private mutating func dropLastPart() {
        let part = parts.removeLast()
        parts[part.parent].children.removeLast()
    }

    private func field(_ index: Int) -> HeaderRecord? { index < 0 ? nil : fields[index] }

    /// Reads the type from the header that is complete now.
    private mutating func classify(_ part: Int) {
        if let field = field(parts[part].typeField) {
            if let type = ParameterizedValue.mediaType(in: input.slice(field.value)) { parts[part].type = type }
        }
        if parts[part].type.hasPrefix("multipart/") {
            parts[part].kind = .multipart
        } else if parts[part].type == "message/rfc822" || parts[part].type == "message/global"
            || parts[part].type == "message/news"
        {
            let encoding = field(parts[part].encodingField).map { ContentEncoding(parsing: input.slice($0.value)) }
            if encoding?.isIdentity ?? true { parts[part].kind = .message }
        }
    }

    /// Names the parts as IMAP does (RFC 3501 §6.4.5), and gives a multipart without parts one that holds its text.
    private mutating func finish() {
        for index in parts.indices where parts[index].kind == .multipart && parts[index].children.isEmpty {
            guard parts.count < Message.maximumParts + 64, !parts[index].body.isEmpty else { continue }
            parts.append(
                PartRecord(
                    parent: index, depth: parts[index].depth + 1, fields: 0..<0, body: parts[index].body,
                    type: "text/plain", isImplied: true))
            parts[index].children.append(parts.count - 1)
        }
        name(0, "")
    }

    private mutating func name(_ root: Int, _ prefix: String) {
        var pending = [(root, prefix)]
        while let (index, prefix) = pending.popLast() {
            let own = prefix.isEmpty ? "1" : prefix
            switch parts[index].kind {
            case .leaf:
                parts[index].section = own
            case .multipart:
                for (number, child) in parts[index].children.enumerated() {
                    pending.append((child, prefix.isEmpty ? "\(number + 1)" : "\(prefix).\(number + 1)"))
                }
            case .message:
                parts[index].section = own
                for child in parts[index].children {
                    // A multipart in an attached message numbers its children directly below the message's own number.
                    let isMultipart = parts[child].kind == .multipart
                    pending.append((child, isMultipart ? own : "\(own).1"))
                }
            }
        }
    }
}
