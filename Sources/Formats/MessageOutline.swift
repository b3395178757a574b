/// The structure of a large message, found from its bytes a piece at a time, without keeping what lies within long attachments.
///
/// After many lines of nothing but base64 the parser is within a leaf, and there only a line that begins with a hyphen can change its
/// mind: all between is left out, and the places behind it are put right afterwards.
package struct MessageOutline {
    private var kept: [UInt8] = []
    private var gaps: [(at: Int, count: Int)] = []
    /// The line that has not ended yet.
    private var partial: [UInt8] = []
    /// Lines of base64 in a row.
    private var run = 0
    /// While lines are left out: how many octets so far, and the last line, which may be the last of the part.
    private var skipped = 0
    private var held: [UInt8] = []

    private static let sureRun = 64

    package init() {}

    /// Takes the next bytes of the message.
    package mutating func add(_ piece: [UInt8]) {
        piece.withUnsafeBufferPointer { bytes in
            var start = 0
            while let lineFeed = bytes.index(of: ASCII.lf, in: start..<bytes.count) {
                if partial.isEmpty {
                    take(bytes.slice(start..<(lineFeed + 1)))
                } else {
                    partial += bytes[start...lineFeed]
                    let line = partial
                    partial = []
                    line.withUnsafeBufferPointer { take($0) }
                }
                start = lineFeed + 1
            }
            partial += bytes[start...]
        }
    }

    /// The message without the gaps, and what tells where its parts lie in the whole. Call it once, at the end.
    package mutating func finish() -> (message: Message, places: Places) {
        endGap()
        kept += partial
        return (Message(parsing: kept), Places(gaps: gaps))
    }

    /// Where things lie in the whole message.
    package struct Places: Sendable {
        fileprivate let gaps: [(at: Int, count: Int)]

        /// A part's `bodyRange` as it is in the whole message.
        package func whole(_ range: Range<Int>) -> Range<Int> { whole(range.lowerBound)..<whole(range.upperBound) }

        // Nothing begins right behind a gap, but a part may end there.
        private func whole(_ place: Int) -> Int { place + gaps.reduce(0) { $0 + ($1.at <= place ? $1.count : 0) } }
    }

    private mutating func take(_ line: Bytes) {
        if run < Self.sureRun {
            kept += line
            run = Self.isBase64(line) ? run + 1 : 0
        } else if line[0] == ASCII.hyphen {
            endGap()
            run = 0
            kept += line
        } else {
            skipped += held.count
            held.replaceSubrange(0..<held.count, with: line)
        }
    }

    private mutating func endGap() {
        if skipped > 0 { gaps.append((kept.count, skipped)) }
        kept += held
        skipped = 0
        held = []
    }

    private static func isBase64(_ line: Bytes) -> Bool {
        let end = line.trimmedEnd(0..<(line.count - 1)).upperBound
        return end >= 16 && line.slice(0..<end).allSatisfy {
            $0.isASCIILetter || $0.isASCIIDigit || $0 == ASCII.plus || $0 == ASCII.slash
        }
    }
}
