import Disk
import GRDB

/// The directories that one transaction changes: synced once each, and their times recorded, so that our own change is not
/// taken for a foreign one, and a foreign one from before is still noticed.
struct TouchedDirectories {
    private struct Touched {
        let mailbox: Int64
        let column: String
        let wasKnown: Bool
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
        guard touched[path] == nil else { return }
        let stamp = directory == "cur" ? mailbox.curStamp : mailbox.newStamp
        let wasKnown = stamp != 0 && Folder.modified(path) == stamp
        touched[path] = Touched(
            mailbox: mailbox.number, column: directory == "cur" ? "cur_stamp" : "new_stamp", wasKnown: wasKnown)
        order.append(path)
    }

    /// Makes the changes durable, those of `first`-named directories in the order they were touched.
    func sync() throws {
        for path in order {
            try Folder.sync(path)
            let item = touched[path]!
            guard item.wasKnown, let stamp = Folder.modified(path) else { continue }
            try db.cachedStatement(sql: "UPDATE mailboxes SET \(item.column) = ? WHERE number = ?")
                .execute(arguments: [stamp, item.mailbox])
        }
    }
}
