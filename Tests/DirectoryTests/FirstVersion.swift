import GRDB

/// What the first version made of `directory.sqlite`, with a few rows.
enum FirstVersion {
    static func make(at path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in try db.execute(sql: script) }
        try queue.close()
    }

    private static let script = #"""
        PRAGMA journal_mode = WAL;
        PRAGMA foreign_keys = ON;

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

        CREATE TRIGGER domains_insert_revision AFTER INSERT ON domains BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER domains_update_revision AFTER UPDATE ON domains BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER domains_delete_revision AFTER DELETE ON domains BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER accounts_insert_revision AFTER INSERT ON accounts BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER accounts_update_revision AFTER UPDATE ON accounts BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER accounts_delete_revision AFTER DELETE ON accounts BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER domain_admins_insert_revision AFTER INSERT ON domain_admins BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER domain_admins_update_revision AFTER UPDATE ON domain_admins BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER domain_admins_delete_revision AFTER DELETE ON domain_admins BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER sender_addresses_insert_revision AFTER INSERT ON sender_addresses BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER sender_addresses_update_revision AFTER UPDATE ON sender_addresses BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER sender_addresses_delete_revision AFTER DELETE ON sender_addresses BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER aliases_insert_revision AFTER INSERT ON aliases BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER aliases_update_revision AFTER UPDATE ON aliases BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER aliases_delete_revision AFTER DELETE ON aliases BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER alias_recipients_insert_revision AFTER INSERT ON alias_recipients BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER alias_recipients_update_revision AFTER UPDATE ON alias_recipients BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER alias_recipients_delete_revision AFTER DELETE ON alias_recipients BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER credentials_insert_revision AFTER INSERT ON credentials BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER credentials_update_revision AFTER UPDATE ON credentials BEGIN
            UPDATE directory_state SET revision = revision + 1;
        END;
        CREATE TRIGGER sessions_delete_sessions_revision AFTER DELETE ON sessions BEGIN
            UPDATE directory_state SET sessions_revision = sessions_revision + 1;
        END;

        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1: domains, accounts, aliases, sessions');

        INSERT INTO domains VALUES ('demo.test', 'hosted', 'verified', 'ffffffffffffffffffffffffffffffff', 'alice@demo.test', 1000);
        INSERT INTO domains VALUES ('old.test', 'hosted', 'suspended', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', NULL, 1001);
        INSERT INTO domains VALUES ('pending.test', 'hosted', 'pending', '0123456789abcdef0123456789abcdef', NULL, 1002);
        INSERT INTO accounts VALUES ('aalice', 'alice@demo.test', 'demo.test', 'Alice', 'domainAdmin', 1, NULL, 'en', 1003);
        INSERT INTO credentials VALUES ('aalice', NULL, 1);
        INSERT INTO domain_admins VALUES ('demo.test', 'aalice');
        INSERT INTO account_activity VALUES ('aalice', 1004);
        INSERT INTO sessions VALUES (zeroblob(32), 'aalice', 'Browser', '127.0.0.1', 1004, 1004, 4000000000);
        INSERT INTO aliases VALUES ('info@demo.test', 'demo.test', 1005);
        INSERT INTO alias_recipients VALUES ('info@demo.test', 'alice@demo.test', 0);
        INSERT INTO sender_addresses VALUES ('info@demo.test', 'demo.test', 'aalice');
        """#
}
