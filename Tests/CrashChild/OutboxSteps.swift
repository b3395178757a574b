#if DEBUG
import Disk
import Formats
import Logging
import MailStore
import SMTP

@testable import Delivery

/// What an outbox is asked to do while its process dies. `<folder>/outbox` holds one entry, but for `outbox-enqueue`.
struct OutboxSteps {
    let folder: String

    func run(_ operation: String, dyingAt step: Int) async throws {
        let logger = Logger(label: "crash") { _ in SwiftLogNoOpLogHandler() }
        let outbox = try Outbox(folder: "\(folder)/outbox", configuration: .init(), logger: logger)
        switch operation {
        case "outbox-enqueue":
            CrashPoint.arm(steps: step)
            try await outbox.enqueue(Self.entry, prefix: Array("Received: x\r\n".utf8), content: .bytes(Self.message))
            print(Self.entry.id)
        case "outbox-delivered": try await record(outbox, Reply(250, 2, 0, 0, "Taken"), step)
        case "outbox-deferred": try await record(outbox, Reply(450, 4, 2, 0, "Later"), step)
        case "outbox-failed": try await record(outbox, Reply(550, 5, 1, 1, "Nobody"), step)
        case "outbox-dropped":
            CrashPoint.arm(steps: step)
            try await outbox.drop(Self.entry.id)
            print("dropped")
        case "outbox-adopted":
            CrashPoint.arm(steps: step)
            await outbox.obeyRequests()
        default: print("unknown operation")
        }
    }

    private func record(_ outbox: Outbox, _ reply: Reply, _ step: Int) async throws {
        let attempts = await outbox.takeDue { _ in .nowhere }
        CrashPoint.arm(steps: step)
        for attempt in attempts {
            await outbox.record(
                attempt, DeliveryReport(outcomes: attempt.indexes.map { _ in DeliveryOutcome(reply, host: "mx.x.test") }))
        }
        print("recorded")
    }

    static let message = Array("Message-ID: <m@x>\r\nSubject: hi\r\n\r\nbody\r\n".utf8)

    static var entry: OutboxEntry {
        guard let id = QueueID(rawValue: "crash1"), let recipient = try? MailAddress(parsing: "a@x.test") else { preconditionFailure() }
        return OutboxEntry(id: id, sender: "alice@demo.test", recipients: [recipient], created: UnixTime.now.seconds)
    }
}
#endif
