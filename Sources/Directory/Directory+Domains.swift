package import Disk
package import Formats
internal import GRDB

extension Directory {
    /// Adds a domain that this server hosts, or one more claim of a pending one.
    ///
    /// Pending, it neither receives nor sends until a TXT record with the claim's token is found (`provedClaim`). Any other
    /// `state` means that somebody vouches for it. Throws `.alreadyExists` where it is verified, or claimed by the same
    /// account; `.invalid` for public suffixes.
    ///
    /// - Parameter claimant: nil for the server's operator
    /// - Returns: the domain; while it is pending, with this claim's token and end
    @discardableResult
    package func addDomain(
        _ name: DomainName, state: DomainState = .pending, claimant: AccountID? = nil
    ) async throws(StoreError) -> Domain {
        try await add(NewDomain(name: name, kind: .hosted), state: state, claimant: claimant)
    }

    /// Adds a domain that stands for `target`, which must be hosted here. Otherwise as `addDomain`.
    ///
    /// Throws `.notFound` where the target is none of ours, `.invalid` where it is no hosted domain or aliases would lead in a
    /// circle.
    @discardableResult
    package func addDomainAlias(
        _ name: DomainName, of target: DomainName, state: DomainState = .pending, claimant: AccountID? = nil
    ) async throws(StoreError) -> Domain {
        guard target != name else { throw .invalid(reason: "a domain does not stand for itself") }
        return try await add(NewDomain(name: name, kind: .alias, aliasTarget: target), state: state, claimant: claimant)
    }

    /// Adds a domain whose mail goes to another server. Otherwise as `addDomain`.
    ///
    /// Throws `.invalid` where the server is this one. Credentials are set afterwards, by `setNextHop`.
    ///
    /// - Parameter addresses: what the hop's host resolves to, as far as known
    @discardableResult
    package func addRelayDomain(
        _ name: DomainName, to hop: NextHop, on server: ThisServer, at addresses: [ClientAddress] = [],
        state: DomainState = .pending, claimant: AccountID? = nil
    ) async throws(StoreError) -> Domain {
        try server.refuseItself(hop, at: addresses)
        guard hop.username == nil else { throw .invalid(reason: "credentials are set after the domain was added") }
        return try await add(NewDomain(name: name, kind: .relay, nextHop: hop), state: state, claimant: claimant)
    }

    private func add(
        _ new: NewDomain, state: DomainState, claimant: AccountID?
    ) async throws(StoreError) -> Domain {
        guard !publicSuffixes.contains(new.name) else {
            throw .invalid(reason: "\(new.name.unicode) is a public suffix: nobody can own its mail")
        }
        let token = Self.verificationToken()
        let now = now()
        try await write { db in
            let claims = ClaimTable(db, now: now)
            try claims.insert(new, token: token, claimant: claimant)
            if state != .pending { try claims.win(token, byHand: true) }
            if state == .suspended { try Self.setState(.suspended, from: .verified, new.name, db) }
        }
        guard let domain = snapshot.domain(new.name) else { throw .unavailable(reason: "the domain was not found after it was made") }
        return snapshot.claims(of: new.name).first { $0.token == token }.map { domain.claimed(by: $0) } ?? domain
    }

    /// Lets a verified domain neither receive nor send until it is resumed; everything of it is kept.
    ///
    /// Throws `.notFound`, and `.preconditionFailed` where it is pending. Nothing happens where it is suspended already.
    package func suspendDomain(_ name: DomainName) async throws(StoreError) {
        try await write { db in try Self.setState(.suspended, from: .verified, name, db) }
    }

    /// Ends a suspension. Throws as `suspendDomain`.
    package func resumeDomain(_ name: DomainName) async throws(StoreError) {
        try await write { db in try Self.setState(.verified, from: .suspended, name, db) }
    }

    private static func setState(_ state: DomainState, from previous: DomainState, _ name: DomainName, _ db: Database) throws {
        let present = try String.fetchOne(db, sql: "SELECT state FROM domains WHERE name = ?", arguments: [name.ascii])
        guard let present else { throw StoreError.notFound }
        guard present != state.rawValue else { return }
        guard present == previous.rawValue else { throw StoreError.preconditionFailed }
        try db.execute(sql: "UPDATE domains SET state = ? WHERE name = ?", arguments: [state.rawValue, name.ascii])
    }

    /// Sends mail to unknown addresses of a hosted domain to `target`; nil refuses it again.
    ///
    /// Throws `.notFound`; `.invalid` where the domain has split domain routing or is not hosted, where a target of ours is
    /// neither an account nor an alias (it would lead back here), and where it would lead in a circle.
    package func setCatchAll(_ target: MailAddress?, of name: DomainName) async throws(StoreError) {
        try await write { db in
            let row = try Self.row(of: name, db)
            if let target {
                guard row.kind == .hosted else { throw StoreError.invalid(reason: "only hosted domains have a catch-all") }
                guard !row.hasNextHop else { throw StoreError.invalid(reason: Self.contradiction) }
                guard try AddressGraph(db).isKnown(target.stored) else {
                    throw StoreError.invalid(reason: "\(target.stored) is neither an account nor an alias")
                }
            }
            try db.execute(
                sql: "UPDATE domains SET catch_all = ? WHERE name = ?", arguments: [target?.stored, name.ascii])
            if let target { try AddressGraph(db).requireSound(target.stored) }
        }
    }

    /// After `address` went: a catch-all that led to it would lead nowhere, and unknown addresses be refused for a wrong reason.
    static func dropCatchAlls(leadingTo address: String, _ db: Database) throws {
        guard try !AddressGraph(db).isKnown(address) else { return }
        try db.execute(sql: "UPDATE domains SET catch_all = NULL WHERE catch_all = ?", arguments: [address])
    }

    /// Removes a domain that nothing belongs to any more, with its claims, thresholds and lists.
    ///
    /// Throws `.notFound`, and `.preconditionFailed` while accounts, aliases, sender addresses or domain aliases are left.
    ///
    /// - Parameter kind: only a domain of that class; nil takes any
    package func removeDomain(_ name: DomainName, kind: DomainClass? = nil) async throws(StoreError) {
        try await write { db in
            let row = try Self.row(of: name, db)
            guard kind == nil || kind == row.kind else { throw StoreError.notFound }
            try db.execute(sql: "DELETE FROM domains WHERE name = ?", arguments: [name.ascii])
        }
    }

    static let contradiction = "a catch-all and split domain routing contradict each other: unknown addresses go to one of the two"

    static func row(of name: DomainName, _ db: Database) throws -> (kind: DomainClass, hasNextHop: Bool, hasCatchAll: Bool) {
        let sql = "SELECT class, next_hop_host IS NOT NULL, catch_all IS NOT NULL FROM domains WHERE name = ?"
        guard let row = try Row.fetchOne(db, sql: sql, arguments: [name.ascii]), let kind = DomainClass(rawValue: row[0]) else {
            throw StoreError.notFound
        }
        return (kind, row[1], row[2])
    }

    /// 128 random bits.
    private static func verificationToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<32).map { _ in String(generator.next(upperBound: UInt64(16)), radix: 16) }.joined()
    }
}

extension Domain {
    /// A pending domain as one of its claimants sees it.
    func claimed(by claim: DomainClaim) -> Domain {
        Domain(
            name: name, kind: claim.kind, state: state, catchAll: catchAll, aliasTarget: claim.aliasTarget,
            nextHop: claim.kind == .hosted ? nextHop : claim.nextHop, claimant: claim.claimant, verificationToken: claim.token,
            verification: Verification(
                verifiedAt: nil, isByHand: false, checkedAt: claim.checkedAt, lastCheckFailed: false, expiresAt: claim.expiresAt),
            createdAt: claim.createdAt)
    }
}
