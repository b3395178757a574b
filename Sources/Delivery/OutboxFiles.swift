internal import Disk
internal import FoundationEssentials
internal import MailStore

/// The files of the outbox. Two make an entry: `<id>.eml`, the message, and `<id>.json`, the envelope.
///
/// Invariants: an entry exists if and only if its envelope file does; the message is synced before the envelope gets its name;
/// the envelope goes before the message does. So what a crash leaves behind is a message without an envelope, or a file in `tmp`:
/// both were never promised to anybody, and `recover` removes them. What another process put in `incoming` is promised there.
struct OutboxFiles: Sendable {
    let folder: String

    /// - Parameter folder: `<data>/outbox`
    init(folder: String) throws(StoreError) {
        self.folder = folder
        for name in [temporary, done, incoming, requests] { try Folder.make(name) }
    }

    /// Staged and spooled files.
    var temporary: String { "\(folder)/tmp" }
    /// Envelopes of finished submissions, kept for who asks what became of them.
    var done: String { "\(folder)/done" }
    /// Whole entries that other processes put there.
    var incoming: String { "\(folder)/new" }
    /// Empty files named `<id>.<verb>`: what an admin asks for.
    var requests: String { "\(folder)/requests" }

    func message(_ id: QueueID) -> String { "\(folder)/\(id).eml" }
    func envelope(_ id: QueueID) -> String { "\(folder)/\(id).json" }
    private func finished(_ id: QueueID) -> String { "\(done)/\(id).json" }

    // MARK: Writing

    /// Puts the message on the disk under its final name, synced but for its folder. Blocks.
    /// - Parameter skipping: octets of `content` to leave out at its start
    /// - Returns: octets written
    func stageMessage(
        _ id: QueueID, prefix: [UInt8], content: BlobContent, skipping: Int = 0, into folder: String? = nil
    ) throws(StoreError) -> Int {
        let file = try StagedFile(creating: "\(temporary)/\(id).eml")
        try file.append(prefix)
        switch content {
        case .bytes(let bytes): try file.append(skipping == 0 ? bytes : Array(bytes.dropFirst(skipping)))
        case .file(let source):
            var offset = skipping
            while offset < source.size {
                let piece = try source.read(at: offset, count: 1 << 18)
                guard !piece.isEmpty else { throw .unavailable(reason: "file shrank") }
                try file.append(piece)
                offset += piece.count
            }
        }
        try file.sync()
        let size = file.size
        try file.commit(to: "\(folder ?? self.folder)/\(id).eml")
        return size
    }

    /// The commit record of a new entry: after this it is promised.
    func commitEnvelope(_ entry: OutboxEntry, into folder: String? = nil) throws(StoreError) {
        let folder = folder ?? self.folder
        let file = try StagedFile(creating: "\(temporary)/\(entry.id).json")
        try file.append(try Self.encode(entry))
        try file.sync()
        try file.commit(to: "\(folder)/\(entry.id).json")
        try Folder.sync(folder)
    }

    func rewriteEnvelope(_ entry: OutboxEntry) throws(StoreError) {
        try AtomicFile.write(try Self.encode(entry), to: envelope(entry.id))
        CrashPoint.reached("outbox.rewritten")
    }

    /// Ends an entry. When somebody watches its status, that stays readable.
    func remove(_ entry: OutboxEntry) throws(StoreError) {
        if entry.account != nil { try AtomicFile.write(try Self.encode(entry), to: finished(entry.id)) }
        do { try DiskFile.remove(envelope(entry.id)) } catch .notFound {}
        try Folder.sync(folder)
        CrashPoint.reached("outbox.removed")
        removeMessage(entry.id)
    }

    /// Takes back what `stageMessage` wrote. A file that stays is removed by the next `recover`.
    func removeMessage(_ id: QueueID) { try? DiskFile.remove(message(id)) }

    // MARK: Reading

    /// Cleans up after the last run, and reads all entries. Only the server may call it, before it uses the outbox.
    func recover() throws(StoreError) -> [OutboxEntry] {
        for name in try Folder.names(temporary) { try? DiskFile.remove("\(temporary)/\(name)") }
        let names = try Folder.names(folder)
        var entries: [OutboxEntry] = []
        for name in names where name.hasSuffix(".json") {
            guard let entry = try read("\(folder)/\(name)") else { continue }
            if DiskFile.exists(message(entry.id)) { entries.append(entry) } else { try? DiskFile.remove("\(folder)/\(name)") }
        }
        // An adoption that broke off left the message here, and its envelope still in `incoming`.
        let envelopes = (names + (try Folder.names(incoming))).filter { $0.hasSuffix(".json") }
        let known = Set(envelopes.map { $0.dropLast(5) })
        for name in names {
            let isOrphan = name.hasSuffix(".eml") && !known.contains(name.dropLast(4))
            if isOrphan || name.hasSuffix(".new") { try? DiskFile.remove("\(folder)/\(name)") }
        }
        return entries
    }

    /// All entries as they are on the disk now, oldest first: for who looks from outside.
    static func list(folder: String) throws(StoreError) -> [OutboxEntry] {
        var entries: [OutboxEntry] = []
        let names: [String]
        do { names = try Folder.names(folder) } catch .notFound { return [] }
        for name in names.sorted() where name.hasSuffix(".json") {
            if let bytes = try DiskFile.contents("\(folder)/\(name)"), let entry = decode(bytes) { entries.append(entry) }
        }
        return entries
    }

    /// The last state of a finished submission; nil when there is none, or no longer.
    func finishedEntry(_ id: QueueID) -> OutboxEntry? { (try? read(finished(id))) ?? nil }

    /// Forgets finished submissions of more than 7 days ago.
    func forgetFinished(now: Int64) throws(StoreError) {
        for name in try Folder.names(done) {
            guard let status = DiskFile.status("\(done)/\(name)") else { continue }
            if status.modified / 1_000_000_000 < now - 7 * 86_400 { try? DiskFile.remove("\(done)/\(name)") }
        }
    }

    /// Brings in an entry that another process put in `incoming`.
    func adoptIncoming() throws(StoreError) -> [OutboxEntry] {
        var entries: [OutboxEntry] = []
        for name in try Folder.names(incoming) where name.hasSuffix(".json") {
            guard let entry = try read("\(incoming)/\(name)") else { continue }
            do { try DiskFile.move("\(incoming)/\(entry.id).eml", to: message(entry.id)) } catch .notFound, .alreadyExists {}
            CrashPoint.reached("outbox.message adopted")
            try DiskFile.move("\(incoming)/\(name)", to: envelope(entry.id))
            CrashPoint.reached("outbox.adopted")
            try Folder.sync(folder)
            entries.append(entry)
        }
        return entries
    }

    private func read(_ path: String) throws(StoreError) -> OutboxEntry? {
        try DiskFile.contents(path).flatMap { Self.decode($0) }
    }

    private static func encode(_ entry: OutboxEntry) throws(StoreError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return Array(try encoder.encode(entry)) } catch { throw .invalid(reason: "envelope: \(error)") }
    }

    private static func decode(_ bytes: [UInt8]) -> OutboxEntry? {
        try? JSONDecoder().decode(OutboxEntry.self, from: Data(bytes))
    }
}
