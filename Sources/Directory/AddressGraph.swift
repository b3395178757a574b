internal import Disk
internal import Formats
internal import GRDB

/// Where addresses lead, read from the tables within a write: what refuses circles before they are kept.
///
/// Addresses are in the form that the directory stores. Pending and suspended domains count as if they were active, so that
/// verifying one never closes a circle.
struct AddressGraph {
    private let db: Database

    init(_ db: Database) { self.db = db }

    private enum Step {
        /// A mailbox, an address elsewhere, or nothing at all.
        case end
        case alias(String, recipients: [String])
        /// The same local part at the domain that an alias domain stands for.
        case rewritten(String)
        case catchAll(String)
    }

    private static var circle: StoreError { .invalid(reason: "the aliases would lead in a circle") }
    private static var tooDeep: StoreError {
        .invalid(reason: "the aliases would lead through more than \(Directory.maximumAliasDepth) others")
    }

    /// Throws `.invalid` when what `address` leads to leads back, or when a way through it is too long.
    func requireSound(_ address: String) throws {
        var depths: [String: Int] = [:]
        var path: Set<String> = []
        let below = try depth(of: address, &depths, &path)
        guard try below + height(of: address, left: Directory.maximumAliasDepth) <= Directory.maximumAliasDepth else {
            throw Self.tooDeep
        }
    }

    /// The same for every alias that has a recipient at `domain`, after the domain began to lead elsewhere.
    func requireSound(recipientsAt domain: String) throws {
        let aliases = try String.fetchAll(
            db, sql: "SELECT DISTINCT alias FROM alias_recipients WHERE substr(recipient, -?) = '@' || ?",
            arguments: [domain.utf8.count + 1, domain])
        for alias in aliases { try requireSound(alias) }
    }

    /// Whether mail for the address finds an account or an alias, without a catch-all's help; true for addresses elsewhere.
    func isKnown(_ address: String) throws -> Bool {
        guard try domain(of: address) != nil else { return true }
        switch try step(from: address) {
        case .alias: return true
        case .rewritten(let other): return try isKnown(other)
        case .catchAll: return false
        case .end: return try isAccount(address) || isAccount(Self.withoutDetail(address)) || isRelayed(address)
        }
    }

    // MARK: Downwards

    /// How many steps the longest way from the address takes.
    private func depth(of address: String, _ known: inout [String: Int], _ path: inout Set<String>) throws -> Int {
        switch try step(from: address) {
        case .end: return 0
        case .rewritten(let next): return try depth(of: next, &known, &path)
        case .catchAll(let next): return try longest(address, [next], &known, &path)
        case .alias(let alias, let recipients):
            // An alias that names itself means the mailbox of that address.
            return try longest(alias, recipients.filter { $0 != alias }, &known, &path)
        }
    }

    private func longest(
        _ node: String, _ next: [String], _ known: inout [String: Int], _ path: inout Set<String>
    ) throws -> Int {
        if let depth = known[node] { return depth }
        guard path.insert(node).inserted else { throw Self.circle }
        // Far deeper than anything sound: ends the recursion before a circle through unknown addresses would.
        guard path.count <= 4 * Directory.maximumAliasDepth else { throw Self.tooDeep }
        var deepest = 0
        for address in next { deepest = max(deepest, try depth(of: address, &known, &path)) }
        path.remove(node)
        known[node] = deepest + 1
        return deepest + 1
    }

    private func step(from address: String) throws -> Step {
        guard let domain = try domain(of: address), domain.kind != DomainClass.relay.rawValue else { return .end }
        for candidate in Set([address, Self.withoutDetail(address)]).sorted(by: { $0.utf8.count > $1.utf8.count }) {
            let recipients = try String.fetchAll(
                db.cachedStatement(sql: "SELECT recipient FROM alias_recipients WHERE alias = ?"), arguments: [candidate])
            if !recipients.isEmpty { return .alias(candidate, recipients: recipients) }
            if try isAccount(candidate) { return .end }
        }
        if let target = domain.target { return .rewritten(Self.local(address) + "@" + target) }
        return domain.catchAll.map { .catchAll($0) } ?? .end
    }

    // MARK: Upwards

    /// How many steps the longest way through aliases to the address takes, as far as `left`.
    private func height(of address: String, left: Int) throws -> Int {
        guard left >= 0 else { return 1 }
        var highest = 0
        for alias in try aliases(leadingTo: address) where alias != address {
            highest = max(highest, 1 + (try height(of: alias, left: left - 1)))
        }
        return highest
    }

    private func aliases(leadingTo address: String) throws -> Set<String> {
        let local = Self.local(address)
        let domain = String(address.dropFirst(local.count + 1))
        let aliasDomains = try String.fetchAll(db, sql: "SELECT name FROM domains WHERE alias_target = ?", arguments: [domain])
        var aliases: Set<String> = []
        for name in [domain] + aliasDomains {
            aliases.formUnion(
                try String.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT alias FROM alias_recipients WHERE recipient = ?1 || '@' || ?2
                                OR recipient > ?1 || '+' AND recipient < ?1 || ',' AND substr(recipient, ?3) = '@' || ?2
                            """), arguments: [local, name, -name.utf8.count - 1]))
        }
        return aliases
    }

    // MARK: Rows

    private func domain(of address: String) throws -> (kind: String, target: String?, catchAll: String?)? {
        let name = address.dropFirst(Self.local(address).count + 1)
        return try Row.fetchOne(
            db.cachedStatement(sql: "SELECT class, alias_target, catch_all FROM domains WHERE name = ?"),
            arguments: [String(name)]
        ).map { ($0[0], $0[1], $0[2]) }
    }

    private func isAccount(_ address: String) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM accounts WHERE address = ?)"), arguments: [address]) ?? false
    }

    private func isRelayed(_ address: String) throws -> Bool {
        try domain(of: address)?.kind == DomainClass.relay.rawValue
    }

    private static func local(_ address: String) -> String {
        address.lastIndex(of: "@").map { String(address[..<$0]) } ?? address
    }

    private static func withoutDetail(_ address: String) -> String {
        let local = local(address)
        guard let plus = local.firstIndex(of: "+"), plus != local.startIndex else { return address }
        return String(local[..<plus] + address.dropFirst(local.count))
    }
}
