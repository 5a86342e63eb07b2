#!/usr/bin/env bats
#
# What one writes on chat-client's screen: commands and their help, keys.

load helpers
load screens

bats_require_minimum_version 1.5.0

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
	sees alice 'Escape closes.* Keys and commands: 1-23 of [0-9]+ lines'
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
	sees alice '^ Escape closes: 1-7 of [0-9]+ *$'
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
	sees alice '-- /history \[NAME\] \[N\]'
	sees alice 'The last N messages to everybody'
	type_line alice /hsitory
	sees alice 'no command /hsitory: did you mean /history\?'
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
	# (Of which day it is, too.)
	sees alice "^everybody +$(date +%Y-%m-%d) [0-9:]{8} <bob> The Needle is here"
	sees alice '^bob +.*<bob> a needle in private'
	misses alice 'only hay'
	sees alice 'What was found: 1-2 of 2 lines'
	press alice q
	say bob 'ÜBER ÉTÉ'
	sees alice 'ÜBER'
	type_line alice '/search-local über été'
	sees alice '^everybody +.*<bob> ÜBER ÉTÉ'
	press alice q
	sees alice 'only hay'
	type_line alice '/search-local straw'
	sees alice 'Nothing that came in so far holds that'
	# The last 1000 lines are shown, no more.
	seq -f 'straw %g' 1005 |
	    "$B/bin/chat-client" -u carl --send "127.0.0.1:$PORT" 3>&-
	sees alice 'straw 1005'
	type_line alice '/search-local straw'
	sees alice 'What was found: .* of 1000 lines'
	sees alice '<carl> straw 1005$'
	press alice Home
	sees alice '^everybody +.*<carl> straw 6$'
	screen_lacks alice 'straw 5$'
}

@test "who is asked for a password is told why" {
	CHAT_AUTH=required server_start
	screen_open alice 80 24 -u alice "127.0.0.1:$PORT"
	sees alice 'this server admits registered'
	sees alice 'Password *$'
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
	sees alice '^Invitation or none'
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
	type_line alice /register
	sees alice '^New password'
	type_text alice secret
	press alice Escape
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

@test "/nick does not leave for a name that is another's" {
	server_start
	client_login bob
	client_login carl
	login alice
	say bob 'in private' alice
	sees alice '2 bob +@1'
	type_line alice '/nick carl'
	sees alice 'carl is online already'
	press alice C-c
	type_line alice '/nick BOB'
	sees alice 'bob is online already. If that name is yours'
	sees alice '^command> /nick BOB$'
	press alice C-c
	type_line alice 'still here'
	client_expect bob '.message == "still here"'
	sees alice '2 bob +@1'
	# Who insists goes, and is told.
	type_line alice '/nick bob'
	sees alice 'USERNAME_TAKEN: bob is online already'
}

# Paste a text, as a terminal does it.
paste() {
	tmux_do set-buffer -b given -- "$2"
	tmux_do paste-buffer -p -r -b given -t "$1"
}

@test "a text can have several rows, and the place to write grows" {
	server_start
	client_login bob
	login alice
	type_text alice 'first'
	press alice M-Enter
	type_text alice 'second'
	press alice M-Enter Up Up
	type_text alice '!'
	sees alice '^> !first$'
	sees alice '^  second$'
	press alice Enter
	client_expect bob '.message == "!first\nsecond\n"'
	misses alice '^  second$'
	press alice Up
	sees alice '^  second$'
}

@test "a paste of several lines is shown, and sent when that is wanted" {
	server_start
	client_login bob
	login alice
	paste alice $'one line\n'
	sees alice '^> one line$'
	press alice C-u
	paste alice $'/quit\nis what\nI typed\n'
	sees alice 'Send 3 lines \(21 bytes\)\? s: send, e: edit, Escape: cancel'
	sees alice '> /quit$'
	sees alice 'I typed$'
	# On a narrow screen as well, in fewer words.
	tmux_do resize-window -t alice -x 40 -y 10
	sees alice '^3 lines\? s: send, e: edit, Esc: cancel'
	tmux_do resize-window -t alice -x 80 -y 24
	# It is drawn anew, and nothing else is done meanwhile.
	press alice C-l
	type_text alice x
	press alice Up F1
	sees alice 'Send 3 lines'
	type_text alice s
	client_expect bob '.message == "/quit\nis what\nI typed"'
	type_text alice 'before '
	paste alice $'a\nb'
	sees alice 'Send 2 lines'
	type_text alice e
	misses alice 'Send 2 lines'
	type_text alice '!'
	press alice Enter
	client_expect bob '.message == "before a\nb!"'
	type_text alice 'kept'
	paste alice $'x\ny\nz'
	sees alice 'Send 3 lines'
	press alice Escape
	misses alice 'Send 3 lines'
	sees alice '^> kept$'
	# Two in a row are one text, and no command.
	press alice C-u
	paste alice $'/etc\n/usr\n'
	sees alice 'Send 2 lines'
	paste alice $'\n/var\n'
	sees alice 'Send 3 lines'
	type_text alice s
	client_expect bob '.message == "/etc\n/usr\n/var"'
	# So they are when the second has one line, or none that fits.
	type_text alice 'kept'
	paste alice $'x\ny'
	paste alice 'z'
	sees alice '^  yz$'
	sees alice 'Send 2 lines'
	printf '%65536s' '' >"$T/long"
	tmux_do load-buffer "$T/long"
	tmux_do paste-buffer -p -t alice
	sees alice 'Not pasted'
	sees alice 'Send 2 lines'
	press alice Escape
	misses alice 'Send 2 lines'
	sees alice '^> kept$'
	# A key in it is none, and ends nothing.
	press alice C-u
	paste alice $'a\x03b\x1b[Ac\x0bd'
	sees alice '^> ab.*cd$'
}

@test "a paste whose end is lost ends by itself, and takes no more keys" {
	server_start
	client_login bob
	login alice
	type_text alice $'\e[200~one\rtwo'
	sees alice 'Send 2 lines \(7 bytes\)\? s: send'
	type_text alice e
	misses alice 'Send 2 lines'
	type_text alice '!'
	press alice Enter
	client_expect bob '.message == "one\ntwo!"'
	# What comes of an end means nothing.
	type_text alice $'three\e[201~'
	press alice Enter
	client_expect bob '.message == "three"'
	# One that says it ends, but does not.
	type_text alice $'\e[200~four\e[20'
	sees alice '^> four$'
	type_line alice '!'
	client_expect bob '.message == "four!"'
}

@test "a letter may come in pieces, and a byte that is none takes nothing along" {
	server_start
	client_login bob
	login alice
	type_text alice 'caf'
	press alice -H c3
	say bob 'meanwhile'
	sees alice meanwhile
	press alice -H a9
	type_line alice ' noir, au comptoir'
	client_expect bob '.message == "café noir, au comptoir"'
	# Of another one only the beginning comes, or it is in Latin-1.
	press alice -H c3 61 e2 82 c3 a9 e9 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f 70 71 72 0d
	client_expect bob '.message == "aébcdefghijklmnopqr"'
}

@test "another size in the middle of a paste is no part of it" {
	server_start
	login alice
	type_text alice $'\e[200~one'
	tmux_do resize-window -t alice -x 100 -y 24
	# The users have room now.
	sees alice '│\*alice'
	type_text alice $'two\e[201~'
	sees alice '^> onetwo$'
}

@test "what is too long is said before it is sent" {
	export CHAT_MESSAGE_MAX_SIZE=40
	server_start
	login alice
	type_text alice 'twenty-nine bytes are not yet'
	sees alice 'are not yet'
	screen_lacks alice '/40'
	type_text alice ', 42 are over'
	sees alice ' 42/40$'
	press alice Enter
	sees alice 'Not sent: the text has 42 bytes, the server takes 40'
	sees alice '^> twenty-nine bytes are not yet, 42 are over'
	press alice C-w C-w Enter
	sees alice '<alice> twenty-nine bytes are not yet, 42'
	paste alice $'a paste of two lines\nthat is over the limit'
	sees alice 'Too long: 43 bytes of 40\. e: edit, Escape: cancel'
	tmux_do resize-window -t alice -x 40 -y 10
	sees alice '^43 of 40 bytes! e: edit, Esc: cancel'
	tmux_do resize-window -t alice -x 80 -y 24
	type_text alice s
	sees alice 'Not sent: the text has 43 bytes'
	press alice C-c
	# What is said to one user can be as long, and is kept whole, too.
	type_line alice '/msg alice 0123456789012345678901234567890123456789+'
	sees alice 'the text has 41 bytes'
	sees alice '^command> /msg alice 0123'
}

@test "Tab completes names and commands, Ctrl-R finds earlier lines" {
	server_start
	client_login bill
	client_login bob
	login alice
	say bob 'I spoke'
	say bill 'so did I'
	sees alice 'so did I'
	type_text alice b
	press alice Tab
	sees alice '^> bill:'
	press alice Tab
	sees alice '^> bob:'
	press alice BTab
	sees alice '^> bill:'
	type_line alice 'hello'
	client_expect bob '.message == "bill: hello"'
	type_text alice /wh
	press alice Tab
	type_text alice bo
	press alice Tab Enter
	sees alice 'bob is here'
	press alice C-r
	sees alice 'earlier lines: ""'
	type_text alice hel
	sees alice '^> bill: hello'
	type_text alice zz
	sees alice 'no earlier line with "helzz"'
	press alice BSpace BSpace Enter
	misses alice 'earlier line'
	type_line alice ' again'
	client_expect bob '.message == "bill: hello again"'
	type_text alice draft
	press alice C-r
	type_text alice hello
	sees alice '^> bill: hello again'
	press alice Escape
	sees alice '^> draft$'
	# Where it is in a long line is in sight.
	press alice C-u
	type_line alice "needle $(seq -s ' ' 60)"
	press alice C-r
	type_text alice needle
	sees alice '^> needle 1 2 '
	press alice Enter
	sees alice '^> .* 59 60$'
	misses alice '^> needle'
}

@test "what was killed can be undone and yanked, older kills too" {
	server_start
	login alice
	type_text alice 'one two'
	press alice C-w
	sees alice '^> one$'
	press alice C-_
	sees alice '^> one two$'
	press alice M-_
	sees alice '^> one$'
	press alice C-u C-y M-y
	sees alice '^> two$'
	press alice M-k Home M-k
	misses alice two
}
