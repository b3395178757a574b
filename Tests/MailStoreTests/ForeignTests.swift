import Disk
import Foundation
import Testing

@testable import MailStore

/// What other programs do to the folders appears as an ordinary change (invariant 8).
@Suite struct ForeignTests {
    private func put(_ bytes: [UInt8], _ path: String) throws { try AtomicFile.write(bytes, to: path) }

    @Test func aNewFileIsANewEmail() async throws {
        let box = Box()
        try await box.scenario { account in
            let state = try await account.state()
            try put(message("Foreign", id: "f@x"), box.maildir + "/new/1600000000.M1P2.host")
            try put(message("Read", id: "g@x"), box.maildir + "/.Archive/cur/1600000001.M1P2.host,S=9:2,S")
            try await account.refresh()
            let changes = try await account.read { try $0.changes(.email, since: state, limit: nil) }
            #expect(changes.created.count == 2)
            let archived = try await account.ids(.inMailbox(try await account.mailbox(.archive).id))
            #expect(try await account.email(archived[0]).keywords == [.seen])
        }
    }

    @Test func whatFallsBetweenOurChangeAndItsSyncIsNoticed() async throws {
        let box = Box()
        let account = try await box.open()
        try await account.reconcile()
        try await account.change("1600000000.M1.own", then: "1600000001.M2.foreign", in: box.maildir + "/new")
        try await account.refresh()
        #expect(try await account.ids(EmailQuery()).count == 2)
        try await expectSound(account)
        await account.close()
    }

    @Test func flagsMovesAndLossesAreTakenOver() async throws {
        let box = Box()
        try await box.scenario { account in
            let flagged = try await account.add(message("A", id: "a@x"))
            let moved = try await account.add(message("B", id: "b@x"))
            let lost = try await account.add(message("C", id: "c@x"))
            let hidden = try await account.add(message("D", id: "d@x"))
            func file(_ id: EmailID) async throws -> String { try #require(try await account.read { try $0.path(of: id) }) }
            func rename(_ id: EmailID, _ folder: String, _ flags: String) async throws {
                let from = try await file(id)
                let base = from.split(separator: "/").last!
                try DiskFile.move(from, to: box.maildir + folder + "/cur/\(base):2,\(flags)")
            }
            let state = try await account.state()
            try put(Array("0 Work\n1 $Forwarded\n".utf8), box.maildir + "/dovecot-keywords")
            try await rename(flagged, "", "FSab")
            try await rename(moved, "/.Archive", "R")
            try await rename(hidden, "", "T")
            try DiskFile.remove(try await file(lost))
            try await account.refresh()
            let changes = try await account.read { try $0.changes(.email, since: state, limit: nil) }
            #expect(Set(changes.updated) == [flagged.rawValue, moved.rawValue])
            #expect(Set(changes.destroyed) == [lost.rawValue, hidden.rawValue])
            let work = try #require(Keyword(rawValue: "work"))
            #expect(try await account.email(flagged).keywords == [.flagged, .seen, work, .forwarded])
            #expect(try await account.email(moved).keywords == [.answered])
            let archive = try await account.mailbox(.archive)
            #expect(try await account.email(moved).mailboxId == archive.id)
            // Our own change must find the file under the name the other program gave it.
            #expect(try await account.updateEmails([(flagged, EmailPatch(keywords: .patch(add: [.draft], remove: [work])))]) == [:])
            #expect(box.files().contains { $0.hasSuffix(":2,DFSb") })
        }
    }

    @Test func aLetterThatGetsAMeaningIsNoticed() async throws {
        let box = Box()
        try await box.scenario { account in
            try put(message("A", id: "a@x"), box.maildir + "/cur/1600000000.M1P2.host:2,a")
            try await account.refresh()
            let id = try #require(try await account.ids(EmailQuery()).first)
            #expect(try await account.email(id).keywords == [])
            try put(Array("0 Work\n".utf8), box.maildir + "/dovecot-keywords")
            try await account.refresh()
            #expect(try await account.email(id).keywords.map(\.rawValue) == ["work"])
        }
    }

    @Test func foldersComeAndGo() async throws {
        let box = Box()
        try await box.scenario { account in
            try Folder.make(box.maildir + "/.Lists.Swift/cur")
            try Folder.make(box.maildir + "/.Lists.Swift/new")
            try put(message("A", id: "a@x"), box.maildir + "/.Lists.Swift/new/1600000000.M1P2.host")
            try await account.refresh()
            let mailboxes = try await account.read { try $0.mailboxes() }
            let lists = try #require(mailboxes.first { $0.name == "Lists" })
            let swift = try #require(mailboxes.first { $0.name == "Swift" })
            #expect(swift.parentId == lists.id && swift.totalEmails == 1)
            let id = try #require(try await account.ids(EmailQuery()).first)
            // A renamed folder is another folder; its emails are the same.
            try DiskFile.move(box.maildir + "/.Lists.Swift", to: box.maildir + "/.Swift")
            try await account.refresh()
            let now = try await account.read { try $0.mailboxes() }
            #expect(!now.contains { $0.id == swift.id })
            #expect(try await account.email(id).mailboxId == now.first { $0.name == "Swift" }?.id)
        }
    }

    @Test func aCopyUnderTheSameNameBecomesAnEmailOfItsOwn() async throws {
        let box = Box()
        try await box.scenario { account in
            let id = try await account.add(message("A", id: "a@x"))
            let path = try #require(try await account.read { try $0.path(of: id) })
            try put(message("A", id: "a@x"), box.maildir + "/.Archive/new/" + path.split(separator: "/").last!)
            try await account.refresh()
            let ids = try await account.ids(EmailQuery())
            #expect(ids.count == 2 && ids.contains(id))
            let threads = try await account.read { try $0.emails(ids).map(\.threadId) }
            #expect(threads[0] == threads[1])
        }
    }

    @Test func repliesAmongForeignFilesFindTheirConversation() async throws {
        let box = Box()
        try Folder.make(box.maildir + "/cur")
        try put(message("Plan", id: "a@x"), box.maildir + "/cur/1600000000.M1.host:2,S")
        try put(message("Re: Plan", id: "b@x", inReplyTo: "a@x"), box.maildir + "/cur/1600000001.M1.host:2,S")
        try put(message("Re: Plan", id: "c@x", inReplyTo: "b@x"), box.maildir + "/cur/1600000002.M1.host:2,S")
        try await box.scenario { account in
            let emails = try await account.read { try $0.emails(try $0.query(EmailQuery()).ids) }
            #expect(emails.count == 3)
            #expect(Set(emails.map(\.threadId)).count == 1)
            let middle = try #require(emails.first { $0.headers.messageId == ["b@x"] })
            #expect(try await account.destroyEmails([middle.id]) == [:])
        }
    }

    @Test func whoWatchesHearsOfIt() async throws {
        let box = Box()
        let account = try await box.open()
        let feed = account.changes()
        var iterator = feed.makeAsyncIterator()
        let first = try #require(await iterator.next())
        try put(message("Foreign", id: "f@x"), box.maildir + "/new/1600000000.M1P2.host")
        let start = ContinuousClock.now
        var change = first
        while change.states[.email] == first.states[.email] { change = try #require(await iterator.next()) }
        // Noticed by the watch, not by the next look after a minute; the rest is what other tests beside take.
        #expect(ContinuousClock.now - start < .seconds(15))
        #expect(try await account.ids(EmailQuery()).count == 1)
        await account.close()
    }

    @Test func verifyFindsWhatDiffersWithoutHealingIt() async throws {
        let box = Box()
        let account = try await box.open()
        for number in 0..<3 { try await account.add(message("M", id: "\(number)@x"), keywords: number == 0 ? [.seen] : []) }
        await account.close()
        let files = box.files()
        try DiskFile.remove(box.maildir + "/" + files[1])
        try DiskFile.move(box.maildir + "/" + files[0], to: box.maildir + "/" + files[0] + "F")
        try put(message("New", id: "n@x"), box.maildir + "/new/1600000000.M1P2.host")
        let again = try await MailAccount.open(key: Box.key, path: box.folder, reconciling: false)
        let problems = try await again.verify().map(\.description)
        #expect(problems.count { $0.contains("has no file") } == 1)
        #expect(problems.count { $0.contains("keywords differ") } == 1)
        #expect(problems.count { $0.contains("not in the index") } == 1)
        try await again.reconcile()
        try await expectSound(again)
        await again.close()
    }

    @Test func anAttachmentIsNoKeyword() async throws {
        try await Box().scenario { account in
            let id = try await account.add(
                Array("""
                    From: a@x\r
                    MIME-Version: 1.0\r
                    Content-Type: multipart/mixed; boundary=b\r
                    \r
                    --b\r
                    Content-Type: text/plain\r
                    \r
                    Text\r
                    --b\r
                    Content-Type: application/pdf; name=Report.pdf\r
                    Content-Disposition: attachment\r
                    \r
                    x\r
                    --b--\r

                    """.utf8))
            #expect(try await account.email(id).hasAttachment)
            let state = try await account.state()
            #expect(try await account.updateEmails([(id, EmailPatch(keywords: .set([])))]) == [:])
            try await account.reconcile()
            #expect(try await account.state() == state)
            #expect(try await account.ids(.hasAttachment(true)) == [id])
            #expect(try await account.ids(.text("report")) == [id])
        }
    }

    @Test func moreKeywordsThanLettersAreKept() async throws {
        let box = Box()
        try await box.scenario { account in
            let keywords = Set((0..<40).compactMap { Keyword(rawValue: "label\($0)") })
            let id = try await account.add(message("A", id: "a@x"), keywords: keywords)
            #expect(try await account.email(id).keywords == keywords)
            let archive = try await account.mailbox(.archive).id
            #expect(try await account.updateEmails([(id, EmailPatch(mailboxId: archive))]) == [:])
            try await account.reconcile()
            #expect(try await account.email(id).keywords == keywords)
        }
    }

    @Test func twoOpenersOfOneFolderSeeTheSame() async throws {
        let box = Box()
        let one = try await box.open()
        let two = try await MailAccount.open(key: Box.key, path: box.folder)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask { try await (number % 2 == 0 ? one : two).add(message("M", id: "\(number)@x")) }
            }
            try await group.waitForAll()
        }
        try await one.refresh()
        #expect(try await Picture(one) == Picture(two))
        #expect(try await one.ids(EmailQuery()).count == 20)
        try await expectSound(one)
        await one.close()
        await two.close()
    }
}

extension MailAccount {
    /// Adds a file as a change of its own, and then another as if somebody else did, before the first is synced.
    fileprivate func change(_ own: String, then foreign: String, in folder: String) throws {
        try write { transaction in
            var directories = TouchedDirectories(transaction.db, maildir)
            let inbox = try #require(try MailboxRow.find(.role(.inbox), transaction.db))
            directories.willChange(inbox, "new/\(own)")
            try AtomicFile.write(message("Own"), to: "\(folder)/\(own)")
            directories.didChange(inbox, "new/\(own)")
            usleep(30_000)
            try AtomicFile.write(message("Foreign"), to: "\(folder)/\(foreign)")
            try directories.sync()
        }
    }
}
