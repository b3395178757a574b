internal import GRDB

/// The tables of `directory.sqlite`, and how older ones become the present ones.
///
/// The schema refuses nonsense by itself (STRICT, CHECK, UNIQUE, foreign keys), whoever writes. Addresses are stored as
/// `MailAddress.stored`, times as seconds since 1970. Triggers count what changes: `revision` for what a snapshot holds,
/// `sessions_revision` for what ends sessions, so that other processes notice each with one cheap read. What changed at
/// which revision stands in `directory_changes`.
enum DirectorySchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: domains, accounts, aliases, sessions") { db in
            try db.execute(sql: tables)
            try db.execute(sql: triggers)
        }
        migrator.registerMigration("2: routing, claims, antispam policy, change log") { try addRouting($0) }
        return migrator
    }

    private static let tables = """
        CREATE TABLE directory_state (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            revision INTEGER NOT NULL,
            sessions_revision INTEGER NOT NULL
        ) STRICT;
        INSERT INTO directory_state VALUES (1, 1, 1);

        CREATE TABLE domains (
            name TEXT NOT NULL PRIMARY KEY
                CHECK (length(name) BETWEEN 1 AND 253 AND name NOT GLOB '*[^a-z0-9._-]*'
                       AND name NOT GLOB '.*' AND name NOT GLOB '*.' AND name NOT GLOB '*..*'),
            class TEXT NOT NULL CHECK (class IN ('hosted', 'alias', 'relay')),
            state TEXT NOT NULL CHECK (state IN ('pending', 'verified', 'suspended')),
            verification_token TEXT NOT NULL CHECK (length(verification_token) = 32),
            catch_all TEXT CHECK (catch_all LIKE '_%@_%'),
            created INTEGER NOT NULL CHECK (created > 0),
            CHECK (catch_all IS NULL OR class = 'hosted')
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE accounts (
            id TEXT NOT NULL PRIMARY KEY
                CHECK (length(id) BETWEEN 2 AND 64 AND id GLOB '[a-z]*' AND id NOT GLOB '*[^a-z0-9]*'),
            address TEXT NOT NULL UNIQUE CHECK (address LIKE '_%@_%' AND length(address) <= 320),
            domain TEXT NOT NULL REFERENCES domains (name)
                CHECK (substr(address, -length(domain) - 1) = '@' || domain),
            display_name TEXT NOT NULL CHECK (length(display_name) <= 255),
            role TEXT NOT NULL CHECK (role IN ('masterAdmin', 'domainAdmin', 'mailUser')),
            enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
            quota INTEGER CHECK (quota > 0),
            language TEXT NOT NULL CHECK (length(language) BETWEEN 2 AND 35),
            created INTEGER NOT NULL CHECK (created > 0)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX accounts_by_domain ON accounts (domain);

        CREATE TABLE credentials (
            account TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
            password_hash TEXT CHECK (length(password_hash) BETWEEN 13 AND 512),
            version INTEGER NOT NULL CHECK (version > 0)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE account_activity (
            account TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
            last_login INTEGER NOT NULL CHECK (last_login > 0)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE domain_admins (
            domain TEXT NOT NULL REFERENCES domains (name) ON DELETE CASCADE,
            account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
            PRIMARY KEY (domain, account)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX domain_admins_by_account ON domain_admins (account);

        CREATE TABLE sessions (
            token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
            account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
            device TEXT NOT NULL CHECK (length(device) <= 512),
            address TEXT NOT NULL CHECK (length(address) <= 64),
            created INTEGER NOT NULL CHECK (created > 0),
            last_use INTEGER NOT NULL CHECK (last_use >= created),
            expires INTEGER NOT NULL CHECK (expires > created)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sessions_by_account ON sessions (account);
        CREATE INDEX sessions_by_expiry ON sessions (expires);

        CREATE TABLE sender_addresses (
            address TEXT NOT NULL CHECK (address LIKE '_%@_%' AND length(address) <= 320),
            domain TEXT NOT NULL REFERENCES domains (name)
                CHECK (substr(address, -length(domain) - 1) = '@' || domain),
            account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
            PRIMARY KEY (address, account)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sender_addresses_by_account ON sender_addresses (account);
        CREATE INDEX sender_addresses_by_domain ON sender_addresses (domain);

        CREATE TABLE aliases (
            address TEXT NOT NULL PRIMARY KEY CHECK (address LIKE '_%@_%' AND length(address) <= 320),
            domain TEXT NOT NULL REFERENCES domains (name)
                CHECK (substr(address, -length(domain) - 1) = '@' || domain),
            created INTEGER NOT NULL CHECK (created > 0)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX aliases_by_domain ON aliases (domain);

        CREATE TABLE alias_recipients (
            alias TEXT NOT NULL REFERENCES aliases (address) ON DELETE CASCADE,
            recipient TEXT NOT NULL CHECK (recipient LIKE '_%@_%' AND length(recipient) <= 320),
            position INTEGER NOT NULL CHECK (position >= 0),
            PRIMARY KEY (alias, recipient)
        ) STRICT, WITHOUT ROWID;
        """

    private static var triggers: String {
        let inSnapshot = ["domains", "accounts", "domain_admins", "sender_addresses", "aliases", "alias_recipients"]
        var statements = inSnapshot.flatMap { table in
            ["INSERT", "UPDATE", "DELETE"].map { bump("revision", after: $0, of: table) }
        }
        statements.append(bump("revision", after: "INSERT", of: "credentials"))
        statements.append(bump("revision", after: "UPDATE", of: "credentials"))
        statements.append(bump("sessions_revision", after: "DELETE", of: "sessions"))
        return statements.joined(separator: "\n")
    }

    private static func bump(_ counter: String, after event: String, of table: String) -> String {
        """
        CREATE TRIGGER \(table)_\(event.lowercased())_\(counter) AFTER \(event) ON \(table) BEGIN
            UPDATE directory_state SET \(counter) = \(counter) + 1;
        END;
        """
    }
}
