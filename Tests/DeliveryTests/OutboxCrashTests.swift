import CrashRun
import Disk
import Formats
import Foundation
import MailStore
import SMTP
import Testing

@testable import Delivery

/// The outbox after a process that died at every step of every write: nothing promised is lost, nothing is told twice.
@Suite("The outbox after a crash")
struct OutboxCrashTests {
    /// A folder with an outbox that holds one entry, as the child process expects it.
    private struct Place {
        let folder = "\(NSTemporaryDirectory())/mailportal-outbox-\(UInt64.random(in: .min ... .max))"

        var names: [String] {
            ((try? Folder.names("\(folder)/outbox")) ?? []).filter { $0.hasSuffix(".eml") || $0.hasSuffix(".json") || $0.hasSuffix(".new") }
        }

        func open() throws -> Outbox {
            var configuration = Outbox.Configuration()
            let later = UnixTime.now.seconds + 3600
            configuration.now = { later }
            return try Outbox(folder: "\(folder)/outbox", configuration: configuration, logger: World.logger)
        }

        var entry: OutboxEntry {
            let id = QueueID(rawValue: "crash1") ?? QueueID.make(now: 0)
            return OutboxEntry(id: id, sender: "alice@demo.test", recipients: [address("a@x.test")], created: UnixTime.now.seconds)
        }

        func fill() async throws {
            let outbox = try open()
            try await outbox.enqueue(entry, prefix: [], content: .bytes(Array("Subject: hi\r\n\r\nbody\r\n".utf8)))
        }

        func offer() throws {
            let access = try QueueAccess(data: folder)
            try access.enqueue(entry, prefix: [], content: .bytes(Array("Subject: hi\r\n\r\nbody\r\n".utf8)))
        }
    }

    @Test(
        "holds what was promised, whole, and nothing else",
        arguments: ["outbox-enqueue", "outbox-delivered", "outbox-deferred", "outbox-failed", "outbox-dropped", "outbox-adopted"])
    func dying(operation: String) async throws {
        var step = 1
        while true {
            let place = Place()
            defer { try? Folder.removeTree(place.folder) }
            try Folder.make(place.folder)
            switch operation {
            case "outbox-enqueue": break
            case "outbox-adopted": try place.offer()
            default: try await place.fill()
            }
            let end = try CrashRun(place.folder, operation, String(step))
            try await examine(place, operation, promised: end.output.contains { !$0.isEmpty })
            if end.status == 0 { break }
            #expect(end.status == 86, "step \(step): \(end.output)")
            step += 1
            try #require(step < 100)
        }
        #expect(step > 2, "the operation has no steps to die at")
    }

    private func examine(_ place: Place, _ operation: String, promised: Bool) async throws {
        let outbox = try place.open()
        await outbox.obeyRequests()
        // Each envelope has its message, and each message its envelope.
        let stems = Dictionary(grouping: place.names) { String($0.prefix { $0 != "." }) }
        #expect(stems.values.allSatisfy { $0.count == 2 }, "\(operation): \(place.names)")
        // Goes on as a scheduler would, with the same answers, to the end.
        var sent = 0
        var reports: Set<QueueID> = []
        for _ in 0..<10 {
            for attempt in await outbox.takeDue({ _ in .nowhere }) {
                let isReport = attempt.entry.sender.isEmpty
                if isReport { reports.insert(attempt.entry.id) } else { sent += 1 }
                let bytes = try OpenFile(path: outbox.messagePath(attempt.entry.id)).read()
                #expect(String(decoding: bytes, as: UTF8.self).contains("Subject: "))
                let reply = operation == "outbox-failed" && !isReport ? Reply(550, 5, 1, 1, "Nobody") : Reply(250, 2, 0, 0, "Taken")
                await outbox.record(attempt, DeliveryReport(outcomes: [DeliveryOutcome(reply, host: "mx.x.test")]))
            }
        }
        #expect(await outbox.list().isEmpty && place.names.isEmpty)
        switch operation {
        case "outbox-enqueue": #expect(promised ? sent == 1 : sent <= 1)
        case "outbox-delivered": #expect(promised ? sent == 0 : sent <= 1)
        case "outbox-failed": #expect(reports.count == 1, "told once, whatever happens")
        case "outbox-dropped": #expect(promised ? sent == 0 : sent <= 1)
        default: #expect(sent == 1, "\(operation)")
        }
    }
}
