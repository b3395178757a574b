/// One header field of a message or part. A cheap view; each form is decoded when asked for (RFC 8621 §4.1.2).
package struct HeaderField: Sendable {
    let storage: MessageStorage
    let index: Int

    /// The name as written.
    package var name: String {
        storage.withBytes(storage.fields[index].name) { $0.utf8String }
    }

    var nameLength: Int { storage.fields[index].name.count }

    /// Whether the field has that name, in any case.
    package func isNamed(_ name: StaticString) -> Bool {
        storage.withBytes(storage.fields[index].name) { $0.equalsIgnoringCase(name) }
    }

    /// Whether the field has that name, in any case.
    package func isNamed(_ name: some StringProtocol) -> Bool {
        storage.withBytes(storage.fields[index].name) { own in
            withBytes(of: name) { other in
                own.count == other.count && own.indices.allSatisfy { own[$0].asciiLowercased == other[$0].asciiLowercased }
            }
        }
    }

    /// Where the value lies in the message's bytes: from after the colon to before the ending line end.
    package var valueRange: Range<Int> { storage.fields[index].value }

    /// The form *Raw*: the value's octets, ill-formed UTF-8 replaced, NUL dropped.
    package var raw: String { withValue { HeaderForms.raw($0) } }

    /// The form *Text*: unfolded, encoded words decoded, NFC.
    package var text: String { withValue { HeaderForms.text($0, fallback: storage.fallbackCharset(for: $0)) } }

    /// The form *Addresses*.
    package var addresses: [EmailAddress] { groupedAddresses.flatMap(\.addresses) }

    /// The form *GroupedAddresses*.
    package var groupedAddresses: [EmailAddressGroup] { withValue { HeaderForms.groupedAddresses($0, fallback: storage.fallbackCharset(for: $0)) } }

    /// The form *MessageIds*: without angle brackets; nil if there is none to be found.
    package var messageIds: [String]? { withValue { HeaderForms.messageIds($0) } }

    /// The form *Date*; nil if it is no date.
    package var date: InternetDate? { withValue { InternetDate(parsing: $0) } }

    /// The form *URLs* (RFC 2369): without angle brackets; nil if there is none to be found.
    package var urls: [String]? { withValue { HeaderForms.urls($0) } }

    func withValue<Result>(_ body: (Bytes) throws -> Result) rethrows -> Result {
        try storage.withBytes(valueRange, body)
    }
}

/// The forms in which header fields can be asked for, and which may be asked of which field: RFC 8621 §4.1.2.
package enum HeaderForm: String, CaseIterable, Sendable {
    case raw = "asRaw"
    case text = "asText"
    case addresses = "asAddresses"
    case groupedAddresses = "asGroupedAddresses"
    case messageIds = "asMessageIds"
    case date = "asDate"
    case urls = "asURLs"

    /// Whether a field of that name may be fetched or set in this form. Fields that neither RFC 5322 nor RFC 2369 defines may, in any.
    package func isAllowed(forField name: String) -> Bool {
        let name = name.lowercased()
        if self == .raw { return true }
        guard let own = Self.formOfDefinedFields[name] else { return true }
        return own == self || own == .addresses && self == .groupedAddresses
    }

    /// `raw` stands for fields that have no other form (Received, Return-Path).
    private static let formOfDefinedFields: [String: HeaderForm] = {
        var forms: [String: HeaderForm] = ["received": .raw, "return-path": .raw]
        for name in ["subject", "comments", "keywords"] { forms[name] = .text }
        for name in ["from", "sender", "reply-to", "to", "cc", "bcc"] {
            forms[name] = .addresses
            forms["resent-" + name] = .addresses
        }
        for name in ["message-id", "in-reply-to", "references", "resent-message-id"] { forms[name] = .messageIds }
        for name in ["date", "resent-date"] { forms[name] = .date }
        for name in ["help", "unsubscribe", "subscribe", "post", "owner", "archive"] { forms["list-" + name] = .urls }
        return forms
    }()
}
