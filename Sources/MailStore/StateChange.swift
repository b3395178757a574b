/// What the account's feed says: the states after a change, of every kind. A reader that missed some needs only the last.
package struct StateChange: Sendable, Hashable {
    package let states: [ChangeKind: StateToken]
}

/// A difference between files and index, as `verify()` finds it.
package struct Problem: Sendable, Hashable, CustomStringConvertible {
    package let description: String
}

/// A small JSON document that belongs to the account and is no message: an identity, a submission.
package struct AccountRecord: Sendable, Hashable {
    package let id: String
    /// UTF-8 JSON, as it was put.
    package let json: [UInt8]

    package init(id: String, json: [UInt8]) {
        self.id = id
        self.json = json
    }
}

/// An upload that is kept, and for how long.
package struct StoredBlob: Sendable, Hashable {
    package let id: BlobID
    package let size: Int
    package let expiresAt: UnixTime
}

/// Names the folder of an account: `accounts/<domain>/<local part>/`.
package struct AccountKey: Hashable, Sendable {
    package let domain: String
    package let localPart: String

    /// `domain` as lower-case A-labels, `localPart` case-folded without detail: as the directory has them.
    package init(domain: String, localPart: String) {
        self.domain = domain
        self.localPart = localPart
    }
}
