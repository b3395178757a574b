internal import Directory
internal import Formats
internal import SMTP

/// Whether the header of a submitted message says what its submitter may say.
enum SenderCheck {
    enum Failure: Error { case malformed, missing, several, forbidden }

    /// Every address of From, and the one of Sender, must be the account's to use. RFC 6409 §6.1.
    static func check(_ header: HeaderBlock, by account: Account, _ policy: SenderPolicy) throws(Failure) {
        // A From that we do not see, and a reader does, would be anybody's.
        guard header.endsCleanly else { throw .malformed }
        let froms = header.count("from")
        guard froms > 0 else { throw .missing }
        guard froms == 1, header.count("sender") <= 1 else { throw .several }
        let from = addresses(header, "from")
        guard !from.isEmpty else { throw .missing }
        for email in from + addresses(header, "sender") {
            guard let address = try? MailAddress(parsing: email), policy.allows(account, toSendAs: address) else {
                throw .forbidden
            }
        }
    }

    static func refusal(of header: HeaderBlock, by account: Account, _ policy: SenderPolicy) -> Reply? {
        do {
            try check(header, by: account, policy)
            return nil
        } catch {
            switch error {
            case .malformed: return Reply(550, 5, 6, 0, "Malformed or oversized header")
            case .missing: return Reply(550, 5, 7, 1, "From header field missing")
            case .several: return Reply(550, 5, 7, 1, "More than one From header field")
            case .forbidden: return Reply(550, 5, 7, 1, "Not allowed to send as the address in From")
            }
        }
    }

    private static func addresses(_ header: HeaderBlock, _ name: String) -> [String] {
        header.message.root.headers.filter { $0.isNamed(name) }.flatMap(\.addresses).map(\.email)
    }
}

/// What a submission server adds to a message that lacks it. RFC 6409 §8.
enum SubmissionFields {
    static func missing(in header: HeaderBlock, id: QueueID, hostname: String, time: Int64) -> [UInt8] {
        var text = ""
        if !header.contains("date") { text += "Date: \(InternetDate(seconds: time))\r\n" }
        if !header.contains("message-id") { text += "Message-ID: <\(id)@\(hostname)>\r\n" }
        return Array(text.utf8)
    }
}
