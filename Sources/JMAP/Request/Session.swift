/// The URIs of the capabilities that this server knows.
package enum Capability {
    package static let core = "urn:ietf:params:jmap:core"
    package static let mail = "urn:ietf:params:jmap:mail"
    package static let submission = "urn:ietf:params:jmap:submission"
    package static let vacationResponse = "urn:ietf:params:jmap:vacationresponse"
    /// RFC 9661
    package static let sieve = "urn:ietf:params:jmap:sieve"
}

/// What the session says of one account (RFC 8620 §2).
package struct SessionAccount: Sendable {
    package let id: Id
    package let name: String
    package let isPersonal: Bool
    package let isReadOnly: Bool
    /// Capability URI → its object for this account.
    package let capabilities: [(uri: String, value: JSON)]

    package init(
        id: Id, name: String, isPersonal: Bool, isReadOnly: Bool, capabilities: [(uri: String, value: JSON)]
    ) {
        self.id = id
        self.name = name
        self.isPersonal = isPersonal
        self.isReadOnly = isReadOnly
        self.capabilities = capabilities
    }
}

/// The Session object (RFC 8620 §2).
package struct Session: Sendable {
    package let username: String
    package let limits: Limits
    /// Capability URI → its object for the server, the core's aside.
    package let capabilities: [(uri: String, value: JSON)]
    /// The user's own first.
    package let accounts: [SessionAccount]

    package init(
        username: String, limits: Limits, capabilities: [(uri: String, value: JSON)], accounts: [SessionAccount]
    ) {
        self.username = username
        self.limits = limits
        self.capabilities = capabilities
        self.accounts = accounts
    }

    /// Changes when anything else in the session does.
    package var state: String {
        // FNV-1a, 64 bits: only has to differ when the text does.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in JSON.object(content).serialized { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "s" + String(hash, radix: 16)
    }

    /// The whole object.
    ///
    /// - Parameter baseURL: scheme and authority, without a final slash; clients do not resolve relative URLs.
    package func json(baseURL: String, urls: SessionURLs) -> JSON {
        var object = content
        object.append("apiUrl", .string(baseURL + urls.api))
        object.append("downloadUrl", .string(baseURL + urls.download))
        object.append("uploadUrl", .string(baseURL + urls.upload))
        object.append("eventSourceUrl", .string(baseURL + urls.eventSource))
        object.append("state", .string(state))
        return .object(object)
    }

    private var content: JSONObject {
        var accountsByIds = JSONObject()
        var primary = JSONObject()
        for account in accounts {
            accountsByIds.append(
                account.id.rawValue,
                [
                    "name": .string(account.name),
                    "isPersonal": .bool(account.isPersonal),
                    "isReadOnly": .bool(account.isReadOnly),
                    "accountCapabilities": .object(JSONObject(unique: account.capabilities.map { ($0.uri, $0.value) })),
                ])
            for (uri, _) in account.capabilities where account.isPersonal && uri != Capability.core && !primary.has(uri) {
                primary.append(uri, JSON(account.id))
            }
        }
        return [
            "capabilities": .object(
                JSONObject(unique: [(Capability.core, limits.capability)] + capabilities.map { ($0.uri, $0.value) })),
            "accounts": .object(accountsByIds),
            "primaryAccounts": .object(primary),
            "username": .string(username),
        ]
    }
}

/// The URI templates (RFC 6570, level 1) of the session, as paths.
package struct SessionURLs: Sendable {
    package let api: String
    package let download: String
    package let upload: String
    package let eventSource: String

    package init(api: String, download: String, upload: String, eventSource: String) {
        self.api = api
        self.download = download
        self.upload = upload
        self.eventSource = eventSource
    }
}
