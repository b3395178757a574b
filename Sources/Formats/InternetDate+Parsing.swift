extension InternetDate {
    /// RFC 5322 §3.3 with §4.3, and what real programs write.
    ///
    /// The text is cut into words (letters), numbers (with `:` for the time, a sign for the zone); their order is that of RFC 5322,
    /// or that of `asctime` (`Thu Oct 30 14:12:00 2014`). What is missing at the end is taken as zero.
    init?(parsing value: Bytes) {
        let tokens = Self.tokens(of: value)
        var fields = DateFields()
        for token in tokens {
            guard fields.take(token, in: value) else { return nil }
        }
        guard let date = fields.date else { return nil }
        self = date
    }

    init?(rfc3339 text: Bytes) {
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= text.count else { return nil }
            return Self.number(text, range)
        }
        func isAt(_ index: Int, _ bytes: UInt8...) -> Bool { index < text.count && bytes.contains(text[index]) }
        guard let year = number(0..<4), isAt(4, ASCII.hyphen), let month = number(5..<7), isAt(7, ASCII.hyphen),
            let day = number(8..<10), isAt(10, 0x54, 0x74), let hour = number(11..<13), isAt(13, ASCII.colon),
            let minute = number(14..<16), isAt(16, ASCII.colon), let second = number(17..<19),
            Self.isDate(year: year, month: month, day: day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var index = 19
        if isAt(index, ASCII.dot) {
            index += 1
            guard index < text.count, text[index].isASCIIDigit else { return nil }
            while index < text.count, text[index].isASCIIDigit { index += 1 }
        }
        var offset = 0
        if isAt(index, 0x5A, 0x7A) {
            index += 1
        } else {
            guard isAt(index, ASCII.plus, ASCII.hyphen), let hours = number(index + 1..<index + 3),
                isAt(index + 3, ASCII.colon), let minutes = number(index + 4..<index + 6), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * (text[index] == ASCII.hyphen ? -1 : 1)
            index += 6
        }
        guard index == text.count else { return nil }
        let days = Self.days(year: year, month: month, day: day)
        self.init(seconds: Int64(days * 86_400 + hour * 3600 + minute * 60 + second - offset * 60), offsetMinutes: offset)
    }

    /// Up to six digits; nil when anything else is in the range.
    fileprivate static func number(_ text: Bytes, _ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.count <= 6 else { return nil }
        var value = 0
        for index in range {
            guard text[index].isASCIIDigit else { return nil }
            value = value * 10 + Int(text[index] & 15)
        }
        return value
    }

    /// Splits at blanks, commas, and between day, month and year joined by hyphens; comments go. At most 16 tokens.
    private static func tokens(of value: Bytes) -> [Range<Int>] {
        var tokens: [Range<Int>] = []
        var index = 0
        var depth = 0
        while index < value.count, tokens.count < 16 {
            let byte = value[index]
            if byte == ASCII.openParen { depth += 1 }
            if byte == ASCII.closeParen, depth > 0 { depth -= 1 }
            guard depth == 0, isTokenByte(byte) else {
                index += 1
                continue
            }
            let start = index
            index += 1
            while index < value.count, isTokenByte(value[index]), continues(value, from: start, at: index) { index += 1 }
            tokens.append(start..<index)
        }
        return tokens
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || byte.isASCIILetter || byte == ASCII.colon || byte == ASCII.plus || byte == ASCII.hyphen
            || byte == ASCII.dot
    }

    /// A change between letters and digits, or a sign, begins a new token.
    private static func continues(_ value: Bytes, from start: Int, at index: Int) -> Bool {
        let byte = value[index]
        if byte == ASCII.plus || byte == ASCII.hyphen { return false }
        let previous = value[index - 1]
        if previous == ASCII.plus || previous == ASCII.hyphen { return byte.isASCIIDigit }
        return byte.isASCIILetter == previous.isASCIILetter
    }
}

/// What has been read of a date so far.
private struct DateFields {
    private var day: Int?
    private var month: Int?
    private var year: Int?
    private var time: Int?
    private var offset: Int?

    /// Adds a token; false when it makes no sense.
    mutating func take(_ range: Range<Int>, in value: Bytes) -> Bool {
        let token = value.slice(range)
        if token[0].isASCIILetter { return takeWord(token) }
        if token.contains(ASCII.colon) || (time == nil && year != nil && token.contains(ASCII.dot)) { return takeTime(token) }
        if token[0] == ASCII.plus || token[0] == ASCII.hyphen {
            if token.count == 1 { return true }
            let digits = token.slice(1..<token.count)
            // `30-10-2014` has hyphens between its parts; a zone comes only after the time.
            return time == nil ? takeNumber(digits) : takeOffset(digits, isNegative: token[0] == ASCII.hyphen)
        }
        return takeNumber(token)
    }

    var date: InternetDate? {
        guard let day, let month, let year, (1000...9999).contains(year),
            InternetDate.isDate(year: year, month: month, day: day)
        else { return nil }
        let offset = offset ?? 0
        let days = InternetDate.days(year: year, month: month, day: day)
        return InternetDate(seconds: Int64(days * 86_400 + (time ?? 0) - offset * 60), offsetMinutes: offset)
    }

    private mutating func takeWord(_ word: Bytes) -> Bool {
        if month == nil, word.count >= 3, let number = Self.index(of: word, in: InternetDate.months) {
            month = number + 1
            return true
        }
        if time == nil { return true }
        if offset == nil { offset = Self.zone(word) }
        return true
    }

    private static func index(of word: Bytes, in names: [String]) -> Int? {
        names.firstIndex { name in
            zip(word.prefix(3), name.utf8).allSatisfy { $0.asciiLowercased == $1.asciiLowercased }
        }
    }

    private mutating func takeNumber(_ token: Bytes) -> Bool {
        var end = token.count
        while end > 0, token[end - 1] == ASCII.dot { end -= 1 }
        guard let number = InternetDate.number(token, 0..<end) else { return false }
        if day == nil, end <= 2 {
            day = number
        } else if year == nil, month != nil || end == 4 {
            year = Self.fullYear(number, digits: end)
        } else if time != nil, offset == nil, end == 4 {
            return takeOffset(token.slice(0..<end), isNegative: false)
        } else if month == nil, end <= 2 {
            month = number
        }
        return true
    }

    /// RFC 5322 §4.3: two digits below 50 are 20xx, above 19xx; three digits count from 1900, as do programs
    /// that write 0102 for 2002.
    private static func fullYear(_ number: Int, digits: Int) -> Int {
        switch digits {
        case ...2: number < 50 ? number + 2000 : number + 1900
        default: number < 1000 ? number + 1900 : number
        }
    }

    private mutating func takeTime(_ token: Bytes) -> Bool {
        guard time == nil else { return true }
        let parts = token.split(maxSplits: 3, whereSeparator: { $0 == ASCII.colon || $0 == ASCII.dot })
        guard parts.count >= 2 else { return false }
        let numbers = parts.prefix(3).map { InternetDate.number(Bytes(rebasing: $0), 0..<$0.count) }
        guard let hour = numbers[0], let minute = numbers[1], hour < 24, minute < 60 else { return false }
        let second = numbers.count > 2 ? (numbers[2] ?? 0) : 0
        guard second <= 61 else { return false }
        time = hour * 3600 + minute * 60 + min(second, 59)
        return true
    }

    private mutating func takeOffset(_ digits: Bytes, isNegative: Bool) -> Bool {
        guard offset == nil else { return true }
        guard let number = InternetDate.number(digits, 0..<digits.count) else { return true }
        let minutes = digits.count <= 2 ? number * 60 : number / 100 * 60 + number % 100
        guard minutes < 24 * 60 else { return true }
        offset = isNegative ? -minutes : minutes
        return true
    }

    /// RFC 5322 §4.3; unknown zones and the military letters mean that nothing is known.
    private static func zone(_ word: Bytes) -> Int? {
        for (name, hours) in zones where word.equalsIgnoringCase(name) { return hours * 60 }
        return nil
    }

    private static let zones: [(StaticString, Int)] = [
        ("UT", 0), ("GMT", 0), ("UTC", 0), ("Z", 0), ("EST", -5), ("EDT", -4), ("CST", -6), ("CDT", -5), ("MST", -7),
        ("MDT", -6), ("PST", -8), ("PDT", -7), ("CET", 1), ("CEST", 2), ("MET", 1), ("MEST", 2), ("BST", 1), ("WET", 0),
        ("WEST", 1), ("EET", 2), ("EEST", 3), ("MSK", 3), ("JST", 9), ("KST", 9),
    ]
}
