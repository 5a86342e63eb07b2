#!/usr/bin/env bats
# bats file_tags=long,alone
#
# The commands of docs/OPERATIONS.md (but those of its first section, which
# 910-systemd has), each run as it stands there, under a real systemd.

# shellcheck disable=SC2016 # scripts for the inside are quoted as a whole

bats_require_minimum_version 1.5.0
load helpers
load box

setup_file() {
	box_up
	[[ -z $CANNOT ]] || return 0
	inside systemctl enable --now chat.socket
	export DONE=$BATS_FILE_TMPDIR/done
	: >"$DONE"
}

teardown_file() {
	box_down
}

setup() {
	[[ -z $CANNOT ]] || skip "$CANNOT"
	cd "$BATS_TEST_TMPDIR"
}

# The commands below the comment, run as they stand there.
operation() {
	awk -v what="    # $1" '
		$0 == what { on = 1; next }
		on && /^    / { print; next }
		on { exit }' "$ROOT/docs/OPERATIONS.md" >command
	[[ -s command ]] || fail "OPERATIONS.md has no '$1'"
	echo "    # $1" >>"$DONE"
	inside bash -s <command
}

# One message of a user by the client, inside.
says() {
	inside chat-client -u "$1" "${@:3}" --send <<<"$2"
}

@test "messages before, which the rest is about" {
	says operator 'before the backup'
}

@test "open it to others" {
	operation 'Only registered users, and registering needs an invitation'
	run ! says stranger hello
	run -0 operation 'An invitation for three people, valid for a week; its code is shown once'
	[[ -n $output ]]
	run -0 operation 'An account with a password that is made and shown here'
	[[ $(inside chat-admin users list) == *alice*registered* ]]
	run -0 operation 'What listens, and where'
	[[ $output == *127.0.0.1:5555* ]]
	inside sed -i 's/^CHAT_AUTH=.*/CHAT_AUTH=open/' /etc/chat/chat.conf
}

@test "how large" {
	run -0 operation 'How many there are, and what the database holds'
	[[ $output == *messages* ]]
}

unit_of() {
	inside sh -c 'ps -o unit= -p "$(pgrep -nx chat-session)"'
}

heard() {
	inside grep -q "$1" /tmp/heard
}

@test "a unit for each connection, or one listener" {
	# Somebody stays, whatever listens.
	inside sh -c 'chat-client -u stays --tail >/tmp/heard 2>&1 </dev/null &
		echo $! >/tmp/stays' 3>&-
	wait_for inside sh -c 'chat-admin sessions list | grep -q stays'
	operation 'One listener from now on; who is connected stays'
	says operator 'by the listener'
	wait_for heard 'by the listener'
	inside sh -c 'chat-client -u forked --tail >/dev/null 2>&1 </dev/null &
		echo $! >/tmp/forked' 3>&-
	wait_for inside sh -c 'chat-admin sessions list | grep -q forked'
	[[ $(unit_of) == *chat-fork.service* ]]
	operation 'A unit for each again'
	says operator 'by a unit'
	wait_for heard 'by a unit'
	[[ $(inside chat-admin sessions list) == *forked* ]]
	inside sh -c 'kill $(cat /tmp/stays) $(cat /tmp/forked)'
}

@test "back up and restore" {
	operation 'A backup every night, of which the newest seven are kept'
	[[ $(inside systemctl list-timers --no-legend) == *chat-backup.timer* ]]
	operation 'One now'
	run -0 operation 'Which there are; copy them to another machine as well'
	[[ $output == *chat-*Z.db* ]]
	says operator 'after the backup'
	run -0 operation 'Restore the newest backup'
	[[ $output == *sound* ]]
	inside sqlite3 -readonly /var/lib/chat/chat.db 'select body from messages' >have
	assert_eq "$(cat have)" "$(printf '%s\n' 'before the backup' \
	    'by the listener' 'by a unit')"
	lost=$(inside sh -c 'sqlite3 -readonly /var/lib/chat/replaced-*/chat.db \
	    "select max(id) from messages"')
	says operator 'after the restore'
	id=$(inside sqlite3 -readonly /var/lib/chat/chat.db \
	    'select max(id) from messages')
	((id > lost)) || fail "$id was seen before"
	# A second time, what was replaced before is left as it is.
	first=$(inside sh -c 'echo /var/lib/chat/replaced-*')
	inside cp -r "$first" /tmp/first
	run -0 operation 'Restore the newest backup'
	[[ $output == *sound* ]]
	assert_eq "$(inside sh -c 'ls -d /var/lib/chat/replaced-* | wc -l')" 2
	inside diff -r "$first" /tmp/first
	[[ $(inside sqlite3 -readonly /var/lib/chat/chat.db \
	    'select body from messages') != *'after the restore'* ]]
}

@test "keep less" {
	operation 'Keep a year, and remove what is older every night'
	inside grep -qx CHAT_RETENTION_DAYS=365 /etc/chat/chat.conf
	operation 'Do it now'
	run -0 operation 'What it did'
	[[ $output == *'365 days'* ]]
}

@test "upgrade" {
	operation 'After the new programs are in place (the Debian package does this itself)'
}

# The commands of INSTALL.md's part without systemd, and what cron would run.
without_systemd() {
	sed -n '/^Without systemd/,/^In a container/s/^    //p' \
	    "$ROOT/docs/INSTALL.md" >lines
	grep -Ev '^(@reboot|[0-9])' lines >commands
	grep -E '^(@reboot|[0-9])' lines |
	    sed -E 's/^(@reboot|([0-9*]+ ){5}) *root //' >crontab
}

by_cron() {
	inside env -i PATH=/usr/bin:/bin HOME=/root sh -c "$1"
}

@test "without systemd" {
	without_systemd
	assert_eq "$(wc -l <crontab)" 3 lines
	inside systemctl stop chat.socket chat-notify.socket chat-notify
	inside sh -c 'userdel chat; rm -r /run/chat /var/lib/chat'
	inside sh -eux <commands
	assert_eq "$(inside stat -c '%U %a' /var/lib/chat/backup)" 'chat 700'
	by_cron "$(sed -n 1p crontab)" 3>&- &
	wait_for inside test -S /run/chat/notify.sock
	assert_eq "$(inside stat -c %U /run/chat/sessions)" chat
	by_cron "$(sed -n 2p crontab)"
	by_cron "$(sed -n 3p crontab)"
	inside sh -c 'ls /var/lib/chat/backup/chat-*Z.db'
	inside pkill -x chat-notify
	wait
}

# Each comment above a command of the later sections was asked for.
@test "no command was left out" {
	awk '/^## Open it/ { on = 1 } on && /^    # /' \
	    "$ROOT/docs/OPERATIONS.md" | sort >all
	[[ $(wc -l <all) -gt 8 ]]
	assert_eq "$(sort -u "$DONE")" "$(cat all)" 'commands that were run'
}
