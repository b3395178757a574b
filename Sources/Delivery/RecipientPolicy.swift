package import Directory
internal import Formats
package import SMTP

/// What a recipient's domain says about a message before anybody has looked into it: thresholds, and its lists' word.
package struct RecipientPolicy: Hashable, Sendable {
    package let thresholds: SpamThresholds
    /// Whose thresholds they are.
    package let source: PolicySource
    /// The entry that decides, of the domain's lists and the global ones.
    package let entry: PolicyListEntry?

    package init(thresholds: SpamThresholds = .standard, source: PolicySource = .standard, entry: PolicyListEntry? = nil) {
        self.thresholds = thresholds
        self.source = source
        self.entry = entry
    }

    /// The policy of the domain that the recipient's address names; an alias's is its target's.
    ///
    /// - Parameters:
    ///   - client: nil when the client has no address that says anything
    ///   - hostname: whose domain stands for the recipient `<postmaster>`
    package init(
        of recipient: ForwardPath, sender: ReversePath, client: ClientAddress?, hostname: String, in snapshot: DirectorySnapshot
    ) {
        let domain: DomainName? =
            switch recipient {
            case .mailbox(let address): address.domain
            case .postmaster, .literal: try? DomainName(parsing: hostname)
            }
        guard let domain else {
            self.init()
            return
        }
        let (thresholds, source) = snapshot.thresholds(for: domain)
        let entry = snapshot.policyLists(for: domain).match(sender: sender.address, client: client)
        self.init(thresholds: thresholds, source: source, entry: entry)
    }

    package var isBlocked: Bool { entry?.kind == .block }
    package var isAllowed: Bool { entry?.kind == .allow }

    /// Whether one decision holds for both. Whose thresholds they are makes no difference; what they are does.
    package func agrees(with other: RecipientPolicy) -> Bool {
        thresholds == other.thresholds && isAllowed == other.isAllowed && isBlocked == other.isBlocked
    }

    /// What a server that sends from a blocked place, or as a blocked sender, is told.
    package static let blocked = Reply(550, 5, 7, 1, "Refused by the recipient's block list")
    /// To a recipient whose policy is not the one that the first of a transaction has fixed: RFC 5321 lets it come again by itself.
    package static let differs = Reply(452, 4, 5, 3, "Recipient has another policy, send to it separately")

    /// The answer to RCPT, as far as policies decide it; nil lets it pass.
    ///
    /// - Parameter first: the policy of the transaction's first recipient; nil for the first itself, and over LMTP, where each
    ///   recipient has an answer of its own
    package func refusal(after first: RecipientPolicy?) -> Reply? {
        if isBlocked { return Self.blocked }
        guard let first, !agrees(with: first) else { return nil }
        return Self.differs
    }
}
