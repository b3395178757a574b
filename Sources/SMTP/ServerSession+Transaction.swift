// MAIL, RCPT, DATA and what follows. RFC 5321 §3.3.
extension ServerSession {
    mutating func mail(_ path: ReversePath, _ parameters: MailParameters) -> Action {
        switch phase {
        case .greeting: return fail(.greetFirst)
        case .ready: break
        default: return fail(Reply(503, 5, 5, 1, "Sender already given"))
        }
        guard configuration.mode != .submission || client.identity != nil else { return fail(.authenticationRequired) }
        guard parameters.isSMTPUTF8 || !parameters.hasInternationalPath else { return fail(.needsSMTPUTF8) }
        guard parameters.size ?? 0 <= configuration.limits.messageSize else { return fail(.messageTooBig) }
        if parameters.hold != nil, configuration.futureRelease == nil {
            return fail(CommandError.parameterUnknown("HOLDFOR").reply)
        }
        envelope = Envelope(
            sender: path, isEightBit: parameters.isEightBit, isSMTPUTF8: parameters.isSMTPUTF8,
            declaredSize: parameters.size)
        envelope?.returns = parameters.returns
        envelope?.envelopeID = parameters.envelopeID
        envelope?.hold = parameters.hold
        phase = .asking(.sender)
        return .checkSender(path)
    }

    mutating func answerSender(_ refusal: Reply?) -> Action {
        guard let refusal else {
            phase = .transaction
            return .reply(.senderOK)
        }
        phase = .ready
        envelope = nil
        return fail(refusal)
    }

    mutating func recipient(_ path: ForwardPath, _ request: NotificationRequest, _ isInternational: Bool) -> Action {
        guard case .transaction = phase, let envelope else { return fail(.needMail) }
        guard !isChunking else { return fail(.badSequence) }
        guard envelope.isSMTPUTF8 || !isInternational else { return fail(.needsSMTPUTF8) }
        guard envelope.recipients.count < configuration.limits.recipients else {
            return refuseRecipient(.tooManyRecipients)
        }
        phase = .asking(.recipient(path, request))
        return .resolve(path)
    }

    mutating func answerRecipient(_ refusal: Reply?) -> Action {
        guard case .asking(.recipient(let path, let request)) = phase else { return close(with: .localError) }
        phase = .transaction
        guard let refusal else {
            envelope?.recipients.append(path)
            envelope?.requests.append(request)
            return .reply(.recipientOK)
        }
        return refuseRecipient(refusal)
    }

    /// Guessing addresses has an end as well.
    mutating func refuseRecipient(_ reply: Reply) -> Action {
        refusedRecipients += 1
        return refusedRecipients > configuration.limits.refusedRecipients ? close(with: .tooManyErrors) : .reply(reply)
    }

    mutating func data() -> Action {
        guard case .transaction = phase, let envelope else { return fail(.needMail) }
        guard !isChunking else { return fail(.badSequence) }
        guard !envelope.recipients.isEmpty else { return fail(noRecipients) }
        phase = .asking(.message)
        return .openMessage(envelope)
    }

    var noRecipients: Reply {
        refusedRecipients > 0 && configuration.mode != .lmtp ? .noValidRecipients : .needRecipient
    }

    mutating func answerMessage(_ refusal: Reply?) -> Action {
        if var chunk = firstChunk {
            firstChunk = nil
            chunk.refusal = refusal
            return read(chunk)
        }
        guard let refusal else {
            phase = .receiving
            return .replyThenData(.startMail)
        }
        phase = .ready
        envelope = nil
        return .reply(refusal)
    }

    mutating func messageReceived(_ refusal: Reply?) -> Action {
        guard case .receiving = phase, let envelope else { return close(with: .localError) }
        guard let refusal else {
            phase = .asking(.delivery)
            return .deliver(envelope)
        }
        errors += 1
        return answer(Array(repeating: refusal, count: envelope.recipients.count))
    }

    mutating func delivered(_ replies: [Reply]) -> Action {
        idleCommands = 0
        if replies.contains(where: \.isPositive) { refusedRecipients = 0 }
        return answer(replies)
    }

    // RFC 2033 §4.2: LMTP answers once for each accepted recipient; SMTP once.
    mutating func answer(_ replies: [Reply]) -> Action {
        let count = envelope?.recipients.count ?? 0
        envelope = nil
        isChunking = false
        chunkedSize = 0
        client.forwarded = nil
        phase = .ready
        guard configuration.mode == .lmtp else { return .reply(replies.first ?? .localError) }
        let missing = max(0, count - replies.count)
        return .replies(Array(replies.prefix(count)) + Array(repeating: .localError, count: missing))
    }
}
