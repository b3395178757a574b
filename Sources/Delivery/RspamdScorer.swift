internal import Directory
internal import SMTP

/// Asks rspamd for the score of a message: `/checkv2`, once.
struct RspamdScorer: SpamScorer {
    /// The sender's server waits meanwhile; rspamd itself ends after 8 seconds as a rule.
    static let patience = Duration.seconds(10)

    let client: RspamdClient
    let endpoint: RspamdClient.Endpoint
    let health: RspamdHealth
    var patience = RspamdScorer.patience

    func score(_ request: ScanRequest) async -> ScanOutcome {
        // The message's spool file lives as long as the request does.
        defer { withExtendedLifetime(request) {} }
        do {
            let pieces = try MessagePieces(request.content)
            let answer = try await client.post(
                "/checkv2", to: endpoint, fields: Self.fields(request), pieces, within: patience)
            guard answer.status == 200 else { return failed("answered \(answer.status)") }
            guard let reply = RspamdReply(answer.body) else { return failed("its answer makes no sense") }
            health.succeeded()
            return .scored(reply.score)
        } catch {
            return failed("\(error)")
        }
    }

    private func failed(_ reason: String) -> ScanOutcome {
        health.failed(reason)
        return .unavailable(reason)
    }

    /// What rspamd wants to know beside the message.
    private static func fields(_ request: ScanRequest) -> [(String, String)] {
        var fields = [
            ("Queue-Id", request.id.description), ("MTA-Name", request.hostname), ("From", request.sender.description),
        ]
        if let client = request.client { fields.append(("IP", client.description)) }
        if let name = request.clientName { fields.append(("Hostname", name)) }
        if !request.greeting.isEmpty { fields.append(("Helo", request.greeting)) }
        // Which cipher it was is not known here; that there was one is what rspamd's rules ask.
        if request.isTLS { fields.append(("TLS-Version", "TLS")) }
        fields += request.recipients.prefix(100).map { ("Rcpt", $0) }
        return fields
    }
}
