package import Directory
package import Formats

/// Looks for the TXT records that prove whose domains are. Mission §3.
package struct DomainVerifier: Sendable {
    /// What the DNS said about a domain's records.
    package enum Finding: Hashable, Sendable {
        /// The records that prove something and are there, of those asked for.
        case found(Set<String>)
        case missing
        /// Nobody answered: this says nothing about the domain.
        case unanswered(String)
    }

    private let resolver: any Resolver
    private let patience: Duration

    /// - Parameter patience: how long an answer may take: the name servers asked are a stranger's choice
    package init(resolver: any Resolver, patience: Duration = .seconds(30)) {
        self.resolver = resolver
        self.patience = patience
    }

    /// The first of `claims`, in their order, whose record is published. All of them are of one domain.
    package func proved(_ claims: [DomainClaim]) async -> (claim: DomainClaim?, finding: Finding) {
        guard let domain = claims.first?.domain else { return (nil, .missing) }
        let finding = await look(for: Set(claims.map(\.verificationRecord)), at: domain)
        guard case .found(let records) = finding else { return (nil, finding) }
        return (claims.first { records.contains($0.verificationRecord) }, finding)
    }

    /// Asks for the TXT records at the domain itself. One that matches is enough, whatever the others say; the strings of one
    /// record are joined, and blanks around them do not matter.
    package func look(for records: Set<String>, at domain: DomainName) async -> Finding {
        let answer = await Deadline.within(patience) { [resolver] in await resolver.lookUp(domain.ascii, .txt) }
        switch answer {
        case nil: return .unanswered("no answer within \(patience)")
        case .failed(let reason): return .unanswered(reason)
        case .noData, .noSuchName: return .missing
        case .records(let found):
            let texts = found.compactMap { record -> String? in
                guard case .txt(let bytes) = record else { return nil }
                let blanks: Set<UInt8> = [0x20, 0x09]
                let text = bytes.drop { blanks.contains($0) }.reversed().drop { blanks.contains($0) }.reversed()
                return String(decoding: text, as: UTF8.self)
            }
            let matching = records.intersection(texts)
            return matching.isEmpty ? .missing : .found(matching)
        }
    }
}
