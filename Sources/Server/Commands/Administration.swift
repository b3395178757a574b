import ArgumentParser
import Directory
import Disk
import Formats
import FoundationEssentials
import Glibc
import Logging

/// Which data directory a command works on, and how it shows its results.
struct CommonOptions: ParsableArguments {
    @Option(help: "The configuration file (default: /etc/mailportal/mailportal.toml, if there is one).")
    var config: String?

    @Option(help: "The data directory, instead of the configuration's.")
    var data: String?

    static let standardFile = "/etc/mailportal/mailportal.toml"

    /// The configuration that holds for this command. Relative paths are the working directory's.
    func configuration() throws -> Configuration {
        let file = config ?? (access(Self.standardFile, F_OK) == 0 ? Self.standardFile : nil)
        var configuration = Configuration()
        if let file {
            do { configuration = try ConfigurationFile.read(file) } catch { throw Failure.configuration("\(error)") }
        }
        if let data { configuration.data = data }
        return configuration
    }
}

struct ResultOptions: ParsableArguments {
    @Flag(help: "Results as JSON.")
    var json = false
}

/// A command that works on the data directory, whether or not the server runs beside it.
protocol AdministrativeCommand: AsyncParsableCommand {
    var common: CommonOptions { get }
    func run(in place: DataPlace) async throws
}

extension AdministrativeCommand {
    func run() async throws {
        do {
            let configuration = try common.configuration()
            try await run(in: try DataPlace(configuration))
        } catch let failure as Failure {
            Output.message(failure.description)
            throw ExitCode(failure.status)
        } catch let error as StoreError {
            Output.message(Failure(store: error, "failed").description)
            throw ExitCode(Failure(store: error, "").status)
        }
    }
}

/// A data directory and the directory in it, opened for a command.
struct DataPlace {
    let configuration: Configuration
    let directory: Directory
    let logger: Logger

    init(_ configuration: Configuration) throws {
        self.configuration = configuration
        // Warnings are for the person at the terminal; the rest is the server's business.
        logger = Logger(label: "mailportal") { LogOutput(label: $0, format: .text, logLevel: .error) }
        try Self.make(configuration.data)
        directory = try Directory(path: "\(configuration.data)/directory.sqlite", logger: logger)
    }

    /// Makes the data directory where it is missing, for its owner alone: and so all that this process makes from now on.
    static func make(_ path: String) throws {
        umask(0o077)
        do throws(StoreError) { try Folder.make(path) } catch {
            throw Failure.cannotCreate("the data directory \(path) cannot be made: \(error)")
        }
    }

    func account(_ text: String) throws -> Account {
        guard let account = directory.snapshot.account(try Self.address(text)) else {
            throw Failure.noUser("\(text): no such account")
        }
        return account
    }

    static func address(_ text: String) throws -> MailAddress {
        do throws(ParseError) { return try MailAddress(parsing: text) } catch {
            throw Failure.usage("'\(text)' is not an address: \(error)")
        }
    }

    static func domain(_ text: String) throws -> DomainName {
        do throws(ParseError) { return try DomainName(parsing: text) } catch {
            throw Failure.usage("'\(text)' is not a domain: \(error)")
        }
    }

    /// Runs a write, and says what it was about when it fails.
    func write<Value>(_ subject: String, _ body: () async throws(StoreError) -> Value) async throws -> Value {
        do throws(StoreError) { return try await body() } catch { throw Failure(store: error, subject) }
    }
}

extension Encodable {
    /// Pretty JSON with sorted keys, on standard output.
    func print() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        Output.line(String(decoding: try encoder.encode(self), as: UTF8.self))
    }
}

/// Times as programs and people read them.
enum TimeText {
    /// RFC 3339 in UTC.
    static func utc(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }
}
