import Disk
import GRDB

/// The directories that one transaction changes: synced once each, and their times recorded, so that our own change is not
/// taken for a foreign one, and a foreign one from before is still noticed.
struct TouchedDirectories {
    private struct Touched {
        let mailbox: Int64
        let column: String
        /// Whether the index knows all that is there but for our own changes.
        var isKnown: Bool
        /// When the directory was last changed, as of our last look: right before or right after a change of our own.
        var time: Int64?
    }

    private let db: Database
    private let maildir: Maildir
    private var touched: [String: Touched] = [:]
    private var order: [String] = []

    init(_ db: Database, _ maildir: Maildir) {
        self.db = db
        self.maildir = maildir
    }

    /// Call before a name is added to, changed in or removed from the directory of `file` ("cur/…" or "new/…").
    mutating func willChange(_ mailbox: MailboxRow, _ file: String) {
        let directory = String(file.prefix(3))
        let path = maildir.path(of: mailbox.folder) + "/" + directory
        let time = Folder.modified(path)
        if let known = touched[path] {
            // Somebody else's change between two of ours.
            if known.time != time { touched[path]!.isKnown = false }
            return
        }
        let stamp = directory == "cur" ? mailbox.curStamp : mailbox.newStamp
        touched[path] = Touched(
            mailbox: mailbox.number, column: directory == "cur" ? "cur_stamp" : "new_stamp", isKnown: stamp != 0 && time == stamp,
            time: time)
        order.append(path)
    }

    /// Call right after the change: what comes later is somebody else's.
    mutating func didChange(_ mailbox: MailboxRow, _ file: String) {
        let path = "\(maildir.path(of: mailbox.folder))/\(file.prefix(3))"
        touched[path]?.time = Folder.modified(path)
    }

    /// Makes the changes durable, those of `first`-named directories in the order they were touched.
    func sync() throws {
        for path in order {
            try Folder.sync(path)
            let item = touched[path]!
            guard item.isKnown, let stamp = item.time else { continue }
            try db.cachedStatement(sql: "UPDATE mailboxes SET \(item.column) = ? WHERE number = ?")
                .execute(arguments: [stamp, item.mailbox])
        }
    }
}
