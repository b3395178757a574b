import ArgumentParser
import Delivery
import Directory
import Disk
import Formats

extension DomainCommand {
    /// What to publish in the DNS for a domain.
    struct DNS: AdministrativeCommand {
        static let configuration = CommandConfiguration(
            commandName: "dns", abstract: "Show the DNS records to publish for a domain; makes its DKIM keys.")
        @Argument var name: String
        @OptionGroup var result: ResultOptions
        @OptionGroup var common: CommonOptions

        func run(in place: DataPlace) async throws {
            let name = try DataPlace.domain(name)
            guard let domain = place.directory.snapshot.domain(name) else { throw Failure("\(name): not found") }
            let configuration = place.configuration
            let records = try await place.write(name.unicode) { () async throws(StoreError) in
                try DomainRecords.suggested(
                    for: domain, hostname: configuration.hostname, keys: DKIMKeys(data: configuration.data))
            }
            if result.json { return try records.map(RecordRow.init).print() }
            for record in records {
                Output.line("; \(record.purpose)")
                Output.line(record.zoneLine)
            }
        }
    }
}

/// A DNS record as the command line shows it.
private struct RecordRow: Encodable {
    let name: String
    let type: String
    let value: String
    let purpose: String

    init(_ record: SuggestedRecord) {
        name = record.name
        type = record.type
        value = record.value
        purpose = record.purpose
    }
}
