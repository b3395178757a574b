/// A folder that demo mail is filed in; `role` is nil for a folder of the person's own making.
struct DemoFolder: Hashable, Sendable {
    /// Names from the top, e.g. `["Projects", "Garden house"]`.
    let path: [String]
    /// The special use of RFC 8621 §2 (`inbox`, `sent`, …) where the folder has one.
    let role: String?

    static let inbox = DemoFolder(path: ["Inbox"], role: "inbox")
    static let sent = DemoFolder(path: ["Sent"], role: "sent")
    static let drafts = DemoFolder(path: ["Drafts"], role: "drafts")
    static let archive = DemoFolder(path: ["Archive"], role: "archive")
    static let junk = DemoFolder(path: ["Junk"], role: "junk")
    static let trash = DemoFolder(path: ["Trash"], role: "trash")

    /// A folder by its path as the scripts write it: `Projects/Garden house`.
    static func named(_ path: String) -> DemoFolder {
        DemoFolder(path: path.split(separator: "/" as Character).map { String($0) }, role: nil)
    }
}

/// One message as it is to lie in a demo person's folder.
struct DemoMessage: Sendable {
    let folder: DemoFolder
    let bytes: [UInt8]
    /// JMAP keywords: `$seen`, `$flagged`, `$answered`, `$draft`, `$forwarded`.
    let keywords: Set<String>
    /// Unix seconds.
    let receivedAt: Int64
}
