internal import Directory
internal import NIOCore

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
