import Directory
import Disk
import Formats
import MailStore
import SMTP
import Testing

@testable import Delivery

/// An outbox and what one does with it.
private struct Queue {
    let world: World
    let clock = TestClock()
    var outbox: Outbox

    init() async throws {
        world = try await World()
        outbox = try world.outbox(clock)
    }

    /// As after a crash or a restart.
    mutating func reopen() throws { outbox = try world.outbox(clock) }

    @discardableResult
    func enqueue(
        _ recipients: [String], sender: String = "alice@demo.test", holdUntil: Int64? = nil, tracked: Bool = false
    ) async throws -> QueueID {
        let entry = OutboxEntry(
            id: QueueID.make(now: clock.now), sender: sender, recipients: recipients.map(address), created: clock.now,
            holdUntil: holdUntil, account: tracked ? try world.account("alice@demo.test").id : nil)
        try await outbox.enqueue(
            entry, prefix: Array("Received: x\r\n".utf8), content: .bytes(Array("Message-ID: <m@x>\r\nSubject: hi\r\n\r\nbody\r\n".utf8)))
        return entry.id
    }

    func take() async -> [DeliveryAttempt] {
        await outbox.takeDue { RoutePlanner(smartHost: nil) { $0.domain.ascii == "demo.test" ? .here : .elsewhere }.destination(of: $0) }
    }

    func answer(_ attempt: DeliveryAttempt, _ replies: [Reply?]) async {
        await outbox.record(attempt, DeliveryReport(outcomes: replies.map { $0.map { DeliveryOutcome($0, host: "mx.x.test") } }))
    }

    var files: [String] {
        ((try? Folder.names("\(world.folder)/outbox")) ?? []).filter { $0.hasSuffix(".json") || $0.hasSuffix(".eml") }.sorted()
    }
}

private let soft = Reply(450, 4, 2, 0, "Later")
private let hard = Reply(550, 5, 1, 1, "Nobody")

@Suite("The outbox")
struct OutboxTests {
    @Test("keeps two files an entry, and none when all is delivered")
    func lifeOfAnEntry() async throws {
        let queue = try await Queue()
        let id = try await queue.enqueue(["a@x.test", "b@x.test"])
        #expect(queue.files == ["\(id).eml", "\(id).json"])
        let bytes = try OpenFile(path: queue.outbox.messagePath(id)).read()
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("Received: x\r\nMessage-ID"))
        let attempts = await queue.take()
        #expect(attempts.map(\.recipients) == [["a@x.test", "b@x.test"]])
        #expect(await queue.take().isEmpty)
        await queue.answer(attempts[0], [.ok, .ok])
        #expect(queue.files.isEmpty)
        #expect(await queue.outbox.list().isEmpty)
    }

    @Test("groups by destination, and one slow destination holds up no other")
    func groups() async throws {
        let queue = try await Queue()
        try await queue.enqueue(["a@x.test", "bob@demo.test", "c@y.test", "d@x.test"])
        let attempts = await queue.take()
        #expect(attempts.map(\.destination) == [.domain(domain("x.test")), .local, .domain(domain("y.test"))])
        let local = try #require(attempts.first { $0.destination == .local })
        await queue.answer(local, [.ok])
        let entry = try #require(await queue.outbox.list().first)
        #expect(entry.recipients.map(\.state) == [.pending, .delivered, .pending, .pending])
    }

    @Test("takes as many as there is room for, also to one destination")
    func bounds() async throws {
        var queue = try await Queue()
        queue.outbox = try queue.world.outbox(queue.clock) {
            $0.maximumDeliveries = 5
            $0.maximumPerDestination = 2
            $0.maximumRecipients = 2
        }
        for _ in 0..<4 { try await queue.enqueue(["a@x.test"]) }
        let first = await queue.take()
        #expect(first.count == 2)
        #expect(await queue.take().isEmpty)
        await queue.answer(first[0], [.ok])
        queue.clock.advance(1)
        #expect(await queue.take().count == 1)
        try await queue.enqueue(["a@y.test", "b@y.test", "c@y.test"])
        #expect(await queue.take().map(\.indexes) == [[0, 1], [2]])
    }

    @Test("tries again with growing pauses, tells the sender once after four hours, and gives up after five days")
    func backOff() async throws {
        var queue = try await Queue()
        let id = try await queue.enqueue(["a@x.test"])
        var pauses: [Int64] = []
        var reports: [(time: Int64, text: String)] = []
        while pauses.count < 100 {
            for attempt in await queue.take() {
                guard attempt.entry.sender.isEmpty else {
                    await queue.answer(attempt, [soft])
                    continue
                }
                let bytes = try OpenFile(path: queue.outbox.messagePath(attempt.entry.id)).read()
                reports.append((queue.clock.now - 1_000_000, String(decoding: bytes, as: UTF8.self)))
                #expect(attempt.recipients == ["alice@demo.test"])
                await queue.answer(attempt, [.ok])
            }
            try queue.reopen()
            guard let next = await queue.outbox.list().compactMap(\.nextAttempt).min() else { break }
            if next > queue.clock.now {
                pauses.append(next - queue.clock.now)
                queue.clock.advance(next - queue.clock.now)
            }
        }
        #expect(60...66 ~= pauses[0] && 300...330 ~= pauses[1])
        #expect(pauses.allSatisfy { $0 <= 14_400 + 1440 })
        #expect(reports.count == 2)
        #expect(reports[0].time == 4 * 3600)
        #expect(reports[0].text.contains("Action: delayed") && reports[0].text.contains("Will-Retry-Until:"))
        #expect(4 * 86_400...5 * 86_400 ~= reports[1].time)
        #expect(reports[1].text.contains("Action: failed") && reports[1].text.contains("given up after"))
        #expect(reports[1].text.contains("Status: 4.2.0"))
        #expect(await queue.outbox.list().allSatisfy { $0.id != id })
    }

    @Test("tells what the sender wants to hear, and no more")
    func notificationRequests() async throws {
        let queue = try await Queue()
        var entry = OutboxEntry(
            id: QueueID.make(now: queue.clock.now), sender: "alice@demo.test",
            recipients: ["never@x.test", "both@x.test", "passed@x.test", "plain@x.test"].map(address), created: queue.clock.now)
        let requests = [
            "never@x.test": NotificationRequest(events: []),
            "both@x.test": NotificationRequest(events: [.success, .failure], original: "rfc822;b+x@y.test"),
            "passed@x.test": NotificationRequest(events: [.success]),
        ]
        entry.take(.full, "env 1", requests)
        try await queue.outbox.enqueue(entry, prefix: [], content: .bytes(Array("Subject: hi\r\n\r\nbody\r\n".utf8)))
        let attempt = try #require(await queue.take().first)
        let taken = Reply(250, 2, 0, 0, "Taken")
        await queue.outbox.record(
            attempt,
            DeliveryReport(outcomes: [
                DeliveryOutcome(hard, host: "mx.x.test"), DeliveryOutcome(taken, host: "mx.x.test"),
                DeliveryOutcome(taken, host: "mx.x.test", passesNotifications: true), DeliveryOutcome(hard, host: "mx.x.test"),
            ]))
        let reports = await queue.outbox.list()
        #expect(reports.map(\.id.rawValue) == ["\(entry.id)d1", "\(entry.id)d2"])
        let failed = Message(parsing: try OpenFile(path: queue.outbox.messagePath(reports[0].id)).read())
        #expect(failed.root.children.map(\.type) == ["text/plain", "message/delivery-status", "message/rfc822"])
        let failure = failed.root.children[1].decodedText().text
        #expect(failure.contains("plain@x.test") && !failure.contains("never@x.test"))
        #expect(failure.contains("Original-Envelope-Id: env+201"))
        let arrived = Message(parsing: try OpenFile(path: queue.outbox.messagePath(reports[1].id)).read())
        let success = arrived.root.children[1].decodedText().text
        #expect(success.contains("Action: relayed") && success.contains("Original-Recipient: rfc822; b+x@y.test"))
        #expect(!success.contains("passed@x.test") && arrived.root.children[2].type == "text/rfc822-headers")
    }

    @Test("a destination that nobody answers for is left in peace, and goes on with one attempt")
    func quiet() async throws {
        let queue = try await Queue()
        for number in 0..<20 { try await queue.enqueue(["a\(number)@x.test"]) }
        var tried = 0
        for _ in 0..<60 {
            for attempt in await queue.take() {
                tried += 1
                await queue.outbox.record(
                    attempt, DeliveryReport(outcomes: [DeliveryOutcome(soft)], isUnreachable: true))
            }
            queue.clock.advance(1)
        }
        #expect(2...6 ~= tried, "\(tried) attempts in a minute")
        // One entry that an admin retries goes at once.
        let entry = try #require(await queue.outbox.list().last)
        try await queue.outbox.retry(entry.id)
        let attempt = try #require(await queue.take().first)
        #expect(attempt.entry.id == entry.id)
        await queue.answer(attempt, [.ok])
        var rounds = 0
        while await !queue.outbox.list().isEmpty, rounds < 30 {
            for attempt in await queue.take() { await queue.answer(attempt, [.ok]) }
            queue.clock.advance(60)
            rounds += 1
        }
        #expect(await queue.outbox.list().isEmpty)
    }

    @Test("what waits for a silent destination is told of, and given up, in time")
    func quietForDays() async throws {
        let queue = try await Queue()
        for number in 0..<3 { try await queue.enqueue(["a\(number)@x.test"]) }
        var reports: [String] = []
        for _ in 0..<(6 * 24 * 12) {
            for attempt in await queue.take() {
                if attempt.entry.sender.isEmpty {
                    let bytes = try OpenFile(path: queue.outbox.messagePath(attempt.entry.id)).read()
                    reports.append(String(decoding: bytes, as: UTF8.self).contains("Action: failed") ? "failed" : "delayed")
                    await queue.answer(attempt, [.ok])
                } else {
                    await queue.outbox.record(attempt, DeliveryReport(outcomes: [DeliveryOutcome(soft)], isUnreachable: true))
                }
            }
            queue.clock.advance(300)
        }
        #expect(reports.filter { $0 == "delayed" }.count == 3 && reports.filter { $0 == "failed" }.count == 3)
        #expect(await queue.outbox.list().isEmpty)
    }

    @Test("a permanent refusal makes one notification, with the other recipients untouched")
    func permanentFailure() async throws {
        let queue = try await Queue()
        let id = try await queue.enqueue(["a@x.test", "b@x.test", "c@x.test"])
        let attempt = try #require(await queue.take().first)
        await queue.answer(attempt, [hard, .ok, soft])
        let entries = await queue.outbox.list()
        #expect(entries.map(\.id.rawValue) == [id.rawValue, "\(id)d1"])
        #expect(entries[0].recipients.map(\.state) == [.failed, .delivered, .pending])
        let report = Message(parsing: try OpenFile(path: queue.outbox.messagePath(entries[1].id)).read())
        #expect(report.root.type == "multipart/report")
        #expect(report.root.children.map(\.type) == ["text/plain", "message/delivery-status", "text/rfc822-headers"])
        let status = report.root.children[1].decodedText().text
        #expect(status.contains("Final-Recipient: rfc822; a@x.test") && status.contains("Status: 5.1.1"))
        #expect(status.contains("Diagnostic-Code: smtp; 550 5.1.1 Nobody") && !status.contains("b@x.test"))
        #expect(report.root.children[2].decodedText().text.contains("Subject: hi"))
    }

    @Test("has not failed as long as the sender cannot be told, and is tried again when its state cannot be written")
    func fullDisk() async throws {
        let queue = try await Queue()
        let folder = "\(queue.world.folder)/outbox"
        let id = try await queue.enqueue(["a@x.test"])
        try Folder.removeTree("\(folder)/tmp")
        await queue.answer(try #require(await queue.take().first), [hard])
        let kept = try #require(await queue.outbox.list().first)
        #expect(kept.recipients[0].state == .pending && kept.recipients[0].nextAttempt == queue.clock.now + 60)
        try Folder.make("\(folder)/tmp")
        queue.clock.advance(60)
        let attempt = try #require(await queue.take().first)
        try DiskFile.remove("\(folder)/\(id).json")
        try Folder.make("\(folder)/\(id).json")
        await queue.answer(attempt, [soft])
        try Folder.removeTree("\(folder)/\(id).json")
        queue.clock.advance(60)
        let early = await queue.take().count
        queue.clock.advance(10)
        #expect(await queue.take().count + early == 1)
    }

    @Test("local deliveries wait for no place of remote ones")
    func localFirst() async throws {
        var queue = try await Queue()
        queue.outbox = try queue.world.outbox(queue.clock) { $0.maximumDeliveries = 2 }
        for name in ["x", "y", "z", "w"] { try await queue.enqueue(["a@\(name).test"]) }
        let first = await queue.take()
        #expect(first.count == 2)
        try await queue.enqueue(["a@v.test", "bob@demo.test"])
        #expect(await queue.take().map(\.destination) == [.local])
        await queue.answer(first[0], [.ok])
        #expect(await queue.take().count == 1)
        await queue.answer(first[1], [.ok])
        #expect(await queue.take().count == 1)
    }

    @Test("never tells a null sender")
    func nullSender() async throws {
        let queue = try await Queue()
        try await queue.enqueue(["a@x.test"], sender: "bob@demo.test")
        let attempt = try #require(await queue.take().first)
        await queue.answer(attempt, [hard])
        let report = try #require(await queue.take().first)
        #expect(report.entry.sender.isEmpty)
        await queue.answer(report, [hard])
        #expect(await queue.outbox.list().isEmpty)
        #expect(queue.files.isEmpty)
    }

    @Test("an attempt that was broken off counts for nothing")
    func interrupted() async throws {
        let queue = try await Queue()
        try await queue.enqueue(["a@x.test"])
        let attempt = try #require(await queue.take().first)
        await queue.answer(attempt, [nil])
        #expect(await queue.outbox.list().first?.recipients.first?.attempts == 0)
        #expect(await queue.take().count == 1)
    }

    @Test("holds until the time, and can be cancelled meanwhile")
    func sendLater() async throws {
        var queue = try await Queue()
        let id = try await queue.enqueue(["a@x.test"], holdUntil: queue.clock.now + 600, tracked: true)
        #expect(await queue.take().isEmpty)
        #expect(await queue.outbox.status(of: id)?.undo == .pending)
        try queue.reopen()
        #expect(await queue.take().isEmpty)
        #expect(await queue.outbox.cancel(id) == .canceled)
        #expect(await queue.outbox.status(of: id)?.undo == .canceled)
        #expect(queue.files.isEmpty)
        queue.clock.advance(700)
        #expect(await queue.take().isEmpty)

        let second = try await queue.enqueue(["a@x.test"], holdUntil: queue.clock.now + 600, tracked: true)
        queue.clock.advance(601)
        let attempt = try #require(await queue.take().first)
        #expect(await queue.outbox.cancel(second) == .tooLate)
        await queue.answer(attempt, [.ok])
        #expect(await queue.outbox.cancel(second) == .tooLate)
        #expect(await queue.outbox.cancel(QueueID.make(now: 1)) == .unknown)
    }

    @Test("the status of a submission is there for each recipient, also after the end and a restart")
    func status() async throws {
        var queue = try await Queue()
        var updates = queue.outbox.updates().makeAsyncIterator()
        let id = try await queue.enqueue(["a@x.test", "b@x.test"], tracked: true)
        let attempt = try #require(await queue.take().first)
        #expect(await queue.outbox.status(of: id)?.undo == .final)
        await queue.answer(attempt, [Reply(250, 2, 0, 0, "Taken"), hard])
        let update = await updates.next()
        let alice = try queue.world.account("alice@demo.test").id
        #expect(update?.id == id && update?.account == alice)
        try queue.reopen()
        let status = try #require(await queue.outbox.status(of: id))
        #expect(status.recipients.map(\.delivered) == [.unknown, .no])
        #expect(status.recipients.map(\.smtpReply) == ["250 2.0.0 Taken", "550 5.1.1 Nobody"])
    }

    @Test("an admin can hold, retry and drop, from another process too")
    func orders() async throws {
        let queue = try await Queue()
        let id = try await queue.enqueue(["a@x.test"])
        let access = try QueueAccess(data: queue.world.folder)
        #expect(try access.list().map(\.id) == [id])
        try access.ask(.hold, id)
        await queue.outbox.obeyRequests()
        #expect(await queue.take().isEmpty)
        try access.ask(.retry, id)
        await queue.outbox.obeyRequests()
        let attempt = try #require(await queue.take().first)
        await queue.answer(attempt, [soft])
        try access.ask(.drop, id)
        await queue.outbox.obeyRequests()
        #expect(queue.files.isEmpty)
        #expect(try access.list().isEmpty)
        #expect(throws: StoreError.notFound) { try access.ask(.drop, id) }
    }

    @Test("takes over what another process puts there")
    func adoption() async throws {
        let queue = try await Queue()
        let access = try QueueAccess(data: queue.world.folder)
        let entry = OutboxEntry(id: QueueID.make(now: 5), sender: "", recipients: [address("a@x.test")], created: queue.clock.now)
        try access.enqueue(entry, prefix: [], content: .bytes(Array("A: b\r\n\r\n".utf8)))
        await queue.outbox.obeyRequests()
        #expect(await queue.take().first?.entry.id == entry.id)
        #expect(queue.files == ["\(entry.id).eml", "\(entry.id).json"])
    }

    // MARK: Crashes

    @Test("starts again with every promised entry, and with nothing else")
    func recovery() async throws {
        var queue = try await Queue()
        let id = try await queue.enqueue(["a@x.test"])
        let folder = "\(queue.world.folder)/outbox"
        // What each step of a write can leave behind.
        for leftover in ["tmp/aaa.eml", "tmp/bbb.json", "tmp/ccc.spool", "ddd.eml", "\(id).json.123.new"] {
            let file = try StagedFile(creating: "\(folder)/\(leftover)")
            try file.append(Array("{".utf8))
            let path = "\(folder)/\(leftover)"
            try file.commit(to: path + "x")
            try DiskFile.move(path + "x", to: path)
        }
        try queue.reopen()
        #expect(try Folder.names("\(folder)/tmp").isEmpty)
        #expect(queue.files == ["\(id).eml", "\(id).json"])
        #expect(!DiskFile.exists("\(folder)/\(id).json.123.new"))
        let attempt = try #require(await queue.take().first)
        await queue.answer(attempt, [.ok])
        #expect(queue.files.isEmpty)
    }

    @Test("a message of which the envelope is still coming in is no orphan")
    func halfAdopted() async throws {
        var queue = try await Queue()
        let entry = OutboxEntry(id: QueueID.make(now: 5), sender: "", recipients: [address("a@x.test")], created: queue.clock.now)
        try QueueAccess(data: queue.world.folder).enqueue(entry, prefix: [], content: .bytes(Array("A: b\r\n\r\n".utf8)))
        try DiskFile.move("\(queue.world.folder)/outbox/new/\(entry.id).eml", to: queue.outbox.messagePath(entry.id))
        try queue.reopen()
        await queue.outbox.obeyRequests()
        #expect(await queue.take().first?.entry.id == entry.id)
        #expect(queue.files == ["\(entry.id).eml", "\(entry.id).json"])
    }

    @Test("an envelope that lost its message was never promised")
    func envelopeWithoutMessage() async throws {
        var queue = try await Queue()
        let id = try await queue.enqueue(["a@x.test"])
        try DiskFile.remove(queue.outbox.messagePath(id))
        try queue.reopen()
        #expect(queue.files.isEmpty)
        #expect(await queue.outbox.list().isEmpty)
    }

    @Test("a failure that is repeated after a crash tells the sender once")
    func repeatedNotification() async throws {
        var queue = try await Queue()
        let id = try await queue.enqueue(["a@x.test"])
        let envelope = "\(queue.world.folder)/outbox/\(id).json"
        let before = try OpenFile(path: envelope).read()
        let message = try OpenFile(path: queue.outbox.messagePath(id)).read()
        await queue.answer(try #require(await queue.take().first), [hard])
        // The crash came after the notification was queued, before the entry was ended.
        try AtomicFile.write(message, to: queue.outbox.messagePath(id))
        try AtomicFile.write(before, to: envelope)
        try queue.reopen()
        let attempts = await queue.take()
        await queue.answer(try #require(attempts.first { $0.entry.id == id }), [hard])
        #expect(await queue.outbox.list().map(\.id.rawValue) == ["\(id)d1"])
    }

    @Test("entries come up in the order of their time")
    func dueQueue() {
        var due = DueQueue()
        let ids = (0..<50).map { QueueID.make(now: $0) }
        for index in [7, 3, 49, 0, 12, 11, 48, 1] { due.add(ids[index], at: Int64(index)) }
        due.add(ids[2], at: nil)
        #expect(due.next == 0)
        var order: [QueueID] = []
        while let id = due.pop(upTo: 48) { order.append(id) }
        #expect(order == [0, 1, 3, 7, 11, 12, 48].map { ids[$0] })
        #expect(due.next == 49)
    }
}
