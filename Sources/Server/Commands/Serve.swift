import ArgumentParser

/// Runs the server until it is told to stop (SIGTERM, SIGINT), and then lets what is under way end.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the server.")

    @OptionGroup var common: CommonOptions

    @Flag(help: "Start on this machine alone, with a demo domain, demo people and their mail; data in ./var by default.")
    var demo = false

    @Option(name: .customLong("public"), help: "The folder of the web app's files (default: found beside the program).")
    var publicFolder: String?

    // For those who run several at once.
    @Option(help: .hidden) var http: [String] = []
    @Option(help: .hidden) var https: [String] = []
    @Option(help: .hidden) var smtp: [String] = []
    @Option(help: .hidden) var submission: [String] = []
    @Option(help: .hidden) var submissions: [String] = []
    @Option(help: .hidden) var lmtp: [String] = []

    /// Seconds: tests cannot wait five minutes.
    @Option(help: .hidden) var greylistWait: Int64?
    /// Certificates that push trusts beside the system's; tests push to this machine.
    @Option(help: .hidden) var pushTrust: String?

    func run() async throws {
        do {
            let configuration = try overridden(try demo ? demoConfiguration() : common.configuration())
            try await RunningServer.run(configuration, isDemo: demo, publicFolder: publicFolder)
        } catch let failure as Failure {
            Output.message(failure.description)
            throw ExitCode(failure.status)
        }
    }

    /// A configuration file given with --demo holds where it differs from the defaults of a server proper.
    private func demoConfiguration() throws -> Configuration {
        var configuration = common.config == nil ? Configuration() : try common.configuration()
        let standard = Configuration()
        if configuration.data == standard.data { configuration.data = common.data ?? "./var" }
        if configuration.mx.isEmpty { configuration.mx = ["127.0.0.1:2525"] }
        if configuration.submission.isEmpty { configuration.submission = ["127.0.0.1:2587"] }
        if configuration.lmtp.isEmpty { configuration.lmtp = ["127.0.0.1:2424"] }
        return configuration
    }

    private func overridden(_ original: Configuration) throws -> Configuration {
        var configuration = original
        if let endpoints = try endpoints(http) { configuration.httpListen = endpoints }
        if let endpoints = try endpoints(https) { configuration.httpTLS = endpoints }
        if !smtp.isEmpty { configuration.mx = smtp }
        if !submission.isEmpty { configuration.submission = submission }
        if !submissions.isEmpty { configuration.submissions = submissions }
        if !lmtp.isEmpty { configuration.lmtp = lmtp }
        if let greylistWait { configuration.greylistWait = greylistWait }
        if let pushTrust { configuration.pushTrust = pushTrust }
        return configuration
    }

    private func endpoints(_ texts: [String]) throws -> [Endpoint]? {
        guard !texts.isEmpty else { return nil }
        return try texts.map { text in
            guard let endpoint = Endpoint(text) else { throw Failure.usage("'\(text)' is not host:port") }
            return endpoint
        }
    }
}
