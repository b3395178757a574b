internal import Formats

/// What of a message a failure notification returns: RET= of MAIL. RFC 3461 §4.3.
package enum ReturnedContent: String, Hashable, Sendable, Codable {
    case full = "FULL"
    case headers = "HDRS"
}

/// When the sender wants to hear of a recipient: NOTIFY= and ORCPT= of RCPT. RFC 3461 §4.1, §4.2.
package struct NotificationRequest: Hashable, Sendable, Codable {
    package enum Event: String, Hashable, Sendable, Codable, CaseIterable {
        case success = "SUCCESS"
        case failure = "FAILURE"
        case delay = "DELAY"
    }

    /// Empty means never; nil means that the sender did not say: failures and delays are told.
    package var events: Set<Event>?
    /// The address that the sender wrote first, with its type: `rfc822;bob@example.org`, decoded.
    package var original: String?

    package init(events: Set<Event>? = nil, original: String? = nil) {
        self.events = events
        self.original = original
    }

    /// Whether the sender is to be told of it.
    package func wants(_ event: Event) -> Bool { events.map { $0.contains(event) } ?? (event != .success) }

    /// The value of NOTIFY= that says the same; nil for none.
    package var notifyValue: String? {
        guard let events else { return nil }
        return events.isEmpty ? "NEVER" : Event.allCases.filter(events.contains).map(\.rawValue).joined(separator: ",")
    }

    /// The value of ORCPT= that says the same; nil for none.
    package var originalValue: String? {
        guard let original, let separator = original.firstIndex(of: ";") else { return nil }
        return "\(original[..<separator]);\(XText.encode(original[original.index(after: separator)...]))"
    }

    /// Reads NOTIFY= as it is written, NEVER as the empty set; nil when malformed.
    package static func events(parsing value: String) -> Set<Event>? {
        if value.uppercased() == "NEVER" { return [] }
        var events: Set<Event> = []
        for word in value.uppercased().split(separator: ",", omittingEmptySubsequences: false) {
            guard let event = Event(rawValue: String(word)) else { return nil }
            events.insert(event)
        }
        return events
    }

    /// Reads ORCPT= as it is written; nil when malformed.
    package static func original(parsing value: String) -> String? {
        guard value.utf8.count <= 500, let separator = value.firstIndex(of: ";"), separator != value.startIndex,
            value[..<separator].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2B && $0 != 0x3D }),
            let address = XText.decode(value[value.index(after: separator)...]), !address.isEmpty
        else { return nil }
        return "\(value[..<separator].lowercased());\(address)"
    }

    mutating func take(_ name: String, _ value: String?) throws(CommandError) {
        switch name {
        case "NOTIFY":
            guard let value, let events = Self.events(parsing: value) else { throw .parameterInvalid(name) }
            self.events = events
        case "ORCPT":
            guard let value, let original = Self.original(parsing: value) else { throw .parameterInvalid(name) }
            self.original = original
        default:
            throw .parameterUnknown(name)
        }
    }
}

/// How long a submission is to wait: HOLDFOR= or HOLDUNTIL= of MAIL. RFC 4865.
package enum HoldRequest: Hashable, Sendable {
    /// So many seconds.
    case interval(Int64)
    /// Seconds since 1970.
    case until(Int64)

    init?(_ name: String, _ value: String) {
        if name == "HOLDFOR" {
            guard 1...9 ~= value.utf8.count, value.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let seconds = Int64(value) else { return nil }
            self = .interval(seconds)
        } else {
            guard let date = InternetDate(rfc3339: value) else { return nil }
            self = .until(date.seconds)
        }
    }

    /// Seconds since 1970 at which it is over; nil when that is further off than `longest` seconds.
    package func end(now: Int64, longest: Int64) -> Int64? {
        switch self {
        case .interval(let seconds): seconds <= longest ? now + seconds : nil
        case .until(let time): time <= now + longest ? max(time, now) : nil
        }
    }
}

/// Text in a parameter's value. RFC 3461 §4.
package enum XText {
    package static func encode(_ text: some StringProtocol) -> String {
        var out = ""
        for byte in text.utf8 {
            if 0x21...0x7E ~= byte, byte != 0x2B, byte != 0x3D {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                out += digits.utf8.count == 1 ? "+0\(digits)" : "+\(digits)"
            }
        }
        return out
    }

    /// Printable text alone: what could end a line is refused.
    package static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == 0x2B else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
