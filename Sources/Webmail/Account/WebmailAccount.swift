package import Delivery
package import Directory
internal import Formats
package import JMAP
package import MailStore

/// One account as the methods see it: its mail, and what its owner may do.
package struct WebmailAccount: Sendable {
    package let id: Id
    /// As the directory has it.
    package let owner: Account
    package let mail: MailAccount
    /// Whom it may send as.
    package let policy: SenderPolicy

    /// Nil when the directory's id is none of JMAP's.
    package init?(owner: Account, mail: MailAccount, policy: SenderPolicy) {
        guard let id = Id(owner.id.rawValue) else { return nil }
        self.id = id
        self.owner = owner
        self.mail = mail
        self.policy = policy
    }

    /// The limit of its storage in octets; nil for none.
    var quota: Int64? { owner.quota }

    /// What stands after the `@` of its own address.
    var domain: String { owner.address.domain.ascii }
}

/// What the signed-in user may reach: the own account.
package struct WebmailScope: AccountScope {
    package let limits: Limits
    let own: WebmailAccount
    /// What the request was authenticated with.
    let credential: Credential

    /// - Parameter credential: the account's password, when nil
    package init(own: WebmailAccount, limits: Limits, credential: Credential? = nil) {
        self.own = own
        self.limits = limits
        self.credential = credential ?? .password(version: own.owner.credentialVersion)
    }

    package func account(_ id: Id, capability: String, changes: Bool) async throws(MethodError) -> WebmailAccount {
        guard id == own.id else { throw .accountNotFound }
        return own
    }
}

/// What mail is bounded by: values of the capability `urn:ietf:params:jmap:mail` (RFC 8621 §1.3.1) and our own.
package enum MailLimits {
    /// Invariant 4 of the architecture: a message is one file in one folder.
    package static let maxMailboxesPerEmail = 1
    package static let maxMailboxDepth = 16
    package static let maxSizeMailboxName = 200
    package static let maxSizeAttachmentsPerEmail = 36_000_000
    /// The whole message, encoded.
    package static let maxSizeMessage = 50_000_000
    package static let maxKeywordsPerEmail = 100
    package static let maxRecipients = 500
    /// Thirty days, in seconds.
    package static let maxDelayedSend = 2_592_000
    package static let emailQuerySortOptions = [
        "receivedAt", "sentAt", "size", "from", "to", "subject", "hasKeyword", "allInThreadHaveKeyword",
        "someInThreadHaveKeyword",
    ]

    package static var mailCapability: JSON {
        [
            "maxMailboxesPerEmail": .int(maxMailboxesPerEmail),
            "maxMailboxDepth": .int(maxMailboxDepth),
            "maxSizeMailboxName": .int(maxSizeMailboxName),
            "maxSizeAttachmentsPerEmail": .int(maxSizeAttachmentsPerEmail),
            "emailQuerySortOptions": JSON(emailQuerySortOptions),
            "mayCreateTopLevelMailbox": true,
        ]
    }

    package static var submissionCapability: JSON {
        [
            "maxDelayedSend": .int(maxDelayedSend),
            "submissionExtensions": [
                "FUTURERELEASE": [.string(String(maxDelayedSend)), "9999-12-31T23:59:59Z"],
                "DSN": [],
                "SIZE": [.string(String(maxSizeMessage))],
            ],
        ]
    }
}
