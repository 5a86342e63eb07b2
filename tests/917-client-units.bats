#!/usr/bin/env bats
# bats file_tags=long,alone
#
# chat-client and the installed units under a real systemd: its screen, and
# itself as a unit.

bats_require_minimum_version 1.5.0
load helpers
load box
load screens

setup_file() {
	box_up
	[[ -z $CANNOT ]] || return 0
	inside systemctl enable --now chat.socket
	box_client bin/chat-client
}

teardown_file() {
	box_down
}

setup() {
	box_setup
	export TZ=UTC XDG_STATE_HOME=$T/state XDG_CONFIG_HOME=$T/config
	unset USER CHAT_USER NO_COLOR TMUX
}

teardown() {
	[[ -z $CANNOT ]] || return 0
	[[ ! -S $T/tmux ]] || screens_close
	[[ -n ${BATS_TEST_COMPLETED:-} ]] ||
	    inside journalctl --no-pager -n 60
	chat_teardown
}

confirmed() {
	sees "$1" "[0-9]{2}:[0-9]{2} <$2> $3\$"
}

@test "people go on talking while units are killed, stopped and started" {
	screen_open alice 80 24
	sees alice 'Enter connects'
	type_line alice alice
	sees alice 'online +alice at 127.0.0.1:5555'
	screen_open bob 40 10 -u bob
	sees bob online
	type_line alice 'one'
	confirmed bob alice one
	type_line bob 'two'
	confirmed alice bob two

	type_text alice 'thr'
	inside systemctl kill -s KILL 'chat@*'
	sees alice 'connection was lost'
	type_line alice 'ee'
	confirmed alice alice three
	confirmed bob alice three

	inside systemctl stop chat.socket 'chat@*' chat-notify.socket chat-notify
	sees alice 'again in [0-9]+ s'
	sees bob 'again in [0-9]+ s'
	type_line alice 'four'
	type_line bob 'five'
	sees alice '--:-- <alice> four'
	sees alice '1 unconfirmed'
	sees bob '--:-- <bob> five'
	inside systemctl start chat.socket
	type_line alice /reconnect
	type_line bob /reconnect
	confirmed alice alice four
	confirmed bob alice four
	confirmed alice bob five

	inside systemctl kill -s KILL chat-notify
	type_line bob 'six'
	confirmed alice bob six
	type_line alice /quit
	sees alice 'status=0'
	type_line bob /quit
	sees bob 'status=0'
	assert_eq "$(inside sqlite3 -readonly /var/lib/chat/chat.db \
	    'SELECT body FROM messages' | sort | tr '\n' ' ')" \
	    'five four one six three two '
}

tail_is() {
	[[ $(inside systemctl show -P "$1" chat-tail) == "$2" ]]
}

tail_restarts() {
	(($(inside systemctl show -P NRestarts chat-tail) >= $1))
}

tail_says() {
	inside journalctl -u chat-tail | grep -Eq -- "$1"
}

tail_is_here() {
	inside sqlite3 -readonly /var/lib/chat/chat.db "SELECT 1 FROM sessions s
	    JOIN users u ON u.id = s.user_id WHERE u.username = 'logger' AND
	    ended_at IS NULL" | grep -q 1
}

# The manual's unit, as this sed(1) expression changes it.
tail_unit() {
	sed -n '/^\[Service\]/,/^\.Ed/{/^\.Ed/!p}' \
	    "$ROOT/chat-client/chat-client.1" | sed "$1" |
	    inside sh -c 'cat >/run/systemd/system/chat-tail.service'
	inside systemctl daemon-reload
}

@test "the unit of the manual follows a talk, whenever the server is there" {
	inside systemctl stop chat.socket
	tail_unit 's/^RestartSec=.*/RestartSec=1/'
	inside systemctl start chat-tail
	wait_for tail_restarts 1
	tail_says 'could not connect to 127.0.0.1:5555: Connection refused'
	inside systemctl start chat.socket
	screen_open alice 80 24 -u alice
	wait_for tail_is_here
	type_line alice 'to whom it may concern'
	wait_for tail_says '<alice> to whom it may concern'
	inside systemctl stop chat-tail
	tail_is Result success
	# Where trying again does not help, it is not tried.
	tail_unit 's/logger/all/'
	not inside systemctl start --wait chat-tail
	tail_is ExecMainStatus 64
	tail_is NRestarts 0
	tail_is ActiveState failed
	inside systemctl reset-failed chat-tail
}
