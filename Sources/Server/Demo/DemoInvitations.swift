import Formats

/// Meetings: letters whose calendar part is text/calendar with method REQUEST (RFC 6047 §2.4).
enum DemoInvitations {
    static func items(now: Int64) -> [DemoItem] {
        meetings.enumerated().map { index, meeting in
            let organizer = DemoCast.person(meeting.organizer)
            let guests = meeting.guests.map { name in
                let guest = DemoCast.person(name)
                return DemoLetter.Party(name: guest.name, address: guest.address)
            }
            let sentAt = DemoScript.moment(meeting.sent, before: now)
            let start = now - now % 86_400 + Int64(meeting.inDays) * 86_400 + Int64(meeting.hour) * 3_600
            let from = DemoLetter.Party(name: organizer.name, address: organizer.address)
            let calendar = object(
                meeting, uid: "meeting-\(index + 1)@demo.test", from: from, guests: guests, stamp: sentAt, start: start)
            let letter = DemoLetter(
                id: "meeting.\(index + 1)", from: from, to: guests, subject: "Invitation: \(meeting.title)",
                body: .prose("\(meeting.note)\n\nWhere: \(meeting.place)", rich: true), sentAt: sentAt,
                attachments: [
                    DemoAttachment(
                        name: "invite.ics", type: "text/calendar", content: .given(Array(calendar.utf8)),
                        parameters: [("method", "REQUEST")])
                ])
            return DemoItem(letter: letter, shelf: .named("Invitations"), isUnread: meeting.isUnread)
        }
    }

    private struct Meeting {
        let organizer: String
        let guests: [String]
        let title: String
        let note: String
        let place: String
        let sent: String
        let inDays: Int
        let hour: Int
        var isUnread = false
    }

    private static let meetings = [
        Meeting(organizer: "carol", guests: ["alice", "bob", "admin"], title: "Breaking ground at the Lindqvists'", note: "Boots, please. Greta has announced cake, and the spade is sharp.", place: "The garden, under the pear tree", sent: "1d 10:30", inDays: 9, hour: 9, isUnread: true),
        Meeting(organizer: "alice", guests: ["bob", "carol"], title: "Boards: last look together", note: "Half an hour in front of the wall, with the door closed. Then we let them go.", place: "Drawing room", sent: "3d 15:00", inDays: 1, hour: 9),
        Meeting(organizer: "greta", guests: ["alice", "bob", "carol"], title: "Supper in the garden", note: "No plans, no drawings. Soup, bread, neighbours.", place: "Our terrace, the 18 cm one", sent: "5d 19:20", inDays: 12, hour: 17),
        Meeting(organizer: "minjun", guests: ["admin", "carol"], title: "Opening: Shoes in front of doors", note: "A small exhibition with your boots in it. 여러분을 기다립니다.", place: "Gallery Kim, Canal Street 4", sent: "11d 06:00", inDays: 20, hour: 18),
        Meeting(organizer: "tomasz", guests: ["bob"], title: "The long round", note: "Canal, two bridges, bakery.", place: "Lower bridge", sent: "4d 08:00", inDays: 5, hour: 9, isUnread: true),
        Meeting(organizer: "admin", guests: ["alice", "bob", "carol"], title: "Restore test", note: "I delete something on purpose. You may watch, you may not help.", place: "Cellar", sent: "8d 09:30", inDays: -5, hour: 14),
    ]

    private static func object(
        _ meeting: Meeting, uid: String, from: DemoLetter.Party, guests: [DemoLetter.Party], stamp: Int64, start: Int64
    ) -> String {
        let attendees = guests.map {
            "ATTENDEE;CN=\"\($0.name)\";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:\($0.address)"
        }
        let lines = [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Mail Portal//Demo//EN", "METHOD:REQUEST", "BEGIN:VEVENT",
            "UID:\(uid)", "DTSTAMP:\(utc(stamp))", "DTSTART:\(utc(start))",
            "DTEND:\(utc(start + 5_400))", "SUMMARY:\(escaped(meeting.title))",
            "DESCRIPTION:\(escaped(meeting.note))", "LOCATION:\(escaped(meeting.place))",
            "ORGANIZER;CN=\"\(from.name)\":mailto:\(from.address)",
        ] + attendees + ["SEQUENCE:0", "STATUS:CONFIRMED", "END:VEVENT", "END:VCALENDAR", ""]
        return lines.map(folded).joined(separator: "\r\n")
    }

    /// `20260131T143000Z`, RFC 5545 §3.3.5.
    private static func utc(_ seconds: Int64) -> String {
        InternetDate(seconds: seconds).utcRFC3339.filter { $0 != "-" && $0 != ":" }
    }

    // RFC 5545 §3.3.11
    private static func escaped(_ text: String) -> String {
        String(text.flatMap { ",;\\".contains($0) ? ["\\", $0] : [$0] })
    }

    // RFC 5545 §3.1: at most 75 octets a line, and never in the middle of a character.
    private static func folded(_ line: String) -> String {
        var result = ""
        var width = 0
        for character in line {
            let octets = character.utf8.count
            if width + octets > 73 {
                result += "\r\n "
                width = 1
            }
            result.append(character)
            width += octets
        }
        return result
    }
}
