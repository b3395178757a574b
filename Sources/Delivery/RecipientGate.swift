internal import Directory
internal import Disk
internal import Formats
internal import MailStore
internal import SMTP

/// Who brings a message, as far as RCPT must know.
struct RecipientClient: Sendable {
    /// Nil for a Unix socket.
    var address: ClientAddress?
    var sender: ReversePath
    /// Who authenticated; nil for mail from outside.
    var account: Account?
}

/// What RCPT decided: the same for SMTP, LMTP, submission and `mailportal route`.
struct RecipientGate: Sendable {
    /// A recipient that may come in.
    struct Admission: Sendable {
        let resolution: Resolution
        /// The entry of the allow list that let it in, if one did.
        let allowed: PolicyListEntry?
    }

    struct Refusal: Error, Sendable {
        let reply: Reply
        /// The entry of the block list that said so, if one did.
        var blocked: PolicyListEntry?
    }

    let routing: Routing
    let verifier: RecipientVerifier
    let hosts: HostAddresses
    let accounts: MailAccounts

    /// - Parameter remote: asks other servers as it will send to them
    init(routing: Routing, remote: RemoteDelivery, accounts: MailAccounts) {
        self.routing = routing
        hosts = HostAddresses(remote.targets.resolver)
        verifier = RecipientVerifier(
            client: remote.client, hosts: hosts, ownEndpoints: remote.ownEndpoints, access: remote.hops, logger: remote.logger)
        self.accounts = accounts
    }

    /// Resolves the path, looks at the lists, asks other servers, and looks whether there is room: in this order.
    func admit(_ path: ForwardPath, from client: RecipientClient) async throws(Refusal) -> Admission {
        let resolver = routing.resolver
        let resolution: Resolution
        do { resolution = try resolve(path, resolver, allowsForeign: client.account != nil) } catch { throw Refusal(reply: error.reply) }
        let entry = listEntry(path, client)
        if let entry, entry.kind == .block {
            throw Refusal(reply: Reply(550, 5, 7, 1, "Blocked by the policy of the recipient's domain"), blocked: entry)
        }
        let verified = try await verify(
            resolution, isTrusted: client.account != nil, sender: client.sender, at: client.address)
        if let full = await quotaRefusal(verified) { throw Refusal(reply: full) }
        return Admission(resolution: verified, allowed: entry)
    }

    private func resolve(
        _ path: ForwardPath, _ resolver: RecipientResolver, allowsForeign: Bool
    ) throws(RecipientResolver.Refusal) -> Resolution {
        switch path {
        case .mailbox(let address): try resolver.resolve(address, allowsForeign: allowsForeign)
        case .postmaster: try resolver.resolvePostmaster(hostname: try? DomainName(parsing: routing.hostname))
        case .literal: throw .addressLiteral
        }
    }

    // MARK: Lists

    /// The entry that decides about the client; who authenticated is asked nothing. Mission §4: the envelope sender and the client's
    /// network are looked at, never the header.
    func listEntry(_ path: ForwardPath, _ client: RecipientClient) -> PolicyListEntry? {
        guard client.account == nil, case .mailbox(let address) = path else { return nil }
        return routing.directory.snapshot.policyLists(for: address.domain).match(sender: client.sender.address, client: client.address)
    }

    // MARK: Call-outs

    /// The resolution without the recipients that another server refuses. Throws where nobody would be left.
    ///
    /// Who cannot be verified now is queued all the same when somebody else gets the message at once (local delivery never waits for
    /// a remote recipient), and for those who authenticated: a notification reaches them, and their program does not try again.
    private func verify(
        _ resolution: Resolution, isTrusted: Bool, sender: ReversePath?, at client: ClientAddress?
    ) async throws(Refusal) -> Resolution {
        let asked = resolution.remotes.filter { $0.hop != nil }
        guard !asked.isEmpty else { return resolution }
        let isPatient = asked.count == resolution.remotes.count && resolution.mailboxes.isEmpty
        var refused: [RemoteRecipient: Reply] = [:]
        var unknown: Reply?
        for (remote, verdict) in await verdicts(asked, isPatient, askedBy: !isTrusted && sender == .null ? client : nil) {
            switch verdict {
            case .accepted: break
            case .refused(let reply): refused[remote] = reply
            case .unknown(let reply): unknown = unknown ?? reply
            }
        }
        let left = resolution.without(Set(refused.keys))
        if left.isEmpty { throw Refusal(reply: asked.lazy.compactMap { refused[$0] }.first ?? .localError) }
        if let unknown, !isTrusted, isPatient {
            throw Refusal(reply: unknown)
        }
        return left
    }

    /// - Parameter asker: who may be another server that asks us, by a null sender; nil where it cannot be
    private func verdicts(
        _ remotes: [RemoteRecipient], _ isPatient: Bool, askedBy asker: ClientAddress?
    ) async -> [(RemoteRecipient, RecipientVerifier.Verdict)] {
        await withTaskGroup { group in
            for remote in remotes {
                guard let hop = remote.hop else { continue }
                group.addTask { (remote, await verdict(remote.address, hop, isPatient, askedBy: asker)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func verdict(
        _ address: MailAddress, _ hop: NextHop, _ isPatient: Bool, askedBy asker: ClientAddress?
    ) async -> RecipientVerifier.Verdict {
        // The other server asks us for what we are just asking it: two servers that send on to each other.
        if let asker, await verifier.isAsking(address, at: hop), await isAt(hop, asker) {
            let text = "Mail for \(address.domain) goes round between two servers, and neither has this address"
            return .refused(Reply(554, 5, 4, 6, text))
        }
        return await verifier.verify(address, at: hop, waits: isPatient)
    }

    // MARK: For our own users

    /// What RCPT tells one of our users about the address; nil where it is taken.
    func refusalForUsers(of address: MailAddress) async -> Reply? {
        do throws(Refusal) { return await quotaRefusal(try await admitForUsers(address)) } catch { return error.reply }
    }

    /// Those to whom one of our users cannot send, in order. Other servers are asked as at RCPT; whether there is room, delivery
    /// will tell, and its sender gets a notification.
    func refused(_ addresses: [MailAddress]) async -> [MailAddress] {
        await withTaskGroup { group in
            for address in addresses {
                group.addTask { (try? await admitForUsers(address)) == nil ? address : nil }
            }
            let refused = await group.reduce(into: Set<MailAddress>()) { if let address = $1 { $0.insert(address) } }
            return addresses.filter(refused.contains)
        }
    }

    private func admitForUsers(_ address: MailAddress) async throws(Refusal) -> Resolution {
        let found: Resolution
        do { found = try routing.resolver.resolve(address, allowsForeign: true) } catch { throw Refusal(reply: error.reply) }
        return try await verify(found, isTrusted: true, sender: nil, at: nil)
    }

    // MARK: Internal hops

    /// Whether the message comes from the other server of the sender's domain: a step inside the domain, and no judgement is due.
    /// A notification has no sender's domain: then the recipient's counts.
    func isInternalHop(_ client: RecipientClient, to path: ForwardPath) async -> Bool {
        guard client.account == nil else { return false }
        let domain: DomainName? =
            switch (client.sender, path) {
            case (.mailbox(let sender), _): sender.domain
            case (.null, .mailbox(let recipient)): recipient.domain
            case (.null, .postmaster), (.null, .literal), (.literal, _): nil
            }
        guard let domain else { return false }
        switch routing.resolver.standing(of: domain) {
        case .hosted(let domain), .alias(_, of: let domain):
            guard let hop = domain.nextHop else { return false }
            return await isAt(hop, client.address)
        case .relay(_, let hop): return await isAt(hop, client.address)
        case .none: return false
        }
    }

    private func isAt(_ hop: NextHop, _ client: ClientAddress?) async -> Bool {
        guard let client, let address = IPAddress(client.description) else { return false }
        return await hosts.recent(of: hop.host).contains(address)
    }

    // MARK: Room

    /// Told at RCPT where it is sure: the one mailbox behind the address is full already.
    private func quotaRefusal(_ resolution: Resolution) async -> Reply? {
        guard resolution.remotes.isEmpty, resolution.mailboxes.count == 1, let quota = resolution.mailboxes[0].quota,
            let usage = try? await accounts.account(for: AccountKey(resolution.mailboxes[0].address)).usage()
        else { return nil }
        return usage >= quota ? Reply(452, 4, 2, 2, "Mailbox full") : nil
    }
}
