import Formats
package import Foundation

/// What two independent parsers say of the messages of a corpus, and how far we agree.
///
/// The form of the files is told in the corpora's README. Only what both parsers agree on is compared. Text is decoded as the message
/// declares it, without the guesses that we make for readers (`MessagePart.decodedText(guesses:)`).
package struct MailOracle {
    /// The fields that are compared.
    package static let fields = ["subject", "from", "date", "structure", "text", "attachments"]

    /// One field of one message on which we differ.
    package struct Disagreement {
        package let path: String
        package let field: String
        package let expected: String
        package let ours: String
        /// Why we are right to differ; nil for what is still to be mended.
        package var judgement: String? { MailOracle.judgements["\(field) \(path)"] }
    }

    /// Disagreements that were looked at, and stay.
    private static let judgements = [
        "attachments stalwart/malformed/017.eml":
            "the semicolon before `boundary` is missing; we find the boundary all the same, and the attached image with it",
        "attachments synth/rfc2231-and-rfc2047-filename-conflict.eml":
            "`filename*` is the name, `filename` the fallback for readers that know no RFC 2231 (as in RFC 6266 §4.3)",
        "text synth/qp-edge.eml":
            "RFC 2045 §6.7 (3): blanks at a line's end are deleted before decoding, so that a `=` before them is a soft break",
    ]

    /// How many values of a field were compared, and how many were the same.
    package struct Score {
        package var compared = 0
        package var agreed = 0
        package var percent: Double { compared == 0 ? 100 : Double(agreed) * 100 / Double(compared) }
    }

    package private(set) var scores: [String: Score] = [:]
    package private(set) var disagreements: [Disagreement] = []
    private let folder: URL

    /// Compares every message of `folder` (with `ORACLE.jsonl` and `ORACLE_mbox.jsonl` in it).
    package init(folder: URL) throws {
        self.folder = folder
        for line in try Self.lines(of: folder.appending(path: "ORACLE.jsonl")) { try compareMessage(line) }
        for line in try Self.lines(of: folder.appending(path: "ORACLE_mbox.jsonl")) { try compareMbox(line) }
    }

    private static func lines(of file: URL) throws -> [[String: Any]] {
        try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).compactMap { line in
            try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
        }
    }

    private mutating func compareMessage(_ row: [String: Any]) throws {
        guard let path = row["path"] as? String, let agree = row["agree"] as? [String: Bool],
            let agreed = row["agreed"] as? [String: Any]
        else { return }
        let message = Message(parsing: [UInt8](try Data(contentsOf: folder.appending(path: path))))
        let ours = MessageDigest(of: message)
        func expect(_ field: String, _ isAgreed: Bool?, _ expected: String, _ ours: String) {
            if isAgreed == true { record(path, field, expected, ours) }
        }
        let subject = text(agreed["subject"]).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        expect("subject", agree["subject"], subject, ours.subject)
        expect("from", agree["from_addr"] == true && agree["from_name"] == true, text(agreed["from"]), ours.from)
        expect("date", agree["date"], text(agreed["date"]), ours.date)
        expect("structure", agree["structure"], text(agreed["structure"]), ours.structure)
        let expectedText = [agreed["text_type"], agreed["text_len"], agreed["text_sha256"]].map { text($0) }.joined(separator: " ")
        expect("text", agree["text"], expectedText, ours.text)
        expect("attachments", agree["attachments"], text(agreed["attachments"]), ours.attachments)
    }

    private mutating func compareMbox(_ row: [String: Any]) throws {
        guard let path = row["path"] as? String else { return }
        let known = (row["by_construction"] as? [String: Any])?["messages"] as? Int
        guard let expected = known ?? (row["agree"] as? Bool == true ? row["python_mailbox_count"] as? Int : nil) else { return }
        let bytes = [UInt8](try Data(contentsOf: folder.appending(path: path)))
        record(path, "mbox", String(expected), String(MboxFile.messages(in: bytes).count))
    }

    private mutating func record(_ path: String, _ field: String, _ expected: String, _ ours: String) {
        scores[field, default: Score()].compared += 1
        if expected == ours {
            scores[field, default: Score()].agreed += 1
        } else {
            disagreements.append(Disagreement(path: path, field: field, expected: expected, ours: ours))
        }
    }

    /// A JSON value as comparable text.
    private func text(_ value: Any?) -> String {
        switch value {
        case nil, is NSNull: "–"
        case let list as [Any]: "[" + list.map { text($0) }.joined(separator: ", ") + "]"
        case let number as NSNumber: number.stringValue
        case let string as String: string
        default: "?"
        }
    }
}

/// What we say of a message, in the oracle's words.
struct MessageDigest {
    let subject: String
    let from: String
    let date: String
    let structure: String
    let text: String
    let attachments: String

    init(of message: Message) {
        let summary = MessageSummary(headerOf: message)
        subject = summary.subject.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") } ?? "–"
        from = "[" + (summary.from ?? []).map { "[\($0.name ?? ""), \($0.email.lowercased())]" }.joined(separator: ", ") + "]"
        date = summary.sentAt.map { String($0.seconds) } ?? "–"
        structure = Self.structure(of: message.root)
        let leaves = Self.leaves(of: message.root)
        text = Self.text(of: leaves)
        attachments = "[" + leaves.filter(Self.isAttachment).map(Self.attachment).joined(separator: ", ") + "]"
    }

    private static func structure(of part: MessagePart) -> String {
        let children = part.children.filter { !$0.isImplied }
        return children.isEmpty ? part.type : "\(part.type)(\(children.map(structure).joined(separator: ",")))"
    }

    /// Leaves outside attached messages, without those we make up for a multipart in which no part is.
    private static func leaves(of part: MessagePart) -> [MessagePart] {
        if part.isImplied || part.type.hasPrefix("message/") { return [] }
        return part.isMultipart ? part.children.flatMap(leaves) : [part]
    }

    private static func isAttachment(_ part: MessagePart) -> Bool {
        part.disposition == "attachment" || part.name != nil || !part.type.hasPrefix("text/")
    }

    private static func attachment(_ part: MessagePart) -> String {
        let bytes = part.decodedBytes()
        return "[\(part.name ?? "–"), \(part.type), \(bytes.count), \(SHA256.hex(bytes))]"
    }

    private static func withoutTrailingBlanks(_ line: Substring) -> Substring {
        var scalars = line.unicodeScalars
        while let last = scalars.last, last == " " || last == "\t" { scalars.removeLast() }
        return Substring(scalars)
    }

    private static func text(of leaves: [MessagePart]) -> String {
        let texts = leaves.filter { $0.disposition != "attachment" && $0.name == nil }
        guard let part = texts.first(where: { $0.type == "text/plain" }) ?? texts.first(where: { $0.type == "text/html" }) else {
            return "– – –"
        }
        let lines = part.decodedText(guesses: false).text.nfc.split(separator: "\n", omittingEmptySubsequences: false)
        var scalars = Array(lines.map(withoutTrailingBlanks).joined(separator: "\n").unicodeScalars)
        scalars.removeAll { $0 == "\0" }
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        let text = String(String.UnicodeScalarView(scalars))
        return "\(part.type) \(scalars.count) \(SHA256.hex(Array(text.utf8)))"
    }
}
