import Directory
import Disk
import Formats
import SMTP
import Synchronization
import Testing

@testable import Delivery

/// Gives every message the same score, and counts.
private final class FixedScorer: SpamScorer {
    let outcome: ScanOutcome
    private let asked = Mutex(0)
    var count: Int { asked.withLock { $0 } }

    init(_ score: Double?) {
        outcome = score.map { .scored(SpamScore(value: $0)) } ?? .unavailable("it is a test")
    }

    func score(_ request: ScanRequest) async -> ScanOutcome {
        asked.withLock { $0 += 1 }
        return outcome
    }
}

private let zone = """
    forged.test. TXT "v=spf1 ip4:198.51.100.1 -all"
    honest.test. TXT "v=spf1 ip4:192.0.2.0/24 -all"
    """

@Suite("Antispam")
struct AntispamTests {
    private func antispam(
        _ world: World, _ scorer: FixedScorer?, acceptsUnscored: Bool = true, greylist: Bool = true
    ) throws -> Antispam {
        Antispam(
            scorer: scorer, greylist: greylist ? try Greylist(path: "\(world.folder)/greylist.sqlite", logger: World.logger) : nil,
            resolver: try ZoneTable(parsing: zone), acceptsUnscored: acceptsUnscored,
            spoolFolder: world.folder, logger: World.logger)
    }

    private func arrival(
        _ policies: [RecipientPolicy], from sender: String = "ann@honest.test", isInternalHop: Bool = false, isLMTP: Bool = false
    ) -> Antispam.Arrival {
        var facts = ClientFacts()
        facts.isLMTP = isLMTP
        let client = ClientAddress("192.0.2.1")
        let recipients = policies.indices.map { ForwardPath.mailbox(address("r\($0)@demo.test")) }
        return Antispam.Arrival(
            envelope: Envelope(sender: .mailbox(address(sender)), recipients: recipients), policies: policies,
            content: .bytes(Array("Subject: x\r\nX-Spam: No\r\n\r\ntext\r\n".utf8)), client: client, greeting: "h.test",
            origin: TraceHeaders.Origin(
                client: facts, peer: Peer(address: client), hostname: "mx.demo.test", id: QueueID.make(now: 1), isSMTPUTF8: false,
                time: 1),
            isInternalHop: isInternalHop)
    }

    private func judge(_ antispam: Antispam, _ arrival: Antispam.Arrival) async throws -> [String] {
        guard case .bytes(let bytes) = arrival.content else { return [] }
        return try await antispam.judge(arrival, beginning: bytes).fates.map { fate in
            switch fate {
            case .deliver(let isJunk, _): isJunk ? "junk" : "inbox"
            case .refuse(let reply): String(reply.text.prefix(9))
            }
        }
    }

    private func allowed(_ kind: PolicyListEntry.Kind = .allow) -> RecipientPolicy {
        RecipientPolicy(entry: PolicyListEntry(kind: kind, pattern: .domain(domain("honest.test")), scope: nil))
    }

    @Test(
        "the highest threshold that is reached decides",
        arguments: [(2.9, "inbox"), (3, "451 4.7.1"), (4, "junk"), (9.9, "junk"), (10, "550 5.7.1"), (-5, "inbox")])
    func decides(score: Double, fate: String) async throws {
        let world = try await World()
        #expect(try await judge(antispam(world, FixedScorer(score)), arrival([RecipientPolicy()])) == [fate])
    }

    @Test("each recipient's thresholds are its own, and one scan serves all")
    func thresholds() async throws {
        let world = try await World()
        let scorer = FixedScorer(5)
        let strict = RecipientPolicy(thresholds: try SpamThresholds(deferAt: 1, junkAt: 2, rejectAt: 3), source: .global)
        let lax = RecipientPolicy(thresholds: try SpamThresholds(deferAt: 6, junkAt: 7, rejectAt: 8), source: .domain(domain("demo.test")))
        let fates = try await judge(antispam(world, scorer), arrival([strict, RecipientPolicy(), lax], isLMTP: true))
        #expect(fates == ["550 5.7.1", "junk", "inbox"])
        #expect(scorer.count == 1)
    }

    @Test("without an answer mail comes in unscored, or waits, as configured")
    func unavailable() async throws {
        let world = try await World()
        #expect(try await judge(antispam(world, FixedScorer(nil)), arrival([RecipientPolicy()])) == ["inbox"])
        #expect(try await judge(antispam(world, FixedScorer(nil), acceptsUnscored: false), arrival([RecipientPolicy()])) == ["451 4.7.1"])
    }

    @Test("an allowed sender is not scored, unless SPF says forged")
    func allow() async throws {
        let world = try await World()
        let scorer = FixedScorer(50)
        #expect(try await judge(antispam(world, scorer), arrival([allowed()])) == ["inbox"])
        #expect(scorer.count == 0)
        #expect(try await judge(antispam(world, scorer), arrival([allowed()], from: "ann@forged.test")) == ["550 5.7.1"])
        #expect(try await judge(antispam(world, scorer), arrival([allowed(.block)])) == ["550 5.7.1"])
    }

    @Test("internal hops are scored, and neither greylisted nor judged by SPF")
    func internalHop() async throws {
        let world = try await World()
        let filter = try antispam(world, FixedScorer(3.5))
        #expect(try await judge(filter, arrival([RecipientPolicy()], isInternalHop: true)) == ["inbox"])
        #expect(try await judge(filter, arrival([RecipientPolicy()])) == ["451 4.7.1"])
        let junk = try antispam(world, FixedScorer(5))
        #expect(try await judge(junk, arrival([allowed()], from: "ann@forged.test", isInternalHop: true)) == ["inbox"])
    }

    @Test("one recipient that greylisting does not know yet is told to wait; the others are their own affair")
    func greylisting() async throws {
        let world = try await World()
        let filter = try antispam(world, FixedScorer(3.5))
        #expect(try await judge(filter, arrival([RecipientPolicy(), RecipientPolicy()])) == ["451 4.7.1", "451 4.7.1"])
        let quick = Antispam(
            scorer: filter.scorer, greylist: nil, resolver: filter.resolver, acceptsUnscored: true,
            spoolFolder: world.folder, logger: World.logger)
        #expect(try await judge(quick, arrival([RecipientPolicy()])) == ["inbox"])
    }

    @Test("where nothing scores, nothing is added or taken, and block lists hold")
    func off() async throws {
        let world = try await World()
        let filter = try antispam(world, nil)
        let arrival = arrival([RecipientPolicy(), allowed(.block)])
        #expect(try await judge(filter, arrival) == ["inbox", "550 5.7.1"])
        guard case .bytes(let bytes) = arrival.content, case .bytes(let after) = try await filter.judge(arrival, beginning: bytes).content
        else { return }
        #expect(bytes == after)
    }

    @Test("the first recipient's policy holds for a transaction; equal ones agree whoever set them")
    func policies() throws {
        let standard = RecipientPolicy()
        let own = RecipientPolicy(source: .domain(domain("demo.test")))
        let other = RecipientPolicy(thresholds: try SpamThresholds(deferAt: 1, junkAt: 2, rejectAt: 3))
        #expect(standard.refusal(after: nil) == nil && own.refusal(after: standard) == nil)
        #expect(other.refusal(after: standard)?.text.hasPrefix("452 4.5.3") == true)
        #expect(allowed().refusal(after: standard)?.text.hasPrefix("452 4.5.3") == true)
        #expect(allowed(.block).refusal(after: nil)?.text.hasPrefix("550 5.7.1") == true)
    }
}
