package import Formats

/// What a run of a script asks for.
package struct SieveResult: Hashable, Sendable {
    /// In the script's order, each mailbox and address at most once; the implicit keep, if it stands, is the last. When there is no
    /// `keep` and no `fileInto`, the message is not stored here: discarded, redirected or rejected.
    package var actions: [SieveAction]
    /// Why the run ended early, for the owner of the script. Then `actions` is the implicit keep alone.
    package var error: SieveError?
    /// Ids for the memory of duplicates, once the actions have been carried out.
    package var toRemember: [SieveDuplicate] = []

    package init(actions: [SieveAction], error: SieveError? = nil, toRemember: [SieveDuplicate] = []) {
        self.actions = actions
        self.error = error
        self.toRemember = toRemember
    }

    /// Whether the message is neither stored nor sent on nor refused.
    package var isDiscarded: Bool {
        actions.allSatisfy { if case .vacation = $0 { true } else { false } }
    }
}

/// One thing to do with the message.
package enum SieveAction: Hashable, Sendable {
    /// Deliver where mail goes without a script.
    case keep(Keep)
    /// Deliver to a mailbox.
    case fileInto(FileInto)
    /// Send on, with the envelope sender of a forward.
    case redirect(Redirect)
    /// Refuse. It stands alone.
    case reject(Reject)
    /// Answer that the user is away, unless the sender was told within `seconds`.
    case vacation(VacationRequest)

    package struct Keep: Hashable, Sendable {
        /// IMAP flags, e.g. `\Seen`, `$work`; each once, in any case.
        package var flags: [String]
        /// Nil unless the script changed the header.
        package var header: EditedHeader?
        /// Whether no command asked for it: the verdict of the spam filter may then decide where to.
        package var isImplicit: Bool

        package init(flags: [String] = [], header: EditedHeader? = nil, isImplicit: Bool = false) {
            self.flags = flags
            self.header = header
            self.isImplicit = isImplicit
        }
    }

    package struct FileInto: Hashable, Sendable {
        /// As the script writes it, e.g. `INBOX`, `Lists/Swift`; UTF-8.
        package var mailbox: String
        package var flags: [String]
        package var header: EditedHeader?
        /// `:create`: make the mailbox when it is not there. Else a mailbox that is not there means to keep.
        package var creates: Bool
        /// `:specialuse`: deliver to the mailbox that has this use (`\Archive`), if one has; else to `mailbox`.
        package var specialUse: String?

        package init(
            mailbox: String, flags: [String] = [], header: EditedHeader? = nil, creates: Bool = false, specialUse: String? = nil
        ) {
            self.mailbox = mailbox
            self.flags = flags
            self.header = header
            self.creates = creates
            self.specialUse = specialUse
        }
    }

    package struct Redirect: Hashable, Sendable {
        package var address: MailAddress
        package var header: EditedHeader?

        package init(address: MailAddress, header: EditedHeader? = nil) {
            self.address = address
            self.header = header
        }
    }

    package struct Reject: Hashable, Sendable {
        /// For the sender; may have several lines, LF between them.
        package var reason: String
        /// `ereject`: by the protocol's reply wherever that is possible. RFC 5429.
        package var isAtProtocolLevel: Bool

        package init(reason: String, isAtProtocolLevel: Bool) {
            self.reason = reason
            self.isAtProtocolLevel = isAtProtocolLevel
        }
    }
}

/// The message's header as a script changed it: RFC 5293.
package struct EditedHeader: Hashable, Sendable {
    /// All fields, each with its line end, without the blank line.
    package let fields: [UInt8]
    /// Where the rest of the message begins in the bytes as received: the blank line, or the body if there is none.
    package let rest: Int

    package init(fields: [UInt8], rest: Int) {
        self.fields = fields
        self.rest = rest
    }

    /// The whole message.
    /// - Parameter original: the bytes of the message that was judged.
    package func message(of original: [UInt8]) -> [UInt8] { fields + original[min(rest, original.count)...] }
}

/// An answer that the user is away: RFC 5230. Whether one may be sent at all (lists, notifications, addressed to the user) is decided.
package struct VacationRequest: Hashable, Sendable {
    /// Whom to answer: the envelope sender.
    package var recipient: MailAddress
    /// `:from`, an address with or without a name; nil: the user's own.
    package var from: EmailAddress?
    package var subject: String
    /// The text; with `isMIME` a whole MIME part, header first.
    package var reason: String
    package var isMIME: Bool
    /// Answers with equal handles to the same recipient count as the same: the `:handle`, or a digest of what makes the answer.
    package var handle: String
    /// The least time between two such answers; 0: answer every message. At most 60 days.
    package var seconds: Int
    /// The Message-ID to answer, without angle brackets.
    package var inReplyTo: String?
    /// Message-IDs for References, without angle brackets, `inReplyTo` the last.
    package var references: [String]

    package init(
        recipient: MailAddress, from: EmailAddress? = nil, subject: String, reason: String, isMIME: Bool = false, handle: String,
        seconds: Int, inReplyTo: String? = nil, references: [String] = []
    ) {
        self.recipient = recipient
        self.from = from
        self.subject = subject
        self.reason = reason
        self.isMIME = isMIME
        self.handle = handle
        self.seconds = seconds
        self.inReplyTo = inReplyTo
        self.references = references
    }
}
