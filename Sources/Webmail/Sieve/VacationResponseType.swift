internal import Delivery
internal import Disk
package import JMAP
internal import MailStore

/// The answer that a user has sent while away (RFC 8621 §8): one of an account. Delivery runs it as a generated script, beside
/// the user's own one; it is no `SieveScript` of the account.
package struct VacationResponseType: GettableType {
    package typealias Scope = WebmailScope

    package let name = "VacationResponse"
    package let capability = Capability.vacationResponse

    package init() {}

    private static let defaults: JSONObject = [
        "isEnabled": false, "fromDate": nil, "toDate": nil, "subject": nil, "textBody": nil, "htmlBody": nil,
    ]
    static let properties = ["id"] + defaults.names
    /// Octets of a body, and of the subject.
    private static let maximumBody = 100_000
    private static let maximumSubject = 500

    // MARK: /get

    package func fetch(from arguments: inout Arguments) throws(MethodError) -> [String] {
        guard let names = try arguments.optionalStrings("properties") else { return Self.properties }
        if let unknown = names.first(where: { !Self.properties.contains($0) }) {
            throw .invalid("properties", "VacationResponse has no \"\(unknown)\"")
        }
        return names.contains("id") ? names : ["id"] + names
    }

    package func get(
        _ ids: [Id]?, _ properties: [String], limit: Int, from account: WebmailAccount
    ) async throws(MethodError) -> GetResult {
        let (state, current) = try await Self.current(account)
        let isWanted = ids?.contains { $0.rawValue == VacationResponse.id } ?? true
        let object = JSONObject(unique: properties.map { ($0, current[$0] ?? .null) })
        return GetResult(
            state: state, list: isWanted ? [.object(object)] : [],
            notFound: ids?.filter { $0.rawValue != VacationResponse.id } ?? [])
    }

    private static func current(_ account: WebmailAccount) async throws(MethodError) -> (state: String, JSONObject) {
        let (state, records) = try await account.mail.jsonRecords(.vacationResponse, ids: [VacationResponse.id])
        let object: JSONObject = ["id": .string(VacationResponse.id)]
        return (state, object.merging(defaults).merging(records.first?.json ?? [:]))
    }
}

extension VacationResponseType: SettableType {
    package func setOptions(from arguments: inout Arguments) throws(MethodError) {}

    package func state(of account: WebmailAccount) async throws(MethodError) -> String {
        try await account.mail.state(.vacationResponse)
    }

    package func create(
        _ record: JSONObject, options: Void, in account: WebmailAccount, request: RequestState
    ) async throws(MethodError) -> Result<CreatedRecord, SetError> { .failure(.singleton) }

    package func destroy(
        _ ids: [Id], options: Void, in account: WebmailAccount
    ) async throws(MethodError) -> [SetError?] {
        ids.map { $0.rawValue == VacationResponse.id ? .singleton : .notFound }
    }

    package func update(
        _ patches: [(id: Id, patch: PatchObject)], options: Void, in account: WebmailAccount, request: RequestState
    ) async throws(MethodError) -> [Result<JSONObject?, SetError>] {
        var results: [Result<JSONObject?, SetError>] = []
        for (id, patch) in patches {
            let before = try await Self.current(account).1
            do throws(SetError) {
                guard id.rawValue == VacationResponse.id else { throw .notFound }
                var after = try patch.applied(to: before, defaults: Self.defaults)
                let invalid = patch.properties.filter { after[$0] != before[$0] && !Self.isValid($0, after[$0] ?? .null) }
                guard invalid.isEmpty else { throw .invalidProperties(invalid) }
                after["id"] = nil
                do { try await account.mail.put(.vacationResponse, VacationResponse.id, after) } catch { throw SetError(error) }
                results.append(.success(nil))
            } catch { results.append(.failure(error)) }
        }
        return results
    }

    private static func isValid(_ name: String, _ value: JSON) -> Bool {
        switch name {
        case "isEnabled": value.bool != nil
        case "fromDate", "toDate": value.isNull || value.string.flatMap(UTCDate.init) != nil
        case "subject": value.isNull || value.string.map { $0.utf8.count <= maximumSubject } ?? false
        case "textBody", "htmlBody": value.isNull || value.string.map { $0.utf8.count <= maximumBody } ?? false
        default: false
        }
    }
}
