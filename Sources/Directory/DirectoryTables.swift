internal import Formats
internal import GRDB

/// What a snapshot holds, arranged for look-ups. A copy can be brought up to date by what the change log names, alone.
struct DirectoryTables: Sendable {
    var domains: [DomainName: Domain] = [:]
    var claims: [DomainName: [DomainClaim]] = [:]
    var administrators: [DomainName: [AccountID]] = [:]
    /// Verified alias domains by what they stand for, by name.
    var aliasDomains: [DomainName: [DomainName]] = [:]
    /// By `MailAddress.key`.
    var accounts = ShardedTable<String, Account>()
    var addresses = ShardedTable<AccountID, String>()
    var masterAdmins: Set<AccountID> = []
    /// By `MailAddress.key`.
    var aliases = ShardedTable<String, Alias>()
    var senders = ShardedTable<AccountID, [MailAddress]>()
    /// By domain; nil for the global ones.
    var thresholds: [DomainName?: SpamThresholds] = [:]
    var lists: [DomainName?: PolicyListIndex] = [:]

    /// Reads everything, in the caller's transaction.
    init(loadingFrom db: Database) throws {
        for domain in try DirectoryRows.domains(db) { domains[domain.name] = domain }
        claims = Dictionary(grouping: try DirectoryRows.claims(db), by: \.domain)
        administrators = try DirectoryRows.administrators(db)
        arrangeAliasDomains()
        for account in try DirectoryRows.accounts(db) { insert(account) }
        for alias in try DirectoryRows.aliases(db) { aliases[alias.address.key] = alias }
        for (account, addresses) in try DirectoryRows.senders(db) { senders[account] = addresses }
        thresholds = try DirectoryRows.thresholds(db)
        for (scope, entries) in Dictionary(grouping: try DirectoryRows.policyEntries(db), by: \.scope) {
            lists[scope] = PolicyListIndex(entries: entries)
        }
    }

    /// Reads again what `changes` names. Returns the accounts that are gone.
    mutating func apply(_ changes: [DirectoryChange], from db: Database) throws -> [Account] {
        let gone = try reloadAccounts(changes.filter { $0.section == .account }.map { AccountID(rawValue: $0.key) }, db)
        for change in changes {
            switch change.section {
            case .account: continue
            case .domain: try reloadDomain(try DomainName(parsing: change.key), db)
            case .sender:
                let id = AccountID(rawValue: change.key)
                senders[id] = try DirectoryRows.senders(db, of: id)
            case .alias: aliases[try MailAddress(parsing: change.key).key] = try DirectoryRows.alias(change.key, db)
            case .policy: try reloadPolicy(try change.key.isEmpty ? nil : DomainName(parsing: change.key), db)
            }
        }
        if changes.contains(where: { $0.section == .domain }) { arrangeAliasDomains() }
        return gone
    }

    private mutating func reloadDomain(_ name: DomainName, _ db: Database) throws {
        domains[name] = try DirectoryRows.domains(db, name).first
        let claims = try DirectoryRows.claims(db, of: name)
        self.claims[name] = claims.isEmpty ? nil : claims
        administrators[name] = try DirectoryRows.administrators(db, of: name)[name]
    }

    /// All old ones first: an address may have gone from one account to another.
    private mutating func reloadAccounts(_ ids: [AccountID], _ db: Database) throws -> [Account] {
        let previous = ids.compactMap { id in addresses[id].flatMap { accounts[$0] } }
        for account in previous {
            accounts[account.address.key] = nil
            addresses[account.id] = nil
            masterAdmins.remove(account.id)
        }
        for id in ids { try DirectoryRows.accounts(db, id).forEach { insert($0) } }
        return previous.filter { addresses[$0.id] == nil }
    }

    private mutating func reloadPolicy(_ scope: DomainName?, _ db: Database) throws {
        thresholds[scope] = try DirectoryRows.thresholds(db, of: .some(scope))[scope]
        let entries = try DirectoryRows.policyEntries(db, of: .some(scope))
        lists[scope] = entries.isEmpty ? nil : PolicyListIndex(entries: entries)
    }

    private mutating func insert(_ account: Account) {
        accounts[account.address.key] = account
        addresses[account.id] = account.address.key
        if account.role == .masterAdmin { masterAdmins.insert(account.id) }
    }

    private mutating func arrangeAliasDomains() {
        aliasDomains = Dictionary(
            domains.values.filter(\.isActive).sorted { $0.name < $1.name }.compactMap { domain in
                domain.aliasTarget.map { ($0, [domain.name]) }
            }, uniquingKeysWith: +)
    }
}

/// One thing that the change log says is not as it was.
struct DirectoryChange: Hashable, Sendable {
    let section: ChangedSection
    let key: String

    /// Beyond this many, reading everything anew is quicker.
    private static let limit = 2000

    /// What changed after `revision` up to `present`, each thing once; nil where the log does not reach so far back, or where
    /// too much changed.
    static func all(after revision: Int64, upTo present: Int64, _ db: Database) throws -> [DirectoryChange]? {
        let logged = try Int64.fetchOne(
            db, sql: "SELECT count(DISTINCT revision) FROM directory_changes WHERE revision > ?", arguments: [revision])
        guard logged == present - revision, present - revision <= 50 * limit else { return nil }
        let rows = try Row.fetchAll(
            db, sql: "SELECT DISTINCT section, key FROM directory_changes WHERE revision > ? LIMIT ?",
            arguments: [revision, limit + 1])
        guard rows.count <= limit else { return nil }
        var changes: [DirectoryChange] = []
        for row in rows {
            // A section that this program does not know was logged by a newer one.
            guard let section = ChangedSection(rawValue: row[0]) else { return nil }
            changes.append(DirectoryChange(section: section, key: row[1]))
        }
        return changes
    }

    /// Forgets what no snapshot in use is so far behind of; who is reads everything anew.
    static func trim(_ db: Database) throws {
        try db.execute(
            sql: "DELETE FROM directory_changes WHERE revision < (SELECT revision FROM directory_state) - ?",
            arguments: [5 * limit])
    }
}
