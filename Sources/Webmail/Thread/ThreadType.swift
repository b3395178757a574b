package import JMAP
internal import MailStore

/// Threads (RFC 8621 §3).
package struct ThreadType: GettableType, ChangingType {
    package typealias Scope = WebmailScope

    package let name = "Thread"
    package let capability = Capability.mail

    package init() {}

    package func fetch(from arguments: inout Arguments) throws(MethodError) -> [String] {
        let names = try arguments.optionalStrings("properties") ?? ["id", "emailIds"]
        if let unknown = names.first(where: { $0 != "id" && $0 != "emailIds" }) {
            throw .invalid("properties", "Thread has no \"\(unknown)\"")
        }
        return names
    }

    package func get(
        _ ids: [Id]?, _ properties: [String], limit: Int, from account: WebmailAccount
    ) async throws(MethodError) -> GetResult {
        let withEmails = properties.contains("emailIds")
        return try await account.mail.snapshot { reader in
            let wanted = try ids?.map { ThreadID(rawValue: $0.rawValue) } ?? Self.allThreads(reader, limit: limit)
            let threads = try reader.threads(wanted)
            var list: [JSON] = []
            var notFound: [Id] = []
            for id in wanted {
                guard let emails = threads[id] else {
                    if let id = Id(id.rawValue) { notFound.append(id) }
                    continue
                }
                var thread: JSONObject = ["id": .string(id.rawValue)]
                if withEmails { thread.append("emailIds", .array(emails.map { .string($0.rawValue) })) }
                list.append(.object(thread))
            }
            return GetResult(state: try reader.state(.thread).rawValue, list: list, notFound: notFound)
        }
    }

    /// RFC 8620 §5.1: all of them, when they are not more than the limit.
    private static func allThreads(_ reader: MailReader, limit: Int) throws -> [ThreadID] {
        let page = try reader.query(EmailQuery(collapseThreads: true, limit: limit + 1))
        guard page.ids.count <= limit else { throw MethodError.requestTooLarge }
        return try reader.emails(page.ids).map(\.threadId)
    }

    package func changes(
        since state: String, limit: Int?, in account: WebmailAccount
    ) async throws(MethodError) -> ChangesResult {
        ChangesResult(try await account.mail.changes(.thread, since: state, limit: limit))
    }
}
