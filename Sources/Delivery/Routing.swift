internal import Directory
internal import Disk
internal import Formats
internal import SMTP

/// What every step of mail flow knows of routes: the directory as it is now, the secret of return paths, our name.
struct Routing: Sendable {
    /// The field that marks where a message has been. Only its own server can make or read a mark.
    static let field = "x-mail-portal-route"

    let directory: Directory
    let srs: SRS
    let hostname: String

    /// Resolves by the directory as it is now: keep it for one decision.
    var resolver: RecipientResolver { RecipientResolver(directory.snapshot, srs: srs) }

    // MARK: Out

    /// Remote recipients that can leave together.
    struct Departure: Sendable {
        var sender: ReversePath
        var recipients: [MailAddress]
        /// Fields to put on the message.
        var fields: [UInt8]
        /// The same for the same recipients' way, and different for every other.
        var name: String
    }

    /// How mail for these recipients leaves: what an alias of ours sends on gets a return path of ours and a mark; the rest goes as
    /// it came. The body is never touched.
    func departures(_ remotes: [RemoteRecipient], sender: ReversePath) -> [Departure] {
        let resolver = resolver
        var departures: [Departure] = []
        var indexes: [String: Int] = [:]
        for remote in remotes {
            // A server that the admin named trusts us: it gets the envelope as it was.
            let isRewritten = remote.forwarder != nil && remote.hop == nil
            let name = remote.forwarder.map { "\($0.key) \(isRewritten)" } ?? ""
            if let index = indexes[name] {
                departures[index].recipients.append(remote.address)
                continue
            }
            indexes[name] = departures.count
            departures.append(
                Departure(
                    sender: isRewritten ? returnPath(for: sender, by: remote.forwarder, resolver) : sender,
                    recipients: [remote.address], fields: remote.forwarder.map { mark("forward", $0.key) } ?? [], name: name))
        }
        return departures
    }

    /// Null stays null, our own senders stay as they are; so does what cannot be written in a return path.
    private func returnPath(for sender: ReversePath, by forwarder: MailAddress?, _ resolver: RecipientResolver) -> ReversePath {
        guard case .mailbox(let address) = sender, let forwarder, !resolver.isLocal(address.domain) else { return sender }
        return srs.returnPath(for: address, at: forwarder.domain).map { .mailbox($0) } ?? sender
    }

    /// The field on what is relayed to a domain's other server.
    func hopField(_ domain: DomainName) -> [UInt8] { mark(domain.ascii, domain.ascii) }

    private func mark(_ shown: String, _ text: String) -> [UInt8] {
        Array("X-Mail-Portal-Route: \(shown); by=\(hostname); id=\(srs.mark(text))\r\n".utf8)
    }

    // MARK: In

    static let loop = Reply(554, 5, 4, 6, "Mail loop: this message has taken this way before")

    /// Whether the message has been sent on by us before to where it is to go now.
    func isLoop(_ remotes: [RemoteRecipient], _ header: HeaderBlock) -> Bool {
        guard !remotes.isEmpty, header.contains(Self.field) else { return false }
        let marks = Set(header.values(Self.field).compactMap { $0.split(separator: "id=").last.map(String.init) })
        return remotes.contains { remote in
            if let forwarder = remote.forwarder, marks.contains(srs.mark(forwarder.key)) { return true }
            return remote.hop != nil && marks.contains(srs.mark(remote.address.domain.ascii))
        }
    }
}

/// How we speak to the servers that admins named: split domain routing and relay domains.
struct HopAccess: Sendable {
    let routing: Routing

    /// The password is given under TLS or not at all; to this machine (the directory sees to it) also without.
    func apply(_ hop: NextHop, of domain: DomainName, to configuration: inout ClientConfiguration) async throws(StoreError) {
        switch hop.tls {
        case .none: configuration.tls = .none
        case .opportunistic: configuration.tls = .opportunistic
        case .required: configuration.tls = .required
        }
        guard let username = hop.username else { return }
        guard let password = try await routing.directory.nextHopPassword(of: domain) else { return }
        if hop.tls != .none { configuration.tls = .required }
        configuration.credentials = .init(username: username, password: password)
    }
}
