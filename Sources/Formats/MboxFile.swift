/// A mailbox in mbox form: RFC 4155 and its relatives.
package enum MboxFile {
    /// Where the messages lie, without their `From ` lines and the blank line before the next.
    ///
    /// A line is a separator if it begins with `From ` and has a time of day in it, and the line before is blank (or there is
    /// none). So text that someone forgot to quote is no separator.
    package static func messages(in bytes: [UInt8]) -> [Range<Int>] {
        bytes.withUnsafeBufferPointer { split($0) }
    }

    private static func split(_ bytes: Bytes) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start: Int?
        var line = 0
        while line < bytes.count {
            let next = bytes.index(of: ASCII.lf, in: line..<bytes.count).map { $0 + 1 } ?? bytes.count
            if isSeparator(bytes.slice(line..<next)), line == 0 || isBlankLine(bytes, endingAt: line) {
                if let start { ranges.append(start..<max(start, withoutBlankLine(bytes, line))) }
                start = next
            }
            line = next
        }
        if let start { ranges.append(start..<bytes.count) }
        return ranges
    }

    private static func isSeparator(_ line: Bytes) -> Bool {
        guard line.starts(with: "From ".utf8) else { return false }
        for index in line.indices.dropLast(2) where line[index] == ASCII.colon {
            if line[index - 1].isASCIIDigit, line[index + 1].isASCIIDigit, line[index + 2].isASCIIDigit { return true }
        }
        return false
    }

    private static func isBlankLine(_ bytes: Bytes, endingAt end: Int) -> Bool {
        withoutBlankLine(bytes, end) != end
    }

    /// `end` before the blank line that ends there.
    private static func withoutBlankLine(_ bytes: Bytes, _ end: Int) -> Int {
        guard end > 1, bytes[end - 1] == ASCII.lf else { return end }
        var index = end - 1
        if bytes[index - 1] == ASCII.cr { index -= 1 }
        return index == 0 || bytes[index - 1] == ASCII.lf ? index : end
    }
}
