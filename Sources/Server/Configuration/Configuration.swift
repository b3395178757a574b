/// The boot configuration: what must be known before the directory is open. Policy lives in the directory instead.
///
/// `ConfigurationKey.all` says for each value its key, its default and what it means.
struct Configuration: Equatable, Sendable {
    var hostname = ""
    var data = ""

    var httpListen: [Endpoint] = []
    var httpTLS: [Endpoint] = []
    /// Without a final slash; empty for `https://<hostname>`.
    var url = ""
    var trustedProxies: [String] = []

    var mx: [String] = []
    var submission: [String] = []
    var submissions: [String] = []
    var lmtp: [String] = []
    var socketmap: [String] = []
    /// Octets.
    var maximumMessageSize = 0

    var certificate = ""
    var key = ""

    var rspamd = ""
    var rspamdController = ""
    var acceptsWithoutRspamd = true
    /// Seconds. Not a key of the file: a hidden option of `serve`, for tests.
    var greylistWait: Int64 = 300
    /// A file of certificates that push trusts; it then goes to any address. Not a key of the file: a hidden option of `serve`, for tests.
    var pushTrust: String?

    var smartHost = ""
    var outboundPort = 25
    var policyPort = 443
    var authorities = ""

    var dnsServers: [String] = []
    var dnsRecords = ""
    var trustAnchors: [String] = []

    var logLevel = "info"
    var logFormat = "text"

    /// Everything at its default.
    init() {
        for key in ConfigurationKey.all { key.applyDefault(to: &self) }
    }
}

/// A host (name or IP address, without brackets) and a port; 0 lets the system choose one.
struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    let host: String
    let port: Int

    /// Reads `host:port` and `[ipv6]:port`.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { return nil }
        self.init(host: String(host), port: port)
    }

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
