package import Formats

/// Names an account for ever, also after its address changed; JMAP shows it as `accountId`.
///
/// 1–64 characters of `[a-z0-9]`, the first a letter (RFC 8620 §1.2 allows more).
package struct AccountID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package var description: String { rawValue }

    /// A new one: 75 random bits, so that ids are neither guessed nor reused.
    static func random() -> AccountID {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
        return AccountID(rawValue: "a" + String((0..<15).map { _ in alphabet.randomElement() ?? "a" }))
    }
}

/// What an account may do beyond its own mail.
package enum Role: String, CaseIterable, Sendable {
    case masterAdmin, domainAdmin, mailUser
}

/// One person (or one shared mailbox) with its own mail, as the directory knows it.
package struct Account: Hashable, Sendable, Identifiable {
    package let id: AccountID
    /// Case-folded; its parts name the folder `accounts/<domain>/<local part>/`.
    package let address: MailAddress
    package let displayName: String
    package let role: Role
    /// A disabled account cannot log in, and mail to it is refused with `550 5.2.1`.
    package let isEnabled: Bool
    /// Bytes of mail it may keep; nil where nothing limits it.
    package let quota: Int64?
    /// BCP 47, for example `en`.
    package let language: String
    /// Seconds since 1970.
    package let createdAt: Int64
    /// Grows with every change of the password: what was concluded from an older one is void.
    package let credentialVersion: Int64
}

/// What is asked for when an account is made.
package struct NewAccount: Sendable {
    package var address: MailAddress
    package var displayName: String
    package var role: Role
    package var quota: Int64?
    package var language: String
    /// A crypt(3) string (see `PasswordHash`); nil for an account that nobody can log in to yet.
    package var passwordHash: String?

    package init(
        address: MailAddress, displayName: String = "", role: Role = .mailUser, quota: Int64? = nil,
        language: String = "en", passwordHash: String? = nil
    ) {
        self.address = address
        self.displayName = displayName
        self.role = role
        self.quota = quota
        self.language = language
        self.passwordHash = passwordHash
    }
}
