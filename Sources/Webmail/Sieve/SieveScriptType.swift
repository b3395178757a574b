internal import Delivery
internal import Disk
package import JMAP
internal import MailStore

/// Sieve scripts: the filters of a mailbox (RFC 9661). Their content travels as blobs.
package struct SieveScriptType: GettableType {
    package typealias Scope = WebmailScope

    package let name = "SieveScript"
    package let capability = Capability.sieve

    package init() {}

    static let properties = ["id", "name", "blobId", "isActive"]

    /// What the session says of the server (RFC 9661 §1.3.1).
    static let serverCapability: JSON = ["implementation": "Mail Portal"]

    /// What the session says of an account (RFC 9661 §1.3.2).
    static var accountCapability: JSON {
        [
            "maxSizeScriptName": .int(ScriptLimits.maximumName),
            "maxSizeScript": .int(ScriptLimits.maximumSize),
            "maxNumberScripts": .int(ScriptLimits.maximumCount),
            "maxNumberRedirects": .int(FilterScript.maximumRedirects),
            "sieveExtensions": JSON(FilterScript.extensions),
            "notificationMethods": nil,
            "externalLists": nil,
        ]
    }

    // MARK: /get

    package func fetch(from arguments: inout Arguments) throws(MethodError) -> [String] {
        guard let names = try arguments.optionalStrings("properties") else { return Self.properties }
        if let unknown = names.first(where: { !Self.properties.contains($0) }) {
            throw .invalid("properties", "SieveScript has no \"\(unknown)\"")
        }
        return names.contains("id") ? names : ["id"] + names
    }

    package func get(
        _ ids: [Id]?, _ properties: [String], limit: Int, from account: WebmailAccount
    ) async throws(MethodError) -> GetResult {
        let (state, scripts) = try await Self.scripts(of: account)
        let wanted = ids.map { ids in scripts.filter { script in ids.contains { $0.rawValue == script.id.rawValue } } } ?? scripts
        let list = wanted.map { script -> JSON in
            let all = Self.json(script)
            return .object(JSONObject(unique: properties.map { ($0, all[$0] ?? .null) }))
        }
        let known = Set(scripts.map(\.id.rawValue))
        return GetResult(state: state, list: list, notFound: ids?.filter { !known.contains($0.rawValue) } ?? [])
    }

    static func scripts(of account: WebmailAccount) async throws(MethodError) -> (state: String, list: [Script]) {
        do throws(StoreError) {
            let (state, scripts) = try await account.mail.scripts()
            return (state.rawValue, scripts)
        } catch { throw MethodError(error) }
    }

    static func json(_ script: Script) -> JSONObject {
        [
            "id": .string(script.id.rawValue), "name": .string(script.name), "blobId": .string(script.blobId.rawValue),
            "isActive": .bool(script.isActive),
        ]
    }

    /// The bytes that a blob id of the client's stands for; nil when there are none.
    static func content(_ blobId: String?, in account: WebmailAccount) async throws(StoreError) -> [UInt8]? {
        guard let blobId else { return nil }
        do throws(StoreError) {
            let blob = try await account.mail.blob(BlobID(rawValue: blobId))
            // No script is that large: enough to see that it is not.
            return blob.size > ScriptLimits.maximumSize ? Array(repeating: 0x20, count: ScriptLimits.maximumSize + 1) : try blob.read()
        } catch {
            guard error == .notFound else { throw error }
            return nil
        }
    }
}

/// A FilterCondition on scripts (RFC 9661 §2.5); what is nil is not asked.
package struct SieveScriptCondition: Sendable {
    let name: String?
    let isActive: Bool?

    init(_ object: JSONObject) throws(MethodError) {
        if let unknown = object.names.first(where: { $0 != "name" && $0 != "isActive" }) {
            throw .unsupportedFilter(description: "SieveScript has no condition \"\(unknown)\".")
        }
        name = object["name"]?.string
        isActive = object["isActive"]?.bool
        guard object.has("name") == (name != nil), object.has("isActive") == (isActive != nil) else {
            throw .invalid("filter", "a condition has the wrong type")
        }
    }

    func matches(_ script: Script) -> Bool {
        if let isActive, script.isActive != isActive { return false }
        return name.map { $0.isEmpty || script.name.lowercased().contains($0.lowercased()) } ?? true
    }
}

extension SieveScriptType: QueryableType {
    package func queryOptions(from arguments: inout Arguments) throws(MethodError) {}

    package func condition(from object: JSONObject) throws(MethodError) -> SieveScriptCondition {
        try SieveScriptCondition(object)
    }

    package func validate(_ comparator: Comparator) throws(MethodError) {
        guard ["name", "isActive"].contains(comparator.property) else {
            throw .unsupportedSort(description: "Scripts do not sort by \"\(comparator.property)\".")
        }
    }

    package func query(
        _ query: Query<SieveScriptCondition, Void>, in account: WebmailAccount
    ) async throws(MethodError) -> QueryResult {
        let (state, scripts) = try await Self.scripts(of: account)
        let found = scripts.filter { script in query.filter?.matches { $0.matches(script) } ?? true }
        let ids = found.sorted { Self.isBefore($0, $1, query.sort) }.map(\.id.rawValue)
        let slice = try query.window.slice(ids)
        return QueryResult(
            queryState: state, canCalculateChanges: false, position: slice.position, ids: slice.ids, total: ids.count)
    }

    /// RFC 9661 has no `/queryChanges`.
    package func queryChanges(
        _ query: ChangesQuery<SieveScriptCondition, Void>, in account: WebmailAccount
    ) async throws(MethodError) -> QueryChangesResult {
        throw .cannotCalculateChanges
    }

    private static func isBefore(_ one: Script, _ other: Script, _ sort: [Comparator]) -> Bool {
        for comparator in sort {
            let (left, right) =
                comparator.property == "name"
                ? (one.name.lowercased(), other.name.lowercased()) : (one.isActive ? "1" : "0", other.isActive ? "1" : "0")
            if left != right { return (left < right) == comparator.isAscending }
        }
        return one.id.rawValue < other.id.rawValue
    }
}

/// `SieveScript/validate` (RFC 9661 §2.6): whether a blob is a script that can run here, without keeping it.
package struct SieveScriptValidate: Method {
    package let name = "SieveScript/validate"
    package let capability = Capability.sieve

    package init() {}

    package func respond(
        to given: Arguments, in scope: WebmailScope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        var arguments = given
        let accountId = try arguments.id("accountId")
        let blobId = try arguments.id("blobId")
        try arguments.finish()
        let account = try await scope.account(accountId, capability: capability, changes: false)
        var refusal: SetError?
        do throws(StoreError) {
            let content = try await SieveScriptType.content(blobId.rawValue, in: account)
            refusal = content.map(SieveScriptType.refusal) ?? SieveScriptType.blobNotFound(blobId.rawValue)
        } catch { throw MethodError(error) }
        return MethodResponse(["accountId": JSON(accountId), "error": refusal?.json ?? .null])
    }
}
