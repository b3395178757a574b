/// `format=flowed`: RFC 3676.
package enum FlowedText {
    /// Joins flowed lines to paragraphs. Quote marks stay, one `>` a level and a space; the signature line `-- ` stays fixed.
    /// - Parameter deletesSpace: the `DelSp` parameter: the space that marks a flowed line goes when it is joined.
    package static func joined(_ text: String, deletesSpace: Bool = false) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count)
        var openDepth: Int?
        withBytes(of: text) { bytes in
            var start = 0
            while start < bytes.count {
                let end = bytes.index(of: ASCII.lf, in: start..<bytes.count) ?? bytes.count
                append(bytes.slice(start..<end), deletesSpace, &openDepth, &output)
                start = end + 1
            }
            if openDepth != nil { output.append(ASCII.lf) }
            if bytes.last != ASCII.lf, output.last == ASCII.lf { output.removeLast() }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func append(_ line: Bytes, _ deletesSpace: Bool, _ openDepth: inout Int?, _ output: inout [UInt8]) {
        var depth = 0
        while depth < line.count, line[depth] == ASCII.greater { depth += 1 }
        var content = line.slice(depth..<line.count)
        if content.last == ASCII.cr { content = content.slice(0..<content.count - 1) }
        if content.first == ASCII.space { content = content.slice(1..<content.count) }
        let isSignature = content.elementsEqual("-- ".utf8)
        if let open = openDepth, open != depth || isSignature {
            output.append(ASCII.lf)
            openDepth = nil
        }
        if openDepth == nil, depth > 0 {
            output.append(contentsOf: repeatElement(ASCII.greater, count: depth))
            output.append(ASCII.space)
        }
        let isFlowed = content.last == ASCII.space && !isSignature
        if isFlowed, deletesSpace { content = content.slice(0..<content.count - 1) }
        output.append(contentsOf: content)
        if isFlowed {
            openDepth = depth
        } else {
            output.append(ASCII.lf)
            openDepth = nil
        }
    }

    /// Breaks paragraphs into flowed lines of at most `width` characters where words allow it, space-stuffed as RFC 3676 §4.4 asks.
    package static func wrapped(_ text: String, width: Int = 72) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { wrap($0, width) }.joined(separator: "\n")
    }

    private static func wrap(_ paragraph: Substring, _ width: Int) -> String {
        if paragraph == "-- " { return String(paragraph) }
        let quotes = paragraph.prefix { $0 == ">" }
        var content = paragraph.dropFirst(quotes.count)
        if !quotes.isEmpty, content.first == " " { content = content.dropFirst() }
        while content.last == " " { content = content.dropLast() }
        let prefix = quotes.isEmpty ? "" : quotes + " "
        var lines: [String] = []
        var line = ""
        for word in content.split(separator: " ", omittingEmptySubsequences: false) {
            if !line.isEmpty, prefix.count + line.count + 1 + word.count > width {
                lines.append(line + " ")
                line = String(word)
            } else {
                line += line.isEmpty && lines.isEmpty && word.isEmpty ? "" : (line.isEmpty ? "" : " ") + word
            }
        }
        lines.append(line)
        return lines.map { prefix + stuffed($0, isQuoted: !quotes.isEmpty) }.joined(separator: "\n")
    }

    private static func stuffed(_ line: String, isQuoted: Bool) -> String {
        guard !isQuoted, line.hasPrefix(" ") || line.hasPrefix(">") || line.hasPrefix("From ") else { return line }
        return " " + line
    }
}
