internal import Disk
internal import Formats
internal import GRDB

/// Rows as values. Each function reads a table, or the rows of one key alone.
enum DirectoryRows {
    static func domains(_ db: Database, _ name: DomainName? = nil) throws -> [Domain] {
        let sql = """
            SELECT name, class, state, verification_token, created, catch_all, alias_target, next_hop_host, next_hop_port,
                next_hop_tls, next_hop_user, claimant, verified, verified_by_hand, checked, check_failed,
                (SELECT max(expires) FROM domain_claims WHERE domain = name AND state = 'pending')
            FROM domains
            """
        return try collect(db, sql, only: "name", name?.ascii) { row in
            Domain(
                name: try DomainName(parsing: row[0] as String),
                kind: try stored(row[1], "class"),
                state: try stored(row[2], "state"),
                catchAll: try (row[5] as String?).map { try MailAddress(parsing: $0) },
                aliasTarget: try domain(row[6]),
                nextHop: try nextHop(host: row[7], port: row[8], tls: row[9], username: row[10]),
                claimant: (row[11] as String?).map(AccountID.init(rawValue:)),
                verificationToken: row[3],
                verification: Verification(
                    verifiedAt: row[12], isByHand: row[13], checkedAt: row[14], lastCheckFailed: row[15], expiresAt: row[16]),
                createdAt: row[4])
        }
    }

    static func claims(_ db: Database, of name: DomainName? = nil) throws -> [DomainClaim] {
        let sql = """
            SELECT domain, claimant, token, class, alias_target, next_hop_host, next_hop_port, next_hop_tls, created, expires,
                checked FROM domain_claims
            """
        return try collect(db, sql, only: "domain", name?.ascii, order: "created, token") { row in
            DomainClaim(
                domain: try DomainName(parsing: row[0] as String),
                claimant: (row[1] as String?).map(AccountID.init(rawValue:)),
                token: row[2],
                kind: try stored(row[3], "class"),
                aliasTarget: try domain(row[4]),
                nextHop: try nextHop(host: row[5], port: row[6], tls: row[7], username: nil),
                createdAt: row[8], expiresAt: row[9], checkedAt: row[10])
        }
    }

    static func administrators(_ db: Database, of name: DomainName? = nil) throws -> [DomainName: [AccountID]] {
        let sql = "SELECT domain, account FROM domain_admins"
        return try collect(db, sql, only: "domain", name?.ascii, order: "account") { row in
            (try DomainName(parsing: row[0] as String), AccountID(rawValue: row[1]))
        }.reduce(into: [:]) { $0[$1.0, default: []].append($1.1) }
    }

    static func accounts(_ db: Database, _ id: AccountID? = nil) throws -> [Account] {
        let sql = """
            SELECT id, address, display_name, role, enabled, quota, language, created, version
            FROM accounts JOIN credentials ON credentials.account = accounts.id
            """
        return try collect(db, sql, only: "id", id?.rawValue) { row in
            Account(
                id: AccountID(rawValue: row[0]),
                address: try MailAddress(parsing: row[1] as String),
                displayName: row[2],
                role: try stored(row[3], "role"),
                isEnabled: row[4],
                quota: row[5],
                language: row[6],
                createdAt: row[7],
                credentialVersion: row[8])
        }
    }

    static func aliases(_ db: Database) throws -> [Alias] {
        var recipients: [String: [MailAddress]] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT alias, recipient FROM alias_recipients ORDER BY alias, position")
        while let row = try rows.next() {
            recipients[row[0], default: []].append(try MailAddress(parsing: row[1] as String))
        }
        return try recipients.map { address, recipients in
            Alias(address: try MailAddress(parsing: address), recipients: recipients)
        }
    }

    /// - Parameter address: as it is stored
    static func alias(_ address: String, _ db: Database) throws -> Alias? {
        let sql = "SELECT recipient FROM alias_recipients"
        let recipients = try collect(db, sql, only: "alias", address, order: "position") { try MailAddress(parsing: $0[0] as String) }
        return recipients.isEmpty ? nil : Alias(address: try MailAddress(parsing: address), recipients: recipients)
    }

    static func senders(_ db: Database) throws -> [AccountID: [MailAddress]] {
        try collect(db, "SELECT account, address FROM sender_addresses", order: "address") { row in
            (AccountID(rawValue: row[0]), try MailAddress(parsing: row[1] as String))
        }.reduce(into: [:]) { $0[$1.0, default: []].append($1.1) }
    }

    static func senders(_ db: Database, of account: AccountID) throws -> [MailAddress]? {
        let sql = "SELECT address FROM sender_addresses"
        let addresses = try collect(db, sql, only: "account", account.rawValue, order: "address") { row in
            try MailAddress(parsing: row[0] as String)
        }
        return addresses.isEmpty ? nil : addresses
    }

    /// - Parameter scope: `.some(nil)` for the global ones alone; nil for all
    static func thresholds(_ db: Database, of scope: DomainName?? = nil) throws -> [DomainName?: SpamThresholds] {
        let sql = "SELECT domain, defer_at, junk_at, reject_at FROM spam_thresholds"
        return try collect(db, sql, only: "coalesce(domain, '')", key(scope)) { row in
            (try domain(row[0]), try SpamThresholds(deferAt: row[1], junkAt: row[2], rejectAt: row[3]))
        }.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }

    /// - Parameter scope: `.some(nil)` for the global ones alone; nil for all
    static func policyEntries(_ db: Database, of scope: DomainName?? = nil) throws -> [PolicyListEntry] {
        let sql = "SELECT domain, list, pattern FROM policy_entries"
        return try collect(db, sql, only: "coalesce(domain, '')", key(scope), order: "id") { row in
            PolicyListEntry(
                kind: try stored(row[1], "list"), pattern: try PolicyListEntry.Pattern(parsing: row[2]), scope: try domain(row[0]))
        }
    }

    // MARK: Values

    private static func key(_ scope: DomainName??) -> String? { scope.map { $0?.ascii ?? "" } }

    private static func domain(_ text: String?) throws -> DomainName? { try text.map { try DomainName(parsing: $0) } }

    private static func nextHop(host: String?, port: Int?, tls: String?, username: String?) throws -> NextHop? {
        guard let host, let port, let tls else { return nil }
        return try NextHop(host: host, port: port, tls: try stored(tls, "next_hop_tls"), username: username)
    }

    private static func collect<Value>(
        _ db: Database, _ select: String, only column: String = "", _ key: String? = nil, order: String? = nil,
        _ make: (Row) throws -> Value
    ) throws -> [Value] {
        var sql = select
        if key != nil { sql += " WHERE \(column) = ?" }
        if let order { sql += " ORDER BY \(order)" }
        var values: [Value] = []
        let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: key.map { [$0] } ?? [])
        while let row = try rows.next() { values.append(try make(row)) }
        return values
    }

    /// A value that the schema's CHECK allows and this program does not know was written by a newer one.
    private static func stored<Value: RawRepresentable<String>>(_ raw: String, _ column: String) throws -> Value {
        guard let value = Value(rawValue: raw) else {
            throw DatabaseError(resultCode: .SQLITE_MISMATCH, message: "unknown \(column) '\(raw)'")
        }
        return value
    }
}
