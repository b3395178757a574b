import GRDB

/// The tables of `index/mail.sqlite`. All of it can be made again from files; the version is raised when its meaning changes.
///
/// Invariants: `mailbox_threads` and the counts of `mailboxes` are sums over `emails`; `number` grows and is never used again, so
/// full-text rows of removed emails are simply never joined; every row of `changes` has a sequence of its own.
enum IndexSchema {
    static let version = 4

    static func create(_ db: Database) throws {
        try db.execute(sql: tables)
        try createTexts(db)
        try db.execute(sql: "PRAGMA user_version = \(version)")
    }

    /// Makes the full-text tables.
    private static func createTexts(_ db: Database) throws {
        try db.execute(sql: textTables)
        try configureTexts(db, "hashsize", hashSize)
        try setMerging(db, isBuilding: false)
    }

    /// Empties the full-text tables.
    static func resetTexts(_ db: Database) throws {
        try db.execute(sql: "DROP TABLE texts; DROP TABLE beginnings")
        try createTexts(db)
    }

    /// How segments of the full-text table are merged: a little with each addition, or, while an index is built, only when there
    /// are many, which moves each word less often.
    static func setMerging(_ db: Database, isBuilding: Bool) throws {
        try configureTexts(db, "automerge", isBuilding ? 0 : 8)
    }

    /// Sets one of FTS5's own settings; it is kept in the database.
    private static func configureTexts(_ db: Database, _ name: String, _ value: Int) throws {
        for table in ["texts", "beginnings"] {
            try db.execute(sql: "INSERT INTO \(table) (\(table), rank) VALUES (?, ?)", arguments: [name, value])
        }
    }

    /// Octets of words that a transaction gathers before it writes a segment.
    private static let hashSize = 16 << 20

    /// Whether the database is one of ours, and current.
    static func isCurrent(_ db: Database) throws -> Bool {
        try Int.fetchOne(db, sql: "PRAGMA user_version") == version
    }

    /// Empties the database for a rebuild.
    static func drop(_ db: Database) throws {
        let names = try String.fetchAll(
            db,
            sql: """
                SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
                    AND name NOT LIKE 'texts_%' AND name NOT LIKE 'beginnings_%'
                """)
        for name in names { try db.execute(sql: "DROP TABLE \"\(name)\"") }
    }

    private static let tables = """
        CREATE TABLE facts (
            name TEXT PRIMARY KEY NOT NULL,
            value NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE mailboxes (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            folder TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL CHECK (name <> ''),
            parent TEXT,
            role TEXT UNIQUE,
            sort_order INTEGER NOT NULL DEFAULT 0 CHECK (sort_order >= 0),
            subscribed INTEGER NOT NULL DEFAULT 1,
            total INTEGER NOT NULL DEFAULT 0 CHECK (total >= 0),
            unread INTEGER NOT NULL DEFAULT 0 CHECK (unread >= 0),
            total_threads INTEGER NOT NULL DEFAULT 0 CHECK (total_threads >= 0),
            unread_threads INTEGER NOT NULL DEFAULT 0 CHECK (unread_threads >= 0),
            cur_stamp INTEGER NOT NULL DEFAULT 0,
            new_stamp INTEGER NOT NULL DEFAULT 0,
            keywords_stamp INTEGER NOT NULL DEFAULT 0
        );

        CREATE TABLE emails (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id INTEGER NOT NULL UNIQUE,
            mailbox INTEGER NOT NULL,
            thread INTEGER NOT NULL,
            received INTEGER NOT NULL,
            size INTEGER NOT NULL CHECK (size >= 0),
            flags INTEGER NOT NULL,
            keywords TEXT,
            sent INTEGER NOT NULL,
            file TEXT NOT NULL,
            texted INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX emails_by_mailbox ON emails (mailbox, received, number, flags, thread);
        CREATE INDEX emails_by_thread ON emails (thread, mailbox, received);
        CREATE INDEX emails_by_received ON emails (received, number, thread);
        CREATE INDEX emails_without_text ON emails (number) WHERE texted = 0;

        CREATE TABLE summaries (
            number INTEGER PRIMARY KEY NOT NULL,
            data BLOB NOT NULL
        );

        CREATE TABLE thread_keys (
            key INTEGER NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (key, number)
        ) WITHOUT ROWID;

        CREATE TABLE mailbox_threads (
            thread INTEGER NOT NULL,
            mailbox INTEGER NOT NULL,
            emails INTEGER NOT NULL CHECK (emails > 0),
            unread INTEGER NOT NULL CHECK (unread BETWEEN 0 AND emails),
            received INTEGER NOT NULL,
            newest INTEGER NOT NULL,
            PRIMARY KEY (thread, mailbox)
        ) WITHOUT ROWID;
        CREATE INDEX mailbox_threads_by_received ON mailbox_threads (mailbox, received, newest, unread);

        CREATE TABLE states (
            kind INTEGER PRIMARY KEY NOT NULL,
            name TEXT NOT NULL UNIQUE,
            sequence INTEGER NOT NULL DEFAULT 0,
            pruned INTEGER NOT NULL DEFAULT 0,
            rows INTEGER NOT NULL DEFAULT 0
        );
        INSERT INTO states (kind, name) VALUES (1, 'Email'), (2, 'Mailbox'), (3, 'Thread'), (4, 'EmailDelivery');

        CREATE TABLE changes (
            kind INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            operation INTEGER NOT NULL CHECK (operation BETWEEN 0 AND 3),
            object NOT NULL,
            thread INTEGER,
            PRIMARY KEY (kind, sequence)
        ) WITHOUT ROWID;

        CREATE TABLE records (
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            json BLOB NOT NULL,
            stamp INTEGER NOT NULL,
            PRIMARY KEY (kind, id)
        ) WITHOUT ROWID;
        """

    /// The words come prepared (`SearchText`): lower case, without marks, CJK in pairs, so the plainest tokenizer will do.
    ///
    /// The body is the first column, since every other one costs two octets more for each word and message. `beginnings` has a
    /// message's `WordBeginnings`, without places: an index of prefixes within `texts` would be as large as `texts` itself.
    private static let textTables = """
        CREATE VIRTUAL TABLE texts USING fts5 (
            body, subject, sender, recipient, cc, bcc, attachment,
            content = '', columnsize = 0, tokenize = 'ascii'
        );
        CREATE VIRTUAL TABLE beginnings USING fts5 (
            words, content = '', columnsize = 0, detail = none, tokenize = 'ascii'
        );
        """
}

/// What happened to a thing; `rawValue` is stored in `changes`.
enum ChangeOperation: Int {
    case created = 0
    case updated = 1
    case destroyed = 2
    /// A mailbox of which nothing but the counts changed.
    case counted = 3
}

/// The kinds with a fixed number in `states`; records get theirs when first used.
enum KindNumber {
    static let email = 1
    static let mailbox = 2
    static let thread = 3
    static let emailDelivery = 4
}
