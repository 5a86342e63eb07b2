#!/usr/bin/env bats
#
# The conversations on chat-client's screen: what is new in them, getting from
# one to another, and how the user is called.

load helpers
load screens

title_is() {
	[[ $(tmux_do display-message -p -t "$1" '#{pane_title}') == "$2" ]]
}

rang() {
	[[ $(tmux_do display-message -p -t "$1" '#{window_bell_flag}') == 1 ]]
}

@test "conversations show what is new, what is for the user apart" {
	server_start
	login alice
	client_login bob
	client_login carl
	sees alice '^1 all  '
	say bob 'just you' alice
	sees alice '^2 bob +@1│'
	say bob 'still you' alice
	sees alice '^2 bob +@2│'
	say carl 'and me' alice
	sees alice '^3 carl +@1│'
	press alice M-2
	sees alice '<bob> still you'
	sees alice '^2 bob +│'
	sees alice '^bob>'
	say carl 'to everybody'
	sees alice '^1 all +1│'
	say carl 'Alice: look'
	sees alice '^1 all +@1 1│'
}

@test "Alt-a goes where the user is called first, Alt-/ goes back" {
	server_start
	login alice
	client_login bob
	client_login carl
	say bob 'general talk'
	sees alice 'general talk'
	press alice M-/ # nowhere yet
	say bob one alice
	press alice M-2
	sees alice '<bob> one'
	say bob 'more talk'
	say carl two alice
	sees alice '^3 carl +@1'
	press alice M-a
	sees alice '^carl>'
	press alice M-a
	sees alice '<bob> more talk'
	sees alice '^>'
	press alice M-a
	sees alice '^>'
	press alice M-/
	sees alice '^carl>'
	press alice M-/
	sees alice '^>'
}

@test "a line stands above what was not read, Alt-u goes there" {
	local i
	server_start
	login alice 80 12
	client_login bob
	client_login carl
	say carl 'read this'
	say bob 'wait here' alice
	sees alice '^2 bob'
	press alice M-2
	sees alice '^bob>'
	for i in $(seq 20); do
		say carl "missed $i."
	done
	sees alice '^1 all +20│'
	press alice M-1
	sees alice 'missed 20\.'
	sees alice '^1 all +│'
	screen_lacks alice '── new ──'
	press alice M-u
	sees alice '── new ──'
	sees alice 'missed 1\.'
	screen alice | grep -A1 '── new ──' | grep -q 'missed 1\.'
	press alice 'M->'
	misses alice 'more below'
	# Having been read, it has no line any more.
	press alice M-2 M-1 M-u
	type_text alice 'all done'
	sees alice '^> all done'
	sees alice 'missed 20\.'
	screen_lacks alice '── new ──'
}

@test "what comes while help covers it has the line above it, too" {
	server_start
	login alice
	client_login bob
	press alice F1
	sees alice '^Commands'
	say bob 'behind the page'
	wait_for title_is alice '(1) Chat'
	press alice Escape
	sees alice 'behind the page'
	screen alice | grep -A1 '── new ──' | grep -q 'behind the page'
	wait_for title_is alice Chat
}

@test "Ctrl-k finds a conversation or a user by typing" {
	server_start
	login alice
	client_login bob
	client_login berta
	client_login carl
	say carl 'psst' alice
	sees alice '^2 carl +@1'
	press alice C-k
	sees alice '^go to>'
	sees alice '│ carl$'
	sees alice '│ berta$'
	type_text alice b
	misses alice '│ carl$'
	press alice Down
	press alice Enter
	sees alice '^bob>'
	press alice C-k
	type_line alice BERT
	sees alice '^berta>'
	type_line alice 'found you'
	client_expect berta '.message == "found you"'
	# Leaving it changes nothing, nor does a name that is nowhere.
	press alice C-k
	type_text alice zzz
	sees alice '^go to> zzz'
	press alice Enter C-c
	sees alice '^berta>'
	press alice C-k
	sees alice '^go to>'
	press alice Escape
	sees alice '^berta>'
}

@test "in what Ctrl-k found the arrows go round, and its text is edited" {
	server_start
	login alice
	client_login bob
	client_login berta
	press alice C-k
	sees alice '│ bob$'
	type_text alice bx
	misses alice '│ bob$'
	# Among none there is nowhere to go.
	press alice Down Up BSpace
	sees alice '│ bob$'
	sees alice '│ berta$'
	press alice Up Enter
	sees alice '^bob>'
	press alice C-k
	type_text alice b
	sees alice '│ berta$'
	# Once more the key goes on to the next, of which bob was the first.
	press alice C-k Enter
	sees alice '^berta>'
}

@test "Alt-n and Alt-p go to the next and the previous, Ctrl-l draws anew" {
	server_start
	login alice
	client_login bob
	say bob 'psst' alice
	sees alice '^2 bob'
	press alice M-n
	sees alice '^bob>'
	press alice M-p
	sees alice '^> *$'
	press alice C-k
	tmux_do set-buffer -b given -- bo
	tmux_do paste-buffer -p -r -b given -t alice
	sees alice '^go to> bo *$'
	press alice Enter
	sees alice '^bob>'
	# (Reset, the terminal has nothing on it.)
	tmux_do send-keys -R -t alice
	screen_lacks alice online
	press alice C-l
	sees alice 'online +alice'
}

@test "the prompt tells a command from what is said" {
	server_start
	login alice
	type_text alice /quit
	sees alice '^command> /quit'
	press alice Home
	type_text alice /
	sees alice '^> //quit'
	press alice C-u
}

@test "without room for the panes the status line tells where something is new" {
	server_start
	login alice 60 10
	client_login bob
	sees alice '^.. [A-Z][a-z]+day, [0-9]+ [A-Z][a-z]+ [0-9]{4} '
	say bob 'psst' alice
	sees alice 'online .* 2:@1 '
	press alice M-2
	misses alice '2:@1'
	say bob 'to all'
	sees alice '1:1'
}

@test "what is new in many conversations leaves room for how it is" {
	local i
	server_start
	login alice 40 10
	for i in $(seq 11 22); do
		client_login "user$i"
		say "user$i" psst alice
	done
	sees alice '^ online .* 2:@1 '
	sees alice '\.\.\.'
}

@test "the bell rings and the title counts what is new" {
	server_start
	login alice
	wait_for title_is alice Chat
	client_login bob
	say bob 'nobody is meant'
	sees alice 'nobody is meant'
	# (It would ring after that was drawn.)
	type_text alice x
	sees alice '^> x'
	press alice BSpace
	not rang alice
	say bob 'ALICE: hello'
	wait_for rang alice
	say bob 'psst' alice
	wait_for title_is alice '(1, 1 for you) Chat'
	press alice M-2
	wait_for title_is alice Chat
	say bob 'more'
	wait_for title_is alice '(1) Chat'
	type_line alice /quit
	sees alice status=0
	not title_is alice '(1) Chat'
}

@test "a message of one's own from elsewhere is in its conversation, read" {
	server_start
	cat >"$T/other" <<-'END'
		#!/bin/bash
		read -r line
		echo '{"event":"CONNECTED","username":"alice","last_id":1}'
		echo '{"event":"MESSAGE","id":2,"from":"alice","to":"bob","message":"from my desk"}'
		cat >/dev/null
	END
	chmod +x "$T/other"
	PORT=
	SESSION=$T/other listener_start
	login alice
	sees alice '^2 bob +│'
	press alice M-2
	sees alice '<alice> from my desk'
}

# The lines of the screen as the terminal knows them, those it broke in one.
unbroken() {
	tmux_do capture-pane -p -J -t "$1"
}

shows_unbroken() {
	unbroken "$1" | grep -qF -- "$2"
}

@test "Alt-l shows the bare text, with links that the terminal can open" {
	local link
	server_start
	login alice 100 20
	client_login bob
	link=https://example.org/$(seq -s - 60)/end
	say bob "look at $link there"
	say bob 'two\nrows'
	sees alice '<bob> two'
	not shows_unbroken alice "$link"
	press alice M-l
	wait_for shows_unbroken alice "<bob> look at $link there"
	sees alice '^rows$'
	misses alice '│|online'
	# It stays as it is while others talk, whatever size it gets.
	say bob 'meanwhile'
	tmux_do resize-window -t alice -x 60 -y 24
	wait_for shows_unbroken alice "<bob> look at $link there"
	say bob 'psst' alice
	wait_for title_is alice '(2, 1 for you) Chat'
	tmux_do resize-window -t alice -x 100 -y 20
	sees alice '^-- any key goes back --'
	# The key that ends it does nothing else, a paste does.
	type_text alice x
	sees alice 'meanwhile'
	sees alice '^> *$'
	press alice M-l
	sees alice '^-- any key goes back --'
	tmux_do set-buffer -b given -- pasted
	tmux_do paste-buffer -p -r -b given -t alice
	sees alice '^> pasted$'
	# Where one has scrolled to, that is shown.
	press alice C-u
	seq -f '{"command":"MESSAGE","to":"all","message":"line %g."}' 60 |
	    client_raw bob
	sees alice 'line 60\.'
	press alice PPage PPage
	misses alice 'line 40\.'
	press alice M-l
	sees alice '^-- any key goes back --'
	misses alice 'line (40|60)\.'
	sees alice 'line 30\.'
}

@test "/history tells what it brought where that is not shown" {
	server_start
	cat >"$T/old" <<-'END'
		#!/bin/bash
		read -r line
		echo '{"event":"CONNECTED","username":"alice","last_id":9}'
		while read -r line; do
			[[ $line == *HISTORY* ]] || continue
			[[ $line =~ \"ref\":\"([^\"]*)\" ]]
			ref=${BASH_REMATCH[1]} messages=
			[[ $line != *bob* ]] || messages='{"id":7,"from":"bob","to":"alice","message":"old one","timestamp":"2026-11-22T04:38:09.123Z"}'
			[[ $line =~ \"with\":\"([^\"]*)\" ]]
			echo '{"event":"HISTORY","ref":"'"$ref"'","with":"'"${BASH_REMATCH[1]}"'","messages":['"$messages"'],"more":false}'
		done
	END
	chmod +x "$T/old"
	PORT=
	SESSION=$T/old listener_start
	login alice
	type_line alice '/history bob'
	sees alice 'Messages with bob that came: 1\.'
	type_line alice '/history carl'
	sees alice 'There are no messages with carl\.'
	press alice M-2
	sees alice '<bob> old one'
}

@test "a hundred who come push nothing away" {
	local came
	server_start
	cat >"$T/crowd" <<-'END'
		#!/bin/bash
		read -r line
		echo '{"event":"CONNECTED","username":"alice","last_id":1}'
		echo '{"event":"MESSAGE","id":2,"from":"bob","to":"all","message":"read me"}'
		seq -f '{"event":"JOINED","username":"u%g"}' 100
		echo '{"event":"LEFT","username":"u5"}'
		echo '{"event":"LEFT","username":"bob"}'
		cat >/dev/null
	END
	chmod +x "$T/crowd"
	PORT=
	SESSION=$T/crowd listener_start
	login alice
	sees alice 'left: bob'
	sees alice '<bob> read me'
	came=$(screen alice | sed -n '/joined:/,/left: bob/p' | tr -s ' \n│' ' ')
	[[ $came == *'joined: u1, u2, u3, u4, u6, u7, u8, u9, u10, u11 and 89 more · left: bob · came and went: u5 '* ]] ||
	    fail "not so: $came"
	sees alice '99 here'
}

@test "the pictures in docs can be made anew" {
	mkdir "$T/pictures"
	"$ROOT/contrib/screenshots" "$B/bin" "$T/pictures"
	grep -q '&lt;carla>' "$T/pictures/client-talk.svg"
	grep -q 'command>' "$T/pictures/client-talk.svg"
	grep -q 'go to>' "$T/pictures/client-find.svg"
	# Nothing is left of the terminal's sequences.
	not grep -q $'\033' "$T"/pictures/*.svg
	tail -n 1 "$T/pictures/client-find.svg" | grep -qx '</svg>'
}
