package import Formats
internal import FoundationEssentials

/// What a user wants said while away: RFC 8621 §8. It runs as a generated script, beside the script that the user may have.
package struct VacationResponse: Codable, Hashable, Sendable {
    package var isEnabled = false
    /// Bounds of the time in which it answers, as JMAP's UTCDate (`2026-07-01T00:00:00Z`).
    package var fromDate: String?
    package var toDate: String?
    package var subject: String?
    package var textBody: String?
    package var htmlBody: String?

    package init() {}

    /// As it lies in the account's record.
    package init?(json: [UInt8]) {
        guard let value = try? JSONDecoder().decode(VacationResponse.self, from: Data(json)) else { return nil }
        self = value
    }

    /// The id of the only one of an account.
    package static let id = "singleton"
    /// How many days pass before the same sender is answered again.
    static let days = 4

    /// The script that answers, whether or not `isEnabled`.
    ///
    /// - Parameter ownAddresses: the user's, which a message must name to be answered
    package func script() throws(ParseError) -> String {
        var text = "require [\"vacation\", \"date\", \"relational\"];\r\n"
        let tests = [fromDate.map(Self.isPast), toDate.map { "not " + Self.isPast($0) }].compactMap(\.self)
        let action = try action()
        if tests.isEmpty { return text + action + "\r\n" }
        text += "if allof (true, \(tests.joined(separator: ", "))) {\r\n    \(action)\r\n}\r\n"
        return text
    }

    private func action() throws(ParseError) -> String {
        var words = "vacation :days \(Self.days)"
        if let subject, !subject.isEmpty { words += " :subject \(Self.quoted(subject))" }
        let plain = textBody ?? htmlBody.map { HTMLText.plainText(of: $0) }
        guard let htmlBody, !htmlBody.isEmpty else {
            let text = plain.flatMap { $0.isEmpty ? nil : $0 }
            return words + " " + Self.quoted(text ?? Self.standardText) + ";"
        }
        return words + " :mime " + Self.quoted(try Self.alternative(plain ?? "", htmlBody)) + ";"
    }

    private static let standardText = "I am away and will read your message when I am back."

    /// A MIME part with both forms. The same texts give the same part: the script's memory goes by it.
    private static func alternative(_ text: String, _ html: String) throws(ParseError) -> String {
        var builder = MessageBuilder(headers: [], body: .multipart("alternative", [.text(text), .text(html, type: "text/html")]))
        builder.boundarySeed = 0x5EED
        return String(decoding: try builder.build(), as: UTF8.self)
    }

    /// A test whether that moment is past, by day and time of UTC.
    private static func isPast(_ date: String) -> String {
        let day = quoted(String(date.prefix(10)))
        let time = quoted(String(date.dropFirst(11).prefix(8)))
        return """
            anyof (currentdate :zone "+0000" :value "gt" "date" \(day), \
            allof (currentdate :zone "+0000" "date" \(day), currentdate :zone "+0000" :value "ge" "time" \(time)))
            """
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
