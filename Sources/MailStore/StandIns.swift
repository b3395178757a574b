// Until Formats has them.
package struct EmailAddress: Hashable, Sendable, Codable {
    package var name: String?
    package var email: String
    package init(name: String? = nil, email: String) {
        self.name = name
        self.email = email
    }
}
package struct InternetDate: Hashable, Sendable {
    package var seconds: Int64
    package var offsetMinutes: Int
}
