import Formats
import SMTP
import Testing

@testable import Delivery

@Suite("What is known of destinations")
struct DestinationBookTests {
    private let there = Destination.domain(domain("x.test"))
    private let later = Reply(451, 4, 4, 1, "Nobody answers")

    @Test("a destination begins with two attempts, and gets more while it takes what it gets")
    func window() {
        var book = DestinationBook(maximum: 4)
        var running = 0
        func fill(_ book: inout DestinationBook) {
            while book.hasRoom(there) {
                book.enter(there)
                running += 1
            }
        }
        fill(&book)
        #expect(running == 2)
        for _ in 0..<5 {
            book.leave(there, failure: nil, isInterrupted: false, now: 0)
            running -= 1
            fill(&book)
        }
        #expect(running == 4)
        book.leave(there, failure: later, isInterrupted: false, now: 100)
        #expect(book.quiet(there, now: 101)?.reply == later)
        #expect(!book.hasRoom(there))
    }

    @Test("failures side by side count once; the pause grows; an answer ends it")
    func pauses() {
        var book = DestinationBook(maximum: 4)
        book.enter(there)
        book.enter(there)
        book.leave(there, failure: later, isInterrupted: false, now: 0)
        book.leave(there, failure: later, isInterrupted: false, now: 1)
        #expect(book.quiet(there, now: 1)?.until == 15)
        #expect(book.quiet(there, now: 15) == nil)
        book.enter(there)
        #expect(!book.hasRoom(there))
        book.leave(there, failure: later, isInterrupted: false, now: 15)
        #expect(book.quiet(there, now: 16)?.until == 45)
        book.enter(there)
        book.leave(there, failure: nil, isInterrupted: false, now: 46)
        #expect(book.quiet(there, now: 46) == nil && book.hasRoom(there))
    }

    @Test("who waits is called when there is room, in order")
    func waiting() throws {
        var book = DestinationBook(maximum: 4)
        let ids = (1...3).map { QueueID.make(now: $0) }
        book.enter(there)
        book.enter(there)
        for id in ids { book.wait(id, for: there) }
        #expect(book.call().isEmpty)
        book.leave(there, failure: nil, isInterrupted: true, now: 0)
        #expect(book.call() == [ids[0]])
        book.leave(there, failure: nil, isInterrupted: false, now: 0)
        #expect(book.call() == [ids[1], ids[2]])
    }
}
