# shellcheck shell=bash
#
# make bench: messages on their way.

# Who cannot keep up has no delay worth a figure: it grows all the time.
is_saturated() {
	awk -v per_s="$(value deliveries_per_s "steady.$1".{1..9})" 'BEGIN {
		exit !(per_s != "" && per_s < 0.9 * 100 * 199) }'
}

say_saturated() {
	local i
	for i in "${!PEERS[@]}"; do
		! is_saturated "${PEERS[i]}" || VALUES[i]=saturated
	done
}

# talk_table WORKLOAD OTHER: lines "KEY TITLE" of stdin, for Chat, the simpler
# program and all PEERS
talk_table() {
	local name title
	while read -r name title; do
		peer_values "$name" "$1"
		[[ $1.$name != steady.delivery* ]] || say_saturated
		row "$title" "$(value "$name" "$1".{1..9})" \
		    "$(value "${name/#ack/$3}" "$2".{1..9})" "${VALUES[@]}"
	done
}

# talk_rounds WORKLOAD OTHER ARGUMENTS...: Chat, OTHER and all PEERS
talk_rounds() {
	local workload=$1 other=$2 i name
	shift 2
	serve || return
	for ((i = 1; i <= ROUNDS; i++)); do
		load "$workload.$i" --parent "$FAMILY" \
		    --comm chat-session,chat-notify "$@" "$workload" "$CHAT"
		if [[ $other == chat-plain ]]; then
			"$B/tests/chat-plain" --seconds "$SECONDS_EACH" \
			    "$T/data" >"$T/$other.$i" || bad=1
		else
			child_start "$other"
			load "$other.$i" --parent "$child" --comm "$other" \
			    "$@" "$workload" "$OTHER"
			child_stop
		fi
		for name in "${PEERS[@]}"; do
			# Once is enough to see that these are saturated.
			[[ $workload != steady || $i == 1 ]] ||
			    ! peer_is_slow "$name" || continue
			peer_load "$name" "$workload.$name.$i" "$@" "$workload"
		done
	done
	unserve
}

bench_fanout() {
	peers_find inspircd redis-server nats-server mosquitto ngircd \
	    prosody ejabberd
	talk_rounds fanout chat-hub --messages "$MESSAGES" --size 100 || return
	heading "$MESSAGES messages of one to 100, 64 under way" \
	    '100 bytes; Chat stores them' Chat chat-hub "${PEERS[@]}"
	talk_table fanout chat-hub ack <<-END
		deliveries_per_s deliveries a second (asked: above inspircd)
		cpu_s_per_million_deliveries CPU s for a million (asked: at most 1)
		delivery_p50_ms delivery, median, ms
		delivery_p99_ms delivery, 99 of 100, ms
		delivery_worst_ms delivery, worst, ms
		load_cores cores that the clients used
	END
	key fanout_per_s "$(value deliveries_per_s fanout.{1..9})"
	key fanout_cpu "$(value cpu_s_per_million_deliveries fanout.{1..9})"
	key fanout_to_hub "$(ratio "$(value deliveries_per_s fanout.{1..9})" \
	    "$(value deliveries_per_s chat-hub.{1..9})")"
}

bench_senders() {
	peers_find redis-server mosquitto ngircd nats-server prosody ejabberd
	talk_rounds alltalk chat-plain --seconds "$SECONDS_EACH" || return
	heading '50 senders at once, one message each under way' \
	    'Chat and chat-plain: on disk at the ACK' Chat chat-plain \
	    "${PEERS[@]}"
	talk_table alltalk chat-plain wait <<-END
		messages_per_s messages a second (asked: 5,000)
		ack_p50_ms wait for the ACK, median, ms
		ack_p99_ms 99 of 100, ms
		ack_p99.9_ms 999 of 1,000, ms (asked: below 100)
		ack_worst_ms worst, ms
		deliveries_per_s deliveries to each other, a second
	END
	key senders_per_s "$(value messages_per_s alltalk.{1..9})"
	key senders_to_plain "$(ratio "$(value messages_per_s alltalk.{1..9})" \
	    "$(value messages_per_s chat-plain.{1..9})")"
}

bench_steady() {
	peers_find redis-server nats-server inspircd mosquitto ngircd prosody \
	    ejabberd
	talk_rounds steady chat-floor --seconds "$SECONDS_EACH" || return
	heading '100 messages a second to 200, whatever happens' \
	    'from the time at which it was due' Chat chat-floor "${PEERS[@]}"
	talk_table steady chat-floor ack <<-END
		delivery_p50_ms delivery, median, ms
		delivery_p99_ms delivery, 99 of 100, ms (asked: 1.5 times)
		delivery_p99.9_ms delivery, 999 of 1,000, ms
		delivery_worst_ms delivery, worst, ms
		cpu_s_per_million_deliveries CPU s for a million (asked: 1.3 times)
	END
	key steady_cpu_to_floor "$(ratio \
	    "$(value cpu_s_per_million_deliveries steady.{1..9})" \
	    "$(value cpu_s_per_million_deliveries chat-floor.{1..9})")"
	key steady_p99_to_floor "$(ratio \
	    "$(value delivery_p99_ms steady.{1..9})" \
	    "$(value delivery_p99_ms chat-floor.{1..9})")"
}
