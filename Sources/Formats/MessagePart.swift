/// One part of a message: RFC 8621 §4.1.4. A cheap view; what it tells is decoded when asked for.
package struct MessagePart: Sendable, Identifiable {
    let storage: MessageStorage
    /// The place in `Message.parts`.
    package let index: Int

    /// The same as `index`: unique within the message.
    package var id: Int { index }

    var record: PartRecord { storage.parts[index] }

    /// The part's number as in IMAP ("1", "1.2"); nil if and only if it is a multipart.
    package var partId: String? { record.section }

    /// The children: of a multipart its parts, of an attached message its root. JMAP does not descend into the latter.
    package var children: [MessagePart] {
        record.children.map { MessagePart(storage: storage, index: $0) }
    }

    /// Nil for the root.
    package var parent: MessagePart? {
        record.parent < 0 ? nil : MessagePart(storage: storage, index: record.parent)
    }

    /// Whether the type is `multipart/…`.
    package var isMultipart: Bool { record.kind == .multipart }

    /// Whether the part is an attached message whose structure is known: its one child is that message's root.
    package var isAttachedMessage: Bool { record.kind == .message }

    /// Whether the part stands for the text of a multipart in which no part was found; it has no header of its own.
    package var isImplied: Bool { record.isImplied }

    /// The part's header fields in their order.
    package var headers: [HeaderField] {
        record.fields.map { HeaderField(storage: storage, index: $0) }
    }

    /// The last field of that name in any case.
    package func header(_ name: StaticString) -> HeaderField? {
        for index in record.fields.reversed() {
            let field = HeaderField(storage: storage, index: index)
            if field.isNamed(name) { return field }
        }
        return nil
    }

    /// Every field of that name in any case, in their order.
    package func headers(named name: String) -> [HeaderField] {
        headers.filter { $0.isNamed(name) }
    }

    /// Where the encoded content lies in the message's bytes.
    package var bodyRange: Range<Int> { record.body }

    /// Where the header lies: from its first field to the end of its last, without the blank line.
    package var headerRange: Range<Int> {
        guard let first = record.fields.first, let last = record.fields.last else {
            return record.body.lowerBound..<record.body.lowerBound
        }
        return storage.fields[first].name.lowerBound..<storage.fields[last].value.upperBound
    }

    // MARK: Content fields

    /// Lower-case `type/subtype`, the implicit one when the field is absent or senseless.
    package var type: String { record.type }

    /// The parameters of Content-Type, names in lower case, values decoded (RFC 2231).
    package var parameters: [String: String] {
        contentType?.dictionary ?? [:]
    }

    /// The charset as written; the implicit `us-ascii` where MIME says so; nil if the part is no text.
    package var charset: String? {
        guard let contentType else { return record.type.hasPrefix("text/") ? "us-ascii" : nil }
        guard record.type.hasPrefix("text/") else { return nil }
        return contentType["charset"] ?? "us-ascii"
    }

    /// The value of Content-Disposition in lower case, without parameters.
    package var disposition: String? {
        guard let value = contentDisposition?.value, !value.isEmpty else { return nil }
        return value
    }

    /// The file's name: `filename` of Content-Disposition, else `name` of Content-Type, both decoded.
    package var name: String? {
        for name in [contentDisposition?["filename"], contentType?["name"]] {
            if let name, name.utf8.contains(where: { !$0.isFoldingSpace }) { return name }
        }
        return nil
    }

    /// Content-Id without its angle brackets.
    package var cid: String? {
        header("Content-Id").flatMap { field in
            field.withValue { HeaderForms.contentID($0) }
        }
    }

    /// The tags of Content-Language: RFC 3282.
    package var language: [String]? {
        header("Content-Language").flatMap { $0.withValue { HeaderForms.languages($0) } }
    }

    /// Content-Location: RFC 2557.
    package var location: String? {
        header("Content-Location").flatMap { $0.withValue { HeaderForms.location($0) } }
    }

    /// Content-Transfer-Encoding; absent means 7bit.
    package var encoding: ContentEncoding {
        let field = record.encodingField
        guard field >= 0 else { return .sevenBit }
        let encoding = storage.withBytes(storage.fields[field].value) { ContentEncoding(parsing: $0) }
        // RFC 2045 §6.4: a composite part has no encoding; who writes one did not mean it.
        return isMultipart ? .binary : encoding
    }

    var contentType: ParameterizedValue? { parameterized(record.typeField) }

    var contentDisposition: ParameterizedValue? { parameterized(record.dispositionField) }

    private func parameterized(_ field: Int) -> ParameterizedValue? {
        guard field >= 0 else { return nil }
        return storage.withBytes(storage.fields[field].value) { ParameterizedValue(parsing: $0) }
    }
}
