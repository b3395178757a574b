import ArgumentParser

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "The configuration file.", subcommands: [Sample.self, Check.self])

    struct Sample: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print every key with its default and its meaning.")

        func run() async throws { Output.line(String(ConfigurationFile.sample.dropLast())) }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Read a configuration file, and say what is wrong with it.")

        @OptionGroup var common: CommonOptions

        func run() async throws {
            do { _ = try common.configuration() } catch let failure as Failure {
                Output.message(failure.description)
                throw ExitCode(failure.status)
            }
        }
    }
}
