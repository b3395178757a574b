import Formats
import FoundationEssentials
import Glibc
import Logging

/// Log lines on standard error, one write each: for people, or one JSON object a line for programs.
struct LogOutput: LogHandler {
    enum Format: String, Sendable { case text, json }

    let label: String
    let format: Format
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let own = event.metadata { all.merge(own) { _, new in new } }
        let line =
            switch format {
            case .text: text(event.level, event.message.description, all)
            case .json: json(event.level, event.message.description, all)
            }
        let bytes = Array(line.utf8)
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private func text(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
        var line = "\(Self.timestamp()) \(level) \(label): \(message)"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(Self.quotedIfNeeded(value.description))"
        }
        return line + "\n"
    }

    private func json(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
        var fields = [
            ("time", Self.timestamp()), ("level", level.rawValue), ("label", label), ("message", message),
        ]
        fields += metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
        return "{" + fields.map { "\(Self.quoted($0.0)):\(Self.quoted($0.1))" }.joined(separator: ",") + "}\n"
    }

    /// UTC with milliseconds, as RFC 3339 writes it.
    private static func timestamp() -> String {
        let milliseconds = Int64(Date.now.timeIntervalSince1970 * 1_000)
        let seconds = InternetDate(seconds: milliseconds / 1_000).utcRFC3339.dropLast()
        return "\(seconds).\(String(1_000 + milliseconds % 1_000).dropFirst())Z"
    }

    /// What a client sent stays one word on one line, so that nobody forges log lines.
    private static func quotedIfNeeded(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") }
        return isPlain ? value : quoted(value)
    }

    static func quoted(_ text: String) -> String {
        guard let data = try? JSONEncoder().encode(text) else { return "\"\"" }
        return String(decoding: data, as: UTF8.self)
    }
}
