internal import Formats

/// A delivery status notification: what a sender is told when a message could not be delivered. RFC 3464, RFC 3462.
struct StatusNotification {
    private let entry: OutboxEntry
    private let failed: [Int]
    private let hostname: String
    private let id: QueueID
    private let now: Int64

    /// - Parameters:
    ///   - failed: indexes of the recipients that are told about
    ///   - id: the notification's own
    init(entry: OutboxEntry, failed: [Int], hostname: String, id: QueueID, now: Int64) {
        self.entry = entry
        self.failed = failed
        self.hostname = hostname
        self.id = id
        self.now = now
    }

    /// The whole message: multipart/report with a text for people, one for programs, and the original's header.
    /// - Parameter original: the failed message, or its beginning
    func message(original: [UInt8]) -> [UInt8] {
        let boundary = "=_\(id)/\(hostname)"
        let header = HeaderBlock(original).bytes(without: [])
        let isEightBit = header.contains { $0 >= 0x80 }
        var text = fields(boundary, inReplyTo: HeaderBlock(original).value("message-id"))
        text += "\r\nThis is a delivery report in MIME format.\r\n"
        text += part(boundary, "text/plain; charset=utf-8", notice, isEightBit: needsSMTPUTF8)
        text += part(boundary, "message/\(needsSMTPUTF8 ? "global-" : "")delivery-status", status, isEightBit: needsSMTPUTF8)
        text += part(boundary, "text/rfc822-headers", "", isEightBit: isEightBit)
        var bytes = Array(text.utf8)
        var encoder = LineEnds()
        encoder.append(header, to: &bytes)
        bytes += "\r\n--\(boundary)--\r\n".utf8
        return bytes
    }

    private var needsSMTPUTF8: Bool {
        entry.needsSMTPUTF8 || failed.contains { entry.recipients[$0].address.utf8.contains { $0 >= 0x80 } }
    }

    private func fields(_ boundary: String, inReplyTo: String?) -> String {
        var text = """
            From: Mail Delivery <postmaster@\(hostname)>\r
            To: <\(entry.sender)>\r
            Subject: Undelivered mail returned to sender\r
            Date: \(InternetDate(seconds: now))\r
            Message-ID: <\(id)@\(hostname)>\r
            Auto-Submitted: auto-replied\r
            MIME-Version: 1.0\r
            Content-Type: multipart/report; report-type=delivery-status;\r
            \tboundary="\(boundary)"\r

            """
        if let inReplyTo, inReplyTo.utf8.count < 900, inReplyTo.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) {
            text += "In-Reply-To: \(inReplyTo)\r\nReferences: \(inReplyTo)\r\n"
        }
        return text
    }

    private func part(_ boundary: String, _ type: String, _ body: String, isEightBit: Bool) -> String {
        let encoding = isEightBit ? "8bit" : "7bit"
        return "\r\n--\(boundary)\r\nContent-Type: \(type)\r\nContent-Transfer-Encoding: \(encoding)\r\n\r\n\(body)"
    }

    // MARK: For people

    private var notice: String {
        var text = "This is the mail server at \(hostname).\r\n\r\n"
        text += "Your message could not be delivered to the following recipients. It will not be\r\n"
        text += "tried again.\r\n"
        for index in failed {
            let recipient = entry.recipients[index]
            text += "\r\n<\(recipient.address)>\r\n"
            if recipient.state == .expired { text += "    given up after \(days) days\r\n" }
            let speaker = recipient.host.map { "\($0) said: " } ?? ""
            text += "    \(speaker)\(Self.oneLine(recipient.reply ?? "no reason given"))\r\n"
        }
        return text + "\r\nThe header of your message is attached.\r\n"
    }

    private var days: Int64 { max(1, (now - entry.created) / 86_400) }

    // MARK: For programs. RFC 3464 §2

    private var status: String {
        var text = "Reporting-MTA: dns; \(hostname)\r\n"
        text += "Arrival-Date: \(InternetDate(seconds: entry.created))\r\n"
        for index in failed { text += "\r\n" + status(of: entry.recipients[index]) }
        return text
    }

    private func status(of recipient: OutboxEntry.Recipient) -> String {
        let isInternational = recipient.address.utf8.contains { $0 >= 0x80 }
        var text = "Final-Recipient: \(isInternational ? "utf-8" : "rfc822"); \(recipient.address)\r\n"
        text += "Action: failed\r\nStatus: \(Self.code(recipient))\r\n"
        if let host = recipient.host, let reply = recipient.reply {
            text += "Remote-MTA: dns; \(host)\r\nDiagnostic-Code: smtp; \(Self.oneLine(reply))\r\n"
        } else if let reply = recipient.reply {
            text += "Diagnostic-Code: x-mailportal; \(Self.oneLine(reply))\r\n"
        }
        return text + "Last-Attempt-Date: \(InternetDate(seconds: now))\r\n"
    }

    /// The enhanced status of the last reply. A transient one that was tried for too long stays what it was: RFC 3464 §2.3.4.
    private static func code(_ recipient: OutboxEntry.Recipient) -> String {
        let words = (recipient.reply ?? "").split(separator: " ")
        if words.count > 1, words[1].first == "5" || words[1].first == "4", words[1].split(separator: ".").count == 3 {
            return String(words[1])
        }
        return recipient.state == .expired ? "4.4.7" : "5.0.0"
    }

    private static func oneLine(_ text: String) -> String {
        String(decoding: text.utf8.prefix(600).map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
    }
}

/// Turns every line end into CRLF.
private struct LineEnds {
    private var previous: UInt8 = 0x0A

    mutating func append(_ input: [UInt8], to bytes: inout [UInt8]) {
        for byte in input {
            if byte == 0x0A, previous != 0x0D { bytes.append(0x0D) }
            bytes.append(byte)
            previous = byte
        }
    }
}
