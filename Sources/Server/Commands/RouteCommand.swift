import ArgumentParser
import Delivery
import Directory
import Formats
import MailStore

/// Says where mail to an address would go, and why.
struct RouteCommand: AdministrativeCommand {
    static let configuration = CommandConfiguration(
        commandName: "route", abstract: "Say where mail to an address would go, and why.",
        discussion: """
            Names each step, the entry of the allow and block lists that decides, the thresholds that hold, and what RCPT would
            answer. Where another server knows the address (split domain routing, relay domain), it is asked.
            """)
    @Argument var recipient: String
    @Option(name: .customLong("from"), help: "The envelope sender; none stands for the null sender of a notification.")
    var sender: String?
    @Option(help: "The address of the client that brings the message.") var ip: String?
    @OptionGroup var result: ResultOptions
    @OptionGroup var common: CommonOptions

    func run(in place: DataPlace) async throws {
        let recipient = try DataPlace.address(recipient)
        let sender = try sender.flatMap { $0.isEmpty ? nil : try DataPlace.address($0) }
        let client = try ip.map { text in
            guard let address = ClientAddress(text) else { throw Failure.usage("'\(text)' is not an IP address") }
            return address
        }
        let accounts = MailAccounts(root: "\(place.configuration.data)/accounts")
        let explainer: RouteExplainer
        do {
            explainer = try MailFlow.explainer(
                place.configuration.mailFlow, directory: place.directory, accounts: accounts, logger: place.logger)
        } catch { throw Failure.configuration("\(error)") }
        let explanation = await explainer.explain(recipient, from: sender, at: client)
        await accounts.shutdown()
        if result.json { return try explanation.print() }
        for line in explanation.lines { Output.line(line) }
    }
}
