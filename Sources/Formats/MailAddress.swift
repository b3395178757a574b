/// An address of the envelope: RFC 5321 §4.1.2 `Mailbox`, with UTF-8 local parts (RFC 6531), and a domain that is a name.
///
/// Two values are equal when they are written alike; whether they mean the same mailbox here, `key` says.
package struct MailAddress: Hashable, Sendable {
    /// The local part without quotes, NFC, case as written; at most 64 octets, or 240 in a forwarder's return path.
    package let localPart: String
    package let domain: DomainName

    /// Parses `local@domain`, where the local part is a dot-string or a quoted string. No angle brackets, no display name.
    package init(parsing text: some StringProtocol) throws(ParseError) {
        guard text.utf8.count <= 1024 else { throw ParseError("address too long") }
        guard let at = text.lastIndex(of: "@") else { throw ParseError("address lacks an @") }
        let domain = try DomainName(parsing: text[text.index(after: at)...])
        try self.init(localPart: try Self.unquoted(String(text[..<at])), domain: domain)
    }

    /// Makes an address of a local part that is already unquoted.
    package init(localPart: String, domain: DomainName) throws(ParseError) {
        let localPart = localPart.nfc
        guard !localPart.isEmpty else { throw ParseError("local part empty") }
        guard localPart.utf8.count <= Self.limit(localPart) else { throw ParseError("local part too long") }
        guard localPart.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F && !(0x80..<0xA0).contains($0.value) })
        else { throw ParseError("local part has a control character") }
        self.localPart = localPart
        self.domain = domain
    }

    // RFC 5321 §4.5.3.1.1 says 64. What forwarders make of a sender (SRS) holds the whole address of another.
    private static func limit(_ localPart: String) -> Int {
        let tag = localPart.prefix(4).uppercased()
        return tag == "SRS0" || tag == "SRS1" ? 240 : 64
    }

    private init(unchecked localPart: String, _ domain: DomainName) {
        self.localPart = localPart
        self.domain = domain
    }

    /// What equal mailboxes of our own domains share: the local part in lower case, `@`, the domain's A-labels.
    package var key: String { "\(foldedLocalPart)@\(domain.ascii)" }

    /// The local part in lower case.
    package var foldedLocalPart: String { localPart.lowercased().nfc }

    /// The `detail` of `user+detail@…`; nil when there is none.
    package var detail: String? {
        plus.map { String(localPart[localPart.index(after: $0)...]) }
    }

    /// The address without its `+detail`; itself when there is none.
    package var withoutDetail: MailAddress {
        plus.map { MailAddress(unchecked: String(localPart[..<$0]), domain) } ?? self
    }

    /// Whether the local part needs SMTPUTF8.
    package var isInternationalized: Bool { localPart.utf8.contains { $0 >= 0x80 } }

    /// The same local part at another domain.
    package func at(_ domain: DomainName) -> MailAddress {
        MailAddress(unchecked: localPart, domain)
    }

    private var plus: String.Index? {
        guard let index = localPart.firstIndex(of: "+"), index != localPart.startIndex else { return nil }
        return index
    }

    // MARK: Quoting

    private static func unquoted(_ text: String) throws(ParseError) -> String {
        guard text.hasPrefix("\"") else {
            guard isDotString(text) else { throw ParseError("local part has a character that is not allowed") }
            return text
        }
        guard text.utf8.count >= 2, text.hasSuffix("\"") else { throw ParseError("quoted local part is not closed") }
        var result = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in text.unicodeScalars.dropFirst().dropLast() {
            if isEscaped || (scalar != "\\" && scalar != "\"") {
                result.append(scalar)
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else {
                throw ParseError("quoted local part has a quote within")
            }
        }
        guard !isEscaped else { throw ParseError("quoted local part is not closed") }
        return String(result)
    }

    private static func isDotString(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix(".") && !text.hasSuffix(".") && !text.contains("..")
            && text.utf8.allSatisfy { $0 >= 0x80 || $0.isAtomText || $0 == ASCII.dot }
    }
}

extension MailAddress: CustomStringConvertible {
    /// As in an envelope: the local part quoted where it must be, the domain in A-labels.
    package var description: String { "\(quotedLocalPart)@\(domain.ascii)" }

    /// As people read it: the domain in Unicode.
    package var unicode: String { "\(quotedLocalPart)@\(domain.unicode)" }

    private var quotedLocalPart: String {
        if Self.isDotString(localPart) { return localPart }
        var quoted = "\""
        for scalar in localPart.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted.append("\\") }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}

extension UInt8 {
    /// `atext` of RFC 5322 §3.2.3.
    var isAtomText: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2A, 0x2B, 0x2D, 0x2F, 0x3D, 0x3F, 0x5E, 0x5F, 0x60, 0x7B, 0x7C, 0x7D, 0x7E:
            true
        default: false
        }
    }
}
