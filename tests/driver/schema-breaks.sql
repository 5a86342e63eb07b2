-- It says nothing of what can use it, so nothing from before can.
ALTER TABLE users ADD COLUMN room_id INTEGER;
