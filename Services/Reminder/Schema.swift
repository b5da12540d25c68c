import Store

/// The reminder's tables. Migrations are only ever added.
enum Schema {
    static let migrations = [
        Migration(
            "collections and reminders",
            sql: """
                CREATE TABLE collections (
                    organization TEXT NOT NULL CHECK (organization <> ''),
                    id TEXT NOT NULL CHECK (id <> ''),
                    -- As the client put it, checked: JSON with sorted keys.
                    document TEXT NOT NULL CHECK (json_valid(document)),
                    expires_at INTEGER NOT NULL,
                    changed_at INTEGER NOT NULL,
                    PRIMARY KEY (organization, id)
                ) STRICT;

                -- Every reminder that was ever planned, those of removed collections too: that it went out once is known for ever.
                CREATE TABLE reminders (
                    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
                    organization TEXT NOT NULL,
                    collection TEXT NOT NULL,
                    expires_on TEXT NOT NULL CHECK (length(expires_on) = 10),
                    days_before INTEGER NOT NULL CHECK (days_before >= 0),
                    due_at INTEGER NOT NULL,
                    state TEXT NOT NULL CHECK (state IN ('planned', 'issued', 'skipped', 'withdrawn')),
                    detail TEXT,
                    changed_at INTEGER NOT NULL,
                    UNIQUE (organization, collection, expires_on, days_before),
                    CHECK (state NOT IN ('skipped', 'withdrawn') OR detail IS NOT NULL)
                ) STRICT;
                CREATE INDEX reminders_by_due ON reminders (due_at) WHERE state = 'planned';
                CREATE INDEX reminders_upcoming ON reminders (organization, due_at, id) WHERE state = 'planned';

                -- The mailings that reminders became, one for each recipient.
                CREATE TABLE issues (
                    mailing BLOB NOT NULL PRIMARY KEY CHECK (length(mailing) = 16),
                    reminder BLOB NOT NULL REFERENCES reminders (id),
                    recipient TEXT NOT NULL,
                    -- Why the scheduler refused it, where it did.
                    problem TEXT
                ) STRICT;
                CREATE INDEX issues_by_reminder ON issues (reminder);
                """)
    ]
}
