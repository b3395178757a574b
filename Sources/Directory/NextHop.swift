package import Disk

/// How a connection to a next hop is kept from listeners.
package enum NextHopTLS: String, CaseIterable, Sendable {
    /// Never, not even where it is offered.
    case none
    /// Where it is offered, by whatever certificate.
    case opportunistic
    /// Or the mail waits.
    case required
}

/// The server to which a domain's mail is relayed: a relay domain's, or split domain routing's destination.
///
/// The host is taken as it is: no MX is looked up for it. The password stays in the directory (`nextHopPassword(of:)`).
package struct NextHop: Hashable, Sendable, CustomStringConvertible {
    /// A host name, or an IP address without brackets; in lower case.
    package let host: String
    package let port: Int
    package let tls: NextHopTLS
    /// Signs in with it, where there is one.
    package let username: String?

    /// Throws `.invalid` for what can be no host, port or user name.
    package init(
        host: String, port: Int, tls: NextHopTLS = .opportunistic, username: String? = nil
    ) throws(StoreError) {
        let host = host.lowercased()
        guard Self.isHost(host) else { throw .invalid(reason: "'\(host)' is no host name and no address") }
        guard (1...65535).contains(port) else { throw .invalid(reason: "\(port) is no port") }
        if let username {
            guard (1...255).contains(username.utf8.count), !username.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw .invalid(reason: "the user name is empty, too long, or has a control character")
            }
        }
        self.host = host
        self.port = port
        self.tls = tls
        self.username = username
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func isHost(_ text: String) -> Bool {
        if ClientAddress(text) != nil { return true }
        guard text.utf8.count <= 253, !text.isEmpty else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { isLabelByte($0) }
        } && !text.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }
}
