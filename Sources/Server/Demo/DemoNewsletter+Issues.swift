extension DemoNewsletter {
    /// The issues of the last months, oldest first; two or three pieces each.
    func issues(now: Int64) -> [DemoItem] {
        let count = min(90 / everyDays, pieces.count)
        return (0..<count).map { index in
            // Offset by the title's length, so that not all come on the same day.
            let daysAgo = (count - 1 - index) * everyDays + title.utf8.count % 3
            return issue(number: index, sentAt: DemoScript.moment("\(daysAgo)d \(hour):\(10 + index % 40)", before: now))
        }
    }

    private func issue(number: Int, sentAt: Int64) -> DemoItem {
        let length = 2 + number % 2
        // Each piece leads once, and comes back further down in another issue.
        let chosen = (0..<length).map { pieces[(number + $0 * 5) % pieces.count] }
        let address = "https://\(host)/\(number + 101)"
        let hasInlinePicture = number % 3 == 1
        let picture = "hero-\(host)-\(number)"
        let source = hasInlinePicture ? "cid:hero@\(host)" : "https://images.\(host)/\(number + 101)/hero.jpg"
        let rows = [DemoPage.picture(source, alt: chosen[0].headline)]
            + chosen.enumerated().map { index, piece in
                DemoPage.piece(headline: piece.headline, text: piece.text, link: "\(address)/\(index + 1)", dark: dark)
            }
        let pixel = "<img src=\"https://count.\(host)/open?issue=\(number + 101)\" width=\"1\" height=\"1\" alt=\"\">"
        let foot = "You receive \(title) because you asked for it. <a href=\"\(address)/leave\" style=\"color:#595959\">Leave</a> · <a href=\"\(address)\" style=\"color:#595959\">Read in the browser</a>\(pixel)"

        var letter = DemoLetter(
            id: "issue.\(number + 101)", from: .init(name: title, address: "\(sender)@\(host)"),
            to: [.init(name: "", address: "readers@\(host)")], subject: chosen[0].headline,
            body: .page(
                html: DemoPage.card(
                    title: title, tagline: tagline, dark: dark, light: light, content: rows.joined(separator: "\n"),
                    foot: foot),
                text: text(of: chosen, at: address)),
            sentAt: sentAt)
        letter.fields = [
            ("List-Id", "\(title) <news.\(host)>"),
            ("List-Unsubscribe", "<\(address)/leave>, <mailto:leave@\(host)>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ]
        if hasInlinePicture {
            letter.attachments = [
                DemoAttachment(name: "\(picture).png", type: "image/png", content: .picture, contentID: "hero@\(host)")
            ]
        }
        var item = DemoItem(letter: letter, shelf: .named("Newsletters"), readers: Set(readers))
        item.freshDays = 9
        item.unreadDays = 3
        return item
    }

    private func text(of chosen: [(headline: String, text: String)], at address: String) -> String {
        let pieces = chosen.map { "\($0.headline.uppercased())\n\n\($0.text)" }
        return "\(title)\n\(tagline)\n\n" + pieces.joined(separator: "\n\n* * *\n\n") + "\n\nRead in the browser: \(address)\nLeave: \(address)/leave\n"
    }
}
