#!/usr/bin/env bats
# What falls between the parts: resets, takeovers, a relay that is new or
# stopped, places and databases that are replaced, syncs that fail elsewhere.

load helpers
load slow

# CONNECT a client under another's name, with more members.
connect_as() {
	client_open "$1"
	client_send "$1" "{\"command\":\"CONNECT\",\"username\":\"$2\"${3:+,$3}}"
	client_expect "$1" '.event == "CONNECTED"'
}

# One message with its own ref and text; true if it was acknowledged.
sends_now() {
	client_send "$1" "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"$2\",\"ref\":\"$2\"}"
	client_expect "$1" ".ref == \"$2\""
	[[ $(client_get .event) == ACK ]]
}

# The names that alice is told when she asks.
users_of() {
	local ref=users-$RANDOM$RANDOM
	client_send "$1" "{\"command\":\"USERS\",\"ref\":\"$ref\"}"
	client_expect "$1" ".ref == \"$ref\""
	client_get '[.users[] | select(.online) | .username] | sort | join(" ")'
}

# --- memory ----------------------------------------------------------------

@test "commands that wait for room are not gathered: pipelined HISTORY costs no memory" {
	local session feeder body acks=0 limit=20000 size
	! is_instrumented || limit=$((limit * 20))
	notify_start
	mkfifo in out
	"$B/bin/chat-session" <in >out 2>>"$T/log/pipe" 3>&- &
	session=$!
	exec {to}>in {from}<out
	body=$(printf 'x%.0s' {1..4000})
	echo '{"command":"CONNECT","username":"alice"}' >&"$to"
	for i in {1..80}; do
		echo "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"$i $body\"}"
	done >&"$to"
	while ((acks < 80)); do
		read -r -t "$DEADLINE" -u "$from" line
		[[ $line != *'"ERROR"'* ]] || fail "$line"
		[[ $line != *'"ACK"'* ]] || ((++acks))
	done
	# Each answer is more than waits for a client before it has to read.
	yes '{"command":"HISTORY","limit":80}' >&"$to" 3>&- &
	feeder=$!
	exec {to}>&-
	size=$(head -c 200000000 <&"$from" | wc -c)
	assert_eq "$size" 200000000 'what was answered'
	size=$(peak "$session")
	kill -TERM "$feeder" "$session"
	exec {from}<&-
	wait "$session"
	((size < limit)) || fail "the session took $size KB"
}

# --- resets ----------------------------------------------------------------

# So many bytes lie in the client's socket, unread.  (State 01 is connected;
# what else has that port waits for its time to be over, or listens elsewhere.)
has_unread() {
	local port=$1 bytes=$2 queue
	queue=$(awk -v port=":$(printf %04X "$port")" \
	    '$2 ~ port "$" && $4 == "01" { split($5, q, ":"); print q[2]; exit }' \
	    /proc/net/tcp)
	((0x${queue:-0} >= bytes))
}

@test "a private message that a reset destroyed comes again with resume and no since" {
	local how resume port body
	server_start
	client_login alice
	body=$(printf 'x%.0s' {1..500})
	for how in abort close; do
		client_open bob
		client_login bob
		resume=$(client_get .resume)
		client_ask bob port
		port=$REPLY
		client_stop bob
		say alice "$how $body" bob
		wait_for has_unread "$port" 500
		# Closing with something unread is a reset as well.
		"client_$how" bob
		client_expect alice '.event == "LEFT" and .username == "bob"'
		connect_as bob bob "\"resume\":\"$resume\""
		client_expect bob ".event == \"MESSAGE\" and
		    .message == \"$how $body\" and .to == \"bob\""
		client_shut bob
		client_closed bob
		client_expect alice '.event == "LEFT" and .username == "bob"'
	done
}

# --- queues that are full --------------------------------------------------

# A new network namespace has the kernel's short queues, 10 datagrams.
short_queues() {
	echo 10 >/proc/sys/net/unix/max_dgram_qlen
}

takeover_of_full_queue() {
	local resume pid
	short_queues
	server_start
	client_login bob
	resume=$(client_get .resume)
	client_login alice
	client_expect bob '.event == "JOINED"'
	pid=$(session_pid bob)
	kill -STOP "$pid"
	for i in {1..40}; do
		sends_now alice "m$i"
	done
	# The relay found no room for a while.
	wait_for log_has 'chat-notify: INFO lagging .*session='
	connect_as next bob "\"resume\":\"$resume\""
	kill -CONT "$pid"
	client_error bob REPLACED
	client_closed bob
	say alice private bob
	client_expect next '.message == "private"'
}

@test "who is taken over is told so, even if its queue was full just then" {
	in_space --net takeover_of_full_queue
}

takeover_untold() {
	local resume pid
	short_queues
	server_start
	client_login bob
	resume=$(client_get .resume)
	client_login alice
	client_expect bob '.event == "JOINED"'
	pid=$(session_pid bob)
	kill -STOP "$pid"
	for i in {1..40}; do
		sends_now alice "m$i"
	done
	wait_for log_has 'chat-notify: INFO lagging .*session='
	connect_as next bob "\"resume\":\"$resume\""
	client_close next
	client_expect alice '.event == "LEFT" and .username == "bob"'
	connect_as eve bob
	say alice secret bob
	client_expect eve '.message == "secret"'
	kill -CONT "$pid"
	client_expect bob '.code == "REPLACED" or .code == "SHUTDOWN"' 25
	client_closed bob
	not grep -q secret "$(client_record bob)"
}

@test "who is taken over hears nothing more, even if it could not be told" {
	in_space --net takeover_untold
}

# So many datagrams of one byte for the relay, each of its senders with a few.
rubbish() {
	perl -MSocket -e '
		my $to = pack_sockaddr_un($ARGV[0]);
		for my $i (0 .. $ARGV[1] / 100 - 1) {
			socket($s[$i], AF_UNIX, SOCK_DGRAM, 0) or die "$!";
			send($s[$i], "x", MSG_DONTWAIT, $to) or die "$!"
				for 1 .. 100;
		}' "$CHAT_RUNTIME_DIR/notify.sock" "$1"
}

goodbye_far_behind() {
	local pid
	echo 30000 >/proc/sys/net/unix/max_dgram_qlen
	server_start
	client_login alice
	client_login bob
	pid=$(session_pid alice)
	kill -STOP "$NOTIFY"
	rubbish 15000
	client_close alice
	wait_for process_gone "$pid"
	kill -CONT "$NOTIFY"
	# After which nothing of alice is left in the queue.
	client_login carol
	client_expect bob '.event == "JOINED" and .username == "carol"'
	assert_eq "$(grep -c '"LEFT"' "$(client_record bob)")" 1 'times she left'
}

@test "who left is told once, however much the relay has to take before the goodbye" {
	in_space --net goodbye_far_behind
}

unheard_registration() {
	short_queues
	server_start
	client_login xaver
	say xaver before
	kill -STOP "$NOTIFY"
	for i in {1..30}; do
		sends_now xaver "m$i"
	done
	client_login alice
	client_login carol
	assert_eq "$(users_of alice)" 'alice carol xaver' users
	client_send carol '{"command":"DISCONNECT"}'
	client_expect carol '.event == "DISCONNECTED"'
	client_closed carol
	client_forget alice
	kill -CONT "$NOTIFY"
	client_expect alice '(.event == "LEFT" and .username == "carol") or
	    (.event == "USERS" and ([.users[] | select(.online) | .username] |
	    index("carol") | not))'
	assert_eq "$(users_of alice)" 'alice xaver' users
}

@test "who leaves while another's registration waits for room is seen to be gone" {
	in_space --net unheard_registration
}

# --- the relay's place -----------------------------------------------------

@test "who leaves before a restarted relay knows of it is seen to leave" {
	local pid
	server_start
	client_login alice
	client_login nora
	client_expect alice '.event == "JOINED"'
	pid=$(session_pid nora)
	kill -STOP "$pid"
	notify_kill
	notify_start
	client_expect alice '.event == "USERS"'
	client_send nora '{"command":"DISCONNECT"}'
	client_sent nora
	kill -CONT "$pid"
	client_closed nora
	client_expect alice '(.event == "LEFT" and .username == "nora") or
	    (.event == "USERS" and ([.users[] | select(.online) | .username] |
	    index("nora") | not))'
	assert_eq "$(users_of alice)" alice users
}

@test "after the runtime directory was made anew who only reads gets messages again" {
	server_start
	client_login bob
	client_login early
	say early before
	client_expect bob '.message == "before"'
	notify_kill
	# (A session that looks for the relay just then makes its page anew there.)
	wait_for rm -rf "$CHAT_RUNTIME_DIR"
	mkdir "$CHAT_RUNTIME_DIR"
	notify_start
	client_login alice
	say alice hello
	client_expect bob '.message == "hello"'
	client_expect early '.message == "hello"'
	# By the relay, not only by looking at the store now and then.
	client_expect bob '.event == "USERS"'
	say alice again
	client_expect bob '.message == "again"' 5
	client_expect early '.message == "again"' 5
	client_none bob '.event == "MESSAGE" or .event == "ERROR"'
	# They are still who they were: none was taken for dead.
	say alice privately bob
	client_expect bob '.message == "privately"' 5
}

@test "messages arrive although the relay is stopped, not dead" {
	server_start
	client_login bob
	client_login alice
	say alice before
	client_expect bob '.message == "before"'
	kill -STOP "$NOTIFY"
	say alice hello
	client_expect bob '.message == "hello"' 20
	kill -CONT "$NOTIFY"
	say alice end
	client_expect bob '.message == "end"'
	client_none bob '.event == "MESSAGE"'
}

# --- the database ----------------------------------------------------------

acked_after_all() {
	((tries++)) || :
	sends_now alice "n$tries" && ((++acks >= 5))
}

@test "a database that is replaced by its backup under live sessions is the one that counts" {
	local pid tries=0 acks=0
	server_start
	client_login bob
	client_login alice
	say alice one
	client_expect bob '.message == "one"'
	sqlite3 "$CHAT_DB" ".backup $T/copy.db"
	# bob's session still stands in the old one.
	pid=$(session_pid bob)
	kill -STOP "$pid"
	rm -f "$CHAT_DB-wal" "$CHAT_DB-shm"
	mv "$T/copy.db" "$CHAT_DB"
	wait_for acked_after_all
	kill -CONT "$pid"
	sends_now alice end
	client_expect bob '.message == "end"'
	# What was acknowledged, and it alone, is in the new file and arrives.
	{
		echo one
		jq -r 'select(.event == "ACK") | .ref' "$(client_record alice)" |
		    grep -E '^(n[0-9]+|end)$'
	} >acked
	db 'select body from messages order by id' | diff acked -
	jq -r 'select(.event == "MESSAGE") | .message' "$(client_record bob)" |
	    diff acked -
}

rows_open() {
	[[ $(db 'select count(*) from sessions where ended_at is null') == "$1" ]]
}

@test "who disconnects while its row cannot be written leaves once, when it is" {
	local holder
	server_start
	client_login alice
	client_login nora
	client_login carol
	client_expect alice '.event == "JOINED" and .username == "nora"'
	mkfifo "$T/hold"
	sqlite3 -bail -cmd '.timeout 5000' "$CHAT_DB" <"$T/hold" >"$T/held" 3>&- &
	holder=$!
	exec {hold}>"$T/hold"
	echo "begin immediate; select 'locked';" >&"$hold"
	wait_for grep -q locked "$T/held"
	client_send nora '{"command":"DISCONNECT"}'
	client_expect nora '.event == "DISCONNECTED"'
	client_closed nora
	# Nobody is told before the relay has tried, and waited, to write it.
	client_none alice '.event == "LEFT"' ||
	    log_has 'chat-notify: ERROR store_unavailable: housekeeping'
	echo "rollback;" >&"$hold"
	exec {hold}>&-
	wait "$holder"
	client_expect alice '.event == "LEFT" and .username == "nora"'
	# Then it is so for everybody, and nothing is left to be found later.  (At
	# once, but where all this takes longer than the relay waits for a lock.)
	wait_for rows_open 2
	client_send alice '{"command":"MESSAGE","to":"nora","message":"x","ref":"x"}'
	client_error alice NO_SUCH_USER '.ref == "x"'
	client_close carol
	client_expect alice '.event == "LEFT" and .username == "carol"'
	client_none alice '.event == "LEFT"'
}

error_lines() {
	cat "$T"/log/* | grep -c "chat-session: ERROR store_unavailable user=$1" || :
}

# At each instant there is the whole database or none, and none can be made.
database_away() {
	mkdir "$T/away"
	ln "$CHAT_DB" "$T/away/"
	ln -s nowhere/nothing "$T/away/link"
	mv -T "$T/away/link" "$CHAT_DB"
	mv "$CHAT_DB"-* "$T/away"
}

database_back() {
	mv "$T/away/${CHAT_DB##*/}"-* "$T/data"
	mv -T "$T/away/${CHAT_DB##*/}" "$CHAT_DB"
	rmdir "$T/away"
}

@test "trouble with the store is one line in the log, however many commands" {
	local round i
	server_start
	client_login alice
	client_login bob
	for round in 1 2; do
		database_away
		rm "$CHAT_RUNTIME_DIR/shared"
		# Presence was missed, so both want to read without being asked.
		notify_kill
		notify_start
		for i in {1..10}; do
			client_send alice "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"x\",\"ref\":\"m$round-$i\"}"
			client_error alice UNAVAILABLE ".ref == \"m$round-$i\""
			client_send alice "{\"command\":\"HISTORY\",\"ref\":\"h$round-$i\"}"
			client_error alice UNAVAILABLE ".ref == \"h$round-$i\""
			client_barrier alice
			client_barrier bob
		done
		assert_eq "$(error_lines alice)" "$round" 'lines about alice'
		(($(error_lines bob) <= round)) || fail "too many about bob"
		database_back
		wait_for sends_now alice "again$round"
		client_expect bob ".message == \"again$round\""
		client_expect bob '.event == "USERS"'
	done
}

# --- a sync that fails elsewhere -------------------------------------------

@test "a sync that fails in the relay's checkpoint ends all ACKs until one succeeds" {
	local tracer body i
	need_strace
	server_start
	client_login alice
	client_login bob
	say alice before
	strace -f -o "$T/trace" -P "$CHAT_DB-wal" -e trace=fdatasync,fsync \
	    -e inject=fdatasync,fsync:error=EIO -p "$NOTIFY" 2>"$T/attached" 3>&- &
	tracer=$!
	wait_for grep -q attached "$T/attached"
	# More than a checkpoint waits for.
	body=$(printf 'x%.0s' {1..4000})
	for i in {1..1300}; do
		echo "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"$body\",\"ref\":\"f$i\"}"
	done | client_raw alice
	wait_for log_has 'chat-notify: ERROR store_unavailable'
	grep -q INJECTED "$T/trace"
	wait_for is_answered alice f1300
	for i in {1..5}; do
		client_send alice "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"x\",\"ref\":\"no$i\"}"
		client_error alice UNAVAILABLE ".ref == \"no$i\""
	done
	kill -TERM "$tracer"
	wait "$tracer" || :
	wait_for sends_now alice again
	wait_for log_has 'chat-notify: INFO store_available'
	say alice end
	wait_for received bob '"message":"end"' 1
	# Everything acknowledged is there; what was refused did not arrive.
	db 'select ref from messages where ref is not null order by ref' >stored
	jq -r 'select(.event == "ACK") | .ref' "$(client_record alice)" |
	    sort >acked
	assert_eq "$(comm -23 acked <(sort stored))" '' 'acknowledged, not stored'
	not received bob '"message":"x"' 1
}

is_answered() {
	grep -q "\"ref\":\"$2\"" "$(client_record "$1")"
}
