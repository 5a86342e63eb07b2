# bats file_tags=alone
#
# TLS as it is installed: chat-tls.service under a real systemd, in a machine of
# namespaces (box).

# shellcheck disable=SC2016 # scripts for the inside are quoted as a whole

bats_require_minimum_version 1.5.0
load helpers
load box

PEM=/etc/chat/tls.pem

setup_file() {
	if ! [[ -x /usr/sbin/hitch ]]; then
		export CANNOT='hitch is not installed'
		return 0
	fi
	box_up
	[[ -z $CANNOT ]] || return 0
	inside sh -c 'echo CHAT_LOG_LEVEL=DEBUG >>/etc/chat/chat.conf'
	pem first
	inside systemctl enable --now chat-tls
}

teardown_file() {
	box_down
}

# Each test begins with a served certificate.
setup() {
	[[ -z $CANNOT ]] || skip "$CANNOT"
	T=$(mktemp -d "$BATS_FILE_TMPDIR/t.XXXXXX")
	mkfifo "$T/nap"
	exec {NAP}<>"$T/nap"
	TLS=
	pem first
	inside systemctl restart chat-tls
	wait_for served first
}

teardown() {
	[[ -z $CANNOT ]] || return 0
	tls_end
	inside rm -f /etc/systemd/system/chat-tls.service.d/test.conf
	if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
		inside journalctl --no-pager -n 40
	fi
}

# pem NAME [START END]: a new certificate for NAME, with its key, at $PEM.
pem() {
	inside sh -euc '
		pem=$1 tests=$2 name=$3
		shift 3
		umask 077
		new() {
			openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
			    -nodes -subj "/CN=$name" -keyout /tmp/key "$@" \
			    2>/dev/null
		}
		if [ $# -eq 0 ]; then
			new -x509 -out /tmp/crt
		else
			new -out /tmp/csr
			"$tests/dated-cert" "$@" /tmp/csr /tmp/crt -selfsign \
			    -keyfile /tmp/key
		fi
		cat /tmp/key /tmp/crt >"$pem.new"
		chown chat-tls "$pem.new"
		mv "$pem.new" "$pem"' sh "$PEM" "$ROOT/tests" "$@"
}

# The certificate that a new connection gets is that of NAME.
served() {
	inside sh -c 'openssl s_client -connect 127.0.0.1:5556 </dev/null \
	    2>/dev/null' | grep -Eq "^subject=CN ?= ?$1\$"
}

# A TLS connection; its lines go to descriptor $TLS and come to $T/got.
tls_open() {
	mkfifo "$T/say"
	nsenter -t "$(<"$BOX/init")" -n openssl s_client -quiet \
	    -connect 127.0.0.1:5556 "$@" <"$T/say" >"$T/got" 2>"$T/err" 3>&- &
	TLS_PID=$!
	exec {TLS}>"$T/say"
}

tls_end() {
	[[ -n $TLS ]] || return 0
	exec {TLS}>&-
	TLS=
	kill "$TLS_PID" 2>/dev/null || :
	wait "$TLS_PID" 2>/dev/null || :
	rm "$T/say"
}

tls_say() {
	echo "$1" >&"$TLS"
}

got() {
	grep -q "$1" "$T/got"
}

journal() { # PATTERN [OPTION...]
	inside journalctl -q --no-pager "${@:2}" | grep -E "$1"
}

# Starting it fails; the journal says PATTERN.
start_fails() {
	local cursor
	cursor=$(inside journalctl -q -n 0 --show-cursor | sed -n 's/^-- cursor: //p')
	run inside systemctl restart chat-tls
	((status != 0)) || fail "it started"
	wait_for journal "$1" -u chat-tls --after-cursor "$cursor"
	# Once: there is no use in trying again.
	assert_eq "$(journal "$1" -u chat-tls --after-cursor "$cursor" | wc -l)" 1
	# (The cursor would pass over the first of what is chosen by priority.)
	journal "$1" -u chat-tls -p err
	inside systemctl reset-failed chat-tls
}

@test "a client talks through TLS, and its own address is in journal and store" {
	local port
	tls_open
	tls_say '{"command":"CONNECT","username":"alice"}'
	wait_for got '"CONNECTED"'
	tls_say '{"command":"MESSAGE","to":"all","message":"hello","ref":"1"}'
	wait_for got '"ACK"'
	port=$(inside ss -Htn state established '( dport = :5556 )' |
	    awk '{ sub(/.*:/, "", $3); print $3 }')
	wait_for journal "connected user=alice .*peer=127\.0\.0\.1:$port" -t chat-session
	assert_eq "$(inside sqlite3 -readonly /var/lib/chat/chat.db \
	    'select distinct peer from sessions where ended_at is null')" \
	    "127.0.0.1:$port" "peer in the store"
	# What serves it is an ordinary session, with no TLS in it.
	run -1 inside sh -c 'grep -l libssl /proc/[0-9]*/maps |
	    xargs -n 1 dirname | xargs -I{} cat {}/comm | grep -v hitch'
	assert_eq "$(inside pgrep -c -x chat-session)" 1 sessions
}

@test "a reload takes a new certificate, and drops no connection" {
	tls_open
	tls_say '{"command":"CONNECT","username":"alice"}'
	wait_for got '"CONNECTED"'
	pem second
	inside systemctl reload chat-tls
	wait_for served second
	tls_say '{"command":"MESSAGE","to":"all","message":"still here","ref":"2"}'
	wait_for got '"ref":"2"'
}

@test "a session behind TLS goes on in its new program" {
	local port
	tls_open
	tls_say '{"command":"CONNECT","username":"alice"}'
	wait_for got '"CONNECTED"'
	port=$(inside ss -Htn state established '( dport = :5556 )' |
	    awk '{ sub(/.*:/, "", $3); print $3 }')
	# Half a line before, half a line after.
	printf '%s' '{"command":"MESSAGE","to":"all","mess' >&"$TLS"
	inside systemctl reload 'chat@*'
	wait_for journal "upgraded user=alice .*peer=127\.0\.0\.1:$port" -t chat-session
	tls_say 'age":"whole","ref":"h"}'
	wait_for got '"ref":"h"'
	not got ERROR
}

@test "a reload with a bad certificate fails, and the good one is served on" {
	pem expired 20200101000000Z 20200102000000Z
	run inside systemctl reload chat-tls
	((status != 0))
	wait_for journal 'the certificate has expired' -u chat-tls -p err
	served first
}

@test "TLS 1.1 is refused, 1.2 and 1.3 are not" {
	local version
	for version in 1_2 1_3; do
		run -0 inside sh -c "openssl s_client -tls$version \
		    -connect 127.0.0.1:5556 </dev/null"
	done
	# (A client that would do it, were it allowed.)
	run inside sh -c 'openssl s_client -tls1_1 -cipher ALL:@SECLEVEL=0 \
	    -connect 127.0.0.1:5556 </dev/null'
	((status != 0))
	[[ $output == *'alert protocol version'* ]]
}

@test "a missing certificate is named at start" {
	inside rm "$PEM"
	start_fails "$PEM: the certificate is missing; put private key"
}

@test "a certificate that is there but out of reach is named at start" {
	inside sh -euc 'mkdir -m 700 /root/live
		mv "$1" /root/live/tls.pem
		ln -s /root/live/tls.pem "$1"' sh "$PEM"
	start_fails "$PEM: it is a link to what user chat-tls cannot reach; write"
	inside rm "$PEM"
	inside chmod 700 /etc/chat
	start_fails "$PEM: its folder is closed to user chat-tls; chmod a\+x /etc/chat,"
	inside chmod 755 /etc/chat
}

@test "an expired certificate, and one not yet valid, are named at start" {
	pem expired 20200101000000Z 20200102000000Z
	start_fails "$PEM: the certificate has expired .*; renew it"
	pem later 20980101000000Z 20990101000000Z
	start_fails "$PEM: the certificate is not valid before Jan  1 .* 2098"
}

@test "a key that is another's, none, or no certificate, is named at start" {
	inside sh -euc 'umask 077; openssl ecparam -name prime256v1 -genkey -noout >/tmp/other
		cat /tmp/other /tmp/crt >"$1"; chown chat-tls "$1"' sh "$PEM"
	start_fails "$PEM: the private key is not that of the certificate"
	inside cp /tmp/crt "$PEM"
	start_fails "$PEM: it holds no private key"
	inside cp /tmp/key "$PEM"
	start_fails "$PEM: it holds no certificate"
}

@test "a key that everybody may read, or chat-tls may not, is named at start" {
	inside chmod 644 "$PEM"
	start_fails "$PEM: everybody may read or change it"
	inside chown root "$PEM"
	inside chmod 600 "$PEM"
	start_fails "$PEM: it cannot be read by user chat-tls; chown chat-tls"
}

@test "the key is out of reach for the user chat" {
	run inside setpriv --reuid=chat --regid=chat --clear-groups cat "$PEM"
	((status != 0))
	[[ $output == *'Permission denied'* ]]
	run -0 inside setpriv --reuid=chat-tls --regid=chat-tls --clear-groups \
	    cat "$PEM"
}

@test "another user cannot connect to the socket behind TLS" {
	local user sock=/run/chat-tls/session.sock
	inside test -S "$sock"
	for user in chat nobody daemon; do
		run inside setpriv --reuid="$user" --regid="$user" \
		    --clear-groups test -S "$sock"
		((status != 0)) || fail "$user reaches it"
	done
	run -0 inside setpriv --reuid=chat-tls --regid=chat-tls --clear-groups \
	    test -w "$sock"
}

@test "a PROXY header on the plain port, or through TLS, forges nothing" {
	run inside bash -c 'exec 5<>/dev/tcp/127.0.0.1/5555
		printf "PROXY TCP4 192.0.2.9 192.0.2.8 1 2\r\n" >&5
		read -r line <&5; echo "$line"'
	[[ $output == *BAD_JSON* ]]
	tls_open
	tls_say $'PROXY TCP4 192.0.2.9 192.0.2.8 1 2\r'
	wait_for got BAD_JSON
	run -1 journal 'peer=192\.0\.2\.9' -t chat-session
}

@test "killed, it is there again; sessions end and leave nothing" {
	tls_open
	tls_say '{"command":"CONNECT","username":"alice"}'
	wait_for got '"CONNECTED"'
	inside systemctl kill -s KILL chat-tls
	wait_for no_connections
	wait_for served first
}

no_connections() {
	[[ -z $(inside systemctl list-units --all --no-legend --plain 'chat@*') ]]
}
