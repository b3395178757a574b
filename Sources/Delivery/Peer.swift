internal import Directory
internal import NIOCore
internal import SMTP

/// The other end of a connection.
struct Peer: Hashable, Sendable, CustomStringConvertible {
    /// Nil for a unix socket.
    let address: ClientAddress?

    init(_ address: SocketAddress?) { self.address = address?.ipAddress.flatMap { ClientAddress($0) } }

    init(address: ClientAddress?) { self.address = address }

    /// On this machine: trusted with passwords in clear, and not counted by network.
    var isLoopback: Bool { address?.isLoopback ?? true }

    /// For limits; nil for this machine.
    var network: String? { isLoopback ? nil : address?.network }

    var description: String { address?.description ?? "local" }

    /// As in a Received field. RFC 5321 §4.1.3.
    var literal: String? {
        guard let address else { return nil }
        return address.bytes.count == 4 ? "[\(address)]" : "[IPv6:\(address)]"
    }
}

/// Where a message came into our site: the peer, or whom a trusted server in front of us got it from (XFORWARD).
struct MessageSource: Hashable, Sendable {
    let peer: Peer
    /// The address that lists, SPF and rspamd judge. Nil where it is not known: by LMTP a server in front speaks, and need not say for
    /// whom.
    let judged: ClientAddress?
    /// What it called itself; empty when it did not, or is not known to have.
    let greeting: String
    /// Its verified host name, where the server in front told it.
    let hostname: String?

    init(_ client: ClientFacts, _ peer: Peer) {
        guard let forwarded = client.forwarded, !forwarded.isLocal, let address = forwarded.address.flatMap({ ClientAddress($0) })
        else {
            self.peer = peer
            judged = client.isLMTP ? nil : peer.address
            greeting = client.greeting
            hostname = nil
            return
        }
        self.peer = Peer(address: address)
        judged = address
        greeting = forwarded.greeting ?? ""
        hostname = forwarded.name
    }
}
