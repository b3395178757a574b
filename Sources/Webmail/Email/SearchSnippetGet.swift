package import JMAP
internal import MailStore

/// `SearchSnippet/get` (RFC 8621 §5.1).
package struct SearchSnippetGet: Method {
    package let name = "SearchSnippet/get"
    package let capability = Capability.mail

    package init() {}

    package func respond(
        to given: Arguments, in scope: WebmailScope, state: inout RequestState
    ) async throws(MethodError) -> MethodResponse {
        var arguments = given
        let accountId = try arguments.id("accountId")
        let filter = try Self.filter(from: &arguments)
        let ids = try arguments.ids("emailIds")
        try arguments.finish()
        guard ids.count <= scope.limits.maxObjectsInGet else { throw .requestTooLarge }
        let account = try await scope.account(accountId, capability: capability, changes: false)
        let snippets = try await account.mail.snapshot { reader in
            try reader.snippets(filter, for: ids.map { EmailID(rawValue: $0.rawValue) })
        }
        let found = Set(snippets.map(\.emailId.rawValue))
        let list = snippets.map { snippet -> JSON in
            [
                "emailId": .string(snippet.emailId.rawValue),
                "subject": JSON(snippet.subject),
                "preview": JSON(snippet.preview),
            ]
        }
        return MethodResponse([
            "accountId": JSON(accountId),
            "list": .array(list),
            "notFound": .array(ids.filter { !found.contains($0.rawValue) }.map { JSON($0) }),
        ])
    }

    private static func filter(from arguments: inout Arguments) throws(MethodError) -> EmailFilter? {
        guard let json = arguments.take("filter"), !json.isNull else { return nil }
        return EmailFilter(
            try Filter(json) { object throws(MethodError) in try EmailConditions.filter(object) })
    }
}
