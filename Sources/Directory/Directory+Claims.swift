package import Disk
package import Formats
internal import GRDB

/// A domain that has just become somebody's.
package struct WonDomain: Sendable {
    package let domain: Domain
    /// Accounts that another claimant had prepared in it. Their folders are the caller's to move.
    package let removed: [Account]
}

/// What a look at a verified domain's record brought.
package enum RecordCheck: Sendable {
    case found, missing
}

extension Directory {
    /// Verifies a domain whose record shows the claim's token. Of several claimants the first one wins; the others' claims end.
    ///
    /// Throws `.notFound` where the claim has ended meanwhile or is older than 7 days.
    @discardableResult
    package func provedClaim(_ claim: DomainClaim) async throws(StoreError) -> WonDomain {
        try await win(claim, byHand: false)
    }

    /// Verifies a domain on somebody's word. Throws `.notFound` where the claim has ended meanwhile.
    @discardableResult
    package func acceptClaim(_ claim: DomainClaim) async throws(StoreError) -> WonDomain {
        try await win(claim, byHand: true)
    }

    private func win(_ claim: DomainClaim, byHand: Bool) async throws(StoreError) -> WonDomain {
        let now = now()
        let before = snapshot
        let removed = try await write { db in try ClaimTable(db, now: now).win(claim.token, byHand: byHand) }
        guard let domain = snapshot.domain(claim.domain) else { throw .notFound }
        return WonDomain(domain: domain, removed: removed.compactMap { before.account(id: $0) })
    }

    /// Gives a claim up. A pending domain goes with its last claim, unless something was prepared in it. Throws `.notFound`.
    package func withdrawClaim(_ claim: DomainClaim) async throws(StoreError) {
        let now = now()
        try await write { db in try ClaimTable(db, now: now).end(claim.token) }
    }

    /// Ends the claims that are older than 7 days, and gives them back. Pending domains that nobody claims any more go.
    package func expireClaims() async throws(StoreError) -> [DomainClaim] {
        let now = now()
        let claims = snapshot.allClaims
        let hasUnclaimed = snapshot.domains.contains { $0.state == .pending && $0.verification.expiresAt == nil }
        guard hasUnclaimed || claims.contains(where: { $0.expiresAt <= now }) else { return [] }
        let ended = try await write { db in try ClaimTable(db, now: now).expire() }
        return claims.filter { ended.contains($0.token) }
    }

    /// Notes that a claim's record was looked for, and not found.
    package func noteCheck(of claim: DomainClaim) async throws(StoreError) {
        let now = now()
        try await write { db in
            try db.execute(sql: "UPDATE domain_claims SET checked = ? WHERE token = ?", arguments: [now, claim.token])
        }
    }

    /// Notes a look at a verified domain's record. A missing one is a warning and takes nothing away.
    ///
    /// A domain that somebody vouched for counts as proved from the first record on, and is not warned of before.
    package func noteCheck(of name: DomainName, _ result: RecordCheck) async throws(StoreError) {
        let now = now()
        try await write { db in
            let sql =
                switch result {
                case .found: "UPDATE domains SET checked = ?, check_failed = 0, verified_by_hand = 0 WHERE name = ?"
                case .missing: "UPDATE domains SET checked = ?, check_failed = 1 - verified_by_hand WHERE name = ?"
                }
            try db.execute(sql: sql, arguments: [now, name.ascii])
        }
    }
}
