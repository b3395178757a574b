import ArgumentParser
import Delivery
import Directory
import Disk
import Formats
import Glibc
import MailStore

struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "The accounts of this server.",
        subcommands: [Add.self, Password.self, Disable.self, Enable.self, Change.self, Remove.self, List.self])

    struct Add: AdministrativeCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an account.",
            discussion: "Without --password-stdin a password is made, and printed once.")
        @Argument var address: String
        @Option(help: "masterAdmin, domainAdmin or mailUser.") var role = "mailUser"
        @Option(help: "Bytes it may keep, for example 10GB.") var quota: String?
        @Option(help: "The name that people see.") var name = ""
        @Flag(help: "Read the password from the first line of standard input.") var passwordStdin = false
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let address = try DataPlace.address(address)
            guard let role = Role(rawValue: role) else { throw Failure.usage("'\(role)' is no role") }
            let password = try NewPassword(fromStandardInput: passwordStdin, for: address)
            let new = NewAccount(
                address: address, displayName: name, role: role, quota: try quota.flatMap(AccountCommand.bytes),
                passwordHash: try password.hash().crypt)
            let account: Account
            do throws(StoreError) { account = try await place.directory.addAccount(new) } catch .preconditionFailed {
                let name = address.domain.unicode
                guard let domain = place.directory.snapshot.domain(address.domain) else {
                    throw Failure("\(name) is no domain of this server: add it first")
                }
                throw Failure("\(name) is of class \(domain.kind.rawValue): accounts belong to hosted domains")
            } catch {
                throw Failure(store: error, address.description)
            }
            try AccountRow(account, password: password.isMade ? password.text : nil).show(json: result.json)
        }
    }

    struct Password: AdministrativeCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set a new password, and end the account's sessions.",
            discussion: "Without --password-stdin a password is made, and printed once.")
        @Argument var address: String
        @Flag(help: "Read the password from the first line of standard input.") var passwordStdin = false
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let account = try place.account(address)
            let password = try NewPassword(fromStandardInput: passwordStdin, for: account.address)
            let hash = try password.hash()
            try await place.write(address) { () async throws(StoreError) in
                try await place.directory.setPassword(hash, of: account.id)
            }
            if password.isMade { try AccountRow(account, password: password.text).show(json: result.json) }
        }
    }

    struct Disable: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Refuse its log-ins and its mail.")
        @Argument var address: String
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws { try await AccountCommand.enable(false, address, place) }
    }

    struct Enable: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Take its log-ins and its mail again.")
        @Argument var address: String
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws { try await AccountCommand.enable(true, address, place) }
    }

    struct Change: AdministrativeCommand {
        static let configuration = CommandConfiguration(commandName: "set", abstract: "Change role, quota or name.")
        @Argument var address: String
        @Option(help: "masterAdmin, domainAdmin or mailUser.") var role: String?
        @Option(help: "Bytes it may keep, for example 10GB; 'none' lifts the limit.") var quota: String?
        @Option(help: "The name that people see.") var name: String?
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let id = try place.account(address).id
            let role = try role.map { text in
                guard let role = Role(rawValue: text) else { throw Failure.usage("'\(text)' is no role") }
                return role
            }
            let bytes = try quota.map { $0 == "none" ? nil : try AccountCommand.bytes($0) }
            try await place.write(address) { () async throws(StoreError) in
                if let role { try await place.directory.setRole(role, of: id) }
                if let bytes { try await place.directory.setQuota(bytes, of: id) }
                if let name { try await place.directory.setDisplayName(name, of: id) }
            }
        }
    }

    struct Remove: AdministrativeCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove an account; its folder is kept in the trash of the data directory for 30 days.")
        @Argument var address: String
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let account = try place.account(address)
            try await place.write(address) { () async throws(StoreError) in
                try await place.directory.removeAccount(account.id)
                try await Trash(data: place.configuration.data).take(account)
            }
        }
    }

    struct List: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "List the accounts.")
        @Argument(help: "Only this one.") var address: String?
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let accounts = try address.map { [try place.account($0)] } ?? place.directory.snapshot.accounts
            let rows = accounts.map { AccountRow($0, password: nil) }
            if result.json { return try rows.print() }
            for row in rows { try row.show(json: false) }
        }
    }

    fileprivate static func enable(_ isEnabled: Bool, _ address: String, _ place: DataPlace) async throws {
        let account = try place.account(address)
        try await place.write(address) { () async throws(StoreError) in
            try await place.directory.setEnabled(isEnabled, of: account.id)
        }
    }

    fileprivate static func bytes(_ text: String) throws -> Int64? {
        guard let bytes = ByteSize.parse(text), bytes > 0 else { throw Failure.usage("'\(text)' is no size") }
        return Int64(bytes)
    }
}

/// A password that was given, or made for want of one.
struct NewPassword {
    let text: String
    /// Whether it was made here, and must be shown.
    let isMade: Bool

    init(fromStandardInput: Bool, for address: MailAddress) throws {
        guard fromStandardInput else {
            (text, isMade) = (Self.make(), true)
            return
        }
        guard let line = readLine() else { throw Failure.data("no password on standard input") }
        (text, isMade) = (line, false)
        do throws(PasswordPolicy.Refusal) { try PasswordPolicy.check(text, for: address) } catch {
            throw Failure.data(error.description)
        }
    }

    func hash() throws -> PasswordHash {
        guard let hash = PasswordHash(hashing: text) else { throw Failure.data("the password cannot be hashed") }
        return hash
    }

    /// Four groups of four letters and digits that are not mistaken for each other: 79 bits.
    static func make() -> String {
        let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789")
        let groups = (0..<4).map { _ in String((0..<4).map { _ in alphabet.randomElement() ?? "x" }) }
        return groups.joined(separator: "-")
    }
}

/// An account as the command line shows it.
private struct AccountRow: Encodable {
    let id: String
    let address: String
    let name: String
    let role: String
    let enabled: Bool
    let quota: Int64?
    let created: String
    let password: String?

    init(_ account: Account, password: String?) {
        id = account.id.rawValue
        address = account.address.description
        name = account.displayName
        role = account.role.rawValue
        enabled = account.isEnabled
        quota = account.quota
        created = TimeText.utc(account.createdAt)
        self.password = password
    }

    func show(json: Bool) throws {
        if json { return try print() }
        var columns = [address, role, enabled ? "enabled" : "disabled", name]
        if let quota { columns.append("quota \(quota)") }
        if let password { columns.append("password \(password)") }
        Output.line(columns.filter { !$0.isEmpty }.joined(separator: "\t"))
    }
}

/// Where the folders of removed accounts are kept for 30 days.
struct Trash {
    let data: String

    /// Moves the account's folder here, if it has one.
    func take(_ account: Account) async throws(StoreError) {
        let accounts = MailAccounts(root: "\(data)/accounts")
        let key = AccountKey(account.address)
        let folder = "\(data)/trash"
        try Folder.make(folder)
        do throws(StoreError) {
            try await accounts.retire(key, to: folder)
        } catch .notFound {
            // It never had mail.
        }
        await accounts.shutdown()
    }
}
