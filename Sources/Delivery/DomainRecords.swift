package import Directory
package import Disk
internal import Formats

/// A DNS record that an admin should publish.
package struct SuggestedRecord: Hashable, Sendable {
    /// Without the final dot.
    package let name: String
    package let type: String
    /// As it is read: the text of a TXT record in one piece, without quotes.
    package let value: String
    /// What it is good for.
    package let purpose: String

    /// The record as a line of a zone file. A TXT record's strings hold 255 octets each.
    package var zoneLine: String {
        guard type == "TXT" else { return "\(name). 3600 IN \(type) \(value)." }
        let bytes = Array(value.utf8)
        let strings = stride(from: 0, to: bytes.count, by: 255).map { start in
            "\"\(String(decoding: bytes[start..<min(start + 255, bytes.count)], as: UTF8.self))\""
        }
        return "\(name). 3600 IN TXT \(strings.joined(separator: " "))"
    }
}

/// What the DNS should say of a domain, so that its mail arrives, here and elsewhere.
package enum DomainRecords {
    /// - Parameter hostname: the server's own name, which its certificate is for
    /// Makes the domain's DKIM keys where they are missing; blocks.
    package static func suggested(
        for domain: Domain, hostname: String, keys: DKIMKeys
    ) throws(StoreError) -> [SuggestedRecord] {
        let name = domain.name.ascii
        var records = [SuggestedRecord(name: name, type: "MX", value: "10 \(hostname)", purpose: "where mail for the domain goes")]
        if domain.state == .pending {
            let value = "mailportal-verification=\(domain.verificationToken)"
            records.insert(.init(name: name, type: "TXT", value: value, purpose: "that the domain is yours"), at: 0)
        }
        // What is only relayed is sent by its own server, which has its own keys.
        guard domain.kind != .relay else { return records }
        records.append(.init(name: name, type: "TXT", value: "v=spf1 mx ~all", purpose: "SPF: who may send for the domain"))
        for key in try keys.records(of: domain.name) {
            records.append(.init(name: key.name, type: "TXT", value: key.value, purpose: "DKIM: whose signatures count"))
        }
        records += [
            .init(
                name: "_dmarc.\(name)", type: "TXT", value: "v=DMARC1; p=quarantine; rua=mailto:postmaster@\(name)",
                purpose: "DMARC: what to do with mail that is neither"),
            .init(
                name: "mta-sts.\(name)", type: "CNAME", value: hostname,
                purpose: "MTA-STS: where the policy is, over HTTPS with a certificate for this name"),
            .init(
                name: "_mta-sts.\(name)", type: "TXT", value: "v=STSv1; id=\(domain.createdAt)",
                purpose: "MTA-STS: that there is a policy; publish it last, and change the id with the policy"),
        ]
        return records
    }
}
