#!/usr/bin/env bats
#
# Registered users: REGISTER, CONNECT with a password or a token, PASSWORD and
# TOKEN, who may register, and what a registered name is worth.

load helpers

setup() {
	chat_setup
	# (Some clients here wait long for their turn.)
	export CHAT_LOGIN_TIMEOUT=120 CHAT_RATE=0
}

PASSWORD='correct horse'

# account_register NAME [PASSWORD [MEMBERS]]: by a connection of its own.
account_register() {
	client_open registrar
	client_send registrar "{\"command\":\"REGISTER\",\"username\":\"$1\",\"password\":\"${2:-$PASSWORD}\"${3:+,$3}}"
	client_expect registrar '.event == "REGISTERED"' || return
	client_close registrar
}

# connect CLIENT NAME MEMBERS: without a look at the answer.
connect() {
	[[ -n ${CLIENT_PID[$1]:-} ]] || client_open "$1"
	client_send "$1" "{\"command\":\"CONNECT\",\"username\":\"$2\"${3:+,$3}}"
}

password() {
	echo "\"password\":\"${1:-$PASSWORD}\""
}

# A new token of the client's user, into TOKEN and TOKEN_ID.
token_take() {
	client_send "$1" '{"command":"TOKEN"}'
	client_expect "$1" '.event == "TOKEN"'
	TOKEN=$(client_get .token)
	TOKEN_ID=$(client_get .id)
}

# invite_add CODE USES SECONDS: as the operator's tool stores it.
invite_add() {
	local hash
	hash=$(printf %s "$1" | sha256sum | cut -d ' ' -f 1)
	db_change "INSERT INTO invites
	    (hash, uses_left, note, created_at, expires_at) VALUES (x'$hash', $2,
	    '', 0, (strftime('%s', 'now') + $3) * 1000)"
}

# --- REGISTER ----------------------------------------------------------------

@test "who registers a name gets in with its password, in any case of the name" {
	server_start
	client_open alice
	client_send alice '{"command":"REGISTER","username":"Alice","password":"correct horse","ref":"1"}'
	client_expect alice '. == {"event":"REGISTERED","ref":"1","username":"Alice"}'
	# The same connection may go on.
	connect alice aLICE "$(password)"
	client_expect alice '.event == "CONNECTED" and .username == "Alice" and
	    has("resume") == false'
	say alice hello
}

@test "a registered name needs its password, in open mode too" {
	server_start
	account_register alice
	connect eve alice
	client_error eve AUTH_REQUIRED '.message | contains("alice is registered")'
	connect eve ALICE
	client_error eve AUTH_REQUIRED
	connect eve alice "$(password 'wrong horse')"
	client_error eve AUTH_FAILED
	# The same connection, and others, may still get in.
	connect eve bob
	client_expect eve '.event == "CONNECTED"'
	connect alice alice "$(password)"
	client_expect alice '.event == "CONNECTED"'
}

@test "a name is registered once" {
	server_start
	account_register alice
	client_open eve
	for name in alice ALICE; do
		client_send eve "{\"command\":\"REGISTER\",\"username\":\"$name\",\"password\":\"another one\"}"
		client_error eve USERNAME_TAKEN '.message | contains("is registered")'
	done
	connect alice alice "$(password)"
	client_expect alice '.event == "CONNECTED"'
}

@test "of twenty clients that register a name at once one does" {
	server_start
	client_login observer
	for i in {1..20}; do
		client_open "c$i"
	done
	for i in {1..20}; do
		client_send "c$i" "{\"command\":\"REGISTER\",\"username\":\"alice\",\"password\":\"password of $i\"}"
	done
	won=
	for i in {1..20}; do
		client_expect "c$i" '.event == "REGISTERED" or .code == "USERNAME_TAKEN"'
		[[ $(client_get .event) != REGISTERED ]] || won+=" $i"
	done
	assert_eq "$(wc -w <<<"$won")" 1 "number of winners"
	assert_eq "$(db "SELECT count(*) FROM users WHERE username = 'alice'")" 1
	connect c1 alice "$(password "password of${won}")"
	client_expect c1 '.event == "CONNECTED"'
}

@test "who is connected registers one's own name and goes on" {
	server_start
	client_login alice
	resume=$(client_get .resume)
	client_login bob
	say bob 'before' alice
	client_expect alice '.message == "before"'
	client_send alice '{"command":"REGISTER","username":"bob","password":"correct horse"}'
	client_error alice BAD_REQUEST '.message | contains("username must be alice")'
	client_send alice '{"command":"REGISTER","username":"ALICE","password":"correct horse"}'
	client_expect alice '. == {"event":"REGISTERED","username":"alice"}'
	client_send alice '{"command":"REGISTER","username":"alice","password":"correct horse"}'
	client_error alice USERNAME_TAKEN
	say bob 'after' alice
	client_expect alice '.message == "after"'
	say alice 'me too' bob
	client_expect bob '.message == "me too" and .from == "alice"'
	# Nobody was seen to leave or join.
	client_none bob '.event == "LEFT" or (.event == "JOINED" and .username == "alice")'
	# The secret of before is worth nothing now.
	connect train alice "\"resume\":\"$resume\""
	client_error train AUTH_FAILED
	connect train alice "$(password),\"since\":0"
	client_expect train '.event == "CONNECTED"'
	client_expect train '.message == "before"'
	client_expect train '.message == "me too"'
	client_none alice '.code == "REPLACED"'
}

@test "a name that is online is registered by its holder alone" {
	server_start
	client_login alice
	client_open eve
	client_send eve '{"command":"REGISTER","username":"Alice","password":"correct horse"}'
	client_error eve USERNAME_TAKEN '.message == "Alice is online already"'
	client_close alice
	wait_for log_has 'closed user=alice'
	client_send eve '{"command":"REGISTER","username":"Alice","password":"correct horse"}'
	client_expect eve '.event == "REGISTERED"'
}

@test "a registration inherits no private message and no secret" {
	server_start
	client_login bob
	client_login alice
	resume=$(client_get .resume)
	say bob 'for the first alice' alice
	say bob 'for all'
	client_close alice
	wait_for log_has 'closed user=alice'
	account_register alice
	connect next alice "$(password),\"since\":0"
	client_expect next '.event == "CONNECTED"'
	client_next next '.message == "for all"'
	client_send next '{"command":"HISTORY","with":"bob"}'
	client_expect next '.event == "HISTORY" and .messages == []'
	client_none next '.event == "MESSAGE"'
	connect eve alice "\"resume\":\"$resume\""
	client_error eve AUTH_FAILED
}

@test "passwords that cannot be are refused with the reason" {
	server_start
	client_open alice
	long=$(printf '%073d' 0)
	refused() {
		client_send alice "{\"command\":\"REGISTER\",\"username\":\"alice\",\"password\":$1}"
		client_error alice BAD_REQUEST ".message | contains($2)"
	}
	refused '"seven77"' '"at least 8 bytes"'
	refused '""' '"at least 8 bytes"'
	refused "\"$long\"" '"at most 72 bytes"'
	refused '"with a\u0000 NUL"' '"no NUL byte"'
	refused '"half a pair \ud83d"' '"valid UTF-8"'
	refused 12345678 '"password must be a string"'
	printf '{"command":"REGISTER","username":"alice","password":"latin \xe9\xe8\xe7"}\n' |
	    client_raw alice
	client_error alice BAD_REQUEST '.message | contains("valid UTF-8")'
	client_send alice '{"command":"REGISTER","username":"alice"}'
	client_error alice BAD_REQUEST '.message == "password is missing"'
	client_send alice '{"command":"REGISTER","password":"correct horse"}'
	client_error alice BAD_REQUEST '.message == "username is missing"'
	client_send alice '{"command":"REGISTER","username":"all","password":"correct horse"}'
	client_error alice BAD_USERNAME
	# The longest one, and one byte more at login is not the same.
	account_register alice "${long%0}"
	connect alice alice "$(password "$long")"
	client_error alice BAD_REQUEST '.message | contains("72 bytes")'
	connect alice alice "$(password "${long%0}")"
	client_expect alice '.event == "CONNECTED"'
}

@test "CHAT_REGISTRATION=closed registers nobody" {
	export CHAT_REGISTRATION=closed
	server_start
	client_open alice
	client_send alice '{"command":"REGISTER","username":"alice","password":"correct horse"}'
	client_error alice REGISTRATION_CLOSED
	connect alice alice
	client_expect alice '.event == "CONNECTED"'
	client_send alice '{"command":"REGISTER","username":"alice","password":"correct horse"}'
	client_error alice REGISTRATION_CLOSED
	assert_eq "$(db 'SELECT count(password) FROM users')" 0
}

@test "CHAT_REGISTRATION=invite wants an invitation that can be used" {
	export CHAT_REGISTRATION=invite
	server_start
	client_login observer
	invite_add welcome 2 3600
	invite_add late 5 -1
	refused() {
		client_open alice
		client_send alice "{\"command\":\"REGISTER\",\"username\":\"$1\",\"password\":\"correct horse\"$2}"
		client_error alice BAD_INVITE
	}
	refused alice ''
	refused alice ',"invite":"wrong"'
	refused alice ',"invite":""'
	refused alice ',"invite":"late"'
	account_register alice "$PASSWORD" '"invite":"welcome"'
	# What fails for another reason uses nothing up.
	client_send alice '{"command":"REGISTER","username":"alice","password":"correct horse","invite":"welcome"}'
	client_error alice USERNAME_TAKEN
	client_send alice '{"command":"REGISTER","username":"bob","password":"short","invite":"welcome"}'
	client_error alice BAD_REQUEST
	account_register bob "$PASSWORD" '"invite":"welcome"'
	refused carol ',"invite":"welcome"'
	assert_eq "$(db 'SELECT group_concat(uses_left) FROM invites')" 0,5
}

@test "an invitation of one use is used once by twenty at once" {
	export CHAT_REGISTRATION=invite
	server_start
	client_login observer
	invite_add welcome 1 3600
	for i in {1..20}; do
		client_open "c$i"
	done
	for i in {1..20}; do
		client_send "c$i" "{\"command\":\"REGISTER\",\"username\":\"user$i\",\"password\":\"correct horse\",\"invite\":\"welcome\"}"
	done
	won=0
	for i in {1..20}; do
		client_expect "c$i" '.event == "REGISTERED" or .code == "BAD_INVITE"'
		[[ $(client_get .event) != REGISTERED ]] || won=$((won + 1))
	done
	assert_eq "$won" 1 "number of registrations"
	assert_eq "$(db 'SELECT count(password) FROM users')" 1
}

@test "where registration is open an invitation is not needed, nor used up" {
	server_start
	client_login observer
	invite_add welcome 1 3600
	account_register alice "$PASSWORD" '"invite":"welcome"'
	account_register bob "$PASSWORD" '"invite":"wrong"'
	assert_eq "$(db 'SELECT uses_left FROM invites')" 1
}

# --- CONNECT -----------------------------------------------------------------

@test "with CHAT_AUTH=required only registered users get in" {
	export CHAT_AUTH=required
	server_start
	connect alice alice
	client_error alice AUTH_REQUIRED
	connect alice alice '"resume":"0123456789abcdef0123456789abcdef"'
	client_error alice AUTH_REQUIRED
	account_register alice
	connect alice alice
	client_error alice AUTH_REQUIRED
	connect alice alice "$(password)"
	client_expect alice '.event == "CONNECTED"'
}

@test "a wrong password, an unknown user and a name of nobody get one answer" {
	server_start
	account_register alice
	connect guest guest
	client_expect guest '.event == "CONNECTED"'
	db_change "INSERT INTO users (username, password, private_from,
	    position, created_at, seen_at) VALUES ('server', '!', 0, 0, 0, 0)"
	answers() {
		connect eve "$1" "$2"
		client_error eve AUTH_FAILED
		echo "$LINE" >>answers
	}
	for name in alice nobody guest server; do
		client_open eve
		answers "$name" "$(password 'wrong horse')"
		answers "$name" '"password":"x"'
		answers "$name" '"password":"!"'
		answers "$name" '"token":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"'
		answers "$name" '"token":""'
	done
	assert_eq "$(sort -u answers | wc -l)" 1 "number of different answers"
	connect eve alice "$(password),\"token\":\"\""
	client_error eve BAD_REQUEST '.message | contains("one of them")'
}

@test "a user whom the operator keeps out neither gets in nor registers" {
	server_start
	account_register alice
	db_change "INSERT INTO blocks (username,
	    reason, created_at) VALUES ('alice', 'why', 0), ('bob', 'why', 0)"
	connect alice alice "$(password)"
	client_error alice BLOCKED
	client_open bob
	client_send bob '{"command":"REGISTER","username":"bob","password":"correct horse"}'
	client_error bob BLOCKED
	assert_eq "$(db 'SELECT count(password) FROM users')" 1
}

@test "a registered user may be connected many times" {
	server_start
	account_register alice
	client_login bob
	connect desk alice "$(password)"
	client_expect desk '.event == "CONNECTED"'
	client_expect bob '.event == "JOINED" and .username == "alice"'
	connect train alice "$(password)"
	client_expect train '.event == "CONNECTED"'
	say bob 'to all of her' alice
	client_expect desk '.message == "to all of her"'
	client_expect train '.message == "to all of her"'
	say train 'from the train'
	client_expect desk '.message == "from the train" and .from == "alice"'
	client_close desk
	wait_for log_has 'closed user=alice'
	say bob 'still there' alice
	client_expect train '.message == "still there"'
	client_none bob '.event == "LEFT" or .event == "JOINED"'
	client_close train
	client_expect bob '.event == "LEFT" and .username == "alice"'
}

@test "a row whose session died is closed at the user's next login" {
	notify_start
	listener_start
	account_register alice
	connect desk alice "$(password)"
	client_expect desk '.event == "CONNECTED"'
	notify_kill
	session_kill desk
	connect train alice "$(password)"
	client_expect train '.event == "CONNECTED"'
	assert_eq "$(db "SELECT count(*) FROM sessions WHERE ended_at IS NULL")" 1
}

@test "what came while a registered user was away comes without since" {
	server_start
	account_register alice
	client_login bob
	connect alice alice "$(password)"
	client_expect alice '.event == "CONNECTED"'
	say bob 'seen' alice
	client_expect alice '.message == "seen"'
	client_close alice
	client_expect bob '.event == "LEFT"'
	say bob 'while away' alice
	client_open alice
	connect alice alice "$(password)"
	client_expect alice '.event == "CONNECTED"'
	client_expect alice '.message == "while away"'
	client_send bob '{"command":"USERS"}'
	client_expect bob '.event == "USERS" and (.users | length) == 2'
}

# --- PASSWORD ----------------------------------------------------------------

@test "PASSWORD changes it, and revokes every token" {
	server_start
	account_register alice
	connect alice alice "$(password)"
	client_expect alice '.event == "CONNECTED"'
	token_take alice
	client_send alice '{"command":"PASSWORD","old":"correct horse","new":"another horse","ref":"p"}'
	client_expect alice '. == {"event":"PASSWORD_CHANGED","ref":"p"}'
	assert_eq "$(db 'SELECT count(*) FROM tokens')" 0
	connect eve alice "\"token\":\"$TOKEN\""
	client_error eve AUTH_FAILED
	connect eve alice "$(password)"
	client_error eve AUTH_FAILED
	connect eve alice "$(password 'another horse')"
	client_expect eve '.event == "CONNECTED"'
	# The session that changed it goes on, and may take a new token.
	token_take alice
	connect next alice "\"token\":\"$TOKEN\""
	client_expect next '.event == "CONNECTED"'
}

@test "PASSWORD needs the old one, and a new one that can be" {
	server_start
	account_register alice
	connect alice alice "$(password)"
	client_expect alice '.event == "CONNECTED"'
	before=$(db 'SELECT password FROM users')
	client_send alice '{"command":"PASSWORD","old":"wrong horse","new":"another horse"}'
	client_error alice AUTH_FAILED
	client_send alice '{"command":"PASSWORD","old":"correct horse","new":"short"}'
	client_error alice BAD_REQUEST '.message | contains("new: a password has at least 8")'
	client_send alice '{"command":"PASSWORD","new":"another horse"}'
	client_error alice BAD_REQUEST '.message == "old is missing"'
	client_send alice '{"command":"PASSWORD","old":"correct horse"}'
	client_error alice BAD_REQUEST '.message == "new is missing"'
	assert_eq "$(db 'SELECT password FROM users')" "$before"
	client_open eve
	client_send eve '{"command":"PASSWORD","old":"correct horse","new":"another horse"}'
	client_error eve NOT_CONNECTED
	connect eve eve
	client_expect eve '.event == "CONNECTED"'
	client_send eve '{"command":"PASSWORD","old":"correct horse","new":"another horse"}'
	client_error eve AUTH_REQUIRED '.message | contains("REGISTER")'
}

@test "a session of before a change of the password takes no token" {
	server_start
	account_register alice
	for name in thief alice; do
		connect "$name" alice "$(password)"
		client_expect "$name" '.event == "CONNECTED"'
	done
	client_send alice '{"command":"PASSWORD","old":"correct horse","new":"another horse"}'
	client_expect alice '.event == "PASSWORD_CHANGED"'
	client_send thief '{"command":"TOKEN"}'
	client_error thief AUTH_REQUIRED '.message | contains("was changed")'
	client_send thief '{"command":"PASSWORD","old":"correct horse","new":"stolen horse"}'
	client_error thief AUTH_FAILED
}

# --- TOKEN -------------------------------------------------------------------

@test "a token is 256 random bits and gets its user in until it expires" {
	export CHAT_TOKEN_DAYS=3
	server_start
	account_register alice
	account_register bob
	connect alice alice "$(password)"
	client_expect alice '.event == "CONNECTED"'
	client_send alice '{"command":"TOKEN","ref":"t"}'
	client_expect alice '.event == "TOKEN" and .ref == "t" and .id == 1 and
	    (.token | test("^[0-9a-f]{64}$")) and
	    ((.expires[:19] + "Z" | fromdate) - now | . > 3 * 86400 - 120 and
		. <= 3 * 86400)'
	first=$(client_get .token)
	token_take alice
	[[ $TOKEN != "$first" ]]
	connect train ALICE "\"token\":\"$first\""
	client_expect train '.event == "CONNECTED" and .username == "alice" and
	    has("resume") == false'
	# It is nobody else's, and not good when it has expired.
	connect eve bob "\"token\":\"$first\""
	client_error eve AUTH_FAILED
	db_change \
	    "UPDATE tokens SET expires_at = (strftime('%s', 'now') - 1) * 1000"
	connect eve alice "\"token\":\"$first\""
	client_error eve AUTH_FAILED
}

@test "a token is revoked by its id, or all are" {
	server_start
	account_register alice
	account_register bob
	for name in alice bob; do
		connect "$name" "$name" "$(password)"
		client_expect "$name" '.event == "CONNECTED"'
	done
	token_take bob
	bobs=$TOKEN_ID
	token_take alice
	first=$TOKEN first_id=$TOKEN_ID
	token_take alice
	token_take alice
	client_send alice "{\"command\":\"TOKEN\",\"revoke\":$first_id,\"ref\":\"r\"}"
	client_expect alice '. == {"event":"TOKEN","ref":"r","revoked":1}'
	client_send alice "{\"command\":\"TOKEN\",\"revoke\":$bobs}"
	client_expect alice '. == {"event":"TOKEN","revoked":0}'
	connect eve alice "\"token\":\"$first\""
	client_error eve AUTH_FAILED
	client_send alice '{"command":"TOKEN","revoke":"all"}'
	client_expect alice '. == {"event":"TOKEN","revoked":2}'
	connect eve alice "\"token\":\"$TOKEN\""
	client_error eve AUTH_FAILED
	assert_eq "$(db 'SELECT count(*) FROM tokens')" 1
	for bad in 0 -1 '"some"' true '[]' null 1.5; do
		client_send alice "{\"command\":\"TOKEN\",\"revoke\":$bad}"
		client_error alice BAD_REQUEST '.message | contains("revoke")'
	done
}

@test "who is not registered gets no token" {
	server_start
	client_open alice
	client_send alice '{"command":"TOKEN"}'
	client_error alice NOT_CONNECTED
	client_login alice
	client_send alice '{"command":"TOKEN"}'
	client_error alice AUTH_REQUIRED '.message | contains("REGISTER")'
	assert_eq "$(db 'SELECT count(*) FROM tokens')" 0
}

@test "expired tokens of everybody are removed, a few hundred at a time" {
	server_start
	client_login alice
	notify_stop
	# (No user of theirs ever comes back.)
	db_change "WITH RECURSIVE n (i) AS
	    (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
	    INSERT INTO tokens (user_id, hash, created_at, expires_at)
	    SELECT 1, randomblob(32), 1,
	        CASE i WHEN 600 THEN 9e15 ELSE i END FROM n"
	notify_start
	wait_for tokens_are 1
	assert_eq "$(db 'SELECT expires_at > 600 FROM tokens')" 1 valid
}

tokens_are() {
	[[ $(db 'SELECT count(*) FROM tokens') == "$1" ]]
}

@test "of more than 32 tokens the oldest is forgotten" {
	server_start
	account_register alice
	connect alice alice "$(password)"
	client_expect alice '.event == "CONNECTED"'
	token_take alice
	first=$TOKEN
	token_take alice
	second=$TOKEN
	for i in {3..32}; do
		client_send alice '{"command":"TOKEN"}'
	done
	client_expect alice '.event == "TOKEN" and .id == 32'
	connect one alice "\"token\":\"$first\""
	client_expect one '.event == "CONNECTED"'
	token_take alice
	connect two alice "\"token\":\"$first\""
	client_error two AUTH_FAILED
	connect two alice "\"token\":\"$second\""
	client_expect two '.event == "CONNECTED"'
	assert_eq "$(db 'SELECT count(*) FROM tokens')" 32
}

@test "commands about accounts are answered with UNAVAILABLE without a store" {
	server_start
	account_register alice
	connect alice alice "$(password)"
	client_expect alice '.event == "CONNECTED"'
	mv "$T/data" "$T/away"
	for command in '"TOKEN"' '"TOKEN","revoke":"all"' \
	    '"PASSWORD","old":"correct horse","new":"another horse"'; do
		client_send alice "{\"command\":$command}"
		client_error alice UNAVAILABLE
	done
	client_open eve
	client_send eve '{"command":"REGISTER","username":"eve","password":"correct horse"}'
	client_error eve UNAVAILABLE
	connect eve alice "$(password)"
	client_error eve UNAVAILABLE
	connect eve alice '"token":"x"'
	client_error eve UNAVAILABLE
	mv "$T/away" "$T/data"
	token_take alice
}
