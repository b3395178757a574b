import FoundationEssentials
import TOMLKit

/// Reads a configuration file, strictly: whoever mistypes a key learns of it, and of its line.
enum ConfigurationFile {
    struct Failure: Error, Equatable, CustomStringConvertible {
        let path: String
        let line: Int?
        let reason: String

        var description: String { "\(path):\(line.map { "\($0):" } ?? "") \(reason)" }
    }

    static func read(_ path: String) throws(Failure) -> Configuration {
        guard let bytes = try? Data(contentsOf: URL(filePath: path)), let text = String(bytes: bytes, encoding: .utf8) else {
            throw Failure(path: path, line: nil, reason: "cannot be read")
        }
        return try parse(text, path: path)
    }

    static func parse(_ text: String, path: String) throws(Failure) -> Configuration {
        let root = try table(text, path)
        var configuration = Configuration()
        var document = Document(text: text, path: path)
        try document.apply(root, section: "", to: &configuration)
        return configuration
    }

    private static func table(_ text: String, _ path: String) throws(Failure) -> TOMLTable {
        // The parser ends the process on this; nothing of ours is written so.
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where line.drop(while: \.isWhitespace).hasPrefix("[[") {
            throw Failure(path: path, line: index + 1, reason: "lists of tables are not used here")
        }
        do {
            return try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw Failure(path: path, line: error.source.begin.line, reason: error.description)
        } catch {
            throw Failure(path: path, line: nil, reason: "\(error)")
        }
    }

    private struct Document {
        let text: String
        let path: String

        mutating func apply(_ table: TOMLTable, section: String, to configuration: inout Configuration) throws(Failure) {
            for name in table.keys.sorted(by: { line(of: $0, in: section) ?? 0 < line(of: $1, in: section) ?? 0 }) {
                guard let value = table[name] else { continue }
                if section.isEmpty, ConfigurationKey.sections.contains(name), let inner = value.table {
                    try apply(inner, section: name, to: &configuration)
                    continue
                }
                guard let key = ConfigurationKey.all.first(where: { $0.section == section && $0.name == name }) else {
                    let full = section.isEmpty ? name : "\(section).\(name)"
                    throw failure("unknown key '\(full)'\(suggestion(for: name, section))", name, section)
                }
                do throws(ConfigurationKey.Refusal) {
                    try key.apply(try Self.plain(value), &configuration)
                } catch {
                    throw failure("\(name): \(error.reason)", name, section)
                }
            }
        }

        private static func plain(_ value: any TOMLValueConvertible) throws(ConfigurationKey.Refusal) -> ConfigurationKey.Value {
            switch value.type {
            case .string: return .text(value.string ?? "")
            case .int: return .number(value.int ?? 0)
            case .array:
                var texts: [String] = []
                for element in value.array ?? TOMLArray() {
                    guard let text = element.string else { throw .init("only texts in quotes may stand in the list") }
                    texts.append(text)
                }
                return .texts(texts)
            default: throw .init("a \(value.type.rawValue) does not belong here")
            }
        }

        private func failure(_ reason: String, _ name: String, _ section: String) -> Failure {
            Failure(path: path, line: line(of: name, in: section), reason: reason)
        }

        /// The line where `name` of `section` is set, or where the section begins; the parser does not tell.
        private func line(of name: String, in section: String) -> Int? {
            var current = ""
            for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                let line = line.drop(while: \.isWhitespace)
                if line.hasPrefix("[") {
                    current = String(line.dropFirst().prefix(while: { $0 != "]" })).filter { !$0.isWhitespace && $0 != "\"" }
                    if section.isEmpty, current == name { return index + 1 }
                    continue
                }
                guard let equals = line.firstIndex(of: "=") else { continue }
                let written = line[..<equals].filter { !$0.isWhitespace && $0 != "\"" && $0 != "'" }
                let full = current.isEmpty ? String(written) : "\(current).\(written)"
                if full == (section.isEmpty ? name : "\(section).\(name)") { return index + 1 }
            }
            return nil
        }

        private func suggestion(for name: String, _ section: String) -> String {
            let elsewhere = ConfigurationKey.all.first { $0.name == name }
            guard let elsewhere else { return "" }
            return elsewhere.section.isEmpty ? " (it belongs at the top)" : " (it belongs under [\(elsewhere.section)])"
        }
    }
}

extension ConfigurationFile {
    /// A file that says what holds without one: every key with its default and its meaning.
    static var sample: String {
        var text = "# Mail Portal's configuration. Every key stands here with its default; what is left out keeps it.\n"
        for section in ConfigurationKey.sections {
            text += section.isEmpty ? "" : "\n[\(section)]\n"
            for key in ConfigurationKey.all where key.section == section {
                text += "# \(key.meaning)\n\(key.name) = \(key.standard.toml)\n"
            }
        }
        return text
    }
}

extension ConfigurationKey.Value {
    fileprivate var toml: String {
        switch self {
        case .text(let text): "\"\(text)\""
        case .texts(let texts): "[" + texts.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        case .number(let number): String(number)
        }
    }
}
