package import Disk
package import Formats
internal import GRDB
internal import Glibc

extension Directory {
    /// How many aliases deep an address may lead (mission §3).
    package static let maximumAliasDepth = 10

    /// Makes an alias, or adds recipients to the one there is.
    ///
    /// The alias may name itself (that keeps a copy in the mailbox of the same address). Throws `.preconditionFailed` where the
    /// domain is none of ours, `.invalid` where the aliases would lead in a circle or too deep.
    package func addAlias(_ address: MailAddress, recipients: [MailAddress]) async throws(StoreError) {
        guard !recipients.isEmpty else { throw .invalid(reason: "an alias needs a recipient") }
        try await write { db in
            try Self.requireHosted(address, db)
            let key = address.stored
            try db.execute(
                sql: "INSERT INTO aliases VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [key, address.domain.ascii, Int64(time(nil))])
            let first = try Int.fetchOne(
                db, sql: "SELECT coalesce(max(position) + 1, 0) FROM alias_recipients WHERE alias = ?", arguments: [key])
            for (offset, recipient) in recipients.enumerated() {
                try db.execute(
                    sql: "INSERT INTO alias_recipients VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    arguments: [key, recipient.stored, (first ?? 0) + offset])
            }
            try Self.requireNoCycle(through: key, db)
        }
    }

    /// Removes recipients of an alias, and the alias with its last one; all of it when none is named.
    ///
    /// Throws `.notFound`.
    package func removeAlias(_ address: MailAddress, recipients: [MailAddress] = []) async throws(StoreError) {
        try await write { db in
            let key = address.stored
            for recipient in recipients {
                try db.execute(
                    sql: "DELETE FROM alias_recipients WHERE alias = ? AND recipient = ?",
                    arguments: [key, recipient.stored])
                guard db.changesCount == 1 else { throw StoreError.notFound }
            }
            let left = try Int.fetchOne(
                db, sql: "SELECT count(*) FROM alias_recipients WHERE alias = ?", arguments: [key])
            guard recipients.isEmpty || left == 0 else { return }
            try db.execute(sql: "DELETE FROM aliases WHERE address = ?", arguments: [key])
            guard db.changesCount == 1 else { throw StoreError.notFound }
        }
    }

    /// Lets accounts send as `address`. Throws `.preconditionFailed` where its domain is none of ours.
    package func grantSender(_ address: MailAddress, to accounts: [AccountID]) async throws(StoreError) {
        try await write { db in
            try Self.requireHosted(address, db)
            for account in accounts {
                try db.execute(
                    sql: "INSERT INTO sender_addresses VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    arguments: [address.stored, address.domain.ascii, account.rawValue])
            }
        }
    }

    /// Takes the grant back from `accounts`, or from everybody when none is named. Throws `.notFound`.
    package func revokeSender(_ address: MailAddress, from accounts: [AccountID] = []) async throws(StoreError) {
        try await write { db in
            var removed = 0
            if accounts.isEmpty {
                try db.execute(sql: "DELETE FROM sender_addresses WHERE address = ?", arguments: [address.stored])
                removed = db.changesCount
            }
            for account in accounts {
                try db.execute(
                    sql: "DELETE FROM sender_addresses WHERE address = ? AND account = ?",
                    arguments: [address.stored, account.rawValue])
                removed += db.changesCount
            }
            guard removed > 0 else { throw StoreError.notFound }
        }
    }

    /// Walks all aliases that `key` leads to. A `+detail` leads where the address without it does.
    private static func requireNoCycle(through key: String, _ db: Database) throws {
        var frontier: Set<String> = [key]
        var depth = 0
        while !frontier.isEmpty {
            guard depth <= maximumAliasDepth else {
                throw StoreError.invalid(reason: "the alias leads through more than \(maximumAliasDepth) others")
            }
            var reached: Set<String> = []
            for alias in frontier {
                let recipients = try String.fetchAll(
                    db, sql: "SELECT recipient FROM alias_recipients WHERE alias = ?", arguments: [alias])
                // An alias that names itself means the mailbox of that address.
                for recipient in recipients where recipient != alias {
                    reached.formUnion([recipient, withoutDetail(recipient)])
                }
            }
            guard !reached.contains(key) else { throw StoreError.invalid(reason: "the aliases would lead in a circle") }
            frontier = reached
            depth += 1
        }
    }

    private static func withoutDetail(_ key: String) -> String {
        guard let at = key.lastIndex(of: "@"), let plus = key[..<at].firstIndex(of: "+"), plus != key.startIndex else {
            return key
        }
        return String(key[..<plus] + key[at...])
    }
}
