package import Disk

/// The open accounts under `<data>/accounts/`: at most one `MailAccount` of a folder, a bounded number kept open.
package final class MailAccounts: Sendable {
    /// - Parameters:
    ///   - root: the folder that holds `<domain>/<local part>/`.
    ///   - capacity: how many idle accounts stay open.
    package init(root: String, capacity: Int = 512) {}

    /// Opens the account, makes its folder with the default mailboxes when it is new, and heals what differs between
    /// files and index. Two callers get the same instance.
    package func account(for key: AccountKey) async throws(StoreError) -> MailAccount {
        throw .unavailable(reason: "not there yet")
    }

    /// Closes the account and moves its folder to `trash` (a folder path on the same file system).
    package func remove(_ key: AccountKey, to trash: String) async throws(StoreError) {}

    /// Closes all. What was promised is on disk already; this ends background work.
    package func shutdown() async {}
}
