internal import Formats

/// The header of a message as byte ranges, as far as mail flow must look into it: one pass, nothing decoded.
///
/// Lines may end in CRLF or LF (files of other programs). A message without an empty line is all header.
struct HeaderBlock {
    struct Field {
        let name: String
        /// The whole field with its line ends.
        let range: Range<Int>
        let valueRange: Range<Int>
    }

    /// Longer headers are not looked into further than this.
    static let maximumSize = 256 * 1024

    private let bytes: [UInt8]
    let fields: [Field]
    /// Octets of all fields, before the empty line.
    let size: Int
    /// It ends at an empty line, or with the message. Else another reader may see more fields than are here: it stopped at a line
    /// that is none, or at the maximum size.
    let endsCleanly: Bool

    /// - Parameter bytes: a message or its beginning
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var fields: [Field] = []
        var index = 0
        let end = min(bytes.count, Self.maximumSize)
        while index < end {
            guard let colon = Self.nameEnd(bytes, index, end) else { break }
            let fieldEnd = Self.fieldEnd(bytes, colon, end)
            var nameEnd = colon
            while nameEnd > index, bytes[nameEnd - 1] == 0x20 || bytes[nameEnd - 1] == 0x09 { nameEnd -= 1 }
            let name = String(decoding: bytes[index..<nameEnd], as: UTF8.self).lowercased()
            fields.append(Field(name: name, range: index..<fieldEnd, valueRange: (colon + 1)..<fieldEnd))
            index = fieldEnd
        }
        self.fields = fields
        size = index
        endsCleanly = Self.isEmptyLine(bytes, index, end) || index == bytes.count && index < Self.maximumSize
    }

    /// The message begins with what looks like the rest of a field before it.
    var beginsWithBlank: Bool { bytes.first == 0x20 || bytes.first == 0x09 }

    func count(_ name: String) -> Int { fields.count { $0.name == name } }

    func contains(_ name: String) -> Bool { fields.contains { $0.name == name } }

    /// The raw value of the first field of that (lower-case) name, unfolded.
    func value(_ name: String) -> String? { fields.first { $0.name == name }.map(value) }

    func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(value) }

    private func value(_ field: Field) -> String {
        let unfolded = bytes[field.valueRange].filter { $0 != 0x0D && $0 != 0x0A }
        return String(decoding: unfolded, as: UTF8.self).trimmingBlanks()
    }

    /// The header without the fields of these (lower-case) names.
    func bytes(without names: Set<String>) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(size)
        for field in fields where !names.contains(field.name) { kept += bytes[field.range] }
        return kept
    }

    /// The colon that ends a field name beginning at `start`; nil when no field begins there.
    private static func nameEnd(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int? {
        var index = start
        while index < end, bytes[index] > 0x20, bytes[index] != 0x3A, bytes[index] != 0x7F { index += 1 }
        guard index > start else { return nil }
        while index < end, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
        return index < end && bytes[index] == 0x3A ? index : nil
    }

    private static func isEmptyLine(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Bool {
        guard start < end else { return false }
        return bytes[start] == 0x0A || bytes[start] == 0x0D && start + 1 < end && bytes[start + 1] == 0x0A
    }

    private static func fieldEnd(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
        var index = start
        while index < end {
            guard bytes[index] == 0x0A else {
                index += 1
                continue
            }
            index += 1
            guard index < end, bytes[index] == 0x20 || bytes[index] == 0x09 else { break }
        }
        return index
    }
}

extension String {
    fileprivate func trimmingBlanks() -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(self[first...last])
    }
}

extension HeaderBlock {
    /// The header alone, as a message without a body: for its decoded forms.
    var message: Message { Message(parsing: bytes(without: [])) }
}
