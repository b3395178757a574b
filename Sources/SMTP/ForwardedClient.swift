/// Whom a trusted mail server in front of us got a message from: the attributes of Postfix's XFORWARD command.
///
/// They hold for one transaction. Nil is what the server in front does not know (`[UNAVAILABLE]`) or has not said.
package struct ForwardedClient: Hashable, Sendable {
    /// The client's verified host name.
    package private(set) var name: String?
    /// The client's IP address, without the `IPV6:` that goes before one over the wire.
    package private(set) var address: String?
    /// What the client called itself.
    package private(set) var greeting: String?
    /// `SMTP` or `ESMTP`.
    package private(set) var protocolName: String?
    /// The message began on the server in front itself: there is no client to judge.
    package private(set) var isLocal = false

    package init() {}

    /// The attributes that we ask for, as the EHLO reply lists them.
    static let keyword = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"

    /// Takes one `NAME=value` of the command; false when it is none.
    mutating func take(_ name: String, _ value: String) -> Bool {
        guard let text = Self.decode(value) else { return false }
        let known = ["[UNAVAILABLE]", "[TEMPUNAVAIL]", ""].contains(text.uppercased()) ? nil : text
        switch name {
        case "NAME": self.name = known
        case "ADDR": address = known.map { $0.uppercased().hasPrefix("IPV6:") ? String($0.dropFirst(5)) : $0 }
        case "HELO": greeting = known
        case "PROTO": protocolName = known
        case "SOURCE": isLocal = known?.uppercased() == "LOCAL"
        // The client's port and the other server's queue id change nothing here.
        case "PORT", "IDENT": break
        default: return false
        }
        return true
    }

    /// xtext (RFC 3461 §4) of at most 255 printable octets. What is not printable becomes a question mark: it may stand in a
    /// header field later.
    private static func decode(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == 0x2B else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
            rest = rest.dropFirst(2)
            bytes.append(value)
        }
        guard bytes.count <= 255 else { return nil }
        return String(decoding: bytes.map { 0x20 < $0 && $0 < 0x7F ? $0 : 0x3F }, as: UTF8.self)
    }
}
