import Formats
import Sieve
import Testing

@Suite("A script decides what becomes of a message")
struct SieveScriptTests {
    @Test("an empty script keeps the message")
    func emptyScriptKeeps() throws {
        let script = try SieveScript(parsing: "".utf8)
        let message = SieveMessage(Message(parsing: Array("Subject: x\r\n\r\ny\r\n".utf8)))
        let result = script.run(on: message, in: SieveEnvironment(sender: "a@example.org", recipient: "b@example.org", now: 0))
        #expect(result == SieveResult(actions: [.keep(.init(isImplicit: true))]))
    }
}
