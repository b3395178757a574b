package import Disk
internal import Formats
internal import GRDB

extension Directory {
    /// Makes an account in a hosted domain. Its folder comes into being with its first mail.
    ///
    /// A domain admin is put in charge of its own domain. Throws `.alreadyExists`; `.preconditionFailed` where the domain is
    /// none of ours, or not hosted.
    @discardableResult
    package func addAccount(_ new: NewAccount) async throws(StoreError) -> Account {
        let id = AccountID.random()
        let created = now()
        try await write { db in
            try Self.requireHosted(new.address, db)
            try db.execute(
                sql: "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?)",
                arguments: [
                    id.rawValue, new.address.stored, new.address.domain.ascii, new.displayName, new.role.rawValue,
                    new.quota, new.language, created,
                ])
            try db.execute(
                sql: "INSERT INTO credentials VALUES (?, ?, 1)", arguments: [id.rawValue, new.passwordHash])
            if new.role == .domainAdmin {
                try db.execute(
                    sql: "INSERT INTO domain_admins VALUES (?, ?)", arguments: [new.address.domain.ascii, id.rawValue])
            }
        }
        guard let account = snapshot.account(id: id) else { throw .unavailable(reason: "the account was not found after it was made") }
        return account
    }

    /// Removes the account with its password, sessions and grants. Its mail lies in its folder, and is the caller's to move.
    ///
    /// A catch-all that led to it ends. Throws `.notFound`.
    package func removeAccount(_ id: AccountID) async throws(StoreError) {
        try await write { db in
            let sql = "DELETE FROM accounts WHERE id = ? RETURNING address"
            guard let address = try String.fetchOne(db, sql: sql, arguments: [id.rawValue]) else { throw StoreError.notFound }
            try Self.dropCatchAlls(leadingTo: address, db)
        }
        try await refresh()
    }

    /// A disabled account is signed out everywhere.
    package func setEnabled(_ isEnabled: Bool, of id: AccountID) async throws(StoreError) {
        try await write { db in
            try db.execute(sql: "UPDATE accounts SET enabled = ? WHERE id = ?", arguments: [isEnabled, id.rawValue])
            guard db.changesCount == 1 else { throw StoreError.notFound }
            if !isEnabled { try db.execute(sql: "DELETE FROM sessions WHERE account = ?", arguments: [id.rawValue]) }
        }
        try await refresh()
    }

    /// Bytes; nil lifts the limit.
    package func setQuota(_ bytes: Int64?, of id: AccountID) async throws(StoreError) {
        try await change(id, "UPDATE accounts SET quota = ?2 WHERE id = ?1", bytes)
    }

    package func setDisplayName(_ name: String, of id: AccountID) async throws(StoreError) {
        try await change(id, "UPDATE accounts SET display_name = ?2 WHERE id = ?1", name)
    }

    package func setRole(_ role: Role, of id: AccountID) async throws(StoreError) {
        try await change(id, "UPDATE accounts SET role = ?2 WHERE id = ?1", role.rawValue)
    }

    /// Sets a new password, and ends the account's sessions.
    ///
    /// - Parameter keeping: the session that changes it, which lives on
    package func setPassword(
        _ hash: PasswordHash, of id: AccountID, keeping: SessionToken? = nil
    ) async throws(StoreError) {
        let kept = keeping?.hash ?? []
        try await write { db in
            try db.execute(
                sql: "UPDATE credentials SET password_hash = ?, version = version + 1 WHERE account = ?",
                arguments: [hash.crypt, id.rawValue])
            guard db.changesCount == 1 else { throw StoreError.notFound }
            try db.execute(
                sql: "DELETE FROM sessions WHERE account = ? AND hex(token_hash) <> ?",
                arguments: [id.rawValue, Self.hex(kept)])
        }
        try await refresh()
    }

    /// When the account last signed in, in seconds since 1970; nil when never.
    package func lastLogIn(of id: AccountID) async throws(StoreError) -> Int64? {
        do {
            return try await database.read { db in
                try Int64.fetchOne(
                    db, sql: "SELECT last_login FROM account_activity WHERE account = ?", arguments: [id.rawValue])
            }
        } catch {
            throw StoreError(directory: error)
        }
    }

    /// The stored hash of an account's password. Asks the database for nobody too, so that it takes as long.
    func passwordHash(of id: AccountID?) async throws(StoreError) -> PasswordHash? {
        do {
            return try await database.read { db in
                try String.fetchOne(
                    db, sql: "SELECT password_hash FROM credentials WHERE account = ?", arguments: [id?.rawValue ?? ""])
            }.map(PasswordHash.init(stored:))
        } catch {
            throw StoreError(directory: error)
        }
    }

    /// The same password under a better scheme: nothing ends, and nothing happens if it was changed meanwhile.
    func replaceHash(of id: AccountID, _ old: PasswordHash, by new: PasswordHash) async throws(StoreError) {
        do {
            try await database.write { db in
                try db.execute(
                    sql: "UPDATE credentials SET password_hash = ? WHERE account = ? AND password_hash LIKE '%' || ?",
                    arguments: [new.crypt, id.rawValue, old.crypt])
            }
        } catch {
            throw StoreError(directory: error)
        }
    }

    private func change(
        _ id: AccountID, _ sql: String, _ value: (any DatabaseValueConvertible & Sendable)? = nil
    ) async throws(StoreError) {
        let hasValue = sql.contains("?2")
        try await write { db in
            try db.execute(sql: sql, arguments: hasValue ? [id.rawValue, value] : [id.rawValue])
            guard db.changesCount == 1 else { throw StoreError.notFound }
        }
        try await refresh()
    }

    static func requireHosted(_ address: MailAddress, _ db: Database) throws {
        let kind = try String.fetchOne(
            db, sql: "SELECT class FROM domains WHERE name = ?", arguments: [address.domain.ascii])
        guard kind == DomainClass.hosted.rawValue else { throw StoreError.preconditionFailed }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
