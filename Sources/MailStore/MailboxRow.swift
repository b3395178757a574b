import Disk
import GRDB

/// A row of `mailboxes` without its counts, as writers handle it.
struct MailboxRow {
    let number: Int64
    let id: MailboxID
    let folder: FolderName
    let name: String
    let parent: MailboxID?
    let role: MailboxRole?
    let sortOrder: Int
    let isSubscribed: Bool
    let total: Int
    let curStamp: Int64
    let newStamp: Int64
    let keywordsStamp: Int64

    static let columns = """
        number, id, folder, name, parent, role, sort_order, subscribed, total, cur_stamp, new_stamp, keywords_stamp
        """

    init(_ row: Row) {
        number = row[0]
        id = MailboxID(rawValue: row[1])
        folder = FolderName(raw: row[2])
        name = row[3]
        parent = (row[4] as String?).map(MailboxID.init(rawValue:))
        role = (row[5] as String?).flatMap(MailboxRole.init(rawValue:))
        sortOrder = row[6]
        isSubscribed = row[7]
        total = row[8]
        curStamp = row[9]
        newStamp = row[10]
        keywordsStamp = row[11]
    }

    static func all(_ db: Database) throws -> [MailboxRow] {
        try Row.fetchAll(db.cachedStatement(sql: "SELECT \(columns) FROM mailboxes ORDER BY folder")).map(MailboxRow.init)
    }

    static func find(_ id: MailboxID, _ db: Database) throws -> MailboxRow? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT \(columns) FROM mailboxes WHERE id = ?"), arguments: [id.rawValue]
        ).map(MailboxRow.init)
    }

    static func find(number: Int64, _ db: Database) throws -> MailboxRow? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT \(columns) FROM mailboxes WHERE number = ?"), arguments: [number]
        ).map(MailboxRow.init)
    }

    /// The mailbox a delivery means; for a role that nobody has, the inbox.
    static func find(_ target: DeliveryTarget, _ db: Database) throws -> MailboxRow? {
        switch target {
        case .mailbox(let id):
            return try find(id, db)
        case .role(let role):
            let statement = try db.cachedStatement(
                sql: """
                    SELECT \(columns) FROM mailboxes WHERE role = ? OR folder = '' ORDER BY role = ? DESC LIMIT 1
                    """)
            return try Row.fetchOne(statement, arguments: [role.rawValue, role.rawValue]).map(MailboxRow.init)
        }
    }
}
