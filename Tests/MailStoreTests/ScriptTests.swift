import Disk
import Foundation
import Testing

@testable import MailStore

@Suite("Sieve scripts and memories") struct ScriptTests {
    private func content(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func file(_ box: Box, _ name: String) throws -> String? {
        try DiskFile.contents(box.folder + "/sieve/" + name).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("a script is a file of its name, the active one the target of a link") func files() async throws {
        let box = Box()
        let account = try await box.open()
        let script = try await account.createScript(name: "Work", content: content("keep;"))
        #expect(try file(box, "Work.sieve") == "keep;" && !script.isActive)
        #expect(try await account.activeScript() == nil)
        let changed = try await account.activateScript(script.id)
        #expect(changed.map(\.isActive) == [true])
        #expect(SymbolicLink.target(box.folder + "/sieve/active") == "Work.sieve")
        #expect(try await account.activeScript() == content("keep;"))
        _ = try await account.activateScript(nil)
        #expect(try await account.activeScript() == nil)
        await account.close()
    }

    @Test("id and state survive a restart and a rebuild; a new name and new content keep the id") func ids() async throws {
        let box = Box()
        var account = try await box.open()
        let script = try await account.createScript(name: "One", content: content("keep;"))
        _ = try await account.activateScript(script.id)
        let renamed = try await account.updateScript(script.id, name: "Two/3", content: content("stop;"))
        #expect(renamed.id == script.id && renamed.blobId != script.blobId && renamed.isActive)
        #expect(try file(box, "Two%2F3.sieve") == "stop;" && (try file(box, "One.sieve")) == nil)
        #expect(try await account.activeScript() == content("stop;"))
        let before = try await account.scripts()
        await account.close()
        account = try await box.open()
        let after = try await account.scripts()
        #expect(after.scripts == before.scripts && after.state == before.state)
        try await account.rebuild()
        #expect(try await account.scripts().scripts == before.scripts)
        #expect(try await account.blob(renamed.blobId).read() == content("stop;"))
        await #expect(throws: StoreError.notFound) { try await account.blob(script.blobId) }
        await account.close()
    }

    @Test("what others write into the folder is a script too") func foreign() async throws {
        let box = Box()
        let account = try await box.open()
        let folder = box.folder + "/sieve"
        try Folder.make(folder)
        try AtomicFile.write(content("keep;"), to: folder + "/Ferien ä.sieve")
        try AtomicFile.write(content("no"), to: folder + "/notes.txt")
        let first = try await account.scripts()
        #expect(first.scripts.map(\.name) == ["Ferien ä"])
        try SymbolicLink.point(folder + "/active", at: "Ferien ä.sieve")
        try AtomicFile.write(content("discard;"), to: folder + "/Ferien ä.sieve")
        let second = try await account.scripts()
        #expect(second.scripts.map(\.isActive) == [true] && second.state != first.state)
        #expect(second.scripts[0].id == first.scripts[0].id && second.scripts[0].blobId != first.scripts[0].blobId)
        try DiskFile.remove(folder + "/Ferien ä.sieve")
        #expect(try await account.scripts().scripts.isEmpty)
        #expect(try await account.activeScript() == nil)
        await account.close()
    }

    @Test("a link that leads out of the folder makes nothing active") func linkElsewhere() async throws {
        let box = Box()
        let account = try await box.open()
        try Folder.make(box.folder + "/sieve")
        try AtomicFile.write(content("discard;"), to: box.folder + "/other.sieve")
        try SymbolicLink.point(box.folder + "/sieve/active", at: "../other.sieve")
        #expect(try await account.activeScript() == nil)
        await account.close()
    }

    @Test("a rename that a crash broke off is finished") func brokenRename() async throws {
        let box = Box()
        let account = try await box.open()
        let script = try await account.createScript(name: "Old", content: content("keep;"))
        _ = try await account.activateScript(script.id)
        let record = """
            {"name":"New","file":"New.sieve","renamedFrom":"Old.sieve","hash":"x","modified":0,"isActive":true}
            """
        try await account.putRecord(.sieveScript, AccountRecord(id: script.id.rawValue, json: content(record)))
        let healed = try await account.scripts().scripts
        #expect(healed.map(\.name) == ["New"] && healed[0].id == script.id && healed[0].isActive)
        #expect(healed[0].blobId == script.blobId)
        #expect(try file(box, "New.sieve") == "keep;" && (try file(box, "Old.sieve")) == nil)
        await account.close()
    }

    @Test("names are bounded and unique, the active script stays") func refusals() async throws {
        let box = Box()
        let account = try await box.open()
        let script = try await account.createScript(name: "A", content: [])
        await #expect(throws: ScriptError.alreadyExists(script.id)) { try await account.createScript(name: "A", content: []) }
        for name in ["", "a\nb", "a\u{2028}b", String(repeating: "x", count: 513)] {
            await #expect(throws: ScriptError.invalidName) { try await account.createScript(name: name, content: []) }
        }
        await #expect(throws: ScriptError.tooLarge) {
            try await account.createScript(name: "big", content: Array(repeating: 0x20, count: ScriptLimits.maximumSize + 1))
        }
        _ = try await account.activateScript(script.id)
        await #expect(throws: ScriptError.isActive) { try await account.destroyScript(script.id) }
        _ = try await account.activateScript(nil)
        try await account.destroyScript(script.id)
        await #expect(throws: ScriptError.notFound) { try await account.destroyScript(script.id) }
        await account.close()
    }

    @Test("names that no file can have are kept all the same", arguments: [".hidden", "a/b", "100%", String(repeating: "ü", count: 256), "..", "A\\B"])
    func oddNames(name: String) async throws {
        let box = Box()
        var account = try await box.open()
        let script = try await account.createScript(name: name, content: content("keep;"))
        let twin = try await account.createScript(name: name.dropLast() + "y", content: content("stop;"))
        await account.close()
        account = try await box.open()
        let all = try await account.scripts().scripts
        #expect(all.first { $0.id == script.id }?.name == name)
        #expect(try await account.blob(script.blobId).read() == content("keep;"))
        #expect(try await account.blob(twin.blobId).read() == content("stop;"))
        await account.close()
    }

    @Test("what is remembered is so until its time, once, and within bounds") func memory() async throws {
        let box = Box()
        var account = try await box.open()
        let (now, later) = (UnixTime(seconds: 1000), UnixTime(seconds: 2000))
        #expect(try await account.remember("a", until: later, in: .vacation, now: now))
        #expect(try await account.remember("a", until: later, in: .vacation, renewing: false, now: now) == false)
        #expect(try await account.remember("a", until: later, in: .duplicates, now: now))
        await account.close()
        account = try await box.open()
        #expect(try await account.remembered(.vacation, now: now).contains("a"))
        #expect(try await !account.remembered(.vacation, now: later).contains("a"))
        #expect(try await account.remember("a", until: UnixTime(seconds: 3000), in: .vacation, renewing: false, now: later))
        await account.close()
    }
}
