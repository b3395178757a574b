import Disk

/// A snapshot of an account's index, valid inside `MailAccount.read`. All that it answers is of one moment.
package struct MailReader {
    /// The current state of a kind.
    package func state(_ kind: ChangeKind) throws -> StateToken { throw StoreError.notFound }

    /// All mailboxes with their counts; parents are among them. Query, sort and filter of mailboxes are over this list.
    package func mailboxes() throws -> [Mailbox] { [] }

    /// The emails that exist of those named, in the order of `ids`.
    package func emails(_ ids: [EmailID]) throws -> [Email] { [] }

    /// The ids of a thread's emails, oldest received first; threads that do not exist are left out.
    package func threads(_ ids: [ThreadID]) throws -> [ThreadID: [EmailID]] { [:] }

    /// Throws `EmailQueryError` or `StoreError`.
    package func query(_ query: EmailQuery) throws -> EmailQueryPage { throw StoreError.notFound }

    /// How the result of `query` (its window is ignored) moved on since `state`. Throws `EmailQueryError` or `StoreError`.
    package func queryChanges(
        _ query: EmailQuery, since state: StateToken, maxChanges: Int?, upTo: EmailID?
    ) throws -> EmailQueryChanges { throw StoreError.notFound }

    /// One page of changes of a kind; at most `limit` ids. `StoreError.stateUnknown` when `state` is too old or foreign.
    package func changes(_ kind: ChangeKind, since state: StateToken, limit: Int?) throws -> ChangesPage {
        throw StoreError.stateUnknown
    }

    /// Subject and body extracts with the filter's words marked; emails that do not exist are left out. Reads files.
    package func snippets(_ filter: EmailFilter?, for ids: [EmailID]) throws -> [SearchSnippet] { [] }

    /// All records of a kind.
    package func records(_ kind: ChangeKind) throws -> [AccountRecord] { [] }

    /// One record, or nil.
    package func record(_ kind: ChangeKind, id: String) throws -> AccountRecord? { nil }

    /// The octets of all messages: what a quota limits.
    package func usage() throws -> Int64 { 0 }
}
