internal import GRDB

/// Migration 2: where domains stand for others or are relayed, claims, antispam policy, and a log of what changed.
extension DirectorySchema {
    static func addRouting(_ db: Database) throws {
        // The triggers of migration 1 counted changes without saying of what.
        let old = try String.fetchAll(
            db, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%~_revision' ESCAPE '~'")
        for name in old where !name.hasSuffix("_sessions_revision") { try db.execute(sql: "DROP TRIGGER \(name)") }
        try db.execute(sql: domainsTable)
        try db.execute(sql: routingTables)
        try db.execute(sql: refusals)
        try db.execute(sql: changeTriggers)
    }

    // Verified domains of migration 1 may have been vouched for: no record of theirs is missed later.
    private static let domainsTable = """
        CREATE TABLE domains_2 (
            name TEXT NOT NULL PRIMARY KEY
                CHECK (length(name) BETWEEN 1 AND 253 AND name NOT GLOB '*[^a-z0-9._-]*'
                       AND name NOT GLOB '.*' AND name NOT GLOB '*.' AND name NOT GLOB '*..*'),
            class TEXT NOT NULL CHECK (class IN ('hosted', 'alias', 'relay')),
            state TEXT NOT NULL CHECK (state IN ('pending', 'verified', 'suspended')),
            verification_token TEXT NOT NULL CHECK (length(verification_token) = 32),
            catch_all TEXT CHECK (catch_all LIKE '_%@_%'),
            created INTEGER NOT NULL CHECK (created > 0),
            alias_target TEXT REFERENCES domains (name),
            next_hop_host TEXT
                CHECK (length(next_hop_host) BETWEEN 1 AND 253 AND next_hop_host NOT GLOB '*[^a-z0-9.:_-]*'),
            next_hop_port INTEGER CHECK (next_hop_port BETWEEN 1 AND 65535),
            next_hop_tls TEXT CHECK (next_hop_tls IN ('none', 'opportunistic', 'required')),
            next_hop_user TEXT CHECK (length(next_hop_user) BETWEEN 1 AND 255),
            next_hop_password BLOB CHECK (length(next_hop_password) BETWEEN 28 AND 1024),
            claimant TEXT REFERENCES accounts (id) ON DELETE SET NULL,
            verified INTEGER CHECK (verified > 0),
            verified_by_hand INTEGER NOT NULL DEFAULT 0 CHECK (verified_by_hand IN (0, 1)),
            checked INTEGER CHECK (checked > 0),
            check_failed INTEGER NOT NULL DEFAULT 0 CHECK (check_failed IN (0, 1)),
            CHECK (catch_all IS NULL OR class = 'hosted'),
            CHECK ((class = 'alias') = (alias_target IS NOT NULL)),
            CHECK (alias_target IS NULL OR alias_target <> name),
            CHECK ((next_hop_host IS NULL) = (next_hop_port IS NULL) AND (next_hop_host IS NULL) = (next_hop_tls IS NULL)),
            CHECK (class <> 'relay' OR next_hop_host IS NOT NULL),
            CHECK (class <> 'alias' OR next_hop_host IS NULL),
            CHECK (catch_all IS NULL OR next_hop_host IS NULL),
            CHECK (next_hop_user IS NULL OR next_hop_host IS NOT NULL),
            CHECK ((next_hop_user IS NULL) = (next_hop_password IS NULL)),
            CHECK ((state = 'pending') = (verified IS NULL))
        ) STRICT, WITHOUT ROWID;
        INSERT INTO domains_2 (name, class, state, verification_token, catch_all, created, verified, verified_by_hand)
            SELECT name, class, state, verification_token, catch_all, created,
                CASE state WHEN 'pending' THEN NULL ELSE created END, state <> 'pending' FROM domains;
        DROP TABLE domains;
        ALTER TABLE domains_2 RENAME TO domains;
        CREATE INDEX domains_by_alias_target ON domains (alias_target) WHERE alias_target IS NOT NULL;
        CREATE INDEX domains_by_claimant ON domains (claimant) WHERE claimant IS NOT NULL;
        """

    private static let routingTables = """
        CREATE TABLE domain_claims (
            token TEXT NOT NULL PRIMARY KEY CHECK (length(token) = 32),
            domain TEXT NOT NULL REFERENCES domains (name) ON DELETE CASCADE,
            claimant TEXT REFERENCES accounts (id) ON DELETE CASCADE,
            class TEXT NOT NULL CHECK (class IN ('hosted', 'alias', 'relay')),
            alias_target TEXT REFERENCES domains (name) ON DELETE CASCADE,
            next_hop_host TEXT
                CHECK (length(next_hop_host) BETWEEN 1 AND 253 AND next_hop_host NOT GLOB '*[^a-z0-9.:_-]*'),
            next_hop_port INTEGER CHECK (next_hop_port BETWEEN 1 AND 65535),
            next_hop_tls TEXT CHECK (next_hop_tls IN ('none', 'opportunistic', 'required')),
            created INTEGER NOT NULL CHECK (created > 0),
            expires INTEGER NOT NULL CHECK (expires > created),
            checked INTEGER CHECK (checked > 0),
            CHECK ((class = 'alias') = (alias_target IS NOT NULL)),
            CHECK (alias_target IS NULL OR alias_target <> domain),
            CHECK ((class = 'relay') = (next_hop_host IS NOT NULL)),
            CHECK ((next_hop_host IS NULL) = (next_hop_port IS NULL) AND (next_hop_host IS NULL) = (next_hop_tls IS NULL))
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX domain_claims_by_claimant ON domain_claims (domain, coalesce(claimant, ''));
        CREATE INDEX domain_claims_by_account ON domain_claims (claimant);
        CREATE INDEX domain_claims_by_target ON domain_claims (alias_target);
        INSERT INTO domain_claims (token, domain, class, created, expires)
            SELECT verification_token, name, class, created, CAST(strftime('%s', 'now') AS INTEGER) + 7 * 86400
            FROM domains WHERE state = 'pending';

        CREATE TABLE spam_thresholds (
            id INTEGER PRIMARY KEY,
            domain TEXT REFERENCES domains (name) ON DELETE CASCADE,
            defer_at REAL NOT NULL,
            junk_at REAL NOT NULL,
            reject_at REAL NOT NULL,
            CHECK (0 < defer_at AND defer_at < junk_at AND junk_at < reject_at AND reject_at <= 999)
        ) STRICT;
        CREATE UNIQUE INDEX spam_thresholds_by_domain ON spam_thresholds (coalesce(domain, ''));
        CREATE INDEX spam_thresholds_of_domain ON spam_thresholds (domain);

        CREATE TABLE policy_entries (
            id INTEGER PRIMARY KEY,
            domain TEXT REFERENCES domains (name) ON DELETE CASCADE,
            list TEXT NOT NULL CHECK (list IN ('allow', 'block')),
            kind TEXT NOT NULL CHECK (kind IN ('domain', 'address', 'network')),
            pattern TEXT NOT NULL CHECK (length(pattern) BETWEEN 1 AND 320),
            created INTEGER NOT NULL CHECK (created > 0),
            CHECK (kind <> 'domain' OR pattern NOT GLOB '*[^a-z0-9._-]*'),
            CHECK (kind <> 'address' OR pattern LIKE '_%@_%'),
            CHECK (kind <> 'network' OR pattern LIKE '_%/_%')
        ) STRICT;
        CREATE UNIQUE INDEX policy_entries_once ON policy_entries (coalesce(domain, ''), list, kind, pattern);
        CREATE INDEX policy_entries_of_domain ON policy_entries (domain);

        CREATE INDEX alias_recipients_by_recipient ON alias_recipients (recipient);

        CREATE TABLE directory_changes (
            revision INTEGER NOT NULL,
            section TEXT NOT NULL,
            key TEXT NOT NULL,
            PRIMARY KEY (revision, section, key)
        ) STRICT, WITHOUT ROWID;
        """

    // What no CHECK can say, since it concerns two rows.
    private static let refusals = """
        CREATE TRIGGER domains_insert_target BEFORE INSERT ON domains WHEN NEW.class = 'alias'
            AND NOT EXISTS (SELECT 1 FROM domains WHERE name = NEW.alias_target AND class = 'hosted')
            BEGIN SELECT RAISE(ABORT, 'an alias domain stands for a hosted domain'); END;
        CREATE TRIGGER domains_update_target BEFORE UPDATE OF class, alias_target ON domains WHEN NEW.class = 'alias'
            AND NOT EXISTS (SELECT 1 FROM domains WHERE name = NEW.alias_target AND class = 'hosted')
            BEGIN SELECT RAISE(ABORT, 'an alias domain stands for a hosted domain'); END;
        CREATE TRIGGER domains_update_class BEFORE UPDATE OF class ON domains WHEN NEW.class <> 'hosted'
            AND EXISTS (SELECT 1 FROM domains WHERE alias_target = OLD.name)
            BEGIN SELECT RAISE(ABORT, 'other domains stand for this one'); END;
        CREATE TRIGGER domains_update_content BEFORE UPDATE OF class ON domains WHEN NEW.class <> OLD.class
            AND (NEW.class <> 'hosted' AND EXISTS (SELECT 1 FROM accounts WHERE domain = OLD.name)
                OR NEW.class = 'relay' AND EXISTS (SELECT 1 FROM aliases WHERE domain = OLD.name))
            BEGIN SELECT RAISE(ABORT, 'the domain has accounts or aliases'); END;
        CREATE TRIGGER accounts_insert_class BEFORE INSERT ON accounts
            WHEN EXISTS (SELECT 1 FROM domains WHERE name = NEW.domain AND class <> 'hosted')
            BEGIN SELECT RAISE(ABORT, 'accounts belong to hosted domains'); END;
        CREATE TRIGGER aliases_insert_class BEFORE INSERT ON aliases
            WHEN EXISTS (SELECT 1 FROM domains WHERE name = NEW.domain AND class = 'relay')
            BEGIN SELECT RAISE(ABORT, 'all mail of a relay domain goes to its server'); END;
        CREATE TRIGGER spam_thresholds_insert_class BEFORE INSERT ON spam_thresholds
            WHEN EXISTS (SELECT 1 FROM domains WHERE name = NEW.domain AND class = 'alias')
            BEGIN SELECT RAISE(ABORT, 'the thresholds of an alias domain are its target''s'); END;
        CREATE TRIGGER policy_entries_insert_class BEFORE INSERT ON policy_entries
            WHEN EXISTS (SELECT 1 FROM domains WHERE name = NEW.domain AND class = 'alias')
            BEGIN SELECT RAISE(ABORT, 'the lists of an alias domain are its target''s'); END;
        """

    /// What a snapshot holds: table, the section of the change log, and the column that names what changed.
    private static let logged: [(table: String, section: ChangedSection, key: String)] = [
        ("domains", .domain, "name"), ("domain_claims", .domain, "domain"), ("domain_admins", .domain, "domain"),
        ("accounts", .account, "id"), ("credentials", .account, "account"), ("sender_addresses", .sender, "account"),
        ("aliases", .alias, "address"), ("alias_recipients", .alias, "alias"), ("spam_thresholds", .policy, "domain"),
        ("policy_entries", .policy, "domain"),
    ]

    // No INSERT OR IGNORE: within what a foreign key does, its IGNORE would not hold.
    private static var changeTriggers: String {
        logged.flatMap { entry in
            func note(_ row: String, _ condition: String = "") -> String {
                """
                INSERT INTO directory_changes
                    SELECT revision, '\(entry.section.rawValue)', coalesce(\(row).\(entry.key), '') FROM directory_state\(condition);
                """
            }
            let renamed = note("OLD", " WHERE OLD.\(entry.key) IS NOT NEW.\(entry.key)")
            return [("INSERT", note("NEW")), ("UPDATE", note("NEW") + renamed), ("DELETE", note("OLD"))].map { event, notes in
                """
                CREATE TRIGGER \(entry.table)_\(event.lowercased())_change AFTER \(event) ON \(entry.table) BEGIN
                    UPDATE directory_state SET revision = revision + 1;
                    \(notes)
                END;
                """
            }
        }.joined(separator: "\n")
    }
}

/// Part of a snapshot that the change log names, each with keys of its own.
enum ChangedSection: String, CaseIterable, Sendable {
    /// By name: the domain, its claims and its admins.
    case domain
    /// By id.
    case account
    /// By the account's id: the addresses that it may send as.
    case sender
    /// By address.
    case alias
    /// By domain, empty for the global one: thresholds and lists.
    case policy
}
