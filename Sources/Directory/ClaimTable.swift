internal import Disk
internal import Formats
internal import GRDB

/// What somebody wants a domain to be.
struct NewDomain: Sendable {
    let name: DomainName
    let kind: DomainClass
    var aliasTarget: DomainName?
    var nextHop: NextHop?
}

/// Claims and who wins them, within one write.
///
/// A pending domain has one row, made by its first claim; what was prepared in it (accounts, aliases, policy) is that
/// claimant's. When another wins, the domain becomes what the winner's claim says, and what was prepared goes.
struct ClaimTable {
    /// How long a claim lasts without proof: 7 days (mission §3).
    static let lifetime: Int64 = 7 * 86_400

    private let db: Database
    private let now: Int64

    init(_ db: Database, now: Int64) {
        self.db = db
        self.now = now
    }

    func insert(_ new: NewDomain, token: String, claimant: AccountID?) throws {
        try requireTarget(new)
        let state = try String.fetchOne(db, sql: "SELECT state FROM domains WHERE name = ?", arguments: [new.name.ascii])
        switch state {
        case nil: try insertRow(new, token: token, claimant: claimant)
        case DomainState.pending.rawValue?:
            try db.execute(
                sql: "DELETE FROM domain_claims WHERE domain = ? AND expires <= ?", arguments: [new.name.ascii, now])
        default: throw StoreError.alreadyExists
        }
        try db.execute(
            sql: """
                INSERT INTO domain_claims (token, domain, claimant, class, alias_target, next_hop_host, next_hop_port,
                    next_hop_tls, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                token, new.name.ascii, claimant?.rawValue, new.kind.rawValue, new.aliasTarget?.ascii, new.nextHop?.host,
                new.nextHop?.port, new.nextHop?.tls.rawValue, now, now + Self.lifetime,
            ])
    }

    private func insertRow(_ new: NewDomain, token: String, claimant: AccountID?) throws {
        try db.execute(
            sql: """
                INSERT INTO domains (name, class, state, verification_token, created, alias_target, next_hop_host,
                    next_hop_port, next_hop_tls, claimant) VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                new.name.ascii, new.kind.rawValue, token, now, new.aliasTarget?.ascii, new.nextHop?.host,
                new.nextHop?.port, new.nextHop?.tls.rawValue, claimant?.rawValue,
            ])
        if new.kind == .alias { try AddressGraph(db).requireSound(recipientsAt: new.name.ascii) }
    }

    // An alias of an alias is refused here with a word about it; the schema would refuse it too.
    private func requireTarget(_ new: NewDomain) throws {
        guard let target = new.aliasTarget else { return }
        guard try Directory.row(of: target, db).kind == .hosted else {
            throw StoreError.invalid(reason: "\(target.unicode) is not hosted here: a domain alias stands for a hosted domain")
        }
    }

    /// Makes the domain of a claim the claimant's; all other claims of it end.
    ///
    /// Throws `.notFound` where the claim has ended or, unless `byHand`, is too old.
    ///
    /// - Returns: accounts that another claimant had prepared, and that are gone
    @discardableResult
    func win(_ token: String, byHand: Bool) throws -> [AccountID] {
        let sql = """
            SELECT domain, domain_claims.claimant, domain_claims.class, domain_claims.alias_target,
                domain_claims.next_hop_host, domain_claims.next_hop_port, domain_claims.next_hop_tls, expires,
                domains.claimant IS domain_claims.claimant
            FROM domain_claims JOIN domains ON name = domain WHERE token = ?
            """
        guard let row = try Row.fetchOne(db, sql: sql, arguments: [token]), byHand || row[7] > now else {
            throw StoreError.notFound
        }
        let (domain, claimant, kind): (String, String?, String) = (row[0], row[1], row[2])
        var removed: [AccountID] = []
        if !(row[8] as Bool) {
            removed = try removePrepared(in: domain, but: claimant)
            try db.execute(
                sql: """
                    UPDATE domains SET class = ?2, alias_target = ?3, next_hop_host = ?4, next_hop_port = ?5,
                        next_hop_tls = ?6, next_hop_user = NULL, next_hop_password = NULL, catch_all = NULL, claimant = ?7
                    WHERE name = ?1
                    """, arguments: [domain, kind, row[3], row[4], row[5], row[6], claimant])
        }
        try db.execute(
            sql: """
                UPDATE domains SET state = 'verified', verification_token = ?2, verified = ?3, verified_by_hand = ?4,
                    checked = iif(?4, NULL, ?3), check_failed = 0 WHERE name = ?1
                """, arguments: [domain, token, now, byHand])
        try db.execute(sql: "DELETE FROM domain_claims WHERE domain = ?", arguments: [domain])
        try db.execute(
            sql: """
                INSERT OR IGNORE INTO domain_admins SELECT ?, id FROM accounts WHERE id = ? AND role = 'domainAdmin'
                """, arguments: [domain, claimant])
        if kind == DomainClass.alias.rawValue { try AddressGraph(db).requireSound(recipientsAt: domain) }
        return removed
    }

    /// The winner's own account stays, and so do master admins: they are nobody's to remove.
    private func removePrepared(in domain: String, but claimant: String?) throws -> [AccountID] {
        let mine = "domain = ?1 AND role <> 'masterAdmin' AND id IS NOT ?2"
        let removed = try String.fetchAll(db, sql: "SELECT id FROM accounts WHERE \(mine)", arguments: [domain, claimant])
        try db.execute(sql: "DELETE FROM accounts WHERE \(mine)", arguments: [domain, claimant])
        for table in ["aliases", "sender_addresses", "domain_admins", "spam_thresholds", "policy_entries"] {
            try db.execute(sql: "DELETE FROM \(table) WHERE domain = ?", arguments: [domain])
        }
        return removed.map(AccountID.init(rawValue:))
    }

    /// Ends one claim. Throws `.notFound`.
    func end(_ token: String) throws {
        try db.execute(sql: "DELETE FROM domain_claims WHERE token = ?", arguments: [token])
        guard db.changesCount == 1 else { throw StoreError.notFound }
        try removeUnclaimed()
    }

    /// Ends the claims whose time is over; gives back their tokens.
    func expire() throws -> [String] {
        let ended = try String.fetchAll(
            db, sql: "DELETE FROM domain_claims WHERE expires <= ? RETURNING token", arguments: [now])
        try removeUnclaimed()
        return ended
    }

    /// A pending domain that nobody claims any more goes, unless something was prepared in it.
    private func removeUnclaimed() throws {
        try db.execute(
            sql: """
                DELETE FROM domains WHERE state = 'pending'
                    AND NOT EXISTS (SELECT 1 FROM domain_claims WHERE domain = name)
                    AND NOT EXISTS (SELECT 1 FROM accounts WHERE domain = name)
                    AND NOT EXISTS (SELECT 1 FROM aliases WHERE domain = name)
                    AND NOT EXISTS (SELECT 1 FROM sender_addresses WHERE domain = name)
                    AND NOT EXISTS (SELECT 1 FROM domains AS other WHERE other.alias_target = domains.name)
                """)
    }
}
