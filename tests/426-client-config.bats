#!/usr/bin/env bats
#
# chat-client's configuration file, on the screen and in scripts.

load helpers
load screens

bats_require_minimum_version 1.5.0

setup() {
	screens_setup
	mkdir -p "$T/config/chat"
}

# The configuration is what stdin says.
config() {
	cat >"$T/config/chat/client.conf"
}

@test "server and name are taken from it, unless the command line has them" {
	server_start
	config <<-END
		server = 127.0.0.1:$PORT
		name = alice
	END
	screen_open a 80 24
	sees a "online +alice at 127.0.0.1:$PORT"
	screen_open b 80 24 -u bob
	sees b 'online +bob at'
	echo hello | "$B/bin/chat-client" -u carol --send
	sees a '<carol> hello'
	# Another server is one without this one's TLS.
	config <<-END
		server = 127.0.0.1:1
		tls = yes
		name = dave
	END
	screen_open d 80 24 "127.0.0.1:$PORT"
	sees d 'online +dave at'
}

@test "each wrong line is told, and nothing is done" {
	config <<-'END'
		theme = purple
		bell = no

		bind = Ctrl-1 send
	END
	status=0
	"$B/bin/chat-client" -u a --plain </dev/null 2>errors || status=$?
	assert_eq "$status" 66
	assert_eq "$(cat errors)" \
"chat-client: $T/config/chat/client.conf:1: theme: \"purple\": it takes dark, light or mono
chat-client: $T/config/chat/client.conf:4: bind: \"Ctrl-1\" is no key that can be bound: it is one such as F5, Ctrl-x or Alt-Enter"
	"$B/bin/chat-client" --help >/dev/null
	: | config
	chmod 666 "$T/config/chat/client.conf"
	status=0
	"$B/bin/chat-client" -u a --plain </dev/null 2>errors || status=$?
	assert_eq "$status" 66
	grep -q 'client.conf: has to be a file of yours' errors
	# A directory is none, and nothing waits for a fifo.
	rm "$T/config/chat/client.conf"
	mkfifo "$T/config/chat/client.conf"
	status=0
	"$B/bin/chat-client" -u a --plain </dev/null 2>errors || status=$?
	assert_eq "$status" 66
	rm "$T/config/chat/client.conf"
	head -c 70000 /dev/zero | tr '\0' '#' | config
	status=0
	"$B/bin/chat-client" -u a --plain </dev/null 2>errors || status=$?
	assert_eq "$status" 66
	grep -q 'client.conf: File too large' errors
}

@test "keys are bound anew, and F1 shows them" {
	server_start
	config <<-END
		server = 127.0.0.1:$PORT
		name = alice
		bind = F5 help
		bind = F1 none
		bind = Ctrl-k kill-to-end
	END
	screen_open a 80 24
	sees a 'online'
	type_text a 'one two'
	press a Home M-f C-k
	sees a '^> one$'
	press a F1 F5
	sees a '^Commands'
	press a End
	sees a '^F5 +Show keys'
	sees a '^\(no key\) +Find a conversation'
}

@test "the wheel of the mouse scrolls if it is told to" {
	server_start
	client_login bob
	seq -f '{"command":"MESSAGE","to":"all","message":"line %g."}' 40 |
	    client_raw bob
	client_expect bob '.event == "ACK" and .id == 40'
	config <<-END
		server = 127.0.0.1:$PORT
		name = alice
	END
	screen_open a 80 24
	sees a 'line 40\.'
	assert_eq "$(tmux_do display-message -p -t a '#{mouse_any_flag}')" 0
	echo 'mouse = yes' >>"$T/config/chat/client.conf"
	screen_open c 80 24 -u carol
	sees c 'line 40\.'
	assert_eq "$(tmux_do display-message -p -t c '#{mouse_any_flag}')" 1
	# As a terminal says it: the wheel up, at 5,5, then down.
	screen_lacks c 'line 16\.'
	tmux_do send-keys -t c -l $'\033[M`%%'
	sees c 'line 16\.'
	tmux_do send-keys -t c -l $'\033[Ma%%'
	misses c 'line 16\.'
}

# With the password "correct horse".
alice_is_registered() {
	server_start
	client_login alice
	client_send alice '{"command":"REGISTER","username":"alice","password":"correct horse"}'
	client_expect alice '.event == "REGISTERED"'
	client_close alice
}

@test "password-command gives the password, to its server and name only" {
	alice_is_registered
	cat >"$T/secret" <<-'END'
		#!/bin/sh
		echo x >>ran
		echo "correct horse"
		echo "more than that"
	END
	chmod +x "$T/secret"
	config <<-END
		server = 127.0.0.1:$PORT
		name = alice
		password-command = '$T/secret' now
	END
	screen_open a 80 24
	sees a 'online +alice at'
	assert_eq "$(wc -l <"$T/ran")" 1
	# A token was got with it; the next login needs no password.
	type_line a /quit
	sees a 'status=0'
	echo hello | "$B/bin/chat-client" --send
	assert_eq "$(wc -l <"$T/ran")" 1
	rm -r "$T/state"
	echo hello | "$B/bin/chat-client" --send
	assert_eq "$(wc -l <"$T/ran")" 2
	# Another name, another server: it does not run.
	rm -r "$T/state"
	status=0
	echo hello | "$B/bin/chat-client" --send "127.0.0.1:$PORT" \
	    2>errors || status=$?
	assert_eq "$status" 77
	assert_eq "$(wc -l <"$T/ran")" 2
	echo hello | "$B/bin/chat-client" -u bob --send
	assert_eq "$(wc -l <"$T/ran")" 2
	not grep -r 'correct horse' "$T/log"
}

@test "a password-command that fails is told, and the password asked for" {
	alice_is_registered
	config <<-END
		server = 127.0.0.1:$PORT
		name = alice
		password-command = false
	END
	screen_open a 80 24
	sees a '^ +Password'
	type_line a 'correct horse'
	sees a 'online +alice at'
	sees a 'password-command: false: it'
}

@test "a password-command that Ctrl-C does not end has the terminal to its end" {
	alice_is_registered
	cat >"$T/secret" <<-'END'
		#!/bin/sh
		tail -f --pid=$PPID /dev/null &
		tail=$!
		# (The client gets it as well.)
		trap 'kill $tail' INT
		echo asks >/dev/tty
		wait $tail
		# A client that is stuck in a terminal would end meanwhile.
		timeout 2 tail -f --pid=$PPID /dev/null
		kill -0 $PPID && echo "ends, and is waited for" >/dev/tty
	END
	chmod +x "$T/secret"
	config <<-END
		server = 127.0.0.1:$PORT
		name = alice
		password-command = '$T/secret'
	END
	screen_open a 80 24
	sees a '^asks'
	press a C-c
	sees a 'ends, and is waited for'
	sees a 'status=130'
}

@test "password-command takes nothing of the input" {
	alice_is_registered
	client_login bob
	config <<-END
		server = 127.0.0.1:$PORT
		name = alice
		password-command = sh -c "cat; echo correct horse"
	END
	printf '%s\n' one two | "$B/bin/chat-client" --send
	client_expect bob '.message == "one"'
	client_expect bob '.message == "two"'
}

@test "--insecure does not undo the TLS that it asks for" {
	server_start
	config <<-END
		server = 127.0.0.1:$PORT
		tls = yes
		name = alice
	END
	run --separate-stderr -68 "$B/bin/chat-client" --insecure --send <<<"hello"
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == *'TLS'* ]]
	assert_eq "$(db 'SELECT count(*) FROM messages')" 0
}

@test "notify-command is run without a shell, themes are taken" {
	server_start
	client_login bob
	cat >"$T/tell" <<-'END'
		#!/bin/sh
		printf '%s|' "$@" >told.new && mv told.new told
	END
	chmod +x "$T/tell"
	config <<-END
		server = 127.0.0.1:$PORT
		name = alice
		theme = mono
		notify-command = $T/tell "two words"
	END
	screen_open a 80 24
	sees a online
	say bob '$(date) > x; alice' alice
	wait_for test -e "$T/told"
	[[ $(cat "$T/told") == 'two words|'*'|$(date) > x; alice|' ]]
	if tmux_do capture-pane -e -p -t a | grep -q $'\033\[[0-9;]*3[1-8]'; then
		fail "there are colours"
	fi
	config <<-END
		server = 127.0.0.1:$PORT
		name = lucy
		theme = light
	END
	screen_open lucy 80 24
	sees lucy online
	say bob 'hello lucy'
	sees lucy 'hello lucy'
	# Magenta on a light background, on a dark one it is yellow.
	tmux_do capture-pane -e -p -t lucy | grep 'hello lucy' |
	    grep -q $'\033\[35m'
}

@test "the form asks for server, TLS and name, and whether to register" {
	server_start
	screen_open a 80 24 127.0.0.1:1
	sees a '^ +Server +127\.0\.0\.1:1 *$'
	sees a '^ +TLS +no'
	sees a '^ +Register +no'
	type_line a alice
	sees a 'cannot connect|onnection refused'
	# The server is changed in place, what is wrong with it is said.
	press a Up Up C-u
	type_line a 'a b'
	sees a 'A server is HOST, HOST:PORT'
	press a C-u
	type_text a 127.0.0.1:5555
	press a Tab Space
	sees a 'TLS +yes'
	sees a 'Server +127\.0\.0\.1:5556'
	press a Space
	sees a 'Server +127\.0\.0\.1:5555'
	press a BTab C-u
	type_text a "127.0.0.1:$PORT"
	press a Up
	press a Space
	sees a 'Register +yes'
	press a Enter
	sees a 'Choose a password'
	type_line a 'short'
	sees a 'Again'
	type_line a 'short'
	sees a 'at least 8'
	type_line a 'correct horse'
	type_line a 'correct horse'
	sees a "online +alice at 127.0.0.1:$PORT"
	log_has 'connected user=alice .*by password'
}

@test "a small form shows the line one is in" {
	server_start
	screen_open a 20 6 "127.0.0.1:$PORT"
	sees a 'Server'
	sees a 'Name'
	press a Tab
	sees a 'Register +no'
	press a BTab BTab
	sees a 'TLS +no'
	press a Tab
	type_line a alice
	sees a 'online'
}

@test "a day whose name is no UTF-8 is told in digits" {
	command -v localedef >/dev/null || skip 'localedef is not installed'
	localedef -c -i ja_JP -f EUC-JP "$T/ja_JP" 2>/dev/null ||
	    skip 'there is no source of that locale'
	# (The C library does not give back what it makes of LOCPATH.)
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	server_start
	tmux_do new-session -d -s a -x 80 -y 24 \
	    -e LOCPATH="$T" -e LC_ALL=ja_JP "$B/bin/chat-client -u alice 127.0.0.1:$PORT"
	sees a 'online +alice at'
	type_line a '日曜日'
	sees a '<alice> 日曜日'
	sees a '── 20[0-9]{2}-[0-9]{2}-[0-9]{2} ──'
}
