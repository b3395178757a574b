internal import Directory
internal import Formats
internal import Logging
internal import SMTP

/// Knows the answers for a mail server in front of us: those that our own RCPT gives.
struct FrontDesk: Sendable {
    let gate: RecipientGate
    let logger: Logger

    func answer(_ question: FrontQuestion) async -> FrontAnswer {
        switch question {
        case .lookUp("domains", let key): answer(domain: key)
        case .lookUp("recipients", let key): await answer(recipient: key)
        case .lookUp(let map, _): .permanent("there is no map \(map): ask for domains or recipients")
        case .policy(let attributes): await answer(attributes)
        }
    }

    /// Whether mail for the domain ends here or goes on from here.
    private func answer(domain key: String) -> FrontAnswer {
        guard let domain = try? DomainName(parsing: key) else { return .notFound }
        return isOurs(domain) ? .found(domain.ascii) : .notFound
    }

    /// Postfix asks for `user+detail@domain`, then `user@domain`, then `@domain`: the first alone is an address as it was given,
    /// and whatever it leads to is known with it.
    private func answer(recipient key: String) async -> FrontAnswer {
        guard let address = try? MailAddress(parsing: key) else { return .notFound }
        // Who sends is not told here; a null sender is on no list.
        guard let refusal = await refusal(of: address, from: RecipientClient(address: nil, sender: .null)) else {
            return .found(address.description)
        }
        return refusal.isTransient ? .temporary(refusal.text) : .notFound
    }

    /// With the policy protocol the client is given our own words. What is not for our domains is Postfix's to decide.
    private func answer(_ attributes: [String: String]) async -> FrontAnswer {
        guard attributes["protocol_state"] == "RCPT", let recipient = attributes["recipient"],
            let address = try? MailAddress(parsing: recipient), isOurs(address.domain),
            let refusal = await refusal(of: address, from: client(attributes))
        else { return .action("DUNNO") }
        logger.notice(
            "recipient refused",
            metadata: [
                "peer": "\(attributes["client_address"] ?? "unknown")", "from": "\(attributes["sender"] ?? "")",
                "to": "\(address)", "reason": "\(refusal.text)",
            ])
        return .action(refusal.text)
    }

    /// Hosted, alias and relay domains alike.
    private func isOurs(_ domain: DomainName) -> Bool { gate.routing.directory.snapshot.domain(domain)?.isActive ?? false }

    private func client(_ attributes: [String: String]) -> RecipientClient {
        let sender = attributes["sender"].flatMap { try? MailAddress(parsing: $0) }.map(ReversePath.mailbox) ?? .null
        return RecipientClient(address: attributes["client_address"].flatMap { ClientAddress($0) }, sender: sender)
    }

    private func refusal(of address: MailAddress, from client: RecipientClient) async -> Reply? {
        do throws(RecipientGate.Refusal) {
            _ = try await gate.admit(.mailbox(address), from: client)
            return nil
        } catch {
            return error.reply
        }
    }
}
