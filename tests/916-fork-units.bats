#!/usr/bin/env bats
# bats file_tags=long,alone
#
# chat-fork.socket and chat-fork.service, in the place of chat.socket, under a
# real systemd.

bats_require_minimum_version 1.5.0
load helpers
load box

setup_file() {
	box_up
	[[ -z $CANNOT ]] || return 0
	inside systemctl enable --now chat.socket
	inside systemctl disable --now chat.socket
	inside systemctl enable --now chat-fork.socket
	box_client tests/chat-talk
}

teardown_file() {
	box_down
}

setup() {
	box_setup
}

# All that was said so far.
journal() {
	inside journalctl --sync
	inside journalctl -q -o cat "$@"
}

main_pid() {
	inside systemctl show -P MainPID chat-fork.service
}

@test "the first connection starts the listener, as the user chat" {
	client_login alice
	client_login bob
	say alice hello
	client_expect bob '.message == "hello"'
	assert_eq "$(inside ps -o user= -p "$(main_pid)")" chat
	[[ -z $(inside systemctl list-units --no-legend 'chat@*') ]]
	[[ $(journal CHAT_EVENT=connected CHAT_USER=alice) == *alice* ]]
}

@test "restarting the listener, and the relay, ends nobody" {
	client_login alice
	client_login bob
	before=$(main_pid)
	inside systemctl restart chat-fork.service
	inside systemctl restart chat-notify.service
	client_login carol
	[[ $(main_pid) != "$before" ]]
	say alice still
	client_expect bob '.message == "still"'
	client_expect carol '.message == "still"'
}

@test "a restart with a wrong configuration fails, and another mends it" {
	client_login alice
	inside sh -c 'echo CHAT_RATE=fast >>/etc/chat/chat.conf'
	run inside systemctl restart chat-fork.service
	((status != 0)) || fail 'it was no failure'
	[[ $(journal -u chat-fork CHAT_EVENT=bad_configuration) == \
	    *"CHAT_RATE is 'fast'"* ]]
	inside sed -i '/^CHAT_RATE=fast/d' /etc/chat/chat.conf
	inside systemctl restart chat-fork.service
	client_login bob
	say alice still
	client_expect bob '.message == "still"'
}

@test "stopping it ends nobody either, and the next connection starts it" {
	client_login alice
	inside systemctl stop chat-fork.service
	say alice on
	client_login bob
	say bob here
	client_expect alice '.message == "here"'
}

@test "chat-admin upgrade upgrades its sessions, and the listener" {
	client_login alice
	client_login bob
	before=$(main_pid)
	run -0 inside chat-admin upgrade
	[[ $output == *2* ]]
	[[ $(main_pid) != "$before" ]]
	say alice on
	client_expect bob '.message == "on"'
	[[ $(journal CHAT_EVENT=upgraded CHAT_USER=bob) ]]
}

# What comes in from a TLS end is served.
tls_end_serves() {
	printf '%s\r\n' 'PROXY TCP4 192.0.2.7 192.0.2.1 1234 5556' \
	    '{"command":"CONNECT","username":"dora"}' \
	    '{"command":"DISCONNECT"}' |
	    inside setpriv --reuid chat-tls --regid chat-tls --clear-groups \
	    socat -t 10 - UNIX-CONNECT:/run/chat-tls/session.sock >got
	grep -q '"CONNECTED"' got
}

# Shut the Nth of the listener's sockets for reading, as who shares it could.
socket_shut() {
	# shellcheck disable=SC2016 # they are perl's
	inside perl -e 'my $process = syscall(434, 0 + $ARGV[0], 0);
		my $fd = syscall(438, $process, 2 + $ARGV[1], 0);
		open(my $socket, "+<&=", $fd) or die "no socket: $!";
		shutdown($socket, 0) or die "not shut: $!";' \
	    "$(main_pid)" "$1"
}

# shut_and_renewed N
shut_and_renewed() {
	local pid
	client_login "alice$1"
	pid=$(main_pid)
	socket_shut "$1"
	wait_for serves_anew "$pid"
	say "alice$1" still
	client_login "bob$1"
	client_expect "alice$1" ".event == \"JOINED\" and .username == \"bob$1\""
	tls_end_serves
}

# (Until then there is a moment in which nobody can connect.)
serves_anew() {
	local now
	now=$(main_pid)
	[[ $now != 0 && $now != "$1" &&
	    $(inside systemctl is-active chat-fork.service) == active ]]
}

@test "a socket that somebody has shut down is made anew, and nobody is ended" {
	shut_and_renewed 1
	shut_and_renewed 2
	assert_eq "$(journal -u chat-fork.service |
	    grep -c 'was shut down')" 2 'lines of trouble'
}

@test "what a TLS end hands over comes in, for chat-tls alone" {
	tls_end_serves
	[[ $(journal CHAT_ADDRESS=192.0.2.7) == *dora* ]]
	run ! inside setpriv --reuid nobody --clear-groups \
	    socat -u UNIX-CONNECT:/run/chat-tls/session.sock -
}

@test "300 log in at a time, and nothing is left of them" {
	inside sed -i 's/^#CHAT_RATE=.*/CHAT_RATE=0/' /etc/chat/chat.conf
	nsenter -t "$(<"$BOX/init")" -n "$PROGRAMS/bin/chat-load" \
	    connect --clients 300 127.0.0.1:5555 >load || fail "$(cat load)"
	wait_for no_session_inside
}

no_session_inside() {
	[[ $(inside pgrep -c -x chat-session) == 1 ]]
}

@test "enabled, it is what others call chat.socket" {
	assert_eq "$(inside systemctl show -P Id chat.socket)" chat-fork.socket
	inside systemctl stop chat-fork.socket chat-fork.service
	inside systemctl start chat.socket
	client_login alice
	[[ -z $(inside systemctl list-units --no-legend 'chat@*') ]]
}

@test "the way back is the same" {
	inside systemctl disable --now chat-fork.socket
	inside systemctl stop chat-fork.service
	inside systemctl enable --now chat.socket
	client_login alice
	[[ -n $(inside systemctl list-units --no-legend 'chat@*') ]]
}
