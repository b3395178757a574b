internal import Disk
internal import JMAP
internal import MailStore

extension MailAccount {
    /// The records of a kind as JSON objects: all of them, or those of these ids that exist; and the state that they are of.
    nonisolated func jsonRecords(
        _ kind: ChangeKind, ids: [String]? = nil
    ) async throws(MethodError) -> (state: String, records: [(id: String, json: JSONObject)]) {
        try await snapshot { reader in
            let stored = try ids.map { try $0.compactMap { try reader.record(kind, id: $0) } } ?? reader.records(kind)
            let records = stored.compactMap { record -> (id: String, json: JSONObject)? in
                guard let object = try? JSON(parsing: record.json).object else { return nil }
                return (record.id, object)
            }
            return (try reader.state(kind).rawValue, records)
        }
    }

    nonisolated func jsonRecord(_ kind: ChangeKind, _ id: String) async throws(MethodError) -> JSONObject? {
        try await snapshot { reader in
            try reader.record(kind, id: id).flatMap { try? JSON(parsing: $0.json).object }
        }
    }

    func put(_ kind: ChangeKind, _ id: String, _ json: JSONObject) throws(StoreError) {
        try putRecord(kind, AccountRecord(id: id, json: JSON.object(json).serialized))
    }
}
