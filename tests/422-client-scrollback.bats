#!/usr/bin/env bats
#
# Scrolling back on chat-client's screen, into what only the server has, and
# sizes that change meanwhile.

load helpers
load screens

# Bob says "line 1." to "line $1.".
fill() {
	client_login bob
	client_count bob 1
	seq -f '{"command":"MESSAGE","to":"all","message":"line %g."}' "$1" |
	    client_raw bob
	client_count bob $(($1 + 1))
}

# The numbers of the lines in the upper part of the screen.
numbers() {
	screen alice | sed '/more below/,$d' | grep -o 'line [0-9]*\.' |
	    tr -cd '0-9\n'
}

last_is() {
	[[ $(numbers | tail -n 1) == "$1" ]]
}

# The screen has another page than the one that begins with line $1: it ends
# there, and no line is missing.  Sets TOP to its first.  (A page is not drawn
# at once.)
page_is_before() {
	local all
	all=$(numbers)
	TOP=${all%%$'\n'*}
	# (The first page of all is as full as the others.)
	[[ $TOP != "$1" && ($TOP == 1 || ${all##*$'\n'} == "$1") &&
	    $all == "$(seq "$TOP" "${all##*$'\n'}")" ]]
}

# Scroll back by one page.
page_up() {
	press alice PPage
	wait_for page_is_before "$1" || { screen alice; return 1; }
}

@test "5,000 messages are paged through without a jump or a gap" {
	local pages=0 before
	server_start
	fill 5000
	login alice 80 100
	sees alice 'line 5000\.'
	TOP=$(numbers | head -n 1)
	while ((TOP > 1)); do
		page_up "$TOP"
		((++pages < 100))
		if ((pages == 20)); then
			before=$(numbers)
			say bob 'meanwhile'
			sees alice 'meanwhile'
			assert_eq "$(numbers)" "$before"
		fi
	done
	((pages > 40))
	# Each message was fetched once, and there is nothing older.
	press alice PPage PPage
	sees alice 'line 1\.'
	press alice 'M->'
	sees alice 'line 5000\.'
	misses alice 'more below'
}

@test "history of a conversation with one user comes when it is opened" {
	server_start
	cat >"$T/old" <<-'END'
		#!/bin/bash
		read -r line
		echo '{"event":"CONNECTED","username":"alice","last_id":99}'
		echo '{"event":"MESSAGE","id":99,"from":"bob","to":"alice","message":"new one"}'
		while read -r line; do
			[[ $line == *HISTORY* && $line == *'"with":"bob"'* &&
			    $line == *'"before":99'[,}]* ]] || continue
			echo '{"event":"HISTORY","with":"bob","messages":[{"id":7,"from":"alice","to":"bob","message":"old one","timestamp":"2026-11-22T04:38:09.123Z"}],"more":false}'
		done
	END
	chmod +x "$T/old"
	PORT=
	SESSION=$T/old listener_start
	login alice
	sees alice '^2 bob +@1'
	press alice M-2
	sees alice '<alice> old one'
	sees alice '<bob> new one'
	sees alice 'Sunday, 22 November 2026'
	# What is old is not new.
	screen alice | grep -A1 '── new ──' | grep -q 'new one'
}

scrolled_to() {
	press "$1" PPage
	screen_has "$1" "$2"
}

@test "a page that cannot be had now is asked for again" {
	server_start
	cat >"$T/busy" <<-'END'
		#!/bin/bash
		read -r line
		echo '{"event":"CONNECTED","username":"alice","last_id":99}'
		echo '{"event":"MESSAGE","id":99,"from":"bob","to":"all","message":"line 99."}'
		n=0
		while read -r line; do
			[[ $line == *HISTORY* ]] || continue
			[[ $line =~ \"ref\":\"([^\"]*)\" ]]
			ref=${BASH_REMATCH[1]}
			if ((n++ == 0)); then
				echo '{"event":"ERROR","ref":"'$ref'","code":"RATE_LIMITED","message":"later","retry_after":1}'
			else
				echo '{"event":"HISTORY","ref":"'$ref'","with":"all","messages":[{"id":98,"from":"bob","to":"all","message":"line 98.","timestamp":"2026-11-23T04:38:09.123Z"}],"more":false}'
			fi
		done
	END
	chmod +x "$T/busy"
	PORT=
	SESSION=$T/busy listener_start
	login alice
	sees alice 'line 99\.'
	wait_for scrolled_to alice 'line 98\.'
	screen_lacks alice 'RATE_LIMITED'
}

@test "a page that a connection owed is asked for on the next one" {
	server_start
	cat >"$T/owing" <<-END
		#!/bin/bash
		read -r line
		echo '{"event":"CONNECTED","username":"alice","last_id":99}'
		[[ -e '$T/owed' ]] ||
		    echo '{"event":"MESSAGE","id":99,"from":"bob","to":"all","message":"line 99."}'
		while read -r line; do
			[[ \$line == *HISTORY* ]] || continue
			if [[ ! -e '$T/owed' ]]; then
				: >'$T/owed'
				continue
			fi
			[[ \$line =~ \"ref\":\"([^\"]*)\" ]]
			echo '{"event":"HISTORY","ref":"'\${BASH_REMATCH[1]}'","with":"all","messages":[{"id":98,"from":"bob","to":"all","message":"line 98.","timestamp":"2026-11-23T04:38:09.123Z"}],"more":false}'
		done
	END
	chmod +x "$T/owing"
	PORT=
	SESSION=$T/owing listener_start
	login alice
	sees alice 'line 99\.'
	press alice PPage
	wait_for test -e "$T/owed"
	press alice M-r
	sees alice 'Connected\.'
	wait_for scrolled_to alice 'line 98\.'
}

@test "a storm of sizes while scrolled back changes nothing but the width" {
	local i before
	server_start
	fill 300
	login alice 80 30
	sees alice 'line 300\.'
	press alice PPage PPage PPage
	sees alice 'more below'
	before=$(numbers | tail -n 1)
	for i in $(seq 60); do
		tmux_do resize-window -t alice -x $((20 + i * 37 % 380)) \
		    -y $((5 + i * 13 % 95))
	done
	for i in 20x5 400x100 1x1 3x100 400x2 80x30; do
		tmux_do resize-window -t alice -x "${i%x*}" -y "${i#*x}"
	done
	sees alice "line $before\\."
	sees alice 'online +alice at'
	wait_for last_is "$before"
	press alice 'M->'
	sees alice 'line 300\.'
}

@test "1,000 messages a second are drawn at most 60 times, and typing goes on" {
	local draws
	"$B/tests/chat-typist" --messages 5000 --keys 5 --seconds 3 \
	    "$B/bin/chat-client" >"$T/typed"
	cat "$T/typed"
	draws=$(sed -n 's/^storm_draws_per_s=//p' "$T/typed")
	awk -v d="$draws" 'BEGIN { exit !(d > 1 && d <= 60) }'
	grep -q '^storm_messages_per_s=[1-9]' "$T/typed"
}
