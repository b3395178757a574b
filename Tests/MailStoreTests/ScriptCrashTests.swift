import CrashRun
import Disk
import Foundation
import Testing

@testable import MailStore

/// A script is whole, active and the same one, at whatever step of a rename with new content the process dies.
@Suite struct ScriptCrashTests {
    @Test("dying while a script is renamed and rewritten") func rename() async throws {
        var step = 1
        while true {
            let box = Box()
            let end = try CrashRun(box.folder, "script", String(step)).status
            let account = try await box.open()
            let scripts = try await account.scripts().scripts
            let script = try #require(scripts.first)
            #expect(scripts.count == 1 && script.isActive)
            #expect(script.id == ScriptID(file: "Old.sieve"))
            let content = try #require(try await account.activeScript())
            #expect([Array("keep;".utf8), Array("stop;".utf8)].contains(content))
            #expect(try await account.blob(script.blobId).read() == content)
            let files = try Folder.names(box.folder + "/sieve").filter { $0.hasSuffix(".sieve") }
            #expect(files == [script.name + ".sieve"])
            await account.close()
            if end == 0 {
                #expect(script.name == "New" && content == Array("stop;".utf8))
                break
            }
            #expect(end == 86)
            step += 1
            try #require(step < 100)
        }
        #expect(step > 4, "the operation has no steps to die at")
    }
}
