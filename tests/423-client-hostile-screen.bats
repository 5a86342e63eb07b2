#!/usr/bin/env bats
#
# A server that tries to reach the terminal behind chat-client's screen: with
# every string of every event.

load helpers
load screens

setup() {
	screens_setup
	# A control of each kind, each followed by a letter that is to be seen.
	EVIL='E\u001b[31;5;777mV\u009b5;777nI\u007fL\u202eX\u2066Y\u200bZ\udb40\udc41W\u001b]2;owned\u0007'
}

# A server that says the lines of stdin once $T/go is read, and a screen with
# everything that its client writes in $T/raw.
evil_open() {
	mkfifo "$T/go"
	cat >"$T/lines"
	cat >"$T/evil" <<-END
		#!/bin/bash
		read -r line
		read -r _ <'$T/go'
		cat '$T/lines'
		exec cat >/dev/null
	END
	chmod +x "$T/evil"
	notify_start
	SESSION=$T/evil listener_start
	screen_open a "$1" 40 -u alice "127.0.0.1:$PORT"
	sees a 'logging in'
	tmux_do pipe-pane -t a "cat >$T/raw"
	echo >"$T/go"
}

# Neither the terminal's own sequences nor characters that hide or reorder
# came through; what was around them did.
assert_harmless() {
	local bad
	sees a "$1"
	for bad in $'\033\[31;5;777m' $'\302\233' $'\177' $'\342\200\256' \
	    $'\342\201\246' $'\342\200\213' $'\363\240\201\201' $'\033\]2;owned'; do
		if LC_ALL=C grep -q -- "$bad" "$T/raw"; then
			fail "on the terminal: $(printf %q "$bad")"
		fi
	done
	not title_is owned
}

title_is() {
	[[ $(tmux_do display-message -p -t a '#{pane_title}') == "$1" ]]
}

@test "names and texts of every event are harmless on the screen" {
	evil_open 120 <<-END
		{"event":"CONNECTED","username":"$EVIL","last_id":1}
		{"event":"USERS","users":[{"username":"$EVIL","online":true},{"username":"x$EVIL","online":false}]}
		{"event":"MESSAGE","id":2,"from":"$EVIL","to":"all","message":"$EVIL"}
		{"event":"MESSAGE","id":3,"from":"y$EVIL","to":"alice","message":"$EVIL"}
		{"event":"HISTORY","with":"z$EVIL","messages":[{"id":1,"from":"$EVIL","to":"z$EVIL","message":"$EVIL","timestamp":"$EVIL"}],"more":false}
		{"event":"JOINED","username":"$EVIL"}
		{"event":"LEFT","username":"$EVIL"}
		{"event":"ACK","ref":"$EVIL","id":9,"timestamp":"$EVIL"}
		{"event":"ERROR","code":"$EVIL","message":"$EVIL"}
		{"event":"MESSAGE","id":10,"from":"bob","to":"all","message":"the last of these"}
	END
	assert_harmless 'the last of these'
	sees a '^2 y'
	press a M-2
	assert_harmless '^yE\?'
	press a C-k
	assert_harmless 'go to>'
	press a C-c
	press a M-l
	assert_harmless '^-- any key goes back --'
	press a Space
	type_line a '/query nobody'
	assert_harmless '^nobody>'
}

@test "history that pushes its own conversation out does no harm" {
	cat >"$T/evil" <<-'END'
		#!/bin/bash
		read -r line
		echo '{"event":"CONNECTED","username":"alice","last_id":900}'
		while read -r line; do
			[[ $line == *HISTORY* ]] || continue
			[[ $line =~ \"ref\":\"([^\"]*)\" ]]
			printf '{"event":"HISTORY","ref":"%s","with":"victim","more":true,"messages":[' "${BASH_REMATCH[1]}"
			for ((i = 1; i <= 500; i++)); do
				printf '{"id":%d,"from":"u%d","to":"alice","message":"x"},' "$i" "$i"
			done
			echo '{"id":600,"from":"zed","to":"alice","message":"x"}]}'
		done
	END
	chmod +x "$T/evil"
	notify_start
	SESSION=$T/evil listener_start
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a online
	type_line a '/history victim'
	sees a 'Messages with victim that came: 501\.'
}

@test "why a connection ended is harmless on the screen" {
	evil_open 120 <<-END
		{"event":"CONNECTED","username":"alice","last_id":1}
		{"event":"ERROR","code":"SHUTDOWN","message":"$EVIL","reconnect_after":3600}
		{"event":"DISCONNECTED","reason":"$EVIL"}
	END
	assert_harmless 'SHUTDOWN: E|connection ended'
}

@test "a refusal is harmless in the login form" {
	evil_open 100 <<-END
		{"event":"ERROR","code":"$EVIL","message":"$EVIL"}
	END
	assert_harmless 'E.\[31;5;777mV'
}

@test "text is only drawn from where it is made safe" {
	# What the link and events hold is not sanitised: none of it is drawn.
	if grep -nE 'draw_put|addn?str' "$ROOT"/chat-client/draw*.c |
	    grep -E 'link->|event|span'; then
		fail 'this goes to the terminal as it came from the network'
	fi
	# Other ways to write on it are title.c's, draw.c's and draw-bare.c's.
	if grep -lE '(printf|puts|putc|fwrite|write)\(' \
	    "$ROOT"/chat-client/{draw,screen}*.c | grep -Ev '/draw(-bare)?.c$' |
	    xargs -r grep -nE '[^n]printf\(|puts\(|putchar\(|fwrite\('; then
		fail 'this writes past curses'
	fi
}
