internal import Directory
internal import Disk
package import Formats
internal import Logging
package import MailStore
internal import SMTP

/// The last step of mail that stays here: into the stores.
package struct LocalDelivery: Sendable {
    private let accounts: MailAccounts

    package init(accounts: MailAccounts) { self.accounts = accounts }

    /// Files the message in the account's inbox; durable when it returns.
    ///
    /// - Parameters:
    ///   - recipient: the address it was for, as Delivered-To shows it
    ///   - trace: Received and other fields, put between Return-Path with Delivered-To and the message
    ///   - uniqueName: the same name never gives a second message, whatever happened in between
    func deliver(
        _ source: MessageContent.Source, trace: [UInt8], to account: Account, recipient: String, sender: ReversePath,
        uniqueName: String? = nil
    ) async throws(StoreError) {
        let prefix = TraceHeaders.delivery(sender: sender, recipient: recipient) + trace
        let store = try await accounts.account(for: AccountKey(account.address))
        _ = try await store.deliver(
            MessageContent(prefix: prefix, source), to: .role(.inbox), quota: account.quota, uniqueName: uniqueName)
    }

    /// Octets that the account's mail takes.
    func usage(of account: Account) async throws(StoreError) -> Int64 {
        try await accounts.account(for: AccountKey(account.address)).usage()
    }
}

extension AccountKey {
    /// The folder of the account with that address.
    package init(_ address: MailAddress) {
        self.init(domain: address.domain.ascii, localPart: address.foldedLocalPart)
    }
}
