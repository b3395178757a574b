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

    init(
        revision: Int64, domains: [Domain], accounts: [Account], aliases: [Alias],
        senders: [AccountID: [MailAddress]], administrators: [DomainName: [AccountID]]
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
