package import Disk
import Synchronization

/// The open accounts under `<data>/accounts/`: at most one `MailAccount` of a folder, a bounded number kept open.
package actor MailAccounts {
    private let root: String
    private let capacity: Int
    private var open: [AccountKey: Entry] = [:]
    private var opening: [AccountKey: Task<Result<MailAccount, StoreError>, Never>] = [:]
    private var clock = 0

    private struct Entry {
        weak var account: MailAccount?
        /// What keeps an idle account open; nil once it had to make room.
        var kept: MailAccount?
        var lastUse: Int
    }

    /// - Parameters:
    ///   - root: the folder that holds `<domain>/<local part>/`.
    ///   - capacity: how many idle accounts stay open.
    package init(root: String, capacity: Int = 512) {
        self.root = root
        self.capacity = capacity
    }

    /// The account's folder, whether it exists or not.
    package nonisolated func path(of key: AccountKey) throws(StoreError) -> String {
        for name in [key.domain, key.localPart] {
            guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0) else {
                throw .invalid(reason: "account name")
            }
        }
        return "\(root)/\(key.domain)/\(key.localPart)"
    }

    /// Opens the account, makes its folder with the default mailboxes when it is new, and heals what differs between
    /// files and index. Two callers get the same instance.
    ///
    /// - Parameter reconciling: false to take the account as it is: for `verify`, which is to find what differs.
    package func account(for key: AccountKey, reconciling: Bool = true) async throws(StoreError) -> MailAccount {
        clock += 1
        if let account = open[key]?.account {
            open[key] = Entry(account: account, kept: account, lastUse: clock)
            if reconciling, account.isRefreshDue { await account.refreshIfOld() }
            return account
        }
        let path = try path(of: key)
        let task = opening[key] ?? Task {
            do throws(StoreError) {
                return .success(try await MailAccount.open(key: key, path: path, reconciling: reconciling))
            } catch {
                return .failure(error)
            }
        }
        opening[key] = task
        let result = await task.value
        opening[key] = nil
        let account = try result.get()
        if let other = open[key]?.account { return other }
        open[key] = Entry(account: account, kept: account, lastUse: clock)
        makeRoom()
        return account
    }

    /// The accounts that lie on disk.
    package nonisolated func existing() throws(StoreError) -> [AccountKey] {
        var keys: [AccountKey] = []
        for domain in (try? Folder.names(root)) ?? [] {
            for localPart in (try? Folder.names(root + "/" + domain)) ?? [] {
                if Folder.modified("\(root)/\(domain)/\(localPart)/Maildir") != nil {
                    keys.append(AccountKey(domain: domain, localPart: localPart))
                }
            }
        }
        return keys.sorted { ($0.domain, $0.localPart) < ($1.domain, $1.localPart) }
    }

    /// Closes the account and moves its folder into `trash` (a folder on the same file system), as `<address>-<seconds>`.
    ///
    /// - Returns: the folder's path there.
    @discardableResult
    package func retire(_ key: AccountKey, to trash: String) async throws(StoreError) -> String {
        let path = try path(of: key)
        if let account = open.removeValue(forKey: key)?.account { await account.close() }
        try Folder.make(trash)
        let target = "\(trash)/\(key.localPart)@\(key.domain)-\(UnixTime.now.milliseconds)"
        try DiskFile.move(path, to: target)
        try Folder.sync(trash)
        try Folder.sync(Folder.parent(of: path))
        return target
    }

    /// Closes the account if it is open: its folder was, or is going to be, moved away by somebody else.
    package func close(_ key: AccountKey) async {
        await open.removeValue(forKey: key)?.account?.close()
    }

    /// Closes all. What was promised is on disk already; this ends background work.
    package func shutdown() async {
        let accounts = open.values.compactMap(\.account)
        open = [:]
        for account in accounts { await account.close() }
    }

    /// Lets go of the account that was idle longest. Somebody may still hold it: then it stays the account of its folder.
    private func makeRoom() {
        open = open.filter { $0.value.account != nil }
        while open.values.count(where: { $0.kept != nil }) > capacity,
            let oldest = open.filter({ $0.value.kept != nil }).min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            open[oldest.key]!.kept = nil
            if open[oldest.key]!.account == nil { open[oldest.key] = nil }
        }
    }
}

extension MailAccount {
    /// For who asks for the account again and again: looks at the folders' times at most once a second.
    func refreshIfOld() {
        if isRefreshDue { try? refresh() }
    }

    /// Known without waiting for the writer.
    nonisolated var isRefreshDue: Bool {
        UnixTime.now.milliseconds - lastRefresh.load(ordering: .relaxed) > 1000
    }
}
