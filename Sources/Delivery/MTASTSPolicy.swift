/// What a domain says about TLS to its mail servers: the policy file of RFC 8461 §3.2.
struct MTASTSPolicy: Hashable, Sendable, Codable {
    enum Mode: String, Hashable, Sendable, Codable { case enforce, testing, none }

    let mode: Mode
    /// Host names, the first label perhaps `*`.
    let hosts: [String]
    /// Seconds that the policy holds.
    let maximumAge: Int64

    /// Nil for what is no policy.
    init?(parsing text: String) {
        var version: Substring?
        var mode: Mode?
        var hosts: [String] = []
        var age: Int64?
        // RFC 8461 §3.2: of a field that stands there twice, the first counts.
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].trimmingSpace()
            switch line[..<colon].trimmingSpace() {
            case "version": version = version ?? value
            case "mode": mode = mode ?? Mode(rawValue: String(value))
            case "mx": hosts.append(value.lowercased())
            case "max_age": age = age ?? Int64(value)
            default: break
            }
        }
        guard version == "STSv1", let mode, let age, age >= 0, mode == .none || !hosts.isEmpty else { return nil }
        self.mode = mode
        self.hosts = hosts
        maximumAge = min(age, 31_557_600)
    }

    /// Whether a mail server is one of the policy's. RFC 8461 §4.1: a wildcard stands for exactly one label.
    func allows(_ host: String) -> Bool {
        let host = host.lowercased()
        return hosts.contains { pattern in
            guard pattern.hasPrefix("*.") else { return pattern == host }
            guard let dot = host.firstIndex(of: "."), dot != host.startIndex else { return false }
            return host[dot...] == pattern.dropFirst()
        }
    }

    /// The id that a `_mta-sts` TXT record gives; nil when it is none. RFC 8461 §3.1.
    static func id(of records: [DNSRecord]) -> String? {
        var found: [String] = []
        for case .txt(let bytes) in records {
            let fields = String(decoding: bytes, as: UTF8.self).split(separator: ";").map { $0.trimmingSpace() }
            guard fields.first == "v=STSv1" else { continue }
            let id = fields.first { $0.hasPrefix("id=") }.map { $0.dropFirst(3) } ?? ""
            guard 1...32 ~= id.utf8.count, id.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 }) else {
                return nil
            }
            found.append(String(id))
        }
        return found.count == 1 ? found[0] : nil
    }
}

extension Substring {
    fileprivate func trimmingSpace() -> Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" || last == "\r" { text.removeLast() }
        return text
    }
}
