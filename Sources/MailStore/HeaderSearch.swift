import Disk
import Formats
import GRDB

/// The SQL function `has_header(folder, file, name, text)`: reads the head of a message's file, for the `header` filter.
enum HeaderSearch {
    static func function(_ maildir: Maildir) -> DatabaseFunction {
        DatabaseFunction("has_header", argumentCount: 4) { values in
            guard let folder = String.fromDatabaseValue(values[0]), let file = String.fromDatabaseValue(values[1]),
                let name = String.fromDatabaseValue(values[2])
            else { return false }
            let path = maildir.path(of: file, in: FolderName(raw: folder))
            return matches(path, name: name, text: String.fromDatabaseValue(values[3]))
        }
    }

    /// Octets of a message in which its header is looked for.
    private static let headLimit = 256 * 1024

    private static func matches(_ path: String, name: String, text: String?) -> Bool {
        guard let bytes = try? OpenFile(path: path).read(count: headLimit) else { return false }
        let fields = Message(parsingHeaderOf: bytes).root.headers(named: name)
        guard let text, !text.isEmpty else { return !fields.isEmpty }
        let wanted = text.lowercased()
        return fields.contains { $0.text.lowercased().contains(wanted) || $0.raw.lowercased().contains(wanted) }
    }
}
