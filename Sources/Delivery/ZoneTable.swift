internal import Formats

/// Records from a zone file (RFC 1035 §5.1), in memory.
///
/// It knows the names that stand in the file, their ancestors below a zone's top, and everything below a name with an SOA
/// record: about those it answers for good. About all others it says nothing. `$SECURE name` says that DNSSEC vouches for the name
/// and all below it.
package struct ZoneTable: Resolver {
    /// Where the file is wrong.
    package struct Failure: Error, Hashable, CustomStringConvertible {
        package let line: Int
        package let reason: String
        package var description: String { "line \(line): \(reason)" }
    }

    private var records: [String: [DNSRecord]] = [:]
    private var names: Set<String> = []
    private var zones: Set<String> = []
    /// Tops of what counts as signed and validated.
    private var secureZones: Set<String> = []

    /// Knows nothing.
    package init() {}

    package init(parsing text: String) throws(Failure) {
        var reader = ZoneReader(text)
        while let entry = try reader.next() {
            names.insert(entry.name)
            if entry.isAuthority { zones.insert(entry.name) }
            if let record = entry.record { records[entry.name, default: []].append(record) }
        }
        secureZones = reader.secureZones
    }

    package func lookUp(_ name: String, _ type: DNSRecordType) async -> DNSAnswer { answer(name, type) ?? .noSuchName }

    package func lookUpValidated(_ name: String, _ type: DNSRecordType) async -> ValidatedAnswer {
        ValidatedAnswer(await lookUp(name, type), isSecure: isSecure(name))
    }

    func isSecure(_ name: String) -> Bool { Self.isBelow(secureZones, ZoneReader.canonical(name)) }

    /// Nil when the table does not know the name.
    func answer(_ name: String, _ type: DNSRecordType) -> DNSAnswer? {
        var name = ZoneReader.canonical(name)
        for _ in 0..<8 {
            guard let found = source(of: name) else { return isBelowZone(name) ? .noSuchName : nil }
            let all = records[found] ?? []
            let matching = all.filter { $0.type == type }
            if !matching.isEmpty { return .records(matching) }
            guard type != .cname, case .cname(let target)? = all.first(where: { $0.type == .cname }) else { return .noData }
            name = target
        }
        return .failed("CNAME chain too long")
    }

    /// The name itself, or the wildcard that covers it (RFC 4592).
    private func source(of name: String) -> String? {
        if names.contains(name) { return name }
        var rest = Substring(name)
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if names.contains("*.\(rest)") { return "*.\(rest)" }
            if names.contains(String(rest)) { return nil }
        }
        return nil
    }

    private func isBelowZone(_ name: String) -> Bool { Self.isBelow(zones, name) }

    private static func isBelow(_ zones: Set<String>, _ name: String) -> Bool {
        var rest = Substring(name)
        while true {
            if zones.contains(String(rest)) { return true }
            guard let dot = rest.firstIndex(of: ".") else { return zones.contains("") && rest.isEmpty }
            rest = rest[rest.index(after: dot)...]
        }
    }
}

extension DNSRecord {
    var type: DNSRecordType {
        switch self {
        case .a: .a
        case .aaaa: .aaaa
        case .mx: .mx
        case .txt: .txt
        case .cname: .cname
        case .ptr: .ptr
        case .tlsa: .tlsa
        }
    }
}

/// Reads entries of a master file.
struct ZoneReader {
    struct Entry {
        let name: String
        /// Nil for a type that we do not use.
        let record: DNSRecord?
        let isAuthority: Bool
    }

    private struct Word {
        let text: String
        let isQuoted: Bool
    }

    private var bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var origin = ""
    private var owner: String?
    private(set) var secureZones: Set<String> = []

    init(_ text: String) { bytes = Array(text.utf8) + [0x0A] }

    static func canonical(_ name: String) -> String {
        let lower = name.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }

    /// The next record; nil at the end of the file.
    mutating func next() throws(ZoneTable.Failure) -> Entry? {
        while index < bytes.count {
            let startsBlank = bytes[index] == 0x20 || bytes[index] == 0x09
            let start = line
            let words = try entryWords()
            guard let first = words.first else { continue }
            if first.text.uppercased() == "$ORIGIN", words.count > 1 {
                origin = absolute(words[1].text)
            } else if first.text.uppercased() == "$SECURE", words.count > 1 {
                secureZones.insert(absolute(words[1].text))
            } else if first.text.hasPrefix("$") {
                // $TTL: how long a table's record lives does not matter. $INCLUDE: one file is enough.
                if first.text.uppercased() != "$TTL" { throw .init(line: start, reason: "\(first.text) is not supported") }
            } else {
                return try entry(words, startsBlank: startsBlank, line: start)
            }
        }
        return nil
    }

    private mutating func entry(_ words: [Word], startsBlank: Bool, line: Int) throws(ZoneTable.Failure) -> Entry {
        var words = words[...]
        if !startsBlank, let first = words.popFirst() { owner = absolute(first.text) }
        guard let owner else { throw .init(line: line, reason: "record without a name") }
        while let word = words.first, Self.isTTL(word.text) || ["IN", "CH", "HS"].contains(word.text.uppercased()) {
            words.removeFirst()
        }
        guard let type = words.popFirst()?.text.uppercased() else { throw .init(line: line, reason: "type expected") }
        let record = try record(type, Array(words), line)
        return Entry(name: owner, record: record, isAuthority: type == "SOA")
    }

    private func record(_ type: String, _ data: [Word], _ line: Int) throws(ZoneTable.Failure) -> DNSRecord? {
        let failure = ZoneTable.Failure(line: line, reason: "bad data of \(type)")
        switch type {
        case "A":
            guard data.count == 1, let address = IPAddress(data[0].text), address.isIPv4 else { throw failure }
            return .a(address.description)
        case "AAAA":
            guard data.count == 1, let address = IPAddress(data[0].text), !address.isIPv4 else { throw failure }
            return .aaaa(address.description)
        case "MX":
            guard data.count == 2, let preference = UInt16(data[0].text) else { throw failure }
            return .mx(preference: Int(preference), host: absolute(data[1].text))
        case "CNAME":
            guard data.count == 1 else { throw failure }
            return .cname(absolute(data[0].text))
        case "PTR":
            guard data.count == 1 else { throw failure }
            return .ptr(absolute(data[0].text))
        case "TXT":
            guard !data.isEmpty else { throw failure }
            return .txt(data.flatMap { Array($0.text.utf8) })
        case "TLSA":
            guard data.count > 3, let usage = UInt8(data[0].text), let selector = UInt8(data[1].text),
                let matching = UInt8(data[2].text), let digits = Self.hexadecimal(data[3...].map(\.text).joined())
            else { throw failure }
            return .tlsa(TLSARecord(usage: usage, selector: selector, matching: matching, data: digits))
        default:
            return nil
        }
    }

    private static func hexadecimal(_ text: String) -> [UInt8]? {
        let digits = text.compactMap(\.hexDigitValue).map(UInt8.init)
        guard digits.count == text.count, digits.count % 2 == 0, !digits.isEmpty else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private func absolute(_ name: String) -> String {
        if name == "@" { return origin }
        if name.hasSuffix(".") || origin.isEmpty { return Self.canonical(name) }
        return "\(name.lowercased()).\(origin)"
    }

    // `3600`, `1h30m`
    private static func isTTL(_ text: String) -> Bool {
        guard let first = text.utf8.first, 0x30...0x39 ~= first else { return false }
        return text.lowercased().utf8.allSatisfy { 0x30...0x39 ~= $0 || Array("smhdw".utf8).contains($0) }
    }

    /// The words of one entry: a line, or several within parentheses. Comments are left out.
    private mutating func entryWords() throws(ZoneTable.Failure) -> [Word] {
        var words: [Word] = []
        var depth = 0
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case 0x0A:
                line += 1
                index += 1
                if depth == 0 { return words }
            case 0x20, 0x09, 0x0D: index += 1
            case 0x28:
                depth += 1
                index += 1
            case 0x29:
                guard depth > 0 else { throw .init(line: line, reason: "unexpected )") }
                depth -= 1
                index += 1
            case 0x3B: while bytes[index] != 0x0A { index += 1 }
            default: words.append(try word())
            }
        }
        if depth > 0 { throw .init(line: line, reason: ") expected") }
        return words
    }

    private mutating func word() throws(ZoneTable.Failure) -> Word {
        let isQuoted = bytes[index] == 0x22
        if isQuoted { index += 1 }
        var text: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x0A {
                guard !isQuoted else { throw .init(line: line, reason: "string is not closed") }
                break
            }
            if isQuoted ? byte == 0x22 : [0x20, 0x09, 0x0D, 0x28, 0x29, 0x3B].contains(byte) { break }
            index += 1
            if byte == 0x5C { text.append(escaped()) } else { text.append(byte) }
        }
        if isQuoted { index += 1 }
        return Word(text: String(decoding: text, as: UTF8.self), isQuoted: isQuoted)
    }

    /// `\DDD` or `\X`.
    private mutating func escaped() -> UInt8 {
        let digits = bytes[index...].prefix(3)
        if digits.count == 3, let value = UInt8(String(decoding: digits, as: UTF8.self)) {
            index += 3
            return value
        }
        defer { index += 1 }
        return bytes[index]
    }
}
