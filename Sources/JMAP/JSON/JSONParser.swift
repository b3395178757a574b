/// Why bytes are not I-JSON, and where.
package struct JSONError: Error, Hashable {
    package enum Reason: String, Sendable {
        case unexpectedByte, unexpectedEnd, trailingBytes, invalidUTF8, invalidEscape, loneSurrogate, controlCharacter
        case invalidNumber, numberTooLarge, duplicateName, tooDeep
    }
    package let reason: Reason
    /// Offset of the byte that could not be accepted.
    package let offset: Int
}

extension JSON {
    /// How deep arrays and objects may be nested: far above what JMAP needs, far below what the stack bears.
    package static let maxDepth = 128

    /// Reads one I-JSON value (RFC 7493) that fills `bytes`.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        let result: Result<JSON, JSONError> = bytes.withUnsafeBufferPointer { buffer in
            var parser = JSONParser(bytes: buffer)
            do throws(JSONError) { return .success(try parser.parseDocument()) } catch { return .failure(error) }
        }
        self = try result.get()
    }

    package init(parsing text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }
}

/// A recursive-descent parser over bytes, bounded in depth. Lives no longer than the buffer that it reads.
struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var depth = 0

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func parseDocument() throws(JSONError) -> JSON {
        let value = try parseValue()
        skipWhitespace()
        guard position == bytes.count else { throw failure(.trailingBytes) }
        return value
    }

    private func failure(_ reason: JSONError.Reason) -> JSONError { JSONError(reason: reason, offset: position) }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// The next byte that is not white space; stays in front of it.
    private mutating func peek() throws(JSONError) -> UInt8 {
        skipWhitespace()
        guard position < bytes.count else { throw failure(.unexpectedEnd) }
        return bytes[position]
    }

    private mutating func parseValue() throws(JSONError) -> JSON {
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try nested { parser throws(JSONError) in try parser.parseMembers() })
        case UInt8(ascii: "["): return .array(try nested { parser throws(JSONError) in try parser.parseItems() })
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
        default: throw failure(.unexpectedByte)
        }
    }

    private mutating func nested<Value>(_ body: (inout Self) throws(JSONError) -> Value) throws(JSONError) -> Value {
        guard depth < JSON.maxDepth else { throw failure(.tooDeep) }
        depth += 1
        position += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func parseMembers() throws(JSONError) -> JSONObject {
        var object = JSONObject()
        if try peek() == UInt8(ascii: "}") {
            position += 1
            return object
        }
        while true {
            guard try peek() == UInt8(ascii: "\"") else { throw failure(.unexpectedByte) }
            let start = position
            let name = try parseString()
            guard try peek() == UInt8(ascii: ":") else { throw failure(.unexpectedByte) }
            position += 1
            let value = try parseValue()
            guard object.insert(name, value) else { throw JSONError(reason: .duplicateName, offset: start) }
            if try endOfList(UInt8(ascii: "}")) { return object }
        }
    }

    private mutating func parseItems() throws(JSONError) -> [JSON] {
        var items: [JSON] = []
        if try peek() == UInt8(ascii: "]") {
            position += 1
            return items
        }
        while true {
            items.append(try parseValue())
            if try endOfList(UInt8(ascii: "]")) { return items }
        }
    }

    /// Steps over a comma (false) or over `close` (true).
    private mutating func endOfList(_ close: UInt8) throws(JSONError) -> Bool {
        let byte = try peek()
        guard byte == close || byte == UInt8(ascii: ",") else { throw failure(.unexpectedByte) }
        position += 1
        return byte == close
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        guard bytes.count - position >= word.utf8CodeUnitCount else { throw failure(.unexpectedEnd) }
        for index in 0..<word.utf8CodeUnitCount where bytes[position + index] != word.utf8Start[index] {
            throw failure(.unexpectedByte)
        }
        position += word.utf8CodeUnitCount
        return value
    }

    // MARK: Numbers

    private mutating func parseNumber() throws(JSONError) -> JSON {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let integerDigits = skipDigits()
        guard integerDigits > 0 else { throw failure(.invalidNumber) }
        let firstDigit = bytes[position - integerDigits]
        guard firstDigit != UInt8(ascii: "0") || integerDigits == 1 else { throw failure(.invalidNumber) }
        var isInteger = true
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard skipDigits() > 0 else { throw failure(.invalidNumber) }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            guard skipDigits() > 0 else { throw failure(.invalidNumber) }
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        if isInteger, integerDigits <= 16, let value = Int(text), abs(value) <= JSON.maxSafeInteger, text != "-0" {
            return .int(value)
        }
        guard let value = Double(text), value.isFinite else { throw JSONError(reason: .numberTooLarge, offset: start) }
        return .double(value)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while position < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[position] { position += 1 }
        return position - start
    }

    // MARK: Strings

    private mutating func parseString() throws(JSONError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let text = try validated(UnsafeBufferPointer(rebasing: bytes[start..<position]))
                position += 1
                return text
            case UInt8(ascii: "\\"): return try parseEscapedString(from: start)
            case 0..<0x20: throw failure(.controlCharacter)
            default: position += 1
            }
        }
        throw failure(.unexpectedEnd)
    }

    /// Goes on from the first backslash, collecting bytes.
    private mutating func parseEscapedString(from start: Int) throws(JSONError) -> String {
        var collected = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                let result: Result<String, JSONError> = collected.withUnsafeBufferPointer { buffer in
                    do throws(JSONError) { return .success(try validated(buffer)) } catch { return .failure(error) }
                }
                position += 1
                return try result.get()
            case UInt8(ascii: "\\"):
                position += 1
                try parseEscape(into: &collected)
            case 0..<0x20: throw failure(.controlCharacter)
            default:
                collected.append(byte)
                position += 1
            }
        }
        throw failure(.unexpectedEnd)
    }

    private mutating func parseEscape(into collected: inout [UInt8]) throws(JSONError) {
        guard position < bytes.count else { throw failure(.unexpectedEnd) }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): collected.append(byte)
        case UInt8(ascii: "b"): collected.append(0x08)
        case UInt8(ascii: "f"): collected.append(0x0C)
        case UInt8(ascii: "n"): collected.append(0x0A)
        case UInt8(ascii: "r"): collected.append(0x0D)
        case UInt8(ascii: "t"): collected.append(0x09)
        case UInt8(ascii: "u"): collected.append(contentsOf: Array(String(try parseUnicodeEscape()).utf8))
        default: throw failure(.invalidEscape)
        }
    }

    /// After `\u`: one scalar, of one escape or of a pair (RFC 8259 §7); RFC 7493 §2.1 forbids a surrogate alone.
    private mutating func parseUnicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let first = try parseFourHexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, bytes.count - position >= 6, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { throw failure(.loneSurrogate) }
        position += 2
        let second = try parseFourHexDigits()
        guard 0xDC00...0xDFFF ~= second,
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw failure(.loneSurrogate) }
        return scalar
    }

    private mutating func parseFourHexDigits() throws(JSONError) -> UInt32 {
        guard bytes.count - position >= 4 else { throw failure(.unexpectedEnd) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw failure(.invalidEscape)
            }
            position += 1
        }
        return value
    }

    private func validated(_ buffer: UnsafeBufferPointer<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: buffer, as: UTF8.self) else { throw failure(.invalidUTF8) }
        return text
    }
}
