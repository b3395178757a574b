import ArgumentParser
import Directory
import Disk
import Formats

struct AliasCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias", abstract: "Addresses that redirect to others, here and elsewhere.",
        subcommands: [Add.self, Remove.self, List.self])

    struct Add: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Add an alias, or recipients to one.")
        @Argument var address: String
        @Argument var recipients: [String]
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let address = try DataPlace.address(address)
            let recipients = try recipients.map(DataPlace.address)
            do throws(StoreError) {
                try await place.directory.addAlias(address, recipients: recipients)
            } catch .preconditionFailed {
                throw Failure("\(address.domain.unicode) is no domain of this server: add it first")
            } catch {
                throw Failure(store: error, address.description)
            }
        }
    }

    struct Remove: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an alias, or only the recipients named.")
        @Argument var address: String
        @Argument var recipients: [String] = []
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let address = try DataPlace.address(address)
            let recipients = try recipients.map(DataPlace.address)
            try await place.write(address.description) { () async throws(StoreError) in
                try await place.directory.removeAlias(address, recipients: recipients)
            }
        }
    }

    struct List: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "List the aliases.")
        @Argument(help: "Only this one.") var address: String?
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        private struct Row: Encodable {
            let address: String
            let recipients: [String]
        }

        func run(in place: DataPlace) async throws {
            let wanted = try address.map(DataPlace.address)
            let aliases = place.directory.snapshot.aliases.filter { wanted == nil || $0.address.key == wanted?.key }
            let rows = aliases.map { Row(address: $0.address.description, recipients: $0.recipients.map(\.description)) }
            if result.json { return try rows.print() }
            for row in rows { Output.line("\(row.address)\t\(row.recipients.joined(separator: " "))") }
        }
    }
}

struct SenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sender", abstract: "Addresses that accounts may send as, beside their own.",
        subcommands: [Add.self, Remove.self, List.self])

    struct Add: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Let accounts send as an address.")
        @Argument var address: String
        @Argument var accounts: [String]
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let address = try DataPlace.address(address)
            let ids = try accounts.map { try place.account($0).id }
            do throws(StoreError) { try await place.directory.grantSender(address, to: ids) } catch .preconditionFailed {
                throw Failure("\(address.domain.unicode) is no domain of this server: add it first")
            } catch {
                throw Failure(store: error, address.description)
            }
        }
    }

    struct Remove: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Take it back, from all or from the accounts named.")
        @Argument var address: String
        @Argument var accounts: [String] = []
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let address = try DataPlace.address(address)
            let ids = try accounts.map { try place.account($0).id }
            try await place.write(address.description) { () async throws(StoreError) in
                try await place.directory.revokeSender(address, from: ids)
            }
        }
    }

    struct List: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "List the sender addresses.")
        @Argument(help: "Only this one.") var address: String?
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        private struct Row: Encodable {
            let address: String
            var accounts: [String]
        }

        func run(in place: DataPlace) async throws {
            let wanted = try address.map(DataPlace.address)
            let snapshot = place.directory.snapshot
            var rows: [String: Row] = [:]
            for account in snapshot.accounts {
                for sender in snapshot.senderAddresses(for: account.id) where wanted == nil || sender.key == wanted?.key {
                    rows[sender.key, default: Row(address: sender.description, accounts: [])].accounts
                        .append(account.address.description)
                }
            }
            let sorted = rows.sorted { $0.key < $1.key }.map(\.value)
            if result.json { return try sorted.print() }
            for row in sorted { Output.line("\(row.address)\t\(row.accounts.joined(separator: " "))") }
        }
    }
}
