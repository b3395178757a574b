internal import Disk
internal import Glibc

/// What this server is known by: a next hop that leads back here is refused when it is saved.
package struct ThisServer: Sendable {
    private let hostname: String
    private let listeners: [(host: String, port: Int)]
    private let ownAddresses: Set<ClientAddress>

    /// - Parameters:
    ///   - hostname: our name in greetings
    ///   - listeners: where mail is taken: IP addresses (also 0.0.0.0 and ::) or names, with their ports
    ///   - ownAddresses: the addresses of this machine's interfaces
    package init(
        hostname: String, listeners: [(host: String, port: Int)],
        ownAddresses: Set<ClientAddress> = ThisServer.interfaceAddresses()
    ) {
        self.hostname = hostname.lowercased()
        self.listeners = listeners.map { ($0.host.lowercased(), $0.port) }
        self.ownAddresses = ownAddresses
    }

    /// Throws `.invalid` when a connection to `hop` would end here.
    ///
    /// - Parameter addresses: what the hop's host resolves to; none where it is an address itself, or unknown yet
    func refuseItself(_ hop: NextHop, at addresses: [ClientAddress]) throws(StoreError) {
        guard isReached(by: hop, at: addresses) else { return }
        throw .invalid(reason: "\(hop) is this server: mail would come back for ever")
    }

    private func isReached(by hop: NextHop, at addresses: [ClientAddress]) -> Bool {
        let ports = listeners.filter { $0.port == hop.port }
        // Behind a redirected port, port 25 of our name is ours whatever we listen on.
        if hop.host == hostname, hop.port == 25 || !ports.isEmpty { return true }
        let targets = addresses + Self.literal(hop.host)
        return ports.contains { listener in
            if listener.host == hop.host { return true }
            let bound = Self.literal(listener.host)
            return targets.contains { target in
                if bound.contains(target) { return true }
                let isAny = bound.contains { $0.bytes.allSatisfy { $0 == 0 } }
                return isAny && (target.isLoopback || ownAddresses.contains(target) || target.bytes.allSatisfy { $0 == 0 })
            }
        }
    }

    private static func literal(_ host: String) -> [ClientAddress] {
        if host == "localhost" { return ["127.0.0.1", "::1"].compactMap { ClientAddress($0) } }
        return ClientAddress(host).map { [$0] } ?? []
    }

    /// The addresses of this machine; none where the system does not tell.
    package static func interfaceAddresses() -> Set<ClientAddress> {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var addresses: Set<ClientAddress> = []
        var next = first
        while let entry = next {
            if let address = entry.pointee.ifa_addr.flatMap(ClientAddress.init(socketAddress:)) { addresses.insert(address) }
            next = entry.pointee.ifa_next
        }
        return addresses
    }
}

extension ClientAddress {
    /// Nil for what is neither IPv4 nor IPv6.
    init?(socketAddress: UnsafeMutablePointer<sockaddr>) {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let length: Int
        switch Int32(socketAddress.pointee.sa_family) {
        case AF_INET: length = MemoryLayout<sockaddr_in>.size
        case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        guard getnameinfo(socketAddress, socklen_t(length), &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        // A link-local address ends in its interface: fe80::1%eth0.
        let text = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.init(text.prefix { $0 != "%" })
    }
}
