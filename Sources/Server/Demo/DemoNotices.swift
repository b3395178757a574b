/// What machines write to people: receipts, parcels, reminders, reviews, reports. Each kind varies by seed.
enum DemoNotices {
    /// The notices that `person` received in the last hundred days.
    static func items(for person: DemoPerson, now: Int64) -> [DemoItem] {
        var random = DemoRandom(seed: "notices of \(person.rawValue)")
        let makers: [(inout DemoRandom, Int) -> Draft] = switch person {
        case .admin: [backup, monitor, backup, review, receipt, monitor, signIn, statement]
        case .alice: [receipt, parcel, task, library, statement, task]
        case .bob: [review, parcel, task, receipt, ticket, review]
        case .carol: [task, receipt, ticket, statement, library, parcel, task]
        }
        let count = person == .admin ? 84 : 58
        return (0..<count).map { index in
            // Denser towards today: squares of the index.
            let daysAgo = (count - index) * (count - index) * 100 / (count * count)
            let draft = makers[index % makers.count](&random, index)
            let clock = "\(random.number(6...20)):\(random.number(10...59))"
            return item(draft, number: index, person: person, sentAt: DemoScript.moment("\(daysAgo)d \(clock)", before: now))
        }
    }

    private struct Draft {
        let sender: DemoLetter.Party
        let subject: String
        let body: DemoLetter.Body
        var shelf = "Receipts"
        var attachments: [DemoAttachment] = []
    }

    private static func item(_ draft: Draft, number: Int, person: DemoPerson, sentAt: Int64) -> DemoItem {
        var letter = DemoLetter(
            id: "notice.\(person.rawValue).\(number)", from: draft.sender,
            to: [.init(name: person.displayName, address: person.address)], subject: draft.subject, body: draft.body,
            sentAt: sentAt, attachments: draft.attachments)
        letter.fields = [("Auto-Submitted", "auto-generated")]
        var item = DemoItem(letter: letter, shelf: number % 19 == 3 ? .trash : .named(draft.shelf))
        item.freshDays = number % 19 == 3 ? 0 : 5
        item.unreadDays = 1
        return item
    }

    private static func receipt(_ random: inout DemoRandom, _ index: Int) -> Draft {
        let shops = [("Nettle & Twine", "nettle-twine.example"), ("Paperhaus", "paperhaus.example"), ("The Tea Drawer", "tea-drawer.example"), ("Good Screws", "good-screws.example")]
        let goods = ["Pruning saw", "Ink, dark green", "Notebook, dotted", "Assam, 250 g", "Brass hinges, pair", "Twine, 100 m", "Drawing pins", "Seed box", "Wool socks", "Pencil, 4B, dozen"]
        let (shop, host) = random.pick(shops)
        let rows = (0..<random.number(1...4)).map { _ in (random.pick(goods), random.number(300...4_800)) }
        let sum = rows.reduce(0) { $0 + $1.1 }
        let number = random.number(20_000...99_999)
        let html = DemoPage.card(
            title: shop, tagline: "Thank you for your order", dark: "#3b3a36", light: "#f2f0ea",
            content: DemoPage.picture("https://\(host)/thanks.jpg", alt: "")
                + DemoPage.bill(rows.map { ($0.0, money($0.1)) }, sum: ("Total, paid by card", money(sum))),
            foot: "Order \(number). Questions? Just answer this message.")
        let text = "Thank you for your order \(number) at \(shop).\n\n" + rows.map { "\($0.0): \(money($0.1))" }.joined(separator: "\n") + "\n\nTotal: \(money(sum))\n"
        return Draft(
            sender: .init(name: shop, address: "orders@\(host)"), subject: "Your order \(number) at \(shop)",
            body: .page(html: html, text: text),
            attachments: index % 2 == 0 ? [.named("receipt-\(number).pdf")] : [])
    }

    private static func parcel(_ random: inout DemoRandom, _ index: Int) -> Draft {
        let number = "SF\(random.number(100_000...999_999))"
        let (subject, text) = random.pick([
            ("Your parcel is on its way", "It left our hall at dawn and travels in good company."),
            ("Your parcel arrives today", "Between two and four, if the bridge is down."),
            ("We missed you", "Nobody opened, so your parcel has tea at the kiosk on the corner. They close at eight."),
            ("Delivered", "Handed over in person, with a nod."),
        ])
        return Draft(
            sender: .init(name: "Swiftfoot Parcels", address: "track@swiftfoot.example"), subject: "\(subject) (\(number))",
            body: .page(
                html: DemoPage.card(
                    title: subject, tagline: "Parcel \(number)", dark: "#b3471d", light: "#fdf0e9",
                    content: DemoPage.piece(headline: "Where is it?", text: text, link: "https://swiftfoot.example/\(number)", dark: "#b3471d"),
                    foot: "Swiftfoot walks, cycles and sometimes runs."),
                text: "\(subject)\n\n\(text)\n\nhttps://swiftfoot.example/\(number)\n"))
    }

    private static func task(_ random: inout DemoRandom, _ index: Int) -> Draft {
        let people = ["Bob Tanaka", "Carol Reyes", "Alice Marlow", "Kaito Mori"]
        let cards = ["Order larch boards", "Ask about the gully", "Reply to the bishop", "Update the planting list", "Book the printer", "Measure the stairs twice", "Find the key of the shed", "Thank the neighbours"]
        let deeds = ["moved “%” to Done", "left a comment on “%”", "assigned “%” to you", "set a date for “%”"]
        let card = random.pick(cards)
        let deed = random.pick(deeds).split(separator: "%" as Character, omittingEmptySubsequences: false).joined(separator: card)
        let remark = random.pick(["“Done, and it was easier than we feared.”", "“See the note on the back of the drawing.”", "“Can we do this before the rain?”", "“I have the tools, you have the ladder.”"])
        return Draft(
            sender: .init(name: "Corkboard", address: "pins@corkboard.example"), subject: "\(random.pick(people)) \(deed)",
            body: .prose("\(remark)\n\nOpen the card: https://corkboard.example/c/\(random.number(1_000...9_999))\n\nYou get this because you are pinned to the board “Studio”.", rich: true),
            shelf: "Notices")
    }

    private static func review(_ random: inout DemoRandom, _ index: Int) -> Draft {
        let topic = random.pick(["Round loads up, not to nearest", "Read sections from the new drawing format", "Warn when case 8 is missing", "Export quantities as CSV", "Fix the wind from the north", "Faster start on small laptops"])
        let number = random.number(120...480)
        let note = random.pick([
            "Looks right to me. I would move the constant next to the others, so that the next reader finds all of them in one place.",
            "Could this ever be negative? If not, let us say so in the type instead of in a comment.",
            "Tested with the boathouse file: same results, in half the time.",
            "Merged. Thank you, this has annoyed me since spring.",
        ])
        return Draft(
            sender: .init(name: "Forge", address: "notifications@forge.example"), subject: "[studio/loadbook] \(topic) (#\(number))",
            body: .prose("*kaito* commented on #\(number):\n\n\(note)\n\n-- \nAnswer this message, or see it at https://forge.example/studio/loadbook/\(number)", rich: true),
            shelf: "Notices")
    }

    private static func library(_ random: inout DemoRandom, _ index: Int) -> Draft {
        let book = random.pick(["The Beekeeper's Licence", "A Field Guide to Gates", "Short Nights, Short Stories", "The Thick One, volume 2", "Stone, Water, Stone"])
        return Draft(
            sender: .init(name: "City Library", address: "desk@city-library.example"), subject: "“\(book)” is due in three days",
            body: .prose("Dear reader,\n\n“\(book)” would like to come home in three days. If you have not finished it, you can keep it for another four weeks, unless somebody else is waiting.\n\nhttps://city-library.example/loans", rich: false),
            shelf: "Notices")
    }

    private static func statement(_ random: inout DemoRandom, _ index: Int) -> Draft {
        Draft(
            sender: .init(name: "Cooperative Bank", address: "service@coop-bank.example"), subject: "Your statement is ready",
            body: .prose("Good day,\n\na new statement lies in your postbox. We never send you a link to the log-in, and never ask for your password. You know the way.\n\nYour Cooperative Bank", rich: false),
            attachments: [.named("statement-\(random.number(1...12)).pdf")])
    }

    private static func ticket(_ random: inout DemoRandom, _ index: Int) -> Draft {
        let place = random.pick(["Görlitz", "Harbour Town", "Upper Quarry", "Lakeside", "Kőszeg"])
        let code = "\(random.pick(["KX", "PL", "TR"]))\(random.number(10_000...99_999))"
        return Draft(
            sender: .init(name: "Platform Nine Travel", address: "tickets@platform-nine.example"), subject: "Your ticket to \(place) (\(code))",
            body: .page(
                html: DemoPage.card(
                    title: "To \(place)", tagline: "Booking \(code)", dark: "#8a1f2d", light: "#fbeaec",
                    content: DemoPage.bill([("Out", "08:\(random.number(10...59)), car \(random.number(1...9)), by the window"), ("Back", "17:\(random.number(10...59)), car \(random.number(1...9)), aisle")], sum: ("Paid", money(random.number(1_900...8_900)))),
                    foot: "The ticket is attached. Please do not fold the code."),
                text: "Your journey to \(place), booking \(code). The ticket is attached.\n"),
            attachments: [.named("ticket-\(code).pdf")])
    }

    private static func backup(_ random: inout DemoRandom, _ index: Int) -> Draft {
        let files = random.number(180_000...240_000)
        return Draft(
            sender: .init(name: "backup on cellar", address: "root@cellar.demo.test"), subject: "Backup finished: \(files) files, 0 errors",
            body: .prose("host        cellar\nfiles       \(files)\nnew         \(random.number(40...2_600))\nread        \(random.number(90...140)).\(random.number(0...9)) GB\nwritten     \(random.number(1...9)).\(random.number(0...9)) GB\nduration    \(random.number(4...19)) min\nlast test   restored drawings/\(random.number(100...999)).dwg, identical", rich: false),
            shelf: "Reports")
    }

    private static func monitor(_ random: inout DemoRandom, _ index: Int) -> Draft {
        let service = random.pick(["mail", "web", "plotter", "door camera", "git", "heating"])
        let minutes = random.number(1...14)
        return Draft(
            sender: .init(name: "Watchman", address: "watchman@cellar.demo.test"), subject: index % 2 == 0 ? "Recovered: \(service)" : "Look at: \(service)",
            body: .prose("\(service) did not answer for \(minutes) minutes and then did. Nobody was woken.\n\nhttps://watchman.example/e/\(random.number(10_000...99_999))", rich: false),
            shelf: "Reports")
    }

    private static func signIn(_ random: inout DemoRandom, _ index: Int) -> Draft {
        Draft(
            sender: .init(name: "Forge", address: "security@forge.example"), subject: "New sign-in to your account",
            body: .prose("Somebody signed in to your account from \(random.pick(["a laptop in the studio", "a telephone on a train", "a new browser at home"])). If that was you, all is well. If not, change your password and tell us.", rich: true),
            shelf: "Notices")
    }

    private static func money(_ cents: Int) -> String {
        "€ \(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
    }
}
