import Formats

/// The living inbox that a newcomer finds: the same for everybody, dated relative to the day it is made.
enum DemoContent {
    /// Everything that lies in `person`'s folders, oldest first. `now` is in Unix seconds.
    static func messages(for person: DemoPerson, now: Int64) throws(ParseError) -> [DemoMessage] {
        let items =
            DemoConversations.items(now: now)
            + DemoInvitations.items(now: now)
            + DemoNewsletter.all.flatMap { $0.issues(now: now) }
            + DemoNotices.items(for: person, now: now)
            + DemoJunk.items(for: person, now: now)
            + DemoDrafts.items(for: person, now: now)
        var messages: [DemoMessage] = []
        for item in items {
            if let message = try file(item, for: person, now: now) { messages.append(message) }
        }
        return messages.sorted { $0.receivedAt < $1.receivedAt }
    }

    /// The copy of `item` in `person`'s account, if there is one.
    private static func file(_ item: DemoItem, for person: DemoPerson, now: Int64) throws(ParseError) -> DemoMessage? {
        let letter = item.letter
        if letter.from.address == person.address {
            let isDraft = item.shelf == .drafts
            return try message(
                letter, in: isDraft ? .drafts : .sent, keywords: isDraft ? ["$seen", "$draft"] : ["$seen"])
        }
        let isAddressed = (letter.to + letter.cc).contains { $0.address == person.address }
        guard isAddressed || item.readers.contains(person) else { return nil }

        let age = (now - letter.sentAt) / 86_400
        var keywords: Set<String> = []
        if !item.isUnread && age >= item.unreadDays { keywords.insert("$seen") }
        if item.isStarred { keywords.insert("$flagged") }
        if item.answeredBy.contains(person) { keywords.formUnion(["$answered", "$seen"]) }
        return try message(letter, in: age < item.freshDays ? .inbox : item.shelf, keywords: keywords)
    }

    private static func message(_ letter: DemoLetter, in folder: DemoFolder, keywords: Set<String>) throws(ParseError) -> DemoMessage {
        DemoMessage(folder: folder, bytes: try letter.bytes(), keywords: keywords, receivedAt: letter.sentAt)
    }
}
