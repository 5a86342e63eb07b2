# shellcheck shell=bash
#
# make bench: memory of idle sessions.

# Sessions hide themselves from all but root.
memory_is_seen() {
	[[ $EUID -eq 0 ]] && return
	note 'The memory of sessions was not measured: only root may see it.'
	return 1
}

# Both ways to start a session are compared with cat.
memory_row() {
	local executed forked cat ratios=''
	executed=$(value "$2" "exec.$3")
	forked=$(value "$2" "fork.$3")
	cat=$(value "${2/#chat-session/cat}" cat.rest)
	[[ -z $(ratio 1 "$cat") ]] ||
	    ratios=" ($(ratio "$executed" "$cat"), $(ratio "$forked" "$cat"))"
	cells "$1" "$(number "$executed")" "$(number "$forked")" \
	    "$(number "$cat")$ratios"
}

bench_memory() {
	local how key when title
	memory_is_seen || return 0
	for how in exec fork; do
		serve "$how" || return
		load "$how.first" --clients "$SESSIONS" --parent "$FAMILY" \
		    --comm chat-session,chat-notify idle "$CHAT"
		load "$how.rest" --clients "$SESSIONS" --parent "$FAMILY" \
		    --comm chat-session,chat-notify --seconds "$REST" \
		    idle "$CHAT"
		unserve
	done
	PORT=
	SESSION=$(type -P cat) listener_start || return
	load cat.rest --clients "$SESSIONS" --first-byte --comm cat \
	    --parent "${LISTENERS[0]}" idle "127.0.0.1:$PORT"
	listener_stop
	heading "Memory of $SESSIONS idle sessions" 'KiB for each' \
	    'Chat, executed' 'Chat, forked' 'cat(1), executed'
	while read -r key when title; do
		memory_row "$title" "$key" "$when"
	done <<-END
		chat-session_pss_kb rest PSS (asked: at most 250; forked 100)
		chat-session_private_dirty_kb rest private dirty
		chat-session_page_tables_kb rest page tables
		chat-session_stacks_kb rest kernel stacks
		chat-session_total_kb rest PSS, tables, stacks, socket buffers
		chat-session_pss_kb first PSS in the first seconds
		chat-notify_pss_kb rest the relay's PSS for each
		machine_kernel_kb rest all the machine's kernel memory
		idle_cpu_ms_per_s rest CPU of all while idle, ms a second
	END
	bench_memory_peers
	key pss_kb "$(value chat-session_pss_kb exec.rest)"
	key pss_forked_kb "$(value chat-session_pss_kb fork.rest)"
}

# So many that what a server has without them does not hide what each needs.
bench_memory_peers() {
	local name clients=$((5 * SESSIONS))
	peers_find mosquitto inspircd ngircd redis-server nats-server prosody \
	    ejabberd
	((${#PEERS[@]} > 0)) || return 0
	serve fork || return
	load grown.1 --clients "$clients" --parent "$FAMILY" \
	    --comm chat-session,chat-notify --seconds "$REST" idle "$CHAT"
	unserve
	for name in "${PEERS[@]}"; do
		peer_load "$name" "grown.$name.1" --clients "$clients" idle
	done
	peer_values server_growth_kb grown
	heading "Memory that $clients idle clients take" 'KiB for each' \
	    'Chat, forked' "${PEERS[@]}"
	row 'PSS above what it was without them' \
	    "$(value server_growth_kb grown.1)" "${VALUES[@]}"
}
