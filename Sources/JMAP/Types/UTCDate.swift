/// A point in time as JMAP writes it: RFC 3339, years 0000–9999 (RFC 8620 §1.4).
///
/// `UTCDate` is the form with `Z`; `Date` has any offset. Both are kept to the nanosecond, and written with a fraction only
/// when it is not zero.
package struct UTCDate: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    package let seconds: Int
    /// 0 ..< 1,000,000,000.
    package let nanoseconds: Int

    package init(seconds: Int, nanoseconds: Int = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Reads a `UTCDate`; nil when it is not one, or names an offset other than `Z`.
    package init?(_ text: String) {
        guard let parsed = ZonedDate(text), parsed.isUTC else { return nil }
        self = parsed.date
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    package var description: String { ZonedDate(date: self, offsetMinutes: 0, isUTC: true).description }
}

/// JMAP's `Date`: a point in time with the offset that it was written in (RFC 8620 §1.4).
package struct ZonedDate: Hashable, Sendable, CustomStringConvertible {
    package let date: UTCDate
    /// East is positive.
    package let offsetMinutes: Int
    /// Written with `Z`, not with `+00:00`.
    package let isUTC: Bool

    package init(date: UTCDate, offsetMinutes: Int, isUTC: Bool = false) {
        self.date = date
        self.offsetMinutes = offsetMinutes
        self.isUTC = isUTC
    }

    /// Reads the strict form that RFC 8620 §1.4 asks for: capital `T` and `Z`, real calendar days, no leap second but 60.
    package init?(_ text: String) {
        var scanner = DateScanner(Array(text.utf8))
        guard let year = scanner.number(4), scanner.take("-"), let month = scanner.number(2), scanner.take("-"),
            let day = scanner.number(2), scanner.take("T"), let hour = scanner.number(2), scanner.take(":"),
            let minute = scanner.number(2), scanner.take(":"), let second = scanner.number(2),
            1...12 ~= month, 1...Self.days(inMonth: month, of: year) ~= day, hour < 24, minute < 60, second <= 60
        else { return nil }
        var nanoseconds = 0
        if scanner.take(".") {
            guard let fraction = scanner.fraction() else { return nil }
            nanoseconds = fraction
        }
        isUTC = scanner.take("Z")
        if isUTC {
            offsetMinutes = 0
        } else {
            let isEast = scanner.take("+")
            guard isEast || scanner.take("-"), let hours = scanner.number(2), scanner.take(":"),
                let minutes = scanner.number(2), hours < 24, minutes < 60
            else { return nil }
            offsetMinutes = (isEast ? 1 : -1) * (hours * 60 + minutes)
        }
        guard scanner.isAtEnd else { return nil }
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        date = UTCDate(
            seconds: days * 86_400 + hour * 3600 + minute * 60 + min(second, 59) - offsetMinutes * 60,
            nanoseconds: nanoseconds)
    }

    package var description: String {
        let local = date.seconds + offsetMinutes * 60
        let day = Int((Double(local) / 86_400).rounded(.down))
        let time = local - day * 86_400
        let (year, month, dayOfMonth) = Self.civil(daysSinceEpoch: day)
        var text = [UInt8]()
        text.reserveCapacity(25)
        func put(_ value: Int, _ width: Int) {
            let digits = String(max(value, 0))
            for _ in 0..<max(0, width - digits.utf8.count) { text.append(0x30) }
            text.append(contentsOf: digits.utf8)
        }
        put(year, 4)
        text.append(UInt8(ascii: "-"))
        put(month, 2)
        text.append(UInt8(ascii: "-"))
        put(dayOfMonth, 2)
        text.append(UInt8(ascii: "T"))
        put(time / 3600, 2)
        text.append(UInt8(ascii: ":"))
        put(time / 60 % 60, 2)
        text.append(UInt8(ascii: ":"))
        put(time % 60, 2)
        if date.nanoseconds != 0 {
            text.append(UInt8(ascii: "."))
            put(date.nanoseconds, 9)
            while text.last == 0x30 { text.removeLast() }
        }
        if isUTC {
            text.append(UInt8(ascii: "Z"))
        } else {
            text.append(UInt8(ascii: offsetMinutes < 0 ? "-" : "+"))
            put(abs(offsetMinutes) / 60, 2)
            text.append(UInt8(ascii: ":"))
            put(abs(offsetMinutes) % 60, 2)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar, by eras of 400 years that begin on 1 March.
    private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func civil(daysSinceEpoch days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

/// Reads fixed-width digits and single characters off the front of an RFC 3339 date.
private struct DateScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func number(_ width: Int) -> Int? {
        guard bytes.count - position >= width else { return nil }
        var value = 0
        for byte in bytes[position..<position + width] {
            guard 0x30...0x39 ~= byte else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        position += width
        return value
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// One digit or more after the point, as nanoseconds; what is finer is cut off.
    mutating func fraction() -> Int? {
        var value = 0
        var digits = 0
        while position < bytes.count, 0x30...0x39 ~= bytes[position] {
            if digits < 9 { value = value * 10 + Int(bytes[position] - 0x30) }
            digits += 1
            position += 1
        }
        guard digits > 0 else { return nil }
        for _ in digits..<max(digits, 9) { value *= 10 }
        return value
    }
}
