/// An enhanced mail system status code: class, subject, detail. RFC 3463.
package struct EnhancedStatus: Hashable, Sendable, CustomStringConvertible {
    package let category: Int
    package let subject: Int
    package let detail: Int

    package init(_ category: Int, _ subject: Int, _ detail: Int) {
        self.category = category
        self.subject = subject
        self.detail = detail
    }

    /// Reads `5.1.1`; nil for anything else.
    package init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let category = Int(parts[0]), let subject = Int(parts[1]), let detail = Int(parts[2]),
            [2, 4, 5].contains(category), 0...999 ~= subject, 0...999 ~= detail
        else { return nil }
        self.init(category, subject, detail)
    }

    package var description: String { "\(category).\(subject).\(detail)" }
}

/// One answer of an SMTP or LMTP server: a code, perhaps an enhanced status, and one or more lines. RFC 5321 §4.2.
package struct Reply: Hashable, Sendable {
    package let code: Int
    package let status: EnhancedStatus?
    /// At least one; printable, without line ends.
    package let lines: [String]

    package init(_ code: Int, _ status: EnhancedStatus? = nil, lines: [String]) {
        self.code = code
        self.status = status
        self.lines = lines.isEmpty ? [""] : lines.map(Self.printable)
    }

    package init(_ code: Int, _ category: Int, _ subject: Int, _ detail: Int, _ text: String) {
        self.init(code, EnhancedStatus(category, subject, detail), lines: [text])
    }

    package init(_ code: Int, _ text: String) { self.init(code, nil, lines: [text]) }

    package var isPositive: Bool { code < 400 }
    package var isTransient: Bool { 400..<500 ~= code }
    package var isPermanent: Bool { code >= 500 }

    /// The reply as one line for logs and status displays: `550 5.1.1 No such user`.
    package var text: String {
        let words = lines.joined(separator: " ")
        guard let status else { return "\(code) \(words)" }
        return "\(code) \(status) \(words)"
    }

    /// Appends the reply as it goes over the wire, each line with its CRLF.
    package func serialize(into bytes: inout [UInt8]) {
        for (index, line) in lines.enumerated() {
            bytes += "\(code)\(index == lines.count - 1 ? " " : "-")".utf8
            if let status { bytes += "\(status) ".utf8 }
            bytes += line.utf8
            bytes += [0x0D, 0x0A]
        }
    }

    package var serialized: [UInt8] {
        var bytes: [UInt8] = []
        serialize(into: &bytes)
        return bytes
    }

    // A peer's words may be quoted in a reply: they must not end its line. RFC 5321 §4.5.3.1.5: 512 octets a line.
    private static func printable(_ line: String) -> String {
        var out: [UInt8] = []
        for byte in line.utf8.prefix(480) { out.append(byte < 0x20 || byte == 0x7F ? 0x3F : byte) }
        return String(decoding: out, as: UTF8.self)
    }
}

/// Collects the lines of a server's reply. RFC 5321 §4.2.1.
package struct ReplyReader: Sendable {
    package enum Failure: Error, Hashable { case malformed, tooLong }

    private static let maximumLines = 128
    private var code = 0
    private var status: EnhancedStatus?
    private var lines: [String] = []

    package init() {}

    /// Takes one line without its line end. Returns the reply when this was its last line.
    package mutating func receive(_ line: [UInt8]) throws(Failure) -> Reply? {
        guard line.count >= 3, let code = Self.code(line), lines.isEmpty || code == self.code else { throw .malformed }
        guard lines.count < Self.maximumLines else { throw .tooLong }
        guard line.count == 3 || line[3] == 0x20 || line[3] == 0x2D else { throw .malformed }
        var text = Substring(String(decoding: line.dropFirst(4), as: UTF8.self))
        let word = text.prefix { $0 != " " }
        if let status = EnhancedStatus(parsing: word), status.category == code / 100 {
            self.status = status
            text = text.dropFirst(word.count).drop { $0 == " " }
        }
        self.code = code
        lines.append(String(text))
        if line.count > 3, line[3] == 0x2D { return nil }
        defer { self = ReplyReader() }
        return Reply(code, status, lines: lines)
    }

    private static func code(_ line: [UInt8]) -> Int? {
        var code = 0
        for byte in line.prefix(3) {
            guard 0x30...0x39 ~= byte else { return nil }
            code = code * 10 + Int(byte - 0x30)
        }
        return 200..<600 ~= code ? code : nil
    }
}
