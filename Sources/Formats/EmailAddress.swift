/// One mailbox of an address field: RFC 8621 §4.1.2.3.
package struct EmailAddress: Hashable, Sendable, Codable {
    /// The display name, decoded and unquoted; nil when there is none.
    package var name: String?
    /// The `addr-spec` as written, best effort: it may lack an `@` in a broken message or a draft.
    package var email: String

    package init(name: String? = nil, email: String) {
        self.name = name
        self.email = email
    }
}

/// A group of an address field, or consecutive mailboxes outside of one: RFC 8621 §4.1.2.4.
package struct EmailAddressGroup: Hashable, Sendable, Codable {
    /// The group's display name; nil for mailboxes that are in no group.
    package var name: String?
    package var addresses: [EmailAddress]

    package init(name: String? = nil, addresses: [EmailAddress]) {
        self.name = name
        self.addresses = addresses
    }
}
