# shellcheck shell=bash
#
# make bench: what a login costs, and how many there can be.

BIRTHS=10 # few, for each is told of all who come after it

bench_birth() {
	local i how out=()
	for how in exec fork; do
		serve "$how" || return
		for ((i = 1; i <= 2 * ROUNDS; i++)); do
			load "birth.$how.$i" --clients "$BIRTHS" --keep \
			    --concurrency 1 --comm chat-session,chat-notify \
			    --parent "$FAMILY" connect "$CHAT"
		done
		unserve
	done
	heading 'One login' 'CPU, one at a time' 'Chat, executed' 'Chat, forked'
	for how in session notify; do
		out=("$(value "cpu_chat-${how}_ms_per_login" birth.exec.{1..20})"
		    "$(value "cpu_chat-${how}_ms_per_login" birth.fork.{1..20})")
		if [[ $how == session ]]; then
			plain 'the session to CONNECTED, ms (asked: at most 2)' "${out[@]}"
			key birth_ms "${out[0]}"
			key birth_forked_ms "${out[1]}"
		else
			plain 'the relay, ms' "${out[@]}"
		fi
	done
	plain 'connect to CONNECTED, median, ms' \
	    "$(value login_p50_ms birth.exec.{1..20})" \
	    "$(value login_p50_ms birth.fork.{1..20})"
}

bench_connect() {
	local -a LOAD=("$ROOT/tests/box" run "$T/box" "$B/bin/chat-load")
	local n i r
	box_start || return
	for n in 1 16; do
		for ((i = 1; i <= ROUNDS; i++)); do
			load "connect.$n.$i" --clients "$CONNECTS" \
			    --concurrency "$n" connect 127.0.0.1:5555
			load "nothing.$n.$i" --clients "$CONNECTS" \
			    --concurrency "$n" --first-byte connect \
			    127.0.0.1:5556
		done
	done
	box_stop
	heading 'Logins under systemd, a unit for each' \
	    'connect to CONNECTED' Chat 'a service that does nothing'
	for n in 1 16; do
		row "median, $n at a time, ms" \
		    "$(value login_p50_ms "connect.$n".{1..9})" \
		    "$(value login_p50_ms "nothing.$n".{1..9})"
		row "worst, $n at a time, ms" \
		    "$(value login_worst_ms "connect.$n".{1..9})" \
		    "$(value login_worst_ms "nothing.$n".{1..9})"
		row "logins a second, $n at a time (asked: /1.2)" \
		    "$(value connects_per_s "connect.$n".{1..9})" \
		    "$(value connects_per_s "nothing.$n".{1..9})"
	done
	r=$(ratio "$(value connects_per_s nothing.16.{1..9})" \
	    "$(value connects_per_s connect.16.{1..9})")
	key systemd_login_ratio "$r"
}

bench_logins() {
	local i name
	peers_find ngircd inspircd redis-server prosody ejabberd
	for ((i = 1; i <= ROUNDS; i++)); do
		serve fork || return
		load "logins.$i" --clients "$LOGINS" --concurrency 64 \
		    --comm chat-session,chat-notify --parent "$FAMILY" \
		    connect "$CHAT"
		unserve
		for name in "${PEERS[@]}"; do
			peer_load "$name" "logins.$name.$i" \
			    --clients "$LOGINS" --concurrency 64 connect
		done
	done
	heading 'Logins with the listener that forks' "$LOGINS, 64 at a time" \
	    Chat "${PEERS[@]}"
	while read -r name title; do
		peer_values "$name" logins
		row "$title" "$(value "$name" logins.{1..9})" "${VALUES[@]}"
	done <<-END
		connects_per_s logins a second (asked: 2,000)
		login_p50_ms median, ms
		login_p99_ms 99 of 100, ms
		login_worst_ms worst, ms
	END
	key logins_per_s "$(value connects_per_s logins.{1..9})"
	bench_presence
}

# Everybody is told of everybody: n²/2 deliveries.
bench_presence() {
	local n
	for n in 64 1000; do
		serve fork || return
		load "presence.$n" --clients 1000 --concurrency "$n" --keep \
		    --comm chat-session,chat-notify --parent "$FAMILY" \
		    connect "$CHAT"
		unserve
	done
	heading 'A thousand come, and all watch' 'JOINED told to all' \
	    '64 at a time' 'all at once'
	plain 'logins a second' "$(value connects_per_s presence.64)" \
	    "$(value connects_per_s presence.1000)"
	plain 'worst login, ms' "$(value login_worst_ms presence.64)" \
	    "$(value login_worst_ms presence.1000)"
	plain 'events received' "$(value events presence.64)" \
	    "$(value events presence.1000)"
	plain 'CPU of the server, s' "$(value server_cpu_s presence.64)" \
	    "$(value server_cpu_s presence.1000)"
	key presence_logins_per_s "$(value connects_per_s presence.64)"
}
