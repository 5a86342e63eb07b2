#!/usr/bin/env bats
#
# chat-client's screen, driven and read in tmux.

load helpers
load screens

bats_require_minimum_version 1.5.0

@test "the form asks for a name, and the login opens the talk" {
	server_start
	screen_open a 80 24 "127.0.0.1:$PORT"
	sees a "Server +127.0.0.1:$PORT"
	sees a 'Enter connects'
	type_line a alice
	sees a "online +alice at 127.0.0.1:$PORT +1 here +F1: help"
	misses a Server
}

@test "the form proposes the user's name of the machine" {
	server_start
	USER=somebody screen_open a 80 24 "127.0.0.1:$PORT"
	sees a 'Name +somebody'
	press a Enter
	sees a 'somebody at'
}

@test "what is wrong with a name is said in the form" {
	server_start
	client_login alice
	screen_open a 80 24 "127.0.0.1:$PORT"
	sees a 'Name'
	type_line a 'al ice'
	sees a 'A name is 1 to 32'
	press a C-u
	type_line a ALICE
	sees a 'USERNAME_TAKEN'
	sees a 'Name +ALICE'
	press a BSpace
	type_line a x
	sees a 'ALICx at'
}

@test "a name that was given is tried at once" {
	server_start
	client_login alice
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a 'USERNAME_TAKEN'
	sees a 'Name +alice'
}

@test "a server that cannot be reached is said in the form, Enter tries again" {
	PORT=$("$B/tests/chat-talk" --port)
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a 'Connection refused'
	sees a 'Enter connects'
	notify_start
	listener_start
	press a Enter
	sees a 'online +alice at'
}

@test "two people talk, to all and in private" {
	server_start
	login alice
	login bob
	client_login carl
	type_line alice 'hello everybody'
	sees bob '[0-9]{2}:[0-9]{2} <alice> hello everybody'
	type_line bob '/msg alice just you'
	sees bob '-- to alice: just you'
	press bob M-2
	sees bob '[0-9]{2}:[0-9]{2} <bob> just you'
	press bob M-/
	type_line bob '//slash'
	sees alice '<bob> /slash'
	press alice M-a
	sees alice '<bob> just you'
	misses alice 'slash'
	type_line alice 'just me'
	press bob M-2
	sees bob '<alice> just me'
	client_none carl '.message == "just you"'
}

@test "users are shown with presence" {
	server_start
	login alice 100
	login bob
	sees alice '\*bob'
	sees alice '-- joined: bob +│'
	type_line bob /quit
	sees alice '-- came and went: bob +│'
	sees alice '│ bob'
	sees alice '1 here'
	type_line alice /users
	sees alice 'Here: alice'
}

@test "what is refused says so where it was said" {
	server_start
	login alice
	type_line alice '/msg nobody hello'
	sees alice '!! NO_SUCH_USER'
	press alice M-2
	sees alice '--:-- <alice> hello \[not sent: NO_SUCH_USER\]'
	press alice M-1
	type_line alice /nope
	sees alice '!! there is no command /nope'
	type_line alice /help
	sees alice '/msg NAME TEXT'
}

@test "history is shown after the login, and further back on demand" {
	server_start
	client_login bob
	say bob 'said before'
	screen_open alice 80 24 -u alice --history 1 "127.0.0.1:$PORT"
	sees alice '<bob> said before'
	say bob 'in private' alice
	type_line alice '/history bob 5'
	press alice M-2
	sees alice 'in private'
	# What shows nothing new says so.
	type_line alice '/history carl'
	sees alice '!! NO_SUCH_USER'
	type_line alice '/history'
	sees alice 'The last messages with everybody are here already'
	type_line alice '/history bob'
	sees alice 'The last messages with bob are here already'
	type_line alice 'after'
	sees alice '<alice> after'
	assert_eq "$(screen alice | grep -c 'in private')" 1
}

@test "the line is edited with the usual keys" {
	server_start
	login alice
	type_text alice 'wrold hello'
	press alice M-b C-w C-e Space C-y C-h
	sees alice '^> hello wrold'
	press alice M-b Right Right C-t
	sees alice '^> hello world'
	press alice Home DC
	type_line alice H
	sees alice '<alice> Hello world'
	press alice Up
	sees alice '^> Hello world'
	press alice Down
	misses alice '^> Hello'
	type_text alice $'\xc3\xa9\xe4\xbd\xa0x'
	press alice Left BSpace Enter
	sees alice $'<alice> \xc3\xa9x'
	# Keys that mean nothing type nothing.
	press alice F5 M-z C-Left
	type_text alice ok
	press alice Enter
	sees alice '<alice> ok'
}

@test "long lines are wrapped and the line written scrolls sideways" {
	server_start
	login alice 40 10
	type_text alice "$(printf 'word%s ' 1 2 3 4 5 6 7 8 9)end"
	sees alice '^> .*word9 end'
	screen_lacks alice '^> word1'
	press alice Enter
	sees alice '<alice> word1 word2 word3 word4$'
	sees alice '^ +word5'
}

@test "PgUp and PgDn scroll, and nothing moves while others talk" {
	server_start
	client_login bob
	seq -f '{"command":"MESSAGE","to":"all","message":"line %g."}' 50 |
	    client_raw bob
	client_expect bob '.event == "ACK" and .id == 50'
	login alice 80 12
	sees alice 'line 50\.'
	press alice PPage
	sees alice 'line 35\.'
	misses alice 'line 48\.'
	# The newest lines stay below.
	sees alice 'more below'
	sees alice 'line 50\.'
	say bob 'something new'
	sees alice '1 new'
	sees alice 'something new'
	screen_has alice 'line 35\.'
	screen_has alice 'line 41\.'
	press alice PPage PPage PPage PPage PPage PPage PPage PPage
	sees alice 'line 1\.'
	sees alice 'line 6\.'
	press alice NPage
	misses alice 'line 1\.'
	press alice 'M->'
	sees alice 'something new'
	misses alice 'more below'
}

@test "nothing from the network reaches the terminal as a control" {
	server_start
	login alice
	client_login bob
	say bob 'x\u202ey\u200bz \u2066q <b>'
	sees alice $'<bob> x\xef\xbf\xbdyz \xef\xbf\xbdq <b>'
	# In a message the server removes them; the client does not rely on it.
	cat >"$T/evil" <<-'END'
		#!/bin/bash
		read -r line
		echo '{"event":"CONNECTED","username":"a\u001b[31m","last_id":1}'
		echo '{"event":"MESSAGE","id":2,"from":"\u001b[2J","to":"all","message":"one\u001b]0;title\u0007\u001b[1;1Htwo"}'
		echo '{"event":"JOINED","username":"\u001bc"}'
		echo '{"event":"ERROR","code":"\u001b[5m","message":"\u009b31mbad"}'
		cat >/dev/null
	END
	chmod +x "$T/evil"
	PORT=
	SESSION=$T/evil listener_start
	screen_open eve 80 10 -u eve "127.0.0.1:$PORT"
	sees eve $'<\\?\\?2J> one\xe2\x90\x9b]0;title\xe2\x90\x87\xe2\x90\x9b\\[1;1Htwo'
	sees eve '-- joined: \?c'
	sees eve 'bad'
	[[ $(tmux_do display-message -p -t eve '#{pane_title}') != *title* ]]
}

@test "every size from 20x5 to 400x100 shows the newest and the line" {
	local size
	server_start
	login alice
	client_login bob
	say bob 'a line that is long enough to be wrapped on a narrow screen, END'
	for size in 20x5 400x100 80x24 20x100 400x5 40x10 21x6; do
		tmux_do resize-window -t alice -x "${size%x*}" -y "${size#*x}"
		type_text alice "$size"
		sees alice "^> $size"
		sees alice 'END'
		sees alice 'online'
		assert_eq "$(screen alice | grep -c '')" "${size#*x}"
		press alice C-u
	done
	# Smaller than useful does no harm either.
	for size in 1x1 5x2 2x5 80x24; do
		tmux_do resize-window -t alice -x "${size%x*}" -y "${size#*x}"
	done
	sees alice 'online +alice at'
}

@test "the form fits a small screen" {
	server_start
	client_login alice
	screen_open a 20 5 -u alice "127.0.0.1:$PORT"
	sees a 'Name +alice'
	sees a 'USERNAME_TAKEN'
	press a C-u
	type_line a bob
	sees a 'online'
}

@test "a storm of resizes while messages pour in ends well" {
	local i
	server_start
	login alice
	client_login bob
	for i in $(seq 60); do
		tmux_do resize-window -t alice -x $((20 + i * 7 % 200)) \
		    -y $((5 + i * 3 % 60))
		client_send bob "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"storm $i\"}"
	done
	tmux_do resize-window -t alice -x 80 -y 24
	sees alice 'storm 60'
	sees alice 'online +alice at'
}

@test "keys that a terminal is not known to have are taken all the same" {
	server_start
	tmux_do new-session -d -s alice -x 80 -y 24 \
	    "TERM=vt100 $B/bin/chat-client -u alice 127.0.0.1:$PORT"
	sees alice 'online'
	type_text alice abc
	press alice C-a DC
	sees alice '^> bc$'
	press alice C-u F1
	sees alice ': 1-23 of'
	press alice NPage
	misses alice ': 1-23 of'
	press alice PPage
	sees alice ': 1-23 of'
}

@test "NO_COLOR leaves colours out" {
	has_colour() {
		tmux_do capture-pane -e -p -t "$1" |
		    grep -q $'\033\[[0-9;]*3[1-8][0-9;]*m'
	}
	server_start
	NO_COLOR=1 login bob
	login alice
	type_line alice colourful
	wait_for has_colour alice
	sees bob '<alice> colourful'
	run ! has_colour bob
}

@test "a locale that is not UTF-8 does not spoil the text" {
	server_start
	LC_ALL=C login alice
	client_login bob
	say bob 'h\u00e9 \u4f60'
	sees alice $'<bob> h\xc3\xa9 \xe4\xbd\xa0'
}
