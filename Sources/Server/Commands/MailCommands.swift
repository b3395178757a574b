import ArgumentParser
import Delivery
import Directory
import Disk
import Formats
import Glibc
import MailStore
import SMTP

/// Local delivery from a pipe.
struct Deliver: AdministrativeCommand {
    static let configuration = CommandConfiguration(
        abstract: "Deliver the message on standard input; exit status as in sysexits.h.")
    @Argument var recipient: String
    @Option(name: .customLong("from"), help: "The envelope sender; empty for none.") var sender = ""
    @OptionGroup var common: CommonOptions

    func run(in place: DataPlace) async throws {
        let recipient = try DataPlace.address(recipient)
        let path = sender.isEmpty ? ReversePath.null : .mailbox(try DataPlace.address(sender))
        let message = try StandardInput.read(upTo: place.configuration.maximumMessageSize)
        let accounts = MailAccounts(root: "\(place.configuration.data)/accounts")
        let delivery = PipeDelivery(
            directory: place.directory, accounts: accounts, data: place.configuration.data,
            hostname: place.configuration.hostname)
        do throws(PipeDelivery.Refusal) {
            try await delivery.deliver(message, to: recipient, sender: path)
        } catch {
            await accounts.shutdown()
            throw Failure(reply: error.reply, recipient)
        }
        await accounts.shutdown()
    }
}

extension Failure {
    /// What a calling MTA should make of a refusal.
    init(reply: Reply, _ recipient: MailAddress) {
        let text = "\(recipient): \(reply.code) \(reply.status.map { "\($0) " } ?? "")\(reply.lines.joined(separator: " "))"
        switch (reply.code, reply.status?.subject) {
        case (400..<500, _): self = .temporary(text)
        case (_, 1): self = .noUser(text)
        case (_, 2): self = .forbidden(text)
        case (_, 7): self = .forbidden(text)
        case (_, 6): self = .data(text)
        default: self = .unavailable(text)
        }
    }
}

/// What comes in by a pipe.
enum StandardInput {
    static func read(upTo limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(STDIN_FILENO, &chunk, chunk.count)
            guard count >= 0 else { throw Failure.temporary("standard input cannot be read") }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw Failure.data("the message is larger than max_message_size") }
        }
        guard !bytes.isEmpty else { throw Failure.data("there is no message on standard input") }
        return bytes
    }
}

/// Makes indexes anew from the files.
struct Rebuild: AdministrativeCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the index of an account (or of all) anew from its files.")
    @Argument var address: String?
    @OptionGroup var common: CommonOptions

    func run(in place: DataPlace) async throws {
        try await place.eachAccount(address) { account, store throws(StoreError) in
            try await store.rebuild()
            Output.line("\(account.address)\trebuilt")
        }
    }
}

/// Compares files and indexes.
struct VerifyCommand: AdministrativeCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare the files of an account (or of all) with its index.")
    @Argument var address: String?
    @OptionGroup var common: CommonOptions

    func run(in place: DataPlace) async throws {
        var count = 0
        // Opening an account heals what it can; here the differences are the answer.
        try await place.eachAccount(address, reconciling: false) { account, store throws(StoreError) in
            for problem in try await store.verify() {
                count += 1
                Output.line("\(account.address)\t\(problem)")
            }
        }
        guard count == 0 else { throw Failure("\(count) problem\(count == 1 ? "" : "s")") }
    }
}

extension DataPlace {
    /// Opens the stores of one account, or of every account that has one, one after another.
    fileprivate func eachAccount(
        _ address: String?, reconciling: Bool = true, _ body: (Account, MailAccount) async throws(StoreError) -> Void
    ) async throws {
        let accounts = MailAccounts(root: "\(configuration.data)/accounts", capacity: 1)
        for account in try address.map({ [try self.account($0)] }) ?? directory.snapshot.accounts {
            let key = AccountKey(account.address)
            guard Disk.DiskFile.exists("\(configuration.data)/accounts/\(key.domain)/\(key.localPart)") else { continue }
            do throws(StoreError) {
                try await body(account, try await accounts.account(for: key, reconciling: reconciling))
            } catch {
                await accounts.shutdown()
                throw Failure(store: error, account.address.description)
            }
        }
        await accounts.shutdown()
    }
}
