/// Why a command line was not understood. `reply` says it to the client.
package enum CommandError: Error, Hashable, Sendable {
    case unknownCommand
    case syntax(String)
    case badAddress
    /// How many octets follow is not known: the connection cannot go on.
    case chunkSize
    case parameterUnknown(String)
    case parameterInvalid(String)

    package var reply: Reply {
        switch self {
        case .unknownCommand: .unknownCommand
        case .syntax(let text): Reply(501, 5, 5, 2, text)
        case .chunkSize: Reply(501, 5, 5, 4, "Chunk size expected")
        case .badAddress: Reply(501, 5, 1, 3, "Bad address syntax")
        case .parameterUnknown(let name): Reply(555, 5, 5, 4, "Parameter \(name) not supported")
        case .parameterInvalid(let name): Reply(501, 5, 5, 4, "Bad value of parameter \(name)")
        }
    }
}

/// The parameters of MAIL that the session offers. RFC 1870, 6152, 6531, 4954, 3461, 4865.
package struct MailParameters: Hashable, Sendable {
    package var size: Int?
    package var isEightBit = false
    package var isSMTPUTF8 = false
    /// The path itself held characters beyond ASCII.
    package var hasInternationalPath = false
    /// AUTH=: who submitted the message first. Read, and not relied on.
    package var submitter: String?
    package var returns: ReturnedContent?
    /// ENVID=, decoded.
    package var envelopeID: String?
    package var hold: HoldRequest?

    package init() {}
}

/// One command of a client. RFC 5321 §4.1, RFC 2033 §4.
package enum Command: Hashable, Sendable {
    case helo(String)
    case ehlo(String)
    case lhlo(String)
    case mail(ReversePath, MailParameters)
    case rcpt(ForwardPath, NotificationRequest, isInternational: Bool)
    case data
    /// So many octets of the message follow. RFC 3030 §2.
    case bdat(size: Int, isLast: Bool)
    case rset
    case noop
    case quit
    case help
    case verify
    case expand
    case startTLS
    case auth(mechanism: String, initial: [UInt8]?)
    /// Attributes of the client that a server in front speaks for.
    case forwarded([String: String])
    case quitHTTP

    /// Reads a line without its line end.
    package init(parsing line: [UInt8]) throws(CommandError) {
        let line = line[...].trimmingTrailingSpace()
        let verb = line.prefix { $0 != 0x20 }
        let argument = line[verb.endIndex...].drop { $0 == 0x20 }
        switch String(decoding: verb, as: UTF8.self).uppercased() {
        case "HELO": self = .helo(try Self.clientName(argument))
        case "EHLO": self = .ehlo(try Self.clientName(argument))
        case "LHLO": self = .lhlo(try Self.clientName(argument))
        case "MAIL": self = try Self.mail(argument)
        case "RCPT": self = try Self.rcpt(argument)
        case "DATA": self = try Self.bare(.data, argument)
        case "BDAT": self = try Self.chunk(argument)
        case "RSET": self = try Self.bare(.rset, argument)
        case "QUIT": self = try Self.bare(.quit, argument)
        case "STARTTLS": self = try Self.bare(.startTLS, argument)
        case "NOOP": self = .noop
        case "HELP": self = .help
        case "VRFY": self = .verify
        case "EXPN": self = .expand
        case "AUTH": self = try Self.auth(argument)
        case "XFORWARD": self = try Self.forwarded(argument)
        // A browser made to speak to this port: CONNECT and POST never begin an SMTP session.
        case "GET", "POST", "PUT", "CONNECT", "OPTIONS": self = .quitHTTP
        default: throw .unknownCommand
        }
    }

    private static func bare(_ command: Command, _ argument: ArraySlice<UInt8>) throws(CommandError) -> Command {
        guard argument.isEmpty else { throw .syntax("No argument expected") }
        return command
    }

    // RFC 5321 §4.1.4: an unverifiable name is no reason to refuse; a name that cannot be written in a header is. No name holds
    // characters beyond ASCII: that a client speaks SMTPUTF8 is not known before it has greeted (RFC 6531 §3.7.1).
    private static func clientName(_ argument: ArraySlice<UInt8>) throws(CommandError) -> String {
        guard !argument.isEmpty, argument.count <= 255, argument.allSatisfy({ 0x20 < $0 && $0 < 0x7F }) else {
            throw .syntax("Host name expected")
        }
        return String(decoding: argument, as: UTF8.self)
    }

    private static func mail(_ argument: ArraySlice<UInt8>) throws(CommandError) -> Command {
        guard let path = argument.dropping(prefix: "FROM:") else { throw .syntax("MAIL FROM:<address> expected") }
        let scanner = try PathScanner(path)
        var parameters = MailParameters()
        parameters.hasInternationalPath = scanner.isInternational
        for (name, value) in try Self.parameters(scanner.rest) {
            try parameters.take(name, value)
        }
        return .mail(try scanner.reversePath(), parameters)
    }

    private static func rcpt(_ argument: ArraySlice<UInt8>) throws(CommandError) -> Command {
        guard let path = argument.dropping(prefix: "TO:") else { throw .syntax("RCPT TO:<address> expected") }
        let scanner = try PathScanner(path)
        var request = NotificationRequest()
        for (name, value) in try Self.parameters(scanner.rest) { try request.take(name, value) }
        return .rcpt(try scanner.forwardPath(), request, isInternational: scanner.isInternational)
    }

    // RFC 3030 §2: BDAT chunk-size [LAST]
    private static func chunk(_ argument: ArraySlice<UInt8>) throws(CommandError) -> Command {
        let words = argument.split(separator: 0x20)
        guard 1...2 ~= words.count, words[0].allSatisfy({ 0x30...0x39 ~= $0 }),
            let size = Int(String(decoding: words[0], as: UTF8.self)),
            words.count == 1 || String(decoding: words[1], as: UTF8.self).uppercased() == "LAST"
        else { throw .chunkSize }
        return .bdat(size: size, isLast: words.count == 2)
    }

    private static func auth(_ argument: ArraySlice<UInt8>) throws(CommandError) -> Command {
        let words = argument.split(separator: 0x20)
        guard 1...2 ~= words.count else { throw .syntax("AUTH mechanism expected") }
        let mechanism = String(decoding: words[0], as: UTF8.self).uppercased()
        return .auth(mechanism: mechanism, initial: words.count == 2 ? Array(words[1]) : nil)
    }

    private static func forwarded(_ argument: ArraySlice<UInt8>) throws(CommandError) -> Command {
        var attributes: [String: String] = [:]
        for (name, value) in try Self.parameters(argument) {
            guard let value else { throw .parameterInvalid(name) }
            attributes[name] = value
        }
        guard !attributes.isEmpty else { throw .syntax("XFORWARD attribute=value expected") }
        return .forwarded(attributes)
    }

    // RFC 5321 §4.1.1.11: esmtp-keyword ["=" esmtp-value]
    private static func parameters(_ bytes: ArraySlice<UInt8>) throws(CommandError) -> [(String, String?)] {
        var result: [(String, String?)] = []
        for word in bytes.split(separator: 0x20) {
            guard word.allSatisfy({ 0x21...0x7E ~= $0 }) else { throw .syntax("Malformed parameter") }
            let name = word.prefix { $0 != 0x3D }
            let value = word[name.endIndex...].dropFirst()
            let keyword = String(decoding: name, as: UTF8.self).uppercased()
            guard !keyword.isEmpty, name.allSatisfy(\.isKeyword), !result.contains(where: { $0.0 == keyword }) else {
                throw .syntax("Malformed parameter")
            }
            result.append((keyword, name.endIndex == word.endIndex ? nil : String(decoding: value, as: UTF8.self)))
        }
        return result
    }
}

extension MailParameters {
    fileprivate mutating func take(_ name: String, _ value: String?) throws(CommandError) {
        switch name {
        case "SIZE":
            // RFC 1870 §4: 1*20DIGIT. More than Int holds is more than we take, whatever it is.
            guard let value, 1...20 ~= value.utf8.count, value.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else {
                throw .parameterInvalid(name)
            }
            size = Int(value) ?? .max
        case "BODY":
            switch value?.uppercased() {
            case "7BIT": isEightBit = false
            case "8BITMIME": isEightBit = true
            default: throw .parameterInvalid(name)
            }
        case "SMTPUTF8":
            guard value == nil else { throw .parameterInvalid(name) }
            isSMTPUTF8 = true
        case "AUTH":
            guard let value, !value.isEmpty else { throw .parameterInvalid(name) }
            submitter = value
        case "RET":
            guard let value, let returns = ReturnedContent(rawValue: value.uppercased()) else { throw .parameterInvalid(name) }
            self.returns = returns
        case "ENVID":
            guard let value, value.utf8.count <= 100, let text = XText.decode(value) else { throw .parameterInvalid(name) }
            envelopeID = text
        case "HOLDFOR", "HOLDUNTIL":
            // RFC 4865 §5: only one of the two.
            guard hold == nil, let value, let hold = HoldRequest(name, value) else { throw .parameterInvalid(name) }
            self.hold = hold
        default:
            throw .parameterUnknown(name)
        }
    }
}

extension UInt8 {
    fileprivate var isKeyword: Bool {
        0x30...0x39 ~= self || 0x41...0x5A ~= self || 0x61...0x7A ~= self || self == 0x2D
    }
}

extension ArraySlice<UInt8> {
    fileprivate func trimmingTrailingSpace() -> ArraySlice<UInt8> {
        var end = endIndex
        while end > startIndex, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return self[startIndex..<end]
    }

    /// What follows `prefix`, compared without regard to case; nil when it does not begin so.
    fileprivate func dropping(prefix: StaticString) -> ArraySlice<UInt8>? {
        let length = prefix.utf8CodeUnitCount
        guard count >= length else { return nil }
        for (offset, byte) in self.prefix(length).enumerated() {
            let upper = 0x61...0x7A ~= byte ? byte - 0x20 : byte
            guard upper == prefix.utf8Start[offset] else { return nil }
        }
        return self[(startIndex + length)...]
    }
}
