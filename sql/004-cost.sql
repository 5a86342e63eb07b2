-- The highest cost of all passwords: so long takes each wrong one.
CREATE INDEX users_cost ON users (substr(password, 5, 2))
	WHERE password GLOB '$2b$*';
