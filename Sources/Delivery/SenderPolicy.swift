package import Directory
package import Formats

/// Whom an account may send as: its own address, its own `+detail`, and the sender addresses granted to it. Mission §3.
package struct SenderPolicy: Sendable {
    private let snapshot: DirectorySnapshot

    package init(_ snapshot: DirectorySnapshot) { self.snapshot = snapshot }

    package func allows(_ account: Account, toSendAs address: MailAddress) -> Bool {
        guard account.isEnabled, snapshot.domain(address.domain)?.isActive ?? false else { return false }
        let plain = address.withoutDetail.key
        if plain == account.address.key || address.key == account.address.key { return true }
        return snapshot.senderAddresses(for: account.id).contains { $0.key == address.key || $0.key == plain }
    }

    /// Every permitted sender, the own address first: the identities of the webmail.
    package func senders(of account: Account) -> [MailAddress] {
        let granted = snapshot.senderAddresses(for: account.id).filter { $0.key != account.address.key }
        return [account.address] + granted.filter { snapshot.domain($0.domain)?.isActive ?? false }
    }
}
