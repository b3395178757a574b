internal import Formats
internal import JMAP

/// A property of the form `header:{name}[:as{form}][:all]` (RFC 8621 §4.1.3).
struct HeaderProperty: Hashable, Sendable {
    /// As it was asked for, which is how it is answered.
    let property: String
    let field: String
    let form: HeaderForm
    /// All instances, not only the last.
    let all: Bool

    /// Nil when the syntax is wrong, the form unknown, or not allowed for the field.
    init?(_ property: String) {
        guard property.hasPrefix("header:") else { return nil }
        var parts = property.dropFirst("header:".count).split(separator: ":", omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, name.utf8.allSatisfy({ 33...126 ~= $0 }) else { return nil }
        parts.removeFirst()
        all = parts.last == "all"
        if all { parts.removeLast() }
        guard parts.count <= 1, let form = parts.first.map({ HeaderForm(rawValue: String($0)) }) ?? .raw,
            form.isAllowed(forField: String(name))
        else { return nil }
        self.property = property
        field = String(name)
        self.form = form
    }

    /// The value among these fields: of the last that has the name, or of all.
    func value(among headers: [HeaderField]) -> JSON {
        if all { return .array(headers.filter { $0.isNamed(field) }.map(value)) }
        return headers.last { $0.isNamed(field) }.map(value) ?? .null
    }

    private func value(of field: HeaderField) -> JSON {
        switch form {
        case .raw: .string(field.raw)
        case .text: .string(field.text)
        case .addresses: .array(field.addresses.map { JSON($0) })
        case .groupedAddresses:
            .array(
                field.groupedAddresses.map { group in
                    ["name": JSON(group.name), "addresses": .array(group.addresses.map { JSON($0) })]
                })
        case .messageIds: JSON(field.messageIds)
        case .date: JSON(field.date?.rfc3339)
        case .urls: JSON(field.urls)
        }
    }
}

extension JSON {
    /// An EmailAddress object (RFC 8621 §4.1.2.3).
    init(_ address: EmailAddress) {
        self = .object(["name": JSON(address.name), "email": .string(address.email)])
    }

    init(_ addresses: [EmailAddress]?) {
        self = addresses.map { .array($0.map { JSON($0) }) } ?? .null
    }

    /// EmailHeader objects (RFC 8621 §4.1.3).
    init(headers: [HeaderField]) {
        self = .array(headers.map { ["name": .string($0.name), "value": .string($0.raw)] })
    }
}
