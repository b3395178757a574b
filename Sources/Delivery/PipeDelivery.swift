package import Directory
internal import Disk
package import Formats
internal import Logging
package import MailStore
package import SMTP

/// Delivery by the command line: `mailportal deliver RECIPIENT < message`, with the server running or not.
package struct PipeDelivery: Sendable {
    /// Why a message was not taken, as a server would have said it.
    package struct Refusal: Error, Hashable, Sendable {
        package let reply: Reply
    }

    private let directory: Directory
    private let accounts: MailAccounts
    private let data: String
    private let hostname: String

    package init(directory: Directory, accounts: MailAccounts, data: String, hostname: String) {
        self.directory = directory
        self.accounts = accounts
        self.data = data
        self.hostname = hostname
    }

    /// Files the message for the recipient; what its aliases lead elsewhere goes into the queue. Durable when it returns.
    ///
    /// LF and CRLF are both taken for line ends, and a leading mbox `From ` line is dropped, as pipes have them.
    package func deliver(
        _ message: [UInt8], to recipient: MailAddress, sender: ReversePath = .null
    ) async throws(Refusal) {
        let message = Self.fromPipe(message)
        let now = UnixTime.now.seconds
        let id = QueueID.make(now: now)
        do {
            let routing = Routing(directory: directory, srs: try SRS(data: data), hostname: hostname)
            let resolution = try routing.resolver.resolve(recipient, allowsForeign: false)
            let header = HeaderBlock(message)
            guard header.count("received") < TraceHeaders.maximumHops else {
                throw Refusal(reply: Reply(554, 5, 4, 6, "Too many hops"))
            }
            guard !routing.isLoop(resolution.remotes, header) else { throw Refusal(reply: Routing.loop) }
            let received = "Received: by \(hostname) with local id \(id)\r\n\tfor <\(recipient)>; \(InternetDate(seconds: now))\r\n"
            let trace = Array(received.utf8)
            for (index, departure) in routing.departures(resolution.remotes, sender: sender).enumerated() {
                let id = index == 0 ? id : id.derived("g\(index)")
                try enqueue(id, departure.recipients, departure.sender, now, trace + departure.fields, message)
            }
            let local = try localDelivery(routing)
            var failures: [(address: MailAddress, reply: Reply)] = []
            for account in resolution.mailboxes {
                let arrival = Arrival(
                    account: account, recipient: recipient.description, sender: sender, trace: trace, source: .bytes(message))
                do {
                    if case .refused(let reply) = try await local.deliver(arrival) { failures.append((account.address, reply)) }
                } catch {
                    failures.append((account.address, Reply(error)))
                }
            }
            guard let first = failures.first(where: \.reply.isTransient) ?? failures.first else { return }
            if failures.count == resolution.mailboxes.count, resolution.remotes.isEmpty { throw Refusal(reply: first.reply) }
            // Some have it already, and a second call would give it to them twice: who failed for now gets it from the outbox.
            try enqueue(
                QueueID.make(now: now), failures.map(\.address), sender, now, trace, message, isForMailboxes: true)
        } catch let error as RecipientResolver.Refusal {
            throw Refusal(reply: error.reply)
        } catch let error as StoreError {
            throw Refusal(reply: Reply(error))
        } catch let error as Refusal {
            throw error
        } catch {
            throw Refusal(reply: .localError)
        }
    }

    /// With the filters of the mailboxes; what they send, the server takes from the queue.
    private func localDelivery(_ routing: Routing) throws(StoreError) -> LocalDelivery {
        let filter = MailFilter(routing: routing, logger: Logger(label: "mailportal"))
        return LocalDelivery(accounts: accounts, filter: filter, queue: .folder(try QueueAccess(data: data)))
    }

    private func enqueue(
        _ id: QueueID, _ recipients: [MailAddress], _ sender: ReversePath, _ now: Int64, _ trace: [UInt8], _ message: [UInt8],
        isForMailboxes: Bool = false
    ) throws(StoreError) {
        var entry = OutboxEntry(
            id: id, sender: sender.description, recipients: recipients, created: now,
            isEightBit: message.contains { $0 >= 0x80 })
        if isForMailboxes { entry.isForMailboxes = true }
        try QueueAccess(data: data).enqueue(entry, prefix: trace, content: .bytes(message))
    }

    private static func fromPipe(_ message: [UInt8]) -> [UInt8] {
        var bytes = message[...]
        if bytes.starts(with: "From ".utf8), let end = bytes.firstIndex(of: 0x0A) { bytes = bytes[(end + 1)...] }
        guard bytes.contains(0x0A), !bytes.contains(0x0D) else { return Array(bytes) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + bytes.count / 32)
        for byte in bytes {
            if byte == 0x0A { result.append(0x0D) }
            result.append(byte)
        }
        return result
    }
}
