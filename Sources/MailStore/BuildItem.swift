import Disk
import Dispatch
import Synchronization

/// A file that waits to be indexed.
struct BuildItem: Sendable {
    let mailbox: Int64
    let key: Int64
    /// The path of its mailbox's folder.
    let folder: String
    /// `cur/…` or `new/…`.
    let file: String
    let thread: Int64?
    let flags: EmailFlags
    var received: Int64
    var size: Int
    /// The number kept free for it, when a whole index is built; nil takes the next.
    var number: Int64?

    var path: String { folder + "/" + file }
}

/// A file that was read for the index.
struct BuiltItem: Sendable {
    let item: BuildItem
    let digest: MessageDigest
}

extension BuildItem {
    /// Time and size of each of the files, on all cores; nil for what is gone.
    static func measured(_ files: [FolderScan.Found], in folder: String) -> [(received: Int64, size: Int)?] {
        parallel(files.count) { range, add in
            guard let cur = OpenFolder(path: folder + "/cur"), let new = OpenFolder(path: folder + "/new") else { return }
            for file in files[range] {
                let status = (file.isNew ? new : cur).status(file.name.full)
                add(status.map { ($0.modified / 1_000_000, $0.size) })
            }
        }
    }

    /// Reads and parses each on all cores; what is gone is left out.
    static func parsed(_ items: [BuildItem]) -> [BuiltItem] {
        parallel(items.count) { range, add in
            for var item in items[range] {
                guard let file = try? OpenFile(path: item.path), let bytes = try? file.read(count: MessageDigest.limit) else { continue }
                item.received = file.modified / 1_000_000
                item.size = file.size
                add(BuiltItem(item: item, digest: MessageDigest(parsing: bytes)))
            }
        }
    }

    /// What `work` adds for stripes of `0..<count`, in order.
    private static func parallel<Result: Sendable>(
        _ count: Int, _ work: @Sendable (Range<Int>, (Result) -> Void) -> Void
    ) -> [Result] {
        let stripe = max(8, min(512, count / 8))
        let stripes = (count + stripe - 1) / stripe
        let results = Mutex<[[Result]]>(Array(repeating: [], count: stripes))
        DispatchQueue.concurrentPerform(iterations: stripes) { index in
            var done: [Result] = []
            done.reserveCapacity(stripe)
            work((index * stripe)..<min(count, (index + 1) * stripe)) { done.append($0) }
            results.withLock { [done] in $0[index] = done }
        }
        return results.withLock { $0.flatMap(\.self) }
    }
}

/// Reads and parses files on other threads, while the writer is busy with those before.
final class ParsingAhead: Sendable {
    private let items: [BuildItem]
    private let group = DispatchGroup()
    private let built = Mutex<[BuiltItem]>([])

    init(_ items: [BuildItem]) {
        self.items = items
        DispatchQueue.global().async(group: group) { [self] in
            let parsed = BuildItem.parsed(items)
            built.withLock { $0 = parsed }
        }
    }

    /// The parsed items, when they are those `wanted`; waits for them.
    func finish(_ wanted: ArraySlice<BuildItem>) -> [BuiltItem]? {
        group.wait()
        guard wanted.elementsEqual(items, by: { $0.key == $1.key && $0.file == $1.file && $0.mailbox == $1.mailbox }) else { return nil }
        return built.withLock(\.self)
    }
}
