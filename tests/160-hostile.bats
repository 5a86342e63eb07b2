#!/usr/bin/env bats
#
# What strangers send on purpose, while alice and bob talk and notice nothing.
# Elsewhere: lines too long or random (030), rubbish that is nearly JSON,
# duplicate members, lone surrogates, overlong UTF-8, controls in texts (040),
# CONNECT twice, commands before it, DISCONNECT of another (010), a forged
# `from` (020), forged lines of log and journal (110), random datagrams (210),
# who sends and never reads (310), terminals (410, 420), hundreds at once
# (165, 320), and each parser by itself (150).

load helpers

begin() {
	server_start
	client_login alice
	client_login bob
	client_expect alice '.event == "JOINED"'
	client_forget alice
}

# They talk as ever, and nobody but they was heard of.
unnoticed() {
	say alice 'as ever'
	client_expect bob '.event == "MESSAGE" and .message == "as ever" and
	    .from == "alice"'
	say bob 'too'
	client_expect alice '.event == "MESSAGE" and .message == "too"'
	client_none alice '.event != "PING"'
	client_none bob '.event != "PING" and .event != "ACK"'
	kill -0 "$NOTIFY"
}

CONNECT='{"command":"CONNECT","username":"victim"}'
FORGED='{"command":"MESSAGE","to":"all","message":"forged","ref":"f"}'

@test "a megabyte without a newline is refused" {
	begin
	client_open mallory
	head -c 1048576 /dev/zero | tr '\0' '{' | client_raw mallory
	client_error mallory LINE_TOO_LONG
	client_closed mallory
	unnoticed
}

@test "a browser's POST executes nothing of what a page put into it" {
	begin
	for request in 'POST / HTTP/1.1' 'POST /x HTTP/1.0' 'GET /chat HTTP/1.1' \
	    'PUT http://localhost/ HTTP/1.1'; do
		client_open mallory
		printf '%s\r\n' "$request" 'Host: localhost' \
		    'Content-Type: text/plain' '' "$CONNECT" "$FORGED" |
		    client_raw mallory
		client_error mallory BAD_JSON
		client_closed mallory
		assert_eq "$(grep -c '' "$(client_record mallory)")" 1 answers
	done
	assert_eq "$(db "select count(*) from users where username = 'victim'")" 0
	unnoticed
}

@test "a TLS hello executes nothing of what a page put into it" {
	begin
	client_open mallory
	{
		# Record and hello; then a random and a session ticket.
		printf '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'
		printf '%s\n%s\n%s\n' abcdefgh "$CONNECT" "$FORGED"
	} | client_raw mallory
	client_error mallory BAD_JSON
	client_closed mallory
	assert_eq "$(grep -c '' "$(client_record mallory)")" 1 answers
	unnoticed
}

@test "a TLS hello without a newline is waited for no longer than a login" {
	export CHAT_LOGIN_TIMEOUT=3
	begin
	client_open mallory
	printf '\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03%032d' 0 |
	    client_raw mallory
	client_error mallory TIMEOUT
	client_closed mallory
	unnoticed
}

@test "lines that look like HTTP are only BAD_JSON after CONNECT" {
	begin
	client_send alice 'GET / HTTP/1.1'
	client_error alice BAD_JSON
	unnoticed
}

@test "JSON nested 100,000 deep is BAD_JSON" {
	export CHAT_MESSAGE_MAX_SIZE=65536
	begin
	client_login mallory
	client_expect alice '.event == "JOINED"'
	client_expect bob '.event == "JOINED"'
	for c in '[' '{"a":'; do
		printf '{"command":"MESSAGE","to":"all","message":%s\n' \
		    "$(yes "$c" | head -n 100000 | tr -d '\n')" |
		    client_raw mallory
		client_error mallory BAD_JSON '.message | contains("deep")'
	done
	unnoticed
}

@test "a hundred thousand members, and names of all lengths" {
	export CHAT_MESSAGE_MAX_SIZE=65536
	begin
	client_open mallory
	{
		printf '{"command":"PING","ref":"many"'
		seq -f ',"%.0f":1' 30000 | tr -d '\n'
		printf '}\n{"command":"PING","ref":"long","%s":1}\n' \
		    "$(head -c 400000 /dev/zero | tr '\0' k)"
		printf '{"command":"PING","ref":"array","x":[%s0]}\n' \
		    "$(yes '0,' | head -n 200000 | tr -d '\n')"
	} | client_raw mallory
	for ref in many long array; do
		client_expect mallory ".event == \"PONG\" and .ref == \"$ref\""
	done
	unnoticed
}

# What SQL, its LIKE and GLOB, full-text search or printf would obey.
metacharacters() {
	cat <<-'END'
		' or 1=1 --
		'; drop table messages; --
		\"; delete from users; --
		%' or username like '%
		_%*?[a-z]
		x' union select resume_hash from sessions --
		\\'; attach '/tmp/evil.db' as e; --
		\"unbalanced
		a AND b OR NOT c NEAR(d e, 5)
		text:* ^first -col : {a b} + \"q\"*
		:username @p ?1 $x
		%s%n%x%99999d
		null;
		1e999;
		/* */ --
		\u0000'; drop table users
		`'\"[];()
	END
}

@test "metacharacters of SQL and full-text search are only text, wherever they are" {
	local schema n=0 x command
	export CHAT_LOGIN_TIMEOUT=300
	begin
	schema=$(db 'select sql from sqlite_master')
	client_open mallory
	while IFS= read -r x; do
		((++n))
		for command in "\"CONNECT\",\"username\":\"$x\"" \
		    "\"CONNECT\",\"username\":\"bob\",\"resume\":\"$x\""; do
			echo "{\"command\":$command,\"ref\":\"e$n\"}"
		done >>"$T/mallory"
		for command in "\"MESSAGE\",\"to\":\"$x\",\"message\":\"x\"" \
		    "\"HISTORY\",\"with\":\"$x\"" \
		    "\"DISCONNECT\",\"username\":\"$x\"" "\"$x\""; do
			echo "{\"command\":$command,\"ref\":\"e$n\"}"
		done >>"$T/alice"
		echo "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"$x\",\"ref\":\"m$n\"}" >>"$T/alice"
		[[ $x == *u0000* ]] ||
		    echo "{\"command\":\"PING\",\"ref\":\"$x\"}" >>"$T/alice"
	done < <(metacharacters)
	((n >= 15))
	client_raw alice <"$T/alice"
	client_raw mallory <"$T/mallory"
	client_barrier alice
	client_barrier mallory
	say alice end
	client_expect bob '.message == "end"'
	# Each is a name, user or command that there is not, or a wrong secret.
	assert_eq "$(answers mallory)" "$(printf '%s %s\n' \
	    BAD_USERNAME $n USERNAME_TAKEN $n)" "mallory's answers"
	assert_eq "$(answers alice)" "$(printf '%s %s\n' BAD_REQUEST $((n + 1)) \
	    NO_SUCH_USER $((2 * n)) UNKNOWN_COMMAND $((n - 1)))" "alice's answers"
	# Each is a text or a ref like others, with its NUL taken out.
	metacharacters | sed 's/.*/"&"/' | jq -r 'gsub("\u0000"; "")' >texts
	jq -r 'select(.event == "MESSAGE") | .message' "$(client_record bob)" |
	    diff - <(cat texts; echo end)
	jq -r 'select(.event == "PONG") | .ref' "$(client_record alice)" |
	    grep -v '^barrier-' | diff - <(grep -v '^.; drop table users$' texts)
	client_send alice '{"command":"HISTORY","limit":100}'
	client_expect alice '.event == "HISTORY"'
	client_get '.messages[].message' | diff - <(cat texts; echo end)
	assert_eq "$(db 'select sql from sqlite_master')" "$schema" schema
	assert_eq "$(db 'pragma integrity_check')" ok
	[[ ! -e /tmp/evil.db ]]
}

# How many errors of each code.
answers() {
	jq -r 'select(.event == "ERROR") | .code' "$(client_record "$1")" |
	    sort | uniq -c | awk '{ print $2, $1 }'
}

# --- datagrams ---------------------------------------------------------------

# little SIZE NUMBER...: as bytes of this machine, escaped for printf.
little() {
	local size=$1 n i out=
	shift
	for n; do
		for ((i = 0; i < size; i++)); do
			out+=$(printf '\\x%02x' $((n >> 8 * i & 255)))
		done
	done
	printf '%s' "$out"
}

# head VERSION TYPE COUNT PREV LAST USER SESSION (see docs/RELAY.md)
head_bytes() {
	# shellcheck disable=SC2059 # it is escaped for printf
	printf "$(little 1 "$1" "$2")$(little 2 0)$(little 4 "$3")$(little 8 "${@:4}")"
}

entry_bytes() {
	# shellcheck disable=SC2059
	printf "$(little 8 "$1" "$2")$(little 4 "$3" 0)"
}

datagram() {
	"$B/tests/chat-talk" --datagram "$1"
}

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups \
	    "$T/talk" --datagram "$1"
}

# The socket, user and session of a user.
row_of() {
	IFS='|' read -r SOCKET USER_ID SESSION_ID < <(db "select socket, user_id,
	    sessions.id from sessions join users on users.id = user_id
	    where ended_at is null and username = '$1'")
	SOCKET=$CHAT_RUNTIME_DIR/sessions/$SOCKET
	[[ -S $SOCKET ]]
}

FAKE='{"event":"MESSAGE","id":999,"from":"alice","to":"all","message":"forged"}'

# An EVENTS datagram that bob's session would take.
events() {
	head_bytes "$1" 5 1 "$POSITION" 999 "$USER_ID" "$SESSION_ID"
	printf '%s\n' "$FAKE"
}

@test "an event in a datagram of another user reaches nobody" {
	need_root 'to become another user'
	begin
	say alice one
	client_expect bob '.message == "one"'
	POSITION=$ID
	row_of bob
	chmod 755 "$T" "$CHAT_RUNTIME_DIR" "$CHAT_RUNTIME_DIR/sessions"
	[[ -z ${CHAT_TEST_TMP:-} ]] ||
	    chmod 755 "${CHAT_TEST_TMP%/*}" "$CHAT_TEST_TMP"
	cp "$B/tests/chat-talk" "$T/talk"
	# The modes of the sockets keep them out; and if those were wrong, ...
	run ! as_nobody "$SOCKET" < <(events 1)
	find "$CHAT_RUNTIME_DIR" -type s -exec chmod 777 {} +
	events 1 | as_nobody "$SOCKET"
	head_bytes 1 8 0 0 0 "$USER_ID" "$SESSION_ID" | as_nobody "$SOCKET"
	head_bytes 1 6 0 0 999 0 0 | as_nobody "$SOCKET"
	# A goodbye of bob, and a message of alice, to the relay.
	{ head_bytes 1 3 0 0 0 "$USER_ID" "$SESSION_ID"; printf bob; } |
	    as_nobody "$CHAT_RUNTIME_DIR/notify.sock"
	{
		head_bytes 1 2 1 "$POSITION" $((POSITION + 1)) 1 1
		entry_bytes $((POSITION + 1)) 0 $((${#FAKE} + 1))
		printf '%s\n' "$FAKE"
	} | as_nobody "$CHAT_RUNTIME_DIR/notify.sock"
	unnoticed
	wait_for log_has 'chat-notify: WARNING dropped'
	# The test itself is right: our own user's would have come through.
	say alice two
	client_expect bob '.message == "two"'
	POSITION=$ID
	events 1 | datagram "$SOCKET"
	client_expect bob '.message == "forged"'
}

@test "a datagram of a wrong length, version or type changes nothing in a session" {
	begin
	say alice one
	client_expect bob '.message == "one"'
	POSITION=$ID
	row_of bob
	for version in 0 2 255; do
		events $version | datagram "$SOCKET"
		head_bytes $version 8 0 0 0 0 0 | datagram "$SOCKET"
	done
	# Heads cut short, END and LOOK with a body, EVENTS without.
	for n in 0 1 39; do
		events 1 | head -c "$n" | datagram "$SOCKET"
	done
	for type in 4 6 7 8; do
		{ head_bytes 1 $type 0 0 0 0 0; printf x; } | datagram "$SOCKET"
	done
	head_bytes 1 5 1 "$POSITION" 999 0 0 | datagram "$SOCKET"
	# What only the relay gets, and what nobody does.
	for type in 0 1 2 3 200; do
		{ head_bytes 1 $type 1 "$POSITION" 999 1 1; echo "$FAKE"; } |
		    datagram "$SOCKET"
	done
	unnoticed
}

@test "a datagram of a wrong length, version or user changes nothing in the relay" {
	local relay p
	begin
	relay=$CHAT_RUNTIME_DIR/notify.sock
	say alice one
	client_expect bob '.message == "one"'
	p=$ID
	row_of bob
	publish() {
		head_bytes "$1" 2 "$2" "$3" "$4" "${5:-$USER_ID}" "$SESSION_ID"
		entry_bytes "$4" 0 "${6:-$((${#FAKE} + 1))}"
		printf '%s\n' "$FAKE"
	}
	# Stored already, not stored at all, by nobody that there is.
	publish 1 1 $((p - 1)) "$p" | datagram "$relay"
	publish 1 1 "$p" $((p + 1)) | datagram "$relay"
	publish 1 1 "$p" 9223372036854775807 | datagram "$relay"
	publish 1 1 "$p" $((p + 1)) 4711 | datagram "$relay"
	publish 1 1 "$p" $((p + 1)) -1 | datagram "$relay"
	# Other versions; counts and lengths that are not so.
	publish 0 1 "$p" $((p + 1)) | datagram "$relay"
	publish 2 1 "$p" $((p + 1)) | datagram "$relay"
	publish 1 2 "$p" $((p + 1)) | datagram "$relay"
	publish 1 4294967295 "$p" $((p + 1)) | datagram "$relay"
	publish 1 1 "$p" $((p + 1)) '' 4294967295 | datagram "$relay"
	publish 1 1 "$p" $((p + 1)) '' 0 | datagram "$relay"
	publish 1 0 "$p" $((p + 1)) | datagram "$relay"
	publish 1 1 $((p + 5)) $((p + 1)) | datagram "$relay"
	publish 1 1 -2 -1 | datagram "$relay"
	publish 1 1 "$p" $((p + 1)) | head -c 50 | datagram "$relay"
	# Who registers or leaves without a socket of its own.
	{ head_bytes 1 1 0 0 "$p" "$USER_ID" "$SESSION_ID"; printf bob; } |
	    datagram "$relay"
	{ head_bytes 1 3 0 0 "$p" "$USER_ID" "$SESSION_ID"; printf bob; } |
	    datagram "$relay"
	{ head_bytes 1 3 0 0 "$p" 4711 4711; printf 'no name'; } |
	    datagram "$relay"
	unnoticed
	wait_for log_has 'chat-notify: WARNING dropped'
}
