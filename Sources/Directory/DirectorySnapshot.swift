package import Formats
internal import GRDB

/// The directory at one moment, in memory and immutable: every look-up is a hash table's, and never touches the disk.
///
/// Passwords, sessions and log-in times are not in it. Keep one snapshot for one decision, so that the decision agrees with
/// itself; take a fresh one (`Directory.snapshot`) for the next.
package final class DirectorySnapshot: Sendable {
    /// Grows with every change of what a snapshot holds.
    package let revision: Int64
    let tables: DirectoryTables

    init(revision: Int64, tables: DirectoryTables) {
        self.revision = revision
        self.tables = tables
    }

    /// Reads the directory in the caller's transaction: what changed since `previous`, or everything where that is not known.
    ///
    /// - Returns: the snapshot, `previous` itself where nothing changed; and the accounts that are gone since
    static func load(
        since previous: DirectorySnapshot? = nil, from db: Database
    ) throws -> (snapshot: DirectorySnapshot, gone: [Account]) {
        let revision = try Int64.fetchOne(db, sql: "SELECT revision FROM directory_state") ?? 0
        guard let previous else {
            return (DirectorySnapshot(revision: revision, tables: try DirectoryTables(loadingFrom: db)), [])
        }
        guard revision != previous.revision else { return (previous, []) }
        if let changes = try DirectoryChange.all(after: previous.revision, upTo: revision, db) {
            var tables = previous.tables
            let gone = try tables.apply(changes, from: db)
            return (DirectorySnapshot(revision: revision, tables: tables), gone)
        }
        let tables = try DirectoryTables(loadingFrom: db)
        let gone = previous.tables.accounts.values.filter { tables.addresses[$0.id] == nil }
        return (DirectorySnapshot(revision: revision, tables: tables), gone)
    }

    /// The domain of that name, whatever its class and state.
    package func domain(_ name: DomainName) -> Domain? { tables.domains[name] }

    /// The account with exactly that address, upper and lower case alike; `+detail` is not stripped.
    package func account(_ address: MailAddress) -> Account? { tables.accounts[address.key] }

    package func account(id: AccountID) -> Account? { tables.addresses[id].flatMap { tables.accounts[$0] } }

    /// The alias with exactly that address, upper and lower case alike; `+detail` is not stripped.
    package func alias(_ address: MailAddress) -> Alias? { tables.aliases[address.key] }

    /// Where mail to unknown addresses of the domain goes.
    package func catchAll(of domain: DomainName) -> MailAddress? { tables.domains[domain]?.catchAll }

    /// The addresses, beside its own, that the account was granted to send as.
    package func senderAddresses(for account: AccountID) -> [MailAddress] { tables.senders[account] ?? [] }

    /// Who answers for a domain: its own admins, else the master admins; enabled accounts only.
    ///
    /// `postmaster@` and `abuse@` go there when nothing else is set (mission §3).
    package func administrators(of domain: DomainName) -> [Account] {
        let own = (tables.administrators[domain] ?? []).compactMap { account(id: $0) }.filter(\.isEnabled)
        guard own.isEmpty else { return own }
        return tables.masterAdmins.compactMap { account(id: $0) }.filter(\.isEnabled).sorted { $0.address.key < $1.address.key }
    }

    /// The claims of a pending domain, the oldest first.
    package func claims(of domain: DomainName) -> [DomainClaim] { tables.claims[domain] ?? [] }

    /// The claims of all pending domains.
    package var allClaims: [DomainClaim] { tables.claims.values.flatMap(\.self) }

    /// The verified domains that stand for `target`, by name.
    package func domainAliases(of target: DomainName) -> [DomainName] { tables.aliasDomains[target] ?? [] }

    /// The thresholds for mail to `domain`, and whose word they are. An alias domain has its target's.
    package func thresholds(for domain: DomainName) -> (thresholds: SpamThresholds, source: PolicySource) {
        let scope = tables.domains[domain]?.aliasTarget ?? domain
        if let own = tables.thresholds[scope] { return (own, .domain(scope)) }
        if let global = tables.thresholds[nil] { return (global, .global) }
        return (.standard, .standard)
    }

    /// The thresholds that hold where a domain has none of its own.
    package var globalThresholds: (thresholds: SpamThresholds, source: PolicySource) {
        tables.thresholds[nil].map { ($0, .global) } ?? (.standard, .standard)
    }

    /// The allow and block lists for mail to `domain`: its own (an alias domain's are its target's) and the global ones.
    package func policyLists(for domain: DomainName) -> PolicyLists {
        let scope = tables.domains[domain]?.aliasTarget ?? domain
        return PolicyLists(own: tables.lists[scope], global: tables.lists[nil])
    }

    /// The entries of one scope alone, as they were added; `nil` for the global ones.
    package func policyEntries(of scope: DomainName?) -> [PolicyListEntry] { tables.lists[scope]?.entries ?? [] }

    /// All domains by name.
    package var domains: [Domain] { tables.domains.values.sorted { $0.name.ascii < $1.name.ascii } }
    /// All accounts by address. Walks and sorts them all: for lists, not for look-ups.
    package var accounts: [Account] {
        tables.accounts.values.sorted { $0.address.key < $1.address.key }
    }
    /// All aliases by address.
    package var aliases: [Alias] { tables.aliases.values.sorted { $0.address.key < $1.address.key } }
    package var accountCount: Int { tables.accounts.count }
}

extension MailAddress {
    /// The form in which the directory stores an address: case-folded, quoted where it must be, domain in A-labels.
    package var stored: String {
        let folded = foldedLocalPart
        guard folded != localPart else { return description }
        return (try? MailAddress(localPart: folded, domain: domain))?.description ?? description
    }
}
