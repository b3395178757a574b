/// Text of header fields, cut into pieces between which a line may be folded.
enum HeaderText {
    /// A word and the blanks before it. A fold goes before the blanks.
    struct Piece {
        var blank: String
        var text: String
    }

    /// Unstructured text: ASCII words as they are, from the first to the last word that needs it as encoded words (RFC 2047).
    static func pieces(of text: String) -> [Piece] {
        let words = words(of: text)
        guard let first = words.firstIndex(where: { needsEncoding($0.text) }),
            let last = words.lastIndex(where: { needsEncoding($0.text) })
        else { return words }
        var middle = words[first].text
        for word in words[(first + 1)..<max(first + 1, last + 1)] { middle += word.blank + word.text }
        let encoded = encodedWords(middle, isPhrase: false).map { Piece(blank: " ", text: $0) }
        return Array(words[..<first]) + encoded + Array(words[(last + 1)...])
    }

    /// Words with the blanks before them. Line breaks and other controls are blanks; blanks at the end go.
    static func words(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        var blank = ""
        var word = ""
        for scalar in text.unicodeScalars {
            if scalar == " " || scalar == "\t" || scalar.value < 0x20 || scalar.value == 0x7F {
                if !word.isEmpty {
                    pieces.append(Piece(blank: blank, text: word))
                    blank = ""
                    word = ""
                }
                blank += scalar == "\t" ? "\t" : " "
            } else {
                word.unicodeScalars.append(scalar)
            }
        }
        if !word.isEmpty { pieces.append(Piece(blank: blank, text: word)) }
        if !pieces.isEmpty { pieces[0].blank = " " }
        // Long runs of blanks would make lines of nothing else.
        for index in pieces.indices where pieces[index].blank.utf8.count > 32 { pieces[index].blank = " " }
        return pieces
    }

    static func needsEncoding(_ word: String) -> Bool {
        word.utf8.contains { $0 >= 0x80 } || word.utf8.count > HeaderWriter.maximumWord || word.contains("=?")
    }

    /// Encoded words of at most 75 characters, in UTF-8, never cutting a character: RFC 2047 §2, §5.
    static func encodedWords(_ text: String, isPhrase: Bool) -> [String] {
        let plain = text.utf8.count { isPlain($0, isPhrase: isPhrase) || $0 == ASCII.space }
        let isQ = (text.utf8.count - plain) * 3 <= text.utf8.count + plain
        let room = 75 - "=?utf-8?Q??=".utf8.count
        var words: [String] = []
        var chunk: [UInt8] = []
        var width = 0
        func flush() {
            guard !chunk.isEmpty else { return }
            words.append(isQ ? "=?utf-8?Q?\(encodedQ(chunk, isPhrase: isPhrase))?=" : "=?utf-8?B?\(encodedB(chunk))?=")
            chunk = []
            width = 0
        }
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            let added = isQ ? bytes.reduce(0) { $0 + (isPlain($1, isPhrase: isPhrase) || $1 == ASCII.space ? 1 : 3) } : bytes.count
            let next = width + added
            // The first word shares its line with the field's name.
            let limit = words.isEmpty ? room - 14 : room
            if (isQ ? next : (next + 2) / 3 * 4) > limit { flush() }
            chunk += bytes
            width += added
        }
        flush()
        return words
    }

    private static func isPlain(_ byte: UInt8, isPhrase: Bool) -> Bool {
        if byte.isASCIILetter || byte.isASCIIDigit { return true }
        switch byte {
        case 0x21, ASCII.asterisk, ASCII.plus, ASCII.hyphen, ASCII.slash: return true
        case ASCII.equals, ASCII.question, ASCII.underscore: return false
        default: return !isPhrase && byte > 0x20 && byte < 0x7F
        }
    }

    private static func encodedQ(_ bytes: [UInt8], isPhrase: Bool) -> String {
        var output = ""
        for byte in bytes {
            if byte == ASCII.space {
                output += "_"
            } else if isPlain(byte, isPhrase: isPhrase) {
                output.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                output += "=" + HeaderWriter.hex(byte)
            }
        }
        return output
    }

    private static func encodedB(_ bytes: [UInt8]) -> String {
        String(decoding: Base64.encode(bytes), as: UTF8.self)
    }
}

/// Addresses as header text: RFC 5322 §3.4.
enum AddressText {
    /// The pieces of one mailbox; none if it is empty.
    static func pieces(of address: EmailAddress) throws(ParseError) -> [HeaderText.Piece] {
        let email = spec(address.email)
        guard email.utf8.count <= HeaderWriter.maximumWord else { throw ParseError("address too long") }
        let name = phrase(address.name ?? "")
        if name.isEmpty { return email.isEmpty ? [] : [HeaderText.Piece(blank: " ", text: email)] }
        return name + [HeaderText.Piece(blank: " ", text: "<\(email)>")]
    }

    /// `name: a, b;`
    static func group(_ name: String, _ addresses: [[HeaderText.Piece]]) -> [HeaderText.Piece] {
        var pieces = phrase(name)
        if pieces.isEmpty { pieces = [HeaderText.Piece(blank: " ", text: "\"\"")] }
        pieces[pieces.count - 1].text += ":"
        for (index, address) in addresses.enumerated() {
            pieces += address
            if index < addresses.count - 1 { pieces[pieces.count - 1].text += "," }
        }
        pieces[pieces.count - 1].text += ";"
        return pieces
    }

    /// The address as an `addr-spec`, or, of one that is none (in a draft), what can stand there without harm.
    private static func spec(_ email: String) -> String {
        if let address = try? MailAddress(parsing: email) { return address.description }
        let unwanted = Set("<>,;:()\"\\".unicodeScalars)
        return String(String.UnicodeScalarView(email.unicodeScalars.filter { $0.value > 0x20 && $0.value != 0x7F && !unwanted.contains($0) }))
    }

    /// A display name: atoms as they are, else a quoted string, else encoded words.
    private static func phrase(_ name: String) -> [HeaderText.Piece] {
        var words = HeaderText.words(of: name)
        guard !words.isEmpty else { return [] }
        let isLong = words.reduce(0) { $0 + $1.text.utf8.count } > HeaderWriter.maximumWord
        if isLong || words.contains(where: { HeaderText.needsEncoding($0.text) }) {
            let text = words.dropFirst().reduce(words[0].text) { $0 + " " + $1.text }
            return HeaderText.encodedWords(text, isPhrase: true).map { HeaderText.Piece(blank: " ", text: $0) }
        }
        if words.allSatisfy({ $0.text.utf8.allSatisfy(\.isAtomText) && $0.blank == " " }) { return words }
        for index in words.indices { words[index].text = escaped(words[index].text) }
        words[0].text = "\"" + words[0].text
        words[words.count - 1].text += "\""
        return words
    }

    private static func escaped(_ text: String) -> String {
        text.contains { $0 == "\"" || $0 == "\\" }
            ? text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") : text
    }
}

/// Parameters as header text: RFC 2045 §5.1, RFC 2231.
enum ParameterText {
    /// `name=value`, quoted or encoded as the value needs it; a long value in several pieces.
    static func pieces(_ name: String, _ value: String) throws(ParseError) -> [String] {
        guard isToken(name), !name.contains("*") else { throw ParseError("no name of a parameter: \(name.prefix(40))") }
        let value = String(String.UnicodeScalarView(value.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
        if value.utf8.allSatisfy({ $0 < 0x80 }), value.utf8.count + name.utf8.count < 70, !value.contains("=?") {
            if isToken(value) { return ["\(name)=\(value)"] }
            return ["\(name)=\"\(value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""]
        }
        return encoded(name, value)
    }

    static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 127 && text.utf8.allSatisfy { byte in
            byte.isAtomText && byte != ASCII.slash && byte != ASCII.question && byte != ASCII.equals || byte == ASCII.dot
        }
    }

    /// `name*=utf-8''…`, or `name*0*=utf-8''…; name*1*=…` where one line does not hold it.
    private static func encoded(_ name: String, _ value: String) -> [String] {
        let room = max(20, 70 - name.utf8.count - 12)
        var chunks: [String] = []
        var chunk = ""
        for scalar in value.unicodeScalars {
            let code = String(scalar).utf8.map { isAttributeCharacter($0) ? String(Unicode.Scalar($0)) : "%" + HeaderWriter.hex($0) }
                .joined()
            if chunk.utf8.count + code.utf8.count > room {
                chunks.append(chunk)
                chunk = ""
            }
            chunk += code
        }
        if !chunk.isEmpty || chunks.isEmpty { chunks.append(chunk) }
        if chunks.count == 1 { return ["\(name)*=utf-8''\(chunks[0])"] }
        return chunks.enumerated().map { "\(name)*\($0)*=\($0 == 0 ? "utf-8''" : "")\($1)" }
    }

    /// `attribute-char` of RFC 2231 §7.
    private static func isAttributeCharacter(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isASCIIDigit || byte == ASCII.dot || byte == ASCII.hyphen || byte == ASCII.underscore
    }
}
