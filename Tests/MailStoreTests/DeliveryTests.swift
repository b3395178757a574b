import Disk
import Formats
import Testing

@testable import MailStore

@Suite struct DeliveryTests {
    @Test func aNewAccountHasItsFoldersWithRoles() async throws {
        try await Box().scenario { account in
            let mailboxes = try await account.read { try $0.mailboxes() }
            #expect(mailboxes.map(\.role?.rawValue) == ["inbox", "drafts", "sent", "archive", "junk", "trash"])
            #expect(mailboxes.map(\.name) == ["Inbox", "Drafts", "Sent", "Archive", "Junk", "Trash"])
            #expect(mailboxes.allSatisfy { $0.isSubscribed && $0.totalEmails == 0 && $0.parentId == nil })
        }
    }

    @Test func aDeliveredMessageLiesInNewWithItsSizeAndIsReadable() async throws {
        let box = Box()
        try await box.scenario { account in
            let body = message("Grüße", body: "Was für ein Tag.")
            let id = try await account.deliver(
                MessageContent(prefix: Array("Return-Path: <x@y>\r\n".utf8), .bytes(body)), to: .role(.inbox))
            let files = box.files()
            #expect(files.count == 1)
            let size = body.count + 20
            let isNamed = files[0].hasPrefix("new/") && files[0].contains(",S=\(size),T=")
            #expect(isNamed)
            #expect(try await account.messageBytes(id) == Array("Return-Path: <x@y>\r\n".utf8) + body)
            let email = try await account.email(id)
            #expect(email.size == size)
            #expect(email.headers.subject == "Grüße")
            #expect(email.preview == "Was für ein Tag.")
            #expect(email.headers.from?.first?.email == "bob@demo.test")
            #expect(email.keywords.isEmpty)
            let inbox = try await account.mailbox(.inbox)
            #expect(email.mailboxId == inbox.id)
            #expect(inbox.totalEmails == 1 && inbox.unreadEmails == 1 && inbox.totalThreads == 1 && inbox.unreadThreads == 1)
        }
    }

    @Test func keywordsAndTimeGivenAtDeliveryAreKept() async throws {
        let box = Box()
        try await box.scenario { account in
            let custom = try #require(Keyword(rawValue: "Important"))
            let id = try await account.add(
                message(), to: .archive, keywords: [.seen, .flagged, custom], at: 1_600_000_000)
            let email = try await account.email(id)
            #expect(email.keywords == [.seen, .flagged, custom])
            #expect(email.receivedAt.seconds == 1_600_000_000)
            #expect(box.files(".Archive").first?.hasSuffix(":2,FSa") == true)
            let letters = try DiskFile.contents(box.maildir + "/.Archive/dovecot-keywords")
            #expect(letters == Array("0 important\n".utf8))
        }
    }

    @Test func overQuotaChangesNothing() async throws {
        let box = Box()
        try await box.scenario { account in
            await #expect(throws: StoreError.overQuota) {
                try await account.deliver(MessageContent(.bytes(message())), to: .role(.inbox), quota: 10)
            }
            #expect(box.files() == [])
            let staged = try Folder.names(box.maildir + "/tmp")
            #expect(staged == [])
        }
    }

    @Test func anUnknownMailboxIsNotFound() async throws {
        try await Box().scenario { account in
            await #expect(throws: StoreError.notFound) {
                try await account.deliver(MessageContent(.bytes(message())), to: .mailbox(MailboxID(rawValue: "Fx")))
            }
        }
    }

    @Test func aRoleNobodyHasMeansTheInbox() async throws {
        try await Box().scenario { account in
            let junk = try await account.mailbox(.junk)
            try await account.updateMailbox(junk.id, MailboxPatch(role: .some(nil)))
            let id = try await account.add(message(), to: .junk)
            let inbox = try await account.mailbox(.inbox)
            #expect(try await account.email(id).mailboxId == inbox.id)
        }
    }

    @Test func manyAtOnceAreAllThere() async throws {
        let box = Box()
        try await box.scenario { account in
            let ids = try await withThrowingTaskGroup(of: EmailID.self) { group in
                for number in 0..<100 {
                    group.addTask { try await account.add(message("Message \(number)", id: "m\(number)@x")) }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(ids.count == 100)
            let inbox = try await account.mailbox(.inbox)
            #expect(inbox.totalEmails == 100 && inbox.totalThreads == 100)
            #expect(box.files().count == 100)
        }
    }

    @Test func theFeedTellsOfADelivery() async throws {
        let box = Box()
        let account = try await box.open()
        let feed = account.changes()
        let id = try await account.add(message())
        for await change in feed {
            let state = try #require(change.states[.emailDelivery])
            if state.sequence > 0 {
                #expect(change.states[.email]!.sequence > 0 && change.states[.mailbox]!.sequence > 0)
                break
            }
        }
        _ = id
        await account.close()
    }

    @Test func aDeliveryUnderItsOwnNameIsRepeatedWithoutHarm() async throws {
        try await Box().scenario { account in
            func deliver() async throws -> EmailID {
                try await account.deliver(MessageContent(.bytes(message())), to: .role(.inbox), uniqueName: "qabc1")
            }
            let id = try await deliver()
            #expect(try await deliver() == id)
            let archive = try await account.mailbox(.archive)
            #expect(try await account.updateEmails([(id, EmailPatch(keywords: .set([.seen]), mailboxId: archive.id))]) == [:])
            #expect(try await deliver() == id)
            #expect(try await account.read { try $0.query(EmailQuery()).ids } == [id])
        }
    }

    @Test func aSpoolFileIsCopiedNotMoved() async throws {
        let box = Box()
        try await box.scenario { account in
            let spool = box.path + "/spool"
            try AtomicFile.write(message(), to: spool)
            let id = try await account.deliver(MessageContent(.file(path: spool)), to: .role(.inbox))
            #expect(try await account.messageBytes(id) == message())
            #expect(DiskFile.exists(spool))
        }
    }
}
