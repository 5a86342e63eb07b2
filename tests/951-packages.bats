# bats file_tags=long,alone
#
# The Debian packages: built in one fresh Debian; installed, upgraded, removed
# and purged in another, which a real systemd has booted (box).  DEBIAN_SUITE
# chooses which.

# shellcheck disable=SC2016 # scripts for the inside are quoted as a whole

bats_require_minimum_version 1.5.0
load helpers
load box

trees() {
	local debian=$ROOT/build/debian/${DEBIAN_SUITE:-bookworm}
	fresh make "$debian" &&
	fresh keep "$debian" "$debian-deb" \
	    sh -c 'sh contrib/setup && apt-get -y --no-install-recommends \
	    install build-essential debhelper lintian' &&
	fresh keep "$debian" "$debian-systemd" sh -c 'apt-get update &&
	    apt-get -y --no-install-recommends install systemd-sysv dbus' &&
	# Two releases, of which the second has another chat.conf as well.
	fresh run "$debian-deb" sh -euc '{
		export DEB_BUILD_OPTIONS=nocheck
		mkdir /root/debs
		make deb
		lintian --fail-on error --allow-root build/deb/*.changes
		mv build/deb /root/debs/old
		sed -i "1s/(0.1.0)/(0.1.1)/" contrib/debian/changelog
		echo "# Something new." >>contrib/chat.conf
		make deb VERSION=0.1.1
		mv build/deb /root/debs/new
		} >&2; cd /root/debs; exec tar -cf - old/*.deb new/*.deb' \
	    >"$BATS_FILE_TMPDIR/debs.tar" &&
	# (What they depend on is fetched here, the box has no network.)
	fresh keep "$debian-systemd" "$BATS_FILE_TMPDIR/debian" sh -euc '
		mkdir /root/debs
		tar -C /root/debs -xf -
		rm /root/debs/*/*-dbgsym_*
		apt-get -y --no-install-recommends --download-only install \
		    /root/debs/old/*.deb sqlite3 procps iproute2' \
	    <"$BATS_FILE_TMPDIR/debs.tar"
}

fresh() {
	"$ROOT/tests/fresh-debian" "$@" 3>&-
}

setup_file() {
	local status=0 log=$BATS_FILE_TMPDIR/log
	trees >"$log" 2>&1 </dev/null || status=$?
	if [[ $status -eq 77 ]]; then
		CANNOT=$(tail -n 1 "$log")
		export CANNOT
		return 0
	fi
	[[ $status -eq 0 ]] || { tail -n 50 "$log"; return 1; }
	export BOX_ROOT=$BATS_FILE_TMPDIR/debian/tree
	box_boot
	[[ -z $CANNOT ]] || return 0
	inside sh -c 'apt-get -y --no-install-recommends install sqlite3 procps iproute2'
	box_client tests/chat-talk
}

teardown_file() {
	box_down
	rm -rf "$BATS_FILE_TMPDIR/debian"
}

# Each test goes on where the one before ended.
setup() {
	box_setup
}

teardown() {
	[[ -z $CANNOT ]] || return 0
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || inside journalctl --no-pager -n 40
	chat_teardown
}

# apt-get, without a question; the box's own shell expands patterns.
apt() {
	run inside sh -c "DEBIAN_FRONTEND=noninteractive exec apt-get -y \
	    --no-install-recommends \
	    -o Dpkg::Options::=--force-confold $*"
	((status == 0)) || fail "$output"
}

version() {
	inside dpkg-query -W -f '${Version}' chat-server
}

failed_units() {
	inside systemctl --failed --no-legend --plain
}

no_connections() {
	[[ -z $(inside systemctl list-units --all --no-legend --plain 'chat@*') ]]
}

texts() {
	inside sqlite3 -readonly /var/lib/chat/chat.db \
	    'select body from messages order by id' | xargs
}

@test "installed, it serves this machine, and only that needs no decision" {
	inside sh -c 'find / -xdev -path /proc -prune -o -name "*chat*" -print' \
	    >"$BATS_FILE_TMPDIR/before"
	apt install '/root/debs/old/*.deb'
	assert_eq "$(version)" 0.1.0
	assert_eq "$(inside systemctl is-enabled chat.socket)" enabled
	client_login alice
	client_login bob
	say alice first
	client_expect bob '.message == "first"'
	run inside sh -c 'echo hello | chat-client -u carla --send'
	assert_eq "$status" 0 "status of chat-client"
	client_expect bob '.message == "hello" and .from == "carla"'
	inside chat-admin check
	assert_eq "$(inside ss -Htln | awk '{ print $4 }')" 127.0.0.1:5555 \
	    "who listens"
	run inside systemctl is-enabled chat-tls.service chat-backup.timer
	assert_eq "$(xargs <<<"$output")" "disabled disabled"
	assert_eq "$(failed_units)" "" "failed units"
	[[ $(inside journalctl --list-catalog) == *' Chat'* ]]
}

# Names of PACKAGE's files in DIRECTORY.
files_in() {
	inside dpkg -L "$1" | sed -n "s,^$2/,,p" | sort | xargs
}

@test "each package has its own programs, and what completes their names" {
	local client=chat-client server='chat-admin chat-metrics'
	local completions=/usr/share/bash-completion/completions
	assert_eq "$(files_in chat-client /usr/bin)" "$client"
	assert_eq "$(files_in chat-client "$completions")" "$client"
	assert_eq "$(files_in chat-client /usr/share/man/man1)" "$client.1.gz"
	assert_eq "$(files_in chat-server /usr/sbin)" "$server"
	assert_eq "$(files_in chat-server "$completions")" "$server"
	assert_eq "$(files_in chat-server /usr/bin)" 'chat-load chat-notify'
}

@test "upgraded, it keeps connections and a changed configuration" {
	local old
	client_login alice
	client_login bob
	say alice second
	client_expect bob '.message == "second"'
	old=$(inside systemctl show -P MainPID chat-notify.service)
	inside sh -c 'echo CHAT_BURST=40 >>/etc/chat/chat.conf'
	inside cp /etc/chat/chat.conf /root/changed
	apt install '/root/debs/new/*.deb'
	assert_eq "$(version)" 0.1.1
	[[ $(inside chat-client --version) == *0.1.1* ]]
	# Nobody left, nothing is lost, and the relay is the new one.
	say alice third
	client_expect bob '.message == "third"'
	client_none bob '.event == "LEFT" or .event == "JOINED"'
	(($(inside systemctl show -P MainPID chat-notify.service) != old))
	inside cmp /etc/chat/chat.conf /root/changed
	inside grep -qx '# Something new.' /etc/chat/chat.conf.dpkg-dist
	assert_eq "$(failed_units)" "" "failed units"
}

@test "upgraded, it lets a disabled chat.socket be" {
	inside systemctl disable --now chat.socket
	apt install --reinstall '/root/debs/new/chat-server_*.deb'
	run inside systemctl is-enabled chat.socket
	assert_eq "$output" disabled
	inside systemctl enable --now chat.socket
}

@test "upgraded with a wrong configuration, it says what is left to do" {
	client_login alice
	inside sh -c 'echo CHAT_RATE=fast >>/etc/chat/chat.conf'
	apt install --reinstall '/root/debs/new/chat-server_*.deb'
	[[ $output == *"CHAT_RATE is 'fast'"*'run "chat-admin upgrade"'* ]]
	inside sed -i '/^CHAT_RATE=fast/d' /etc/chat/chat.conf
	[[ $(inside chat-admin upgrade) == *' 1 upgraded, 0 refused,'* ]]
	client_send alice '{"command":"PING"}'
	client_expect alice '.event == "PONG"'
}

@test "removed and installed again, the listener that was enabled listens" {
	inside systemctl disable --now chat.socket
	inside systemctl enable --now chat-fork.socket
	apt remove chat-server
	apt install '/root/debs/new/chat-server_*.deb'
	client_login alice
	assert_eq "$(inside systemctl is-active chat-fork.service)" active
	assert_eq "$(failed_units)" "" "failed units"
	inside systemctl kill chat-fork.service
	client_closed alice
	inside systemctl disable --now chat-fork.socket
	inside systemctl enable --now chat.socket
}

@test "removed, it tells its clients, and keeps database and configuration" {
	client_login alice
	apt remove chat-server
	client_error alice SHUTDOWN
	client_closed alice
	assert_eq "$(texts)" 'first hello second third'
	inside cmp /etc/chat/chat.conf /root/changed
	run inside pgrep -a chat
	assert_eq "$output" "" "processes"
	wait_for no_connections
	inside test ! -e /run/chat
	# Installed again, it goes on with them.
	apt install '/root/debs/new/chat-server_*.deb'
	client_open alice
	client_login alice '"history":9'
	client_expect alice '.event == "HISTORY" and (.messages | length) == 4'
	inside cmp /etc/chat/chat.conf /root/changed
}

@test "purged, it leaves no file and no session, of the forking listener neither" {
	inside systemctl enable --now chat-backup.timer
	inside systemctl disable --now chat.socket
	inside systemctl enable --now chat-fork.socket
	client_login alice
	apt purge chat-server chat-client
	client_error alice SHUTDOWN
	client_closed alice
	run inside pgrep -a chat
	assert_eq "$output" "" "processes"
	inside sh -c 'find / -xdev \( -path /proc -o -path /root/debs \) -prune \
	    -o -name "*chat*" -print' >"$T/after"
	diff <(grep -v ^/root/debs "$BATS_FILE_TMPDIR/before") "$T/after"
	assert_eq "$(failed_units)" "" "failed units"
	# Its users stay, so that nobody inherits what was theirs.
	inside id chat
}
