-- What a release to come might bring: programs of today can use it.
ALTER TABLE messages ADD COLUMN room_id INTEGER;
CREATE TABLE rooms (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE COLLATE NOCASE
);
CREATE INDEX messages_room ON messages (room_id, id) WHERE room_id IS NOT NULL;
INSERT INTO meta SELECT 'compatible_since', user_version
	FROM pragma_user_version;
