package import Directory
package import Formats

/// Whom an account may send as: its own address, its own `+detail`, the same local part at the aliases of its domain, and the
/// sender addresses granted to it. Receiving through an alias grants nothing. Mission §3.
package struct SenderPolicy: Sendable {
    private let snapshot: DirectorySnapshot

    package init(_ snapshot: DirectorySnapshot) { self.snapshot = snapshot }

    package func allows(_ account: Account, toSendAs address: MailAddress) -> Bool {
        guard account.isEnabled, isActive(address.domain) else { return false }
        let (plain, key) = (address.withoutDetail.key, address.key)
        let own = ownAddresses(of: account) + granted(to: account)
        return own.contains { $0.key == key || $0.key == plain }
    }

    /// Every permitted sender, the own address first: the identities of the webmail.
    package func senders(of account: Account) -> [MailAddress] {
        var seen: Set<String> = []
        let active = (ownAddresses(of: account) + granted(to: account)).filter { isActive($0.domain) }
        return ([account.address] + active).filter { seen.insert($0.key).inserted }
    }

    private func ownAddresses(of account: Account) -> [MailAddress] {
        let aliases = snapshot.domainAliases(of: account.address.domain).map { account.address.at($0) }
        // An account that has this very address sends as it, and nobody else.
        return [account.address] + aliases.filter { snapshot.account($0) == nil }
    }

    private func granted(to account: Account) -> [MailAddress] { snapshot.senderAddresses(for: account.id) }

    private func isActive(_ domain: DomainName) -> Bool { RecipientResolver(snapshot).isLocal(domain) }
}
