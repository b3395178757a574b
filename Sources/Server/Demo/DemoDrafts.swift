/// Letters that were begun.
enum DemoDrafts {
    static func items(for person: DemoPerson, now: Int64) -> [DemoItem] {
        (drafts[person] ?? []).enumerated().map { index, draft in
            let to = draft.to.map { name in
                let found = DemoCast.person(name)
                return DemoLetter.Party(name: found.name, address: found.address)
            }
            let letter = DemoLetter(
                id: "draft.\(person.rawValue).\(index)", from: .init(name: person.displayName, address: person.address),
                to: to, subject: draft.subject, body: .prose(draft.text, rich: true),
                sentAt: DemoScript.moment(draft.when, before: now))
            var item = DemoItem(letter: letter, shelf: .drafts)
            item.freshDays = 0
            return item
        }
    }

    private struct Draft {
        let to: [String]
        let subject: String
        let when: String
        let text: String
    }

    private static let drafts: [DemoPerson: [Draft]] = [
        .alice: [
            Draft(to: ["greta"], subject: "The cat's path, and the window seat", when: "1h", text: "Dear Greta,\n\nthe cat keeps her path. I have drawn it in, with a small step at the hedge where she likes to think.\n\nAs for the seat: Bob has asked the wall, and"),
            Draft(to: [], subject: "Bench for the courtyard", when: "6d 21:00", text: "- oak, not larch\n- wide enough for three, or for one and a book\n- facing away from the view?"),
            Draft(to: ["omar.private"], subject: "Three stones", when: "15d 22:40", text: "Dear Omar,\n\nI have been thinking about your grandfather's courtyard"),
        ],
        .bob: [
            Draft(to: ["nadia"], subject: "Re: Привет из Петербурга и чертежи веранды", when: "2d 20:00", text: "Надежда, здравствуйте!\n\nВаренье пришло. Сначала я хотел"),
            Draft(to: ["finn"], subject: "Tent", when: "1d 23:10", text: "Ordered. Orange. There is no way back."),
        ],
        .carol: [
            Draft(to: ["eleni"], subject: "September!", when: "4d 19:30", text: "Dearest Eleni,\n\nI have looked at the ferries. If I take the one on"),
            Draft(to: ["team"], subject: "Summer party: who, where, potato thing?", when: "20h", text: "Dear all,\n\nthe courtyard is ours now, the bench is coming. I propose"),
        ],
        .admin: [
            Draft(to: ["mail-operators"], subject: "Notes on moving a small office to a new mail server", when: "3d 21:15", text: "We moved last month, and nobody noticed, which is the best one can say. Some notes:\n\n- plain files, so that the backup is a copy\n- one name for everything\n- a date on which the old one is switched off, in ink"),
            Draft(to: ["landlord"], subject: "A small roof over the bicycles", when: "9d 12:00", text: "Dear Mr Brandt,\n\nthe shed has a lock now. It also has"),
        ],
    ]
}
