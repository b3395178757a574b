package import Disk
package import Formats

/// One line of an allow or block list (mission §4).
package struct PolicyListEntry: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable { case allow, block }

    /// What an entry looks at: domain and address at the envelope sender, network at the client.
    package enum Pattern: Hashable, Sendable, CustomStringConvertible {
        /// The domain and everything below it.
        case domain(DomainName)
        /// Exactly that address, upper and lower case alike.
        case address(MailAddress)
        case network(ClientNetwork)

        package var description: String {
            switch self {
            case .domain(let name): name.ascii
            case .address(let address): address.stored
            case .network(let network): network.description
            }
        }

        /// Reads an address, a network (`192.0.2.0/24`, `2001:db8::1`) or a domain (`example.org`, also `@example.org`).
        ///
        /// Throws `.invalid` for anything else.
        package init(parsing text: String) throws(StoreError) {
            if let network = ClientNetwork(text) {
                self = .network(network)
            } else if text.dropFirst().contains("@") {
                guard let address = try? MailAddress(parsing: text) else { throw .invalid(reason: "'\(text)' is not an address") }
                self = .address(address)
            } else {
                let name = text.hasPrefix("@") || text.hasPrefix(".") ? text.dropFirst() : text[...]
                guard let domain = try? DomainName(parsing: name) else {
                    throw .invalid(reason: "'\(text)' is neither a domain, an address nor a network")
                }
                self = .domain(domain)
            }
        }
    }

    package let kind: Kind
    package let pattern: Pattern
    /// The domain whose list it stands in; nil for the global one.
    package let scope: DomainName?

    package init(kind: Kind, pattern: Pattern, scope: DomainName?) {
        self.kind = kind
        self.pattern = pattern
        self.scope = scope
    }
}

/// The entries that hold for one recipient domain: its own and the global ones.
///
/// Look-ups cost a few hash probes, however long the lists are.
package struct PolicyLists: Sendable {
    private let own: PolicyListIndex?
    private let global: PolicyListIndex?

    init(own: PolicyListIndex?, global: PolicyListIndex?) {
        self.own = own
        self.global = global
    }

    package var isEmpty: Bool { own == nil && global == nil }

    /// THE entry that decides; nil when none matches.
    ///
    /// The domain's own entries beat global ones. Within a list the more specific beats the less: an address beats a network,
    /// a network beats a domain (it cannot be forged), the longer prefix and the longer domain beat the shorter; on a tie
    /// `allow` wins.
    ///
    /// - Parameters:
    ///   - sender: the envelope's; nil for the null sender, which no domain and no address matches
    ///   - client: nil where it has no address (a local socket), which no network matches
    package func match(sender: MailAddress?, client: ClientAddress?) -> PolicyListEntry? {
        own?.match(sender, client) ?? global?.match(sender, client)
    }
}

/// The entries of one scope, by what they look at.
struct PolicyListIndex: Sendable {
    private struct Network: Hashable {
        let bytes: [UInt8]
        let length: Int
    }

    private var addresses: [String: PolicyListEntry] = [:]
    private var domains: [String: PolicyListEntry] = [:]
    private var networks: [Network: PolicyListEntry] = [:]
    /// The prefix lengths in use, longest first.
    private var lengths: [Int] = []
    /// All entries, those that another one outdoes included.
    let entries: [PolicyListEntry]

    init(entries: [PolicyListEntry]) {
        self.entries = entries
        for entry in entries {
            switch entry.pattern {
            case .address(let address): Self.add(entry, to: &addresses, address.key)
            case .domain(let name): Self.add(entry, to: &domains, name.ascii)
            case .network(let network):
                Self.add(entry, to: &networks, Network(bytes: network.address.bytes, length: network.prefixLength))
            }
        }
        lengths = Set(networks.keys.map(\.length)).sorted(by: >)
    }

    private static func add<Key>(_ entry: PolicyListEntry, to index: inout [Key: PolicyListEntry], _ key: Key) {
        guard index[key]?.kind != .allow else { return }
        index[key] = entry
    }

    func match(_ sender: MailAddress?, _ client: ClientAddress?) -> PolicyListEntry? {
        if let sender, let entry = addresses[sender.key] { return entry }
        if let client, let entry = match(client) { return entry }
        return sender.flatMap { match($0.domain) }
    }

    private func match(_ client: ClientAddress) -> PolicyListEntry? {
        for length in lengths where length <= client.bytes.count * 8 {
            if let entry = networks[Network(bytes: client.masked(to: length).bytes, length: length)] { return entry }
        }
        return nil
    }

    private func match(_ domain: DomainName) -> PolicyListEntry? {
        guard !domains.isEmpty else { return nil }
        var name: DomainName? = domain
        while let candidate = name {
            if let entry = domains[candidate.ascii] { return entry }
            name = candidate.parent
        }
        return nil
    }
}
