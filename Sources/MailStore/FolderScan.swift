import Disk
import Glibc

/// What one folder's `new` and `cur` hold, and when they were looked at.
struct FolderScan {
    struct Found {
        let name: MaildirName
        let isNew: Bool

        /// `cur/…` or `new/…`.
        var file: String { (isNew ? "new/" : "cur/") + name.full }
    }

    /// By the number behind the email's id. Hidden (`T`) messages are left out.
    private(set) var messages: [Int64: Found] = [:]
    /// Files whose id another file of this folder has already.
    private(set) var doubles: [Found] = []
    let curStamp: Int64
    let newStamp: Int64

    /// Lists both directories; again, when they change meanwhile, since a listing may miss what is renamed under it.
    init(_ path: String) throws(StoreError) {
        var attempts = 0
        while true {
            FolderScan.waitUntilSettled(path)
            let cur = Folder.modified(path + "/cur") ?? 0
            let new = Folder.modified(path + "/new") ?? 0
            // `new` first: messages go from new to cur, so that one on its way is seen twice rather than not at all.
            var found: [Found] = []
            for (isNew, names) in [(true, try FolderScan.names(path + "/new")), (false, try FolderScan.names(path + "/cur"))] {
                found.reserveCapacity(found.count + names.count)
                for name in names {
                    guard let parsed = MaildirName(name), !parsed.isDeleted else { continue }
                    found.append(Found(name: parsed, isNew: isNew))
                }
            }
            attempts += 1
            let isStill = Folder.modified(path + "/cur") ?? 0 == cur && Folder.modified(path + "/new") ?? 0 == new
            guard isStill || attempts == 3 else { continue }
            curStamp = isStill ? cur : 0
            newStamp = isStill ? new : 0
            collect(found, in: path)
            return
        }
    }

    private mutating func collect(_ found: [Found], in path: String) {
        messages.reserveCapacity(found.count)
        for item in found {
            let key = item.name.key
            guard let other = messages[key] else {
                messages[key] = item
                continue
            }
            // The same message seen in new and then in cur: the later place counts, if it is gone from the first.
            if !DiskFile.exists(path + "/" + other.file) { messages[key] = item } else { doubles.append(item) }
        }
    }

    private static func names(_ path: String) throws(StoreError) -> [String] {
        do {
            return try Folder.names(path)
        } catch {
            guard error == .notFound else { throw error }
            return []
        }
    }

    /// Two changes within a tick of the kernel's clock bear the same time: a listing proves something only when the tick of the
    /// last change has passed before it begins. Some milliseconds, and only where something just changed.
    private static func waitUntilSettled(_ path: String) {
        let last = max(Folder.modified(path + "/cur") ?? 0, Folder.modified(path + "/new") ?? 0) / 1_000_000
        let age = UnixTime.now.milliseconds - last
        if (0..<tick).contains(age) { usleep(UInt32(tick - age) * 1000) }
    }

    private static let tick: Int64 = 12
}
