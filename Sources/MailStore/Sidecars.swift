import Disk
import FoundationEssentials

/// `mailboxes.json`: what a folder cannot say about itself.
struct MailboxSidecar: Codable {
    struct Entry: Codable {
        var id: MailboxID
        var folder: String
        var role: MailboxRole?
        var sortOrder: Int
    }

    struct Rename: Codable {
        var from: String
        var to: String
    }

    var mailboxes: [Entry] = []
    /// Renames of directories that were begun; finished at the next open if we died between them.
    var renames: [Rename]?

    func entry(_ folder: FolderName) -> Entry? { mailboxes.first { $0.folder == folder.raw } }
}

/// `threads.json`: conversations of foreign files that neither the name nor the message itself tells.
struct ThreadSidecar: Codable {
    var threads: [String: String] = [:]
}

/// `keywords.json`: keywords for which a folder has no letter left, by email id.
struct KeywordSidecar: Codable {
    var keywords: [String: [String]] = [:]
}

/// Reads and writes the sidecars of one account. A sidecar that cannot be read is put aside, not overwritten.
struct Sidecars {
    let path: String

    func load<Value: Decodable>(_ type: Value.Type, _ name: String) throws(StoreError) -> Value? {
        guard let bytes = try DiskFile.contents(path + "/" + name) else { return nil }
        if let value = try? JSONDecoder().decode(type, from: Data(bytes)) { return value }
        try DiskFile.replace(path + "/" + name + ".damaged", with: path + "/" + name)
        return nil
    }

    func save(_ value: some Encodable, _ name: String) throws(StoreError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { throw .invalid(reason: "cannot encode \(name)") }
        try AtomicFile.write(Array(data), to: path + "/" + name)
    }

    static let mailboxes = "mailboxes.json"
    static let threads = "threads.json"
    static let keywords = "keywords.json"
}

/// Dovecot's `subscriptions` in the Maildir: a version 2 file (levels separated by tabs) or the older one (by dots).
enum Subscriptions {
    static let fileName = "subscriptions"

    /// The folders named; nil when there is no such file (then all are subscribed).
    static func load(maildir: String) throws(StoreError) -> Set<FolderName>? {
        guard let bytes = try DiskFile.contents(maildir + "/" + fileName) else { return nil }
        var lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        let isVersion2 = lines.first?.hasPrefix("V\t") == true
        if isVersion2 { lines.removeFirst() }
        return Set(lines.map { line in
            let raw = line.uppercased() == "INBOX" ? "" : "." + (isVersion2 ? line.replacing("\t", with: ".") : line)
            return FolderName(raw: raw)
        })
    }

    static func save(_ folders: Set<FolderName>, maildir: String) throws(StoreError) {
        let lines = folders.map { $0 == .inbox ? "INBOX" : $0.raw.dropFirst().replacing(".", with: "\t") }
        let text = "V\t2\n\n" + lines.sorted().map { $0 + "\n" }.joined()
        try AtomicFile.write(Array(text.utf8), to: maildir + "/" + fileName)
    }
}
