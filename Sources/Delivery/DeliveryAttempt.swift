package import Directory
package import Formats
internal import SMTP

/// The next hop for a recipient.
package enum Destination: Hashable, Sendable {
    case local
    case smartHost(HostPort)
    /// The server that the domain's admin named: split domain routing, or a relay domain.
    case hop(NextHop, of: DomainName)
    /// The domain's mail exchangers.
    case domain(DomainName)
    /// There is none: an address that cannot be routed.
    case nowhere
}

/// One try to deliver one entry to recipients that share a next hop.
struct DeliveryAttempt: Sendable {
    let entry: OutboxEntry
    /// Indexes into the entry's recipients.
    let indexes: [Int]
    let destination: Destination

    var recipients: [String] { indexes.map { entry.recipients[$0].address } }
}

/// What became of one recipient in one attempt.
struct DeliveryOutcome: Hashable, Sendable {
    let reply: Reply
    /// The server that said so; nil for ourselves.
    let host: String?
    /// That server tells the sender what the sender wants to hear. RFC 3461 §5.2.1.
    let passesNotifications: Bool

    init(_ reply: Reply, host: String? = nil, passesNotifications: Bool = false) {
        self.reply = reply
        self.host = host
        self.passesNotifications = passesNotifications
    }
}

/// What an admin can ask of the queue from another process.
package enum QueueRequest: String, CaseIterable, Sendable {
    case retry, hold, drop
}
