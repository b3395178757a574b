package import Directory
package import Formats

/// An address elsewhere that mail goes to.
package struct RemoteRecipient: Hashable, Sendable {
    /// As the next server is told it.
    package let address: MailAddress
    /// The server that the domain's admin named (split domain routing, relay domain); nil where the DNS names it.
    package let hop: NextHop?
    /// The address of ours that redirects there; nil where the mail was for `address` itself.
    package let forwarder: MailAddress?

    package init(_ address: MailAddress, hop: NextHop? = nil, forwarder: MailAddress? = nil) {
        self.address = address
        self.hop = hop
        self.forwarder = forwarder
    }
}

/// Where mail for one address goes, or for several together.
package struct Resolution: Hashable, Sendable {
    /// Enabled accounts, each once, in the order they were found.
    package private(set) var mailboxes: [Account] = []
    /// Addresses elsewhere, each once.
    package private(set) var remotes: [RemoteRecipient] = []
    private var known: Set<AccountID> = []
    private var knownKeys: Set<String> = []

    package init(mailboxes: [Account] = [], remotes: [RemoteRecipient] = []) {
        add(mailboxes, remotes)
    }

    /// What a tree of steps ends at.
    package init(_ tree: RouteNode) { collect(tree, forwarder: nil) }

    package var isEmpty: Bool { mailboxes.isEmpty && remotes.isEmpty }

    package mutating func merge(_ other: Resolution) { add(other.mailboxes, other.remotes) }

    /// The same without some of its remote recipients.
    package func without(_ gone: Set<RemoteRecipient>) -> Resolution {
        Resolution(mailboxes: mailboxes, remotes: remotes.filter { !gone.contains($0) })
    }

    /// The same without the mailboxes of these accounts.
    func without(mailboxesOf accounts: Set<AccountID>) -> Resolution {
        guard !accounts.isEmpty else { return self }
        return Resolution(mailboxes: mailboxes.filter { !accounts.contains($0.id) }, remotes: remotes)
    }

    private mutating func add(_ accounts: [Account], _ addresses: [RemoteRecipient]) {
        for account in accounts where known.insert(account.id).inserted { mailboxes.append(account) }
        for remote in addresses where knownKeys.insert(remote.address.key).inserted { remotes.append(remote) }
    }

    private mutating func collect(_ node: RouteNode, forwarder: MailAddress?) {
        switch node.step {
        case .mailbox(let account): add([account], [])
        case .splitRouting(let hop), .relayDomain(let hop):
            add([], [RemoteRecipient(node.address, hop: hop, forwarder: forwarder)])
        case .elsewhere: add([], [RemoteRecipient(node.address, forwarder: forwarder)])
        case .alias, .catchAll, .returnPath:
            for child in node.children { collect(child, forwarder: node.address) }
        case .domainAlias, .administrators:
            for child in node.children { collect(child, forwarder: forwarder) }
        case .disabled, .badReturnPath, .unknown, .repeated, .tooDeep: break
        }
    }
}

/// One address on the way of a message, what it turned out to be, and where it led: the answer to "why".
package struct RouteNode: Hashable, Sendable {
    package enum Step: Hashable, Sendable {
        case mailbox(Account)
        /// It receives nothing, and nobody receives in its place.
        case disabled(Account)
        /// Its children are the recipients.
        case alias
        /// The address is unknown; its domain's mail for such goes to the child.
        case catchAll
        /// The address at an alias of a domain stands for the child.
        case domainAlias
        /// `postmaster` or `abuse` where nothing is set: the children are who answers for the domain.
        case administrators
        /// A return path of ours: the child is the sender that it stands for.
        case returnPath
        case badReturnPath(SRS.Failure)
        /// The address is unknown here; the domain's other server is asked.
        case splitRouting(NextHop)
        case relayDomain(NextHop)
        /// A domain that is none of ours.
        case elsewhere
        case unknown
        /// Met before on this walk: nobody gets a second copy.
        case repeated
        case tooDeep
    }

    package let address: MailAddress
    package let step: Step
    package let children: [RouteNode]

    init(_ address: MailAddress, _ step: Step, _ children: [RouteNode] = []) {
        self.address = address
        self.step = step
        self.children = children
    }

    /// Whether a node of the tree is of that kind.
    func contains(_ isWanted: (Step) -> Bool) -> Bool {
        isWanted(step) || children.contains { $0.contains(isWanted) }
    }
}
