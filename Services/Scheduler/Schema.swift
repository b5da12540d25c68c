import Store

/// The scheduler's tables. Migrations are only ever added.
enum Schema {
    static let migrations = [
        Migration(
            "mailings and deliveries",
            sql: """
                -- The letters themselves, as JSON, by hash: one row however often the same is sent.
                CREATE TABLE contents (
                    hash TEXT NOT NULL PRIMARY KEY CHECK (length(hash) = 64),
                    json BLOB NOT NULL
                ) STRICT;

                CREATE TABLE mailings (
                    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
                    organization TEXT NOT NULL CHECK (organization <> ''),
                    kind TEXT NOT NULL CHECK (kind <> ''),
                    audience TEXT NOT NULL CHECK (audience IN ('mass', 'direct')),
                    content TEXT NOT NULL REFERENCES contents (hash),
                    accepted_at INTEGER NOT NULL,
                    -- Its deliveries that are not over.
                    under_way INTEGER NOT NULL CHECK (under_way >= 0)
                ) STRICT;

                -- Written for every step of every mail. No IN with more than two values here: SQLite builds a table of them each time
                -- that a statement runs.
                CREATE TABLE deliveries (
                    -- The order of acceptance.
                    number INTEGER PRIMARY KEY,
                    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
                    mailing BLOB NOT NULL REFERENCES mailings (id),
                    -- The mailing's, for limits.
                    organization TEXT NOT NULL,
                    -- The mailing's.
                    when_uncertain TEXT NOT NULL CHECK (when_uncertain IN ('resend', 'hold')),
                    -- As submitted, right or wrong.
                    address TEXT NOT NULL,
                    -- The destination, for limits; absent where the address is not one.
                    domain TEXT,
                    name TEXT,
                    role TEXT NOT NULL CHECK (role = 'to' OR role = 'cc' OR role = 'bcc'),
                    -- A JSON object of text.
                    variables TEXT NOT NULL,
                    state TEXT NOT NULL CHECK (state = 'pending' OR state = 'sending' OR state = 'delivered' OR state = 'deferred'
                        OR state = 'bounced' OR state = 'scheduled' OR state = 'dropped' OR state = 'failed' OR state = 'cancelled'
                        OR state = 'uncertain'),
                    attempt INTEGER NOT NULL CHECK (attempt >= 1),
                    session BLOB CHECK (length(session) = 16),
                    due_at INTEGER,
                    -- Among all that wait: later is higher.
                    place INTEGER,
                    first_deferred_at INTEGER,
                    deferrals INTEGER NOT NULL CHECK (deferrals >= 0),
                    uncertainties INTEGER NOT NULL CHECK (uncertainties >= 0),
                    abandonments INTEGER NOT NULL DEFAULT 0 CHECK (abandonments >= 0),
                    changed_at INTEGER NOT NULL,
                    CHECK (state <> 'sending' OR session IS NOT NULL),
                    CHECK (state <> 'deferred' OR first_deferred_at IS NOT NULL),
                    CHECK ((place IS NOT NULL) = (state = 'pending')),
                    CHECK (state NOT IN ('pending', 'sending') OR domain IS NOT NULL),
                    CHECK (CASE state
                        WHEN 'sending' THEN due_at IS NOT NULL
                        WHEN 'deferred' THEN due_at IS NOT NULL
                        WHEN 'scheduled' THEN due_at IS NOT NULL
                        WHEN 'uncertain' THEN 1
                        ELSE due_at IS NULL END)
                ) STRICT;
                CREATE INDEX deliveries_by_mailing ON deliveries (mailing);
                CREATE INDEX deliveries_by_due ON deliveries (state, due_at) WHERE due_at IS NOT NULL;
                CREATE INDEX deliveries_by_lane ON deliveries (organization, domain, place) WHERE state = 'pending';
                CREATE INDEX deliveries_uncertain ON deliveries (number) WHERE state = 'uncertain';

                -- The last place that was given, so that none is given twice.
                CREATE TABLE places (
                    id INTEGER PRIMARY KEY CHECK (id = 1),
                    last INTEGER NOT NULL
                ) STRICT;
                INSERT INTO places VALUES (1, 0);

                -- Attachments, until the last delivery that needs them is over.
                CREATE TABLE blobs (
                    hash TEXT NOT NULL PRIMARY KEY CHECK (length(hash) = 64),
                    bytes BLOB NOT NULL
                ) STRICT;
                CREATE TABLE mailing_blobs (
                    mailing BLOB NOT NULL REFERENCES mailings (id),
                    hash TEXT NOT NULL REFERENCES blobs (hash),
                    PRIMARY KEY (mailing, hash)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX mailing_blobs_by_hash ON mailing_blobs (hash);

                -- What people want of an organization.
                CREATE TABLE contacts (
                    organization TEXT NOT NULL,
                    -- EmailAddress.person
                    address TEXT NOT NULL,
                    is_unsubscribed INTEGER NOT NULL CHECK (is_unsubscribed IN (0, 1)),
                    -- When they said so.
                    changed_at INTEGER NOT NULL,
                    -- The delivery through which they unsubscribed last, if it was one.
                    delivery BLOB CHECK (length(delivery) = 16),
                    PRIMARY KEY (organization, address)
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE idempotency_keys (
                    organization TEXT NOT NULL,
                    key TEXT NOT NULL,
                    mailing BLOB NOT NULL REFERENCES mailings (id),
                    submission TEXT NOT NULL CHECK (length(submission) = 64),
                    used_at INTEGER NOT NULL,
                    PRIMARY KEY (organization, key)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX idempotency_keys_by_time ON idempotency_keys (used_at);

                -- Senders that are no more and may claim nothing.
                CREATE TABLE ended_sessions (
                    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
                    ended_at INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                """)
    ]
}
