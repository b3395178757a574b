import Delivery
import Directory
import Disk
import Formats

/// A domain of any class as the command line shows it.
struct DomainRow: Encodable {
    struct Claim: Encodable {
        let claimant: String?
        let `class`: String
        let verificationRecord: String
        let expires: String
    }

    let name: String
    let `class`: String
    let state: String
    let catchAll: String?
    /// The hosted domain that an alias domain stands for.
    let target: String?
    /// `host:port` of a relay domain, or of split domain routing.
    let server: String?
    let serverTLS: String?
    let serverUser: String?
    let claimant: String?
    let verificationRecord: String
    let verified: String?
    let verifiedByHand: Bool
    let checked: String?
    let recordMissing: Bool
    let expires: String?
    /// Who else claims a pending domain, and this one's own claim.
    let claims: [Claim]
    let thresholds: ThresholdsRow
    let created: String

    init(_ domain: Domain, _ snapshot: DirectorySnapshot) {
        name = domain.name.ascii
        `class` = domain.kind.rawValue
        state = domain.state.rawValue
        catchAll = domain.catchAll?.description
        target = domain.aliasTarget?.ascii
        server = domain.nextHop?.description
        serverTLS = domain.nextHop?.tls.rawValue
        serverUser = domain.nextHop?.username
        claimant = domain.claimant.flatMap { snapshot.account(id: $0) }?.address.description
        verificationRecord = domain.verificationRecord
        verified = domain.verification.verifiedAt.map(TimeText.utc)
        verifiedByHand = domain.isActive && domain.verification.isByHand
        checked = domain.verification.checkedAt.map(TimeText.utc)
        recordMissing = domain.verification.lastCheckFailed
        expires = domain.verification.expiresAt.map(TimeText.utc)
        claims = snapshot.claims(of: domain.name).map { claim in
            Claim(
                claimant: claim.claimant.flatMap { snapshot.account(id: $0) }?.address.description,
                class: claim.kind.rawValue, verificationRecord: claim.verificationRecord,
                expires: TimeText.utc(claim.expiresAt))
        }
        thresholds = ThresholdsRow(snapshot.thresholds(for: domain.name))
        created = TimeText.utc(domain.createdAt)
    }

    func show(json: Bool) throws {
        if json { return try print() }
        var columns = [name, `class`, state]
        if let target { columns.append("of \(target)") }
        if let server { columns.append("to \(server) (TLS \(serverTLS ?? ""))") }
        if let catchAll { columns.append("catch-all \(catchAll)") }
        if state == "pending" { columns.append("TXT \"\(verificationRecord)\"") }
        if recordMissing { columns.append("its TXT record is missing") }
        Output.line(columns.joined(separator: "\t"))
    }

    /// Lists the domains of a class, or of all; only `name` when it is given.
    static func list(_ name: String?, kind: DomainClass?, json: Bool, _ place: DataPlace) throws {
        let wanted = try name.map(DataPlace.domain)
        let snapshot = place.directory.snapshot
        let rows = snapshot.domains
            .filter { (wanted == nil || $0.name == wanted) && (kind == nil || $0.kind == kind) }
            .map { DomainRow($0, snapshot) }
        if json { return try rows.print() }
        for row in rows { try row.show(json: false) }
    }
}

struct ThresholdsRow: Encodable {
    let `defer`: Double
    let junk: Double
    let reject: Double
    /// `standard`, `global`, or the domain that set them.
    let source: String

    init(_ found: (thresholds: SpamThresholds, source: PolicySource)) {
        `defer` = found.thresholds.deferAt
        junk = found.thresholds.junkAt
        reject = found.thresholds.rejectAt
        source = found.source.description
    }

    /// Reads `DEFER,JUNK,REJECT`; nil for `default`.
    static func parse(_ text: String) throws -> SpamThresholds? {
        if text == "default" { return nil }
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        guard numbers.count == 3, let deferAt = numbers[0], let junkAt = numbers[1], let rejectAt = numbers[2] else {
            throw Failure.usage("'\(text)' is not DEFER,JUNK,REJECT")
        }
        do throws(StoreError) {
            return try SpamThresholds(deferAt: deferAt, junkAt: junkAt, rejectAt: rejectAt)
        } catch {
            throw Failure(store: error, text)
        }
    }
}
