internal import Formats
internal import SMTP

/// A delivery status notification: what a sender is told of a message. RFC 3464, RFC 6522, RFC 6533.
struct StatusNotification {
    enum Kind: Hashable { case failed, delayed, arrived }

    /// The most of a message that a notification brings back.
    static let maximumReturned = 512 * 1024

    private let kind: Kind
    private let entry: OutboxEntry
    private let recipients: [OutboxEntry.Recipient]
    private let hostname: String
    private let id: QueueID
    private let now: Int64

    /// - Parameters:
    ///   - recipients: indexes of those that are told about
    ///   - id: the notification's own
    init(_ kind: Kind, entry: OutboxEntry, recipients: [Int], hostname: String, id: QueueID, now: Int64) {
        self.kind = kind
        self.entry = entry
        self.recipients = recipients.map { entry.recipients[$0] }
        self.hostname = hostname
        self.id = id
        self.now = now
    }

    /// The whole message: multipart/report with a text for people, one for programs, and the original or its header.
    /// - Parameters:
    ///   - original: the message, or its beginning
    ///   - isWhole: give it back whole
    func message(original: [UInt8], isWhole: Bool) -> [UInt8] {
        let boundary = "=_\(id)/\(hostname)"
        let header = HeaderBlock(original)
        let returned = isWhole ? original : header.bytes(without: [])
        let isEightBit = returned.contains { $0 >= 0x80 }
        let returnedType = switch (isWhole, needsSMTPUTF8) {
        case (true, true): "message/global"
        case (true, false): "message/rfc822"
        case (false, true): "message/global-headers"
        case (false, false): "text/rfc822-headers"
        }
        var text = fields(boundary, header)
        text += "\r\nThis is a delivery report in MIME format.\r\n"
        text += part(boundary, "text/plain; charset=utf-8", notice(isWhole: isWhole), isEightBit: needsSMTPUTF8)
        text += part(boundary, "message/\(needsSMTPUTF8 ? "global-" : "")delivery-status", status, isEightBit: needsSMTPUTF8)
        text += part(boundary, returnedType, "", isEightBit: isEightBit)
        var bytes = Array(text.utf8)
        var encoder = LineEnds()
        encoder.append(returned, to: &bytes)
        bytes += "\r\n--\(boundary)--\r\n".utf8
        return bytes
    }

    private var needsSMTPUTF8: Bool {
        entry.needsSMTPUTF8 || recipients.contains { $0.address.utf8.contains { $0 >= 0x80 } }
    }

    private func fields(_ boundary: String, _ original: HeaderBlock) -> String {
        var text = """
            From: Mail Delivery <postmaster@\(hostname)>\r
            To: <\(entry.sender)>\r
            Subject: \(subject)\r
            Date: \(InternetDate(seconds: now))\r
            Message-ID: <\(id)@\(hostname)>\r
            Auto-Submitted: auto-replied\r
            MIME-Version: 1.0\r
            Content-Type: multipart/report; report-type=delivery-status;\r
            \tboundary="\(boundary)"\r

            """
        if let parent = original.value("message-id"), parent.utf8.count < 900,
            parent.utf8.allSatisfy({ 0x20...0x7E ~= $0 })
        {
            text += "In-Reply-To: \(parent)\r\nReferences: \(parent)\r\n"
        }
        return text
    }

    private var subject: String {
        switch kind {
        case .failed: "Undelivered mail returned to sender"
        case .delayed: "Delayed mail (still being tried)"
        case .arrived: "Delivery confirmed"
        }
    }

    private func part(_ boundary: String, _ type: String, _ body: String, isEightBit: Bool) -> String {
        let encoding = isEightBit ? "8bit" : "7bit"
        return "\r\n--\(boundary)\r\nContent-Type: \(type)\r\nContent-Transfer-Encoding: \(encoding)\r\n\r\n\(body)"
    }

    // MARK: For people

    private func notice(isWhole: Bool) -> String {
        var text = "This is the mail server at \(hostname).\r\n\r\n"
        switch kind {
        case .failed:
            text += "Your message could not be delivered to the following recipients. It will not be\r\n"
            text += "tried again.\r\n"
        case .delayed:
            text += "Your message could not be delivered to the following recipients yet. You need\r\n"
            text += "not send it again: it is tried until \(InternetDate(seconds: entry.expires)).\r\n"
        case .arrived: text += "Your message was delivered to the following recipients, as you asked to be told.\r\n"
        }
        for recipient in recipients { text += "\r\n" + paragraph(recipient) }
        return text + "\r\n\(isWhole ? "Your message" : "The header of your message") is attached.\r\n"
    }

    private func paragraph(_ recipient: OutboxEntry.Recipient) -> String {
        var text = "<\(recipient.address)>\r\n"
        if kind == .arrived, recipient.host == nil { return text + "    It lies in the mailbox.\r\n" }
        if recipient.state == .expired { text += "    given up after \(days)\r\n" }
        let speaker = recipient.host.map { "\(Self.oneLine($0)) said: " } ?? ""
        text += "    \(speaker)\(Self.oneLine(recipient.reply ?? "no reason given"))\r\n"
        if kind == .arrived { text += "    That server does not tell what it does next.\r\n" }
        return text
    }

    private var days: String {
        let days = max(1, (now - entry.created) / 86_400)
        return days == 1 ? "1 day" : "\(days) days"
    }

    // MARK: For programs. RFC 3464 §2

    private var status: String {
        var text = ""
        if let id = entry.envelopeID { text += "Original-Envelope-Id: \(XText.encode(id))\r\n" }
        text += "Reporting-MTA: dns; \(hostname)\r\n"
        text += "Arrival-Date: \(InternetDate(seconds: entry.created))\r\n"
        for recipient in recipients { text += "\r\n" + status(of: recipient) }
        return text
    }

    private func status(of recipient: OutboxEntry.Recipient) -> String {
        let isInternational = recipient.address.utf8.contains { $0 >= 0x80 }
        var text = ""
        if let original = recipient.request?.original, let separator = original.firstIndex(of: ";") {
            text += "Original-Recipient: \(original[..<separator]); \(original[original.index(after: separator)...])\r\n"
        }
        text += "Final-Recipient: \(isInternational ? "utf-8" : "rfc822"); \(recipient.address)\r\n"
        text += "Action: \(action(recipient))\r\nStatus: \(code(recipient))\r\n"
        if let host = recipient.host, let reply = recipient.reply {
            text += "Remote-MTA: dns; \(Self.oneLine(host))\r\nDiagnostic-Code: smtp; \(Self.oneLine(reply))\r\n"
        } else if let reply = recipient.reply, kind != .arrived {
            text += "Diagnostic-Code: x-mailportal; \(Self.oneLine(reply))\r\n"
        }
        text += "Last-Attempt-Date: \(InternetDate(seconds: now))\r\n"
        if kind == .delayed { text += "Will-Retry-Until: \(InternetDate(seconds: entry.expires))\r\n" }
        return text
    }

    private func action(_ recipient: OutboxEntry.Recipient) -> String {
        switch kind {
        case .failed: "failed"
        case .delayed: "delayed"
        case .arrived: recipient.host == nil ? "delivered" : "relayed"
        }
    }

    /// The enhanced status of the last reply. A transient one that was tried for too long stays what it was: RFC 3464 §2.3.4.
    private func code(_ recipient: OutboxEntry.Recipient) -> String {
        let words = (recipient.reply ?? "").split(separator: " ")
        let known = words.count > 1 ? EnhancedStatus(parsing: words[1]) : nil
        switch kind {
        case .arrived: return known.flatMap { $0.category == 2 ? "\($0)" : nil } ?? "2.0.0"
        case .delayed: return known.flatMap { $0.category == 4 ? "\($0)" : nil } ?? "4.0.0"
        case .failed:
            if let known, known.category != 2 { return "\(known)" }
            return recipient.state == .expired ? "4.4.7" : "5.0.0"
        }
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
