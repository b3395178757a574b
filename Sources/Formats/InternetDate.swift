/// A point in time with the offset it was written in: `date-time` of RFC 5322 §3.3 and RFC 3339.
package struct InternetDate: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z.
    package var seconds: Int64
    /// Minutes east of UTC, as written. Does not change which moment it is.
    package var offsetMinutes: Int

    package init(seconds: Int64, offsetMinutes: Int = 0) {
        self.seconds = seconds
        self.offsetMinutes = offsetMinutes
    }

    /// Parses a Date field, tolerantly: obsolete zones and years, comments, a missing weekday, seconds or zone. Nil if it is no date.
    package init?(parsing text: some StringProtocol) {
        guard let date = withBytes(of: text, { InternetDate(parsing: $0) }) else { return nil }
        self = date
    }

    /// Parses `2014-10-30T14:12:00+08:00`, strictly as RFC 3339 has it; fractions of a second are dropped.
    package init?(rfc3339 text: some StringProtocol) {
        guard let date = withBytes(of: text, { InternetDate(rfc3339: $0) }) else { return nil }
        self = date
    }

    /// As in a Date field: `Thu, 30 Oct 2014 14:12:00 +0800`.
    package var description: String {
        let (year, month, day, weekday, time) = components(offset: offsetMinutes)
        return "\(Self.weekdays[weekday]), \(day) \(Self.months[month - 1]) \(pad(year, 4)) "
            + "\(pad(time / 3600, 2)):\(pad(time / 60 % 60, 2)):\(pad(time % 60, 2)) \(zone(separator: ""))"
    }

    /// JMAP's Date: `2014-10-30T14:12:00+08:00`, with `Z` for no offset.
    package var rfc3339: String {
        rfc3339(offset: offsetMinutes) + (offsetMinutes == 0 ? "Z" : zone(separator: ":"))
    }

    /// JMAP's UTCDate: `2014-10-30T06:12:00Z`.
    package var utcRFC3339: String { rfc3339(offset: 0) + "Z" }

    private func rfc3339(offset: Int) -> String {
        let (year, month, day, _, time) = components(offset: offset)
        return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T"
            + "\(pad(time / 3600, 2)):\(pad(time / 60 % 60, 2)):\(pad(time % 60, 2))"
    }

    private func zone(separator: String) -> String {
        let minutes = abs(offsetMinutes)
        return "\(offsetMinutes < 0 ? "-" : "+")\(pad(minutes / 60, 2))\(separator)\(pad(minutes % 60, 2))"
    }

    static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}

extension InternetDate: CustomStringConvertible {}

extension InternetDate: Comparable {
    /// Earlier moments first; the offset only breaks ties.
    package static func < (left: InternetDate, right: InternetDate) -> Bool {
        (left.seconds, left.offsetMinutes) < (right.seconds, right.offsetMinutes)
    }
}

// MARK: Calendar

extension InternetDate {
    /// Days from 1970-01-01 to a date of the proleptic Gregorian calendar, by counting years from March.
    static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private func components(offset: Int) -> (year: Int, month: Int, day: Int, weekday: Int, time: Int) {
        let local = Int(seconds) + offset * 60
        let time = ((local % 86_400) + 86_400) % 86_400
        let number = (local - time) / 86_400
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, day, ((number + 4) % 7 + 7) % 7, time)
    }

    private func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return digits.utf8.count >= width ? digits : String(repeating: "0", count: width - digits.utf8.count) + digits
    }

    static func isDate(year: Int, month: Int, day: Int) -> Bool {
        guard (1...12).contains(month), day >= 1 else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return day <= lengths[month - 1]
    }
}
