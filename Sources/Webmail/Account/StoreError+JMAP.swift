internal import Disk
internal import JMAP
internal import Logging
internal import MailStore

// The one place where the stores' errors become JMAP's. Clients are told little.

extension MethodError {
    /// What a whole method answers when the store fails it.
    init(_ error: StoreError) {
        switch error {
        case .notFound: self = .accountNotFound
        case .alreadyExists: self = .serverFail(description: "The change met another one. Try again.")
        case .overQuota: self = .serverFail(description: "The account's storage is full.")
        case .preconditionFailed: self = .stateMismatch
        case .stateUnknown: self = .cannotCalculateChanges
        case .invalid(let reason): self = .serverFail(description: reason)
        case .unavailable: self = .serverUnavailable
        }
    }

    init(_ error: EmailQueryError) {
        switch error {
        case .anchorNotFound: self = .anchorNotFound
        case .tooManyChanges: self = .tooManyChanges
        case .cannotCalculateChanges: self = .cannotCalculateChanges
        case .unsupportedFilter: self = .unsupportedFilter(description: "A text condition holds no word to look for.")
        }
    }

    /// For closures that run in the store and may throw anything.
    init(translating error: any Error) {
        switch error {
        case let error as MethodError: self = error
        case let error as StoreError: self = MethodError(error)
        case let error as EmailQueryError: self = MethodError(error)
        default:
            Logger(label: "jmap").error("A read failed", metadata: ["error": "\(error)"])
            self = .serverFail(description: "The server could not read the account.")
        }
    }
}

extension SetError {
    /// What one record answers when the store refuses its change.
    init(_ error: StoreError) {
        switch error {
        case .notFound: self = .notFound
        case .alreadyExists: self = SetError("alreadyExists")
        case .overQuota: self = .overQuota
        case .preconditionFailed: self = .forbidden("The record was changed meanwhile.")
        case .stateUnknown: self = .serverFail("The state is unknown.")
        case .invalid(let reason): self = .invalidProperties([], reason)
        case .unavailable: self = .serverFail("The storage is not available. Try again later.")
        }
    }

    init(_ error: MailboxError) {
        switch error {
        case .notFound: self = .notFound
        case .invalidProperty(let property, let reason): self = .invalidProperties([property], reason)
        case .alreadyExists(let id):
            self = SetError(
                "alreadyExists", description: "A mailbox of that name is there already.",
                details: ["existingId": .string(id.rawValue), "properties": ["name"]])
        case .hasChild: self = SetError("mailboxHasChild")
        case .hasEmail: self = SetError("mailboxHasEmail")
        case .forbidden: self = .forbidden("The inbox cannot be renamed, moved or destroyed.")
        case .store(let error): self = SetError(error)
        }
    }
}

extension MailAccount {
    /// Reads on one snapshot, with errors as methods have them.
    nonisolated func snapshot<Value: Sendable>(
        _ body: @escaping @Sendable (MailReader) throws -> Value
    ) async throws(MethodError) -> Value {
        do { return try await read(body) } catch { throw MethodError(translating: error) }
    }

    /// One page of `/changes`.
    nonisolated func changes(
        _ kind: ChangeKind, since text: String, limit: Int?
    ) async throws(MethodError) -> ChangesPage {
        guard let state = StateToken(rawValue: text) else { throw .cannotCalculateChanges }
        return try await snapshot { reader in try reader.changes(kind, since: state, limit: limit) }
    }

    nonisolated func state(_ kind: ChangeKind) async throws(MethodError) -> String {
        try await snapshot { reader in try reader.state(kind).rawValue }
    }
}

extension ChangesResult {
    init(_ page: ChangesPage, extra: JSONObject = [:]) {
        self.init(
            newState: page.newState.rawValue, hasMoreChanges: page.hasMoreChanges, created: page.created,
            updated: page.updated, destroyed: page.destroyed, extra: extra)
    }
}
