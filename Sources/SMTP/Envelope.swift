/// What a client said about a message before sending it.
package struct Envelope: Sendable {
    package var sender: ReversePath
    /// Accepted recipients in the order of RCPT, as the client wrote them; the same one may stand twice.
    package var recipients: [ForwardPath]
    /// What was said with each recipient, in the same order.
    package var requests: [NotificationRequest] = []
    package var isEightBit: Bool
    package var isSMTPUTF8: Bool
    /// SIZE= of MAIL.
    package var declaredSize: Int?
    package var returns: ReturnedContent?
    package var envelopeID: String?
    package var hold: HoldRequest?

    package init(
        sender: ReversePath, recipients: [ForwardPath] = [], isEightBit: Bool = false, isSMTPUTF8: Bool = false,
        declaredSize: Int? = nil
    ) {
        self.sender = sender
        self.recipients = recipients
        self.isEightBit = isEightBit
        self.isSMTPUTF8 = isSMTPUTF8
        self.declaredSize = declaredSize
    }
}

/// What is known about the client at the other end, for trace fields and decisions.
package struct ClientFacts: Hashable, Sendable {
    /// The name it gave itself; empty before the greeting.
    package var greeting: String
    package var isExtended: Bool
    package var isLMTP: Bool
    package var isTLS: Bool
    /// The account address that it authenticated as.
    package var identity: String?
    /// Whom it got this transaction's message from, where it is a server that may say so.
    package var forwarded: ForwardedClient?

    package init(
        greeting: String = "", isExtended: Bool = false, isLMTP: Bool = false, isTLS: Bool = false,
        identity: String? = nil
    ) {
        self.greeting = greeting
        self.isExtended = isExtended
        self.isLMTP = isLMTP
        self.isTLS = isTLS
        self.identity = identity
    }

    /// The value of `with` in a Received field. RFC 3848, RFC 6531 §4.3.
    package func transmissionType(isSMTPUTF8: Bool) -> String {
        let suffix = (isTLS ? "S" : "") + (identity == nil ? "" : "A")
        if isLMTP { return (isSMTPUTF8 ? "UTF8LMTP" : "LMTP") + suffix }
        if isSMTPUTF8 { return "UTF8SMTP" + suffix }
        return isExtended ? "ESMTP" + suffix : "SMTP"
    }
}
