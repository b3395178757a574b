internal import Glibc

/// The line or block with which a proxy says whose connection it passes on: the PROXY protocol, versions 1 and 2.
package struct ProxyHeader: Hashable, Sendable {
    /// The client's IP address; nil when the proxy speaks for itself (`LOCAL`, `UNKNOWN`).
    package let address: [UInt8]?
    /// Octets that the header took.
    package let size: Int

    package init(address: [UInt8]?, size: Int) {
        self.address = address
        self.size = size
    }

    package enum Reading: Hashable, Sendable {
        case header(ProxyHeader)
        case needsMore
        /// The connection does not begin with one.
        case none
    }

    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let word = Array("PROXY ".utf8)
    /// Of version 1, with its CRLF.
    private static let maximumLine = 107

    /// Looks for a header at the beginning of what a connection has sent so far.
    package static func read(_ bytes: some Collection<UInt8>) -> Reading {
        let bytes = Array(bytes.prefix(4096))
        if bytes.starts(with: signature) { return readBlock(bytes) }
        if bytes.starts(with: word) { return readLine(bytes) }
        return signature.starts(with: bytes) || word.starts(with: bytes) ? .needsMore : .none
    }

    // PROXY TCP4 192.0.2.1 198.51.100.1 56324 25
    private static func readLine(_ bytes: [UInt8]) -> Reading {
        guard let end = bytes.prefix(maximumLine).firstIndex(of: 0x0A) else {
            return bytes.count < maximumLine ? .needsMore : .none
        }
        guard bytes[end - 1] == 0x0D else { return .none }
        let words = String(decoding: bytes[..<(end - 1)], as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        if words.count >= 2, words[1] == "UNKNOWN" { return .header(ProxyHeader(address: nil, size: end + 1)) }
        guard words.count == 6, let address = AddressText.parse(words[2]), address.count == (words[1] == "TCP4" ? 4 : 16),
            ["TCP4", "TCP6"].contains(words[1])
        else { return .none }
        return .header(ProxyHeader(address: address, size: end + 1))
    }

    // Signature, version and command, family, length; then the source address, the destination's, the ports, more.
    private static func readBlock(_ bytes: [UInt8]) -> Reading {
        guard bytes.count >= 16 else { return .needsMore }
        let size = 16 + Int(bytes[14]) << 8 + Int(bytes[15])
        guard bytes[12] >> 4 == 2, bytes[12] & 0x0F <= 1, size <= 4096 else { return .none }
        guard bytes.count >= size else { return .needsMore }
        let isLocal = bytes[12] & 0x0F == 0
        let width = [0x1: 4, 0x2: 16][bytes[13] >> 4]
        guard !isLocal, let width else { return .header(ProxyHeader(address: nil, size: size)) }
        guard size >= 16 + 2 * width + 4 else { return .none }
        return .header(ProxyHeader(address: Array(bytes[16..<(16 + width)]), size: size))
    }
}

/// IP addresses in text.
private enum AddressText {
    static func parse(_ text: Substring) -> [UInt8]? {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, String(text), &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        if inet_pton(AF_INET6, String(text), &six) == 1 { return withUnsafeBytes(of: &six) { Array($0) } }
        return nil
    }
}
