import ArgumentParser
import Delivery
import Directory
import Disk
import Formats

/// The outbox, seen and steered from outside: the server does what is asked within a second, or at its next start.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "Mail that is on its way out.",
        subcommands: [List.self, Retry.self, Hold.self, Drop.self])

    struct List: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "List the queue, oldest first.")
        @Argument(help: "Only this one.") var id: String?
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let rows = try QueueCommand.entries(place, id ?? "all").map(QueueRow.init)
            if result.json { return try rows.print() }
            for row in rows { row.show() }
        }
    }

    struct Retry: AdministrativeCommand {
        static let configuration = CommandConfiguration(
            abstract: "Try now, also what is held and what is for a server that did not answer. Without an id: all.")
        @Argument var id: String?
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions
        func run(in place: DataPlace) async throws { try QueueCommand.ask(.retry, place, id ?? "all", result) }
    }

    struct Hold: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Do not try until told to retry. Without an id: all.")
        @Argument var id: String?
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions
        func run(in place: DataPlace) async throws { try QueueCommand.ask(.hold, place, id ?? "all", result) }
    }

    struct Drop: AdministrativeCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget an entry, without a word to its sender. 'all' for every entry.")
        @Argument var id: String
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions
        func run(in place: DataPlace) async throws { try QueueCommand.ask(.drop, place, id, result) }
    }

    private static func entries(_ place: DataPlace, _ id: String) throws -> [OutboxEntry] {
        let all = try QueueAccess(data: place.configuration.data).list()
        guard id != "all" else { return all }
        let found = all.filter { $0.id.rawValue == id }
        guard !found.isEmpty else { throw Failure("\(id): not in the queue") }
        return found
    }

    /// What was asked of whom.
    private struct Order: Encodable {
        let id: String
        let request: String
    }

    private static func ask(_ request: QueueRequest, _ place: DataPlace, _ id: String, _ result: ResultOptions) throws {
        let queue = try QueueAccess(data: place.configuration.data)
        var orders: [Order] = []
        for entry in try entries(place, id) {
            do throws(StoreError) { try queue.ask(request, entry.id) } catch {
                // Gone since we looked: of all, that is none of them.
                guard error == .notFound, id == "all" else { throw error }
                continue
            }
            orders.append(Order(id: entry.id.rawValue, request: request.rawValue))
        }
        if result.json { return try orders.print() }
        for order in orders { Output.line("\(order.id)\t\(order.request)") }
    }
}

/// A queued message as the command line shows it.
private struct QueueRow: Encodable {
    struct Recipient: Encodable {
        let address: String
        let status: String
        let attempts: Int
        let nextAttempt: Int64
        let reply: String?
        /// The server that said so; null for ourselves.
        let host: String?
    }

    let id: String
    let sender: String
    let recipients: [Recipient]
    let size: Int
    let held: Bool
    /// Seconds since 1970, like the others.
    let created: Int64
    let nextAttempt: Int64?

    init(_ entry: OutboxEntry) {
        id = entry.id.rawValue
        sender = entry.sender
        recipients = entry.recipients.map {
            Recipient(
                address: $0.address, status: $0.state.rawValue, attempts: $0.attempts, nextAttempt: $0.nextAttempt,
                reply: $0.reply, host: $0.host)
        }
        size = entry.size
        held = entry.isHeld
        created = entry.created
        nextAttempt = held ? nil : entry.recipients.filter { !$0.state.isFinal }.map(\.nextAttempt).min()
    }

    func show() {
        let next = held ? "held" : nextAttempt.map { "next \(TimeText.utc($0))" } ?? "done"
        Output.line("\(id)\t<\(sender)>\t\(size)\t\(TimeText.utc(created))\t\(next)")
        for recipient in recipients {
            Output.line("  \(recipient.address)\t\(recipient.status)\t\(recipient.reply ?? "")")
        }
    }
}
