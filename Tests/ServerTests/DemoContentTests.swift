import Formats
import Testing

@testable import Server

@Suite struct DemoContentTests {
    /// A Monday in March 2026, 10:00 UTC.
    private let now: Int64 = 1_772_445_600

    @Test(arguments: DemoPerson.allCases)
    func everybodyHasALivingMailbox(_ person: DemoPerson) throws {
        let messages = try DemoContent.messages(for: person, now: now)
        #expect(messages.count >= 120)
        #expect(Set(messages.map(\.folder)).count >= 10)
        #expect(messages.contains { !$0.keywords.contains("$seen") && $0.folder == .inbox })
        #expect(messages.contains { $0.receivedAt > now - 86_400 })
        #expect(messages.contains { $0.receivedAt < now - 30 * 86_400 })
        #expect(messages.allSatisfy { $0.receivedAt <= now })
        #expect(messages.map(\.receivedAt) == messages.map(\.receivedAt).sorted())
    }

    @Test func theSameDayGivesTheSameBytes() throws {
        let first = try DemoContent.messages(for: .bob, now: now)
        let second = try DemoContent.messages(for: .bob, now: now)
        #expect(first.map(\.bytes) == second.map(\.bytes))
    }

    @Test(arguments: DemoPerson.allCases)
    func everyMessageIsWellFormed(_ person: DemoPerson) throws {
        var identifiers: Set<String> = []
        for message in try DemoContent.messages(for: person, now: now) {
            let parsed = MessageSummary(of: Message(parsing: message.bytes))
            #expect(parsed.subject?.isEmpty == false)
            #expect(parsed.from?.count == 1)
            #expect(parsed.sentAt?.seconds == message.receivedAt)
            identifiers.formUnion(parsed.messageIds ?? [])
        }
        #expect(identifiers.count >= 120)
    }

    @Test func thePicturesArePNG() {
        for name in ["board-2", "pike"] {
            let png = DemoPicture.drawing(for: name).png()
            #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
            #expect(png.count < 60_000)
        }
    }
}
