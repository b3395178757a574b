internal import Delivery
internal import Formats
internal import JMAP
internal import MailStore

/// An EmailSubmission to create, its properties checked (RFC 8621 §7.5).
struct SubmissionDraft {
    let identityId: String
    let emailId: String
    private let identityEmail: String
    private let envelopeJSON: JSON?

    init(_ record: JSONObject, _ identities: [JSONObject], _ request: RequestState) throws(SetError) {
        var invalid = record.names.filter { !["identityId", "emailId", "envelope"].contains($0) }
        let identityId = record["identityId"]?.string.flatMap(request.resolve)
        let identity = identities.first { $0["id"]?.string == identityId && identityId != nil }
        let emailId = record["emailId"]?.string.flatMap(request.resolve)
        if identity == nil { invalid.append("identityId") }
        if emailId == nil { invalid.append("emailId") }
        guard invalid.isEmpty, let identityId, let emailId, let email = identity?["email"]?.string else {
            throw .invalidProperties(invalid)
        }
        self.identityId = identityId
        self.emailId = emailId
        identityEmail = email
        envelopeJSON = record["envelope"].flatMap { $0.isNull ? nil : $0 }
    }

    var hasEnvelope: Bool { envelopeJSON != nil }

    /// The envelope given, or one made from the header. Also sees to it that the message may be sent at all.
    func envelope(for message: Message, _ account: WebmailAccount, now: Int64) throws(SetError) -> Envelope {
        let froms = message.headers.filter { $0.isNamed("From") }.flatMap(\.addresses)
        guard !froms.isEmpty else {
            throw SetError(
                "invalidEmail", description: "The message has no sender.", details: ["properties": ["from"]])
        }
        guard froms.allSatisfy({ Self.allows($0.email, account) }) else { throw SetError("forbiddenFrom") }
        if let envelopeJSON { return try Envelope(envelopeJSON, now: now) }
        return try Envelope(of: message, identity: identityEmail) { address in
            guard let own = try? MailAddress(parsing: identityEmail), let other = try? MailAddress(parsing: address) else {
                return false
            }
            return other.withoutDetail.key == own.withoutDetail.key
        }
    }

    func request(
        _ envelope: Envelope, _ content: BlobContent, _ account: WebmailAccount
    ) throws(SetError) -> SubmissionRequest {
        guard let mailFrom = try? MailAddress(parsing: envelope.mailFrom), Self.allows(envelope.mailFrom, account) else {
            throw SetError("forbiddenMailFrom")
        }
        guard !envelope.rcptTo.isEmpty else { throw SetError("noRecipients") }
        guard envelope.rcptTo.count <= MailLimits.maxRecipients else {
            throw SetError("tooManyRecipients", details: ["maxRecipients": .int(MailLimits.maxRecipients)])
        }
        var recipients: [MailAddress] = []
        var invalid: [String] = []
        for text in envelope.rcptTo {
            if let address = try? MailAddress(parsing: text) { recipients.append(address) } else { invalid.append(text) }
        }
        guard invalid.isEmpty else { throw SetError.invalidRecipients(invalid) }
        guard content.size <= MailLimits.maxSizeMessage else {
            throw SetError("tooLarge", details: ["maxSize": .int(MailLimits.maxSizeMessage)])
        }
        var request = SubmissionRequest(
            account: account.owner, mailFrom: mailFrom, recipients: recipients, content: content,
            holdUntil: envelope.holdUntil)
        request.notifications = envelope.notifications
        return request
    }

    private static func allows(_ text: String, _ account: WebmailAccount) -> Bool {
        guard let address = try? MailAddress(parsing: text) else { return false }
        return account.policy.allows(account.owner, toSendAs: address)
    }
}

extension SetError {
    static func invalidRecipients(_ addresses: [String]) -> Self {
        SetError("invalidRecipients", details: ["invalidRecipients": JSON(addresses)])
    }

    /// What the way out refuses, in the words of RFC 8621 §7.5.
    init(_ error: SubmissionError) {
        switch error {
        case .forbiddenMailFrom: self = SetError("forbiddenMailFrom")
        case .forbiddenFrom: self = SetError("forbiddenFrom")
        case .noRecipients: self = SetError("noRecipients")
        case .invalidRecipients(let addresses): self = .invalidRecipients(addresses.map(\.description))
        case .tooManyRecipients(let maximum):
            self = SetError("tooManyRecipients", details: ["maxRecipients": .int(maximum)])
        case .tooLarge(let maximum): self = SetError("tooLarge", details: ["maxSize": .int(maximum)])
        case .unavailable: self = .serverFail("The message could not be queued. Try again later.")
        }
    }
}
