import Directory
import Disk
import Formats
import Glibc
import Logging
import Synchronization
import Testing

@testable import Delivery

/// A DNS whose records a test changes.
private final class ChangingResolver: Resolver {
    private let answers = Mutex<[String: DNSAnswer]>([:])

    func set(_ name: String, _ answer: DNSAnswer) { answers.withLock { $0[name] = answer } }
    func publish(_ texts: [String], at name: String) { set(name, .records(texts.map { .txt(Array($0.utf8)) })) }
    func lookUp(_ name: String, _ type: DNSRecordType) async -> DNSAnswer { answers.withLock { $0[name] ?? .noSuchName } }
}

/// A directory with a clock, a DNS, and what the keeper told.
private final class Scene: Sendable {
    let folder = "/tmp/mailportal-domains-\(getpid())-\(UInt64.random(in: .min ... .max))"
    let directory: Directory
    let dns = ChangingResolver()
    let clock = TestClock()
    let log = Mutex<[String]>([])
    let removed = Mutex<[String]>([])

    init() throws {
        try Folder.make(folder)
        let clock = clock
        directory = try Directory(path: "\(folder)/directory.sqlite", logger: World.logger, now: { clock.now })
    }

    deinit { try? Folder.removeTree(folder) }

    var keeper: DomainKeeper {
        DomainKeeper(
            directory: directory, resolver: dns, logger: Logger(label: "test") { _ in Lines(scene: self) },
            now: { [clock] in clock.now }
        ) { account in self.removed.withLock { $0.append(account.address.description) } }
    }

    func state(_ name: String) -> DomainState? { directory.snapshot.domain(domain(name))?.state }
}

private struct Lines: LogHandler {
    let scene: Scene
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        scene.log.withLock { $0.append("\(event.level): \(event.message) \(event.metadata?["domain"] ?? "")") }
    }
}

@Suite("TXT verification")
struct DomainVerificationTests {
    @Test("any one matching record of several passes")
    func oneOfSeveral() async throws {
        let scene = try Scene()
        let added = try await scene.directory.addDomain(domain("new.test"))
        scene.dns.publish(["v=spf1 -all", "mailportal-verification=other", added.verificationRecord, ""], at: "new.test")
        let verifier = DomainVerifier(resolver: scene.dns)
        #expect(await verifier.proved(scene.directory.snapshot.allClaims).claim?.token == added.verificationToken)
    }

    @Test("what only resembles the record proves nothing", arguments: ["x", "=", "upper", "prefix"])
    func lookAlikes(kind: String) async throws {
        let scene = try Scene()
        let record = try await scene.directory.addDomain(domain("new.test")).verificationRecord
        let texts = ["x": record + "x", "=": "mailportal-verification=", "upper": record.uppercased(), "prefix": "x " + record]
        scene.dns.publish([texts[kind] ?? ""], at: "new.test")
        #expect(await DomainVerifier(resolver: scene.dns).proved(scene.directory.snapshot.allClaims).finding == .missing)
    }

    @Test("a zone file's record of several strings is joined, and blanks around it do not matter")
    func multiString() async throws {
        let scene = try Scene()
        let token = try await scene.directory.addDomain(domain("new.test")).verificationToken
        let zone = "new.test. IN TXT \"mailportal-\" \"verification=\(token.prefix(7))\" \"\(token.dropFirst(7)) \"\n"
        let verifier = DomainVerifier(resolver: try ZoneTable(parsing: zone))
        #expect(await verifier.proved(scene.directory.snapshot.allClaims).claim?.token == token)
    }

    @Test("no answer says nothing about a domain")
    func unanswered() async throws {
        let scene = try Scene()
        try await scene.directory.addDomain(domain("new.test"))
        scene.dns.set("new.test", .failed("timeout"))
        let (claim, finding) = await DomainVerifier(resolver: scene.dns).proved(scene.directory.snapshot.allClaims)
        #expect(claim == nil && finding == .unanswered("timeout"))
        let impatient = DomainVerifier(resolver: SilentResolver(), patience: .milliseconds(10))
        let silence = await impatient.proved(scene.directory.snapshot.allClaims).finding
        guard case .unanswered = silence else { throw StoreError.invalid(reason: "\(silence)") }
    }
}

/// A DNS that answers when it is too late.
private struct SilentResolver: Resolver {
    func lookUp(_ name: String, _ type: DNSRecordType) async -> DNSAnswer {
        try? await Task.sleep(for: .seconds(3600))
        return .noData
    }
}

@Suite("The keeper of domains")
struct DomainKeeperTests {
    @Test("a pending domain is verified soon after its record is there, and the log says so")
    func pending() async throws {
        let scene = try Scene()
        let added = try await scene.directory.addDomain(domain("new.test"))
        var memory = DomainKeeper.Memory(knowing: scene.directory.snapshot)
        await scene.keeper.round(&memory)
        #expect(scene.state("new.test") == .pending)
        #expect(scene.directory.snapshot.allClaims.first?.checkedAt == scene.clock.now)
        scene.dns.publish([added.verificationRecord], at: "new.test")
        await scene.keeper.round(&memory)
        #expect(scene.state("new.test") == .pending, "looked at again too soon")
        scene.clock.advance(300)
        await scene.keeper.round(&memory)
        #expect(scene.state("new.test") == .verified)
        #expect(scene.log.withLock { $0 } == ["notice: domain verified new.test"])
    }

    @Test("looks become rarer with a claim's age, and end with it")
    func rhythm() {
        let now: Int64 = 1_000_000
        func isDue(age: Int64, checked: Int64?) -> Bool {
            DomainKeeper.isDue(created: now - age, checked: checked.map { now - $0 }, expires: now - age + 7 * 86_400, now)
        }
        #expect(isDue(age: 0, checked: nil))
        #expect(isDue(age: 3000, checked: 300))
        #expect(!isDue(age: 4000, checked: 300))
        #expect(isDue(age: 4000, checked: 1800))
        #expect(!isDue(age: 90_000, checked: 1800))
        #expect(isDue(age: 90_000, checked: 7200))
        #expect(!isDue(age: 7 * 86_400, checked: nil))
    }

    @Test("of two claimants the one whose token is published wins; what the other prepared is handed over for removal")
    func twoClaimants() async throws {
        let scene = try Scene()
        try await scene.directory.addDomain(domain("demo.test"), state: .verified)
        let ann = try await scene.directory.addAccount(NewAccount(address: address("ann@demo.test"), role: .domainAdmin))
        try await scene.directory.addDomain(domain("new.test"))
        try await scene.directory.addAccount(NewAccount(address: address("boss@new.test")))
        let second = try await scene.directory.addDomain(domain("new.test"), claimant: ann.id)
        scene.dns.publish([second.verificationRecord], at: "new.test")
        var memory = DomainKeeper.Memory(knowing: scene.directory.snapshot)
        await scene.keeper.round(&memory)
        #expect(scene.directory.snapshot.domain(domain("new.test"))?.claimant == ann.id)
        #expect(scene.removed.withLock { $0 } == ["boss@new.test"])
    }

    @Test("a claim ends after seven days")
    func expiry() async throws {
        let scene = try Scene()
        try await scene.directory.addDomain(domain("new.test"))
        var memory = DomainKeeper.Memory(knowing: scene.directory.snapshot)
        scene.clock.advance(7 * 86_400 - 1)
        await scene.keeper.round(&memory)
        #expect(scene.state("new.test") == .pending)
        scene.clock.advance(1)
        await scene.keeper.round(&memory)
        #expect(scene.state("new.test") == nil)
        #expect(scene.log.withLock { $0 } == ["notice: domain claim expired new.test"])
    }

    @Test("a verified domain is looked at every week: a missing record warns and removes nothing, a found one ends the warning")
    func weekly() async throws {
        let scene = try Scene()
        let added = try await scene.directory.addDomain(domain("new.test"))
        try await scene.directory.provedClaim(#require(scene.directory.snapshot.allClaims.first))
        var memory = DomainKeeper.Memory(knowing: scene.directory.snapshot)
        func verification() -> Verification? { scene.directory.snapshot.domain(domain("new.test"))?.verification }
        scene.clock.advance(7 * 86_400 - 1)
        await scene.keeper.round(&memory)
        #expect(verification()?.lastCheckFailed == false)
        scene.clock.advance(1)
        await scene.keeper.round(&memory)
        #expect(verification()?.lastCheckFailed == true)
        #expect(scene.state("new.test") == .verified)
        #expect(scene.log.withLock { $0 } == ["warning: domain lacks its verification record new.test"])
        scene.dns.publish([added.verificationRecord], at: "new.test")
        scene.clock.advance(7 * 86_400)
        await scene.keeper.round(&memory)
        #expect(verification()?.lastCheckFailed == false)
    }

    @Test("when nobody answers about a verified domain, nothing is concluded, and it is asked again after an hour")
    func unanswered() async throws {
        let scene = try Scene()
        try await scene.directory.addDomain(domain("new.test"))
        try await scene.directory.provedClaim(#require(scene.directory.snapshot.allClaims.first))
        var memory = DomainKeeper.Memory(knowing: scene.directory.snapshot)
        scene.dns.set("new.test", .failed("timeout"))
        scene.clock.advance(7 * 86_400)
        await scene.keeper.round(&memory)
        scene.dns.set("new.test", .noData)
        scene.clock.advance(3599)
        await scene.keeper.round(&memory)
        #expect(scene.directory.snapshot.domain(domain("new.test"))?.verification.lastCheckFailed == false)
        scene.clock.advance(1)
        await scene.keeper.round(&memory)
        #expect(scene.directory.snapshot.domain(domain("new.test"))?.verification.lastCheckFailed == true)
    }

    @Test("what somebody vouched for, also in another process, is in the log")
    func byHand() async throws {
        let scene = try Scene()
        var memory = DomainKeeper.Memory(knowing: scene.directory.snapshot)
        let other = try Directory(path: "\(scene.folder)/directory.sqlite", logger: World.logger)
        try await other.addDomain(domain("new.test"), state: .verified)
        try await scene.directory.refresh()
        await scene.keeper.round(&memory)
        await scene.keeper.round(&memory)
        #expect(scene.log.withLock { $0 } == ["notice: domain verified by hand new.test"])
    }

    @Test("a proof that the directory does not take is told, and tried again only after a while")
    func refusedProof() async throws {
        let scene = try Scene()
        try await scene.directory.addDomain(domain("demo.test"), state: .verified)
        try await scene.directory.addDomain(domain("new.test"))
        let ann = try await scene.directory.addAccount(NewAccount(address: address("ann@demo.test"), role: .domainAdmin))
        let claimed = try await scene.directory.addDomainAlias(domain("new.test"), of: domain("demo.test"), claimant: ann.id)
        try await scene.directory.addAlias(address("info@demo.test"), recipients: [address("info@new.test")])
        scene.dns.publish([claimed.verificationRecord], at: "new.test")
        var memory = DomainKeeper.Memory(knowing: scene.directory.snapshot)
        await scene.keeper.round(&memory)
        await scene.keeper.round(&memory)
        #expect(scene.state("new.test") == .pending)
        #expect(scene.log.withLock { $0 } == ["warning: domain has its record, and cannot be verified new.test"])
    }
}
