package import Directory
package import Formats
internal import SMTP

/// Asks what RCPT asks, and keeps the reasons.
package struct RouteExplainer: Sendable {
    let gate: RecipientGate
    private let smartHost: HostPort?

    init(gate: RecipientGate, smartHost: HostPort?) {
        self.gate = gate
        self.smartHost = smartHost
    }

    /// Explains mail for an address. Another server is asked about it, as at RCPT; that takes as long as the server does.
    ///
    /// - Parameters:
    ///   - sender: of the envelope; nil for the null sender
    ///   - client: where the message comes from; nil for somewhere
    package func explain(
        _ recipient: MailAddress, from sender: MailAddress? = nil, at client: ClientAddress? = nil
    ) async -> RouteExplanation {
        let snapshot = gate.routing.directory.snapshot
        let resolver = gate.routing.resolver
        let tree = resolver.tree(of: recipient)
        let resolution = Resolution(tree)
        let path = sender.map { ReversePath.mailbox($0) } ?? .null
        let stranger = RecipientClient(address: client, sender: path)
        var seen: Set<AccountID> = []
        let entry = gate.listEntry(.mailbox(recipient), stranger)
        var facts: RouteExplanation.Thresholds?
        if resolver.standing(of: recipient.domain) != .none {
            let (thresholds, source) = snapshot.thresholds(for: recipient.domain)
            facts = .init(
                defer: thresholds.deferAt, junk: thresholds.junkAt, reject: thresholds.rejectAt, source: source.description)
        }
        return RouteExplanation(
            recipient: recipient.description, sender: path.description, client: client?.description,
            domain: domain(recipient.domain, resolver, snapshot), route: step(tree, path, forwarder: nil, &seen),
            mailboxes: resolution.mailboxes.map(\.address.description), remotes: resolution.remotes.map(\.address.description),
            list: entry.map { .init(kind: $0.kind.rawValue, entry: $0.pattern.description, domain: $0.scope?.ascii) },
            thresholds: facts, isInternalHop: await gate.isInternalHop(stranger, to: .mailbox(recipient)),
            reply: await reply(recipient, stranger), replyToUsers: await replyToUsers(recipient))
    }

    private func reply(_ recipient: MailAddress, _ client: RecipientClient) async -> String {
        do throws(RecipientGate.Refusal) {
            _ = try await gate.admit(.mailbox(recipient), from: client)
            return Reply.recipientOK.text
        } catch { return error.reply.text }
    }

    private func replyToUsers(_ recipient: MailAddress) async -> String {
        await gate.refusalForUsers(of: recipient)?.text ?? Reply.recipientOK.text
    }

    private func domain(
        _ name: DomainName, _ resolver: RecipientResolver, _ snapshot: DirectorySnapshot
    ) -> RouteExplanation.DomainFacts {
        let known = snapshot.domain(name)
        let kind: String =
            switch resolver.standing(of: name) {
            case .hosted: "hosted"
            case .alias: "alias"
            case .relay: "relay"
            case .none: "none"
            }
        return .init(
            name: name.unicode, class: kind, state: known?.state.rawValue, aliasOf: known?.aliasTarget?.unicode,
            catchAll: known?.catchAll?.description, nextHop: known?.nextHop?.description)
    }

    // MARK: Steps

    private func step(
        _ node: RouteNode, _ sender: ReversePath, forwarder: MailAddress?, _ seen: inout Set<AccountID>
    ) -> RouteExplanation.Step {
        let (name, plain) = words(node)
        var text = plain
        var below = forwarder
        var rewritten: String?
        switch node.step {
        case .mailbox(let account): if !seen.insert(account.id).inserted { text += ", which has its copy already" }
        case .alias, .catchAll, .returnPath: below = node.address
        case .elsewhere:
            let departure = gate.routing.departures([RemoteRecipient(node.address, forwarder: forwarder)], sender: sender).first
            if let departure, departure.sender != sender { rewritten = departure.sender.description }
        case .disabled, .domainAlias, .administrators, .badReturnPath, .splitRouting, .relayDomain, .unknown, .repeated, .tooDeep: break
        }
        return .init(
            address: node.address.description, step: name, text: text, sender: rewritten,
            recipients: node.children.map { step($0, sender, forwarder: below, &seen) })
    }

    private func words(_ node: RouteNode) -> (name: String, text: String) {
        switch node.step {
        case .mailbox(let account): ("mailbox", "mailbox\(at(account, node.address))")
        case .disabled(let account): ("disabled", "mailbox\(at(account, node.address)), disabled: it receives nothing")
        case .alias: ("alias", node.children.count == 1 ? "alias" : "alias of \(node.children.count) recipients")
        case .catchAll: ("catchAll", "unknown, goes to the catch-all")
        case .domainAlias: ("domainAlias", "domain alias, the same name at the other domain")
        case .administrators: ("administrators", "nothing set, goes to who answers for the domain")
        case .returnPath: ("returnPath", "return path of a forward, goes back to the sender")
        case .badReturnPath(.forged): ("badReturnPath", "written as a return path, and not ours")
        case .badReturnPath(.expired): ("badReturnPath", "return path that has expired")
        case .splitRouting(let hop): ("splitRouting", "unknown here, relayed to \(hop) (split domain routing, TLS \(hop.tls.rawValue))")
        case .relayDomain(let hop): ("relayDomain", "relayed to \(hop) (TLS \(hop.tls.rawValue))")
        case .elsewhere: ("elsewhere", smartHost.map { "elsewhere, by the smart host \($0)" } ?? "elsewhere, by its MX")
        case .unknown: ("unknown", "nobody has this address")
        case .repeated: ("repeated", "met before, nobody gets a second copy")
        case .tooDeep: ("tooDeep", "too many redirections, ends here")
        }
    }

    private func at(_ account: Account, _ address: MailAddress) -> String {
        account.address.key == address.key ? "" : " \(account.address)"
    }
}
