package import Disk
internal import FoundationEssentials
package import Formats
internal import GRDB

extension Directory {
    /// Sets the server to which a domain's mail is relayed: all mail of a relay domain; of a hosted domain the mail to addresses
    /// that it does not know (split domain routing), which nil ends.
    ///
    /// Throws `.notFound`; `.invalid` where the server is this one, where the domain has a catch-all or is an alias domain, where
    /// a relay domain would have none, and where credentials would go over the network in clear.
    ///
    /// - Parameters:
    ///   - password: goes with `hop.username`; nil keeps the one there is for the same server and user
    ///   - server: what leads back here
    ///   - addresses: what the hop's host resolves to, as far as known
    package func setNextHop(
        _ hop: NextHop?, password: String? = nil, of name: DomainName, on server: ThisServer, at addresses: [ClientAddress] = []
    ) async throws(StoreError) {
        if let hop {
            try server.refuseItself(hop, at: addresses)
            try Self.requireSafeCredentials(hop, password)
        }
        let sealed = try password.map { (password) throws(StoreError) in Data(try secrets.seal(password, for: name.ascii)) }
        try await write { db in
            try Self.requireFitting(hop, name, db)
            let kept = sealed == nil && hop?.username != nil ? try Self.password(for: hop, of: name, db) : sealed
            guard (hop?.username == nil) == (kept == nil) else { throw StoreError.invalid(reason: "a user name needs a password") }
            try db.execute(
                sql: """
                    UPDATE domains SET next_hop_host = ?, next_hop_port = ?, next_hop_tls = ?, next_hop_user = ?,
                        next_hop_password = ? WHERE name = ?
                    """, arguments: [hop?.host, hop?.port, hop?.tls.rawValue, hop?.username, kept, name.ascii])
        }
    }

    /// What signs in at the domain's next hop beside `NextHop.username`; nil where it needs none.
    package func nextHopPassword(of name: DomainName) async throws(StoreError) -> String? {
        let sealed: Data?
        do {
            sealed = try await database.read { db in
                try Data.fetchOne(
                    db, sql: "SELECT next_hop_password FROM domains WHERE name = ?", arguments: [name.ascii])
            }
        } catch {
            throw StoreError(directory: error)
        }
        return try sealed.map { (sealed) throws(StoreError) in try secrets.open(Array(sealed), for: name.ascii) }
    }

    private static func requireSafeCredentials(_ hop: NextHop, _ password: String?) throws(StoreError) {
        if hop.username == nil, password != nil { throw .invalid(reason: "a password needs a user name") }
        if let password, !(1...512).contains(password.utf8.count) { throw .invalid(reason: "the password is empty or too long") }
        let isLocal = ClientAddress(hop.host)?.isLoopback ?? (hop.host == "localhost")
        if hop.username != nil, hop.tls == .none, !isLocal { throw .invalid(reason: "credentials are not sent without TLS") }
    }

    private static func requireFitting(_ hop: NextHop?, _ name: DomainName, _ db: Database) throws {
        let row = try row(of: name, db)
        switch row.kind {
        case .hosted:
            guard hop == nil || !row.hasCatchAll else { throw StoreError.invalid(reason: contradiction) }
        case .relay:
            guard hop != nil else { throw StoreError.invalid(reason: "a relay domain needs a server") }
        case .alias:
            guard hop == nil else { throw StoreError.invalid(reason: "mail of an alias domain goes where its target's goes") }
        }
    }

    private static func password(for hop: NextHop?, of name: DomainName, _ db: Database) throws -> Data? {
        let sql = """
            SELECT next_hop_password FROM domains
            WHERE name = ? AND next_hop_host = ? AND next_hop_port = ? AND next_hop_user = ?
            """
        return try Data.fetchOne(db, sql: sql, arguments: [name.ascii, hop?.host, hop?.port, hop?.username])
    }
}
