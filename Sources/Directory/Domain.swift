package import Formats

/// How mail of a domain is treated (mission §3).
package enum DomainClass: String, Sendable {
    case hosted, alias, relay
}

/// Pending and suspended domains count as none of ours: they receive nothing and send nothing.
package enum DomainState: String, Sendable {
    case pending, verified, suspended
}

/// One domain of the directory.
package struct Domain: Hashable, Sendable {
    package let name: DomainName
    package let kind: DomainClass
    package let state: DomainState
    /// Where mail to unknown addresses of the domain goes; nil refuses it. Hosted domains only, and never beside `nextHop`.
    package let catchAll: MailAddress?
    /// Class `.alias`: the hosted domain that it stands for; nil for all others.
    package let aliasTarget: DomainName?
    /// Class `.relay`: the server of its mail, always. Class `.hosted`: split domain routing's destination; nil where it is off.
    package let nextHop: NextHop?
    /// Who claims it, or won it; nil where a master admin added it by hand, or the claimant's account is gone.
    package let claimant: AccountID?
    /// What the TXT record `mailportal-verification=<token>` must say: 128 random bits in hexadecimal.
    package let verificationToken: String
    package let verification: Verification
    /// Seconds since 1970.
    package let createdAt: Int64

    /// Whether the domain receives and sends.
    package var isActive: Bool { state == .verified }

    /// The text of the TXT record that proves whose it is.
    package var verificationRecord: String { Verification.record(of: verificationToken) }
}

/// How far a domain's proof has come. Times in seconds since 1970.
package struct Verification: Hashable, Sendable {
    /// Nil while the domain is pending.
    package let verifiedAt: Int64?
    /// Somebody vouched for the domain; no record has been seen.
    package let isByHand: Bool
    /// When its record was last looked for.
    package let checkedAt: Int64?
    /// A domain that was proved once lacks its record now. A warning: nothing is taken away.
    package let lastCheckFailed: Bool
    /// When a pending claim ends; nil for verified domains.
    package let expiresAt: Int64?

    package static func record(of token: String) -> String { "mailportal-verification=\(token)" }
}

/// One account's claim of a pending domain. Several may claim the same; the first to show its token in the DNS wins.
package struct DomainClaim: Hashable, Sendable {
    package let domain: DomainName
    /// Nil for a claim by the server's operator.
    package let claimant: AccountID?
    /// Bound to domain and claimant.
    package let token: String
    /// What the domain becomes if this claim wins.
    package let kind: DomainClass
    package let aliasTarget: DomainName?
    package let nextHop: NextHop?
    /// Seconds since 1970.
    package let createdAt: Int64
    package let expiresAt: Int64
    package let checkedAt: Int64?

    package var verificationRecord: String { Verification.record(of: token) }
}

/// An address that redirects to one or more recipients, local or remote.
///
/// It may carry the address of an account: then mail goes to the recipients, and stays in the mailbox only if the alias
/// names itself among them.
package struct Alias: Hashable, Sendable {
    package let address: MailAddress
    /// At least one, each once, in the order given.
    package let recipients: [MailAddress]
}
