/// The fragment of text that a list shows: RFC 8621 §4.1.4.
struct Preview {
    private static let maximumCharacters = 256
    /// How much of a body is looked at.
    private static let maximumBytes = 16_384

    private var output = String.UnicodeScalarView()
    private var count = 0
    private var isPendingBlank = false

    /// The first words, blanks collapsed; quoted lines, rules and the signature are skipped.
    static func text(of body: String) -> String {
        withBytes(of: body) { bytes in
            let bytes = bytes.slice(0..<min(bytes.count, maximumBytes))
            var preview = Preview()
            preview.collect(bytes, skipsQuotes: true)
            if preview.count == 0 { preview.collect(bytes, skipsQuotes: false) }
            return String(preview.output)
        }
    }

    private mutating func collect(_ body: Bytes, skipsQuotes: Bool) {
        var start = 0
        while start < body.count, count < Self.maximumCharacters {
            let end = body.index(of: ASCII.lf, in: start..<body.count) ?? body.count
            let line = body.slice(start..<end)
            start = end + 1
            if skipsQuotes {
                if line.elementsEqual("-- ".utf8) || line.elementsEqual("--".utf8) { return }
                if line.first == ASCII.greater || Self.isRule(line) { continue }
            }
            isPendingBlank = count > 0
            append(line)
        }
    }

    private mutating func append(_ line: Bytes) {
        for scalar in line.utf8String.unicodeScalars {
            if Self.isBlank(scalar) {
                isPendingBlank = count > 0
                continue
            }
            if Self.isInvisible(scalar) { continue }
            guard count + (isPendingBlank ? 2 : 1) <= Self.maximumCharacters else {
                count = Self.maximumCharacters
                return
            }
            if isPendingBlank {
                output.append(" ")
                count += 1
                isPendingBlank = false
            }
            output.append(scalar)
            count += 1
        }
    }

    /// A line of nothing but marks, as between sections.
    private static func isRule(_ line: Bytes) -> Bool {
        line.count >= 3
            && line.allSatisfy { byte in
                switch byte {
                case ASCII.hyphen, ASCII.equals, ASCII.underscore, ASCII.asterisk, 0x7E, 0x23, ASCII.space, ASCII.plus: true
                default: false
                }
            }
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x80 ? scalar.value <= 0x20 : scalar.properties.isWhitespace
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x7F, 0xAD, 0x34F, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2064, 0xFEFF: true
        default: false
        }
    }
}
