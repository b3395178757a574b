import CrashRun
import Disk
import Foundation
import Testing

@testable import MailStore

/// Invariants 1 to 3, by a process that dies at every step of every write.
@Suite struct CrashTests {
    @Test(arguments: [
        "deliver", "deliver-keywords", "flag", "move", "destroy", "create-mailbox", "rename-mailbox", "destroy-mailbox", "record",
        "build", "rebuild",
    ])
    func dyingAtAnyStepLeavesAStoreThatHeals(operation: String) async throws {
        var step = 1
        while true {
            let box = Box()
            let before = try await prepare(box)
            let end = try CrashRun(box.folder, operation, String(step))
            try await examine(box, operation, before, promised: end.output)
            if end.status == 0 { break }
            #expect(end.status == 86, "step \(step): \(end.output)")
            step += 1
            try #require(step < 100)
        }
        #expect(step > 2, "the operation has no steps to die at")
    }

    private func prepare(_ box: Box) async throws -> Set<EmailID> {
        let account = try await box.open()
        let parent = try await account.createMailbox(MailboxDraft(name: "Parent"))
        let child = try await account.createMailbox(MailboxDraft(name: "Child", parentId: parent))
        var ids: Set<EmailID> = []
        for number in 0..<3 { ids.insert(try await account.add(message("M\(number)", id: "m\(number)@x"))) }
        ids.insert(
            try await account.deliver(MessageContent(.bytes(message("In child", id: "c@x"))), to: .mailbox(child)))
        await account.close()
        return ids
    }

    private func examine(_ box: Box, _ operation: String, _ before: Set<EmailID>, promised: [String]) async throws {
        // The message files, before anything has a chance to heal: invariant 1 says that these are what exists.
        let files = try allFiles(box)
        let account = try await box.open()
        try await account.finishBuild()
        try await expectSound(account)
        let picture = try await Picture(account)
        #expect(Set(picture.emails.keys) == files)
        if operation.hasPrefix("deliver") {
            #expect(before.isSubset(of: files))
            #expect(picture.emails.count <= before.count + 1)
            for id in promised { #expect(picture.emails[EmailID(rawValue: id)] != nil, "what was promised is there") }
        }
        if ["flag", "move", "create-mailbox", "rename-mailbox", "record", "build", "rebuild"].contains(operation) { #expect(files == before) }
        await account.close()
        try Folder.removeTree(box.folder + "/index")
        let again = try await box.open()
        try await again.finishBuild()
        #expect(try await Picture(again) == picture)
        try await expectSound(again)
        await again.close()
    }

    private func allFiles(_ box: Box) throws -> Set<EmailID> {
        var ids: Set<EmailID> = []
        for folder in try Maildir(path: box.maildir).folders() {
            for key in try FolderScan(Maildir(path: box.maildir).path(of: folder)).messages.keys {
                #expect(ids.insert(EmailID(key: key)).inserted, "one file an email")
            }
        }
        return ids
    }
}
