import ArgumentParser
import Directory
import Disk
import Formats

/// Whose list or thresholds a command is about.
struct ScopeOptions: ParsableArguments {
    @Option(help: "The domain whose it is; without, everybody's.") var domain: String?

    func name() throws -> DomainName? { try domain.map(DataPlace.domain) }
}

extension PolicyListEntry.Kind: ExpressibleByArgument {}

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Allow and block lists: domains, addresses and client networks.",
        subcommands: [Add.self, Remove.self, Show.self])

    struct Add: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Add an entry.")
        @Argument(help: "allow or block") var list: PolicyListEntry.Kind
        @Argument(help: "A domain (with all below it), an address, or a network as in 192.0.2.0/24.") var entry: String
        @OptionGroup var scope: ScopeOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let entry = try ListCommand.entry(list, entry, scope)
            try await place.write(self.entry) { () async throws(StoreError) in try await place.directory.addPolicyEntry(entry) }
        }
    }

    struct Remove: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an entry.")
        @Argument(help: "allow or block") var list: PolicyListEntry.Kind
        @Argument var entry: String
        @OptionGroup var scope: ScopeOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let entry = try ListCommand.entry(list, entry, scope)
            try await place.write(self.entry) { () async throws(StoreError) in try await place.directory.removePolicyEntry(entry) }
        }
    }

    struct Show: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Show the entries of a domain, or the global ones.")
        @Argument(help: "Only this list: allow or block.") var list: PolicyListEntry.Kind?
        @Argument(help: "Only this entry.") var entry: String?
        @OptionGroup var scope: ScopeOptions
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        private struct Row: Encodable {
            let list: String
            let entry: String
            let domain: String?
        }

        func run(in place: DataPlace) async throws {
            let name = try scope.name()
            if let name, place.directory.snapshot.domain(name) == nil { throw Failure("\(name): not found") }
            let wanted = try entry.map { text in try ListCommand.pattern(text) }
            let rows = place.directory.snapshot.policyEntries(of: name)
                .filter { (list == nil || $0.kind == list) && (wanted == nil || $0.pattern == wanted) }
                .map { Row(list: $0.kind.rawValue, entry: $0.pattern.description, domain: name?.ascii) }
            if result.json { return try rows.print() }
            for row in rows { Output.line("\(row.list)\t\(row.entry)") }
        }
    }

    fileprivate static func entry(
        _ kind: PolicyListEntry.Kind, _ text: String, _ scope: ScopeOptions
    ) throws -> PolicyListEntry {
        PolicyListEntry(kind: kind, pattern: try pattern(text), scope: try scope.name())
    }

    fileprivate static func pattern(_ text: String) throws -> PolicyListEntry.Pattern {
        do throws(StoreError) { return try PolicyListEntry.Pattern(parsing: text) } catch {
            throw Failure(store: error, text)
        }
    }
}

struct ThresholdsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "thresholds", abstract: "The spam scores from which mail is deferred, filed as junk, and rejected.",
        subcommands: [Show.self, Set.self])

    struct Show: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Show what holds, and who set it.")
        @OptionGroup var scope: ScopeOptions
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let snapshot = place.directory.snapshot
            let name = try scope.name()
            if let name, snapshot.domain(name) == nil { throw Failure("\(name): not found") }
            let row = ThresholdsRow(name.map { snapshot.thresholds(for: $0) } ?? snapshot.globalThresholds)
            if result.json { return try row.print() }
            Output.line("defer \(row.defer)\tjunk \(row.junk)\treject \(row.reject)\t\(row.source)")
        }
    }

    struct Set: AdministrativeCommand {
        static let configuration = CommandConfiguration(abstract: "Set them, for everybody or for one domain.")
        @Argument(help: "DEFER,JUNK,REJECT, or 'default' to return to what is above.") var scores: String
        @OptionGroup var scope: ScopeOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let name = try scope.name()
            let thresholds = try ThresholdsRow.parse(scores)
            try await place.write(name?.unicode ?? "thresholds") { () async throws(StoreError) in
                try await place.directory.setThresholds(thresholds, of: name)
            }
        }
    }
}
