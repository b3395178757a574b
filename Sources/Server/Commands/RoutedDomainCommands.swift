import ArgumentParser
import Directory
import Disk
import Formats

struct DomainAliasCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain-alias", abstract: "Domains that stand for a hosted one: user@alias is user@target.",
        subcommands: [Add.self, Verify.self, Remove.self, List.self])

    struct Add: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Add a domain alias; pending until it is verified.")
        @Argument var alias: String
        @Argument(help: "The hosted domain that it stands for.") var target: String
        @Flag(help: "Take it as verified: you vouch for it.") var verified = false
        @OptionGroup var claim: ClaimantOptions
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let (name, target) = (try DataPlace.domain(alias), try DataPlace.domain(target))
            let claimant = try place.claimant(claim)
            do throws(StoreError) {
                let domain = try await place.directory.addDomainAlias(
                    name, of: target, state: verified ? .verified : .pending, claimant: claimant)
                if verified { place.noteByHand(name) }
                try show(domain, place)
            } catch .notFound {
                throw Failure("\(target.unicode) is no domain of this server: add it first")
            } catch {
                throw Failure(store: error, name.unicode)
            }
        }

        private func show(_ domain: Domain, _ place: DataPlace) throws(StoreError) {
            do { try place.show(domain, json: result.json) } catch { throw .unavailable(reason: "\(error)") }
        }
    }

    struct Verify: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Look for the domain alias's own TXT record.")
        @Argument var alias: String
        @Flag(help: "Take it as verified without looking: you vouch for it.") var verified = false
        @OptionGroup var claim: ClaimantOptions
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            try place.show(await place.verify(alias, kind: .alias, byHand: verified, claim), json: result.json)
        }
    }

    struct Remove: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a domain alias that has no addresses of its own.")
        @Argument var alias: String
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws { try await place.removeDomain(alias, kind: .alias) }
    }

    struct List: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "List the domain aliases.")
        @Argument(help: "Only this one.") var alias: String?
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws { try DomainRow.list(alias, kind: .alias, json: result.json, place) }
    }
}

struct RelayDomainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay-domain", abstract: "Domains whose mail goes to another server, after our filters.",
        subcommands: [Add.self, Verify.self, Set.self, Remove.self, List.self])

    struct Add: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Add a relay domain; pending until it is verified.")
        @Argument var name: String
        @Argument(help: "The server of its mail: host:port. No MX is looked up for it.") var server: String
        @Flag(help: "Take it as verified: you vouch for it.") var verified = false
        @OptionGroup var hop: NextHopOptions
        @OptionGroup var claim: ClaimantOptions
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let name = try DataPlace.domain(name)
            let claimant = try place.claimant(claim)
            let (hop, password) = try place.nextHop(server, hop)
            let addresses = try await NameService(place.configuration).addresses(of: hop.host)
            var domain = try await place.write(name.unicode) { () async throws(StoreError) in
                let plain = try NextHop(host: hop.host, port: hop.port, tls: hop.tls)
                return try await place.directory.addRelayDomain(
                    name, to: plain, on: ThisServer(place.configuration), at: addresses,
                    state: verified ? .verified : .pending, claimant: claimant)
            }
            if verified { place.noteByHand(name) }
            if hop.username != nil {
                try await place.setNextHop(hop, password: password, of: name)
                domain = place.directory.snapshot.domain(name) ?? domain
            }
            try place.show(domain, json: result.json)
        }
    }

    struct Verify: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Look for the relay domain's TXT record.")
        @Argument var name: String
        @Flag(help: "Take it as verified without looking: you vouch for it.") var verified = false
        @OptionGroup var claim: ClaimantOptions
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            try place.show(await place.verify(name, kind: .relay, byHand: verified, claim), json: result.json)
        }
    }

    struct Set: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Change the server of a relay domain's mail.")
        @Argument var name: String
        @Argument(help: "host:port") var server: String
        @OptionGroup var hop: NextHopOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let name = try DataPlace.domain(name)
            guard place.directory.snapshot.domain(name)?.kind == .relay else { throw Failure("\(name.unicode) is no relay domain") }
            let (hop, password) = try place.nextHop(server, hop)
            try await place.setNextHop(hop, password: password, of: name)
        }
    }

    struct Remove: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a relay domain.")
        @Argument var name: String
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws { try await place.removeDomain(name, kind: .relay) }
    }

    struct List: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "List the relay domains.")
        @Argument(help: "Only this one.") var name: String?
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws { try DomainRow.list(name, kind: .relay, json: result.json, place) }
    }
}
