internal import Crypto
package import Disk
internal import FoundationEssentials
internal import GRDB
internal import Glibc
internal import Synchronization

/// What a browser shows to prove its session: 256 random bits. The directory keeps its SHA-256 alone.
package struct SessionToken: Hashable, Sendable {
    /// 43 characters of base64url.
    package let text: String

    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 43, text.utf8.allSatisfy({ Self.alphabet.contains($0) }) else { return nil }
        self.text = String(text)
    }

    private init(unchecked text: String) { self.text = text }

    static func random() -> SessionToken {
        var generator = SystemRandomNumberGenerator()
        // 43 characters of 6 bits: 258 bits.
        let characters = (0..<43).map { _ in Self.alphabet[Int(generator.next(upperBound: UInt64(64)))] }
        return SessionToken(unchecked: String(decoding: characters, as: UTF8.self))
    }

    var hash: [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

    /// What the pages of this session send with every unsafe request; it gives away nothing of the token.
    package var csrfToken: String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("mailportal csrf".utf8), using: SymmetricKey(data: Array(text.utf8)))
        return String(decoding: code.prefix(32).map { Self.alphabet[Int($0 & 63)] }, as: UTF8.self)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}

/// A browser that is signed in.
package struct Session: Hashable, Sendable {
    package let account: AccountID
    /// The browser, as it named itself.
    package let device: String
    /// The address that it signed in from.
    package let address: String
    /// Seconds since 1970, like `lastUse` and `expires`.
    package let createdAt: Int64
    package let lastUse: Int64
    package let expires: Int64
}

/// The sessions of browsers: hashed at rest, cached in memory, gone after 30 days without use.
package final class Sessions: Sendable {
    private struct State {
        var cached: [[UInt8]: Session] = [:]
        var revision: Int64 = 0
    }

    static let lifetime: Int64 = 30 * 86_400
    /// How exactly the last use is known: each noting is a synced write.
    private static let precision: Int64 = 900
    private static let cacheLimit = 20_000

    let database: DatabasePool
    private let state = Mutex(State())

    init(database: DatabasePool) { self.database = database }

    /// Makes a session for an account that has just proved itself, and notes the log-in.
    package func begin(for account: AccountID, device: String, address: String) async throws(StoreError) -> SessionToken {
        let token = SessionToken.random()
        let hash = token.hash
        let now = Int64(time(nil))
        let device = String(device.unicodeScalars.prefix(512).map(Character.init))
        do {
            try await database.write { db in
                try db.execute(sql: "DELETE FROM sessions WHERE expires < ?", arguments: [now])
                try db.execute(
                    sql: "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
                    arguments: [Data(hash), account.rawValue, device, address, now, now, now + Self.lifetime])
                try db.execute(
                    sql: "INSERT INTO account_activity VALUES (?1, ?2) ON CONFLICT DO UPDATE SET last_login = ?2",
                    arguments: [account.rawValue, now])
            }
        } catch {
            throw StoreError(directory: error)
        }
        return token
    }

    /// The session that the token proves; nil when it never was, has ended, or has expired.
    package func session(for token: SessionToken) async throws(StoreError) -> Session? {
        let hash = token.hash
        let now = Int64(time(nil))
        var found = state.withLock { $0.cached[hash] }
        if found == nil {
            // The revision is read before the row, so that a session ended in between does not stay cached.
            let revision = state.withLock { $0.revision }
            do { found = try await database.read { try Self.stored(hash, $0) } } catch { throw StoreError(directory: error) }
            if let found { cache(found, under: hash, revision: revision) }
        }
        guard let session = found, session.expires > now else { return nil }
        guard session.lastUse < now - Self.precision else { return session }
        return await noteUse(of: session, hash: hash, at: now)
    }

    /// Ends the session of the token.
    package func end(_ token: SessionToken) async throws(StoreError) {
        let hash = token.hash
        do {
            try await database.write { db in
                try db.execute(sql: "DELETE FROM sessions WHERE token_hash = ?", arguments: [Data(hash)])
            }
        } catch {
            throw StoreError(directory: error)
        }
        state.withLock { $0.cached[hash] = nil }
    }

    /// All sessions of an account that have not expired, the one used last first.
    package func list(of account: AccountID) async throws(StoreError) -> [Session] {
        let now = Int64(time(nil))
        do {
            return try await database.read { db in
                let sql = "\(Self.selection) WHERE account = ? AND expires > ? ORDER BY last_use DESC"
                return try Row.fetchAll(db, sql: sql, arguments: [account.rawValue, now]).map(Self.session)
            }
        } catch {
            throw StoreError(directory: error)
        }
    }

    /// Drops what is cached when the count of ended sessions is another than it was.
    func forgetCached(unless revision: Int64) {
        state.withLock { state in
            guard state.revision != revision else { return }
            state.revision = revision
            state.cached.removeAll()
        }
    }

    private func cache(_ session: Session, under hash: [UInt8], revision: Int64) {
        state.withLock { state in
            guard state.revision == revision else { return }
            if state.cached.count >= Self.cacheLimit { state.cached.removeAll(keepingCapacity: true) }
            state.cached[hash] = session
        }
    }

    private func noteUse(of session: Session, hash: [UInt8], at now: Int64) async -> Session {
        let used = Session(
            account: session.account, device: session.device, address: session.address, createdAt: session.createdAt,
            lastUse: now, expires: now + Self.lifetime)
        state.withLock { if $0.cached[hash] != nil { $0.cached[hash] = used } }
        // A session lives on without this note; a full disk must not sign people out.
        try? await database.write { db in
            try db.execute(
                sql: "UPDATE sessions SET last_use = ?, expires = ? WHERE token_hash = ?",
                arguments: [now, now + Self.lifetime, Data(hash)])
        }
        return used
    }

    private static let selection = "SELECT account, device, address, created, last_use, expires FROM sessions"

    private static func stored(_ hash: [UInt8], _ db: Database) throws -> Session? {
        try Row.fetchOne(db, sql: "\(selection) WHERE token_hash = ?", arguments: [Data(hash)]).map(session)
    }

    private static func session(_ row: Row) -> Session {
        Session(
            account: AccountID(rawValue: row[0]), device: row[1], address: row[2], createdAt: row[3], lastUse: row[4],
            expires: row[5])
    }

}
