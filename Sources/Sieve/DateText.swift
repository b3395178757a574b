import Formats

/// The parts of a moment as strings: RFC 5260 §4.2.
enum DateText {
    static func part(_ part: DatePart, of moment: Int64, offset: Int) -> Octets {
        // What lies outside of the years 0 to 9999 has no text.
        let moment = min(max(moment, -62_000_000_000), 253_000_000_000)
        let date = InternetDate(seconds: moment, offsetMinutes: offset)
        let text = date.rfc3339
        func slice(_ low: Int, _ high: Int) -> Octets { Octets(text.utf8.dropFirst(low).prefix(high - low)) }
        let day = Int(((Double(moment) + Double(offset) * 60) / 86_400).rounded(.down))
        return switch part {
        case .year: slice(0, 4)
        case .month: slice(5, 7)
        case .day: slice(8, 10)
        case .date: slice(0, 10)
        case .hour: slice(11, 13)
        case .minute: slice(14, 16)
        case .second: slice(17, 19)
        case .time: slice(11, 19)
        case .iso8601: slice(0, 19) + (offset == 0 ? [UInt8(ascii: "Z")] : zone(offset, separator: ":"))
        case .std11: Octets(date.description.utf8)
        case .zone: zone(offset, separator: "")
        // The Modified Julian Day; 1970-01-01 was a Thursday.
        case .julian: Octets(String(day + 40_587).utf8)
        case .weekday: Octets(String(((day + 4) % 7 + 7) % 7).utf8)
        }
    }

    private static func zone(_ offset: Int, separator: String) -> Octets {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return Octets("\(offset < 0 ? "-" : "+")\(two(abs(offset) / 60))\(separator)\(two(abs(offset) % 60))".utf8)
    }

    /// The date in a field's value: the whole of it, or what follows the last semicolon (Received).
    static func date(in value: Octets) -> InternetDate? {
        let tail = value.lastIndex(of: UInt8(ascii: ";")).map { Octets(value[($0 + 1)...]) } ?? value
        return InternetDate(parsing: tail.prefix(500).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
    }
}

extension DateZone {
    /// `+hhmm` or `-hhmm` as minutes.
    static func minutes(_ octets: Octets) -> Int? {
        guard octets.count == 5, octets[0] == UInt8(ascii: "+") || octets[0] == UInt8(ascii: "-"),
            octets.dropFirst().allSatisfy(\.isDigit)
        else { return nil }
        let digits = octets.dropFirst().map { Int($0 - 0x30) }
        let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
        guard hours < 24, minutes < 60 else { return nil }
        return (hours * 60 + minutes) * (octets[0] == UInt8(ascii: "-") ? -1 : 1)
    }
}
