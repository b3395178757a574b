import Directory
import Disk
import Formats
import Glibc
import SMTP
import Testing

@testable import Delivery

@Suite("Greylisting")
struct GreylistTests {
    private let clock = TestClock()
    private let place = Place()

    /// A file that is gone with the test.
    private final class Place: Sendable {
        let path = "/tmp/mailportal-greylist-\(getpid())-\(UInt64.random(in: .min ... .max)).sqlite"
        deinit { for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) } }
    }

    private func triplet(_ client: String = "192.0.2.1", _ sender: String = "ann@x.test", _ recipient: String = "bob@demo.test") -> GreylistTriplet {
        GreylistTriplet(client: ClientAddress(client), sender: .mailbox(address(sender)), recipient: .mailbox(address(recipient)))
    }

    private func open(_ timing: GreylistTiming = GreylistTiming()) throws -> Greylist {
        try Greylist(path: place.path, timing: timing, logger: World.logger) { [clock] in clock.now }
    }

    @Test("the first attempt waits five minutes; the retry passes, and so does what comes within 36 days")
    func passes() async throws {
        let list = try open()
        #expect(try await list.admit([triplet()]) == [false])
        clock.advance(299)
        #expect(try await list.admit([triplet()]) == [false])
        clock.advance(1)
        #expect(try await list.admit([triplet()]) == [true])
        clock.advance(35 * 86_400)
        #expect(try await list.admit([triplet()]) == [true])
        clock.advance(36 * 86_400)
        #expect(try await list.admit([triplet()]) == [false])
    }

    @Test("a retry after more than two days is a first attempt again")
    func window() async throws {
        let list = try open()
        #expect(try await list.admit([triplet()]) == [false])
        clock.advance(2 * 86_400)
        #expect(try await list.admit([triplet()]) == [false])
        clock.advance(300)
        #expect(try await list.admit([triplet()]) == [true])
    }

    @Test("the network counts, not the address; sender and recipient count, not their case")
    func triplets() async throws {
        #expect(triplet("192.0.2.1") == triplet("192.0.2.254", "Ann@x.test", "BOB@Demo.Test"))
        #expect(triplet("192.0.2.1") != triplet("192.0.3.1"))
        #expect(triplet("2001:db8::1") == triplet("2001:db8::ffff:1"))
        #expect(triplet("2001:db8::1") != triplet("2001:db8:0:1::1"))
        let list = try open()
        #expect(try await list.admit([triplet(), triplet("192.0.2.1", "ann@x.test", "carol@demo.test")]) == [false, false])
        clock.advance(300)
        #expect(try await list.admit([triplet(), triplet("192.0.2.1", "else@x.test")]) == [true, false])
    }

    @Test("it is bounded: what expired goes, then first attempts, and passes stay")
    func bounded() async throws {
        var timing = GreylistTiming()
        timing.maximumCount = 100
        let list = try open(timing)
        _ = try await list.admit([triplet()])
        clock.advance(300)
        #expect(try await list.admit([triplet()]) == [true])
        for round in 0..<4 {
            _ = try await list.admit((0..<600).map { triplet("192.0.2.1", "s\(round)x\($0)@x.test") })
            clock.advance(1)
        }
        #expect(try await list.count() <= 100 + 600)
        #expect(try await list.admit([triplet()]) == [true])
    }

    @Test("it outlives the process")
    func restart() async throws {
        let list = try open()
        _ = try await list.admit([triplet()])
        clock.advance(300)
        let again = try open()
        #expect(try await again.admit([triplet()]) == [true])
    }

    @Test("a damaged file is made anew")
    func damaged() async throws {
        try AtomicFile.write(Array(repeating: 0x41, count: 8192), to: place.path)
        #expect(try await open().admit([triplet()]) == [false])
    }
}
