/// Reads `address-list` of RFC 5322 §3.4 with §4.4, as tolerantly as real mail needs.
///
/// One pass: words pile up until a `<`, `,`, `:` or `;` says what they were.
struct AddressParser {
    /// What is read of one field; nobody writes to more, and an attacker's header of 50 MB shall not fill the memory.
    private static let limits = (octets: 1 << 20, addresses: 10_000)

    private let bytes: Bytes
    /// Whether the field goes on after `bytes`: then the last mailbox is a part of one.
    private let isCut: Bool
    /// Addresses and groups so far.
    private var count = 0
    private let fallback: String?
    private var index = 0
    private var groups: [EmailAddressGroup] = []
    private var group: EmailAddressGroup?

    // What has been read of the current mailbox.
    private var words: [Word] = []
    /// Whether an unquoted word has an `@`: then the words are an address.
    private var hasAt = false
    private var angle: String?
    /// Whether what stands in the angle brackets has an `@`.
    private var isAngleComplete = false
    private var wordsBeforeAngle = 0
    private var comment: String?

    /// A run of the value between blanks, and what it means.
    private struct Word {
        enum Kind { case plain, quoted }
        var kind: Kind
        var range: Range<Int>
        var isAfterBlank: Bool
    }

    /// - Parameter fallback: the charset of bytes that are neither encoded nor UTF-8, where one is known.
    init(_ bytes: Bytes, fallback: String? = nil) {
        isCut = bytes.count > Self.limits.octets
        self.bytes = isCut ? bytes.slice(0..<Self.limits.octets) : bytes
        self.fallback = fallback
    }

    mutating func parse() -> [EmailAddressGroup] {
        var isAfterBlank = false
        while index < bytes.count, count < Self.limits.addresses {
            let byte = bytes[index]
            let start = index
            switch byte {
            case ASCII.openParen:
                index = CommentScanner.end(of: bytes, from: index)
                comment = commentText(start..<index)
            case ASCII.quote:
                index = QuotedScanner.end(of: bytes, from: index)
                words.append(Word(kind: .quoted, range: start..<index, isAfterBlank: isAfterBlank))
            case ASCII.less:
                takeAngle()
            case ASCII.comma:
                index += 1
                endMailbox()
            case ASCII.semicolon:
                index += 1
                endMailbox()
                endGroup()
            case ASCII.colon where isGroupStart:
                index += 1
                startGroup()
            case _ where byte.isFoldingSpace || byte == ASCII.nul || byte == ASCII.greater:
                index += 1
            default:
                takePlain(isAfterBlank)
            }
            isAfterBlank = byte.isFoldingSpace || byte == ASCII.openParen
        }
        if !isCut { endMailbox() }
        endGroup()
        return groups
    }

    // MARK: Lists

    private var isGroupStart: Bool {
        group == nil && angle == nil && !words.isEmpty && !hasAt
    }

    private mutating func startGroup() {
        count += 1
        group = EmailAddressGroup(name: phrase() ?? "", addresses: [])
        words.removeAll(keepingCapacity: true)
        hasAt = false
        comment = nil
    }

    private mutating func endGroup() {
        guard let group else { return }
        groups.append(group)
        self.group = nil
    }

    private mutating func endMailbox() {
        defer {
            words.removeAll(keepingCapacity: true)
            hasAt = false
            angle = nil
            isAngleComplete = false
            comment = nil
        }
        guard count < Self.limits.addresses, let address = mailbox() else { return }
        count += 1
        if group != nil {
            group?.addresses.append(address)
        } else if let last = groups.indices.last, groups[last].name == nil {
            groups[last].addresses.append(address)
        } else {
            groups.append(EmailAddressGroup(addresses: [address]))
        }
    }

    private func mailbox() -> EmailAddress? {
        if let angle {
            let name = phrase() ?? comment
            if angle.isEmpty, name == nil { return nil }
            return EmailAddress(name: name, email: angle)
        }
        guard !words.isEmpty else { return nil }
        return EmailAddress(name: comment, email: bareAddress())
    }

    // MARK: Words

    /// Whether an encoded word has just ended; within one a colon is text.
    private var isAfterEncodedWord: Bool {
        index > 1 && bytes[index - 1] == ASCII.equals && bytes[index - 2] == ASCII.question
    }

    private mutating func takePlain(_ isAfterBlank: Bool) {
        let start = index
        let isEncoded = bytes.slice(start..<bytes.count).starts(with: "=?".utf8)
        scan: while index < bytes.count {
            switch bytes[index] {
            case ASCII.openParen, ASCII.quote, ASCII.less, ASCII.greater, ASCII.comma, ASCII.semicolon, ASCII.space, ASCII.tab,
                ASCII.cr, ASCII.lf, ASCII.nul:
                break scan
            case ASCII.colon where index > start && group == nil && !hasAt && (!isEncoded || isAfterEncodedWord):
                break scan
            case ASCII.at:
                hasAt = true
                index += 1
            default:
                index += 1
            }
        }
        words.append(Word(kind: .plain, range: start..<index, isAfterBlank: isAfterBlank))
    }

    /// `<…>`: an address with an optional obsolete route, `<@a,@b:c@d>`. Without a `>` it ends at the next comma.
    private mutating func takeAngle() {
        index += 1
        let start = index
        var end = start
        while end < bytes.count, bytes[end] != ASCII.greater {
            if bytes[end] == ASCII.quote {
                end = min(QuotedScanner.end(of: bytes, from: end), bytes.count)
            } else if bytes[end] == ASCII.less {
                break
            } else {
                end += 1
            }
        }
        var low = start
        while low < end, bytes[low].isFoldingSpace { low += 1 }
        if low < end, bytes[low] == ASCII.at, let colon = bytes.index(of: ASCII.colon, in: low..<end) { low = colon + 1 }
        index = end < bytes.count && bytes[end] == ASCII.greater ? end + 1 : end
        let text = addrSpec(bytes.slice(low..<end))
        if isAngleComplete, words.count > wordsBeforeAngle {
            // A name and an address follow one that was complete: the comma is missing.
            let next = Array(words[wordsBeforeAngle...])
            words.removeSubrange(wordsBeforeAngle...)
            endMailbox()
            words = next
        }
        if !isAngleComplete {
            angle = text
            isAngleComplete = text.utf8.contains(ASCII.at)
            wordsBeforeAngle = words.count
        }
        comment = nil
    }

    // MARK: Text

    /// An address without blanks and comments; quoted strings stay as they are. Where no address is, words stay apart.
    private func addrSpec(_ text: Bytes) -> String {
        let isNoAddress = !text.contains(ASCII.at)
        var output: [UInt8] = []
        var index = 0
        while index < text.count {
            switch text[index] {
            case ASCII.openParen: index = CommentScanner.end(of: text, from: index)
            case ASCII.quote:
                let end = min(QuotedScanner.end(of: text, from: index), text.count)
                output.append(contentsOf: text[index..<end].filter { $0 != ASCII.cr && $0 != ASCII.lf })
                index = end
            default:
                if text[index].isFoldingSpace {
                    if isNoAddress, output.last != ASCII.space { output.append(ASCII.space) }
                } else if text[index] != ASCII.nul {
                    output.append(text[index])
                }
                index += 1
            }
        }
        while output.last == ASCII.space { output.removeLast() }
        return output.withUnsafeBufferPointer { Charset.decodeHeader($0) }.nfc
    }

    /// The words as an address without angle brackets; or, if there is no `@` in them, as they are.
    private func bareAddress() -> String {
        guard hasAt else { return phrase() ?? "" }
        let low = words[0].range.lowerBound
        let high = words[words.count - 1].range.upperBound
        return addrSpec(bytes.slice(low..<high))
    }

    /// The words as a display name: encoded words decoded, quotes taken away, blanks made one.
    private func phrase() -> String? {
        guard !words.isEmpty else { return nil }
        var decoder = EncodedWord.Decoder(fallback: fallback)
        var isAfterEncoded = false
        for (position, word) in words.enumerated() {
            let text = bytes.slice(word.range)
            let encoded = encodedWords(text, word.kind)
            if position > 0, word.isAfterBlank, !(isAfterEncoded && encoded != nil) { decoder.append(literal: " ") }
            if let encoded {
                for word in encoded { decoder.append(word, of: text) }
            } else {
                decoder.append(literal: literal(text, word.kind))
            }
            isAfterEncoded = encoded != nil
        }
        let name = decoder.finish().nfc.trimmingBlanks
        return name.isEmpty ? nil : name
    }

    /// The encoded words that a word consists of, or nil if it is anything else.
    private func encodedWords(_ text: Bytes, _ kind: Word.Kind) -> [EncodedWord.Word]? {
        guard kind == .plain else { return nil }
        var found: [EncodedWord.Word] = []
        var at = 0
        while at < text.count {
            guard let word = EncodedWord.parse(text, at: at) else { return nil }
            found.append(word)
            at = word.end
        }
        return found
    }

    private func literal(_ text: Bytes, _ kind: Word.Kind) -> String {
        guard kind == .quoted else { return Charset.decodeHeader(text, fallback: fallback) }
        let content = unquoted(text)
        // RFC 2047 §5 forbids encoded words within quotes; too many programs put them there to leave them undecoded.
        return content.withUnsafeBufferPointer { EncodedWord.decodeText($0, fallback: fallback) }.trimmingBlanks
    }

    private func unquoted(_ text: Bytes) -> [UInt8] {
        var output: [UInt8] = []
        var index = 1
        while index < text.count {
            if text[index] == ASCII.backslash, index + 1 < text.count { index += 1 } else if text[index] == ASCII.quote { break }
            if text[index] != ASCII.cr, text[index] != ASCII.lf { output.append(text[index]) }
            index += 1
        }
        return output
    }

    private func commentText(_ range: Range<Int>) -> String? {
        let text = bytes.slice(range)
        var inner: [UInt8] = []
        var at = 1
        let end = text.last == ASCII.closeParen ? text.count - 1 : text.count
        while at < end {
            if text[at] == ASCII.backslash, at + 1 < end { at += 1 }
            if text[at] != ASCII.cr, text[at] != ASCII.lf { inner.append(text[at]) }
            at += 1
        }
        let name = inner.withUnsafeBufferPointer { EncodedWord.decodeText($0, fallback: fallback) }.nfc.trimmingBlanks
        return name.isEmpty ? nil : name
    }
}

extension String {
    /// Without SP and HTAB at either end.
    var trimmingBlanks: String {
        var view = self[...]
        while let first = view.utf8.first, first.isFoldingSpace { view = view.dropFirst() }
        while let last = view.utf8.last, last.isFoldingSpace { view = view.dropLast() }
        return String(view)
    }
}
