internal import Disk
internal import SMTP

extension Reply {
    /// What a client is told when a store could not take its message.
    init(_ error: StoreError) {
        switch error {
        case .overQuota: self = Reply(452, 4, 2, 2, "Mailbox full")
        case .notFound, .alreadyExists, .preconditionFailed, .stateUnknown, .invalid, .unavailable: self = .localError
        }
    }
}
