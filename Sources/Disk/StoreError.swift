/// What a store answers when it cannot do what was asked. Each surface translates it once, exhaustively.
package enum StoreError: Error, Hashable, Sendable {
    /// The thing named does not exist (any more).
    case notFound
    /// A thing of that name, id or role is already there.
    case alreadyExists
    /// The owner's storage limit does not allow it. Nothing has changed.
    case overQuota
    /// The state, ETag or version the caller relied on is not the current one.
    case preconditionFailed
    /// The state token is of another epoch, or older than the log of changes reaches.
    case stateUnknown
    /// The request contradicts the rules of the store; `reason` is for a log or a developer.
    case invalid(reason: String)
    /// The disk or the index failed; the caller may try again later. `reason` is for the log.
    case unavailable(reason: String)
}
