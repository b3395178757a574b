package import Disk
import FoundationEssentials
import GRDB

// A record is one file, `records/<kind>/<id>.json`; the index holds a copy so that reading needs no file.
extension MailAccount {
    /// Writes the record (new or changed) and its change row. `kind`: `.identity`, `.emailSubmission`, …
    ///
    /// - Throws: `invalid` when kind or id have other characters than letters, digits, `-` and `_`.
    package func putRecord(_ kind: ChangeKind, _ record: AccountRecord) throws(StoreError) {
        let file = try recordFile(kind, record.id)
        try write { transaction in
            try Folder.make(Folder.parent(of: file))
            try AtomicFile.write(record.json, to: file)
            let number = try transaction.kindNumber(kind)
            let isKnown = try Bool.fetchOne(
                transaction.db, sql: "SELECT count(*) FROM records WHERE kind = ? AND id = ?",
                arguments: [kind.rawValue, record.id])!
            try transaction.put(kind, record, stamp: DiskFile.status(file)?.modified ?? 0)
            try transaction.log(number, isKnown ? .updated : .created, record.id, thread: nil)
        }
    }

    /// Removes the record; `notFound` when there is none.
    package func removeRecord(_ kind: ChangeKind, id: String) throws(StoreError) {
        let file = try recordFile(kind, id)
        try write { transaction in
            try DiskFile.remove(file)
            try Folder.sync(Folder.parent(of: file))
            try transaction.removeRecord(kind, id)
        }
    }

    private func recordFile(_ kind: ChangeKind, _ id: String) throws(StoreError) -> String {
        guard MailAccount.isSafe(kind.rawValue), MailAccount.isSafe(id) else { throw .invalid(reason: "record id") }
        return "\(path)/records/\(kind.rawValue)/\(id).json"
    }

    private static func isSafe(_ name: String) -> Bool {
        (1...200).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    /// Brings `records` in step with the files.
    func takeOverRecords(_ transaction: IndexTransaction) throws {
        var known: [String: Int64] = [:]
        for row in try Row.fetchAll(transaction.db, sql: "SELECT kind, id, stamp FROM records") {
            known["\(row[0] as String)/\(row[1] as String)"] = row[2]
        }
        for kind in ((try? Folder.names(path + "/records")) ?? []).sorted() where MailAccount.isSafe(kind) {
            let folder = path + "/records/" + kind
            for name in ((try? Folder.names(folder)) ?? []).sorted() where name.hasSuffix(".json") {
                let id = String(name.dropLast(5))
                guard MailAccount.isSafe(id), let status = DiskFile.status(folder + "/" + name) else { continue }
                let stamp = known.removeValue(forKey: "\(kind)/\(id)")
                guard stamp != status.modified, let json = try DiskFile.contents(folder + "/" + name) else { continue }
                let kind = ChangeKind(rawValue: kind)
                try transaction.put(kind, AccountRecord(id: id, json: json), stamp: status.modified)
                let operation: ChangeOperation = stamp == nil ? .created : .updated
                try transaction.log(transaction.kindNumber(kind), operation, id, thread: nil)
            }
        }
        for lost in known.keys.sorted() {
            let parts = lost.split(separator: "/", maxSplits: 1)
            try transaction.removeRecord(ChangeKind(rawValue: String(parts[0])), String(parts[1]))
        }
    }
}

extension IndexTransaction {
    fileprivate func put(_ kind: ChangeKind, _ record: AccountRecord, stamp: Int64) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO records (kind, id, json, stamp) VALUES (?, ?, ?, ?)",
            arguments: [kind.rawValue, record.id, Data(record.json), stamp])
    }

    fileprivate func removeRecord(_ kind: ChangeKind, _ id: String) throws {
        try db.execute(sql: "DELETE FROM records WHERE kind = ? AND id = ?", arguments: [kind.rawValue, id])
        try log(kindNumber(kind), .destroyed, id, thread: nil)
    }
}
