/// Writes a message: RFC 5322, MIME, encoded words and parameters, folded.
///
/// Whatever the values hold, the output has no bare CR or LF, no line longer than 998 octets, and no header field that was not asked
/// for: line breaks in values become blanks.
package struct MessageBuilder: Sendable {
    /// One header field to write.
    package struct Header: Sendable {
        package var name: String
        package var value: Value

        /// A value in one of the forms of RFC 8621 §4.1.2.
        package enum Value: Sendable {
            /// As it is, unless it breaks lines or has 8-bit characters; it should begin with a space.
            case raw(String)
            case text(String)
            case addresses([EmailAddress])
            case groupedAddresses([EmailAddressGroup])
            case messageIds([String])
            case date(InternetDate)
            case urls([String])
        }

        package init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }

        /// The field as text, folded, with its line end; nothing for a list without items. Throws as `build()` does.
        package func bytes() throws(ParseError) -> [UInt8] {
            var writer = HeaderWriter()
            try writer.write(self)
            return writer.output
        }
    }

    /// One part of the body.
    package struct Part: Sendable {
        /// `type/subtype`.
        package var type: String
        /// Further parameters of Content-Type.
        package var parameters: [(name: String, value: String)] = []
        /// `attachment`, `inline`, or another token.
        package var disposition: String?
        /// The file's name: written to both Content-Disposition and Content-Type.
        package var name: String?
        /// Content-Id without angle brackets.
        package var cid: String?
        package var language: [String] = []
        package var location: String?
        /// Further header fields of the part.
        package var headers: [Header] = []
        package var content: Content

        package enum Content: Sendable {
            /// Text; any line ends. Written as UTF-8.
            case text(String)
            /// Octets as they are.
            case bytes([UInt8])
            /// The parts of a multipart.
            case parts([Part])
        }

        package init(type: String, content: Content) {
            self.type = type
            self.content = content
        }

        /// A text part.
        package static func text(_ text: String, type: String = "text/plain") -> Part {
            Part(type: type, content: .text(text))
        }

        /// An attached file.
        package static func attachment(_ bytes: [UInt8], type: String, name: String?) -> Part {
            var part = Part(type: type, content: .bytes(bytes))
            part.disposition = "attachment"
            part.name = name
            return part
        }

        /// A `multipart/…` of that subtype.
        package static func multipart(_ subtype: String, _ parts: [Part]) -> Part {
            Part(type: "multipart/" + subtype, content: .parts(parts))
        }
    }

    /// The message's fields in their order. MIME-Version is added, and what describes the body.
    package var headers: [Header]
    package var body: Part
    /// Whether text may be written as `8bit`. Without, it is quoted-printable or base64.
    package var allows8Bit = false
    /// Whether a Bcc field is written: to a draft it is, to what is sent it is not.
    package var keepsBcc = true
    /// What boundaries are drawn from. Fixed in tests.
    package var boundarySeed: UInt64 = .random(in: .min ... .max)

    package init(headers: [Header], body: Part) {
        self.headers = headers
        self.body = body
    }

    /// The message with CRLF line ends. Throws when a field's name, a type, a disposition or a parameter's name is no token, when an
    /// address is longer than a line may be, or parts nest deeper than `Message.maximumDepth`.
    package func build() throws(ParseError) -> [UInt8] {
        var writer = MessageWriter(self)
        return try writer.write()
    }
}
