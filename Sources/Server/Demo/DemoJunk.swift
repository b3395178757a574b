/// Mail that nobody asked for; it lies in Junk.
enum DemoJunk {
    static func items(for person: DemoPerson, now: Int64) -> [DemoItem] {
        var random = DemoRandom(seed: "junk of \(person.rawValue)")
        let start = random.number(0...3)
        return (0..<9).map { index in
            let offer = offers[(start + index) % offers.count]
            var letter = DemoLetter(
                id: "junk.\(person.rawValue).\(index)", from: .init(name: offer.name, address: offer.address),
                to: [.init(name: "", address: person.address)], subject: offer.subject,
                body: .page(
                    html: DemoPage.card(
                        title: offer.subject, tagline: "Today only", dark: "#aa0000", light: "#fff6d6",
                        content: DemoPage.picture("http://pictures.\(offer.host)/\(index).gif", alt: "")
                            + DemoPage.piece(headline: "Do not wait!", text: offer.text, link: "http://\(offer.host)/?who=\(person.rawValue)", dark: "#aa0000"),
                        foot: "You once looked at something similar."),
                    text: offer.text),
                sentAt: DemoScript.moment("\(index * 3 + random.number(0...2))d \(random.number(0...23)):\(random.number(10...59))", before: now))
            letter.fields = [("X-Spam", "Yes")]
            var item = DemoItem(letter: letter, shelf: .junk, isUnread: index < 4)
            item.freshDays = 0
            return item
        }
    }

    private struct Offer {
        let name: String
        let address: String
        let subject: String
        let text: String

        var host: String { address.split(separator: "@" as Character).last.map { String($0) } ?? "" }
    }

    private static let offers: [Offer] = [
        Offer(name: "PRIZE OFFICE", address: "winner@lucky-barrel.example", subject: "You are the winner of a barrel!!!", text: "Your address was drawn among 40 million. Send us your house key to receive your barrel."),
        Offer(name: "Dr. Vitality", address: "dr@younger-knees.example", subject: "Doctors are AMAZED by this knee", text: "One spoon a day and your knees will be nineteen again. The rest of you follows within a week."),
        Offer(name: "Your Bank", address: "security@y0ur-bank.example", subject: "Account suspendet, act imediately", text: "We have noticed unusual activity of us on your account. Please confirm your password, your other password and your mother."),
        Offer(name: "Prince Adewale III", address: "prince@palace-post.example", subject: "Confidential: eleven lorries of money", text: "Respected friend, I have too much money and no lorry licence. With your help we can share the difference."),
        Offer(name: "SEO Rocket", address: "hello@seo-rocket.example", subject: "Your website has 914 problems", text: "We have looked at your website and were shocked. For a small sum we shall be shocked no longer."),
        Offer(name: "Parcel Service", address: "info@parce1-hold.example", subject: "Your package is sad", text: "It could not be delivered because of 1.99. Pay now, and it will be happy again."),
        Offer(name: "Crypto Coach", address: "coach@moon-rise.example", subject: "She bought a bicycle. Now she owns the street", text: "Read how a simple pensioner tripled everything. Places are limited, confidence is not."),
        Offer(name: "Roof Inspector", address: "offer@roof-dragon.example", subject: "Is there a DRAGON on your roof?", text: "Nine of ten roofs have one. Our inspectors are in your street this week by pure chance."),
        Offer(name: "Invoice Dept", address: "billing@final-final.example", subject: "FINAL final reminder invoice 00000", text: "Please open the attachment that we forgot to attach."),
        Offer(name: "Watch World", address: "sale@tick-tock.example", subject: "Real watches, nearly", text: "They show the time of a more expensive country."),
    ]
}
