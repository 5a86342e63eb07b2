#!/usr/bin/env bats
# chat-load: what it measures, what it finds out, and what it refuses.

bats_require_minimum_version 1.5.0
load helpers

MANUAL=$ROOT/tests/load/chat-load.1

teardown() {
	if [[ -n ${HUB:-} ]]; then
		kill "$HUB"
		wait "$HUB" || :
	fi
	chat_teardown
}

# load_run STATUS ARGUMENTS...: standard output in $T/out, error in $T/err
load_run() {
	local wanted=$1 status=0
	shift
	"$B/bin/chat-load" "$@" >"$T/out" 2>"$T/err" 3>&- || status=$?
	assert_eq "$status" "$wanted" "status of chat-load ($(tail "$T/err" "$T/out"))"
}

value() {
	sed -n "s/^$1=//p" "$T/out"
}

here() {
	CHAT_RATE=0 server_start
	HERE=127.0.0.1:$PORT
}

@test "each workload runs, and counts what it should" {
	here
	load_run 0 --receivers 5 --messages 100 fanout "$HERE"
	assert_eq "$(value deliveries)" 500 deliveries
	load_run 0 --senders 4 --messages 40 alltalk "$HERE"
	assert_eq "$(value deliveries)" 120 deliveries
	load_run 0 --senders 5 --seconds 1 steady "$HERE"
	assert_eq "$(value messages)" 100 messages
	assert_eq "$(value deliveries)" 400 deliveries
	load_run 0 --clients 7 connect "$HERE"
	assert_eq "$(value connections)" 7 connections
	load_run 0 --clients 3 --seconds 0.1 --parent "${LISTENERS[0]}" \
	    --comm chat-session idle "$HERE"
	assert_eq "$(value chat-session_processes)" 3 processes
	[[ $(value server_growth_kb) == [1-9]* ]] || fail "memory: $(cat out)"
	load_run 0 --limit 60 --messages 5 history "$HERE"
	assert_eq "$(value messages_per_fetch) $(value fetches)" '60 5' pages
	assert_eq "$(value pages_per_fetch) $(value ok)" '1 1' 'pages, ok'
}

@test "clients talk when all have been told who came" {
	here
	load_run 0 --receivers 20 --messages 1 fanout "$HERE"
	assert_eq "$(db 'select min(created_at) >= 250 + (select max(started_at)
	    from sessions) from messages')" 1
}

# comes_and_goes NAME: until this is killed
comes_and_goes() {
	local fd
	while exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"; do
		printf '{"command":"CONNECT","username":"%s"}\n' "$1" >&"$fd"
		read -r -u "$fd" || :
		exec {fd}>&-
	done
}

@test "they talk although others come and go all the time" {
	local pids=() name
	here
	# On a busy machine one alone may stay away for long enough.
	for name in bob{1..4}; do
		comes_and_goes "$name" 3>&- &
		pids+=($!)
	done
	load_run 0 --receivers 2 --messages 10 fanout "$HERE"
	kill "${pids[@]}"
	wait "${pids[@]}" || :
	assert_eq "$(value deliveries)" 20 deliveries
	assert_eq "$(db "select min(m.created_at) - min(s.started_at) > 5000
	    from messages as m, sessions as s join users on users.id = s.user_id
	    where username not like 'bob%'")" 1
}

# A page holds 1 MiB at most.
@test "history that is too long for a page is fetched in several" {
	here
	load_run 0 --receivers 1 --messages 400 --size 4000 fanout "$HERE"
	load_run 0 --limit 300 --messages 2 history "$HERE"
	assert_eq "$(value messages_per_fetch) $(value pages_per_fetch)" \
	    '300 2' 'messages, pages'
}

# What people say is nobody's to judge, whatever it looks like.
@test "history in which a message was changed, or cut, is found out" {
	here
	client_login alice
	load_run 0 --receivers 1 --messages 20 fanout "$HERE"
	say alice "$(db 'select body from messages where id = 7')"
	say alice '12345678-00000001 hello'
	load_run 0 --messages 1 history "$HERE"
	history_changed "replace(body, '-', '+')"
	history_changed "substr(body, 1, 40) || '!' || substr(body, 42)"
	history_changed 'substr(body, 1, 79)'
	history_changed 'substr(body, 1, 5)'
	load_run 0 --messages 1 history "$HERE"
}

# history_changed EXPRESSION: with it as the text of one message
history_changed() {
	local body
	body=$(db 'select body from messages where id = 7')
	db_change "update messages set body = $1 where id = 7"
	load_run 1 --messages 1 history "$HERE"
	grep -q 'changed messages' err
	db_change "update messages set body = '$body' where id = 7"
}

@test "history of which there is none is a fault" {
	here
	load_run 1 history "$HERE"
	grep -q 'not as many messages' err
}

# archive_start STORED PAGE FAULT: as much of XMPP as history takes, from a
# server with so many messages that gives so many at a time.  FAULT: one is
# lost; disorder: they come backwards; again: the latest page each time.
archive_start() {
	cat >"$T/archive" <<-END
		#!/bin/bash
		stored=$1 most=$2 fault=${3:-}
	END
	cat >>"$T/archive" <<-'END'
		room=chat-load@conference.localhost max=0 before=''
		message() {
			[[ $fault != lose || $1 -ne 3 ]] || return
			printf "<message from='$room'><result xmlns='urn:xmpp:mam:2' \
		id='%d'><forwarded><delay stamp='2026-11-29T00:00:%02dZ'/>\
		<message><body>hello</body></message>\
		</forwarded></result></message>" "$1" "$1"
		}
		page() {
			local last=$((${before:-$((stored + 1))} - 1)) ids
			[[ $fault != again ]] || last=$stored
			((max <= most)) || max=$most
			first=$((last > max ? last - max + 1 : 1))
			mapfile -t ids < <(seq "$first" "$last")
			[[ $fault != disorder ]] ||
			    mapfile -t ids < <(seq "$last" -1 "$first")
			for id in "${ids[@]}"; do
				message "$id"
			done
			[[ $first -gt 1 ]] || complete=" complete='true'"
			echo "<iq type='result'><fin xmlns='urn:xmpp:mam:2'$complete>\
		<set><first>$first</first><count>$stored</count></set></fin></iq>"
		}
		while IFS= read -r -d '>' tag; do
			case $tag in
			*'</auth')
				echo "<success xmlns='x'/><stream:features>\
		<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>"
				;;
			'<bind '*)
				echo "<iq type='result'><jid>u@localhost/1</jid></iq>"
				;;
			*'</max')
				max=${tag%<*}
				;;
			*'</before')
				before=${tag%<*}
				;;
			'</query')
				complete=''
				page
				;;
			esac
		done
	END
	chmod +x "$T/archive"
	SESSION=$T/archive listener_start
}

archived() {
	local status=$1
	shift
	load_run "$status" --protocol xmpp --timeout 5 --messages 2 "$@" \
	    history "127.0.0.1:$PORT"
}

@test "another server's archive is fetched page by page, and counted" {
	archive_start 20 4
	archived 0 --limit 10
	assert_eq "$(value fetches) $(value messages_per_fetch)" '2 10' latest
	assert_eq "$(value pages_per_fetch)" 3 pages
	archived 0
	assert_eq "$(value messages_per_fetch) $(value pages_per_fetch)" \
	    '20 5' 'all there are'
}

@test "an archive that loses a message is found out" {
	archive_start 20 4 lose
	archived 1
	grep -q 'not as many messages' err
	archived 0 --limit 10
}

@test "an archive in disorder is found out" {
	archive_start 20 4 disorder
	archived 1
	grep -q 'out of order' err
}

@test "an archive that gives a page again is found out" {
	archive_start 20 4 again
	archived 1
	grep -q 'out of order' err
}

@test "an archive without messages is a fault" {
	archive_start 0 4
	archived 1
	grep -q 'not as many messages' err
}

@test "a histogram counts every delivery once" {
	here
	load_run 0 --receivers 5 --messages 100 fanout "$HERE"
	assert_eq "$(awk -F '[= ]' '/^delivery_below_/ { sum += $2 }
	    END { print sum }' out)" 500 deliveries
}

@test "it speaks to a UNIX socket as well" {
	notify_start
	listener_start "$T/run/socket"
	load_run 0 --receivers 2 --messages 10 fanout "unix:$T/run/socket"
	assert_eq "$(value deliveries)" 20 deliveries
	rm "$T/run/socket"
}

# found_out FAULT KIND
found_out() {
	coproc HUBS { exec "$B/tests/chat-hub" "$1" 3>&-; }
	HUB=$!
	read -r port <&"${HUBS[0]}"
	load_run 1 --timeout 3 --receivers 3 --messages 50 fanout "127.0.0.1:$port"
	(($(value "$2") > 0)) || fail "$1: $(cat out)"
	grep -q "^violation: $2" err
	assert_eq "$(value ok)" 0 ok
}

@test "a server that loses one message is found out" {
	found_out lose lost
}

@test "a server that delivers one twice is found out" {
	found_out double doubled
}

@test "a server that exchanges two is found out" {
	found_out swap disorder
}

@test "a server that changes one is found out" {
	found_out damage damaged
}

@test "a session that is killed meanwhile is noticed, status 1" {
	here
	"$B/bin/chat-load" --senders 3 --seconds 60 steady "$HERE" \
	    >out 2>err 3>&- &
	load=$!
	# All have logged in, then.
	wait_for something_said
	kill -KILL "$(child_of "${LISTENERS[0]}" | head -n 1)"
	status=0
	wait "$load" || status=$?
	assert_eq "$status" 1 status
	grep -q 'a connection is lost' err
}

something_said() {
	[[ $(db 'select count(*) from messages' 2>/dev/null) == [1-9]* ]]
}

a_second_has_passed() {
	[[ ${EPOCHREALTIME/./} -gt \
	    $(db 'select (min(created_at) + 1000) * 1000 from messages') ]]
}

@test "what was due is sent, also by who was kept from it until after the end" {
	here
	"$B/bin/chat-load" --senders 3 --seconds 1 steady "$HERE" \
	    >out 2>err 3>&- &
	load=$!
	wait_for something_said
	kill -STOP "$load"
	wait_for a_second_has_passed
	kill -CONT "$load"
	wait "$load"
	assert_eq "$(value messages) $(value deliveries)" '100 200' \
	    'messages, deliveries'
}

@test "where nobody listens it says so, status 69" {
	port=$("$B/tests/chat-talk" --port)
	load_run 69 connect "127.0.0.1:$port"
	grep -q "127.0.0.1:$port: Connection refused: nobody listens" err
	load_run 69 connect "unix:$T/nowhere"
	grep -q 'No such file or directory: nobody listens' err
}

@test "a server that is full tells which settings to change, status 69" {
	export CHAT_MAX_CONNECTIONS=3
	here
	load_run 69 --clients 5 --keep connect "$HERE"
	grep -q CHAT_MAX_CONNECTIONS err
	grep -q SERVER_FULL err
}

@test "where it waits for a rate limit it says so" {
	export CHAT_RATE=5 CHAT_BURST=1
	notify_start
	listener_start
	load_run 0 --receivers 1 --messages 20 fanout "127.0.0.1:$PORT"
	grep -q CHAT_RATE=0 err
}

@test "a server for registered users only is named, status 69" {
	export CHAT_AUTH=required
	here
	load_run 69 connect "$HERE"
	grep -q CHAT_AUTH=open err
}

@test "too few descriptors are told before anything begins, status 71" {
	here
	(
		ulimit -n 100
		load_run 71 connect "$HERE"
	)
	grep -q 'ulimit -Hn' err
	not log_has 'INFO connected'
}

@test "a server elsewhere is left alone without --yes, status 77" {
	load_run 77 connect 192.0.2.1:5555
	grep -q -e --yes err
	load_run 77 connect '[2001:db8::1]:5555'
	load_run 77 connect '[::ffff:192.0.2.1]:5555'
}

elsewhere() {
	ip address add 192.0.2.1/32 dev lo
	CHAT_RATE=0 CHAT_TRUSTED=192.0.2.0/24 server_start_at 192.0.2.1
	load_run 77 --clients 3 connect "192.0.2.1:5555"
	load_run 0 --yes --clients 3 connect "192.0.2.1:5555"
}

server_start_at() {
	notify_start
	listener_start "$1:5555"
}

@test "with --yes another machine's server is measured" {
	command -v ip >/dev/null || skip 'ip(8) is not installed'
	in_space --net elsewhere
}

@test "progress is for terminals, results are for standard output" {
	here
	load_run 0 --senders 3 --seconds 1 steady "$HERE"
	assert_eq "$(cat err)" '' 'standard error'
	script -qec "'$B/bin/chat-load' --senders 3 --seconds 1 steady $HERE >out" \
	    terminal >/dev/null 3>&-
	grep -q 'seconds: ' terminal
	assert_eq "$(value ok)" 1 ok
	not grep -q 'seconds: ' out
}

@test "wrong usage is refused, status 64" {
	for bad in '' connect 'connect nowhere' 'dance 127.0.0.1:1' \
	    '--clients 0 connect 127.0.0.1:1' '--no-such connect 127.0.0.1:1' \
	    '--protocol smtp connect 127.0.0.1:1' \
	    '--protocol irc history 127.0.0.1:1'; do
		# shellcheck disable=SC2086 # words
		load_run 64 $bad
		[[ -s err ]]
	done
}

@test "the manual has each option, each workload and each exit status" {
	"$B/bin/chat-load" --help >help
	[[ $("$B/bin/chat-load" --version) == chat-load\ [0-9]* ]]
	assert_eq "$(grep -o '^\.It Fl Fl.*\|Fl Fl [a-z-]*' "$MANUAL" |
	    grep -o 'Fl Fl [a-z-]*' | sed 's/Fl Fl /--/' | sort -u)" \
	    "$(grep -o -e '--[a-z-]*[a-z]' help | sort -u)" options
	assert_eq "$(sed -n '/^\.Ss Workloads/,/^\.Ss Options/s/^\.It Cm //p' \
	    "$MANUAL")" "$(sed -n 's/^  \([a-z]\{4,\}\) .*/\1/p' help)" workloads
	assert_eq "$(sed -n '/^\.Sh EXIT/,/^\.Sh EX[AM]/s/^\.It //p' "$MANUAL" |
	    tr '\n' ' ')" '0 1 64 69 71 77 ' statuses
}
