internal import Directory
internal import Disk

/// The header fields in which we tell what antispam found, and the removal of such that a message brought along.
enum SpamFields {
    /// Symbols that are told; those that weigh most.
    private static let maximumSymbols = 60

    /// What we write begins so, and nothing from outside may.
    private static let foreignPrefixes = ["x-spam", "x-rspamd-"].map { Array($0.utf8) }

    // MARK: Writing

    /// The fields for one verdict, folded.
    ///
    /// - Parameter whose: whose thresholds they are
    static func fields(_ verdict: SpamVerdict, whose: String) -> [UInt8] {
        var text = verdict.action == .junk ? "X-Spam: Yes\r\n" : ""
        text += "X-Spam-Score: \(score(verdict.rating))\r\n"
        let thresholds = verdict.policy.thresholds
        text += "X-Spam-Thresholds: defer=\(number(thresholds.deferAt)) junk=\(number(thresholds.junkAt))"
        text += " reject=\(number(thresholds.rejectAt))\r\n\t(\(whose))\r\n"
        if case .scored(let score) = verdict.rating { text += symbols(score.symbols) }
        return Array(text.utf8)
    }

    private static func score(_ rating: SpamRating) -> String {
        switch rating {
        case .scored(let score): number(score.value)
        case .allowed: "unscored (the sender is allowed)"
        case .unavailable: "unscored (rspamd did not answer)"
        }
    }

    private static func symbols(_ symbols: [SpamScore.Symbol]) -> String {
        guard !symbols.isEmpty else { return "X-Spam-Symbols: none\r\n" }
        var text = "X-Spam-Symbols:"
        var column = text.count
        let told = symbols.prefix(maximumSymbols)
        for (index, symbol) in told.enumerated() {
            let word = "\(symbol.name)(\(number(symbol.score)))" + (index == told.count - 1 ? "" : ",")
            if column + 1 + word.count > 78 {
                text += "\r\n\t"
                column = 8
            } else {
                text += " "
                column += 1
            }
            text += word
            column += word.count
        }
        if symbols.count > told.count { text += "\r\n\t(and \(symbols.count - told.count) more)" }
        return text + "\r\n"
    }

    /// At most two decimals, and none where they are zero.
    static func number(_ value: Double) -> String {
        let hundredths = Int((min(max(value, -1_000_000), 1_000_000) * 100).rounded())
        let (whole, rest) = abs(hundredths).quotientAndRemainder(dividingBy: 100)
        let sign = hundredths < 0 ? "-" : ""
        guard rest != 0 else { return "\(sign)\(whole)" }
        let decimals = rest % 10 == 0 ? "\(rest / 10)" : rest < 10 ? "0\(rest)" : "\(rest)"
        return "\(sign)\(whole).\(decimals)"
    }

    // MARK: Removing

    /// The ranges of look-alikes in the beginning of a message: whole fields with their continuation lines.
    ///
    /// It goes by lines up to the first empty one, and so finds them also behind a line that is no field, where some readers end
    /// the header and others read on.
    static func lookAlikes(in beginning: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        var isWithin = false
        while start < beginning.count {
            let end = beginning[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? beginning.count
            let line = beginning[start..<end]
            if line.first == 0x0A || line.starts(with: [0x0D, 0x0A]) { break }
            let isContinuation = line.first == 0x20 || line.first == 0x09
            isWithin = isContinuation ? isWithin : isLookAlike(line)
            if isWithin {
                if let last = ranges.last, last.upperBound == start {
                    ranges[ranges.count - 1] = last.lowerBound..<end
                } else {
                    ranges.append(start..<end)
                }
            }
            start = end
        }
        return ranges
    }

    /// Whether an empty line is among these octets.
    static func headerEnds(in beginning: [UInt8]) -> Bool {
        var start = 0
        while let end = beginning[start...].firstIndex(of: 0x0A) {
            if end == start || end == start + 1 && beginning[start] == 0x0D { return true }
            start = end + 1
        }
        return false
    }

    private static func isLookAlike(_ line: ArraySlice<UInt8>) -> Bool {
        guard let colon = line.prefix(200).firstIndex(of: 0x3A) else { return false }
        let name = line[..<colon].map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
        return foreignPrefixes.contains { name.starts(with: $0) }
    }

    /// The content without these ranges, which lie in `beginning`. What is too big for memory is copied through `folder`.
    static func removing(
        _ ranges: [Range<Int>], from content: StagedContent, beginning: [UInt8], folder: String
    ) async throws -> StagedContent {
        guard !ranges.isEmpty else { return content }
        var kept: [UInt8] = []
        kept.reserveCapacity(beginning.count)
        var start = 0
        for range in ranges {
            kept += beginning[start..<range.lowerBound]
            start = range.upperBound
        }
        kept += beginning[start...]
        switch content {
        case .bytes(let bytes): return .bytes(kept + bytes[beginning.count...])
        case .file(let file, let size):
            let copy = try SpoolFile(in: folder)
            try await copy.append(kept)
            let source = try OpenFile(path: file.path)
            var offset = beginning.count
            while offset < size {
                let from = offset
                let piece = try await DiskExecutor.offload { () throws(StoreError) -> [UInt8] in
                    try source.read(at: from, count: 1 << 20)
                }
                guard !piece.isEmpty else { throw StoreError.unavailable(reason: "the spool file became shorter") }
                try await copy.append(piece)
                offset += piece.count
            }
            return .file(copy, size: size - beginning.count + kept.count)
        }
    }
}
