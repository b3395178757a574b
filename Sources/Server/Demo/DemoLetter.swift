/// One message before it becomes bytes, and before anybody has filed it.
struct DemoLetter: Sendable {
    struct Party: Sendable, Hashable {
        let name: String
        let address: String
    }

    enum Body: Sendable {
        /// Paragraphs as the scripts write them; `rich` adds an HTML alternative of them.
        case prose(String, rich: Bool)
        /// A designed page with its text twin.
        case page(html: String, text: String)
    }

    /// Unique among the demo's letters, and the left side of the Message-ID.
    let id: String
    var from: Party
    var to: [Party]
    var cc: [Party] = []
    var subject: String
    var body: Body
    /// Unix seconds.
    var sentAt: Int64
    /// Message-IDs of the letters before this one in its conversation, oldest first.
    var references: [String] = []
    var attachments: [DemoAttachment] = []
    /// Extra header fields, in order.
    var fields: [(name: String, value: String)] = []

    var messageID: String {
        let host = from.address.split(separator: "@" as Character).last.map { String($0) } ?? DemoPerson.domain
        return "\(id)@\(host)"
    }
}

/// A letter and how the demo's people keep it.
struct DemoItem: Sendable {
    var letter: DemoLetter
    /// Where recipients file it once it is no longer fresh.
    var shelf: DemoFolder = .archive
    /// Demo people who received it without being named in To or Cc.
    var readers: Set<DemoPerson> = []
    var isUnread = false
    /// Unread while it is younger than this.
    var unreadDays: Int64 = 0
    var isStarred = false
    /// Somebody answered it later in the conversation.
    var answeredBy: Set<DemoPerson> = []
    /// How long it stays in the inbox before it is filed; 0 for what never gets there.
    var freshDays: Int64 = 14
}
