package import Directory
package import Formats
package import SMTP

/// Where mail for one address goes.
package struct Resolution: Hashable, Sendable {
    /// Enabled accounts, each once, in the order they were found.
    package private(set) var mailboxes: [Account] = []
    /// Addresses elsewhere, each once.
    package private(set) var remotes: [MailAddress] = []
    private var known: Set<AccountID> = []
    private var knownKeys: Set<String> = []

    package init(mailboxes: [Account] = [], remotes: [MailAddress] = []) {
        add(mailboxes, remotes)
    }

    package var isEmpty: Bool { mailboxes.isEmpty && remotes.isEmpty }

    package mutating func merge(_ other: Resolution) { add(other.mailboxes, other.remotes) }

    private mutating func add(_ accounts: [Account], _ addresses: [MailAddress]) {
        for account in accounts where known.insert(account.id).inserted { mailboxes.append(account) }
        for address in addresses where knownKeys.insert(address.key).inserted { remotes.append(address) }
    }
}

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

        package var reply: Reply {
            switch self {
            case .relayDenied: Reply(550, 5, 7, 1, "Relaying denied")
            case .unknownRecipient: Reply(550, 5, 1, 1, "No such user here")
            case .disabled: Reply(550, 5, 2, 1, "Mailbox disabled, not accepting messages")
            case .loop: Reply(550, 5, 4, 6, "Address leads to itself")
            case .addressLiteral: Reply(550, 5, 1, 2, "Address literals are not accepted")
            }
        }
    }

    private static let maximumDepth = 10
    private let snapshot: DirectorySnapshot

    package init(_ snapshot: DirectorySnapshot) { self.snapshot = snapshot }

    /// Whether mail for the domain ends here.
    package func isLocal(_ domain: DomainName) -> Bool {
        guard let known = snapshot.domain(domain) else { return false }
        return known.kind == .hosted && known.isActive
    }

    /// - Parameter allowsForeign: the client may send to other domains (it authenticated, or the message is ours)
    package func resolve(_ address: MailAddress, allowsForeign: Bool) throws(Refusal) -> Resolution {
        guard isLocal(address.domain) else {
            guard allowsForeign else { throw .relayDenied }
            return Resolution(remotes: [address])
        }
        var expansion = Expansion(snapshot: snapshot, resolver: self)
        expansion.visit(address, depth: 0)
        guard expansion.result.isEmpty else { return expansion.result }
        if expansion.sawDisabled { throw .disabled }
        throw expansion.sawLoop ? .loop : .unknownRecipient
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

    /// One walk through aliases. Visits each address once, so it ends, and no mailbox is found twice.
    private struct Expansion {
        let snapshot: DirectorySnapshot
        let resolver: RecipientResolver
        var result = Resolution()
        var sawDisabled = false
        var sawLoop = false
        private var visited: Set<String> = []

        init(snapshot: DirectorySnapshot, resolver: RecipientResolver) {
            self.snapshot = snapshot
            self.resolver = resolver
        }

        mutating func visit(_ address: MailAddress, depth: Int) {
            guard depth <= RecipientResolver.maximumDepth, visited.insert(address.key).inserted else {
                sawLoop = true
                return
            }
            guard resolver.isLocal(address.domain) else {
                result.merge(Resolution(remotes: [address]))
                return
            }
            if visitExactly(address, depth) { return }
            if address.detail != nil, visitExactly(address.withoutDetail, depth) { return }
            if let catchAll = snapshot.catchAll(of: address.domain) {
                visit(catchAll, depth: depth + 1)
            } else if ["postmaster", "abuse"].contains(address.withoutDetail.foldedLocalPart) {
                result.merge(Resolution(mailboxes: snapshot.administrators(of: address.domain)))
            }
        }

        /// False when no alias and no account has the address.
        private mutating func visitExactly(_ address: MailAddress, _ depth: Int) -> Bool {
            guard let alias = snapshot.alias(address) else { return take(snapshot.account(address)) }
            for recipient in alias.recipients {
                if recipient.key == address.key {
                    _ = take(snapshot.account(address))
                } else {
                    visit(recipient, depth: depth + 1)
                }
            }
            return true
        }

        private mutating func take(_ account: Account?) -> Bool {
            guard let account else { return false }
            if account.isEnabled { result.merge(Resolution(mailboxes: [account])) } else { sawDisabled = true }
            return true
        }
    }
}
