import Store

/// The tracker's tables: an append-only log of facts, and what follows from it.
///
/// Everything but `facts` is a projection: the recorder can make it again from the log. Lists are paged by keyset, each along an index
/// of its own, so that they stay quick however long the log grows.
enum Schema {
    static let migrations = [Migration("tracker 1: facts and history", sql: facts + mailings + collections)]

    private static let facts = """
        CREATE TABLE facts (
            -- The order of recording: what a live listener has seen, it names by this.
            number INTEGER PRIMARY KEY,
            id BLOB NOT NULL CHECK (length(id) = 16),
            organization TEXT NOT NULL,
            kind TEXT NOT NULL,
            delivery BLOB CHECK (length(delivery) = 16),
            mailing BLOB CHECK (length(mailing) = 16),
            occurred_at INTEGER NOT NULL,
            recorded_at INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        -- Each fact once. Every fact stands in one of these two; more indexes than that cost each mail dearly.
        CREATE UNIQUE INDEX facts_by_delivery ON facts (delivery, kind, id) WHERE delivery IS NOT NULL;
        CREATE UNIQUE INDEX facts_by_id ON facts (id) WHERE delivery IS NULL;
        CREATE INDEX hits ON facts (delivery, occurred_at, id) WHERE kind IN ('message.opened', 'link.clicked');
        CREATE INDEX refusals ON facts (organization, occurred_at) WHERE kind = 'mailing.refused';
        """

    private static let states = [
        "scheduled", "pending", "sending", "deferred", "delivered", "bounced", "dropped", "failed", "cancelled", "uncertain",
    ]
    /// Of deliveries, as SQLite has to read it in a query too before it uses their index.
    static let failed = "(state = 'bounced' OR state = 'failed' OR state = 'uncertain')"

    /// A column for each state, and the promise that no delivery is lost from the sum.
    private static let stateColumns = states.map { "\($0) INTEGER NOT NULL DEFAULT 0 CHECK (\($0) >= 0)," }.joined(separator: "\n")
    private static let sum = states.joined(separator: " + ")

    private static let mailings =
        """
        CREATE TABLE mailings (
            -- When it was accepted, as a sort key that no two mailings share: SortKey.
            number INTEGER PRIMARY KEY,
            id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
            organization TEXT NOT NULL,
            -- The fact `mailing.accepted`, which holds the content.
            fact INTEGER NOT NULL REFERENCES facts (number),
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            subject TEXT NOT NULL,
            collection TEXT,
            sender TEXT NOT NULL,
            sender_name TEXT,
            first_recipients TEXT NOT NULL,
            accepted_at INTEGER NOT NULL,
            send_at INTEGER,
            tracked INTEGER NOT NULL CHECK (tracked IN (0, 1)),
            recipients INTEGER NOT NULL CHECK (recipients = \(sum)),
            \(stateColumns)
            opens INTEGER NOT NULL DEFAULT 0,
            opens_people INTEGER NOT NULL DEFAULT 0,
            clicks INTEGER NOT NULL DEFAULT 0,
            clicks_people INTEGER NOT NULL DEFAULT 0,
            -- Deliveries that a person has read or clicked.
            read INTEGER NOT NULL DEFAULT 0 CHECK (read BETWEEN 0 AND recipients),
            clicked INTEGER NOT NULL DEFAULT 0 CHECK (clicked BETWEEN 0 AND recipients),
            -- Deliveries through which their recipients unsubscribed, and did not come back.
            unsubscribed INTEGER NOT NULL DEFAULT 0 CHECK (unsubscribed BETWEEN 0 AND recipients),
            changed_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX mailings_by_organization ON mailings (organization, number);
        CREATE INDEX mailings_by_kind ON mailings (organization, kind, number);
        CREATE INDEX mailings_by_collection ON mailings (organization, collection, number) WHERE collection IS NOT NULL;
        \(states.map { "CREATE INDEX mailings_\($0) ON mailings (organization, number) WHERE \($0) > 0;" }.joined(separator: "\n"))
        CREATE INDEX mailings_read ON mailings (organization, number) WHERE read > 0;
        CREATE INDEX mailings_unread ON mailings (organization, number) WHERE tracked = 1 AND delivered > 0 AND read = 0;
        CREATE INDEX mailings_clicked ON mailings (organization, number) WHERE clicked > 0;
        CREATE INDEX mailings_unsubscribed ON mailings (organization, number) WHERE unsubscribed > 0;
        CREATE INDEX mailings_untracked ON mailings (organization, number) WHERE tracked = 0;

        CREATE VIRTUAL TABLE search USING fts5 (subject, name, recipients, content = '', tokenize = 'trigram');

        -- Written for every step of every mail. No IN with more than two values in its checks and indexes: SQLite builds a table of them
        -- each time that a statement runs.
        CREATE TABLE deliveries (
            id BLOB PRIMARY KEY CHECK (length(id) = 16),
            mailing INTEGER NOT NULL REFERENCES mailings (number),
            -- The recipient's place in the submission, from 0.
            position INTEGER NOT NULL,
            organization TEXT NOT NULL,
            address TEXT NOT NULL,
            name TEXT,
            role TEXT NOT NULL CHECK (role = 'to' OR role = 'cc' OR role = 'bcc'),
            state TEXT NOT NULL DEFAULT 'scheduled' CHECK (\(states.map { "state = '\($0)'" }.joined(separator: " OR "))),
            reason TEXT,
            bounce_class TEXT,
            detail TEXT,
            attempts INTEGER NOT NULL DEFAULT 0,
            changed_at INTEGER,
            first_deferred_at INTEGER,
            -- Where the last fact that was folded in stands in the delivery's causal order; those behind it can be added.
            last_attempt INTEGER,
            last_rank INTEGER,
            last_at INTEGER,
            last_fact BLOB,
            views INTEGER NOT NULL DEFAULT 0,
            views_people INTEGER NOT NULL DEFAULT 0,
            first_viewed_at INTEGER,
            last_viewed_at INTEGER,
            -- The fact of the last view, to tell two views of one moment apart.
            last_view BLOB,
            client TEXT,
            clicks INTEGER NOT NULL DEFAULT 0,
            clicks_people INTEGER NOT NULL DEFAULT 0,
            unsubscribed_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX deliveries_by_mailing ON deliveries (mailing, position);
        CREATE INDEX failures ON deliveries (organization, changed_at) WHERE \(failed);

        -- How often each link of a mailing was followed.
        CREATE TABLE links (
            mailing INTEGER NOT NULL REFERENCES mailings (number),
            target TEXT NOT NULL,
            clicks INTEGER NOT NULL DEFAULT 0,
            clicks_people INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (mailing, target)
        ) STRICT, WITHOUT ROWID;

        -- The sums of the mailings accepted on one day (UTC, counted from 1970).
        CREATE TABLE days (
            organization TEXT NOT NULL,
            day INTEGER NOT NULL,
            mailings INTEGER NOT NULL DEFAULT 0,
            recipients INTEGER NOT NULL DEFAULT 0 CHECK (recipients = \(sum)),
            \(stateColumns)
            read INTEGER NOT NULL DEFAULT 0,
            clicked INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (organization, day)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE kinds (
            organization TEXT NOT NULL,
            kind TEXT NOT NULL,
            PRIMARY KEY (organization, kind)
        ) STRICT, WITHOUT ROWID;
        """

    private static let collections = """
        CREATE TABLE collections (
            organization TEXT NOT NULL,
            id TEXT NOT NULL,
            mailings INTEGER NOT NULL DEFAULT 0,
            recipients INTEGER NOT NULL DEFAULT 0,
            -- The sort key of its newest mailing, or of the reminder's moment where it has none.
            latest INTEGER NOT NULL,
            last_mailing_at INTEGER,
            PRIMARY KEY (organization, id)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX collections_by_latest ON collections (organization, latest, id);

        CREATE TABLE reminders (
            id BLOB PRIMARY KEY CHECK (length(id) = 16),
            organization TEXT NOT NULL,
            collection TEXT NOT NULL,
            expires_on TEXT NOT NULL,
            days_before INTEGER NOT NULL,
            due_at INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('planned', 'skipped', 'issued', 'withdrawn')),
            detail TEXT,
            -- The fact that said so last.
            told_at INTEGER NOT NULL,
            told_by BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX reminders_by_due ON reminders (organization, due_at);
        CREATE INDEX reminders_by_collection ON reminders (organization, collection, due_at);

        CREATE TABLE issues (
            reminder BLOB NOT NULL,
            mailing BLOB NOT NULL,
            PRIMARY KEY (reminder, mailing)
        ) STRICT, WITHOUT ROWID;
        """
}
