-- What has expired is found without looking at the rest.

-- Tokens that the housekeeper removes.
CREATE INDEX tokens_expired ON tokens (expires_at);
