package import Directory
package import Formats
package import SMTP

/// Says where mail to an address goes, by one directory snapshot and nothing else. Every surface asks it. Mission §3.
package struct RecipientResolver: Sendable {
    /// Why nothing can be delivered.
    package enum Refusal: Error, Hashable, Sendable {
        /// The domain is not ours, and the client may not send elsewhere.
        case relayDenied
        case unknownRecipient
        case disabled
        /// Aliases that lead to each other, or too deep.
        case loop
        /// An address literal: no domain of ours is one.
        case addressLiteral
        case forgedReturnPath
        case expiredReturnPath

        package var reply: Reply {
            switch self {
            case .relayDenied: Reply(550, 5, 7, 1, "Relaying denied")
            case .unknownRecipient: Reply(550, 5, 1, 1, "No such user here")
            case .disabled: Reply(550, 5, 2, 1, "Mailbox disabled, not accepting messages")
            case .loop: Reply(550, 5, 4, 6, "Address leads to itself")
            case .addressLiteral: Reply(550, 5, 1, 2, "Address literals are not accepted")
            case .forgedReturnPath: Reply(550, 5, 1, 1, "Not a return address of this server")
            case .expiredReturnPath: Reply(550, 5, 1, 1, "This return address has expired")
            }
        }
    }

    /// What becomes of mail for a domain.
    package enum Standing: Hashable, Sendable {
        case hosted(Domain)
        /// The second is the hosted domain that the first stands for.
        case alias(Domain, of: Domain)
        case relay(Domain, NextHop)
        /// Not in the directory, or pending, or suspended; or an alias of such a one.
        case none
    }

    private static let maximumDepth = 10
    private static let roles: Set<String> = ["postmaster", "abuse"]
    private let snapshot: DirectorySnapshot
    private let srs: SRS?

    /// - Parameter srs: reads the return paths of forwards; without it they are addresses like others
    package init(_ snapshot: DirectorySnapshot, srs: SRS? = nil) {
        self.snapshot = snapshot
        self.srs = srs
    }

    // MARK: Domains

    package func standing(of name: DomainName) -> Standing {
        guard let domain = snapshot.domain(name), domain.isActive else { return .none }
        switch domain.kind {
        case .hosted: return .hosted(domain)
        case .alias:
            guard let target = domain.aliasTarget.flatMap({ snapshot.domain($0) }), target.kind == .hosted, target.isActive
            else { return .none }
            return .alias(domain, of: target)
        case .relay: return domain.nextHop.map { .relay(domain, $0) } ?? .none
        }
    }

    /// Whether addresses of the domain are ours to know.
    package func isLocal(_ domain: DomainName) -> Bool {
        switch standing(of: domain) {
        case .hosted, .alias: true
        case .relay, .none: false
        }
    }

    // MARK: Resolving

    /// - Parameter allowsForeign: the client may send to other domains (it authenticated, or the message is ours)
    package func resolve(_ address: MailAddress, allowsForeign: Bool) throws(Refusal) -> Resolution {
        let tree = tree(of: address)
        let resolution = Resolution(tree)
        guard resolution.isEmpty || tree.step == .elsewhere && !allowsForeign else { return resolution }
        throw refusal(of: tree)
    }

    /// RCPT TO:<postmaster> without a domain: whoever answers for `hostname`'s domain, else the first domain with admins.
    package func resolvePostmaster(hostname: DomainName?) throws(Refusal) -> Resolution {
        let names = [hostname, hostname?.parent].compactMap(\.self) + snapshot.domains.map(\.name)
        for name in names where isLocal(name) {
            guard let address = try? MailAddress(localPart: "postmaster", domain: name) else { continue }
            if let found = try? resolve(address, allowsForeign: false) { return found }
        }
        throw .unknownRecipient
    }

    /// Every step from the address to where its mail ends.
    package func tree(of address: MailAddress) -> RouteNode {
        var visited: Set<String> = []
        let tree = visit(address, depth: 0, &visited)
        // Mission §3: these two always resolve, also where what was set for them leads nowhere.
        guard Self.roles.contains(address.withoutDetail.foldedLocalPart), Resolution(tree).isEmpty else { return tree }
        switch standing(of: address.domain) {
        case .hosted(let domain), .alias(_, of: let domain): return administrators(of: domain, for: address) ?? tree
        case .relay, .none: return tree
        }
    }

    private func refusal(of tree: RouteNode) -> Refusal {
        if tree.step == .elsewhere { return .relayDenied }
        if tree.contains({ $0 == .badReturnPath(.forged) }) { return .forgedReturnPath }
        if tree.contains({ $0 == .badReturnPath(.expired) }) { return .expiredReturnPath }
        if tree.contains({ if case .disabled = $0 { true } else { false } }) { return .disabled }
        return tree.contains { $0 == .repeated || $0 == .tooDeep } ? .loop : .unknownRecipient
    }

    /// Visits each address once, so it ends, and nobody is found twice.
    private func visit(_ address: MailAddress, depth: Int, _ visited: inout Set<String>) -> RouteNode {
        guard depth <= Self.maximumDepth else { return RouteNode(address, .tooDeep) }
        guard visited.insert(address.key).inserted else { return RouteNode(address, .repeated) }
        switch find(address) {
        case .elsewhere: return RouteNode(address, .elsewhere)
        case .relay(let hop): return RouteNode(address, .relayDomain(hop))
        case .splitRouting(let hop): return RouteNode(address, .splitRouting(hop))
        case .unknown: return RouteNode(address, .unknown)
        case .account(let account): return node(address, account)
        case .administrators(let domain): return administrators(of: domain, for: address) ?? RouteNode(address, .unknown)
        case .alias(let alias): return expand(alias, for: address, depth, &visited)
        case .catchAll(let target): return RouteNode(address, .catchAll, [visit(target, depth: depth + 1, &visited)])
        case .domainAlias(let target):
            return RouteNode(address, .domainAlias, [visit(address.at(target), depth: depth, &visited)])
        case .returnPath(let sender): return RouteNode(address, .returnPath, [visit(sender, depth: depth + 1, &visited)])
        case .badReturnPath(let failure): return RouteNode(address, .badReturnPath(failure))
        }
    }

    private func expand(
        _ alias: Alias, for address: MailAddress, _ depth: Int, _ visited: inout Set<String>
    ) -> RouteNode {
        var children: [RouteNode] = []
        for recipient in alias.recipients {
            // It names itself: the mailbox of that address.
            if recipient.key == alias.address.key {
                children.append(snapshot.account(recipient).map { node(recipient, $0) } ?? RouteNode(recipient, .unknown))
            } else {
                children.append(visit(recipient, depth: depth + 1, &visited))
            }
        }
        return RouteNode(address, .alias, children)
    }

    private func node(_ address: MailAddress, _ account: Account) -> RouteNode {
        RouteNode(address, account.isEnabled ? .mailbox(account) : .disabled(account))
    }

    private func administrators(of domain: Domain, for address: MailAddress) -> RouteNode? {
        let accounts = snapshot.administrators(of: domain.name)
        guard !accounts.isEmpty else { return nil }
        return RouteNode(address, .administrators, accounts.map { RouteNode($0.address, .mailbox($0)) })
    }

    // MARK: One address

    /// What an address is, by itself.
    private enum Found {
        case account(Account), alias(Alias)
        case catchAll(MailAddress), administrators(Domain), splitRouting(NextHop)
        case domainAlias(DomainName), relay(NextHop), elsewhere, unknown
        case returnPath(MailAddress), badReturnPath(SRS.Failure)
    }

    /// The order of mission §3, one step at a time.
    private func find(_ address: MailAddress) -> Found {
        switch standing(of: address.domain) {
        case .none: return .elsewhere
        case .relay(_, let hop): return .relay(hop)
        case .alias(_, of: let target): return findReturnPath(address) ?? findExactly(address) ?? .domainAlias(target.name)
        case .hosted(let domain):
            if let found = findReturnPath(address) ?? findExactly(address) { return found }
            // A catch-all that is gone itself catches nothing.
            if let target = domain.catchAll, target.key != address.key { return .catchAll(target) }
            if Self.roles.contains(address.withoutDetail.foldedLocalPart), !snapshot.administrators(of: domain.name).isEmpty {
                return .administrators(domain)
            }
            return domain.nextHop.map { .splitRouting($0) } ?? .unknown
        }
    }

    private func findExactly(_ address: MailAddress) -> Found? {
        for candidate in address.detail == nil ? [address] : [address, address.withoutDetail] {
            if let alias = snapshot.alias(candidate) { return .alias(alias) }
            if let account = snapshot.account(candidate) { return .account(account) }
        }
        return nil
    }

    private func findReturnPath(_ address: MailAddress) -> Found? {
        guard let srs, SRS.isReturnPath(address) else { return nil }
        do { return .returnPath(try srs.original(of: address)) } catch { return .badReturnPath(error) }
    }

    /// The next step of a message that is on its way to the address.
    package enum Whereabouts: Hashable, Sendable {
        /// Mailboxes and aliases of ours: it must be resolved.
        case here
        case hop(NextHop)
        case elsewhere
    }

    /// Where the address itself belongs; aliases are not followed.
    package func whereabouts(of address: MailAddress) -> Whereabouts {
        switch find(address) {
        case .elsewhere: .elsewhere
        case .relay(let hop), .splitRouting(let hop): .hop(hop)
        case .account, .alias, .catchAll, .administrators, .domainAlias, .unknown, .returnPath, .badReturnPath: .here
        }
    }
}
