internal import Crypto
package import Disk
internal import FoundationEssentials
internal import GRDB
internal import Glibc

extension SessionToken {
    /// Names the session without opening it: for what is tied to a session and kept elsewhere.
    package var sessionName: String {
        hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension Sessions {
    /// Whether the session of that name (`SessionToken.sessionName`) has neither ended nor expired.
    package func isLive(named name: String) async throws(StoreError) -> Bool {
        let digits = Array(name.utf8)
        guard digits.count == 64 else { return false }
        let hash = stride(from: 0, to: 64, by: 2).compactMap { UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16) }
        guard hash.count == 32 else { return false }
        let now = Int64(time(nil))
        do {
            return try await database.read { db in
                let sql = "SELECT count(*) FROM sessions WHERE token_hash = ? AND expires > ?"
                return try Int.fetchOne(db, sql: sql, arguments: [Data(hash), now]) == 1
            }
        } catch {
            throw StoreError(directory: error)
        }
    }
}
