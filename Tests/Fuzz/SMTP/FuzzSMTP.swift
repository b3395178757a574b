import SMTP

/// Reads the bytes as all that a client (or, of a reply, a server) may send: lines, message data in any pieces, replies.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = data.map { Array(UnsafeBufferPointer(start: $0, count: count)) } ?? []
    converse(bytes)
    decodeInPieces(bytes)
    var reader = ReplyReader()
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
        if let reply = try? reader.receive(Array(line)) { precondition(!reply.serialized.isEmpty) }
    }
    return 0
}

/// A conversation in the mode that the first octet says: every line gets one answer, and none that could be read as two.
private func converse(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let modes: [ServerConfiguration.Mode] = [.mx, .submission, .lmtp]
    var session = ServerSession(
        ServerConfiguration(
            hostname: "mx.demo.test", mode: modes[Int(first) % 3], limits: .init(messageSize: 1000),
            offersSTARTTLS: first & 0x10 != 0, startsWithTLS: first & 0x20 != 0, isLoopback: first & 0x40 != 0))
    var event = ServerSession.Event.connected
    var lines = bytes.dropFirst().split(separator: 0x0A, maxSplits: 200, omittingEmptySubsequences: false).makeIterator()
    var isOver = false
    while !isOver {
        switch session.receive(event) {
        case .reply(let reply):
            check([reply])
            guard let line = lines.next() else { return }
            event = line.last == 0x0D ? .line(Array(line.dropLast())) : .bareLineEnd
        case .replies(let replies):
            check(replies)
            guard let line = lines.next() else { return }
            event = .line(Array(line))
        case .replyThenData: event = .messageReceived(refusal: nil)
        case .replyThenTLS: event = .tlsEstablished
        case .readChunk(_, let isLast, let isKept): event = isLast && isKept ? .messageReceived(refusal: nil) : .chunkReceived
        case .authenticate(let user, let password): event = user == password ? .authenticated(identity: user) : .notAuthenticated(.authenticationFailed)
        case .checkSender: event = .senderAccepted
        case .resolve(let path): event = path.description.utf8.count % 7 == 0 ? .recipientRefused(.authenticationFailed) : .recipientAccepted
        case .openMessage: event = .messageOpened
        case .deliver(let envelope):
            precondition(!envelope.recipients.isEmpty)
            event = .delivered(Array(repeating: .ok, count: envelope.recipients.count))
        case .replyThenClose(let reply):
            check([reply])
            isOver = true
        case .close: isOver = true
        }
    }
}

private func check(_ replies: [Reply]) {
    for reply in replies {
        let bytes = reply.serialized
        precondition(bytes.suffix(2) == [0x0D, 0x0A])
        for (index, byte) in bytes.enumerated() where byte == 0x0A || byte == 0x0D {
            precondition(byte == 0x0A ? index > 0 && bytes[index - 1] == 0x0D : index + 1 < bytes.count && bytes[index + 1] == 0x0A)
        }
        var reader = ReplyReader()
        var read: Reply?
        for line in bytes.dropLast(2).split(separator: 0x0A, omittingEmptySubsequences: false) {
            precondition(read == nil)
            read = try! reader.receive(Array(line.last == 0x0D ? line.dropLast() : line))
        }
        precondition(read?.code == reply.code)
    }
}

/// Any split of the wire gives the same message; a clean message comes out of encoder and decoder as it went in.
private func decodeInPieces(_ bytes: [UInt8]) {
    let whole = decode(bytes, piece: bytes.count)
    for piece in [1, 2, 3] {
        let split = decode(bytes, piece: piece)
        precondition(split.message == whole.message && split.taken == whole.taken && split.isBare == whole.isBare)
    }
    var wire: [UInt8] = []
    var encoder = DataEncoder()
    bytes.withUnsafeBytes { encoder.encode($0, into: &wire) }
    encoder.finish(into: &wire)
    let again = decode(wire + Array("QUIT\r\n".utf8), piece: 7)
    precondition(again.taken == wire.count)
    var scanner = LineEndScanner()
    scanner.scan(bytes)
    if !scanner.hasBareControl { precondition(!again.isBare && again.message.starts(with: bytes)) }
}

private func decode(_ bytes: [UInt8], piece: Int) -> (message: [UInt8], taken: Int, isBare: Bool) {
    var decoder = DataDecoder()
    var message: [UInt8] = []
    var taken = 0
    while taken < bytes.count, !decoder.hasEnded {
        let end = min(bytes.count, taken + max(1, piece))
        let count = bytes[taken..<end].withUnsafeBytes { decoder.decode($0, into: &message) }
        precondition(decoder.hasEnded || count == end - taken)
        taken += count
    }
    precondition(decoder.size == message.count)
    return (message, taken, decoder.hasBareControl)
}
