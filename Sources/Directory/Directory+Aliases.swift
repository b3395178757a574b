package import Disk
package import Formats
internal import GRDB

extension Directory {
    /// How many aliases deep an address may lead (mission §3).
    package static let maximumAliasDepth = 10

    /// Makes an alias, or adds recipients to the one there is.
    ///
    /// The alias may name itself (that keeps a copy in the mailbox of the same address), and may be an alias domain's: then it
    /// beats the target's address. Throws `.preconditionFailed` where the domain is none of ours, `.invalid` where it is a relay
    /// domain, and where the aliases (with domain aliases and catch-alls) would lead in a circle or too deep.
    package func addAlias(_ address: MailAddress, recipients: [MailAddress]) async throws(StoreError) {
        guard !recipients.isEmpty else { throw .invalid(reason: "an alias needs a recipient") }
        let now = now()
        try await write { db in
            try Self.requireOurs(address, db)
            let key = address.stored
            try db.execute(
                sql: "INSERT INTO aliases VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [key, address.domain.ascii, now])
            let first = try Int.fetchOne(
                db, sql: "SELECT coalesce(max(position) + 1, 0) FROM alias_recipients WHERE alias = ?", arguments: [key])
            for (offset, recipient) in recipients.enumerated() {
                try db.execute(
                    sql: "INSERT INTO alias_recipients VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    arguments: [key, recipient.stored, (first ?? 0) + offset])
            }
            try AddressGraph(db).requireSound(key)
        }
    }

    /// Removes recipients of an alias, and the alias with its last one; all of it when none is named.
    ///
    /// A catch-all that led to it alone ends. Throws `.notFound`, and `.invalid` where the address would then lead in a circle.
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
            try Self.dropCatchAlls(leadingTo: key, db)
            // Without it, the address may lead on: to an alias domain's target, or to a catch-all.
            try AddressGraph(db).requireSound(key)
        }
    }

    /// Lets accounts send as `address`, of a domain of any class. Throws `.preconditionFailed` where its domain is none of ours.
    package func grantSender(_ address: MailAddress, to accounts: [AccountID]) async throws(StoreError) {
        try await write { db in
            try Self.requireOurs(address, db)
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

    private static func requireOurs(_ address: MailAddress, _ db: Database) throws {
        let isOurs = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM domains WHERE name = ?)", arguments: [address.domain.ascii])
        guard isOurs == true else { throw StoreError.preconditionFailed }
    }
}
