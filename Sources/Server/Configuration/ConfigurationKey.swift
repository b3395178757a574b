import Directory

/// One key of the configuration file: its name, its default, its meaning, and where its value goes.
struct ConfigurationKey: Sendable {
    enum Value: Equatable, Sendable {
        case text(String)
        case texts([String])
        case number(Int)
    }

    /// Why a value is refused, in words for the person who wrote it.
    struct Refusal: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    /// Empty for a key at the top of the file.
    let section: String
    let name: String
    let standard: Value
    let meaning: String
    let apply: @Sendable (Value, inout Configuration) throws(Refusal) -> Void

    func applyDefault(to configuration: inout Configuration) {
        do { try apply(standard, &configuration) } catch { preconditionFailure("the default of \(name): \(error.reason)") }
    }

    /// Sections in the order of the sample.
    static let sections = ["", "http", "smtp", "tls", "antispam", "outbound", "dns", "log"]

    static let all: [ConfigurationKey] = [
        .init("", "hostname", "localhost", "The server's own name, as it greets other servers and as its certificate says.") {
            (value, configuration) throws(Refusal) in
            guard !value.isEmpty, !value.contains(where: \.isWhitespace) else { throw Refusal("a host name is wanted") }
            configuration.hostname = value
        },
        .init("", "data", "/var/lib/mailportal", "The folder that holds everything: mail, directory, outbox.") {
            (value, configuration) throws(Refusal) in
            guard !value.isEmpty else { throw Refusal("a path is wanted") }
            configuration.data = value
        },

        .init("http", "listen", ["127.0.0.1:8080"], "Plain HTTP: for a proxy in front, or for a try.") {
            (values, configuration) throws(Refusal) in configuration.httpListen = try endpoints(values)
        },
        .init("http", "tls", [], "HTTPS, for example [\"0.0.0.0:443\", \"[::]:443\"]: HTTP/1.1 and HTTP/2.") {
            (values, configuration) throws(Refusal) in configuration.httpTLS = try endpoints(values)
        },
        .init("http", "url", "", "What people type, for example \"https://mail.example.org\"; default from hostname.") {
            (value, configuration) throws(Refusal) in
            let url = value.hasSuffix("/") ? String(value.dropLast()) : value
            guard url.isEmpty || url.hasPrefix("https://") || url.hasPrefix("http://") else {
                throw Refusal("an address that begins with https:// or http:// is wanted")
            }
            configuration.url = url
        },
        .init("http", "trusted_proxies", [], "Addresses and ranges (CIDR) whose X-Forwarded-For and PROXY header count.") {
            (values, configuration) throws(Refusal) in
            if let bad = values.first(where: { ClientNetwork($0) == nil }) {
                throw Refusal("'\(bad)' is neither an address nor a range")
            }
            configuration.trustedProxies = values
        },

        .init("smtp", "mx", [], "Mail from other servers, for example [\"0.0.0.0:25\"].") {
            (values, configuration) throws(Refusal) in configuration.mx = try listeners(values)
        },
        .init("smtp", "submission", [], "Mail of our own people, with STARTTLS, for example [\"0.0.0.0:587\"].") {
            (values, configuration) throws(Refusal) in configuration.submission = try listeners(values)
        },
        .init("smtp", "submissions", [], "The same under TLS from the start, for example [\"0.0.0.0:465\"].") {
            (values, configuration) throws(Refusal) in configuration.submissions = try listeners(values)
        },
        .init("smtp", "lmtp", [], "Behind another MTA: \"127.0.0.1:24\" or \"unix:/run/mailportal/lmtp\".") {
            (values, configuration) throws(Refusal) in configuration.lmtp = try listeners(values)
        },
        .init("smtp", "socketmap", [], "Where that MTA asks about recipients: \"127.0.0.1:2526\" or \"unix:/run/mailportal/socketmap\".") {
            (values, configuration) throws(Refusal) in configuration.socketmap = try listeners(values)
        },
        .init("smtp", "max_message_size", "50MB", "Larger messages are refused, in and out.") {
            (value, configuration) throws(Refusal) in
            guard let size = ByteSize.parse(value), size >= 65_536 else {
                throw Refusal("a size of at least 64KB is wanted, for example \"50MB\"")
            }
            configuration.maximumMessageSize = size
        },

        .init("tls", "certificate", "", "PEM file with the chain; reloaded when it changes; without: self-signed, made at first start.") {
            (value, configuration) throws(Refusal) in configuration.certificate = value
        },
        .init("tls", "key", "", "PEM file with the private key.") {
            (value, configuration) throws(Refusal) in configuration.key = value
        },

        .init("antispam", "rspamd", "", "rspamd's address for scanning, for example \"http://127.0.0.1:11333\".") {
            (value, configuration) throws(Refusal) in
            guard value.isEmpty || value.hasPrefix("http://") || value.hasPrefix("https://") else {
                throw Refusal("an address that begins with http:// is wanted")
            }
            configuration.rspamd = value
        },
        .init("antispam", "rspamd_controller", "", "rspamd's controller, for learning, for example \"http://127.0.0.1:11334\".") {
            (value, configuration) throws(Refusal) in
            guard value.isEmpty || value.hasPrefix("http://") || value.hasPrefix("https://") else {
                throw Refusal("an address that begins with http:// is wanted")
            }
            configuration.rspamdController = value
        },
        .init("antispam", "on_unavailable", "accept", "What becomes of mail while rspamd does not answer: accept, or defer.") {
            (value, configuration) throws(Refusal) in
            guard ["accept", "defer"].contains(value) else { throw Refusal("accept or defer is wanted") }
            configuration.acceptsWithoutRspamd = value == "accept"
        },

        .init("outbound", "smarthost", "", "host:port that takes all mail for elsewhere; without: the recipient's MX.") {
            (value, configuration) throws(Refusal) in
            guard value.isEmpty || Endpoint(value) != nil else { throw Refusal("host:port is wanted") }
            configuration.smartHost = value
        },
        .init("outbound", "port", 25, "Port of MX hosts.") {
            (value, configuration) throws(Refusal) in
            guard (1...65535).contains(value) else { throw Refusal("a port is wanted") }
            configuration.outboundPort = value
        },
        .init("outbound", "mta_sts_port", 443, "Port of the web servers that say MTA-STS policies.") {
            (value, configuration) throws(Refusal) in
            guard (1...65535).contains(value) else { throw Refusal("a port is wanted") }
            configuration.policyPort = value
        },
        .init("outbound", "authorities", "", "PEM file of authorities to trust beside the system's.") {
            (value, configuration) throws(Refusal) in configuration.authorities = value
        },

        .init("dns", "servers", [], "Name servers as IP addresses; default: the system's.") {
            (values, configuration) throws(Refusal) in
            let isAddress = { (text: String) in ClientAddress(text.split(separator: "@").first ?? "") != nil }
            if let bad = values.first(where: { !isAddress($0) }) { throw Refusal("'\(bad)' is not an IP address") }
            configuration.dnsServers = values
        },
        .init("dns", "records", "", "A zone file that is asked first, for tests and split horizons.") {
            (value, configuration) throws(Refusal) in configuration.dnsRecords = value
        },
        .init("dns", "trust_anchors", [], "DS records that DNSSEC is proven by; default: the root's.") {
            (values, configuration) throws(Refusal) in configuration.trustAnchors = values
        },

        .init("log", "level", "info", "trace, debug, info, notice, warning or error.") {
            (value, configuration) throws(Refusal) in
            guard ["trace", "debug", "info", "notice", "warning", "error"].contains(value) else {
                throw Refusal("trace, debug, info, notice, warning or error is wanted")
            }
            configuration.logLevel = value
        },
        .init("log", "format", "text", "text, or json: one object a line. The log goes to standard error.") {
            (value, configuration) throws(Refusal) in
            guard ["text", "json"].contains(value) else { throw Refusal("text or json is wanted") }
            configuration.logFormat = value
        },
    ]

    private static func endpoints(_ values: [String]) throws(Refusal) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for value in values {
            guard let endpoint = Endpoint(value) else { throw Refusal("'\(value)' is not host:port") }
            endpoints.append(endpoint)
        }
        return endpoints
    }

    private static func listeners(_ values: [String]) throws(Refusal) -> [String] {
        for value in values where Endpoint(value) == nil && !value.hasPrefix("unix:/") {
            throw Refusal("'\(value)' is neither host:port nor unix:/path")
        }
        return values
    }
}

extension ConfigurationKey {
    fileprivate init(
        _ section: String, _ name: String, _ standard: String, _ meaning: String,
        _ set: @escaping @Sendable (String, inout Configuration) throws(Refusal) -> Void
    ) {
        self.init(section: section, name: name, standard: .text(standard), meaning: meaning) {
            (value, configuration) throws(Refusal) in
            guard case .text(let text) = value else { throw Refusal("a text in quotes is wanted") }
            try set(text, &configuration)
        }
    }

    fileprivate init(
        _ section: String, _ name: String, _ standard: [String], _ meaning: String,
        _ set: @escaping @Sendable ([String], inout Configuration) throws(Refusal) -> Void
    ) {
        self.init(section: section, name: name, standard: .texts(standard), meaning: meaning) {
            (value, configuration) throws(Refusal) in
            guard case .texts(let texts) = value else { throw Refusal("a list of texts is wanted, like [\"…\"]") }
            try set(texts, &configuration)
        }
    }

    fileprivate init(
        _ section: String, _ name: String, _ standard: Int, _ meaning: String,
        _ set: @escaping @Sendable (Int, inout Configuration) throws(Refusal) -> Void
    ) {
        self.init(section: section, name: name, standard: .number(standard), meaning: meaning) {
            (value, configuration) throws(Refusal) in
            guard case .number(let number) = value else { throw Refusal("a number is wanted") }
            try set(number, &configuration)
        }
    }
}

/// Sizes as people write them.
enum ByteSize {
    /// Reads `1000`, `50MB` (10⁶), `50MiB` (2²⁰), with or without a space.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix(while: \.isNumber)
        let unit = text.dropFirst(digits.count).drop(while: { $0 == " " }).uppercased()
        guard let number = Int(digits), let factor = factors[unit] else { return nil }
        let (size, overflows) = number.multipliedReportingOverflow(by: factor)
        return overflows ? nil : size
    }

    private static let factors = [
        "": 1, "B": 1, "K": 1000, "KB": 1000, "KIB": 1024, "M": 1_000_000, "MB": 1_000_000, "MIB": 1_048_576,
        "G": 1_000_000_000, "GB": 1_000_000_000, "GIB": 1_073_741_824, "TB": 1_000_000_000_000, "TIB": 1_099_511_627_776,
    ]
}
