internal import Disk
internal import Formats
internal import GRDB

extension StoreError {
    /// What a failed transaction means to the caller.
    init(directory error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self = StoreError(database: error)
        case is ParseError: self = .invalid(reason: "not an address")
        default: self = .unavailable(reason: "\(error)")
        }
    }

    private init(database error: DatabaseError) {
        switch error.extendedResultCode {
        case .SQLITE_CONSTRAINT_PRIMARYKEY, .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_ROWID: self = .alreadyExists
        case .SQLITE_CONSTRAINT_FOREIGNKEY: self = .preconditionFailed
        case .SQLITE_CONSTRAINT_CHECK, .SQLITE_CONSTRAINT_NOTNULL, .SQLITE_CONSTRAINT_DATATYPE, .SQLITE_CONSTRAINT_TRIGGER:
            self = .invalid(reason: error.message ?? "refused by the schema")
        default: self = .unavailable(reason: "\(error)")
        }
    }
}
