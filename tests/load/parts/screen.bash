# shellcheck shell=bash
#
# make bench: chat-client's screen.

bench_screen() {
	local i
	for ((i = 1; i <= ROUNDS; i++)); do
		"$B/tests/chat-typist" "$B/bin/chat-client" >"$T/screen.$i" ||
		    { bad=1; note 'NOT CLEAN: chat-typist'; }
	done
	heading "chat-client's screen" 'key to screen' '100,000 messages' \
	    empty '1,000 a second come'
	screen_row 'median, ms (asked: at most 16)' full_key_p50_ms \
	    empty_key_p50_ms storm_key_p50_ms
	screen_row '99 of 100, ms' full_key_p99_ms empty_key_p99_ms \
	    storm_key_p99_ms
	screen_row 'page back, median, ms' page_back_p50_ms
	screen_row 'PSS, MiB' full_pss_mb empty_pss_mb
	screen_row 'draws a second (at most 60)' none none storm_draws_per_s
	screen_row 'CPU, %' none none storm_cpu_percent
}

# screen_row TEXT KEY...: the medians
screen_row() {
	local text=$1 name
	local -a out=()
	for name in "${@:2}" none none; do
		((${#out[@]} == 3)) || out+=("$(value "$name" screen.{1..9})")
	done
	plain "$text" "${out[@]}"
}
