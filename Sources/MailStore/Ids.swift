// Ids are opaque outside of the store. Inside, an email and a thread are 64-bit numbers, so that the index is small:
// the letter says what it is, thirteen characters of base 32 hold the number. RFC 8620 §1.2: letters, digits, `-`, `_`.

/// An email's id: it derives from the unique part of the Maildir name, so moves and flags keep it, and so does a rebuild.
package struct EmailID: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    init(key: Int64) { rawValue = "M" + Base32.encode(key) }
    var key: Int64? { Base32.decode(rawValue, prefix: UInt8(ascii: "M")) }
}

/// A conversation's id (RFC 8621 §3); kept in the Maildir name or derived from the message, so that a rebuild keeps it.
package struct ThreadID: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    init(key: Int64) { rawValue = "T" + Base32.encode(key) }
    var key: Int64? { Base32.decode(rawValue, prefix: UInt8(ascii: "T")) }
}

/// A folder's id; kept in the account's `mailboxes.json`, so that a renamed folder keeps it.
package struct MailboxID: RawRepresentable, Hashable, Sendable, Codable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
}

/// The id of bytes that can be downloaded: a whole message, one decoded part of it, or an upload.
package struct BlobID: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    /// The raw bytes of an email. Valid as long as the email exists.
    package static func email(_ id: EmailID) -> BlobID { BlobID(rawValue: "B" + id.rawValue.dropFirst()) }

    /// One body part of an email, transfer encoding decoded; `partId` as in `MessagePart.partId` ("1.2").
    /// Valid as long as the email exists.
    package static func part(_ id: EmailID, _ partId: String) -> BlobID {
        BlobID(rawValue: "P" + id.rawValue.dropFirst() + "-" + partId.replacing(".", with: "-"))
    }

    /// The content of a Sieve script, as long as it has that content.
    static func script(_ id: ScriptID, hash: String) -> BlobID {
        BlobID(rawValue: id.rawValue + "-" + hash)
    }

    /// What the id stands for, or nil when it was not made by this store.
    package var kind: Kind? {
        guard let first = rawValue.utf8.first else { return nil }
        let rest = rawValue.dropFirst()
        switch first {
        case UInt8(ascii: "B"):
            let id = EmailID(rawValue: "M" + rest)
            return id.key == nil ? nil : .email(id)
        case UInt8(ascii: "P"):
            guard let dash = rest.firstIndex(of: "-") else { return nil }
            let id = EmailID(rawValue: "M" + rest[..<dash])
            let partId = rest[rest.index(after: dash)...].replacing("-", with: ".")
            return id.key == nil || partId.isEmpty ? nil : .part(id, partId: String(partId))
        case UInt8(ascii: "V"):
            guard let dash = rest.firstIndex(of: "-") else { return nil }
            return .script(ScriptID(rawValue: "V" + rest[..<dash]), hash: String(rest[rest.index(after: dash)...]))
        case UInt8(ascii: "U"):
            return rest.utf8.allSatisfy(Base32.isDigit) && rest.count >= 20 ? .upload(String(rest)) : nil
        default:
            return nil
        }
    }

    package enum Kind: Hashable, Sendable {
        case email(EmailID)
        case part(EmailID, partId: String)
        /// An upload; the string is what follows the "U" (a hash of the bytes).
        case upload(String)
        /// A Sieve script; the hash is that of its content.
        case script(ScriptID, hash: String)
    }
}

/// A point in the account's log of changes: `epoch.sequence`. A rebuilt index draws a new epoch.
package struct StateToken: RawRepresentable, Hashable, Sendable {
    package let epoch: String
    package let sequence: Int64

    package init(epoch: String, sequence: Int64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    package init?(rawValue: String) {
        guard let dot = rawValue.lastIndex(of: "."), dot != rawValue.startIndex,
            let sequence = Int64(rawValue[rawValue.index(after: dot)...]), sequence >= 0
        else { return nil }
        self.init(epoch: String(rawValue[..<dot]), sequence: sequence)
    }

    package var rawValue: String { "\(epoch).\(sequence)" }
}

/// What a change is about, and what has a state of its own: JMAP's type names.
package struct ChangeKind: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package static let email = ChangeKind(rawValue: "Email")
    package static let mailbox = ChangeKind(rawValue: "Mailbox")
    package static let thread = ChangeKind(rawValue: "Thread")
    /// RFC 8621 §1.5: moves on only when a new message arrives.
    package static let emailDelivery = ChangeKind(rawValue: "EmailDelivery")
    package static let identity = ChangeKind(rawValue: "Identity")
    package static let emailSubmission = ChangeKind(rawValue: "EmailSubmission")
    package static let sieveScript = ChangeKind(rawValue: "SieveScript")
    package static let vacationResponse = ChangeKind(rawValue: "VacationResponse")
    /// Not told of in events: it belongs to one client.
    package static let pushSubscription = ChangeKind(rawValue: "PushSubscription")
}
