import Formats

/// The bytes of `summaries.data`: what a list shows of an email, in the fewest octets that decode fast.
///
/// Texts are a length and UTF-8; lists a count plus one (0: the field is absent); addresses a name list and an email.
enum SummaryCodec {
    struct Summary {
        var headers: EmailHeaders
        var preview: String
        var baseSubject: String
    }

    static func encode(_ digest: MessageDigest) -> [UInt8] {
        var writer = Writer()
        let headers = digest.headers
        writer.put(digest.preview)
        writer.put(headers.subject)
        // The base subject mostly is the subject: an empty mark saves its octets.
        writer.put(digest.baseSubject == headers.subject ? nil : digest.baseSubject)
        writer.put(headers.from)
        writer.put(headers.to)
        writer.put(headers.messageId)
        writer.put(headers.inReplyTo)
        writer.put(headers.references)
        writer.put(headers.sender)
        writer.put(headers.cc)
        writer.put(headers.bcc)
        writer.put(headers.replyTo)
        writer.put(headers.sentAt)
        return writer.bytes
    }

    static func decode(_ bytes: UnsafeRawBufferPointer) -> Summary {
        var reader = Reader(bytes: bytes)
        let preview = reader.text()
        var headers = EmailHeaders()
        headers.subject = reader.optionalText()
        let baseSubject = reader.optionalText() ?? headers.subject ?? ""
        headers.from = reader.addresses()
        headers.to = reader.addresses()
        headers.messageId = reader.texts()
        headers.inReplyTo = reader.texts()
        headers.references = reader.texts()
        headers.sender = reader.addresses()
        headers.cc = reader.addresses()
        headers.bcc = reader.addresses()
        headers.replyTo = reader.addresses()
        headers.sentAt = reader.date()
        return Summary(headers: headers, preview: preview, baseSubject: baseSubject)
    }

    private struct Writer {
        var bytes: [UInt8] = []

        init() { bytes.reserveCapacity(512) }

        mutating func put(_ number: Int) {
            var rest = UInt(number)
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }

        mutating func put(_ text: String) {
            put(text.utf8.count)
            bytes += text.utf8
        }

        mutating func put(_ text: String?) {
            guard let text else { return put(0) }
            put(text.utf8.count + 1)
            bytes += text.utf8
        }

        mutating func put(_ texts: [String]?) {
            guard let texts else { return put(0) }
            put(texts.count + 1)
            for text in texts { put(text) }
        }

        mutating func put(_ addresses: [EmailAddress]?) {
            guard let addresses else { return put(0) }
            put(addresses.count + 1)
            for address in addresses {
                put(address.name)
                put(address.email)
            }
        }

        mutating func put(_ date: InternetDate?) {
            guard let date else { return put(0) }
            put(1)
            put(Int(date.offsetMinutes) + 1_000_000)
            withUnsafeBytes(of: date.seconds.littleEndian) { bytes += $0 }
        }
    }

    private struct Reader {
        let bytes: UnsafeRawBufferPointer
        var position = 0

        init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        mutating func number() -> Int {
            var value: UInt = 0
            var shift: UInt = 0
            while position < bytes.count, shift < 63 {
                let byte = bytes[position]
                position += 1
                value |= UInt(byte & 0x7F) << shift
                if byte < 0x80 { break }
                shift += 7
            }
            return Int(truncatingIfNeeded: value)
        }

        mutating func text(count: Int) -> String {
            let end = min(bytes.count, position + max(0, count))
            defer { position = end }
            return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[position..<end]), as: UTF8.self)
        }

        mutating func text() -> String { text(count: number()) }

        mutating func optionalText() -> String? {
            let count = number()
            return count == 0 ? nil : text(count: count - 1)
        }

        mutating func texts() -> [String]? {
            let count = number()
            return count == 0 ? nil : (1..<count).map { _ in text() }
        }

        mutating func addresses() -> [EmailAddress]? {
            let count = number()
            return count == 0
                ? nil
                : (1..<count).map { _ in
                    let name = optionalText()
                    return EmailAddress(name: name, email: text())
                }
        }

        mutating func date() -> InternetDate? {
            guard number() == 1 else { return nil }
            let offset = number() - 1_000_000
            guard position + 8 <= bytes.count else { return nil }
            let seconds = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Int64.self))
            position += 8
            return InternetDate(seconds: seconds, offsetMinutes: offset)
        }
    }
}
