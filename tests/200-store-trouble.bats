#!/usr/bin/env bats
# The store in trouble: UNAVAILABLE, the log says what and where, nothing is
# acknowledged that is not stored, and service resumes by itself.

load helpers

# CONNECT until it succeeds: the trouble is gone, and that is noticed.
connects_now() {
	client_send "$1" "{\"command\":\"CONNECT\",\"username\":\"$1\",\"ref\":\"again\"}"
	client_expect "$1" '.ref == "again"'
	[[ $(client_get .event) == CONNECTED ]]
}

sends_now() {
	local text=${2:-again}
	client_send "$1" "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"$text\",\"ref\":\"$text\"}"
	client_expect "$1" ".ref == \"$text\""
	[[ $(client_get .event) == ACK ]]
}

refused_at_connect() {
	client_send "$1" "{\"command\":\"CONNECT\",\"username\":\"$1\",\"ref\":\"c\"}"
	client_error "$1" UNAVAILABLE '.ref == "c"'
	# What the client is told names no file.
	not grep -q "$T" "$(client_record "$1")"
}

@test "a missing database directory: UNAVAILABLE until it is there" {
	export CHAT_DB=$T/data/later/chat.db
	notify_start
	listener_start
	client_open alice
	refused_at_connect alice
	log_has "chat-session: (ERROR|CRITICAL) .*$CHAT_DB.*: No such file or directory"
	mkdir "$T/data/later"
	wait_for connects_now alice
	client_login bob
	say alice hello
	client_expect bob '.message == "hello"'
}

@test "a missing runtime directory: UNAVAILABLE until it is there" {
	export CHAT_RUNTIME_DIR=$T/run/later
	listener_start
	client_open alice
	refused_at_connect alice
	log_has "chat-session: (ERROR|CRITICAL) .*$CHAT_RUNTIME_DIR"
	notify_start
	wait_for connects_now alice
	client_login bob
	say alice hello
	client_expect bob '.message == "hello"'
}

@test "a runtime directory that is removed under a running server: it may be made again" {
	server_start
	client_login alice
	client_login bob
	say alice before
	client_expect bob '.message == "before"'
	notify_kill
	# (A session that looks for the relay just then makes its page anew there.)
	wait_for rm -rf "$CHAT_RUNTIME_DIR"
	client_send alice '{"command":"MESSAGE","to":"all","message":"during","ref":"d"}'
	client_expect alice '.ref == "d"'
	[[ $(client_get .event) == ACK || $(client_get .code) == UNAVAILABLE ]]
	mkdir "$CHAT_RUNTIME_DIR"
	notify_start
	# Nobody can reach these sessions any more: they go on or end, and who
	# connects again finds service and all that was acknowledged.
	acked=$(grep -c '"ACK"' "$(client_record alice)")
	client_open alice
	wait_for connects_now alice
	sends_now alice
	client_open carol
	client_login carol '"since":0'
	client_expect carol '.message == "again"'
	assert_eq "$(db 'select count(*) from messages')" $((acked + 1))
}

# The first 64 KiB of the shared page are that byte.
page_fill() {
	head -c 65536 /dev/zero | tr '\0' "$1" |
	    dd of="$CHAT_RUNTIME_DIR/shared" conv=notrunc status=none
}

@test "rubbish in the shared page: UNAVAILABLE at most, then service" {
	local byte n=0
	server_start
	client_login alice
	client_login bob
	for byte in '\377' '\0' X; do
		((++n))
		say alice "before $n"
		client_expect bob ".message == \"before $n\""
		page_fill "$byte"
		wait_for sends_now alice "after $n"
		client_expect bob ".message == \"after $n\""
	done
	client_close alice
	client_login carol '"since":0'
	for ((n = 1; n <= 3; n++)); do
		client_next carol ".message == \"before $n\""
		client_next carol ".message == \"after $n\""
	done
}

@test "a shared page that is cut off ends who uses it; nothing is lost" {
	# (A sanitizer would report what is meant to happen.)
	export ASAN_OPTIONS=$ASAN_OPTIONS:handle_sigbus=0
	server_start
	client_login alice
	client_login bob
	say alice before
	client_expect bob '.message == "before"'
	: >"$CHAT_RUNTIME_DIR/shared"
	wait_for process_gone "$NOTIFY"
	wait "$NOTIFY" || :
	NOTIFY= SOCKETS_MAY_STAY=1
	client_send alice '{"command":"MESSAGE","to":"all","message":"during"}'
	client_closed alice
	notify_start
	client_login carol '"since":0'
	client_expect carol '.message == "before"'
	# Whether or not it has touched the page meanwhile.
	client_close bob
	client_open bob
	wait_for connects_now bob
	say carol after
	client_expect bob '.message == "after"'
	assert_eq "$(db 'select group_concat(body) from messages')" before,after
}

@test "a file that is no database: UNAVAILABLE until it is replaced" {
	head -c 20000 /dev/urandom >"$CHAT_DB"
	notify_start
	listener_start
	client_open alice
	refused_at_connect alice
	log_has "chat-session: (ERROR|CRITICAL) .*$CHAT_DB.*(not a database|malformed|corrupt)"
	rm "$CHAT_DB"
	wait_for connects_now alice
	say alice hello
}

@test "a damaged database: UNAVAILABLE, and a copy put back is used" {
	server_start
	client_login alice
	seq -f '{"command":"MESSAGE","to":"all","message":"%.0f"}' 500 | client_raw alice
	client_barrier alice
	client_close alice
	server_stop
	sqlite3 "$CHAT_DB" 'pragma wal_checkpoint(truncate)' >/dev/null
	cp "$CHAT_DB" "$T/copy.db"
	# All but the first page is rubbish.
	size=$(stat -c %s "$CHAT_DB")
	head -c $((size - 4096)) /dev/urandom |
	    dd of="$CHAT_DB" bs=4096 seek=1 conv=notrunc status=none
	notify_start
	listener_start
	client_open alice
	refused_at_connect alice
	log_has 'chat-session: (ERROR|CRITICAL) .*(malformed|corrupt|not a database)'
	# Nobody else may have it open while it is replaced.
	notify_stop
	rm -f "$CHAT_DB" "$CHAT_DB"-*
	cp "$T/copy.db" "$CHAT_DB"
	notify_start
	wait_for connects_now alice
	client_send alice '{"command":"HISTORY","limit":1000}'
	client_expect alice '.event == "HISTORY" and (.messages | length == 500)'
	sends_now alice
}

@test "a database made anew under sessions: they end, and stand for nobody in it" {
	export CHAT_LOG_LEVEL=DEBUG
	server_start
	client_login alice
	client_login dora
	client_login eve
	rm "$CHAT_DB" "$CHAT_DB"-*
	# They have the numbers of the first two, of session and of user.
	client_login bob
	client_login carol
	assert_eq "$(db "select group_concat(user_id || ' ' || id) from sessions")" '1 1,2 2'
	# Who dies closes the row of nobody else,
	session_kill dora
	wait_for log_has 'chat-notify: INFO store_available'
	session_kill eve
	wait_for log_has 'chat-notify: DEBUG ended user=eve .*its goodbye was lost'
	client_send carol '{"command":"MESSAGE","to":"bob","message":"for bob alone","ref":"r"}'
	client_expect carol '.ref == "r"'
	[[ $(client_get .event) == ACK ]]
	client_expect bob '.message == "for bob alone"'
	# nor does who lives hear or say anything in the name of another.
	client_send alice '{"command":"MESSAGE","to":"all","message":"mine"}'
	client_expect alice '.code == "SHUTDOWN"'
	not grep -q 'for bob' "$(client_record alice)"
	say bob still
	client_expect carol '.message == "still"'
	assert_eq "$(db "select count(*) from messages where body = 'mine'")" 0
}

# The database as the first N migrations made it, with what people wrote.
database_of_version() {
	local n=$1
	rm -f "$CHAT_DB" "$CHAT_DB"-*
	{
		echo 'PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; BEGIN;'
		find "$ROOT/sql" -name '*.sql' | sort | head -n "$n" | xargs cat
		cat <<-END
			INSERT INTO users VALUES (1, 'alice', NULL, NULL, 0, 2, 1, 1);
			INSERT INTO users VALUES (2, 'bob', NULL, NULL, 0, 2, 1, 1);
			INSERT INTO sessions (user_id, socket, peer, pid, started_at,
			    ended_at, reason) VALUES (1, 'x', 'pipe', 1, 1, 2, 'left');
			INSERT INTO messages (sender_id, session_id, body, created_at)
			    VALUES (1, 1, 'of version $n', 1);
			INSERT INTO messages (sender_id, recipient_id, session_id, ref,
			    body, created_at) VALUES (1, 2, 1, 'r', 'for bob', 1);
			PRAGMA user_version = $n; COMMIT;
		END
	} | sqlite3 "$CHAT_DB" >/dev/null
}

refused_and_left_alone() {
	local before
	before=$(cksum <"$CHAT_DB")
	notify_start
	listener_start
	client_open alice
	refused_at_connect alice
	log_has "chat-session: ERROR store_unavailable .*$1"
	client_close alice
	server_stop
	assert_eq "$(cksum <"$CHAT_DB")" "$before"
}

@test "a database of a later version: UNAVAILABLE, and it is left alone" {
	database_of_version 1
	sqlite3 "$CHAT_DB" 'pragma user_version = 9999'
	refused_and_left_alone 'has schema 9999, for programs that know schema 9999'
}

@test "another program's database: UNAVAILABLE, and it is left alone" {
	sqlite3 "$CHAT_DB" 'create table x (y); pragma user_version = 9999'
	refused_and_left_alone 'no such table: meta'
}

@test "a database of each earlier version is brought up to date, with all in it" {
	local versions n
	versions=$(find "$ROOT/sql" -name '*.sql' | wc -l)
	((versions >= 2))
	for ((n = 1; n <= versions; n++)); do
		database_of_version "$n"
		server_start
		client_open bob
		client_login bob '"since":0'
		client_expect bob ".message == \"of version $n\" and .id == 1"
		say bob new
		((ID > 2))
		client_drop bob
		server_stop
		# (A session that is still about to end has this database open.)
		wait_for no_own_processes
		assert_eq "$(db 'pragma user_version')" "$versions"
		assert_eq "$(db 'select ref, body from messages
		    where recipient_id = 2')" 'r|for bob'
		assert_eq "$(db 'pragma integrity_check')" ok
		assert_eq "$(db 'pragma foreign_key_check')" ''
		schema "$n"
	done
}

# The same tables and indexes, however one came there.
schema() {
	db "select type, name, tbl_name, sql from sqlite_schema order by 1, 2" \
	    >"$T/schema.$1"
	cmp "$T/schema.$1" "$T/schema.1"
}

@test "a database that somebody else has locked: UNAVAILABLE, then service" {
	server_start
	client_login alice
	client_login bob
	mkfifo "$T/hold"
	sqlite3 -bail -cmd '.timeout 5000' "$CHAT_DB" <"$T/hold" >"$T/held" 3>&- &
	local holder=$!
	exec {hold}>"$T/hold"
	echo "begin immediate; select 'locked';" >&"$hold"
	wait_for grep -q locked "$T/held"
	client_send alice '{"command":"MESSAGE","to":"all","message":"x","ref":"1"}'
	client_error alice UNAVAILABLE '.ref == "1"'
	echo "rollback;" >&"$hold"
	exec {hold}>&-
	wait "$holder"
	wait_for sends_now alice
	client_expect bob '.message == "again"'
	client_none bob '.message == "x"'
}

# --- a disk of its own -----------------------------------------------------

small_disk() {
	mount -t tmpfs -o size=1500k tmpfs "$T/data"
}

fill_disk() {
	local body
	small_disk
	server_start
	client_login alice
	client_login bob
	body=$(printf 'x%.0s' {1..4000})
	for i in {1..1000}; do
		echo "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"$body\",\"ref\":\"$i\"}"
	done | client_raw alice
	client_expect alice '.event == "ERROR" and .code == "UNAVAILABLE"' 30
	# The last one has been answered as well.
	client_expect alice '.ref == "1000"' 60
	log_has "chat-session: (ERROR|CRITICAL) .*$CHAT_DB.*(full|space)"
	grep '"ACK"' "$(client_record alice)" | jq -r .ref | sort -n >acked
	(($(wc -l <acked) > 10 && $(wc -l <acked) < 1000))
	not log_has 'chat-session: CRITICAL'
	mount -o remount,size=60m "$T/data"
	wait_for sends_now alice
	client_expect bob '.message == "again"' 30
	# What was acknowledged was stored and delivered, and nothing else.
	db "select ref from messages where body <> 'again' order by id" | cmp - acked
	assert_eq "$(grep -c '"MESSAGE"' "$(client_record bob)")" \
	    "$(db 'select count(*) from messages')"
	db 'pragma integrity_check' | cmp - <(echo ok)
}

@test "a full disk: UNAVAILABLE for what was not stored, and service when there is room" {
	in_space --mount fill_disk
}

fill_runtime_dir() {
	head -c 10000000 /dev/zero >"$T/run/fill" 2>/dev/null || :
}

full_runtime_dir() {
	local i c size
	mount -t tmpfs -o size=40k tmpfs "$T/run"
	mkdir "$T/run/sessions"
	fill_runtime_dir
	# Not even the shared page can be made.
	listener_start
	client_open alice
	refused_at_connect alice
	log_has "chat-session: (ERROR|CRITICAL) .*$T/run/shared: No space left"
	# However much of it finds room.
	for ((size = 44; size < 120; size += 4)); do
		mount -o remount,size="${size}k" "$T/run"
		client_send alice "{\"command\":\"CONNECT\",\"username\":\"alice\",\"ref\":\"$size\"}"
		client_expect alice ".ref == \"$size\""
		[[ $(client_get .code) == UNAVAILABLE ]] || break
	done
	assert_eq "$(client_get .event)" CONNECTED
	client_close alice
	client_open alice
	mount -o remount,size=200k "$T/run"
	notify_start
	wait_for connects_now alice
	for c in bob carol dora; do
		client_login "$c"
	done
	# Now it is there, but for what those need who write at the same time.
	fill_runtime_dir
	for i in {1..40}; do
		for c in alice bob carol dora; do
			client_send "$c" '{"command":"MESSAGE","to":"all","message":"x","ref":"'"$i"'"}'
		done
	done
	for c in alice bob carol dora; do
		client_barrier "$c"
		assert_eq "$(grep -c '"ACK"' "$(client_record "$c")")" 40 "$c"
	done
}

@test "a full runtime directory: UNAVAILABLE without the shared page, with it service" {
	in_space --mount full_runtime_dir
}

read_only() {
	mount -t tmpfs -o size=50m tmpfs "$T/data"
	server_start
	client_login alice
	say alice before
	client_close alice
	server_stop
	# (It is busy until the session has closed its database.)
	wait_for mount -o remount,ro "$T/data" 2>"$T/log/mount"
	notify_start
	listener_start
	client_open bob
	refused_at_connect bob
	log_has "chat-session: (ERROR|CRITICAL) .*$CHAT_DB.*(read.?only|unable)"
	mount -o remount,rw "$T/data"
	wait_for connects_now bob
	sends_now bob
}

@test "a read-only database: UNAVAILABLE until it can be written" {
	in_space --mount read_only
}

come_at_once() {
	local i
	for i in {1..12}; do client_open "c$i" "exec:$T/traced"; done
	for i in {1..12}; do
		client_send "c$i" "{\"command\":\"CONNECT\",\"username\":\"u$i\"}"
	done
	for i in {1..12}; do client_expect "c$i" '.event == "CONNECTED"'; done
	for i in {1..12}; do client_close "c$i"; client_drop "c$i"; done
}

@test "all who come at once get in, to a new database or a backup, where a sync takes long" {
	need_strace
	mkdir "$CHAT_RUNTIME_DIR/sessions"
	traced chat-session fsync,fdatasync delay_exit=250000 1+
	come_at_once
	sqlite3 -readonly "$CHAT_DB" "VACUUM INTO '$T/backup'"
	rm "$CHAT_DB"*
	mv "$T/backup" "$CHAT_DB"
	come_at_once
}
