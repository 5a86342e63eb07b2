#!/usr/bin/env bats
# chat-admin backup: whole, sound, and never in the way.

load helpers
load admin

setup() {
	admin_setup
}

copy_db() {
	sqlite3 -readonly "$COPY" "$1"
}

nothing_beside() {
	assert_eq "$(find "$T/data" -name 'chat.db-copy*' ! -name chat.db-copy)" \
	    "" "what was left beside the copy"
}

# A backup of what alice said first, at a server where she still is.
backup_of_first() {
	COPY=$T/data/chat.db-copy
	server_start
	client_login alice
	say alice first
	run -0 admin backup "$COPY"
}

@test "a backup has all that was acknowledged, and is a database by itself" {
	backup_of_first
	[[ $output == *"$COPY"*"message $ID"*sound* ]]
	say alice later
	assert_eq "$(copy_db 'select body from messages')" first
	assert_eq "$(copy_db 'pragma integrity_check')" ok
	assert_eq "$(copy_db 'pragma journal_mode')" delete
	nothing_beside
}

no_open_row() {
	[[ $(db 'select count(*) from sessions where ended_at is null') == 0 ]]
}

@test "a server starts from a backup, and no id comes twice" {
	backup_of_first
	say alice lost
	lost=$ID
	client_close alice
	wait_for no_open_row
	server_stop
	rm "$T"/data/chat.db "$T"/data/chat.db-wal "$T"/data/chat.db-shm || :
	mv "$COPY" "$CHAT_DB"
	server_start
	client_open bob
	client_login bob '"since":0'
	client_expect bob '.message == "first"'
	say bob new
	((ID > lost)) || fail "$ID was seen as $lost"
	run -0 admin check
}

# What somebody does who does not know that a database is three files.
copied_over() {
	client_close alice
	wait_for no_open_row
	server_stop
	as_owner cp "$COPY" "$CHAT_DB"
	server_start
	run -0 admin check
	assert_eq "$(db 'select body from messages')" first
	client_open bob
	client_login bob '"since":0'
	client_expect bob '.message == "first"'
	say bob new
}

@test "a backup copied over the database of a server that has ended is served" {
	backup_of_first
	say alice lost
	copied_over
}

@test "one from which nothing was lost is served as well" {
	backup_of_first
	copied_over
}

@test "on another machine no id comes twice either" {
	backup_of_first
	say alice lost
	client_close alice
	wait_for no_open_row
	server_stop
	# Neither the page nor, as it may be, another boot tells of it.
	find "$CHAT_RUNTIME_DIR" -mindepth 1 -delete
	rm "$T"/data/chat.db "$T"/data/chat.db-wal "$T"/data/chat.db-shm
	mv "$COPY" "$CHAT_DB"
	server_start
	client_open bob
	client_login bob
	lost=$ID
	say bob new
	assert_eq "$ID" $((lost + 1000000)) 'the next id'
	# Once only.
	say bob again
	assert_eq "$ID" $((lost + 1000001)) 'the next id'
}

@test "a file that is there is replaced only with --force" {
	COPY=$T/data/chat.db-copy
	store_make
	as_owner cp /dev/null "$COPY"
	run -73 admin backup "$COPY"
	[[ $output == *--force* ]]
	assert_eq "$(stat -c %s "$COPY")" 0 size
	run -0 admin backup --force "$COPY"
	assert_eq "$(copy_db 'pragma integrity_check')" ok
	nothing_beside
}

@test "the database and its log are never replaced by a copy of it, --force or not" {
	local file
	server_start
	client_login alice
	say alice first
	as_owner ln -s chat.db "$T/data/link"
	for file in chat.db chat.db-wal chat.db-shm link; do
		before=$(stat -c %i "$T/data/$file")
		run -73 admin backup --force "$T/data/$file"
		[[ $output == *"$file"*'the database itself'* ]]
		assert_eq "$(stat -c %i "$T/data/$file")" "$before" "$file"
	done
	say alice second
	run -0 admin check
	assert_eq "$(db 'select count(*) from messages')" 2 messages
}

@test "where nothing can be written it says who may not, status 73" {
	need_root 'since it may write everywhere'
	store_make
	mkdir -m 755 closed
	run -73 admin backup "$T/closed/copy"
	[[ $output == *closed/copy*'as user'*'Permission denied'* ]]
	run -73 admin backup "$T/none/copy"
}

@test "a backup that fails or is ended leaves nothing" {
	local call
	need_strace
	COPY=$T/data/chat.db-copy
	store_make
	for call in fsync:error=EIO:when=1 renameat2:error=EACCES:when=1 \
	    pwrite64:error=ENOSPC:when=3; do
		status=0
		strace -qq -o trace \
		    -P "$COPY" -e trace="${call%%:*}" -e inject="$call" \
		    "$BIN/chat-admin" backup "$COPY" >shown 2>&1 3>&- || status=$?
		if grep -q INJECTED trace; then
			((status != 0)) || fail "$call: $(cat shown)"
			[[ ! -e $COPY ]]
		fi
		rm -f "$COPY"
		nothing_beside
	done
	# All of the calls, whatever they are about.
	for call in fsync:error=EIO:when=1 renameat2:error=EACCES:when=1; do
		status=0
		strace -qq -o trace \
		    -e trace="${call%%:*}" -e inject="$call" \
		    "$BIN/chat-admin" backup "$COPY" >shown 2>&1 3>&- || status=$?
		grep -q INJECTED trace
		((status == 73 || status == 74)) || fail "$call: $(cat shown)"
		[[ ! -e $COPY ]]
		nothing_beside
	done
}

# A database that is copied in several steps: of 8 MiB.
store_grow() {
	server_start
	client_login alice
	db_write "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
	    WHERE i < 2000) INSERT INTO messages (sender_id, session_id, body, created_at)
	    SELECT user_id, sessions.id, hex(randomblob(2000)), 1
	    FROM sessions, n"
}

@test "a large database is copied in steps, and a signal between two ends it" {
	local status=0
	need_strace
	COPY=$T/data/chat.db-copy
	store_grow
	run -0 admin backup "$COPY"
	assert_eq "$(copy_db 'SELECT count(*) FROM messages')" 2000 messages
	rm "$COPY"
	strace -qq -o trace -e trace=pwrite64 \
	    -e inject=pwrite64:signal=INT:when=300 \
	    "$BIN/chat-admin" backup "$COPY" >shown 2>&1 3>&- || status=$?
	grep -q 'SIGINT' trace
	grep -q "was ended" shown
	assert_eq "$status" 1 status
	[[ ! -e $COPY ]]
	nothing_beside
}

value() {
	sed -n "s/^$1=//p" "$T/load.$2"
}

# 20 senders for some seconds; what they measure goes to load.$1.
load_run() {
	"$B/bin/chat-load" alltalk --senders 20 --seconds "$2" \
	    "127.0.0.1:$PORT" >"$T/load.$1" 2>&1 3>&-
}

some_written() {
	(($(db 'select ifnull(max(id), 0) from messages') > $1))
}

written_or_over() {
	some_written "$1" || process_gone "$pid"
}

@test "while 20 write, backups hold all of before, are sound, and hold up nobody" {
	local n last pid
	server_start
	load_run without 4
	load_run with 8 &
	pid=$!
	wait_for some_written "$(db 'select max(id) from messages')"
	# (As many as a busy machine makes while they write.)
	for ((n = 1; n <= 3; n++)); do
		COPY=$T/data/chat.db-copy$n
		last=$(db 'select max(id) from messages')
		run -0 admin backup "$COPY"
		! process_gone "$pid" || break
		assert_eq "$(copy_db 'pragma integrity_check')" ok
		assert_eq "$(copy_db "select count(*), sum(id), sum(length(body))
		    from messages where id <= $last")" \
		    "$(db "select count(*), sum(id), sum(length(body))
		    from messages where id <= $last")" "what was there before"
		(($(copy_db 'select max(id) from messages') >= last))
		wait_for written_or_over "$(copy_db 'select max(id) from messages')"
	done
	((n > 1)) || fail 'the writers ended before the first backup'
	wait "$pid" || fail "$(cat "$T/load.with")"
	assert_eq "$(value errors with)" 0 errors
	echo "# worst wait for an ACK: $(value ack_worst_ms without) ms without," \
	    "$(value ack_worst_ms with) ms with three backups of" \
	    "$(stat -c %s "$COPY") bytes" >&3
	# The promise: nobody waits for a backup, whatever its size.
	awk -v with="$(value ack_worst_ms with)" \
	    -v without="$(value ack_worst_ms without)" \
	    'BEGIN { exit !(with < 2000 + 2 * without) }' ||
	    fail "a writer waited $(value ack_worst_ms with) ms"
}

@test "sessions end: one that is stopped is told from one that has ended" {
	server_start
	client_login alice
	pid=$(session_pid alice)
	id=$(db 'select max(id) from sessions')
	kill -STOP "$pid"
	run -75 admin sessions end "$id" --yes
	[[ $output == *'has not'* ]]
	kill -CONT "$pid"
	client_error alice SHUTDOWN
}
