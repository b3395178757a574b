package import Formats

/// The directory at one moment, in memory and immutable: every look-up is a hash table's, and never touches the disk.
///
/// Passwords, sessions and log-in times are not in it. Keep one snapshot for one decision, so that the decision agrees with
/// itself; take a fresh one (`Directory.snapshot`) for the next.
package final class DirectorySnapshot: Sendable {
    /// Grows with every change of what a snapshot holds.
    package let revision: Int64
    private let domainsByName: [DomainName: Domain]
    private let accountsByAddress: [String: Account]
    private let addressByID: [AccountID: String]
    private let aliasesByAddress: [String: Alias]
    private let sendersByAccount: [AccountID: [MailAddress]]
    private let administratorsByDomain: [DomainName: [AccountID]]
    private let claimsByDomain: [DomainName: [DomainClaim]]
    private let aliasDomainsByTarget: [DomainName: [DomainName]]
    private let thresholdsByScope: [DomainName?: SpamThresholds]
    private let listsByScope: [DomainName?: PolicyListIndex]

    init(
        revision: Int64, domains: [Domain], accounts: [Account], aliases: [Alias],
        senders: [AccountID: [MailAddress]], administrators: [DomainName: [AccountID]], claims: [DomainClaim],
        thresholds: [DomainName?: SpamThresholds], entries: [PolicyListEntry]
    ) {
        self.revision = revision
        domainsByName = Dictionary(domains.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        accountsByAddress = Dictionary(
            accounts.map { ($0.address.key, $0) }, uniquingKeysWith: { first, _ in first })
        addressByID = Dictionary(
            accounts.map { ($0.id, $0.address.key) }, uniquingKeysWith: { first, _ in first })
        aliasesByAddress = Dictionary(
            aliases.map { ($0.address.key, $0) }, uniquingKeysWith: { first, _ in first })
        sendersByAccount = senders
        administratorsByDomain = administrators
        claimsByDomain = Dictionary(grouping: claims, by: \.domain)
        aliasDomainsByTarget = Dictionary(
            domains.filter(\.isActive).sorted { $0.name < $1.name }.compactMap { domain in
                domain.aliasTarget.map { ($0, [domain.name]) }
            }, uniquingKeysWith: +)
        thresholdsByScope = thresholds
        listsByScope = Dictionary(grouping: entries, by: \.scope).reduce(into: [:]) { lists, group in
            lists[group.key] = PolicyListIndex(scope: group.key, entries: group.value)
        }
    }

    /// The domain of that name, whatever its class and state.
    package func domain(_ name: DomainName) -> Domain? { domainsByName[name] }

    /// The account with exactly that address, upper and lower case alike; `+detail` is not stripped.
    package func account(_ address: MailAddress) -> Account? { accountsByAddress[address.key] }

    package func account(id: AccountID) -> Account? { addressByID[id].flatMap { accountsByAddress[$0] } }

    /// The alias with exactly that address, upper and lower case alike; `+detail` is not stripped.
    package func alias(_ address: MailAddress) -> Alias? { aliasesByAddress[address.key] }

    /// Where mail to unknown addresses of the domain goes.
    package func catchAll(of domain: DomainName) -> MailAddress? { domainsByName[domain]?.catchAll }

    /// The addresses, beside its own, that the account was granted to send as.
    package func senderAddresses(for account: AccountID) -> [MailAddress] { sendersByAccount[account] ?? [] }

    /// Who answers for a domain: its own admins, else the master admins; enabled accounts only.
    ///
    /// `postmaster@` and `abuse@` go there when nothing else is set (mission §3).
    package func administrators(of domain: DomainName) -> [Account] {
        let own = (administratorsByDomain[domain] ?? []).compactMap { account(id: $0) }.filter(\.isEnabled)
        guard own.isEmpty else { return own }
        return accounts.filter { $0.role == .masterAdmin && $0.isEnabled }
    }

    /// The claims of a pending domain, the oldest first.
    package func claims(of domain: DomainName) -> [DomainClaim] { claimsByDomain[domain] ?? [] }

    /// The claims of all pending domains.
    package var allClaims: [DomainClaim] { claimsByDomain.values.flatMap(\.self) }

    /// The verified domains that stand for `target`, by name.
    package func domainAliases(of target: DomainName) -> [DomainName] { aliasDomainsByTarget[target] ?? [] }

    /// The thresholds for mail to `domain`, and whose word they are. An alias domain has its target's.
    package func thresholds(for domain: DomainName) -> (thresholds: SpamThresholds, source: PolicySource) {
        let scope = domainsByName[domain]?.aliasTarget ?? domain
        if let own = thresholdsByScope[scope] { return (own, .domain(scope)) }
        if let global = thresholdsByScope[nil] { return (global, .global) }
        return (.standard, .standard)
    }

    /// The thresholds that hold where a domain has none of its own.
    package var globalThresholds: (thresholds: SpamThresholds, source: PolicySource) {
        thresholdsByScope[nil].map { ($0, .global) } ?? (.standard, .standard)
    }

    /// The allow and block lists for mail to `domain`: its own (an alias domain's are its target's) and the global ones.
    package func policyLists(for domain: DomainName) -> PolicyLists {
        let scope = domainsByName[domain]?.aliasTarget ?? domain
        return PolicyLists(own: listsByScope[scope], global: listsByScope[nil])
    }

    /// The entries of one scope alone, as they were added; `nil` for the global ones.
    package func policyEntries(of scope: DomainName?) -> [PolicyListEntry] { listsByScope[scope]?.entries ?? [] }

    /// All domains by name.
    package var domains: [Domain] { domainsByName.values.sorted { $0.name.ascii < $1.name.ascii } }
    /// All accounts by address. Walks and sorts them all: for lists, not for look-ups.
    package var accounts: [Account] {
        accountsByAddress.sorted { $0.key < $1.key }.map(\.value)
    }
    /// The accounts of this snapshot that a later one does not have. Walks them all.
    func accounts(goneFrom later: DirectorySnapshot) -> [Account] {
        accountsByAddress.values.filter { later.account(id: $0.id) == nil }
    }

    /// All aliases by address.
    package var aliases: [Alias] { aliasesByAddress.sorted { $0.key < $1.key }.map(\.value) }
    package var accountCount: Int { accountsByAddress.count }
}

extension MailAddress {
    /// The form in which the directory stores an address: case-folded, quoted where it must be, domain in A-labels.
    package var stored: String {
        let folded = foldedLocalPart
        guard folded != localPart else { return description }
        return (try? MailAddress(localPart: folded, domain: domain))?.description ?? description
    }
}
