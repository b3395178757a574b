/// Where a listener binds: `host:port`, `[ipv6]:port`, or `unix:/path`.
package enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
    case tcp(host: String, port: Int)
    case unix(path: String)

    /// Nil when `text` is none of the three forms.
    package init?(parsing text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // sockaddr_un holds 107 octets and a NUL.
            guard path.hasPrefix("/"), path.utf8.count <= 107 else { return nil }
            self = .unix(path: path)
        } else if let endpoint = HostPort(parsing: text, allowsAnyPort: true) {
            self = .tcp(host: endpoint.host, port: endpoint.port)
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .tcp(let host, let port): HostPort(host: host, port: port).description
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// A host (name or IP address, without brackets) and a port.
package struct HostPort: Hashable, Sendable, Codable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port` or `[ipv6]:port`; with `defaultPort`, also a host alone. Nil for anything else.
    package init?(parsing text: String, defaultPort: Int? = nil, allowsAnyPort: Bool = false) {
        var host = Substring(text)
        var port = defaultPort
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            host = text[..<colon]
            port = Int(text[text.index(after: colon)...])
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() } else if host.contains(":") { return nil }
        guard let port, (allowsAnyPort ? 0 : 1)...65535 ~= port, !host.isEmpty,
            host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { return nil }
        self.init(host: String(host), port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
