#!/usr/bin/env bats
#
# What one writes on chat-client's screen: commands and their help, keys.

load helpers
load screens

bats_require_minimum_version 1.5.0

setup() {
	chat_setup
	export TZ=UTC CHAT_BCRYPT_COST=4 XDG_STATE_HOME=$T/state \
	    XDG_CONFIG_HOME=$T/config
	unset USER CHAT_USER NO_COLOR TMUX
}

teardown() {
	[[ ! -S $T/tmux ]] || screens_close
	chat_teardown
}

# Open a screen and log in.
login() {
	screen_open "$1" "${2:-80}" "${3:-24}" -u "$1" "127.0.0.1:$PORT"
	sees "$1" 'online'
}

stored() {
	[[ $(db "SELECT body FROM messages ORDER BY id") == "$1" ]]
}

@test "F1 shows keys and commands on a page that scrolls" {
	server_start
	login alice
	type_text alice half
	press alice F1
	sees alice '^Commands'
	sees alice '^/msg NAME TEXT +Say something'
	sees alice 'Keys and commands: 1-23 of [0-9]+ lines'
	press alice NPage
	misses alice '^Commands'
	sees alice '^Enter, Ctrl-j +Send the line'
	press alice End
	sees alice '^Ctrl-c +Close'
	press alice Up Up
	misses alice '^Ctrl-c'
	press alice Home
	sees alice '^Commands'
	# What is typed meanwhile goes nowhere; resizing breaks it anew.
	type_text alice zzz
	tmux_do resize-window -t alice -x 30 -y 8
	sees alice '^    Say something'
	tmux_do resize-window -t alice -x 80 -y 24
	press alice Escape
	sees alice '^> half$'
	type_line alice ''
	type_line alice /help
	sees alice '^Commands'
	press alice C-c
	sees alice 'online'
}

@test "each command has help, and a wrong one says what was meant" {
	server_start
	login alice
	type_line alice '/help history'
	sees alice -- '-- /history \[NAME\] \[N\]'
	sees alice 'The last N messages to everybody'
	type_line alice /hsitory
	sees alice 'no such command: did you mean /history\?'
	type_line alice /nick
	sees alice 'usage: /nick NAME \(more: /help nick\)'
	type_line alice '//help is a text'
	sees alice '<alice> /help is a text'
}

@test "the prompt tells a command from a text, and from none" {
	server_start
	login alice
	type_text alice /qui
	sees alice '^command> /qui$'
	type_text alice x
	sees alice '^no command> /quix$'
	press alice C-u
	type_text alice '//quix'
	sees alice '^> //quix$'
}

@test "/query opens a conversation, /close closes it" {
	server_start
	client_login bob
	login alice
	type_line alice '/query bob hello you'
	client_expect bob '.message == "hello you" and .to == "bob"'
	type_line alice 'and again'
	client_expect bob '.message == "and again" and .to == "bob"'
	type_line alice /close
	type_line alice 'to everybody'
	client_expect bob '.message == "to everybody" and .to == "all"'
	type_line alice /close
	sees alice 'conversation with everybody stays'
	type_line alice '/whois bob'
	sees alice '-- bob is here\.'
	type_line alice '/whois carol'
	sees alice '-- carol is not here, and not among'
}

@test "/search-local finds in all conversations" {
	server_start
	client_login bob
	login alice
	say bob 'The Needle is here'
	say bob 'a needle in private' alice
	say bob 'only hay'
	sees alice 'only hay'
	type_line alice '/search-local needle'
	sees alice '^everybody +.*<bob> The Needle is here'
	sees alice '^bob +.*<bob> a needle in private'
	screen_lacks alice 'only hay'
	sees alice 'What was found: 1-2 of 2 lines'
	press alice q
	sees alice 'only hay'
	type_line alice '/search-local straw'
	sees alice 'Nothing that came in so far holds that'
}

@test "/register and /password ask without showing, and /nick asks for it" {
	server_start
	login alice
	type_line alice /register
	sees alice '^New password: *$'
	type_text alice 'correct horse'
	sees alice '^New password: \*{13}$'
	press alice Enter
	sees alice '^The same again: *$'
	type_line alice 'correct hoarse'
	sees alice 'two different passwords'
	type_line alice 'correct horse'
	sees alice '^The same again'
	type_line alice 'correct horse'
	sees alice '^Invitation, or nothing'
	press alice Enter
	sees alice 'the name is registered now'
	type_line alice /password
	sees alice '^Old password'
	type_line alice 'wrong horse'
	type_line alice 'another horse'
	type_line alice 'another horse'
	sees alice 'the password was not changed: AUTH_FAILED'
	type_line alice /password
	type_line alice 'correct horse'
	type_line alice 'another horse'
	type_line alice 'another horse'
	sees alice 'the password is changed'
	# Giving up leaves the line as it was.
	type_text alice /password
	press alice Enter
	sees alice '^Old password'
	type_text alice secret
	press alice C-c
	sees alice '^> *$'
	type_line alice '/nick carol'
	sees alice 'online +carol at'
	type_line alice '/nick alice'
	sees alice 'online +alice at'
	rm "$T/state/chat/tokens"
	type_line alice '/nick carol'
	sees alice 'online +carol at'
	type_line alice '/nick alice'
	sees alice '^ +Password *$'
	type_line alice 'another horse'
	sees alice 'online +alice at'
	tmux_do capture-pane -p -t alice -S - >everything
	not grep -rq 'horse' everything "$T/log/screen.alice"
}
