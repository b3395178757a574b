package import Disk
import FoundationEssentials
import GRDB

// The script's file first, then its record: what is in the folder is true, and `takeOverScripts` brings the records in step.
extension MailAccount {
    private nonisolated var scriptFiles: ScriptFiles { ScriptFiles(folder: path + "/sieve") }

    /// All scripts by name, what others wrote into the folder among them, and the state that they are of.
    package func scripts() throws(StoreError) -> (state: StateToken, scripts: [Script]) {
        let records = try takeOverScripts()
        let scripts = records.map { $1.script($0) }.sorted { ($0.name, $0.id.rawValue) < ($1.name, $1.id.rawValue) }
        do {
            let state = try index.pool.read { db in try MailReader(db: db, maildir: maildir).state(.sieveScript) }
            return (state, scripts)
        } catch {
            throw StoreError(database: error)
        }
    }

    /// Adds a script, not active.
    ///
    /// - Parameter content: the caller has seen that it is Sieve.
    package func createScript(name: String, content: [UInt8]) throws(ScriptError) -> Script {
        let records = try known()
        try check(name, records, for: nil)
        guard records.count < ScriptLimits.maximumCount else { throw .tooMany }
        let file = ScriptFiles.file(named: name, taken: Set(records.values.map(\.file)))
        let id = freshId(file, records)
        try write(content, to: file)
        let record = ScriptRecord(
            name: name, file: file, hash: StableHash.name(of: content), modified: scriptFiles.modified(file) ?? 0, isActive: false)
        try put(record, id)
        return record.script(id)
    }

    /// Gives the script another name, other content, or both; the id stays.
    package func updateScript(_ id: ScriptID, name: String?, content: [UInt8]?) throws(ScriptError) -> Script {
        let records = try known()
        guard var record = records[id] else { throw .notFound }
        if let name, name != record.name {
            try check(name, records, for: id)
            try rename(id, &record, to: name, records)
        }
        if let content {
            try write(content, to: record.file)
            record.hash = StableHash.name(of: content)
            record.modified = scriptFiles.modified(record.file) ?? 0
        }
        try put(record, id)
        return record.script(id)
    }

    /// Removes the script; `isActive` when it is the one that runs.
    package func destroyScript(_ id: ScriptID) throws(ScriptError) {
        guard let record = try known()[id] else { throw .notFound }
        guard !record.isActive else { throw .isActive }
        do throws(StoreError) {
            try DiskFile.remove(scriptFiles.path(record.file))
            try Folder.sync(scriptFiles.folder)
            try removeRecord(.sieveScript, id: id.rawValue)
        } catch { throw .store(error) }
    }

    /// Makes the script the one that runs, or none.
    ///
    /// - Returns: the scripts whose `isActive` changed.
    package func activateScript(_ id: ScriptID?) throws(ScriptError) -> [Script] {
        let before = try known()
        let record = id.flatMap { before[$0] }
        guard id == nil || record != nil else { throw .notFound }
        do throws(StoreError) { try scriptFiles.activate(record?.file) } catch { throw .store(error) }
        let after = try known()
        return after.filter { before[$0]?.isActive != $1.isActive }.map { $1.script($0) }
    }

    /// The script that runs at each delivery; nil when there is none.
    package nonisolated func activeScript() async throws(StoreError) -> [UInt8]? {
        let files = scriptFiles
        return try await DiskExecutor.offload { () throws(StoreError) -> [UInt8]? in
            guard let file = files.active() else { return nil }
            return try files.content(file)
        }
    }

    /// The content behind a script's blob id; `notFound` when the script has other content now.
    nonisolated func scriptContent(_ id: ScriptID, hash: String) async throws(StoreError) -> [UInt8] {
        let stored: AccountRecord?
        do { stored = try await read { reader in try reader.record(.sieveScript, id: id.rawValue) } } catch {
            throw StoreError(database: error)
        }
        guard let record = stored.flatMap(ScriptRecord.init) else { throw .notFound }
        let files = scriptFiles
        let content = try await DiskExecutor.offload { () throws(StoreError) in try files.content(record.file) }
        guard let content, StableHash.name(of: content) == hash else { throw .notFound }
        return content
    }

    // MARK: Steps

    private func known() throws(ScriptError) -> [ScriptID: ScriptRecord] {
        do throws(StoreError) { return try takeOverScripts() } catch { throw .store(error) }
    }

    private func check(_ name: String, _ records: [ScriptID: ScriptRecord], for id: ScriptID?) throws(ScriptError) {
        guard ScriptFiles.isAllowed(name) else { throw .invalidName }
        if let twin = records.first(where: { $1.name == name && $0 != id }) { throw .alreadyExists(twin.key) }
    }

    private func write(_ content: [UInt8], to file: String) throws(ScriptError) {
        guard content.count <= ScriptLimits.maximumSize else { throw .tooLarge }
        do throws(StoreError) {
            try Folder.make(scriptFiles.folder)
            try AtomicFile.write(content, to: scriptFiles.path(file))
        } catch { throw .store(error) }
    }

    private func put(_ record: ScriptRecord, _ id: ScriptID) throws(ScriptError) {
        do throws(StoreError) { try store(record, id) } catch { throw .store(error) }
    }

    private func store(_ record: ScriptRecord, _ id: ScriptID) throws(StoreError) {
        guard let json = record.json else { throw .invalid(reason: "script record") }
        try putRecord(.sieveScript, AccountRecord(id: id.rawValue, json: json))
    }

    /// The record says first what the file is going to be named: a crash between the two is healed by `takeOverScripts`.
    private func rename(
        _ id: ScriptID, _ record: inout ScriptRecord, to name: String, _ records: [ScriptID: ScriptRecord]
    ) throws(ScriptError) {
        let old = record.file
        let taken = Set(records.filter { $0.key != id }.values.map(\.file))
        record.name = name
        record.file = ScriptFiles.file(named: name, taken: taken)
        guard record.file != old else { return }
        record.renamedFrom = old
        try put(record, id)
        do throws(StoreError) { try finishRename(&record) } catch { throw .store(error) }
    }

    /// Gives the file its new name, then the link, and takes the old name away: at every moment the active script is there.
    private func finishRename(_ record: inout ScriptRecord) throws(StoreError) {
        guard let old = record.renamedFrom else { return }
        let files = scriptFiles
        if files.modified(record.file) == nil {
            try DiskFile.link(files.path(old), as: files.path(record.file))
            try Folder.sync(files.folder)
        }
        if files.linked() == old { try files.activate(record.file) }
        if files.modified(old) != nil {
            try DiskFile.remove(files.path(old))
            try Folder.sync(files.folder)
        }
        record.renamedFrom = nil
    }

    private func freshId(_ file: String, _ records: [ScriptID: ScriptRecord]) -> ScriptID {
        var id = ScriptID(file: file)
        while records[id] != nil { id = ScriptID(file: file, salt: UniqueName.next()) }
        return id
    }

    /// Brings the records in step with the folder, and returns them.
    private func takeOverScripts() throws(StoreError) -> [ScriptID: ScriptRecord] {
        var records = try scriptRecords()
        let files = scriptFiles
        let names = try files.names()
        guard !names.isEmpty || !records.isEmpty else { return [:] }
        var unknown = Set(names)
        for (id, before) in records {
            var record = before
            var isThere = unknown.contains(record.file)
            if let old = record.renamedFrom, unknown.contains(old) || unknown.contains(record.file) {
                try finishRename(&record)
                unknown.remove(old)
                isThere = true
            }
            unknown.remove(record.file)
            try refresh(&record, files)
            records[id] = isThere ? record : nil
        }
        for file in unknown.sorted() {
            let name = ScriptFiles.name(of: file)
            let isFree = ScriptFiles.isAllowed(name) && !records.values.contains { $0.name == name }
            var record = ScriptRecord(name: isFree ? name : file, file: file, hash: "", modified: -1, isActive: false)
            try refresh(&record, files)
            if !record.hash.isEmpty { records[freshId(file, records)] = record }
        }
        try settle(&records, try scriptRecords(), active: files.active())
        return records
    }

    /// Takes the content's hash when the file changed since.
    private func refresh(_ record: inout ScriptRecord, _ files: ScriptFiles) throws(StoreError) {
        guard let modified = files.modified(record.file), modified != record.modified,
            let content = try files.content(record.file)
        else { return }
        record.hash = StableHash.name(of: content)
        record.modified = modified
    }

    /// Marks the active one, and writes what differs from the records that were.
    private func settle(
        _ records: inout [ScriptID: ScriptRecord], _ before: [ScriptID: ScriptRecord], active: String?
    ) throws(StoreError) {
        records = records.mapValues { record in
            var record = record
            record.isActive = record.file == active
            return record
        }
        for (id, record) in records where before[id] != record { try store(record, id) }
        for id in before.keys where records[id] == nil { try removeRecord(.sieveScript, id: id.rawValue) }
    }

    private func scriptRecords() throws(StoreError) -> [ScriptID: ScriptRecord] {
        do {
            let stored = try index.pool.read { db in try MailReader(db: db, maildir: maildir).records(.sieveScript) }
            var records: [ScriptID: ScriptRecord] = [:]
            for item in stored { records[ScriptID(rawValue: item.id)] = ScriptRecord(item) }
            return records
        } catch {
            throw StoreError(database: error)
        }
    }
}

extension ScriptRecord {
    fileprivate init?(_ record: AccountRecord) {
        guard let value = try? JSONDecoder().decode(ScriptRecord.self, from: Data(record.json)) else { return nil }
        self = value
    }

    fileprivate var json: [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { Array($0) }
    }
}
