import ArgumentParser
import Delivery
import Directory
import Disk
import Formats
import Logging

/// Who claims a domain, where it is not the operator.
struct ClaimantOptions: ParsableArguments {
    @Option(help: "The account that claims it; without, the server's operator.") var claimant: String?
}

/// How a next hop is spoken to.
struct NextHopOptions: ParsableArguments {
    @Option(help: "TLS on the way to the server: none, opportunistic or required.") var tls: String = "opportunistic"
    @Option(help: "Sign in at the server as this user.") var user: String?
    @Flag(help: "Read the password for --user from standard input; without, the one there is stays.") var passwordStdin = false
}

/// What the commands about domains of all classes share.
extension DataPlace {
    func claimant(_ options: ClaimantOptions) throws -> AccountID? { try options.claimant.map { try account($0).id } }

    /// Shows a domain after a change.
    func show(_ domain: Domain, json: Bool) throws { try DomainRow(domain, directory.snapshot).show(json: json) }

    /// Verifies a claim of a pending domain: by its TXT record, or on the operator's word. Looks at the record of a verified one.
    func verify(_ name: String, kind: DomainClass, byHand: Bool, _ options: ClaimantOptions) async throws -> Domain {
        let name = try Self.domain(name)
        guard let domain = directory.snapshot.domain(name) else { throw Failure("\(name): not found") }
        guard domain.state == .pending else {
            guard domain.kind == kind else { throw Failure("\(name) is of class \(domain.kind.rawValue)") }
            return byHand ? domain : try await recheck(domain)
        }
        let claimant = try claimant(options)
        let claims = directory.snapshot.claims(of: name).filter { claim in
            claim.kind == kind && (options.claimant == nil || claim.claimant == claimant)
        }
        guard !claims.isEmpty else { throw Failure("\(name): no such claim; add it anew") }
        let claim = try await byHand ? chosen(claims) : proved(claims)
        let won = try await write(name.unicode) { () async throws(StoreError) in
            byHand ? try await directory.acceptClaim(claim) : try await directory.provedClaim(claim)
        }
        if byHand { noteByHand(name) }
        try await discard(won.removed)
        return won.domain
    }

    /// The standard error is a command's log; the running server logs it too.
    func noteByHand(_ name: DomainName) { Output.message("\(name.unicode) was verified by hand") }

    private func chosen(_ claims: [DomainClaim]) throws -> DomainClaim {
        if let only = claims.first, claims.count == 1 { return only }
        guard let own = claims.first(where: { $0.claimant == nil }) else {
            throw Failure.usage("several accounts claim it: say which with --claimant")
        }
        return own
    }

    private func proved(_ claims: [DomainClaim]) async throws -> DomainClaim {
        let (claim, finding) = await DomainVerifier(resolver: try NameService(configuration).resolver).proved(claims)
        if let claim { return claim }
        throw Self.failure(finding, claims[0].domain, claims.map(\.verificationRecord))
    }

    private func recheck(_ domain: Domain) async throws -> Domain {
        let verifier = DomainVerifier(resolver: try NameService(configuration).resolver)
        let finding = await verifier.look(for: [domain.verificationRecord], at: domain.name)
        if case .unanswered = finding { throw Self.failure(finding, domain.name, [domain.verificationRecord]) }
        let isFound = if case .found = finding { true } else { false }
        try await write(domain.name.unicode) { () async throws(StoreError) in
            try await directory.noteCheck(of: domain.name, isFound ? .found : .missing)
        }
        guard isFound else { throw Self.failure(finding, domain.name, [domain.verificationRecord]) }
        return directory.snapshot.domain(domain.name) ?? domain
    }

    private static func failure(_ finding: DomainVerifier.Finding, _ name: DomainName, _ records: [String]) -> Failure {
        switch finding {
        case .unanswered(let reason): .temporary("\(name): the DNS does not answer: \(reason)")
        case .found, .missing: Failure("\(name) has no TXT record \(records.map { "\"\($0)\"" }.joined(separator: " or "))")
        }
    }

    /// Accounts that a losing claimant had prepared: what lies in their folders goes to the trash.
    private func discard(_ accounts: [Account]) async throws {
        for account in accounts {
            try await write(account.address.description) { () async throws(StoreError) in
                try await Trash(data: configuration.data).take(account)
            }
        }
    }

    /// Reads `host:port` and what was said about TLS and credentials.
    func nextHop(_ text: String, _ options: NextHopOptions) throws -> (hop: NextHop, password: String?) {
        guard let endpoint = HostPort(parsing: text) else { throw Failure.usage("'\(text)' is not host:port") }
        guard let tls = NextHopTLS(rawValue: options.tls) else {
            throw Failure.usage("'\(options.tls)' is none of \(NextHopTLS.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        do throws(StoreError) {
            let hop = try NextHop(host: endpoint.host, port: endpoint.port, tls: tls, username: options.user)
            return (hop, try password(options))
        } catch {
            throw Failure(store: error, text)
        }
    }

    private func password(_ options: NextHopOptions) throws(StoreError) -> String? {
        guard options.passwordStdin else { return nil }
        guard let line = readLine(), !line.isEmpty else { throw .invalid(reason: "no password on standard input") }
        return line
    }

    func setNextHop(_ hop: NextHop?, password: String?, of name: DomainName) async throws {
        let addresses = if let hop { try await NameService(configuration).addresses(of: hop.host) } else { [ClientAddress]() }
        try await write(name.unicode) { () async throws(StoreError) in
            try await directory.setNextHop(
                hop, password: password, of: name, on: ThisServer(configuration), at: addresses)
        }
    }

    func removeDomain(_ name: String, kind: DomainClass) async throws {
        let name = try Self.domain(name)
        do throws(StoreError) { try await directory.removeDomain(name, kind: kind) } catch .preconditionFailed {
            throw Failure("\(name.unicode) still has accounts, aliases, sender addresses or domain aliases")
        } catch {
            throw Failure(store: error, name.unicode)
        }
    }
}
