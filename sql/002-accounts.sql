-- Accounts: tokens, invitations, blocks.  Times are ms since 1970, UTC.

-- A token proves who somebody is, without the cost of a password.
CREATE TABLE tokens (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id    INTEGER NOT NULL REFERENCES users (id),
	hash       BLOB NOT NULL UNIQUE,   -- SHA-256 of the token
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
);
-- All tokens of a user are revoked.
CREATE INDEX tokens_user ON tokens (user_id);

-- Who may register where CHAT_REGISTRATION=invite.
CREATE TABLE invites (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	hash       BLOB NOT NULL UNIQUE,   -- SHA-256 of the invitation's code
	uses_left  INTEGER NOT NULL,
	note       TEXT NOT NULL,          -- the operator's own
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
);

-- Who is kept out: addresses (16 bytes, IPv4 as ::ffff:0:0/96), or a name.
CREATE TABLE blocks (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	first      BLOB,                   -- lowest address of the network
	last       BLOB,                   -- highest one
	username   TEXT COLLATE NOCASE,    -- instead of a network
	reason     TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	expires_at INTEGER                 -- NULL: until removed
);
-- Whether an address is blocked.
CREATE UNIQUE INDEX blocks_network ON blocks (first, last)
	WHERE first IS NOT NULL;
-- Whether a user is blocked.
CREATE UNIQUE INDEX blocks_username ON blocks (username)
	WHERE username IS NOT NULL;
