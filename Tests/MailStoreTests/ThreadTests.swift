import Disk
import Testing

@testable import MailStore

@Suite struct ThreadTests {
    @Test func aReplyJoinsByItsReferences() async throws {
        try await Box().scenario { account in
            let first = try await account.add(message("Plan", id: "a@x"), at: 1000)
            let reply = try await account.add(message("Re: Plan", id: "b@x", inReplyTo: "a@x", references: "<a@x>"), to: .sent, at: 2000)
            let other = try await account.add(message("Re: Plan", id: "c@x"), at: 3000)
            let thread = try await account.email(first).threadId
            #expect(try await account.email(reply).threadId == thread)
            #expect(try await account.email(other).threadId != thread)
            #expect(try await account.read { try $0.threads([thread]) } == [thread: [first, reply]])
        }
    }

    @Test func anotherSubjectIsAnotherConversation() async throws {
        try await Box().scenario { account in
            let first = try await account.add(message("Plan", id: "a@x"))
            let reply = try await account.add(message("Something else", id: "b@x", references: "<a@x>"))
            let (one, two) = (try await account.email(first).threadId, try await account.email(reply).threadId)
            #expect(one != two)
        }
    }

    @Test func theConversationSurvivesItsFirstMessageAndARebuild() async throws {
        try await Box().scenario { account in
            let first = try await account.add(message("Plan", id: "a@x"))
            let second = try await account.add(message("Re: Plan", id: "b@x", inReplyTo: "a@x"))
            let thread = try await account.email(second).threadId
            #expect(try await account.destroyEmails([first]) == [:])
            try await account.rebuild()
            #expect(try await account.email(second).threadId == thread)
        }
    }

    @Test func messagesThatMeetLateStayApart() async throws {
        // RFC 8621 §3: a threadId never changes, so what a third message ties together is not merged.
        try await Box().scenario { account in
            let one = try await account.add(message("Plan", id: "a@x"))
            let two = try await account.add(message("Plan", id: "b@x"))
            let both = try await account.add(message("Re: Plan", id: "c@x", references: "<a@x> <b@x>"))
            let threads = try await account.read { try $0.emails([one, two, both]).map(\.threadId) }
            #expect(threads[0] != threads[1])
            #expect(threads[2] == threads[1] || threads[2] == threads[0])
        }
    }

    @Test func theTrashIsCountedApart() async throws {
        // RFC 8621 §2, unreadThreads: the example of a read email in the inbox and an unread one in the trash.
        try await Box().scenario { account in
            try await account.add(message("Plan", id: "a@x"), keywords: [.seen])
            try await account.add(message("Re: Plan", id: "b@x", references: "<a@x>"), to: .trash)
            let (inbox, trash) = (try await account.mailbox(.inbox), try await account.mailbox(.trash))
            #expect(inbox.unreadThreads == 0 && trash.unreadThreads == 1)
            try await account.add(message("Re: Plan", id: "c@x", references: "<a@x>"), to: .archive)
            let (now, archive) = (try await account.mailbox(.inbox), try await account.mailbox(.archive))
            #expect(now.unreadThreads == 1 && archive.unreadThreads == 1)
        }
    }
}
