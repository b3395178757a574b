package import Disk
import GRDB

extension MailAccount {
    /// Messages of the newest that are indexed before an account without index is first read.
    private static let firstChunk = 600
    /// Messages of one step in the background: some tenths of a second.
    private static let chunk = 500

    /// Makes the index anew from the files, with the same ids and a new epoch.
    package func rebuild() throws(StoreError) {
        try beginBuild(afresh: true)
        while !unbuilt.isEmpty { try continueBuild() }
        try indexTexts(limit: .max)
        publish()
    }

    /// Lists every folder, numbers all messages by age, and indexes the newest; the others wait in `unbuilt`.
    ///
    /// - Parameter afresh: empties the index first; who else has it open never sees it empty, and so does not begin to fill it.
    func beginBuild(afresh: Bool = false) throws(StoreError) {
        let isRebuild = DiskFile.exists(path + "/" + Sidecars.threads)
        var items: [BuildItem] = []
        try writeQuietly(isLogging: false, afresh: afresh) { transaction in
            _ = try takeOverFolders(transaction)
            try takeOverRecords(transaction)
            var book = KeywordBook(maildir: maildir, sidecars: sidecars)
            for mailbox in try MailboxRow.all(transaction.db) {
                items += try survey(mailbox, &book, transaction)
            }
            try IndexTransaction.set("root", Reconciliation.rootStamp(maildir), transaction.db)
            items = unique(items)
            for index in items.indices { items[index].number = Int64(index + 1) }
            try transaction.db.execute(
                sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('emails', ?)", arguments: [items.count])
        }
        pendingTexts = [:]
        pendingTextSize = 0
        unbuilt = items
        buildThreads = try ThreadBook(sidecars, isRebuild: isRebuild)
        try continueBuild(count: MailAccount.firstChunk, withText: false)
    }

    /// One folder's files with their times; the folder's own times are taken before.
    private func survey(
        _ mailbox: MailboxRow, _ book: inout KeywordBook, _ transaction: IndexTransaction
    ) throws -> [BuildItem] {
        let path = maildir.path(of: mailbox.folder)
        let keywordsStamp = Reconciliation.keywordsStamp(path)
        let scan = try FolderScan(path)
        var items: [BuildItem] = []
        items.reserveCapacity(scan.messages.count)
        for (key, found) in scan.messages {
            items.append(
                BuildItem(
                    mailbox: mailbox.number, key: key, path: path + "/" + found.file, file: found.file,
                    thread: found.name.thread, flags: try book.flags(of: found.name, folder: mailbox.folder, email: key),
                    received: 0, size: 0))
        }
        // A folder with doubles looks changed, so that the reconcile at the end gives them names of their own.
        let isClean = scan.doubles.isEmpty
        try transaction.db.execute(
            sql: "UPDATE mailboxes SET cur_stamp = ?, new_stamp = ?, keywords_stamp = ? WHERE number = ?",
            arguments: [isClean ? scan.curStamp : 0, isClean ? scan.newStamp : 0, keywordsStamp, mailbox.number])
        return BuildItem.measured(items)
    }

    /// Oldest received first; of files in two folders under one unique name only one, the others are left to reconcile.
    private func unique(_ items: [BuildItem]) -> [BuildItem] {
        var keys = Set<Int64>(minimumCapacity: items.count)
        return items.sorted { ($0.received, $0.file) < ($1.received, $1.file) }.filter { keys.insert($0.key).inserted }
    }

    /// Indexes the newest of what waits; ends the build with the last.
    func continueBuild(count: Int = MailAccount.chunk, withText: Bool = true) throws(StoreError) {
        let isBuild = buildThreads != nil
        var threads: ThreadBook
        if let kept = buildThreads { threads = kept } else { threads = try ThreadBook(sidecars) }
        let built = BuildItem.parsed(unbuilt.suffix(count))
        var texts: [(Int64, SearchDocument)] = []
        func insert(_ transaction: IndexTransaction) throws {
            for item in built {
                guard let number = try transaction.insert(item, threads: &threads, withText: withText) else { continue }
                if !withText { texts.append((number, item.digest.document)) }
            }
            if !isBuild { try threads.save() }
        }
        try writeQuietly(isLogging: !isBuild) { try insert($0) }
        unbuilt.removeLast(min(count, unbuilt.count))
        for (number, document) in texts { keepText(document, number) }
        if isBuild { buildThreads = threads }
        if unbuilt.isEmpty { try endBuild() } else if !isBuild { publish() }
    }

    private func endBuild() throws(StoreError) {
        if var threads = buildThreads {
            try threads.save()
            buildThreads = nil
            // Readers of before saw a part: their states are of another epoch now.
            try writeQuietly(isLogging: false) { transaction in
                try IndexTransaction.set("isComplete", "yes", transaction.db)
                try IndexTransaction.set("epoch", MailIndex.newEpoch(), transaction.db)
            }
            publish()
        }
        try refresh()
    }

    // MARK: Background

    /// Sees to it that what is left to do is done, a step at a time, and that writers get their turn between.
    func scheduleBackground() {
        guard background == nil, !isClosed else { return }
        background = Task { [weak self] in
            while !Task.isCancelled, let pause = await self?.backgroundStep() {
                if pause > .zero { try? await Task.sleep(for: pause) }
            }
        }
    }

    /// Does one step; says how long to wait before the next, or nil when nothing is left.
    private func backgroundStep() -> Duration? {
        guard !isClosed else { return nil }
        do throws(StoreError) {
            if !unbuilt.isEmpty {
                try continueBuild()
                return .zero
            }
            let now = UnixTime.now
            if now.milliseconds - lastTextChange.milliseconds < 400, pendingTexts.count < 200 { return .milliseconds(400) }
            if try indexTexts(limit: 256) > 0 { return .zero }
            if try compactTextsIfWorthwhile() { return .zero }
        } catch {
            // The disk is full or gone: what is left is found again at the next open.
            background = nil
            return nil
        }
        background = nil
        return nil
    }
}
