/// The form in which the demo's conversations are written.
///
/// - `= Subject` begins a conversation; `@ Folder/Sub` is where it is filed when it is old, `@@ name` its mailing list.
/// - `~ from > to, to; cc | 12d 09:14 | plan.pdf, html, star, unread` begins a letter: who, when (days ago and an hour, or
///   `3h`, `40m` ago), then attachments by file name and marks. All lines up to the next mark are its text.
enum DemoScript {
    /// The letters of `script` as they stand at `now` (Unix seconds).
    static func items(of script: String, named series: String, now: Int64) -> [DemoItem] {
        var items: [DemoItem] = []
        var topic = Topic()
        var body: [Substring] = []
        var head: Substring?

        func closeLetter() {
            guard let opened = head else { return }
            let item = letter(opened, body: body, topic: topic, id: "\(series).\(items.count + 1)", now: now)
            markAnswer(item, in: &items, since: topic.firstIndex)
            topic.messageIDs.append(item.letter.messageID)
            items.append(item)
            head = nil
            body = []
        }

        for line in script.split(separator: "\n" as Character, omittingEmptySubsequences: false) {
            if line.hasPrefix("= ") {
                closeLetter()
                topic = Topic(subject: String(line.dropFirst(2)), firstIndex: items.count)
            } else if line.hasPrefix("@@ ") {
                topic.list = String(line.dropFirst(3))
            } else if line.hasPrefix("@ ") {
                topic.shelf = .named(String(line.dropFirst(2)))
            } else if line.hasPrefix("~ ") {
                closeLetter()
                head = line.dropFirst(2)
            } else if head != nil {
                body.append(line)
            }
        }
        closeLetter()
        return items
    }

    /// Unix seconds of `12d 09:14`, `3h` or `40m` before `now`.
    static func moment(_ text: String, before now: Int64) -> Int64 {
        let words = text.split(separator: " " as Character)
        guard let first = words.first, let unit = first.last, let amount = Int64(first.dropLast()) else {
            preconditionFailure("The demo's script has no such time: \(text)")
        }
        switch unit {
        case "m": return now - amount * 60
        case "h": return now - amount * 3_600
        default:
            let clock = words.dropFirst().first?.split(separator: ":" as Character).compactMap { Int64($0) } ?? []
            let seconds = clock.count == 2 ? clock[0] * 3_600 + clock[1] * 60 : 12 * 3_600
            let midnight = now - now % 86_400
            let moment = midnight - amount * 86_400 + seconds
            // What would come later today came yesterday.
            return moment < now ? moment : moment - 86_400
        }
    }

    private struct Topic {
        var subject = ""
        var shelf = DemoFolder.archive
        var list: String?
        var firstIndex = 0
        var messageIDs: [String] = []
    }

    private static func letter(
        _ head: Substring, body: [Substring], topic: Topic, id: String, now: Int64
    ) -> DemoItem {
        let columns = head.split(separator: "|" as Character, omittingEmptySubsequences: false).map(trimmed)
        let parties = columns[0].split(separator: ">" as Character).map(trimmed)
        guard columns.count >= 2, parties.count == 2 else {
            preconditionFailure("The demo's script has a head it cannot read: \(head)")
        }
        let rows = parties[1].split(separator: ";" as Character).map { $0.split(separator: "," as Character).map(trimmed) }
        let words = columns.dropFirst(2).flatMap { $0.split(separator: "," as Character).map(trimmed) }.filter { !$0.isEmpty }
        let marks: Set<String> = ["html", "star", "unread"]
        let recipients = rows.flatMap { $0 }

        var letter = DemoLetter(
            id: id, from: party(parties[0]), to: rows[0].map(party), cc: rows.count > 1 ? rows[1].map(party) : [],
            subject: topic.messageIDs.isEmpty ? topic.subject : "Re: \(topic.subject)",
            body: .prose(body.joined(separator: "\n"), rich: words.contains("html")),
            sentAt: moment(columns[1], before: now), references: topic.messageIDs,
            attachments: words.filter { !marks.contains($0) }.map { DemoAttachment.named($0) })
        if let list = topic.list {
            letter.subject = topic.messageIDs.isEmpty ? "[\(list)] \(topic.subject)" : "Re: [\(list)] \(topic.subject)"
            letter.fields = [
                ("List-Id", "<\(list).lists.example>"),
                ("List-Post", "<mailto:\(list)@lists.example>"),
                ("List-Unsubscribe", "<https://lists.example/\(list)/leave>"),
                ("Precedence", "list"),
            ]
        }
        var item = DemoItem(letter: letter, shelf: topic.list.map { .named("Lists/\(capitalised($0))") } ?? topic.shelf)
        if topic.list != nil { item.freshDays = 2 }
        item.isUnread = words.contains("unread")
        item.isStarred = words.contains("star")
        item.readers = Set(recipients.flatMap { DemoCast.subscribers[$0] ?? [] })
        return item
    }

    /// An own answer marks the latest letter by somebody else in the conversation.
    private static func markAnswer(_ item: DemoItem, in items: inout [DemoItem], since first: Int) {
        guard let author = DemoPerson.allCases.first(where: { $0.address == item.letter.from.address }) else { return }
        guard let last = items.indices.last(where: { $0 >= first && items[$0].letter.from != item.letter.from }) else {
            return
        }
        items[last].answeredBy.insert(author)
    }

    private static func party(_ name: String) -> DemoLetter.Party {
        let person = DemoCast.person(name)
        return DemoLetter.Party(name: person.name, address: person.address)
    }

    private static func trimmed(_ text: Substring) -> String {
        var rest = text
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }

    private static func capitalised(_ text: String) -> String {
        let words = text.split(separator: "-" as Character).joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}

/// The scripts; each is one file.
enum DemoConversations {
    static func items(now: Int64) -> [DemoItem] {
        DemoScript.items(of: work, named: "work", now: now)
            + DemoScript.items(of: life, named: "life", now: now)
            + DemoScript.items(of: world, named: "world", now: now)
            + DemoScript.items(of: lists, named: "lists", now: now)
    }
}
