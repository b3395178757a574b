/// Why one record was not created, updated or destroyed (RFC 8620 §5.3). Types beyond the core's are the data types' own.
package struct SetError: Error, Hashable, Sendable {
    package let type: String
    package let description: String?
    /// What the type demands beside: `properties`, `notFound`, `existingId`, `maxSize`…
    package private(set) var details: JSONObject

    package init(_ type: String, description: String? = nil, details: JSONObject = [:]) {
        self.type = type
        self.description = description
        self.details = details
    }

    package var json: JSON {
        var object: JSONObject = ["type": .string(type)]
        for (name, value) in details { object.append(name, value) }
        if let description { object.append("description", .string(description)) }
        return .object(object)
    }

    package static let notFound = SetError("notFound")
    package static let willDestroy = SetError("willDestroy")
    package static let singleton = SetError("singleton")
    package static let overQuota = SetError("overQuota")

    package static func forbidden(_ description: String) -> Self { .init("forbidden", description: description) }

    package static func tooLarge(_ description: String) -> Self { .init("tooLarge", description: description) }

    package static func rateLimit(_ description: String) -> Self { .init("rateLimit", description: description) }

    package static func invalidPatch(_ description: String) -> Self { .init("invalidPatch", description: description) }

    /// `properties` lists all that are invalid.
    package static func invalidProperties(_ properties: [String], _ description: String? = nil) -> Self {
        .init("invalidProperties", description: description, details: ["properties": JSON(properties)])
    }

    /// RFC 8620 §5.4: the record is there already, under this id.
    package static func alreadyExists(_ id: String) -> Self {
        .init("alreadyExists", details: ["existingId": .string(id)])
    }

    /// A server's failure that struck one record.
    package static func serverFail(_ description: String) -> Self { .init("serverFail", description: description) }
}
