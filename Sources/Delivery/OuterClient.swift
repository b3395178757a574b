internal import Directory
internal import SMTP

/// Who gave a message to the server in front of us: what LMTP itself does not say.
///
/// An LMTP client is trusted by configuration, so the Received field that it wrote on top is as well. Fields in which it took the
/// message from its own machine (a filter beside it) are passed over.
struct OuterClient: Hashable, Sendable {
    let address: ClientAddress
    let greeting: String

    /// Nil when the topmost fields name no address that is not the machine's own.
    init?(_ header: HeaderBlock) {
        for field in header.values("received").prefix(6) {
            guard let client = Self(received: field) else { return nil }
            guard client.address.isLoopback else {
                self = client
                return
            }
        }
        return nil
    }

    // from NAME (REVERSE [ADDRESS]) by …; also ([ADDRESS] helo=NAME), and [IPv6:ADDRESS].
    private init?(received field: String) {
        let text = field.prefix(1000)
        guard text.lowercased().hasPrefix("from ") else { return nil }
        let end = text.firstRange(of: " by ")?.lowerBound ?? text.endIndex
        let words = text[..<end].dropFirst(5)
        greeting = String(words.prefix { $0 != " " && $0 != "\t" })
        var rest = words
        while let open = rest.firstIndex(of: "["), let close = rest[open...].firstIndex(of: "]") {
            var literal = rest[rest.index(after: open)..<close]
            if literal.lowercased().hasPrefix("ipv6:") { literal = literal.dropFirst(5) }
            // The greeting may be a literal too; the address that the server saw stands behind it.
            if let address = ClientAddress(literal), open != words.startIndex || !words[close...].contains("[") {
                self.address = address
                return
            }
            rest = rest[rest.index(after: close)...]
        }
        return nil
    }
}
