package import Directory
internal import Disk
internal import Formats
package import Logging
internal import ServiceLifecycle

/// Looks at pending claims now and then, at verified domains every week, and ends claims that nobody proved. Mission §3.
///
/// A failed look at a verified domain warns, and takes nothing away.
package struct DomainKeeper: Service {
    private let directory: Directory
    private let verifier: DomainVerifier
    private let logger: Logger
    private let now: @Sendable () -> Int64
    private let onRemoval: @Sendable (Account) async -> Void

    /// How often it wakes, and how many domains it asks about at the same time.
    private static let tick = Duration.seconds(5)
    private static let width = 8
    static let week: Int64 = 7 * 86_400
    /// When nobody answered about a verified domain, ask again after this.
    private static let retry: Int64 = 3600

    /// - Parameters:
    ///   - now: seconds since 1970
    ///   - onRemoval: told of accounts that a losing claimant had prepared: their folders are to be moved away
    package init(
        directory: Directory, resolver: any Resolver, logger: Logger, now: @escaping @Sendable () -> Int64,
        onRemoval: @escaping @Sendable (Account) async -> Void = { _ in }
    ) {
        self.directory = directory
        verifier = DomainVerifier(resolver: resolver)
        self.logger = logger
        self.now = now
        self.onRemoval = onRemoval
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var memory = Memory(knowing: directory.snapshot)
            while !Task.isCancelled {
                await round(&memory)
                try? await Task.sleep(for: Self.tick)
            }
        }
    }

    /// What a round must know of the ones before.
    struct Memory {
        /// Verified domains about which nobody answered, and when to ask again.
        var retries: [DomainName: Int64] = [:]
        /// Domains that somebody vouched for, as far as the log knows.
        var vouched: Set<DomainName> = []

        init(knowing snapshot: DirectorySnapshot) { vouched = Self.vouched(snapshot) }

        static func vouched(_ snapshot: DirectorySnapshot) -> Set<DomainName> {
            Set(snapshot.domains.filter { $0.verification.verifiedAt != nil && $0.verification.isByHand }.map(\.name))
        }
    }

    /// One look at everything that is due.
    func round(_ memory: inout Memory) async {
        logVouched(&memory)
        await expire()
        let now = now()
        let snapshot = directory.snapshot
        let pending = snapshot.domains.filter { $0.state == .pending }.map { snapshot.claims(of: $0.name) }
        let due = pending.filter { claims in
            claims.contains { Self.isDue(created: $0.createdAt, checked: $0.checkedAt, expires: $0.expiresAt, now) }
        }
        await each(due) { await check($0) }
        let verified = snapshot.domains.filter { domain in
            domain.isActive && (domain.verification.checkedAt ?? domain.verification.verifiedAt ?? 0) + Self.week <= now
                && memory.retries[domain.name, default: 0] <= now
        }
        let unanswered = await each(verified) { await recheck($0) }
        memory.retries = memory.retries.filter { $0.value > now }
        for case let name? in unanswered { memory.retries[name] = now + Self.retry }
    }

    /// At first often, since somebody waits; later less and less.
    static func isDue(created: Int64, checked: Int64?, expires: Int64, _ now: Int64) -> Bool {
        guard expires > now else { return false }
        guard let checked else { return true }
        let interval: Int64 =
            switch now - created {
            case ..<3600: 300
            case ..<86_400: 1800
            default: 7200
            }
        return checked + interval <= now
    }

    private func check(_ claims: [DomainClaim]) async {
        let domain = claims[0].domain
        let (proved, finding) = await verifier.proved(claims.filter { $0.expiresAt > now() })
        guard !Task.isCancelled else { return }
        if case .unanswered(let reason) = finding {
            logger.info("domain cannot be looked at", metadata: metadata(domain, ["reason": "\(reason)"]))
        }
        if let proved, await accept(proved) { return }
        do {
            for claim in claims { try await directory.noteCheck(of: claim) }
        } catch {
            logger.error("domain's check cannot be noted", metadata: metadata(domain, ["error": "\(error)"]))
        }
    }

    /// False when the directory does not take what the DNS has proved: for example because aliases would lead in a circle.
    private func accept(_ claim: DomainClaim) async -> Bool {
        do throws(StoreError) {
            let won = try await directory.provedClaim(claim)
            logger.notice("domain verified", metadata: metadata(claim.domain, ["claimant": Self.claimant(of: claim)]))
            for account in won.removed { await onRemoval(account) }
            return true
        } catch {
            logger.warning(
                "domain has its record, and cannot be verified",
                metadata: metadata(claim.domain, ["claimant": Self.claimant(of: claim), "error": "\(error)"]))
            return false
        }
    }

    /// Returns the domain's name when nobody answered.
    private func recheck(_ domain: Domain) async -> DomainName? {
        let finding = await verifier.look(for: [domain.verificationRecord], at: domain.name)
        guard !Task.isCancelled else { return nil }
        do {
            switch finding {
            case .found: try await directory.noteCheck(of: domain.name, .found)
            case .missing:
                try await directory.noteCheck(of: domain.name, .missing)
                if !domain.verification.isByHand {
                    logger.warning("domain lacks its verification record", metadata: metadata(domain.name, [:]))
                }
            case .unanswered(let reason):
                logger.info("domain cannot be looked at", metadata: metadata(domain.name, ["reason": "\(reason)"]))
                return domain.name
            }
        } catch {
            logger.error("domain's check cannot be noted", metadata: metadata(domain.name, ["error": "\(error)"]))
        }
        return nil
    }

    private func expire() async {
        do throws(StoreError) {
            for claim in try await directory.expireClaims() {
                logger.notice("domain claim expired", metadata: metadata(claim.domain, ["claimant": Self.claimant(of: claim)]))
            }
        } catch {
            logger.error("domain claims cannot be ended", metadata: ["error": "\(error)"])
        }
    }

    // Commands run in processes of their own: here is the log that stays.
    private func logVouched(_ memory: inout Memory) {
        let present = Memory.vouched(directory.snapshot)
        for name in present.subtracting(memory.vouched).sorted() {
            logger.notice("domain verified by hand", metadata: metadata(name, [:]))
        }
        memory.vouched = present
    }

    private static func claimant(of claim: DomainClaim) -> Logger.MetadataValue { "\(claim.claimant?.rawValue ?? "operator")" }

    private func metadata(_ domain: DomainName, _ more: Logger.Metadata) -> Logger.Metadata {
        more.merging(["domain": "\(domain)"]) { first, _ in first }
    }

    /// A bounded number at the same time; the results in no order.
    @discardableResult
    private func each<Item: Sendable, Result: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (Item) async -> Result
    ) async -> [Result] {
        await withTaskGroup(of: Result.self) { group in
            var results: [Result] = []
            for (index, item) in items.enumerated() {
                if index >= Self.width, let result = await group.next() { results.append(result) }
                group.addTask { await body(item) }
            }
            for await result in group { results.append(result) }
            return results
        }
    }
}
