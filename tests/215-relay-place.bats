#!/usr/bin/env bats
# The relay's place: the socket that systemd hands over, and what becomes of a
# running relay whose socket or directory is taken away.

load helpers

# A chat-notify ($RELAY) that gets these options of systemd-socket-activate, which
# becomes it with the first datagram or connection.
handed() {
	environment_options
	systemd-socket-activate "$@" "${OPTIONS[@]}" \
	    "${RELAY:-$B/bin/chat-notify}" \
	    </dev/null >"$T/log/notify" 2>&1 3>&- &
	NOTIFY=$!
	# shellcheck disable=SC2034 # for chat_teardown
	SOCKETS_MAY_STAY=1
	wait_for grep -q '^Listening on' "$T/log/notify"
}

datagram() {
	printf '%b' '\001\377' | "$B/tests/chat-talk" --datagram "$1"
}

refused_place() {
	local status=0
	wait_for process_gone "$NOTIFY"
	wait "$NOTIFY" || status=$?
	NOTIFY=
	assert_eq "$status" 78 'exit status of chat-notify'
	log_has "chat-notify: CRITICAL bad_configuration: was handed something else than the one datagram socket $CHAT_RUNTIME_DIR/notify.sock"
}

@test "handed a socket of another place, it says so and ends with status 78" {
	handed -d -l "$T/run/other.sock"
	datagram "$T/run/other.sock"
	refused_place
}

@test "handed a socket of another place than one that is missing, it does so as well" {
	CHAT_RUNTIME_DIR=$T/none/run handed -d -l "$T/run/notify.sock"
	datagram "$T/run/notify.sock"
	CHAT_RUNTIME_DIR=$T/none/run refused_place
}

@test "handed a socket that is not for datagrams, it says so and ends with status 78" {
	handed -l "$T/run/notify.sock"
	client_open stranger "unix:$T/run/notify.sock"
	refused_place
	client_close stranger
}

@test "handed one socket too many, it says so and ends with status 78" {
	handed -d -l "$T/run/notify.sock" -l "$T/run/other.sock"
	datagram "$T/run/notify.sock"
	refused_place
}

@test "handed what is no socket, it says so and ends with status 78" {
	# shellcheck disable=SC2016 # the inner shell's own pid
	run -78 sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" 3</dev/null' \
	    "$B/bin/chat-notify"
	[[ $output == *'something else than the one datagram socket'* ]]
}

# A relay that is started again with the same socket each time it ends, as
# systemd does it, with each CHAT_RATE in turn; with $GONE that file is removed
# before.  What each ended with is in $T/statuses, what it tells systemd in $T/told.
started_again() {
	cat >"$T/again" <<-'END'
		#!/bin/sh
		[ -z "$GONE" ] || rm "$GONE"
		for rate in $RATES; do
			CHAT_RATE=$rate sh -c 'LISTEN_PID=$$ exec "$0"' "$PROGRAM"
			echo $? >>"$STATUSES"
		done
	END
	chmod +x "$T/again"
	log_reader "$T/systemd" "$T/told"
	RELAY=$T/again handed -d -E RATES="$*" -E STATUSES="$T/statuses" \
	    -E GONE="${GONE:-}" \
	    -E NOTIFY_SOCKET="$T/systemd" \
	    -E PROGRAM="${RELAY:-$B/bin/chat-notify}" -l "$T/run/notify.sock"
	datagram "$T/run/notify.sock"
}

# have_ended STATUS...: all of them, and no other.
have_ended() {
	wait_for process_gone "$NOTIFY"
	NOTIFY=
	log_reader_stop
	rm "$T/systemd"
	assert_eq "$(paste -sd ' ' "$T/statuses")" "$*" 'exit statuses of chat-notify'
}

has_told() {
	grep -aqs "$1" "$T/told"
}

said_wrong() {
	grep -c 'bad_configuration: CHAT_RATE' "$T/log/notify" || :
}

@test "one that waits for its configuration ends well when it is told to, be it at once" {
	need_strace
	# At its READY=1.
	traced chat-notify sendmsg signal=TERM 1 -D -A
	RELAY=$T/traced started_again fast fast fast
	have_ended 78 0 78
	grep -q 'READY=1' "$T/trace"
}

@test "one whose socket's file is gone waits for its configuration as well" {
	GONE=$T/run/notify.sock started_again fast fast
	wait_for has_told 'STATUS=Relays nothing .*: CHAT_RATE is '
	kill -TERM "$(child_of "$NOTIFY")"
	have_ended 78 0
	assert_eq "$(said_wrong)" 1
}

@test "one whose configuration was mended before it waited says so the next time" {
	started_again fast 10 fast
	wait_for log_has 'chat-notify: INFO started'
	kill -TERM "$(child_of "$NOTIFY")"
	have_ended 78 0 78
	assert_eq "$(said_wrong)" 2
}

@test "one that waits for its configuration ends a minute after the last datagram" {
	local start
	started_again fast fast fast
	wait_for has_told 'STATUS=Relays nothing .*: CHAT_RATE is .*WATCHDOG=1.*WATCHDOG=1'
	now_ms
	start=$NOW
	datagram "$T/run/notify.sock"
	kill -HUP "$(child_of "$NOTIFY")"
	wait_for -t 120 process_gone "$NOTIFY"
	now_ms
	((NOW - start >= 60000)) || fail "after $((NOW - start)) ms"
	have_ended 78 0 78
	assert_eq "$(said_wrong)" 2
}

@test "one that waits for its directory ends well when it is told to" {
	local status=0
	handed -d -l "$T/run/notify.sock"
	mv "$T/run" "$T/away"
	: >"$T/run"
	datagram "$T/away/notify.sock"
	wait_for log_has "chat-notify: CRITICAL error: runtime directory $T/run: Not a directory"
	kill -TERM "$NOTIFY"
	wait_for process_gone "$NOTIFY"
	wait "$NOTIFY" || status=$?
	NOTIFY=
	rm "$T/run"
	mv "$T/away" "$T/run"
	assert_eq "$status" 0 'exit status of chat-notify'
}

@test "where somebody else reads its socket it ends with status 75, also if nobody hears why" {
	local status=0
	log_reader "$T/run/notify.sock" "$T/unread"
	"$B/bin/chat-notify" </dev/null >"$T/out" 2>/dev/full || status=$?
	log_reader_stop
	rm "$T/run/notify.sock"
	assert_eq "$status" 75 'exit status of chat-notify'
}

@test "handed its socket by another name of the directory, it takes it" {
	ln -s run "$T/link"
	handed -d -l "$T/link/notify.sock"
	datagram "$T/link/notify.sock"
	wait_for log_has 'chat-notify: INFO started'
	# What it did not make it leaves.
	notify_stop
	[[ -S $T/run/notify.sock ]]
}

@test "handed its socket whose file is gone, or leads nowhere, it makes one" {
	local how pid
	listener_start
	for how in gone dead; do
		handed -d -l "$T/run/notify.sock"
		ln "$T/run/notify.sock" "$T/run/former"
		rm "$T/run/notify.sock"
		if [[ $how == dead ]]; then
			"$B/bin/chat-notify" </dev/null >/dev/null 2>&1 3>&- &
			pid=$!
			wait_for test -S "$T/run/notify.sock"
			kill -KILL "$pid"
			wait_for process_gone "$pid"
		fi
		datagram "$T/run/former"
		wait_for log_has 'chat-notify: WARNING socket_made: .*: restart chat-notify.socket'
		client_open alice
		client_login alice
		client_open bob
		client_login bob
		client_expect alice '.event == "JOINED" and .username == "bob"'
		client_close bob
		client_close alice
		notify_stop
		rm "$T/run/former"
	done
}

@test "handed its socket, it ends by itself a minute after the last session has" {
	local start status=0
	mkdir "$CHAT_RUNTIME_DIR/sessions"
	handed -d -l "$CHAT_RUNTIME_DIR/notify.sock"
	listener_start
	client_login alice
	wait_for log_has 'chat-notify: INFO started'
	client_login bob
	client_expect alice '.event == "JOINED" and .username == "bob"'
	client_close bob
	client_expect alice '.event == "LEFT"'
	now_ms
	start=$NOW
	client_close alice
	wait_for -t 120 process_gone "$NOTIFY"
	now_ms
	((NOW - start >= 60000)) || fail "after $((NOW - start)) ms"
	wait "$NOTIFY" || status=$?
	NOTIFY=
	assert_eq "$status" 0 'exit status of chat-notify'
	log_has 'chat-notify: INFO stopping'
	# Whoever comes next starts another.
	[[ -S $CHAT_RUNTIME_DIR/notify.sock ]]
}

@test "what it makes is closed to others, whatever umask it was started with" {
	umask 000
	notify_start
	wait_for test -s "$CHAT_DB-wal"
	assert_eq "$(find "$CHAT_DB"* "$CHAT_RUNTIME_DIR" ! -type d -perm /077)" "" \
	    "what others may open"
}

@test "its socket removed under it is made anew, and messages come by it again" {
	server_start
	client_login alice
	client_login bob
	rm "$CHAT_RUNTIME_DIR/notify.sock"
	wait_for log_has "chat-notify: WARNING socket_made: $CHAT_RUNTIME_DIR/notify.sock was gone and is made anew"
	[[ -S $CHAT_RUNTIME_DIR/notify.sock ]]
	client_login carol
	client_expect alice '.event == "JOINED" and .username == "carol"'
	say alice hello
	client_expect bob '.message == "hello"'
}

@test "a directory removed under it is made anew, and a second relay is refused as before" {
	server_start
	client_login alice
	# (At once, or it would be made anew while it is emptied.)
	mv "$CHAT_RUNTIME_DIR" "$T/gone"
	rm -r "$T/gone"
	wait_for log_has 'chat-notify: WARNING socket_made'
	run -75 "$B/bin/chat-notify"
	[[ $output == *'another chat-notify runs on'* ]]
	client_login bob
	say bob hello
	client_expect alice '.message == "hello"'
}

# What takes two steps happens to a relay that stands still.
notify_still() {
	kill -STOP "$NOTIFY"
	wait_for is_stopped "$NOTIFY"
}

@test "while its place cannot be made it says so once, and takes it when it can" {
	server_start
	client_login alice
	notify_still
	mv "$CHAT_RUNTIME_DIR" "$T/away"
	: >"$CHAT_RUNTIME_DIR"
	kill -CONT "$NOTIFY"
	wait_for log_has "chat-notify: ERROR socket_lost: $CHAT_RUNTIME_DIR/notify.sock is gone: Not a directory"
	# A file with this name is no socket either, and removing it is not ours.
	notify_still
	rm "$CHAT_RUNTIME_DIR"
	mkdir -p "$CHAT_RUNTIME_DIR/notify.sock"
	kill -CONT "$NOTIFY"
	wait_for test -d "$CHAT_RUNTIME_DIR/sessions"
	rmdir "$CHAT_RUNTIME_DIR/notify.sock"
	wait_for log_has 'chat-notify: WARNING socket_made'
	assert_eq "$(grep -c socket_lost "$T/log/notify")" 1 'times it was said'
	rm -r "$T/away"
	client_login bob
	say bob hello
	client_expect alice '.message == "hello"'
}

# So many sockets are in the registry.
registered() {
	[[ $(find "$CHAT_RUNTIME_DIR/sessions" -type s | wc -l) == "$1" ]]
}

@test "the registry removed under it is made anew, who is there is in it again" {
	server_start
	client_login alice
	client_login bob
	mv "$CHAT_RUNTIME_DIR/sessions" "$T/gone"
	rm -r "$T/gone"
	wait_for log_has "chat-notify: WARNING socket_made: $CHAT_RUNTIME_DIR/sessions was gone and is made anew"
	client_login carol
	wait_for -t 25 registered 3
	# Nobody came or went, and names are held as before.
	client_open eve
	client_send eve '{"command":"CONNECT","username":"alice"}'
	client_error eve USERNAME_TAKEN
	say carol hello
	client_expect alice '.message == "hello"'
	say alice 'for bob' bob
	client_expect bob '.message == "for bob"'
	client_none bob '.event == "LEFT"'
}

# Bob is there, and eve has the name of alice, whose session has lost its socket.
alice_taken_for_dead() {
	server_start
	client_login alice
	client_login bob
	rm "$CHAT_RUNTIME_DIR"/sessions/*
	client_open eve
	client_send eve '{"command":"CONNECT","username":"alice"}'
	client_expect eve '.event == "CONNECTED"'
}

@test "who was taken for dead, its socket being gone, ends and hears nothing more" {
	alice_taken_for_dead
	# The old one neither says nor asks anything, and does not know it yet.
	say bob 'secret at once' alice
	client_expect eve '.message == "secret at once"'
	say eve 'secret of eve' bob
	client_expect alice '.event == "ERROR" and .code == "SHUTDOWN"' 25
	client_closed alice
	say bob secret alice
	client_expect eve '.message == "secret"'
	not grep -q secret "$(client_record alice)"
	assert_eq "$(db "select count(*) from sessions where ended_at is null")" 2
	client_none bob '.event == "LEFT"'
}

@test "a login has at most 16 of the user's other sessions looked at" {
	local i
	server_start
	for ((i = 0; i < 19; i++)); do
		client_open "s$i"
	done
	client_send s0 '{"command":"REGISTER","username":"alice","password":"correct horse"}'
	client_expect s0 '.event == "REGISTERED"'
	for ((i = 0; i < 19; i++)); do
		((i < 18)) || db_change "update sessions set ended_at = 1, reason = 'died'
		    where id in (1, 18)"
		client_send "s$i" '{"command":"CONNECT","username":"alice","password":"correct horse"}'
		client_expect "s$i" '.event == "CONNECTED"'
	done
	# After 16 that are open the last one is not found to be over.
	say s18 hello
	client_expect s17 '.message == "hello"'
	client_expect s0 '.code == "SHUTDOWN"' 25
}

@test "who was taken for dead reads nothing more" {
	alice_taken_for_dead
	say bob secret alice
	client_send alice '{"command":"HISTORY","with":"bob"}'
	client_error alice SHUTDOWN
	client_closed alice
	not grep -q secret "$(client_record alice)"
}

# Alice is there, but not in the registry, and bob is to hear of it.
alice_lost() {
	local socket
	server_start
	client_login alice
	socket=$(echo "$CHAT_RUNTIME_DIR"/sessions/*)
	client_login bob
	rm "$socket"
}

# Her name is another's, who is not connected: what is for that is not for her.
alice_hears_nothing() {
	say bob 'secret at once' alice
	client_expect alice '.event == "ERROR" and .code == "SHUTDOWN"' 25
	client_closed alice
	not grep -q secret "$(client_record alice)"
	client_open new
	client_send new '{"command":"CONNECT","username":"alice","password":"correct horse"}'
	client_expect new '.message == "secret at once"'
	client_expect bob '.event == "JOINED" and .username == "alice"'
	assert_eq "$(grep -c '"LEFT"' "$(client_record bob)")" 1 'times she left'
}

@test "who registers the name of a session that was taken for dead is heard by nobody else" {
	alice_lost
	client_open eve
	client_send eve '{"command":"REGISTER","username":"alice","password":"correct horse"}'
	client_expect eve '.event == "REGISTERED"'
	alice_hears_nothing
}

@test "who registers its own name while it is not in the registry is still there" {
	export CHAT_LOG_LEVEL=DEBUG
	alice_lost
	client_send alice '{"command":"REGISTER","username":"alice","password":"correct horse"}'
	client_expect alice '.event == "REGISTERED"'
	# What the relay has done at that comes before this.
	say alice hello
	client_expect bob '.message == "hello"'
	client_none bob '.event == "LEFT"'
	wait_for -t 25 log_has 'chat-notify: DEBUG registered .*: again'
}
