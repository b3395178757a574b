package import Disk
internal import FoundationEssentials
package import Formats
internal import GRDB
internal import Glibc

extension Directory {
    /// Adds a domain that this server hosts. Pending, it neither receives nor sends until it is verified.
    ///
    /// Throws `.alreadyExists`.
    @discardableResult
    package func addDomain(_ name: DomainName, state: DomainState = .pending) async throws(StoreError) -> Domain {
        let token = Self.verificationToken()
        let created = Int64(time(nil))
        try await write { db in
            try db.execute(
                sql: """
                    INSERT INTO domains (name, class, state, verification_token, created, verified, verified_by_hand)
                    VALUES (?1, 'hosted', ?2, ?3, ?4, iif(?2 = 'pending', NULL, ?4), ?2 <> 'pending')
                    """, arguments: [name.ascii, state.rawValue, token, created])
            guard state == .pending else { return }
            try db.execute(
                sql: "INSERT INTO domain_claims (token, domain, class, created, expires) VALUES (?, ?, 'hosted', ?, ?)",
                arguments: [token, name.ascii, created, created + 7 * 86_400])
        }
        guard let domain = snapshot.domain(name) else { throw .unavailable(reason: "the domain was not found after it was made") }
        return domain
    }

    /// Throws `.notFound`.
    package func setState(_ state: DomainState, of name: DomainName) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE domains SET state = ?1, verified = iif(?1 = 'pending', NULL, coalesce(verified, ?3)) WHERE name = ?2
                    """, arguments: [state.rawValue, name.ascii, Int64(time(nil))])
            guard db.changesCount == 1 else { throw StoreError.notFound }
        }
    }

    /// Sends mail to unknown addresses of the domain to `target`; nil refuses it again.
    ///
    /// A target of ours must be an account or an alias, or it would lead back here. Throws `.notFound`, `.invalid`.
    package func setCatchAll(_ target: MailAddress?, of name: DomainName) async throws(StoreError) {
        try await write { db in
            if let target { try Self.requireDestination(target, db) }
            try db.execute(
                sql: "UPDATE domains SET catch_all = ? WHERE name = ?",
                arguments: [target?.stored, name.ascii])
            guard db.changesCount == 1 else { throw StoreError.notFound }
        }
    }

    /// Removes a domain that nothing belongs to any more.
    ///
    /// Throws `.notFound`, and `.preconditionFailed` while accounts, aliases or sender addresses are left.
    package func removeDomain(_ name: DomainName) async throws(StoreError) {
        try await write { db in
            try db.execute(sql: "DELETE FROM domains WHERE name = ?", arguments: [name.ascii])
            guard db.changesCount == 1 else { throw StoreError.notFound }
        }
    }

    private static func requireDestination(_ address: MailAddress, _ db: Database) throws {
        let isOurs = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM domains WHERE name = ?)", arguments: [address.domain.ascii])
        guard isOurs == true else { return }
        let exists = try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM accounts WHERE address = ?1)
                    OR EXISTS (SELECT 1 FROM aliases WHERE address = ?1)
                """, arguments: [address.stored])
        guard exists == true else { throw StoreError.invalid(reason: "\(address.stored) is neither an account nor an alias") }
    }

    private static func verificationToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<32).map { _ in String(generator.next(upperBound: UInt64(16)), radix: 16) }.joined()
    }
}

extension Directory {
    /// What signs in at the domain's next hop beside `NextHop.username`; nil where it needs none.
    package func nextHopPassword(of name: DomainName) async throws(StoreError) -> String? {
        let sealed: Data?
        do {
            sealed = try await database.read { db in
                try Data.fetchOne(
                    db, sql: "SELECT next_hop_password FROM domains WHERE name = ?", arguments: [name.ascii])
            }
        } catch {
            throw StoreError(directory: error)
        }
        return try sealed.map { (sealed) throws(StoreError) in try secrets.open(Array(sealed), for: name.ascii) }
    }
}
