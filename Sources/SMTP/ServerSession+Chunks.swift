// BDAT. RFC 3030: the octets come in any case, and are answered when they have come.
extension ServerSession {
    mutating func chunk(_ chunk: Chunk) -> Action {
        var chunk = chunk
        // Reading to drop has an end, too.
        guard chunk.size <= 2 * configuration.limits.messageSize else { return close(with: .messageTooBig) }
        if case .transaction = phase, let envelope {
            // What is too big already is dropped from here on, and its sender told at once.
            let total = chunkedSize + chunk.size
            guard total <= configuration.limits.messageSize else {
                chunk.refusal = .messageTooBig
                return read(chunk)
            }
            chunkedSize = total
            if isChunking { return read(chunk) }
            if !envelope.recipients.isEmpty {
                isChunking = true
                firstChunk = chunk
                phase = .asking(.message)
                return .openMessage(envelope)
            }
            chunk.refusal = noRecipients
        } else {
            chunk.refusal = .needMail
        }
        return read(chunk)
    }

    mutating func read(_ chunk: Chunk) -> Action {
        phase = chunk.isLast && chunk.refusal == nil ? .receiving : .chunk(chunk)
        return .readChunk(size: chunk.size, isLast: chunk.isLast, isKept: chunk.refusal == nil)
    }

    mutating func chunkReceived() -> Action {
        guard case .chunk(let chunk) = phase else { return close(with: .localError) }
        if let refusal = chunk.refusal {
            phase = client.greeting.isEmpty ? .greeting : .ready
            reset()
            return fail(refusal)
        }
        phase = .transaction
        return .reply(.ok)
    }
}
