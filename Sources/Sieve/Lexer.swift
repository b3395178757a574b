/// Cuts a script into tokens: RFC 5228 §8.1, with LF as a line end too.
struct Lexer {
    private let bytes: Octets
    private let limits: SieveLimits
    private var index = 0
    // Of the position: kept while the index moves on, so that long lines cost no more than short ones.
    private var line = 1
    private var column = 1

    init(_ bytes: Octets, limits: SieveLimits) {
        self.bytes = bytes
        self.limits = limits
        // A byte order mark that an editor left.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    }

    private var position: Position { Position(line: line, column: column) }

    mutating func next() throws(SieveError) -> Token {
        try skipBlanksAndComments()
        let start = position
        guard index < bytes.count else { return Token(kind: .end, position: start) }
        let byte = bytes[index]
        switch byte {
        case UInt8(ascii: "\""): return Token(kind: .string(try quotedString()), position: start)
        case UInt8(ascii: ":"):
            advance()
            guard index < bytes.count, bytes[index].isLetter || bytes[index] == UInt8(ascii: "_") else {
                throw start.error("a tag's name must follow the colon")
            }
            return Token(kind: .tag(name()), position: start)
        case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"),
            UInt8(ascii: ","), UInt8(ascii: ";"):
            advance()
            return Token(kind: .punctuation(byte), position: start)
        case _ where byte.isDigit: return Token(kind: .number(try number()), position: start)
        case _ where byte.isLetter || byte == UInt8(ascii: "_"):
            let name = name()
            if name == "text", index < bytes.count, bytes[index] == UInt8(ascii: ":") {
                advance()
                return Token(kind: .string(try multiLineString(from: start)), position: start)
            }
            return Token(kind: .identifier(name), position: start)
        case UInt8(ascii: "'"): throw start.error("strings are written between double quotes (\")")
        case UInt8(ascii: "-") where index + 1 < bytes.count && bytes[index + 1].isDigit:
            throw start.error("numbers cannot be negative")
        default: throw start.error("unexpected character \(shown(byte))")
        }
    }

    private func shown(_ byte: UInt8) -> String {
        if byte > 0x20, byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
        guard byte >= 0xC0 else { return "0x" + String(byte, radix: 16, uppercase: true) }
        let text = bytes[index..<min(index + 4, bytes.count)].withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        return "'\(String(text.unicodeScalars.prefix(1)))'"
    }

    // MARK: Movement

    private mutating func advance() {
        let byte = bytes[index]
        index += 1
        if byte == 0x0A {
            line += 1
            column = 1
        } else if !byte.isContinuation {
            column += 1
        }
    }

    private mutating func skipBlanksAndComments() throws(SieveError) {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: advance()
            case UInt8(ascii: "#"): skipLine()
            case UInt8(ascii: "/") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "*"):
                try skipBracketComment()
            default: return
            }
        }
    }

    private mutating func skipLine() {
        while index < bytes.count, bytes[index] != 0x0A { advance() }
    }

    private mutating func skipBracketComment() throws(SieveError) {
        let start = position
        advance()
        advance()
        while index + 1 < bytes.count {
            if bytes[index] == UInt8(ascii: "*"), bytes[index + 1] == UInt8(ascii: "/") {
                advance()
                advance()
                return
            }
            advance()
        }
        throw start.error("this comment is never closed by */")
    }

    // MARK: Tokens

    private mutating func name() -> String {
        let start = index
        while index < bytes.count, bytes[index].isNameCharacter { advance() }
        return Octets(bytes[start..<index]).folded.text
    }

    private mutating func number() throws(SieveError) -> Int {
        let start = position
        var value = 0
        while index < bytes.count, bytes[index].isDigit {
            value = value * 10 + Int(bytes[index] - 0x30)
            guard value <= 1 << 40 else { throw start.error("this number is too large") }
            advance()
        }
        if index < bytes.count, let shift = Self.shift(bytes[index]) {
            value <<= shift
            advance()
        }
        guard value <= 1 << 40 else { throw start.error("this number is too large") }
        if index < bytes.count, bytes[index].isNameCharacter {
            throw start.error("a number may end in K, M or G, and in nothing else")
        }
        return value
    }

    private static func shift(_ byte: UInt8) -> Int? {
        switch byte.lowercased {
        case UInt8(ascii: "k"): 10
        case UInt8(ascii: "m"): 20
        case UInt8(ascii: "g"): 30
        default: nil
        }
    }

    private mutating func quotedString() throws(SieveError) -> Octets {
        let start = position
        advance()
        var value: Octets = []
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                advance()
                return value
            case UInt8(ascii: "\\"):
                advance()
                guard index < bytes.count else { break }
                try append(bytes[index], to: &value, start)
                advance()
            default:
                try append(bytes[index], to: &value, start)
                advance()
            }
        }
        throw start.error("this string is never closed by a double quote")
    }

    private func append(_ byte: UInt8, to value: inout Octets, _ start: Position) throws(SieveError) {
        guard byte != 0 else { throw position.error("a string cannot hold the character NUL") }
        // LF is the line end within: texts of messages have it too, so that they compare.
        if byte == 0x0D, index + 1 < bytes.count, bytes[index + 1] == 0x0A { return }
        guard value.count < limits.stringSize else { throw start.error("this string is longer than \(limits.stringSize) octets") }
        value.append(byte)
    }

    /// RFC 5228 §2.4.2: the lines after `text:` to one that is a single dot.
    private mutating func multiLineString(from start: Position) throws(SieveError) -> Octets {
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 || bytes[index] == 0x0D { advance() }
        if index < bytes.count, bytes[index] == UInt8(ascii: "#") { skipLine() }
        guard index < bytes.count, bytes[index] == 0x0A else { throw position.error("the text must begin on the line after 'text:'") }
        advance()
        var value: Octets = []
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: ".") {
                if let end = endOfLine(after: index + 1) {
                    while index < end { advance() }
                    return value
                }
                if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: ".") { advance() }
            }
            while index < bytes.count {
                let byte = bytes[index]
                try append(byte, to: &value, start)
                advance()
                if byte == 0x0A { break }
            }
        }
        throw start.error("this text is never closed by a line with a single dot")
    }

    /// Where the next line begins, if nothing but a line end (or the end of the script) stands at `at`.
    private func endOfLine(after at: Int) -> Int? {
        var at = at
        if at < bytes.count, bytes[at] == 0x0D { at += 1 }
        if at == bytes.count { return at }
        return bytes[at] == 0x0A ? at + 1 : nil
    }
}
