# shellcheck shell=bash
#
# make bench: how cost grows.

# Deliveries for each measurement are about as many.
bench_receivers() {
	local n messages memory=
	serve fork || return
	heading 'One sender, 64 messages under way, to more and more' receivers \
	    'deliveries/s' 'median ms' '99 of 100, ms' 'CPU s/million' \
	    'PSS KiB each'
	for n in 10 100 1000 "$RECEIVERS"; do
		((n <= RECEIVERS)) || continue
		messages=$((2000000 / n))
		((messages <= MESSAGES)) || messages=$MESSAGES
		load "receivers.$n" --receivers "$n" --messages "$messages" \
		    --size 100 --concurrency 64 --parent "$FAMILY" \
		    --comm chat-session,chat-notify fanout "$CHAT" || continue
		wait_for -t 120 sessions_gone || bad=1
		if [[ $EUID -eq 0 ]]; then
			load "idle.$n" --clients "$n" --seconds "$REST" \
			    --concurrency 64 --parent "$FAMILY" \
			    --comm chat-session,chat-notify idle "$CHAT"
			memory=$(value chat-session_pss_kb "idle.$n")
			wait_for -t 120 sessions_gone || bad=1
		fi
		set -- "$(value deliveries_per_s "receivers.$n")" \
		    "$(value delivery_p50_ms "receivers.$n")" \
		    "$(value delivery_p99_ms "receivers.$n")" \
		    "$(value cpu_s_per_million_deliveries "receivers.$n")" \
		    "$memory"
		plain "$n" "$@"
		point receivers "$n" "$@"
	done
	unserve
}

# The more is under way, the less often each process is called for it.
bench_window() {
	local n messages name key title windows=(1 16 64 256 1024)
	peers_find inspircd redis-server nats-server
	serve || return
	for n in "${windows[@]}"; do
		messages=$((n * 300 < MESSAGES ? n * 300 : MESSAGES))
		set -- --window "$n" --messages "$messages" --size 100
		load "window.$n.1" --parent "$FAMILY" \
		    --comm chat-session,chat-notify "$@" fanout "$CHAT"
		for name in "${PEERS[@]}"; do
			peer_load "$name" "window.$n.$name.1" "$@" fanout
		done
	done
	unserve
	heading 'One sender to 100, more and more under way' \
	    '100 bytes; Chat stores them' Chat "${PEERS[@]}"
	while read -r key title; do
		for n in "${windows[@]}"; do
			peer_values "$key" "window.$n"
			row "$n under way: $title" \
			    "$(value "$key" "window.$n.1")" "${VALUES[@]}"
		done
	done <<-END
		deliveries_per_s deliveries a second
		cpu_s_per_million_deliveries CPU s for a million
	END
}

# Only the listener is left.
sessions_gone() {
	! pgrep -P "${LISTENERS[0]}" >/dev/null
}

bench_writers() {
	local n
	serve fork || return
	heading 'More and more who all talk to all' 'writers, one message each under way' \
	    'messages/s' 'ACK median, ms' '99 of 100, ms' 'worst, ms' \
	    'deliveries/s'
	for n in 1 10 50 200; do
		load "writers.$n" --senders "$n" --receivers "$((n == 1))" \
		    --seconds "$SECONDS_EACH" --concurrency 64 \
		    alltalk "$CHAT" || continue
		set -- "$(value messages_per_s "writers.$n")" \
		    "$(value ack_p50_ms "writers.$n")" \
		    "$(value ack_p99_ms "writers.$n")" \
		    "$(value ack_worst_ms "writers.$n")" \
		    "$(value deliveries_per_s "writers.$n")"
		plain "$n" "$@"
		point writers "$n" "$@"
	done
	unserve
}

# Fill the store up to so many messages of 100 bytes, of 100 users.
store_fill() {
	sqlite3 "$CHAT_DB" >/dev/null <<-END
		PRAGMA synchronous = OFF;
		BEGIN IMMEDIATE;
		INSERT OR IGNORE INTO users (username, private_from, position,
		    created_at, seen_at)
		    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL
		        SELECT i + 1 FROM n WHERE i < 100)
		    SELECT 'filler-' || i, 0, 0, 0, 0 FROM n;
		INSERT INTO messages (sender_id, session_id, body, created_at)
		    WITH RECURSIVE n (i) AS (
		        SELECT 1 + (SELECT count(*) FROM messages) UNION ALL
		        SELECT i + 1 FROM n WHERE i < $1)
		    SELECT (SELECT min(id) FROM users
		        WHERE username LIKE 'filler-%') + i % 100, 1,
		        printf('%-99d.', i), 1700000000000 + i FROM n;
		COMMIT;
		PRAGMA wal_checkpoint(TRUNCATE);
	END
}

bench_history() {
	local n sizes=(10000 100000 1000000)
	[[ -z ${BENCH_BIG:-} ]] || sizes+=(10000000)
	if ! type -P sqlite3 >/dev/null; then
		note 'History was not measured: sqlite3 is not installed.'
		return
	fi
	local CHAT_DB=$T/data/chat.db-history
	serve && unserve || return
	heading 'More and more messages stored' 'messages' \
	    'latest 1,000, ms' '99 of 100, ms' 'login, ms' 'MiB of database'
	for n in "${sizes[@]}"; do
		if ! store_fill "$n"; then
			bad=1
			note "The store could not be filled with $n messages."
			break
		fi
		# What is in memory knows nothing of these.
		rm -rf "${CHAT_RUNTIME_DIR:?}"/*
		serve || return
		load "history.$n" --messages 100 history "$CHAT"
		load "login.$n" --clients 30 --concurrency 1 connect "$CHAT"
		unserve
		set -- "$(value page_p50_ms "history.$n")" \
		    "$(value page_p99_ms "history.$n")" \
		    "$(value login_p50_ms "login.$n")" \
		    $(($(stat -c %s "$CHAT_DB") >> 20))
		plain "$(number "$n")" "$@"
		point history "$n" "$@"
		((n != 1000000)) || key history_ms "$1"
	done
	say_line ''
	say_line 'Asked: at most 5 ms for the latest 1,000, however many there are.'
	rm -f "$CHAT_DB"*
}

# The same work for all: so many are said, and then fetched.
bench_archive() {
	local name title n=$((MESSAGES < 2000 ? MESSAGES : 2000))
	local CHAT_DB=$T/data/chat.db-archive
	local -a fill=(--receivers 1 --messages "$n" --size 100)
	local -a ask=(--messages $((30 * ROUNDS)))
	peers_find prosody ejabberd
	((${#PEERS[@]} > 0)) || return 0
	serve || return
	load archive.fill "${fill[@]}" fanout "$CHAT" &&
	    load archive.1 "${ask[@]}" history "$CHAT"
	unserve
	for name in "${PEERS[@]}"; do
		peer_start "$name" || continue
		peer_measure "archive.$name.fill" "${fill[@]}" fanout &&
		    peer_measure "archive.$name.1" "${ask[@]}" history
		peer_stop
	done
	heading 'The latest 1,000 messages, beside others' \
	    "$n stored, 100 bytes each" Chat "${PEERS[@]}"
	while read -r name title; do
		peer_values "$name" archive
		row "$title" "$(value "$name" archive.1)" "${VALUES[@]}"
	done <<-END
		page_p50_ms median, ms
		page_p99_ms 99 of 100, ms
	END
	rm -f "$CHAT_DB"*
}
