internal import Formats
internal import GRDB

extension DirectorySnapshot {
    /// Reads everything a snapshot holds, in the caller's transaction.
    convenience init(loadingFrom db: Database) throws {
        let revision = try Int64.fetchOne(db, sql: "SELECT revision FROM directory_state") ?? 0
        self.init(
            revision: revision,
            domains: try Self.domains(db),
            accounts: try Self.accounts(db),
            aliases: try Self.aliases(db),
            senders: try Self.senders(db),
            administrators: try Self.administrators(db),
            claims: try Self.claims(db),
            thresholds: try Self.thresholds(db),
            entries: try Self.policyEntries(db))
    }

    private static func domains(_ db: Database) throws -> [Domain] {
        let sql = """
            SELECT name, class, state, verification_token, created, catch_all, alias_target, next_hop_host, next_hop_port,
                next_hop_tls, next_hop_user, claimant, verified, verified_by_hand, checked, check_failed,
                (SELECT max(expires) FROM domain_claims WHERE domain = name AND state = 'pending')
            FROM domains
            """
        return try collect(db, sql) { row in
            Domain(
                name: try DomainName(parsing: row[0] as String),
                kind: try stored(row[1], "class"),
                state: try stored(row[2], "state"),
                catchAll: try (row[5] as String?).map { try MailAddress(parsing: $0) },
                aliasTarget: try (row[6] as String?).map { try DomainName(parsing: $0) },
                nextHop: try nextHop(host: row[7], port: row[8], tls: row[9], username: row[10]),
                claimant: (row[11] as String?).map(AccountID.init(rawValue:)),
                verificationToken: row[3],
                verification: Verification(
                    verifiedAt: row[12], isByHand: row[13], checkedAt: row[14], lastCheckFailed: row[15], expiresAt: row[16]),
                createdAt: row[4])
        }
    }

    private static func nextHop(host: String?, port: Int?, tls: String?, username: String?) throws -> NextHop? {
        guard let host, let port, let tls else { return nil }
        return try NextHop(host: host, port: port, tls: try stored(tls, "next_hop_tls"), username: username)
    }

    private static func claims(_ db: Database) throws -> [DomainClaim] {
        let sql = """
            SELECT domain, claimant, token, class, alias_target, next_hop_host, next_hop_port, next_hop_tls, created, expires,
                checked FROM domain_claims ORDER BY created, token
            """
        return try collect(db, sql) { row in
            DomainClaim(
                domain: try DomainName(parsing: row[0] as String),
                claimant: (row[1] as String?).map(AccountID.init(rawValue:)),
                token: row[2],
                kind: try stored(row[3], "class"),
                aliasTarget: try (row[4] as String?).map { try DomainName(parsing: $0) },
                nextHop: try nextHop(host: row[5], port: row[6], tls: row[7], username: nil),
                createdAt: row[8], expiresAt: row[9], checkedAt: row[10])
        }
    }

    private static func thresholds(_ db: Database) throws -> [DomainName?: SpamThresholds] {
        var thresholds: [DomainName?: SpamThresholds] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT domain, defer_at, junk_at, reject_at FROM spam_thresholds")
        while let row = try rows.next() {
            let scope = try (row[0] as String?).map { try DomainName(parsing: $0) }
            thresholds[scope] = try SpamThresholds(deferAt: row[1], junkAt: row[2], rejectAt: row[3])
        }
        return thresholds
    }

    private static func policyEntries(_ db: Database) throws -> [PolicyListEntry] {
        let sql = "SELECT domain, list, pattern FROM policy_entries ORDER BY id"
        return try collect(db, sql) { row in
            PolicyListEntry(
                kind: try stored(row[1], "list"),
                pattern: try PolicyListEntry.Pattern(parsing: row[2]),
                scope: try (row[0] as String?).map { try DomainName(parsing: $0) })
        }
    }

    private static func accounts(_ db: Database) throws -> [Account] {
        let sql = """
            SELECT id, address, display_name, role, enabled, quota, language, created, version
            FROM accounts JOIN credentials ON credentials.account = accounts.id
            """
        return try collect(db, sql) { row in
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

    private static func aliases(_ db: Database) throws -> [Alias] {
        var recipients: [String: [MailAddress]] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT alias, recipient FROM alias_recipients ORDER BY alias, position")
        while let row = try rows.next() {
            recipients[row[0], default: []].append(try MailAddress(parsing: row[1] as String))
        }
        return try recipients.map { address, recipients in
            Alias(address: try MailAddress(parsing: address), recipients: recipients)
        }
    }

    private static func senders(_ db: Database) throws -> [AccountID: [MailAddress]] {
        var senders: [AccountID: [MailAddress]] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT account, address FROM sender_addresses ORDER BY address")
        while let row = try rows.next() {
            senders[AccountID(rawValue: row[0]), default: []].append(try MailAddress(parsing: row[1] as String))
        }
        return senders
    }

    private static func administrators(_ db: Database) throws -> [DomainName: [AccountID]] {
        var administrators: [DomainName: [AccountID]] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT domain, account FROM domain_admins ORDER BY account")
        while let row = try rows.next() {
            administrators[try DomainName(parsing: row[0] as String), default: []].append(AccountID(rawValue: row[1]))
        }
        return administrators
    }

    private static func collect<Value>(_ db: Database, _ sql: String, _ make: (Row) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        let rows = try Row.fetchCursor(db, sql: sql)
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
