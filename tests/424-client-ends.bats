#!/usr/bin/env bats
#
# chat-client's screen when connections, servers and terminals end.

load helpers
load screens

bats_require_minimum_version 1.5.0

session_of() {
	db "SELECT s.pid FROM sessions s JOIN users u ON u.id = s.user_id
	    WHERE u.username = '$1' AND s.ended_at IS NULL"
}

bodies() {
	db "SELECT body FROM messages ORDER BY id"
}

stored() {
	[[ $(bodies) == "$1" ]]
}

@test "a killed server is told, what is written meanwhile is sent once" {
	server_start
	login alice
	client_login bob
	type_line alice before
	sees alice '[0-9]{2}:[0-9]{2} <alice> before'
	type_text alice 'half a li'
	kill -KILL "$(session_of alice)"
	listener_stop
	sees alice 'connection was lost'
	sees alice 'again in [0-9]+ s'
	type_text alice 'ne'
	press alice Enter
	sees alice '--:-- <alice> half a line'
	sees alice '1 unconfirmed'
	listener_start
	sees alice 'online'
	sees alice '[0-9]{2}:[0-9]{2} <alice> half a line'
	wait_for stored $'before\nhalf a line'
	assert_eq "$(screen alice | grep -c 'half a line')" 1
}

@test "what was missed comes in after the connection is back" {
	server_start
	login alice
	type_line alice first
	sees alice '[0-9]{2}:[0-9]{2} <alice> first'
	client_login bob
	kill -KILL "$(session_of alice)"
	say bob 'while you were away'
	sees alice 'while you were away'
	assert_eq "$(screen alice | grep -c 'while you were away')" 1
	assert_eq "$(screen alice | grep -c '<alice> first')" 1
}

@test "/reconnect does not wait" {
	server_start
	login alice
	kill -KILL "$(session_of alice)"
	listener_stop
	sees alice 'again in'
	listener_start
	type_line alice /reconnect
	sees alice 'online'
}

came() {
	[[ $(wc -l <"$T/came") == "$1" ]]
}

@test "a server that shuts down is waited for as it asked, or less with Alt-r" {
	cat >"$T/evil" <<-'END'
		#!/bin/bash
		read -r line
		echo came >>came
		echo '{"event":"CONNECTED","username":"alice","last_id":1}'
		echo '{"event":"ERROR","code":"SHUTDOWN","message":"see you","reconnect_after":3600}'
	END
	chmod +x "$T/evil"
	PORT=
	SESSION=$T/evil listener_start
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a 'again in 3[56][0-9]{2} s: SHUTDOWN: see you'
	came 1
	press a M-r
	wait_for came 2
	sees a 'again in 3[56][0-9]{2} s: SHUTDOWN'
}

@test "Enter in the form does not wait, and what was not there was not lost" {
	cat >"$T/evil" <<-'END'
		#!/bin/bash
		read -r line
		echo came >>came
		if (($(wc -l <came) == 1)); then
			echo '{"event":"ERROR","code":"SERVER_FULL","message":"later","retry_after":3600}'
			exit
		fi
		echo '{"event":"CONNECTED","username":"alice","last_id":1}'
		cat >/dev/null
	END
	chmod +x "$T/evil"
	SESSION=$T/evil listener_start
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a 'again in 3[56][0-9]{2} s: SERVER_FULL: later'
	press a Enter
	sees a 'online +alice at'
	came 2
	screen_lacks a 'connection was lost'
}

@test "the lag of a server that does not answer at once is shown" {
	local pid
	server_start
	login alice
	pid=$(session_of alice)
	kill -STOP "$pid"
	type_line alice slow
	sees alice 'online +lag [0-9]+\.[0-9] s +alice at'
	kill -CONT "$pid"
	sees alice '[0-9]{2}:[0-9]{2} <alice> slow'
	sees alice 'lag [0-9]+\.[0-9] s'
}

@test "a connection that was replaced stays away until it is told" {
	server_start
	cat >"$T/evil" <<-'END'
		#!/bin/bash
		read -r line
		echo '{"event":"CONNECTED","username":"alice","last_id":1}'
		echo '{"event":"ERROR","code":"REPLACED","message":"elsewhere"}'
	END
	chmod +x "$T/evil"
	PORT=
	SESSION=$T/evil listener_start
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a 'The connection ended'
	sees a 'not connected: REPLACED: elsewhere'
	type_line a 'kept'
	sees a '--:-- <alice> kept'
	type_line a /quit
	sees a 'Not everything you said is confirmed'
	type_line a /quit
	sees a 'status=75'
	grep -q 'not confirmed: 1' "$T/log/screen.a"
}

# A server that takes alice once, and then says that somebody else has the name.
# What it is told is in said; it ends a connection when it is told to `end'.
taken_name() {
	cat >"$T/taken" <<-'END'
		#!/bin/bash
		read -r line
		echo "$line" >>said
		echo $$ >pid
		if [[ $line != *'"alice"'* ]]; then
			echo '{"event":"CONNECTED","username":"alina","last_id":9}'
		elif [[ -e had ]]; then
			echo '{"event":"ERROR","code":"USERNAME_TAKEN","message":"it is online"}'
			exit
		else
			touch had
			echo '{"event":"CONNECTED","username":"alice","last_id":1}'
			echo '{"event":"MESSAGE","id":2,"from":"bob","to":"alice","message":"for alice"}'
		fi
		while read -r line && [[ $line != *'"end"'* ]]; do
			echo "$line" >>said
			[[ $line =~ \"ref\":\"([^\"]*)\" ]] || continue
			[[ $line != *MESSAGE* ]] ||
			    echo "{\"event\":\"ACK\",\"ref\":\"${BASH_REMATCH[1]}\",\"id\":3}"
		done
	END
	chmod +x "$T/taken"
	: >"$T/said"
	SESSION=$T/taken listener_start
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a '^2 bob'
}

@test "who lost a name and takes another one has none of its conversations" {
	taken_name
	kill -TERM "$(cat "$T/pid")"
	sees a 'USERNAME_TAKEN: it is online'
	press a BSpace BSpace
	type_line a na
	sees a 'online +alina at'
	screen_lacks a bob
	[[ $(grep alina "$T/said") != *since* ]]
}

@test "a paste that the form came into is no part of the next one" {
	taken_name
	type_text a $'\e[200~lost'
	kill -TERM "$(cat "$T/pid")"
	sees a 'USERNAME_TAKEN: it is online'
	type_text a $'lena\e[201~'
	sees a 'Name +alicelena'
	press a BSpace BSpace BSpace BSpace BSpace BSpace
	type_line a na
	sees a 'online +alina at'
	type_text a $'\e[200~another\e[201~'
	sees a '^> another$'
}

@test "what was missed behind the form is not below a line for what is new" {
	cat >"$T/evil" <<-'END'
		#!/bin/bash
		read -r line
		echo came >>came
		case $(wc -l <came) in
		1)
			echo '{"event":"CONNECTED","username":"alice","last_id":1}'
			read -r line
			;;
		2)
			echo '{"event":"ERROR","code":"USERNAME_TAKEN","message":"it is online"}'
			;;
		*)
			printf '%s\n' '{"event":"CONNECTED","username":"alice","last_id":3}' \
			    '{"event":"MESSAGE","id":2,"from":"bob","to":"all","message":"missed"}'
			cat >/dev/null
			;;
		esac
	END
	chmod +x "$T/evil"
	SESSION=$T/evil listener_start
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a 'USERNAME_TAKEN: it is online'
	press a Enter
	sees a '<bob> missed'
	screen_lacks a '── new ──'
}

@test "what a lost name has not said is not said by another one" {
	taken_name
	type_text a end
	press a Enter F1
	# The form takes its keys, whatever was open.
	sees a 'USERNAME_TAKEN: it is online'
	press a BSpace BSpace
	type_line a na
	sees a 'Not everything you said is confirmed; it would'
	press a C-c
	sees a 'leave once'
	press a C-c
	sees a 'status=75'
	not grep -q alina "$T/said"
}

@test "what cannot be taken any more is not told as if it was said" {
	local i
	server_start
	login alice
	kill -KILL "$(session_of alice)"
	listener_stop
	sees alice 'again in'
	for ((i = 0; i < 16; i++)); do
		type_text alice $'x\rx\rx\rx\rx\rx\rx\rx\rx\rx\rx\rx\rx\rx\rx\rx\r'
	done
	sees alice '256 unconfirmed'
	type_line alice '/msg bob too much'
	sees alice 'Not sent: too much is waiting'
	screen_lacks alice 'to bob:'
	sees alice '/msg bob too much'
}

# Whether it has ended; until then, what it took of a processor, in 1/100 s.
ended_after() {
	local ticks
	! ticks=$(awk '{ print $14 + $15 }' "/proc/$1/stat" 2>/dev/null) || TICKS=$ticks
	process_gone "$1"
}

@test "keys while a farewell is waited for are no work" {
	local pid first TICKS=
	cat >"$T/evil" <<-'END'
		#!/bin/bash
		read -r line
		echo '{"event":"CONNECTED","username":"alice","last_id":1}'
		cat >/dev/null
	END
	chmod +x "$T/evil"
	SESSION=$T/evil listener_start
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a 'online +alice at'
	pid=$(client_of a)
	type_text a $'/quit\rls\r'
	sees a 'leaving'
	not ended_after "$pid"
	first=$TICKS
	wait_for ended_after "$pid"
	((TICKS - first < 20))
	# What was typed is there for whatever comes next: here cat(1).
	sees a '^status='
	sees a '^ls'
}

@test "leaving says goodbye and gives the terminal back" {
	server_start
	login alice
	type_line alice 'last words'
	type_line alice /quit
	sees alice 'status=0'
	screen_lacks alice 'online'
	assert_eq "$(bodies)" 'last words'
	login bob
	type_text bob 'unfinished'
	press bob C-c
	misses bob 'unfinished'
	press bob C-c
	sees bob 'status=0'
	assert_eq "$(db "SELECT count(*) FROM sessions
	    WHERE reason = 'disconnected'")" 2
}

@test "Ctrl-C leaves the form" {
	screen_open a 80 24 127.0.0.1:1
	sees a 'Enter connects'
	press a C-c
	sees a 'status=0'
}

@test "Ctrl-Z suspends its job and gives the terminal back until that goes on" {
	server_start
	shell_open alice 80 24
	type_line alice \
	    "sh -c '\"$B/bin/chat-client\" -u alice 127.0.0.1:$PORT; echo end'"
	sees alice 'online +alice at'
	type_text alice unfinished
	sees alice '^> unfinished'
	press alice C-z
	sees alice '[Ss]topped'
	screen_lacks alice online
	type_line alice fg
	sees alice '^> unfinished'
	sees alice 'online +alice at'
	press alice C-c C-c
	sees alice '^end'
}

@test "who stopped it gets the screen back all the same" {
	server_start
	shell_open alice 80 24
	type_line alice "'$B/bin/chat-client' -u alice 127.0.0.1:$PORT"
	sees alice 'online +alice at'
	kill -STOP "$(client_of alice)"
	sees alice '[Ss]topped'
	type_line alice fg
	misses alice '[Ss]topped'
	# Keys are its own again, and not the terminal's.
	type_text alice 'one word'
	press alice C-w
	type_text alice 'more'
	sees alice '^> one more$'
	press alice C-c C-c
	misses alice 'online'
}

# (For wait_for: the shell finds it out by and by.)
is_told_to_be_stopped() {
	type_line "$1" jobs
	screen_has "$1" Stopped
}

# In a shell of its own, which is named after how the client is stopped.
ends_although() {
	local how=$1 pid
	shell_open "$how" 80 24
	type_text "$how" "'$B/bin/chat-client' -u $how 127.0.0.1:$PORT"
	if [[ $how == behind ]]; then
		type_line "$how" ' &'
		wait_for is_told_to_be_stopped "$how"
	else
		press "$how" Enter
		sees "$how" "online +$how at"
	fi
	pid=$(client_of "$how")
	if [[ $how == suspended ]]; then
		press "$how" C-z
	else
		kill -STOP "$pid"
	fi
	sees "$how" Stopped
	if [[ $how == again ]]; then
		# It may not draw there, and is stopped for that.
		type_line "$how" clear
		misses "$how" Stopped
		type_line "$how" bg
		wait_for is_told_to_be_stopped "$how"
	fi
	type_line "$how" 'kill %1'
	# (With which status bash does not always tell of who was stopped.)
	wait_for process_gone "$pid"
	# The shell reads its own keys, as before.
	type_text "$how" 'echo one word'
	press "$how" C-w
	type_line "$how" more
	sees "$how" '^one more$'
}

@test "kill %1 ends it although it is stopped" {
	server_start
	ends_although suspended
	ends_although stopped
	ends_although again
	ends_although behind
}

@test "Ctrl-Z does nothing where whoever started it has that ignored" {
	server_start
	shell_open alice 80 24
	type_line alice "env --ignore-signal=TSTP '$B/bin/chat-client' \
	    -u alice 127.0.0.1:$PORT; echo status=\$?"
	sees alice 'online +alice at'
	press alice C-z
	type_text alice 'still here'
	sees alice '^> still here'
	press alice C-c C-c
	sees alice 'status=0'
}

@test "Ctrl-Z does nothing where no shell could go on with it" {
	server_start
	login alice
	press alice C-z
	type_text alice 'still here'
	sees alice '^> still here'
}

@test "a signal ends it with its status and the terminal given back" {
	server_start
	login alice
	kill -TERM "$(client_of alice)"
	sees alice 'status=143'
	screen_lacks alice 'online'
}

# What waits to be read by who is connected to $PORT, as long as that is the
# same as before: it reads nothing.
reads_nothing() {
	local before=$QUEUED
	QUEUED=$(awk -v port=":$(printf %04X "$PORT")" \
	    '$3 ~ port "$" && $4 == "01" { print $5 }' /proc/net/tcp)
	[[ $QUEUED == "$before" && $QUEUED =~ :0*[1-9A-F] ]]
}

# Whoever says "$CONNECTED" to alice says more than a terminal takes that is
# stopped.
flood_start() {
	mkfifo "$T/go"
	cat >"$T/flood" <<-END
		#!/bin/bash
		read -r line
		echo '{"event":"CONNECTED","username":"alice","last_id":5}'
		read -r _ <'$T/go'
		seq 6 20000 | awk '{
			text = ""
			for (i = 0; i < 80; i++)
				text = text \$1
			print "{\"event\":\"MESSAGE\",\"id\":" \$1 ",\"from\":\"bob\",\"to\":\"all\",\"message\":\"" text "\"}"
		}'
		exec cat >/dev/null
	END
	chmod +x "$T/flood"
	notify_start
	SESSION=$T/flood listener_start
}

# A client on a terminal that is stopped is told to end.
ends_although_stopped() {
	local pid tmux bad=0 QUEUED=
	pid=$(client_of alice)
	tmux=$(tmux_do display-message -p '#{pid}')
	kill -STOP "$tmux"
	echo >"$T/go"
	if wait_for reads_nothing; then
		kill -TERM "$pid"
		wait_for process_gone "$pid" || bad=1
	else
		bad=1
	fi
	kill -CONT "$tmux"
	[[ $bad == 0 ]]
}

@test "a signal ends it although its terminal takes nothing" {
	flood_start
	# (What it was kept in the middle of may hide what comes behind it.)
	tmux_do new-session -d -s alice -x 300 -y 100 \
	    "$B/bin/chat-client -u alice 127.0.0.1:$PORT
	    echo status=\$? >$T/end; stty -a >>$T/end; exec cat"
	sees alice online
	ends_although_stopped
	wait_for grep -q status=143 "$T/end"
	# Its terminal shows what is typed again.
	wait_for grep -Eq '(^| )echo ' "$T/end"
}

@test "a signal ends plain mode although its terminal takes nothing" {
	flood_start
	terminal_open alice /dev/null --tail -u alice "127.0.0.1:$PORT"
	wait_for log_has Spawned
	ends_although_stopped
	sees alice 'status=143'
}

@test "a terminal that goes away ends it" {
	local pid
	server_start
	# The kernel says SIGHUP and then SIGCONT, for which the leak checker
	# would hang (see helpers).
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	login alice
	pid=$(client_of alice)
	tmux_do kill-session -t alice
	wait_for process_gone "$pid"
}

@test "a terminal that is not known, or cannot move its cursor, has status 71" {
	server_start
	# What curses itself does not free then is not of interest.
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	local term
	for term in nothing dumb; do
		TERM=$term run -71 timeout 10 script -qec \
		    "'$B/bin/chat-client' -u alice 127.0.0.1:$PORT" /dev/null
		[[ $output == *"this terminal cannot be used (TERM=$term): set TERM, or say --plain"* ]]
	done
}
