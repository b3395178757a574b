/// Text out of a part: RFC 8621 §4.1.4, EmailBodyValue.
package struct DecodedText: Hashable, Sendable {
    /// The text with LF as its only line end.
    package var text: String
    /// Whether the charset or the transfer encoding was unknown or broken.
    package var isEncodingProblem: Bool

    package init(text: String, isEncodingProblem: Bool = false) {
        self.text = text
        self.isEncodingProblem = isEncodingProblem
    }
}

extension MessagePart {
    /// The content's octets after transfer decoding. Unknown encodings count as none.
    package func decodedBytes() -> [UInt8] {
        storage.withBytes(bodyRange) { encoding.decode($0).bytes }
    }

    /// As `decodedBytes`, of content that is not in the message's own bytes (`MessageOutline`).
    package func decoded(_ content: [UInt8]) -> [UInt8] {
        content.withUnsafeBufferPointer { encoding.decode($0).bytes }
    }

    /// Whether the content is base64 that a reader may decode in pieces: `decodedBytes` decodes it, too.
    package var isBase64: Bool { encoding == .base64 && storage.withBytes(bodyRange) { Base64.isPlausible($0) } }

    /// The number of octets of `decodedBytes()`.
    package var size: Int {
        let encoding = encoding
        if encoding.isIdentity { return bodyRange.count }
        return storage.withBytes(bodyRange) { body in
            if encoding == .base64, Base64.isPlausible(body) { return Base64.decodedCount(body) }
            return encoding.decode(body).bytes.count
        }
    }

    /// The content as text: transfer encoding and charset decoded, CRLF and CR made LF. Best effort, never empty-handed: an unknown
    /// charset is guessed, what cannot be decoded is U+FFFD.
    /// - Parameter guesses: without, nothing is assumed but what the message says: 8-bit bytes that no charset explains are U+FFFD, and
    ///   ISO-8859-1 is not taken for windows-1252. For comparison with other parsers.
    package func decodedText(guesses: Bool = true) -> DecodedText {
        let encoding = encoding
        let charset = contentType?["charset"]
        let isHTML = guesses && type == "text/html"
        let isUnknown = charset.map { CharsetNames.known($0) == nil } ?? false
        return storage.withBytes(bodyRange) { body in
            if encoding.isIdentity {
                var decoded = Charset.decodeText(body, charset: Self.charset(charset, of: body, isHTML: isHTML), guesses: guesses)
                if encoding == .unknown || isUnknown { decoded.isEncodingProblem = true }
                return decoded
            }
            let (bytes, isDamaged) = encoding.decode(body)
            var decoded = bytes.withUnsafeBufferPointer {
                Charset.decodeText($0, charset: Self.charset(charset, of: $0, isHTML: isHTML), guesses: guesses)
            }
            if isDamaged || isUnknown { decoded.isEncodingProblem = true }
            return decoded
        }
    }

    /// The charset to decode with: HTML whose part names none (or nonsense) may name one itself, in a `meta` element.
    private static func charset(_ declared: String?, of body: Bytes, isHTML: Bool) -> String? {
        guard isHTML, body.hasHighBit, Charset.scheme(for: declared).isSniffed else { return declared }
        return HTMLText.declaredCharset(in: body) ?? declared
    }

    /// Whether the text is `format=flowed`, and whether with `DelSp`: RFC 3676.
    package var flowed: (isFlowed: Bool, deletesSpace: Bool) {
        guard type == "text/plain", let contentType else { return (false, false) }
        return (
            contentType["format"]?.lowercased() == "flowed", contentType["delsp"]?.lowercased() == "yes"
        )
    }
}
