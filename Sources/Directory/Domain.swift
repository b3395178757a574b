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
    /// Where mail to unknown addresses of the domain goes; nil refuses it.
    package let catchAll: MailAddress?
    /// What the TXT record `mailportal-verification=<token>` must say: 128 random bits in hexadecimal.
    package let verificationToken: String
    /// Seconds since 1970.
    package let createdAt: Int64

    /// Whether the domain receives and sends.
    package var isActive: Bool { state == .verified }
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
