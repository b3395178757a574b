internal import Formats
internal import SMTP

/// The fields that we put on top of a message. RFC 5321 §4.4.
enum TraceHeaders {
    /// How many Received fields end a loop with `554 5.4.6`. Mission §3.
    static let maximumHops = 30

    /// Who gave us a message, and how.
    struct Origin: Sendable {
        var client: ClientFacts
        var peer: Peer
        var hostname: String
        var id: QueueID
        var isSMTPUTF8: Bool
        var time: Int64

        /// Whom SPF, lists, greylisting and rspamd judge.
        var source: MessageSource { MessageSource(client, peer) }
    }

    /// A Received field.
    /// - Parameter recipient: named only when it is the sole one, or one would learn of the others
    static func received(_ origin: Origin, for recipient: String?) -> [UInt8] {
        let name = origin.client.greeting.isEmpty ? "unknown" : atom(origin.client.greeting)
        let kind = origin.client.transmissionType(isSMTPUTF8: origin.isSMTPUTF8)
        var text = "Received: from \(name)"
        if let literal = origin.peer.literal { text += " (\(literal))" }
        text += "\r\n\tby \(origin.hostname) with \(kind) id \(origin.id)"
        if let recipient { text += "\r\n\tfor <\(recipient)>" }
        text += ";\r\n\t\(InternetDate(seconds: origin.time))\r\n"
        return Array(text.utf8)
    }

    /// A client may call itself anything; what would mean something else in the field becomes a question mark.
    private static func atom(_ name: String) -> String {
        String(
            decoding: name.utf8.map { byte -> UInt8 in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x3A, 0x5B, 0x5D, 0x5F: byte
                default: 0x3F
                }
            }, as: UTF8.self)
    }

    /// A message that begins with a blank would go on with our last field: it gets one of its own to go on with. No octet of the
    /// message is touched, and its other fields stay fields.
    static let strayLine = Array("X-Stray-Line: the message began with\r\n".utf8)

    /// What final delivery to a mailbox adds.
    static func delivery(sender: ReversePath, recipient: String) -> [UInt8] {
        Array("Return-Path: <\(sender)>\r\nDelivered-To: \(recipient)\r\n".utf8)
    }
}
