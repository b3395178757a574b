/// All that a script may learn besides the message. Pure values, and questions that are answered without waiting.
package struct SieveEnvironment: Sendable {
    /// MAIL FROM without angle brackets; empty for the null sender.
    package var sender: String
    /// The RCPT TO that led to this mailbox, as it stood in the envelope.
    package var recipient: String
    /// Every address that is this user's own: `vacation` answers only mail that names one of them (or one of its `:addresses`).
    package var ownAddresses: [String] = []
    /// Seconds since 1970: what `currentdate` tells.
    package var now: Int64
    /// Minutes east of UTC where the user lives, at a moment: what `date` tells without `:zone`.
    package var localOffset: @Sendable (Int64) -> Int = { _ in 0 }
    /// Items of RFC 5183 by their names: `domain`, `host`, `remote-host`, `remote-ip`, `version`. `location`, `phase` and `name` are
    /// set already.
    package var items: [String: String] = ["location": "MDA", "phase": "during", "name": "Mail Portal"]
    /// Whether a mailbox of that name, as a script writes it (`Lists/Swift`), is there to deliver to.
    package var mailboxExists: @Sendable (String) -> Bool = { _ in true }
    /// Whether a mailbox has that special use (`\Junk`, in any case); of the named mailbox, or of any. RFC 8579.
    package var hasSpecialUse: @Sendable (_ use: String, _ mailbox: String?) -> Bool = { _, _ in false }
    /// Whether that id was remembered (`SieveResult.toRemember`), and has not expired. RFC 7352.
    package var isDuplicate: @Sendable (SieveDuplicate.Key) -> Bool = { _ in false }

    package init(sender: String, recipient: String, now: Int64) {
        self.sender = sender
        self.recipient = recipient
        self.now = now
    }
}

/// An id to remember, so that a later message with the same one is known as a duplicate: RFC 7352.
package struct SieveDuplicate: Hashable, Sendable {
    /// What the memory is searched by. `id` may be long: a memory may keep its hash.
    package struct Key: Hashable, Sendable {
        package let handle: String
        package let id: String

        package init(handle: String, id: String) {
            self.handle = handle
            self.id = id
        }
    }

    package let key: Key
    /// Forget it so many seconds from now. At most 90 days.
    package let seconds: Int

    package init(key: Key, seconds: Int) {
        self.key = key
        self.seconds = seconds
    }
}
