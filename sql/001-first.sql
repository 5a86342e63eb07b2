-- The first schema: users, messages, sessions.  Times are ms since 1970, UTC.

CREATE TABLE users (
	id           INTEGER PRIMARY KEY,
	username     TEXT NOT NULL UNIQUE COLLATE NOCASE,
	password     TEXT,              -- crypt(5) string; NULL: not registered
	resume       BLOB,              -- SHA-256 of the holder's resume secret
	private_from INTEGER NOT NULL,  -- private messages up to here: a former holder's
	position     INTEGER NOT NULL,  -- where the last session ended
	created_at   INTEGER NOT NULL,
	seen_at      INTEGER NOT NULL
);
CREATE INDEX users_registered ON users (username) WHERE password IS NOT NULL;

-- The log.  id is its one sequence; ids are never used again.
CREATE TABLE messages (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	kind         INTEGER NOT NULL DEFAULT 0,  -- 0: text
	target_id    INTEGER,                     -- for kinds about another message
	sender_id    INTEGER NOT NULL REFERENCES users (id),
	recipient_id INTEGER REFERENCES users (id),  -- NULL: all
	session_id   INTEGER NOT NULL,            -- that sent it
	ref          TEXT,                        -- the sender's, while remembered
	body         TEXT NOT NULL,
	created_at   INTEGER NOT NULL
);
-- HISTORY of all.
CREATE INDEX messages_public ON messages (id) WHERE recipient_id IS NULL;
-- HISTORY of two people, one direction at a time.
CREATE INDEX messages_private ON messages (sender_id, recipient_id, id)
	WHERE recipient_id IS NOT NULL;
-- A resend is found, and stored once.
CREATE UNIQUE INDEX messages_ref ON messages (sender_id, ref)
	WHERE ref IS NOT NULL;

CREATE TABLE sessions (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id    INTEGER NOT NULL REFERENCES users (id),
	socket     TEXT NOT NULL,       -- its name in the registry
	peer       TEXT NOT NULL,
	pid        INTEGER NOT NULL,
	started_at INTEGER NOT NULL,
	ended_at   INTEGER,             -- NULL while open
	reason     TEXT
);
-- Who is online; whether a user is.
CREATE INDEX sessions_open ON sessions (user_id) WHERE ended_at IS NULL;

-- Facts about this database: the boot it was last used in.
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
