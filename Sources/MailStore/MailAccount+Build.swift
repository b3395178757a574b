package import Disk
import GRDB
import Synchronization

extension MailAccount {
    /// Messages of the newest that are indexed before an account without index is first read.
    private static let firstChunk = 300
    /// Messages of one step in the background, and octets of them: some tenths of a second. Each becomes a segment of the
    /// full-text table, so that few and large ones are better.
    private static let chunk = 1000
    private static let chunkSize = 16 << 20

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
            try IndexSchema.setMerging(transaction.db, isBuilding: true)
            try transaction.db.execute(
                sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('emails', ?)", arguments: [items.count])
        }
        pendingTexts = [:]
        pendingTextSize = 0
        unbuilt = items
        parsing = nil
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
        let found = Array(scan.messages)
        let measures = BuildItem.measured(found.map(\.value), in: path)
        guard measures.count == found.count else { throw StoreError.unavailable(reason: "folder vanished: \(path)") }
        var items: [BuildItem] = []
        items.reserveCapacity(found.count)
        for ((key, found), measure) in zip(found, measures) {
            guard let measure else { continue }
            items.append(
                BuildItem(
                    mailbox: mailbox.number, key: key, folder: path, file: found.file,
                    thread: found.name.thread, flags: try book.flags(of: found.name, folder: mailbox.folder, email: key),
                    received: measure.received, size: measure.size))
        }
        // A folder with doubles looks changed, so that the reconcile at the end gives them names of their own.
        let isClean = scan.doubles.isEmpty
        try transaction.db.execute(
            sql: "UPDATE mailboxes SET cur_stamp = ?, new_stamp = ?, keywords_stamp = ? WHERE number = ?",
            arguments: [isClean ? scan.curStamp : 0, isClean ? scan.newStamp : 0, keywordsStamp, mailbox.number])
        return items
    }

    /// Oldest received first; of files in two folders under one unique name only one, the others are left to reconcile.
    private func unique(_ items: [BuildItem]) -> [BuildItem] {
        var keys = Set<Int64>(minimumCapacity: items.count)
        // Small things are sorted, not the items.
        var order = items.indices.map { (received: items[$0].received, place: $0) }
        order.sort { $0.received != $1.received ? $0.received < $1.received : items[$0.place].file < items[$1.place].file }
        return order.compactMap { keys.insert(items[$0.place].key).inserted ? items[$0.place] : nil }
    }

    /// Indexes the newest of what waits; ends the build with the last.
    func continueBuild(count: Int = MailAccount.chunk, withText: Bool = true) throws(StoreError) {
        let isBuild = buildThreads != nil
        lastRefresh.store(UnixTime.now.milliseconds, ordering: .relaxed)
        var threads: ThreadBook
        if let kept = buildThreads { threads = kept } else { threads = try ThreadBook(sidecars) }
        let items = MailAccount.chunk(of: unbuilt[...], count: count)
        let built = parsing?.finish(items) ?? BuildItem.parsed(Array(items))
        let next = MailAccount.chunk(of: unbuilt.dropLast(items.count), count: MailAccount.chunk)
        parsing = next.isEmpty || !withText ? nil : ParsingAhead(Array(next))
        var texts: [(Int64, SearchDocument)] = []
        func insert(_ transaction: IndexTransaction) throws {
            for item in built {
                guard let number = try transaction.insert(item, threads: &threads, withText: withText) else { continue }
                if !withText { texts.append((number, item.digest.document)) }
            }
            if !isBuild { try threads.save() }
        }
        try writeQuietly(isLogging: !isBuild) { try insert($0) }
        unbuilt.removeLast(items.count)
        for (number, document) in texts { keepText(document, number) }
        if isBuild { buildThreads = threads }
        if unbuilt.isEmpty { try endBuild() } else if !isBuild { publish() }
    }

    /// The newest of what waits: at most `count`, and not much more than `chunkSize` octets to read.
    private static func chunk(of waiting: ArraySlice<BuildItem>, count: Int) -> ArraySlice<BuildItem> {
        var size = 0
        var start = waiting.endIndex
        while start > waiting.startIndex, waiting.endIndex - start < count, size < chunkSize {
            start -= 1
            size += min(waiting[start].size, MessageDigest.limit)
        }
        return waiting[start...]
    }

    private func endBuild() throws(StoreError) {
        if var threads = buildThreads {
            try threads.save()
            buildThreads = nil
            // Readers of before saw a part: their states are of another epoch now.
            try writeQuietly(isLogging: false) { transaction in
                try IndexSchema.setMerging(transaction.db, isBuilding: false)
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
