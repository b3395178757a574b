package import Disk
package import Formats
internal import GRDB

extension Directory {
    /// Sets the spam thresholds of a domain, or the global ones (`name` nil); `thresholds` nil returns to what is above: from a
    /// domain's to the global ones, from the global ones to the standard.
    ///
    /// Throws `.notFound`, `.invalid` for an alias domain, which has its target's.
    package func setThresholds(_ thresholds: SpamThresholds?, of name: DomainName?) async throws(StoreError) {
        try await write { db in
            try Self.requireScope(name, db)
            try db.execute(sql: "DELETE FROM spam_thresholds WHERE domain IS ?", arguments: [name?.ascii])
            guard let thresholds else { return }
            try db.execute(
                sql: "INSERT INTO spam_thresholds (domain, defer_at, junk_at, reject_at) VALUES (?, ?, ?, ?)",
                arguments: [name?.ascii, thresholds.deferAt, thresholds.junkAt, thresholds.rejectAt])
        }
    }

    /// Adds an entry to an allow or block list. Throws `.alreadyExists`, and as `setThresholds`.
    package func addPolicyEntry(_ entry: PolicyListEntry) async throws(StoreError) {
        let now = now()
        try await write { db in
            try Self.requireScope(entry.scope, db)
            try db.execute(
                sql: "INSERT INTO policy_entries (domain, list, kind, pattern, created) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    entry.scope?.ascii, entry.kind.rawValue, entry.pattern.column, entry.pattern.description, now,
                ])
        }
    }

    /// Throws `.notFound`.
    package func removePolicyEntry(_ entry: PolicyListEntry) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "DELETE FROM policy_entries WHERE domain IS ? AND list = ? AND kind = ? AND pattern = ?",
                arguments: [entry.scope?.ascii, entry.kind.rawValue, entry.pattern.column, entry.pattern.description])
            guard db.changesCount == 1 else { throw StoreError.notFound }
        }
    }

    private static func requireScope(_ name: DomainName?, _ db: Database) throws {
        guard let name else { return }
        guard try row(of: name, db).kind != .alias else {
            throw StoreError.invalid(reason: "\(name.unicode) stands for another domain, whose thresholds and lists apply")
        }
    }
}

extension PolicyListEntry.Pattern {
    /// The word for its kind in the table.
    var column: String {
        switch self {
        case .domain: "domain"
        case .address: "address"
        case .network: "network"
        }
    }
}
