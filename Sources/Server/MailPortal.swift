import ArgumentParser

/// The one program: the server and the commands that administer it.
@main
struct MailPortal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mailportal",
        abstract: "Mail, calendars and contacts of an organisation.",
        discussion: "Results go to standard output (--json for programs), messages to standard error.",
        subcommands: [
            Serve.self, ConfigCommand.self, DomainCommand.self, DomainAliasCommand.self, RelayDomainCommand.self,
            AccountCommand.self, AliasCommand.self, SenderCommand.self, ListCommand.self, ThresholdsCommand.self,
            RouteCommand.self, Deliver.self, Rebuild.self, VerifyCommand.self, QueueCommand.self,
        ])
}
