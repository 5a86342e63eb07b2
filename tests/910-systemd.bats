# bats file_tags=alone
#
# The installed units under a real systemd, in a machine of namespaces (box).

# shellcheck disable=SC2016 # scripts for the inside are quoted as a whole

bats_require_minimum_version 1.5.0
load helpers
load box
load upgrade

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
}

# Whatever a test did: connections end, and no unit is left or has failed.
teardown() {
	local bad=0
	[[ -z $CANNOT ]] || return 0
	chat_teardown || bad=1
	cd / || :
	wait_for no_connections || bad=1
	if [[ -n $(inside systemctl --failed --no-legend --plain) ]]; then
		inside systemctl --failed --no-pager
		bad=1
	fi
	if [[ $bad == 1 || -z ${BATS_TEST_COMPLETED:-} ]]; then
		inside journalctl --no-pager -n 60
	fi
	return "$bad"
}

# Names of the units of connections, of CLIENT's only if named.
connections() {
	local port=
	if [[ -n ${1:-} ]]; then
		client_ask "$1" port
		port=":$REPLY."
	fi
	inside systemctl list-units --all --no-legend --plain 'chat@*' |
	    awk -v port="$port" 'index($1, port) || port == "" { print $1 }'
}

no_connections() {
	[[ -z $(connections) ]]
}

relay_pid() {
	inside systemctl show -P MainPID chat-notify.service
}

# Another process than that with pid $1 is the relay, and ready.
relay_is_new() {
	local pid
	pid=$(relay_pid)
	[[ $pid != 0 && $pid != "$1" ]] &&
	    inside systemctl -q is-active chat-notify.service
}

# Lines FIRST to LAST of alice's, as MESSAGE commands.
messages() {
	local i
	for ((i = $1; i <= $2; i++)); do
		printf '{"command":"MESSAGE","to":"all","ref":"%d",' "$i"
		echo "\"message\":\"number $i\"}"
	done
}

# bob got "number 1" to "number $1", each once and in this order.
all_came_in_order() {
	jq -r 'select(.event == "MESSAGE" and .from == "alice") | .message' \
	    "$(client_record bob)" >"$T/came"
	seq -f 'number %.0f' "$1" | diff - "$T/came" >"$T/diff" ||
	    { head -n 20 "$T/diff"; fail "bob did not get them as sent"; }
}

last_came() {
	grep -q "\"number $1\"" "$(client_record bob)"
}

acks_came() {
	[[ $(grep -c '"ACK"' "$(client_record alice)") -eq $1 ]]
}

@test "after install and enable two clients talk" {
	client_login alice
	client_login bob
	say alice hello
	client_expect bob '.event == "MESSAGE" and .message == "hello"'
	say bob 'only for you' alice
	client_expect alice '.event == "MESSAGE" and .message == "only for you"'
}

@test "every process of the chat belongs to the user chat, without privileges" {
	local pid
	client_login alice
	for pid in $(inside pgrep '^chat-'); do
		assert_eq "$(inside ps -o user= -p "$pid")" chat "user"
		inside grep -q '^NoNewPrivs:.*1' "/proc/$pid/status"
		# What is left in CapBnd nobody can get any more.
		assert_eq "$(inside grep -Ec '^Cap(Inh|Prm|Eff|Amb):[[:space:]]*0+$' \
		    "/proc/$pid/status")" 4 "empty sets of capabilities"
		inside grep -Eq '^Groups:[[:space:]]*$|^Groups:.*'"$(inside id -g chat)" \
		    "/proc/$pid/status"
	done
	assert_eq "$(inside pgrep -c '^chat-')" 2 "processes with one client"
}

@test "without a client there is no session" {
	client_login alice
	client_close alice
	wait_for no_connections
	run -1 inside pgrep -x chat-session
}

@test "the client gets protocol lines only, with everything logged" {
	inside sh -c 'echo CHAT_LOG_LEVEL=DEBUG >>/etc/chat/chat.conf'
	client_login alice
	client_send alice 'this is no command'
	client_error alice BAD_JSON
	client_send alice '{"command":"DISCONNECT"}'
	client_closed alice
	json_holds 'has("event")' "$(client_record alice)"
	inside cp "$ROOT/contrib/chat.conf" /etc/chat/chat.conf
}

@test "a change of chat.conf holds for the next connection" {
	client_login alice
	inside sh -c 'echo CHAT_MESSAGE_MAX_SIZE=10 >>/etc/chat/chat.conf'
	client_login bob
	client_send bob '{"command":"MESSAGE","to":"all","message":"12345678901"}'
	client_error bob TOO_LARGE '.limit == 10'
	say alice 12345678901
	inside cp "$ROOT/contrib/chat.conf" /etc/chat/chat.conf
}

@test "stopping one connection tells its client, and no other notices" {
	client_login alice
	client_login bob
	inside systemctl stop "$(connections bob)"
	client_error bob SHUTDOWN '.reconnect_after >= 0'
	client_closed bob
	client_expect alice '.event == "LEFT" and .username == "bob"'
	say alice 'still here'
}

@test "a killed connection leaves no unit, and the name is free at once" {
	client_login alice
	client_login bob
	inside systemctl kill -s KILL "$(connections bob)"
	client_expect alice '.event == "LEFT" and .username == "bob"'
	client_open bob
	client_login bob
	say alice 'welcome back' bob
	client_expect bob '.message == "welcome back"'
}

@test "restarting chat-notify under load loses, doubles and reorders nothing" {
	local i
	inside sh -c 'echo CHAT_RATE=0 >>/etc/chat/chat.conf'
	client_login alice
	client_login bob
	for i in 0 1 2 3 4 5 6 7 8 9; do
		messages $((i * 100 + 1)) $((i * 100 + 100)) | client_raw alice
		inside systemctl restart chat-notify.service
	done
	wait_for acks_came 1000
	wait_for last_came 1000
	all_came_in_order 1000
	inside cp "$ROOT/contrib/chat.conf" /etc/chat/chat.conf
}

@test "chat-notify comes back however often it is killed" {
	local i pid
	client_login alice
	client_login bob
	for i in {1..12}; do
		pid=$(relay_pid)
		inside kill -KILL "$pid"
		messages "$i" "$i" | client_raw alice
		wait_for relay_is_new "$pid"
	done
	wait_for last_came 12
	all_came_in_order 12
	assert_eq "$(inside systemctl is-active chat-notify.socket)" active
}

@test "a stopped chat-notify is started by the next event" {
	local pid
	client_login alice
	client_login bob
	pid=$(relay_pid)
	inside systemctl stop chat-notify.service
	messages 1 1 | client_raw alice
	wait_for last_came 1
	wait_for relay_is_new "$pid"
}

@test "a chat-notify that hangs is replaced by the watchdog" {
	local pid conf=/run/systemd/system/chat-notify.service.d
	inside mkdir -p "$conf"
	inside sh -c "printf '[Service]\nWatchdogSec=1\n' >$conf/test.conf"
	inside systemctl daemon-reload
	inside systemctl restart chat-notify.service
	client_login alice
	client_login bob
	pid=$(relay_pid)
	inside kill -STOP "$pid"
	wait_for relay_is_new "$pid"
	messages 1 1 | client_raw alice
	wait_for last_came 1
	inside rm -r "$conf"
	inside systemctl daemon-reload
	inside systemctl restart chat-notify.service
}

@test "journalctl CHAT_USER= finds that user's events and no others" {
	# Names of their own: the journal knows the other tests' as well.
	client_login anna
	client_login bert
	say anna 'for the journal' bert
	client_send anna '{"command":"DISCONNECT"}'
	client_closed anna
	wait_for journal_has anna disconnected
	inside journalctl CHAT_USER=anna -o json >"$T/anna"
	assert_eq "$(jq -r .CHAT_USER "$T/anna" | sort -u)" anna users
	assert_eq "$(jq -r .CHAT_EVENT "$T/anna" | grep -c -x connected)" 1
	assert_eq "$(jq -r .CHAT_SESSION "$T/anna" | sort -u | wc -l)" 1 sessions
	json_holds '.CHAT_PEER | startswith("127.0.0.1")' "$T/anna"
	# What was written is nowhere in it.
	run -1 inside sh -c "journalctl -o json | grep 'for the journal'"
	# Whoever is connected still has no such end in the journal.
	journal_has bert connected
	run -1 journal_has bert disconnected
}

# journal_has USER EVENT
journal_has() {
	inside journalctl -q CHAT_USER="$1" CHAT_EVENT="$2" -n 1 | grep -q .
}

# operations COMMENT [NAME]: the output of the command of OPERATIONS.md that
# stands below the comment.
# With NAME, that one is asked for in place of alice.
operations() {
	awk -v what="    # $1" '
		index($0, what) == 1 { on = 1; next }
		on && /^    / { print; next }
		on { exit }' "$ROOT/docs/OPERATIONS.md" >"$T/command"
	[[ -s $T/command ]]
	sed "s/alice/${2:-alice}/g" "$T/command" | inside bash -s
}

@test "the journal's lines of OPERATIONS.md find what they say" {
	client_login carla
	session=$(client_get .session)
	say carla 'one'
	say carla 'two'
	client_send carla '{"command":"MESSAGE","to":"nobody","message":"x"}'
	client_error carla NO_SUCH_USER
	client_send carla '{"command":"DISCONNECT"}'
	client_closed carla
	wait_for journal_has carla disconnected
	client_open stranger
	client_send stranger '{"command":"CONNECT","username":"carla","token":"wrong"}'
	client_error stranger AUTH_FAILED
	client_close stranger
	wait_for login_failed carla

	operations 'Everything about one user' carla >"$T/out"
	grep -q "disconnected user=carla .* 2 messages, slowest commit [0-9]* us" "$T/out"
	grep -q 'login_failed .*as carla' "$T/out"
	run -1 grep -Ev 'carla|^-- ' "$T/out"
	operations 'Everything from one address' >"$T/out"
	grep -q 'connected user=carla' "$T/out"
	operations 'Failed logins of today' >"$T/out"
	grep -Eq '^ *1 carla[[:space:]]127\.0\.0\.1$' "$T/out"
	operations 'Errors that clients were told' >"$T/out"
	grep -Eq '^ *[0-9]+ NO_SUCH_USER$' "$T/out"
	grep -Eq '^ *[0-9]+ AUTH_FAILED$' "$T/out"
	operations 'The ten slowest commits' >"$T/out"
	sort -c -rn "$T/out"
	run -1 grep -Pv '^[0-9]+\t[a-z0-9]+\t[0-9]+$' "$T/out"
	assert_eq "$(inside journalctl -o json CHAT_USER=carla \
	    CHAT_EVENT=disconnected | jq -r '.CHAT_MESSAGES, .CHAT_SESSION |
	    select(.)' | xargs)" "2 $session" "messages and session"
	operations 'Warnings and worse' >"$T/out"
	grep -q 'login_failed' "$T/out"
	run -1 grep -q ' connected user=' "$T/out"
}

login_failed() {
	inside journalctl -q CHAT_LOGIN="$1" -n 1 | grep -q .
}

# What a forbidden system call does, to one that is not known to the relay yet.
@test "a session that a signal has ended is a warning of its unit, which is gone" {
	client_open bob
	client_send bob '{"command":"PING"}'
	client_expect bob '.event == "PONG"'
	unit=$(connections bob)
	inside systemctl kill -s SYS "$unit"
	wait_for warned "$unit"
	wait_for no_connections
}

warned() {
	operations 'Sessions that have crashed' |
	    grep -F "$1: Main process exited, code=killed, status=31/SYS"
}

@test "journalctl -x explains events, with the names that are in them" {
	client_login dora
	client_send dora '{"command":"DISCONNECT"}'
	client_closed dora
	wait_for journal_has dora disconnected
	inside journalctl -x CHAT_USER=dora CHAT_EVENT=disconnected >"$T/out"
	grep -q 'Subject: User dora said goodbye' "$T/out"
	grep -q 'man:chat-session(8)' "$T/out"
	grep -q 'To do: ' "$T/out"
	# Each event in the journal is explained.
	assert_eq "$(inside journalctl -t chat-session -t chat-notify -o json |
	    jq -r 'select(.CHAT_EVENT and (.MESSAGE_ID | not)) | .CHAT_EVENT')" \
	    "" "events without an id"
	inside journalctl --list-catalog | grep -c 'chat-' >"$T/out" || :
	(($(<"$T/out") > 40))
}

# wrong ADDRESS: a password of nobody's, from there, as a proxy says.
wrong() {
	local family=TCP4
	[[ $1 != *:* ]] || family=TCP6
	client_open stranger
	printf 'PROXY %s %s %s 4242 5555\r\n' "$family" "$1" "$1" |
	    client_raw stranger
	client_send stranger "$2"
	client_error stranger "$3"
	client_close stranger
}

# banned MODE: whom fail2ban would, by the lines of the journal.
banned() {
	fail2ban-regex -c "$T/fail2ban" -o ip "$T/lines" "chat[mode=$1]" |
	    sort | uniq -c | awk '$2 !~ /^127/ { print $1, $2 }' | xargs
}

@test "fail2ban finds who tries passwords, and nobody can have others banned" {
	local try='{"command":"CONNECT","username":"alice","token":"x"}'
	inside sh -c 'echo CHAT_PROXY_FROM=127.0.0.0/8 >>/etc/chat/chat.conf'
	wrong 192.0.2.1 "$try" AUTH_FAILED
	wrong 192.0.2.1 "$try" AUTH_FAILED
	wrong 2001:db8::7 "$try" AUTH_FAILED
	wrong 192.0.2.2 'GET / HTTP/1.1' BAD_JSON
	wrong 192.0.2.3 '{"command":"login_failed peer=192.0.2.9:1: as x"}' \
	    UNKNOWN_COMMAND
	wrong 192.0.2.3 '{"command":"X\nlogin_failed peer=192.0.2.9:1: as x"}' \
	    UNKNOWN_COMMAND
	inside cp "$ROOT/contrib/chat.conf" /etc/chat/chat.conf
	wait_for errors_from 192.0.2.3 2
	inside journalctl -q -t chat-session >"$T/lines"
	cp -r /etc/fail2ban "$T/fail2ban"
	cp -r "$ROOT"/contrib/fail2ban/* "$T/fail2ban"
	assert_eq "$(banned normal)" '2 192.0.2.1 1 2001:db8::7'
	assert_eq "$(banned aggressive)" \
	    '2 192.0.2.1 1 192.0.2.2 1 2001:db8::7'
	# The jail is one that fail2ban understands, and asks for these events.
	fail2ban-client -c "$T/fail2ban" -d >"$T/jail"
	grep -q "'start', 'chat'" "$T/jail"
	grep -q "addjournalmatch.*CHAT_EVENT=login_failed" "$T/jail"
}

errors_from() {
	[[ $(inside journalctl -q CHAT_ADDRESS="$1" CHAT_EVENT=error |
	    wc -l) -ge $2 ]]
}

# A program in the place of chat-session, as a package would put it there.
replace_session() {
	inside sh -euc 'cd /usr/local/libexec/chat
		cat >new
		chmod 755 new
		mv new chat-session' <"$1"
}

# How often USER's session has said EVENT.
said() {
	inside journalctl -q CHAT_USER="$1" CHAT_EVENT="$2" -o cat | grep -c . || :
}

has_said() {
	(($(said "$1" "$2") >= $3))
}

@test "a reload has sessions go on in their new program, as the same units" {
	local units before after
	inside sh -c 'echo CHAT_RATE=0 >>/etc/chat/chat.conf'
	client_login alice
	client_login bob
	client_expect alice '.event == "JOINED"'
	units=$(connections)
	before=$(inside pgrep -x chat-session)
	next_make "$PROGRAMS/bin/chat-session"
	replace_session "$T/next"
	messages 1 300 | client_raw alice
	inside systemctl reload 'chat@*'
	messages 301 600 | client_raw alice
	wait_for has_said alice upgraded 1
	wait_for has_said bob upgraded 1
	messages 601 700 | client_raw alice
	wait_for acks_came 700
	wait_for last_came 700
	all_came_in_order 700
	inside journalctl -q CHAT_USER=alice CHAT_EVENT=upgraded -o cat |
	    grep -q 'from 0\.1\.0 to 9\.9\.9'
	assert_eq "$(connections)" "$units" units
	assert_eq "$(inside pgrep -x chat-session)" "$before" processes
	client_none bob '.event | IN("LEFT", "JOINED", "USERS")'
	for after in $before; do
		inside grep -q '^NoNewPrivs:.*1' "/proc/$after/status"
		inside grep -q '^Seccomp:.*2' "/proc/$after/status"
		assert_eq "$(inside ps -o user= -p "$after")" chat user
	done
	replace_session /bin/false
	inside systemctl reload 'chat@*'
	wait_for has_said alice upgrade_refused 1
	say alice 'as before'
	replace_session "$PROGRAMS/bin/chat-session"
	inside cp "$ROOT/contrib/chat.conf" /etc/chat/chat.conf
}

@test "chat-admin upgrade restarts the relay and upgrades who is connected" {
	local relay n
	client_login alice
	client_login bob
	client_expect alice '.event == "JOINED"'
	relay=$(relay_pid)
	n=$(said alice upgraded)
	inside /usr/local/sbin/chat-admin upgrade >"$T/out"
	grep -qx 'sessions: 2 upgraded, 0 refused, 0 did not answer, 0 ended meanwhile' "$T/out"
	wait_for has_said alice upgraded $((n + 1))
	wait_for relay_is_new "$relay"
	say alice hello
	client_expect bob '.message == "hello"'
	client_none bob '.event | IN("LEFT", "JOINED")'
}

# scrape [PATH]: as from Prometheus, in the network of the machine.
scrape() {
	inside bash -c 'exec 5<>/dev/tcp/127.0.0.1/5557
		printf "GET %s HTTP/1.1\r\nHost: x\r\n\r\n" "$1" >&5
		cat <&5' - "${1:-/metrics}" | tr -d '\r'
}

scrape_shows() {
	scrape >"$T/scraped" && grep -Eqx "$1" "$T/scraped"
}

no_scrapes() {
	[[ -z $(inside systemctl list-units --all --no-legend --plain \
	    'chat-metrics@*') ]]
}

@test "Prometheus is answered by a process of a moment, which sees sessions' memory" {
	local i
	inside systemctl enable --now chat-metrics.socket
	client_login alice
	say alice hello
	wait_for scrape_shows 'chat_session_pss_bytes\{stat="mean"\} [0-9]{6,}'
	grep -qx 'HTTP/1.1 200 OK' "$T/scraped"
	grep -qx 'chat_connections 1' "$T/scraped"
	grep -qx 'chat_relay_up 1' "$T/scraped"
	grep -Eqx 'chat_relay_pss_bytes [0-9]{6,}' "$T/scraped"
	grep -Eqx 'chat_messages_stored_total [1-9][0-9]*' "$T/scraped"
	grep -Eqx 'chat_commit_seconds_count [1-9][0-9]*' "$T/scraped"
	grep -Eqx 'chat_database_bytes [1-9][0-9]*' "$T/scraped"
	grep -Eqx 'chat_disk_free_bytes [1-9][0-9]*' "$T/scraped"
	scrape / | grep -qx 'HTTP/1.1 404 Not Found'
	# While it waits for its request it has no capability any more.
	inside bash -c 'exec 5<>/dev/tcp/127.0.0.1/5557
		# (It waits in poll(2).)
		until pid=$(pgrep -x chat-metrics) &&
		    grep -Eq "^(7|271) " "/proc/$pid/syscall"; do :; done
		grep "^Cap[IPEA]" "/proc/$pid/status"; ps -o user= -p "$pid"' >"$T/caps"
	assert_eq "$(grep -Ec '^Cap(Inh|Prm|Eff|Amb):[[:space:]]*0+$' "$T/caps")" 4 \
	    "empty sets: $(xargs <"$T/caps")"
	assert_eq "$(tail -n 1 "$T/caps")" chat user
	# Many at once do not stop the socket.
	for i in {1..30}; do
		scrape >/dev/null 2>&1 &
	done
	wait_for scrape_shows 'chat_connections 1'
	wait_for no_scrapes
	assert_eq "$(inside systemctl is-active chat-metrics.socket)" active
}

# (What a unit says may be in the journal after the unit has ended.)
unit_said() {
	inside journalctl -q -u "$1" -o cat | grep -q -- "$2"
}

# The file has it, and its reader may read it.
file_shows() {
	inside setpriv --reuid 65534 --clear-groups \
	    cat "$1" >"$T/file" 2>/dev/null && grep -Eq "^$2\$" "$T/file"
}

# (A run that is ended before its end has failed.)
file_is_written() {
	[[ $(inside systemctl is-active chat-metrics-file.service) == inactive ]]
}

@test "the timer writes a file that node_exporter may read, whole each time" {
	local service=/etc/systemd/system/chat-metrics-file.service.d
	local timer=/etc/systemd/system/chat-metrics-file.timer.d
	local place=/var/lib/prometheus/node-exporter before
	# Where there is no such directory it says so, and fails.
	run -1 inside systemctl start chat-metrics-file.service
	wait_for unit_said chat-metrics-file \
	    "cannot make a file in the directory of $place/chat.prom: No such file"
	inside systemctl reset-failed chat-metrics-file.service
	inside mkdir -p "$place" "$timer"
	inside sh -c "printf '[Timer]\nOnCalendar=*:*:*\n' >$timer/test.conf"
	client_login alice
	say alice hello
	inside systemctl daemon-reload
	inside systemctl enable --now chat-metrics-file.timer
	wait_for file_shows $place/chat.prom 'chat_session_pss_bytes\{stat="mean"\} [0-9]{6,}'
	grep -qx 'chat_connections 1' "$T/file"
	grep -qx 'chat_relay_up 1' "$T/file"
	grep -Eqx 'chat_database_bytes [1-9][0-9]*' "$T/file"
	before=$(inside stat -c %i $place/chat.prom)
	client_login bob
	wait_for file_shows $place/chat.prom 'chat_connections 2'
	# (Another file, put in place of the one that somebody reads.)
	[[ $(inside stat -c %i $place/chat.prom) != "$before" ]]
	assert_eq "$(inside ls -A $place)" chat.prom files
	# That it ran is not worth a line each time.
	[[ $(inside journalctl --since=-5min -o cat -u chat-metrics-file.service) != *Started* ]]
	# Elsewhere, where the directory is another's.
	inside install -d -o 65534 /srv/metrics "$service"
	inside sh -c "printf '%s\n' '[Service]' ExecStart= \
	    'ExecStart=/usr/local/sbin/chat-metrics --file /srv/metrics/c.prom' \
	    ReadWritePaths=/srv/metrics >$service/test.conf"
	inside systemctl daemon-reload
	wait_for file_shows /srv/metrics/c.prom 'chat_connections 2'
	inside systemctl disable --now chat-metrics-file.timer
	wait_for file_is_written
	inside rm -r "$service" "$timer" "$place" /srv/metrics
	inside systemctl daemon-reload
}

@test "systemctl status chat-notify says in one line who is there" {
	client_login alice
	client_login bob
	wait_for status_is '2 sessions of 2 users, 0 lagging'
	client_close bob
	wait_for status_is '1 sessions of 1 users, 0 lagging'
}

status_is() {
	inside systemctl status chat-notify | grep -q "Status: \"$1\""
}

# (In 2 s, and all connected within 4, where nothing else keeps the machine busy.)
@test "300 connections in a rush are all connected, and stop no unit" {
	local limit=30
	! grep -q __asan_init "$PROGRAMS/bin/chat-session" || limit=120
	nsenter -t "$(<"$BOX/init")" -n bash -c '
		set -e
		begin=${EPOCHREALTIME/./}
		for ((i = 1; i <= 300; i++)); do
			exec {fd}<>"/dev/tcp/127.0.0.1/5555"
			echo "{\"command\":\"CONNECT\",\"username\":\"u$i\"}" >&"$fd"
			fds[i]=$fd
		done
		opened=$((${EPOCHREALTIME/./} - begin))
		for ((i = 1; i <= 300; i++)); do
			IFS= read -r -t "$1" -u "${fds[i]}" line
			[[ $line == *\"CONNECTED\"* ]] ||
			    { echo "$i: $line"; exit 1; }
		done
		all=$((${EPOCHREALTIME/./} - begin))
		echo "opened in $((opened / 1000)) ms, connected in $((all / 1000)) ms"
		((all < $1 * 1000000))' _ "$limit" >"$T/log/crowd" 2>&1 ||
	    { cat "$T/log/crowd"; return 1; }
	sed 's/^/# /' "$T/log/crowd" >&3
	wait_for -t 30 no_connections
}

# Names of all files but what systemd itself writes, and the kept database.
# (Elsewhere the machine outside, which shines through, may change meanwhile.)
files_of_machine() {
	inside find /etc /usr /run /var/lib -xdev \( -path /run/systemd -o -path /run/log \
	    -o -path /var/lib/systemd -o -path /var/lib/chat \) -prune \
	    -o ! -path '/run/udev/*' -print | sort
}

@test "a machine from which it was uninstalled has no other file than before" {
	local BOX=$BATS_FILE_TMPDIR/second
	local make=(inside make -s -C "$ROOT" B="$PROGRAMS" PREFIX=/usr)
	"$ROOT/tests/box" up "$BOX" "$ROOT" "$PROGRAMS" 3>&-
	files_of_machine >"$T/before"
	"${make[@]}" install
	inside systemctl enable --now chat.socket
	inside bash -c 'exec 5<>/dev/tcp/127.0.0.1/5555
		echo "{\"command\":\"CONNECT\",\"username\":\"alice\"}" >&5
		read -r line <&5; [[ $line == *CONNECTED* ]]'
	"${make[@]}" uninstall
	files_of_machine >"$T/after"
	run inside systemctl list-units --all --no-legend --plain 'chat*'
	"$ROOT/tests/box" down "$BOX"
	assert_eq "$output" "" "units"
	diff "$T/before" "$T/after"
}

# All up to the id $2 of the database $1 are as old as can be.
message_age() {
	inside sqlite3 -cmd '.timeout 5000' -cmd 'PRAGMA wal_autocheckpoint=0' \
	    -cmd '.dbconfig no_ckpt_on_close on' "$1" \
	    "UPDATE messages SET created_at = 1 WHERE id <= $2" >"$T/out"
}

@test "every night old messages go, and a backup is made" {
	client_login alice
	say alice old
	message_age /var/lib/chat/chat.db "$ID"
	say alice new
	[[ $(inside systemctl list-timers --no-legend) == *chat-prune.timer* ]]
	inside systemctl start chat-prune.service
	(($(messages_old) > 0)) || fail "gone with CHAT_RETENTION_DAYS=0"
	inside sed -i 's/^#CHAT_RETENTION_DAYS=.*/CHAT_RETENTION_DAYS=7/' \
	    /etc/chat/chat.conf
	inside systemctl start chat-prune.service
	assert_eq "$(messages_old)" 0
	wait_for unit_said chat-prune '^[1-9][0-9]* messages.*7 days'
	inside systemctl enable --now chat-backup.timer
	[[ $(inside systemctl list-timers --no-legend) == *chat-backup.timer* ]]
	inside systemctl start chat-backup.service
	backup=$(inside sh -c 'echo /var/lib/chat/backup/chat-*Z.db')
	assert_eq "$(inside sqlite3 -readonly "$backup" \
	    'select body from messages order by id desc limit 1')" new
	assert_eq "$(inside stat -c '%U %a' "$backup")" 'chat 600'
	inside systemctl disable --now chat-backup.timer
	inside sed -i 's/^CHAT_RETENTION_DAYS=.*/#CHAT_RETENTION_DAYS=0/' \
	    /etc/chat/chat.conf
}

@test "what the timers start finds a database elsewhere below /var/lib" {
	inside install -d -o chat -g chat -m 0750 /var/lib/other
	inside sh -c 'echo CHAT_DB=/var/lib/other/chat.db >>/etc/chat/chat.conf
		echo CHAT_RETENTION_DAYS=7 >>/etc/chat/chat.conf'
	inside systemctl restart chat-notify.service
	client_login alice
	say alice old
	message_age /var/lib/other/chat.db "$ID"
	say alice elsewhere
	inside systemctl start chat-prune.service
	inside systemctl start chat-backup.service
	inside sh -c 'sqlite3 -readonly "$(ls -t /var/lib/chat/backup/* |
	    head -n 1)" "select body from messages"' >"$T/bodies"
	assert_eq "$(cat "$T/bodies")" elsewhere
	inside cp "$ROOT/contrib/chat.conf" /etc/chat/chat.conf
	inside systemctl restart chat-notify.service
}

messages_old() {
	inside sqlite3 -readonly /var/lib/chat/chat.db \
	    'select count(*) from messages where created_at = 1'
}

# chat-client in the network of the machine.
program() {
	nsenter -t "$(<"$BOX/init")" -n env TZ=UTC \
	    "$PROGRAMS/bin/chat-client" "$@" 3>&-
}

heard_numbers() {
	jq -r 'select(.event == "MESSAGE" and .from == "sender") | .message' \
	    "$T/heard"
}

heard_to() {
	[[ $(heard_numbers | tail -n 1) == "$1" ]]
}

@test "chat-client loses nothing while units are killed, stopped and started" {
	local status=0
	mkfifo "$T/in"
	program --tail --json -u reader </dev/null >"$T/heard" 2>"$T/err" &
	READER=$!
	wait_for grep -q CONNECTED "$T/heard"
	program --send --timeout 60 -u sender <"$T/in" 2>"$T/sender" &
	SENDER=$!
	exec {IN}>"$T/in"
	seq 1 12 >&"$IN"
	wait_for heard_to 12
	inside systemctl kill -s KILL 'chat@*'
	seq 13 24 >&"$IN"
	wait_for -t 60 heard_to 24
	inside systemctl stop chat.socket 'chat@*' chat-notify.socket chat-notify
	seq 25 36 >&"$IN"
	wait_for grep -q 'will come back: SHUTDOWN' "$T/err"
	inside systemctl start chat.socket
	wait_for -t 60 heard_to 36
	inside systemctl kill -s KILL chat-notify
	seq 37 48 >&"$IN"
	exec {IN}>&-
	wait_for -t 60 process_gone "$SENDER"
	wait "$SENDER" || status=$?
	assert_eq "$status" 0 "the sender's status"
	wait_for -t 60 heard_to 48
	heard_numbers | diff - <(seq 1 48)
	kill -TERM "$(pgrep -P "$READER")"
	wait "$READER" || status=$?
	assert_eq "$status" 143 "the reader's status"
}
