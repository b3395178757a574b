internal import Glibc

/// The IP address a client speaks from, as we believe it (after trusted proxies).
package struct ClientAddress: Hashable, Sendable, CustomStringConvertible {
    /// As `inet_ntop` writes it; IPv4 also where it came mapped into IPv6.
    package let description: String
    /// 4 or 16 bytes, network order.
    package let bytes: [UInt8]

    package init?(_ text: some StringProtocol) {
        let text = String(text)
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(bytes: withUnsafeBytes(of: &four) { Array($0) })
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self.init(bytes: withUnsafeBytes(of: &six) { Array($0) })
        } else {
            return nil
        }
    }

    private init(bytes: [UInt8]) {
        let isMapped = bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
        let family = self.bytes.count == 4 ? AF_INET : AF_INET6
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let written = inet_ntop(family, self.bytes, &buffer, socklen_t(buffer.count))
        description = written.map { String(cString: $0) } ?? "unknown"
    }

    package var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// What one customer of a provider usually gets: an IPv4 address, an IPv6 /64. Limits count by it.
    package var network: String {
        bytes.count == 4 ? description : masked(to: 64).description
    }

    /// The address with all bits after the first `length` set to 0.
    package func masked(to length: Int) -> ClientAddress {
        var bytes = bytes
        for index in bytes.indices {
            let kept = min(8, max(0, length - index * 8))
            bytes[index] &= ~UInt8(truncatingIfNeeded: 0xFF >> kept)
        }
        return ClientAddress(bytes: bytes)
    }
}

/// A range of addresses in CIDR notation, for example `10.0.0.0/8`, `fd00::/8`, `::1`.
package struct ClientNetwork: Hashable, Sendable, CustomStringConvertible {
    /// The first address of the range.
    package let address: ClientAddress
    package let prefixLength: Int

    /// Nil when `text` is neither an address nor a range.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = ClientAddress(first) else { return nil }
        let width = address.bytes.count * 8
        if parts.count == 2 {
            guard let length = Int(parts[1]), (0...width).contains(length) else { return nil }
            prefixLength = length
        } else {
            prefixLength = width
        }
        // Two ways to write a range are one range.
        self.address = address.masked(to: prefixLength)
    }

    package func contains(_ other: ClientAddress) -> Bool {
        other.bytes.count == address.bytes.count && other.masked(to: prefixLength) == address
    }

    package var description: String { "\(address)/\(prefixLength)" }
}
