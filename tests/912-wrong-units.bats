#!/usr/bin/env bats
# bats file_tags=alone
#
# What an administrator gets wrong, under a real systemd (box): it is said once,
# fills no journal, and when it is mended service is there by itself.

# shellcheck disable=SC2016 # scripts for the inside are quoted as a whole

bats_require_minimum_version 1.5.0
load helpers
load box

setup_file() {
	box_up
	[[ -z $CANNOT ]] || return 0
	inside systemctl enable --now chat.socket
	box_client tests/chat-talk
}

teardown_file() {
	box_down
}

setup() {
	box_setup
	BEGIN=@$EPOCHREALTIME
}

# Whatever a test did, all is as before for the next.
teardown() {
	[[ -z $CANNOT ]] || return 0
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || inside journalctl --no-pager -n 60
	inside rm -rf /etc/chat/chat.conf
	inside cp "$ROOT/contrib/chat.conf" /etc/chat/chat.conf
	chat_teardown
}

# said PATTERN [OPTION...]: how many entries of this test's journal have it.
said() {
	local pattern=$1
	shift
	inside journalctl --sync
	inside journalctl -q -o cat --since="$BEGIN" "$@" |
	    grep -c -- "$pattern" || :
}

# What the relay's unit says of itself in a line.
status_is() {
	[[ $(inside systemctl show -P StatusText chat-notify.service) == $1 ]]
}

waits_for_mending() {
	status_is "Relays nothing until the configuration is changed: $1"
}

relays() {
	status_is '[0-9]* sessions of *'
}

# Everything between two clients, in both directions.
two_talk() {
	client_login alice
	client_login bob
	say alice hello
	client_expect bob '.message == "hello"'
}

@test "a wrong value is said once by a restarted relay, which then waits for another" {
	two_talk
	inside sh -c 'echo CHAT_RATE=fast >>/etc/chat/chat.conf'
	run inside systemctl restart chat-notify.service
	((status != 0)) || fail 'the restart was no failure'
	wait_for waits_for_mending "CHAT_RATE is 'fast': *"
	# Who is connected goes on, without the relay.
	say alice 'slowly'
	client_expect bob '.message == "slowly"'
	# Who comes new is told, by the program of that connection.
	client_open carol
	client_error carol INTERNAL
	client_closed carol
	assert_eq "$(said 'bad_configuration' -t chat-notify)" 1
	assert_eq "$(inside systemctl show -P NRestarts chat-notify.service)" 1 \
	    restarts
	[[ -z $(inside systemctl --failed --no-legend --plain) ]]
	# Asked again, it says so again.
	run inside systemctl restart chat-notify.service
	((status != 0)) || fail 'the second restart was no failure'
	wait_for waits_for_mending "CHAT_RATE is 'fast': *"
	assert_eq "$(said 'bad_configuration' -t chat-notify)" 2
	# Mended, it relays, without being asked.
	inside sed -i '/^CHAT_RATE=fast/d' /etc/chat/chat.conf
	wait_for relays
	say alice 'quickly'
	client_expect bob '.message == "quickly"'
	assert_eq "$(said 'bad_configuration' -t chat-notify)" 2
}

@test "a relay that waits for a right value ends when it is told to, and for a restart" {
	two_talk
	inside sh -c 'echo CHAT_RATE=fast >>/etc/chat/chat.conf'
	run inside systemctl restart chat-notify.service
	wait_for waits_for_mending '*'
	inside sed -i '/^CHAT_RATE=fast/d' /etc/chat/chat.conf
	inside systemctl restart chat-notify.service
	wait_for relays
	assert_eq "$(inside systemctl is-active chat-notify.socket)" active
}

@test "a directory of sockets that is not its socket's is said once as well" {
	client_login alice
	inside sh -c 'echo CHAT_RUNTIME_DIR=/run/elsewhere >>/etc/chat/chat.conf
		install -d -o chat /run/elsewhere'
	run inside systemctl restart chat-notify.service
	((status != 0)) || fail 'the restart was no failure'
	wait_for waits_for_mending 'was handed something else *'
	assert_eq "$(said 'bad_configuration' -t chat-notify)" 1
	id=$(inside systemctl show -P InvocationID chat-notify.service)
	inside systemctl stop chat-notify.service
	# (Alice may have had the next one started by now.)
	assert_eq "$(said 'Deactivated successfully' "INVOCATION_ID=$id")" 1
	run inside systemctl restart chat-notify.service
	wait_for waits_for_mending 'was handed something else *'
	inside sed -i '/^CHAT_RUNTIME_DIR/d' /etc/chat/chat.conf
	inside rm -r /run/elsewhere
	wait_for relays
	assert_eq "$(said 'started: .*/run/elsewhere' -t chat-notify)" 0
	say alice 'all is well'
}

@test "a runtime directory that is gone is said once, and waited for" {
	client_login alice
	inside mv /run/chat /run/away
	inside systemctl restart chat-notify.service
	status_is 'Waits for /run/chat: Permission denied'
	# It ends when it is told to, and the next one waits as well.
	inside systemctl restart chat-notify.service
	assert_eq "$(inside systemctl show -P NRestarts chat-notify.service)" 0
	assert_eq "$(said 'runtime directory /run/chat' -t chat-notify)" 2
	inside mv /run/away /run/chat
	wait_for relays
	say alice 'all is well'
}

@test "a file without end is refused, and takes no memory" {
	client_login alice
	inside ln -sf /dev/zero /etc/chat/chat.conf
	client_open bob
	client_error bob INTERNAL
	client_closed bob
	run inside systemctl restart chat-notify.service
	((status != 0)) || fail 'the restart was no failure'
	wait_for waits_for_mending '/etc/chat/chat.conf has more than 65536 bytes'
	inside rm /etc/chat/chat.conf
	wait_for relays
}

@test "a file that only root may read is one that systemd reads for all" {
	inside sh -c 'echo CHAT_MESSAGE_MAX_SIZE=10 >>/etc/chat/chat.conf
		chmod 600 /etc/chat/chat.conf'
	inside systemctl restart chat-notify.service
	client_login alice
	client_send alice '{"command":"MESSAGE","to":"all","message":"12345678901"}'
	client_error alice TOO_LARGE '.limit == 10'
}

# It waits for time to pass (clock_nanosleep(2), on x86-64 and elsewhere).
settles() {
	local pid
	pid=$(inside systemctl show -P MainPID "$1")
	[[ $pid != 0 ]] && inside grep -Eq '^(230|115) ' "/proc/$pid/syscall"
}

@test "what a unit ended by is among its entries, however busy the journal is" {
	local unit journald
	inside systemctl disable --now chat.socket
	inside systemctl enable --now chat-fork.socket
	inside systemctl stop chat-notify.service
	inside sh -c 'echo CHAT_RATE=fast >>/etc/chat/chat.conf'
	journald=$(inside systemctl show -P MainPID systemd-journald.service)
	for unit in chat-fork.service chat-notify.service; do
		inside kill -STOP "$journald"
		inside systemctl --no-block start "$unit"
		wait_for settles "$unit" || inside kill -CONT "$journald"
		inside kill -CONT "$journald"
		wait_for found_of "$unit"
	done
	inside systemctl disable --now chat-fork.socket chat-fork.service
	inside systemctl stop chat-notify.service
	inside systemctl reset-failed
	inside systemctl enable --now chat.socket
}

found_of() {
	(($(said "CHAT_RATE is 'fast'" -u "$1") == 1))
}

listener_is() {
	[[ $(inside systemctl is-active chat-fork.service) == "$1" ]]
}

@test "a forking listener with a wrong value tells each client, once each, and is there again" {
	local i
	inside systemctl disable --now chat.socket
	inside systemctl enable --now chat-fork.socket
	two_talk
	inside sh -c 'echo CHAT_RATE=fast >>/etc/chat/chat.conf'
	run inside systemctl restart chat-fork.service
	((status != 0)) || fail 'the restart was no failure'
	assert_eq "$(said 'bad_configuration' -t chat-session)" 1
	for i in 1 2 3; do
		wait_for listener_is failed
		client_open "new$i"
		client_error "new$i" INTERNAL
		client_closed "new$i"
	done
	wait_for listener_is failed
	# For each of the three the listener's, and that of who told the client.
	assert_eq "$(said 'bad_configuration' -t chat-session)" 7
	assert_eq "$(inside systemctl is-active chat-fork.socket)" active
	say alice 'still here'
	client_expect bob '.message == "still here"'
	inside sed -i '/^CHAT_RATE=fast/d' /etc/chat/chat.conf
	client_login carol
	client_expect alice '.event == "JOINED" and .username == "carol"'
	listener_is active
	inside systemctl disable --now chat-fork.socket chat-fork.service
	inside systemctl enable --now chat.socket
}

# operation COMMENT: the output of the command of OPERATIONS.md below it.
operation() {
	awk -v what="    # $1" '
		$0 == what { on = 1; next }
		on && /^    / { print; next }
		on { exit }' "$ROOT/docs/OPERATIONS.md" >command
	[[ -s command ]] || fail "OPERATIONS.md has no '$1'"
	inside bash -s <command
}

@test "a backup that cannot be made is an error in the journal, and found as one" {
	two_talk
	inside mv /var/lib/chat/backup /var/lib/chat/away
	run inside systemctl start chat-backup.service
	((status != 0)) || fail 'it was no failure'
	assert_eq "$(said 'cannot make /var/lib/chat/backup/.*No such file' \
	    -p err -t chat-admin)" 1
	[[ $(operation 'Warnings and worse, also of what timers start') == \
	    *"chat-admin: cannot make"* ]]
	[[ $(operation "What has failed and stands still, such as last night's backup") == \
	    *chat-backup.service* ]]
	# Mended, nothing is left of it.
	inside mv /var/lib/chat/away /var/lib/chat/backup
	inside systemctl start chat-backup.service
	[[ -z $(inside systemctl --failed --no-legend --plain) ]]
	assert_eq "$(said 'is sound' -p err)" 0
	assert_eq "$(said 'is sound' -t chat-admin)" 1
}
