import Disk
import Dispatch
import Synchronization

/// A file that waits to be indexed.
struct BuildItem: Sendable {
    let mailbox: Int64
    let key: Int64
    /// The file's whole path.
    let path: String
    /// `cur/…` or `new/…`.
    let file: String
    let thread: Int64?
    let flags: EmailFlags
    var received: Int64
    var size: Int
    /// The number kept free for it, when a whole index is built; nil takes the next.
    var number: Int64?
}

/// A file that was read for the index.
struct BuiltItem: Sendable {
    let item: BuildItem
    let digest: MessageDigest
}

extension BuildItem {
    /// Reads time and size of each on all cores; what is gone is left out.
    static func measured(_ items: [BuildItem]) -> [BuildItem] {
        parallel(items) { item in
            guard let status = DiskFile.status(item.path) else { return nil }
            var item = item
            item.received = status.modified / 1_000_000
            item.size = status.size
            return item
        }
    }

    /// Reads and parses each on all cores; what is gone is left out.
    static func parsed(_ items: [BuildItem]) -> [BuiltItem] {
        parallel(items) { item in
            guard let file = try? OpenFile(path: item.path), let bytes = try? file.read(count: MessageDigest.limit) else { return nil }
            var item = item
            item.received = file.modified / 1_000_000
            item.size = file.size
            return BuiltItem(item: item, digest: MessageDigest(parsing: bytes))
        }
    }

    private static func parallel<Result: Sendable>(
        _ items: [BuildItem], _ work: @Sendable (BuildItem) -> Result?
    ) -> [Result] {
        guard items.count > 8 else { return items.compactMap(work) }
        let stripe = max(8, min(512, items.count / 8))
        let count = (items.count + stripe - 1) / stripe
        let results = Mutex<[[Result]]>(Array(repeating: [], count: count))
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let done = items[(index * stripe)..<min(items.count, (index + 1) * stripe)].compactMap(work)
            results.withLock { $0[index] = done }
        }
        return results.withLock { $0.flatMap(\.self) }
    }
}
