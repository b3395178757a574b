import Disk
import Testing

@testable import MailStore

@Suite struct MailboxTests {
    @Test func nestedMailboxesLieAsDovecotLaysThem() async throws {
        let box = Box()
        try await box.scenario { account in
            let projects = try await account.createMailbox(MailboxDraft(name: "Projekte & Pläne"))
            let child = try await account.createMailbox(MailboxDraft(name: "a.b/c", parentId: projects, sortOrder: 7, isSubscribed: false))
            let inbox = try await account.mailbox(.inbox).id
            let below = try await account.createMailbox(MailboxDraft(name: "Later", parentId: inbox))
            let names = try Folder.names(box.maildir)
            let wanted = [".Projekte &- Pl&AOQ-ne", ".Projekte &- Pl&AOQ-ne.a&AC4-b&AC8-c", ".INBOX.Later"]
            #expect(wanted.allSatisfy(names.contains))
            #expect(DiskFile.exists(box.maildir + "/.INBOX.Later/maildirfolder"))
            let mailbox = try await account.mailbox(child)
            #expect(mailbox.name == "a.b/c" && mailbox.parentId == projects && mailbox.sortOrder == 7 && !mailbox.isSubscribed)
            #expect(try await account.mailbox(below).parentId == inbox)
        }
    }

    @Test func renamingTakesTheChildrenAlongAndKeepsIds() async throws {
        try await Box().scenario { account in
            let a = try await account.createMailbox(MailboxDraft(name: "A"))
            let b = try await account.createMailbox(MailboxDraft(name: "B", parentId: a))
            let c = try await account.createMailbox(MailboxDraft(name: "C", parentId: b))
            let id = try await account.deliver(MessageContent(.bytes(message())), to: .mailbox(c))
            let state = try await account.state(.mailbox)
            try await account.updateMailbox(a, MailboxPatch(name: "Z"))
            #expect(try await account.mailbox(a).name == "Z")
            #expect(try await account.mailbox(c).parentId == b)
            #expect(try await account.messageBytes(id) == message())
            let changes = try await account.read { try $0.changes(.mailbox, since: state, limit: nil) }
            #expect(changes.updated == [a.rawValue] && !changes.onlyCountsChanged)
            try await account.updateMailbox(b, MailboxPatch(parentId: .some(nil)))
            #expect(try await account.mailbox(b).parentId == nil)
            #expect(try await account.email(id).mailboxId == c)
        }
    }

    @Test func aFolderWithMailThatTheIndexDoesNotKnowIsNotRemoved() async throws {
        let box = Box()
        let account = try await box.open()
        let id = try await account.createMailbox(MailboxDraft(name: "A"))
        try AtomicFile.write(message(), to: box.maildir + "/.A/new/1700000000.foreign.host")
        await #expect(throws: MailboxError.hasEmail) { try await account.destroyMailbox(id, removingEmails: false) }
        try await account.destroyMailbox(id, removingEmails: true)
        #expect(!DiskFile.exists(box.maildir + "/.A"))
        await account.close()
    }

    @Test func renamingOntoAForeignFolderIsRefused() async throws {
        let box = Box()
        let account = try await box.open()
        let id = try await account.createMailbox(MailboxDraft(name: "A"))
        for name in ["cur", "new", "tmp"] { try Folder.make(box.maildir + "/.B/" + name) }
        await #expect(throws: MailboxError.self) { try await account.updateMailbox(id, MailboxPatch(name: "B")) }
        #expect(try await account.mailbox(id).name == "A" && DiskFile.exists(box.maildir + "/.A"))
        await account.close()
        // A rename that was begun before the other folder came.
        let sidecars = Sidecars(path: box.folder)
        var sidecar = try #require(try sidecars.load(MailboxSidecar.self, Sidecars.mailboxes))
        let index = try #require(sidecar.mailboxes.firstIndex { $0.id == id })
        sidecar.mailboxes[index].folder = ".B"
        sidecar.renames = [.init(from: ".A", to: ".B")]
        try sidecars.save(sidecar, Sidecars.mailboxes)
        let again = try await box.open()
        #expect(try await again.mailbox(id).name == "A")
        #expect(try await again.read { try $0.mailboxes() }.contains { $0.name == "B" })
        try await expectSound(again)
        await again.close()
    }

    @Test func timesThatNanosecondsCannotCountAreBroughtNear() async throws {
        try await Box().scenario { account in
            let late = try await account.add(message(), at: 10_413_792_000)
            let early = try await account.add(message("Early"), at: -10_413_792_000)
            #expect(try await account.email(late).receivedAt == UnixTime(seconds: 9_000_000_000))
            #expect(try await account.email(early).receivedAt == UnixTime(seconds: -2_147_483_648))
            #expect(try await account.messageBytes(late) == message())
        }
    }

    @Test func theTrashChangesTogetherWithMail() async throws {
        let box = Box()
        let account = try await box.open()
        let a = try await account.createMailbox(MailboxDraft(name: "A"))
        let trash = try await account.mailbox(.trash).id
        for (number, target) in [trash, trash, a].enumerated() {
            _ = try await account.deliver(MessageContent(.bytes(message("S\(number)"))), to: .mailbox(target))
        }
        // Another program removes the trash and the mail of A; a mailbox of a conversation changes in the same refresh.
        try Folder.removeTree(box.maildir + "/.Trash")
        try Folder.removeTree(box.maildir + "/.A")
        for name in ["cur", "new", "tmp"] { try Folder.make(box.maildir + "/.A/" + name) }
        try AtomicFile.write(message("S0"), to: box.maildir + "/.A/new/1700000000.foreign.host")
        try await account.refresh()
        try await expectSound(account)
        await account.close()
        let again = try await box.open()
        try await expectSound(again)
        await again.close()
    }

    @Test func whatMayNotBeIsRefusedAndChangesNothing() async throws {
        try await Box().scenario { account in
            let a = try await account.createMailbox(MailboxDraft(name: "A"))
            let b = try await account.createMailbox(MailboxDraft(name: "B", parentId: a))
            let inbox = try await account.mailbox(.inbox).id
            let sent = try await account.mailbox(.sent).id
            func refuses(_ error: MailboxError, _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void) async {
                await #expect(throws: error, sourceLocation: location) { try await body() }
            }
            await refuses(.alreadyExists(a)) { _ = try await account.createMailbox(MailboxDraft(name: "A")) }
            await refuses(.alreadyExists(inbox)) { _ = try await account.createMailbox(MailboxDraft(name: "inbox")) }
            await refuses(.alreadyExists(sent)) { try await account.updateMailbox(a, MailboxPatch(name: "Sent")) }
            await refuses(.hasChild) { try await account.destroyMailbox(a, removingEmails: true) }
            await refuses(.forbidden) { try await account.destroyMailbox(inbox, removingEmails: true) }
            await refuses(.forbidden) { try await account.updateMailbox(inbox, MailboxPatch(name: "Post")) }
            await refuses(.notFound) { try await account.destroyMailbox(MailboxID(rawValue: "Fx"), removingEmails: true) }
            for patch in [
                MailboxPatch(name: ""), MailboxPatch(name: String(repeating: "x", count: 300)), MailboxPatch(parentId: b),
                MailboxPatch(parentId: a), MailboxPatch(parentId: MailboxID(rawValue: "Fx")), MailboxPatch(role: .sent),
                MailboxPatch(sortOrder: -1),
            ] {
                await #expect(throws: MailboxError.self, "\(patch)") { try await account.updateMailbox(a, patch) }
            }
            _ = try await account.deliver(MessageContent(.bytes(message())), to: .mailbox(b))
            await refuses(.hasEmail) { try await account.destroyMailbox(b, removingEmails: false) }
        }
    }

    @Test func destroyingAMailboxTakesItsEmails() async throws {
        try await Box().scenario { account in
            let a = try await account.createMailbox(MailboxDraft(name: "A"))
            let gone = try await account.deliver(MessageContent(.bytes(message("A", id: "a@x"))), to: .mailbox(a))
            let kept = try await account.add(message("Re: A", id: "b@x", references: "<a@x>"))
            let state = try await account.state()
            try await account.destroyMailbox(a, removingEmails: true)
            let changes = try await account.read { try $0.changes(.email, since: state, limit: nil) }
            #expect(changes.destroyed == [gone.rawValue])
            #expect(try await account.read { try $0.query(EmailQuery()).ids } == [kept])
            #expect(try await account.read { try $0.usage() } == Int64(message("Re: A", id: "b@x", references: "<a@x>").count))
        }
    }

    @Test func rolesMoveAndAreUnique() async throws {
        try await Box().scenario { account in
            let bin = try await account.createMailbox(MailboxDraft(name: "Bin"))
            let trash = try await account.mailbox(.trash).id
            try await account.add(message("A", id: "a@x"))
            _ = try await account.deliver(MessageContent(.bytes(message("Re: A", id: "b@x", references: "<a@x>"))), to: .mailbox(bin))
            await #expect(throws: MailboxError.self) { try await account.updateMailbox(bin, MailboxPatch(role: .trash)) }
            try await account.updateMailbox(trash, MailboxPatch(role: .some(nil)))
            try await account.updateMailbox(bin, MailboxPatch(role: .trash))
            #expect(try await account.mailbox(.trash).id == bin)
        }
    }

    @Test func subscriptionsAreInDovecotsFile() async throws {
        let box = Box()
        try await box.scenario { account in
            let sent = try await account.mailbox(.sent).id
            try await account.updateMailbox(sent, MailboxPatch(isSubscribed: false))
            let text = String(decoding: try DiskFile.contents(box.maildir + "/subscriptions") ?? [], as: UTF8.self)
            #expect(text == "V\t2\n\nArchive\nDrafts\nINBOX\nJunk\nTrash\n")
            try AtomicFile.write(Array("INBOX\nSent\n".utf8), to: box.maildir + "/subscriptions")
            try await account.reconcile()
            #expect(try await account.mailbox(sent).isSubscribed)
            #expect(try await account.mailbox(.junk).isSubscribed == false)
        }
    }
}
