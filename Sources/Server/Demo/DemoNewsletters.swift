/// A periodical that some of the demo's people read: a look, and paragraphs enough for its issues.
struct DemoNewsletter: Sendable {
    let title: String
    let sender: String
    let host: String
    let tagline: String
    /// The colours of its head and of its buttons, as CSS.
    let dark: String
    let light: String
    let readers: [DemoPerson]
    /// Days between two issues, and the hour at which they come.
    let everyDays: Int
    let hour: Int
    /// Headline and text of each piece, in the order in which the issues use them.
    let pieces: [(headline: String, text: String)]

    static let all: [DemoNewsletter] = [slowGardener, loadPath, patchNotes, bookshop, platform, neighbourhood]

    static let slowGardener = DemoNewsletter(
        title: "The Slow Gardener", sender: "letter", host: "slow-gardener.example",
        tagline: "One letter a week, and no hurry", dark: "#2f5d3a", light: "#e8f1e4",
        readers: [.alice, .carol, .admin], everyDays: 7, hour: 6,
        pieces: [
            ("Leave the leaves", "Under the hedge they are a blanket, on the lawn a wet newspaper. Rake from the second to the first and you have done two jobs with one walk."),
            ("A pond in a bucket", "Forty centimetres of water, one reed, one stone for the birds to stand on. Within a month somebody moves in whom you have not invited and will be glad of."),
            ("Ask the soil", "Take a handful from a spade's depth and make a sausage of it. If it breaks, water often; if it bends, water seldom; if it makes a ring, plant roses."),
            ("The art of the late frost", "An old sheet over two chairs is worth more than any spray. Put it on before the stars come out and take it off before breakfast."),
            ("Beans want company", "Three beans to a pole, said our grandmother: one for the slug, one for the crow, one for us. She was right about the proportions."),
            ("Sharpen everything", "A blunt blade bruises, and a bruise invites guests. Ten strokes on the stone, always in the same direction, while the kettle boils."),
            ("Cuttings from a friend", "The best plants cannot be bought. Ask for a shoot of rosemary in May, put it in sand, forget it in a bright corner, and return the favour in two years."),
            ("What the weeds are saying", "Nettles mean plenty, plantain means feet, horsetail means water below. Read first, pull later."),
            ("Rain, kept", "A barrel under the downpipe fills in one good storm. Put a lid on it for the mosquitoes, and a board for the hedgehog."),
            ("Apples that keep", "Lay them so that they do not touch, in the coolest room that does not freeze, and look at them on Sundays. The one that smells of cellar goes first."),
            ("A bench facing away", "Every garden has one view that everybody looks at. Put the bench the other way round for a season and see who comes by."),
            ("Sowing by the moon, or by the calendar", "We tried both in two beds side by side. The lettuce did not mind. The gardener, however, slept better in one of the two."),
        ])

    static let loadPath = DemoNewsletter(
        title: "Load Path", sender: "editor", host: "load-path.example",
        tagline: "Structures, and the people who stand under them", dark: "#1f3a5f", light: "#e7eef7",
        readers: [.bob], everyDays: 6, hour: 7,
        pieces: [
            ("The footbridge that hums", "A county engineer hears an A flat at eleven every morning. It takes her a year and a half to find the school bell that starts it."),
            ("Forty metres of plywood", "A sports hall in the north carries its roof on folded plates no thicker than a thumb. We went to look at the joints, which are the real story."),
            ("Reading: the crack as a diary", "A short book on how to date movements by paint, dust and spiders. The chapter on spiders alone is worth the postage."),
            ("A column nobody needed", "It had stood in the foyer since 1961, and it carried exactly the lamp that lit it. Why removing it took three permits."),
            ("Wind on small things", "Balconies, signs, solar panels: the loads that fall between two codes, and a one-page method that errs on the kind side."),
            ("Concrete that waits", "With less cement it gains strength slowly, and schedules do not like slow. Three builders tell how they made time."),
            ("The carpenter's nine", "Nine pegs, nine hours, nine weeks: notes from a course in which engineers were not allowed to calculate."),
            ("Letters", "A reader corrects us about the dome. She is right, and she built it."),
            ("How to knock on a floor", "Heel, knuckle, broom handle. What each tells you, and when to stop knocking and leave the room."),
        ])

    static let patchNotes = DemoNewsletter(
        title: "Patch Notes", sender: "bulletin", host: "patch-notes.example",
        tagline: "What to update this week, and what can wait", dark: "#5b2a5e", light: "#f4e9f5",
        readers: [.admin], everyDays: 4, hour: 5,
        pieces: [
            ("Update now: image library", "A crafted picture can write past the end of a row. The fixed version is in all the distributions since last night; restart what has it loaded."),
            ("Can wait until Thursday: text editor", "A macro in a file's last line could run when asked twice. Nobody asks twice, but update all the same."),
            ("Known and harmless", "The scanner that reports our own clock as vulnerable has been told. It now reports the scanner."),
            ("Good practice: restore, do not back up", "A backup is a wish. Pick one file a month at random and bring it back with a stop-watch in your hand."),
            ("Update now: name server", "A chain of aliases of the right length makes it think until morning. There is a limit now, and it is eleven."),
            ("Tool of the week", "A tiny program that lists which processes still use libraries that were replaced under them. You will be surprised, and then busy."),
            ("Reader's trick", "Put the date of the last successful restore into the login message. It shames better than any dashboard."),
            ("Can wait: spreadsheet", "Opening a sheet with forty thousand hidden columns is slow, says the advisory. We had suspected as much."),
            ("From the archive: the year of the leap second", "How a single second in a June night filled more pagers than any attacker had before."),
        ])

    static let bookshop = DemoNewsletter(
        title: "The Corner Bookshop", sender: "shop", host: "corner-bookshop.example",
        tagline: "Read on the stairs, bought at the till", dark: "#7a3b1d", light: "#f8ece2",
        readers: [.carol, .alice, .admin], everyDays: 9, hour: 10,
        pieces: [
            ("On the front table", "A novel told by a ferry, crossing by crossing. After fifty pages you know all the passengers; after a hundred you know who will not come back."),
            ("For small readers", "A bear cannot sleep and counts everything in the forest, including you. Be prepared to read it four times."),
            ("Second-hand shelf", "A whole wall of atlases has come in. Several of the countries no longer exist, which makes them cheaper and more interesting."),
            ("Evening on the stairs", "On Friday at eight two translators argue about one sentence. Wine, cushions, no microphone."),
            ("We had forgotten it", "A memoir of a lighthouse cook, out of print for thirty years and back in a small edition. The soup chapter alone!"),
            ("Poetry, pocket size", "Forty poems about doors. Fits into a coat, opens anywhere."),
            ("Staff pick", "Jules has read the thick one. All of it. Ask him about the horse, but take a seat first."),
            ("Closed on Monday", "We are counting the books. If you come by and hear numbers through the door, please do not shout others."),
        ])

    static let platform = DemoNewsletter(
        title: "Platform Nine Travel", sender: "tickets", host: "platform-nine.example",
        tagline: "By train, by daylight", dark: "#8a1f2d", light: "#fbeaec",
        readers: [.bob, .carol, .alice], everyDays: 11, hour: 16,
        pieces: [
            ("Night train to the sea", "Leave after supper, wake up to salt. From 49 in a six-berth with strangers who will not be strangers by breakfast."),
            ("The slow line over the pass", "Four hours for a hundred kilometres, and every one of them by the window. Sit on the left going up."),
            ("Take the bicycle", "From this month every regional train on the coast has places for eight. Book them with the ticket, it costs a coffee."),
            ("A weekend without plans", "One ticket, two days, all trains. Get off where the station has a garden."),
            ("Winter timetable", "The 17:04 becomes the 17:09, and half a town will miss it for a week. You have been told."),
            ("Station restaurants, ranked", "Not by stars but by whether one would miss a train for them. Number one: the dumplings at the junction."),
        ])

    static let neighbourhood = DemoNewsletter(
        title: "Southside Notes", sender: "notes", host: "southside.example",
        tagline: "What happens within a bell's reach", dark: "#1f5f6b", light: "#e4f2f4",
        readers: DemoPerson.allCases, everyDays: 5, hour: 17,
        pieces: [
            ("The bakery reopens on the 14th", "With a new oven, the old recipe, and seats outside as soon as the plane trees allow. The first hundred rolls are free, in case you needed a reason."),
            ("Lost: a grey cat with one white glove", "Answers to Graf, or does not. Last seen inspecting the building site in Harbour Street."),
            ("Found: a grey cat with one white glove", "Graf was in the sexton's wardrobe, and had been for two masses."),
            ("Tool library: now with ladder", "Eight metres, two parts, and a volunteer who holds it. Tuesdays and Saturdays."),
            ("The canal path is closed until Friday", "The swans nest on the bend. Please walk over the upper bridge and lower your voices."),
            ("Market day moves", "Because of the marathon, the market is on Saturday this week. The cheese man says he will be there on both days to be safe."),
            ("Street festival: who brings tables?", "We have music, soup and forty metres of bunting. We do not have tables. Write back with a number."),
            ("Library: the late room", "From now on the reading room stays open until ten on weekdays. Bring your own lamp only if you are sentimental."),
            ("Thank you", "Two hundred and six people helped to plant the new row of limes. Number 206 was four years old and did most of the watering."),
        ])
}
