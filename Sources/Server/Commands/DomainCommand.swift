import ArgumentParser
import Directory
import Disk
import Formats

struct DomainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain", abstract: "The domains that this server hosts.",
        subcommands: [Add.self, Verify.self, Set.self, Suspend.self, Resume.self, Remove.self, List.self, DNS.self])

    struct Add: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Add a domain; pending until it is verified.")
        @Argument var name: String
        @Flag(help: "Take it as verified: you vouch for it.") var verified = false
        @OptionGroup var claim: ClaimantOptions
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let name = try DataPlace.domain(name)
            let claimant = try place.claimant(claim)
            let domain = try await place.write(name.unicode) { () async throws(StoreError) in
                try await place.directory.addDomain(name, state: verified ? .verified : .pending, claimant: claimant)
            }
            if verified { place.noteByHand(name) }
            try place.show(domain, json: result.json)
        }
    }

    struct Verify: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Look for the domain's TXT record.")
        @Argument var name: String
        @Flag(help: "Take it as verified without looking: you vouch for it.") var verified = false
        @OptionGroup var claim: ClaimantOptions
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            try place.show(await place.verify(name, kind: .hosted, byHand: verified, claim), json: result.json)
        }
    }

    struct Set: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Change what holds for a domain.")
        @Argument var name: String
        @Option(help: "Where mail to unknown addresses goes; 'none' refuses it.") var catchAll: String?
        @Option(help: "Split domain routing: the server (host:port) that has the unknown addresses; 'none' ends it.")
        var sdr: String?
        @Option(help: "TLS on the way there: none, opportunistic or required.") var sdrTls: String?
        @Option(help: "Sign in there as this user.") var sdrUser: String?
        @Flag(help: "Read the password for --sdr-user from standard input.") var sdrPasswordStdin = false
        @Option(help: "Spam scores DEFER,JUNK,REJECT; 'default' returns to the global ones.") var thresholds: String?
        @OptionGroup var common: CommonOptions

        /// Everything is read before anything is written, and what is switched off goes first: the rest may depend on it.
        func run(in place: DataPlace) async throws {
            let name = try DataPlace.domain(name)
            guard catchAll != nil || sdr != nil || thresholds != nil else { throw Failure.usage("nothing to set: name an option") }
            guard sdr != nil && sdr != "none" || sdrTls == nil && sdrUser == nil && !sdrPasswordStdin else {
                throw Failure.usage("--sdr-tls, --sdr-user and --sdr-password-stdin go with --sdr HOST:PORT")
            }
            let target = catchAll == "none" ? nil : try catchAll.map(DataPlace.address)
            let scores = try thresholds.map(ThresholdsRow.parse)
            let hop = sdr == "none" ? nil : try sdr.map { try place.nextHop($0, hopOptions) }
            if place.directory.snapshot.domain(name)?.kind == .relay, sdr != nil {
                throw Failure.usage("\(name.unicode) is a relay domain: use relay-domain set")
            }
            if sdr == "none" { try await place.setNextHop(nil, password: nil, of: name) }
            if catchAll != nil {
                try await place.write(name.unicode) { () async throws(StoreError) in
                    try await place.directory.setCatchAll(target, of: name)
                }
            }
            if let hop { try await place.setNextHop(hop.hop, password: hop.password, of: name) }
            if let scores {
                try await place.write(name.unicode) { () async throws(StoreError) in
                    try await place.directory.setThresholds(scores, of: name)
                }
            }
        }

        private var hopOptions: NextHopOptions {
            var options = NextHopOptions()
            options.tls = sdrTls ?? "opportunistic"
            options.user = sdrUser
            options.passwordStdin = sdrPasswordStdin
            return options
        }
    }

    struct Suspend: AdministrativeCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a domain of any class neither receive nor send; everything of it is kept.")
        @Argument var name: String
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let name = try DataPlace.domain(name)
            do throws(StoreError) { try await place.directory.suspendDomain(name) } catch .preconditionFailed {
                throw Failure("\(name.unicode) is not verified yet")
            } catch {
                throw Failure(store: error, name.unicode)
            }
        }
    }

    struct Resume: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Let a suspended domain receive and send again.")
        @Argument var name: String
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let name = try DataPlace.domain(name)
            do throws(StoreError) { try await place.directory.resumeDomain(name) } catch .preconditionFailed {
                throw Failure("\(name.unicode) is not verified yet")
            } catch {
                throw Failure(store: error, name.unicode)
            }
        }
    }

    struct Remove: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a domain that nothing belongs to any more.")
        @Argument var name: String
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws { try await place.removeDomain(name, kind: .hosted) }
    }

    struct List: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "List the domains of all classes.")
        @Argument(help: "Only this one.") var name: String?
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws { try DomainRow.list(name, kind: nil, json: result.json, place) }
    }
}
