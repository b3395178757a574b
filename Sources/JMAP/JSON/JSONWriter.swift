/// Writes JSON text into a byte array, without any white space.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 1024) { bytes.reserveCapacity(capacity) }

    package mutating func write(_ value: JSON) {
        switch value {
        case .null: raw("null")
        case .bool(true): raw("true")
        case .bool(false): raw("false")
        case .int(let number): write(number)
        case .double(let number): write(number)
        case .string(let text): write(text)
        case .array(let items): write(items)
        case .object(let object): write(object)
        }
    }

    package mutating func write(_ object: JSONObject) {
        bytes.append(UInt8(ascii: "{"))
        var isFirst = true
        for member in object.members {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            write(member.name)
            bytes.append(UInt8(ascii: ":"))
            write(member.value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    package mutating func write(_ items: [JSON]) {
        bytes.append(UInt8(ascii: "["))
        var isFirst = true
        for item in items {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            write(item)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    package mutating func write(_ number: Int) {
        if 0...9 ~= number {
            bytes.append(UInt8(ascii: "0") + UInt8(number))
        } else {
            raw(String(number))
        }
    }

    /// JSON has no infinities and no NaN; they become null.
    package mutating func write(_ number: Double) {
        guard number.isFinite else { return raw("null") }
        let text = number.description
        raw(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }

    package mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { buffer in
            var copied = 0
            for (offset, byte) in buffer.enumerated() where Self.mustEscape[Int(byte)] {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[copied..<offset]))
                escape(byte)
                copied = offset + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[copied...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): raw("\\\"")
        case UInt8(ascii: "\\"): raw("\\\\")
        case 0x08: raw("\\b")
        case 0x09: raw("\\t")
        case 0x0A: raw("\\n")
        case 0x0C: raw("\\f")
        case 0x0D: raw("\\r")
        default:
            raw("\\u00")
            for digit in [byte >> 4, byte & 15] { bytes.append(Self.hexDigits[Int(digit)]) }
        }
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
    private static let mustEscape: [Bool] = (0..<256).map { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C || $0 == 0x7F }
}

extension JSON {
    /// The value as JSON text in UTF-8.
    package var serialized: [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.bytes
    }
}

extension JSON: CustomStringConvertible {
    package var description: String { String(decoding: serialized, as: UTF8.self) }
}
