internal import Delivery
package import JMAP
internal import MailStore

extension EmailSubmissionType: GettableType, ChangingType {
    package typealias Scope = WebmailScope

    package var capability: String { Capability.submission }

    package func fetch(from arguments: inout Arguments) throws(MethodError) -> [String] {
        guard let names = try arguments.optionalStrings("properties") else { return Self.properties }
        if let unknown = names.first(where: { !Self.properties.contains($0) }) {
            throw .invalid("properties", "EmailSubmission has no \"\(unknown)\"")
        }
        return names.contains("id") ? names : ["id"] + names
    }

    package func get(
        _ ids: [Id]?, _ properties: [String], limit: Int, from account: WebmailAccount
    ) async throws(MethodError) -> GetResult {
        let (state, found) = try await account.mail.jsonRecords(.emailSubmission, ids: ids?.map(\.rawValue))
        guard found.count <= limit else { throw .requestTooLarge }
        var list: [JSON] = []
        for (id, record) in found {
            let submission = await current(record)
            var object = JSONObject()
            for name in properties { object[name] = name == "id" ? .string(id) : submission[name] ?? .null }
            list.append(.object(object))
        }
        let known = Set(found.map(\.id))
        return GetResult(state: state, list: list, notFound: ids?.filter { !known.contains($0.rawValue) } ?? [])
    }

    package func changes(
        since state: String, limit: Int?, in account: WebmailAccount
    ) async throws(MethodError) -> ChangesResult {
        ChangesResult(try await account.mail.changes(.emailSubmission, since: state, limit: limit))
    }
}

/// A FilterCondition on submissions (RFC 8621 §7.3); what is nil is not asked.
package struct SubmissionCondition: Sendable {
    var identityIds: [String]?
    var emailIds: [String]?
    var threadIds: [String]?
    var undoStatus: String?
    var before: UTCDate?
    var after: UTCDate?

    init(_ object: JSONObject) throws(MethodError) {
        for (name, value) in object {
            switch name {
            case "identityIds": identityIds = try Self.typed(name, value.strings)
            case "emailIds": emailIds = try Self.typed(name, value.strings)
            case "threadIds": threadIds = try Self.typed(name, value.strings)
            case "undoStatus": undoStatus = try Self.typed(name, value.string)
            case "before": before = try Self.typed(name, value.string.flatMap(UTCDate.init))
            case "after": after = try Self.typed(name, value.string.flatMap(UTCDate.init))
            default: throw .unsupportedFilter(description: "EmailSubmission has no condition \"\(name)\".")
            }
        }
    }

    private static func typed<Value>(_ name: String, _ value: Value?) throws(MethodError) -> Value {
        guard let value else { throw .invalid("filter", "\(name) has the wrong type") }
        return value
    }

    func matches(_ submission: JSONObject) -> Bool {
        func isAmong(_ ids: [String]?, _ name: String) -> Bool {
            ids?.contains(submission[name]?.string ?? "") ?? true
        }
        guard isAmong(identityIds, "identityId"), isAmong(emailIds, "emailId"), isAmong(threadIds, "threadId") else {
            return false
        }
        if let undoStatus, submission["undoStatus"]?.string != undoStatus { return false }
        let sendAt = submission["sendAt"]?.string.flatMap(UTCDate.init) ?? UTCDate(seconds: 0)
        return before.map { sendAt < $0 } ?? true && after.map { sendAt >= $0 } ?? true
    }
}

extension EmailSubmissionType: QueryableType {
    package func queryOptions(from arguments: inout Arguments) throws(MethodError) {}

    package func condition(from object: JSONObject) throws(MethodError) -> SubmissionCondition {
        try SubmissionCondition(object)
    }

    /// RFC 8621 §7.3 says `sentAt`, and means `sendAt`: both are taken.
    package func validate(_ comparator: Comparator) throws(MethodError) {
        guard ["emailId", "threadId", "sentAt", "sendAt"].contains(comparator.property) else {
            throw .unsupportedSort(description: "Submissions do not sort by \"\(comparator.property)\".")
        }
    }

    package func query(
        _ query: Query<SubmissionCondition, Void>, in account: WebmailAccount
    ) async throws(MethodError) -> QueryResult {
        let (state, results) = try await select(query.filter, query.sort, in: account)
        let slice = try query.window.slice(results)
        return QueryResult(
            queryState: state, canCalculateChanges: true, position: slice.position, ids: slice.ids, total: results.count)
    }

    package func queryChanges(
        _ query: ChangesQuery<SubmissionCondition, Void>, in account: WebmailAccount
    ) async throws(MethodError) -> QueryChangesResult {
        let changes = try await self.changes(since: query.sinceQueryState, limit: nil, in: account)
        return try QueryChangesResult(
            results: try await select(query.filter, query.sort, in: account).ids, changes: changes,
            calculateTotal: query.calculateTotal, maxChanges: query.maxChanges)
    }

    private func select(
        _ filter: Filter<SubmissionCondition>?, _ sort: [Comparator], in account: WebmailAccount
    ) async throws(MethodError) -> (state: String, ids: [String]) {
        let (state, records) = try await account.mail.jsonRecords(.emailSubmission)
        var submissions: [(id: String, json: JSONObject)] = []
        for (id, record) in records {
            let submission = await current(record)
            if filter?.matches({ $0.matches(submission) }) ?? true { submissions.append((id, submission)) }
        }
        let ordered = submissions.sorted { left, right in
            for comparator in sort {
                let name = comparator.property == "sentAt" ? "sendAt" : comparator.property
                let (one, other) = (left.json[name]?.string ?? "", right.json[name]?.string ?? "")
                if one != other { return (one < other) == comparator.isAscending }
            }
            return left.id < right.id
        }
        return (state, ordered.map(\.id))
    }
}
