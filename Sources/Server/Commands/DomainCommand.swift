import ArgumentParser
import Directory
import Disk
import Formats

struct DomainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain", abstract: "The domains of this server.",
        subcommands: [Add.self, Verify.self, Set.self, Remove.self, List.self])

    struct Add: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Add a domain; pending until it is verified.")
        @Argument var name: String
        @Flag(help: "Take it as verified: you vouch for it.") var verified = false
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let name = try DataPlace.domain(name)
            let domain = try await place.write(name.unicode) { () async throws(StoreError) in
                try await place.directory.addDomain(name, state: verified ? .verified : .pending)
            }
            try DomainRow(domain).show(json: result.json)
        }
    }

    struct Verify: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Look for the domain's TXT record.")
        @Argument var name: String
        @Flag(help: "Take it as verified without looking: you vouch for it.") var verified = false
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let name = try DataPlace.domain(name)
            guard let domain = place.directory.snapshot.domain(name) else { throw Failure("\(name): not found") }
            if !verified, try await !VerificationRecord.isPublished(for: domain, place.configuration) {
                throw Failure("\(name) has no TXT record \"\(VerificationRecord.text(for: domain))\"")
            }
            try await place.write(name.unicode) { () async throws(StoreError) in
                try await place.directory.setState(.verified, of: name)
            }
            guard let domain = place.directory.snapshot.domain(name) else { return }
            try DomainRow(domain).show(json: result.json)
        }
    }

    struct Set: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Change what holds for a domain.")
        @Argument var name: String
        @Option(help: "Where mail to unknown addresses goes; 'none' refuses it.") var catchAll: String?
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let name = try DataPlace.domain(name)
            guard let catchAll else { throw Failure.usage("nothing to set: name an option") }
            let target = catchAll == "none" ? nil : try DataPlace.address(catchAll)
            try await place.write(name.unicode) { () async throws(StoreError) in
                try await place.directory.setCatchAll(target, of: name)
            }
        }
    }

    struct Remove: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a domain that nothing belongs to any more.")
        @Argument var name: String
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let name = try DataPlace.domain(name)
            do throws(StoreError) { try await place.directory.removeDomain(name) } catch .preconditionFailed {
                throw Failure("\(name) still has accounts, aliases or sender addresses")
            } catch {
                throw Failure(store: error, name.unicode)
            }
        }
    }

    struct List: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "List the domains.")
        @Argument(help: "Only this one.") var name: String?
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let wanted = try name.map(DataPlace.domain)
            let rows = place.directory.snapshot.domains.filter { wanted == nil || $0.name == wanted }.map(DomainRow.init)
            if result.json { return try rows.print() }
            for row in rows { try row.show(json: false) }
        }
    }
}

/// A domain as the command line shows it.
private struct DomainRow: Encodable {
    let name: String
    let `class`: String
    let state: String
    let catchAll: String?
    let verificationRecord: String
    let created: String

    init(_ domain: Domain) {
        name = domain.name.ascii
        `class` = domain.kind.rawValue
        state = domain.state.rawValue
        catchAll = domain.catchAll?.description
        verificationRecord = VerificationRecord.text(for: domain)
        created = TimeText.utc(domain.createdAt)
    }

    func show(json: Bool) throws {
        if json { return try print() }
        let more = state == "pending" ? "TXT \"\(verificationRecord)\"" : catchAll.map { "catch-all \($0)" } ?? ""
        Output.line([name, `class`, state, more].filter { !$0.isEmpty }.joined(separator: "\t"))
    }
}
