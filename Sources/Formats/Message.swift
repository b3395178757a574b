/// A message of RFC 5322 and MIME: the bytes as received, and where its header fields and parts lie in them.
///
/// Parsing never fails and takes time linear in the bytes: whatever they are, there is a root part. It finds ranges only; header
/// forms, charsets and transfer encodings are decoded when asked for. Depth and number of parts are bounded (`maximumDepth`,
/// `maximumParts`): what lies beyond is content of the last part within. A copy of the value shares its memory.
package struct Message: Sendable {
    /// How deep parts may nest; a multipart below is a leaf.
    package static let maximumDepth = 64
    /// How many parts are told apart; later delimiters are content.
    package static let maximumParts = 10_000

    let storage: MessageStorage

    /// Parses `bytes`. A leading mbox `From ` line is skipped. Line ends are CRLF or LF; a message without any LF has CR.
    package init(parsing bytes: [UInt8]) {
        storage = MessageStorage(parsing: bytes, headerOnly: false)
    }

    /// Parses the header alone: the root is a leaf, whatever its type says. For callers that have read only the head of a file.
    package init(parsingHeaderOf bytes: [UInt8]) {
        storage = MessageStorage(parsing: bytes, headerOnly: true)
    }

    /// The bytes as received.
    package var bytes: [UInt8] { storage.bytes }

    /// The part that is the message itself.
    package var root: MessagePart { MessagePart(storage: storage, index: 0) }

    /// Every part in document order, depth first, the root first; parts within attached messages too.
    package var parts: [MessagePart] {
        storage.parts.indices.map { MessagePart(storage: storage, index: $0) }
    }

    /// The message's header fields in their order.
    package var headers: [HeaderField] { root.headers }

    /// The last field of that name in any case, as RFC 8621 §4.1.3 counts.
    package func header(_ name: StaticString) -> HeaderField? { root.header(name) }

    /// The leaf or attached message with that part id.
    package func part(withID partId: String) -> MessagePart? {
        storage.parts.firstIndex { $0.section == partId }.map { MessagePart(storage: storage, index: $0) }
    }
}

/// Where one header field lies in the bytes.
struct HeaderRecord: Sendable {
    var name: Range<Int>
    /// From after the colon to before the line end that ends the field.
    var value: Range<Int>
}

/// Where one part lies, and what its parent and children are.
struct PartRecord: Sendable {
    var parent: Int
    var depth: Int
    var fields: Range<Int>
    var body: Range<Int>
    var children: [Int] = []
    var section: String?
    /// Lower-case `type/subtype`.
    var type: String
    var kind = Kind.leaf
    /// Indices of the fields that describe the content; -1 when absent.
    var typeField = -1
    var encodingField = -1
    var dispositionField = -1
    /// Made up to show the text of a multipart in which no part was found.
    var isImplied = false

    enum Kind: Sendable { case leaf, multipart, message }
}

/// What all values that look into one message share.
final class MessageStorage: Sendable {
    let bytes: [UInt8]
    let fields: [HeaderRecord]
    let parts: [PartRecord]

    init(parsing bytes: [UInt8], headerOnly: Bool) {
        self.bytes = bytes
        (fields, parts) = bytes.withUnsafeBufferPointer { buffer in
            var parser = MessageParser(buffer)
            parser.parse(headerOnly: headerOnly)
            return (parser.fields, parser.parts)
        }
    }

    /// The charset that the body names, for a header value with bytes that are neither ASCII nor UTF-8.
    func fallbackCharset(for value: Bytes) -> String? {
        guard value.hasHighBit, String(validating: value, as: UTF8.self) == nil,
            let text = parts.indices.first(where: { parts[$0].type.hasPrefix("text/") })
        else { return nil }
        return MessagePart(storage: self, index: text).contentType?["charset"]
    }

    func withBytes<Result>(_ range: Range<Int>, _ body: (Bytes) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBufferPointer { try body($0.slice(range)) }
    }
}
