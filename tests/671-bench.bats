#!/usr/bin/env bats
# bats file_tags=alone
#
# make bench: its tables, what it keeps, and one short run.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	chat_setup
	# shellcheck source=tests/load/table.bash
	. "$ROOT/tests/load/table.bash"
	# shellcheck source=tests/load/document.bash
	. "$ROOT/tests/load/document.bash"
	declare -gA KEYS=()
	DOCUMENT=$T/document RUNS=$T/runs
}

@test "numbers are as long as they need to be" {
	assert_eq "$(for n in 1234567 999.6 1000 100 42.42 7.777 0.5 0.01 0 ''; do
		number "$n"
	done | tr '\n' ' ')" '1,234,567 1,000 1,000 100 42.4 7.78 0.50 0.010 0.000 - ' numbers
}

@test "a row has a ratio for each that there is something to compare with" {
	run -0 row title 30 20 '' 0
	[[ $output =~ ^\|\ title\ +\|\ 30.0\ +\|\ 20.0\ \(1.50\)\ +\|\ -\ +\|\ 0.000\ +\|$ ]] ||
	    fail "$output"
}

@test "the median of several runs is taken" {
	for i in 5 1 3; do
		echo "x=$i" >"run.$i"
	done
	assert_eq "$(value x run.{1..9})" 3 median
	assert_eq "$(value y run.{1..9})" '' 'median of nothing'
}

@test "the tables take the place between the marks, again and again" {
	plots() { :; }
	printf '%s\n' before '<!-- measured -->' old '<!-- end -->' after \
	    >"$DOCUMENT"
	echo new >tables
	document
	document
	assert_eq "$(grep -v '^$' "$DOCUMENT" | tr '\n' ' ')" \
	    'before <!-- measured --> new <!-- end --> after ' document
}

@test "a run that is worse than the one before is told, a better one not" {
	RUN_KEYS=(fanout_per_s fanout_cpu steady_cpu_to_floor)
	KEYS=([fanout_per_s]=1000 [fanout_cpu]=1 [steady_cpu_to_floor]=1)
	assert_eq "$(runs_keep)" '' 'first run'
	KEYS=([fanout_per_s]=700 [fanout_cpu]=1.1 [steady_cpu_to_floor]=2)
	run -0 runs_keep
	assert_eq "$(echo "$output" | sed 's/.*: //')" \
	    $'fanout_per_s 700, was 1000\nsteady_cpu_to_floor 2, was 1' worse
	KEYS=([fanout_per_s]=1500 [fanout_cpu]=0.5)
	assert_eq "$(runs_keep)" '' 'third run'
	assert_eq "$(cut -f 3- "$RUNS" | tr '\t\n' ' /')" \
	    'fanout_per_s fanout_cpu steady_cpu_to_floor/1000 1 1/700 1.1 2/1500 0.5 nan/' runs
}

@test "a short run of some parts is clean, and leaves the documents alone" {
	before=$(cat "$ROOT/docs/PERFORMANCE.md" "$ROOT/docs/performance.tsv")
	BENCH_ROUNDS=1 BENCH_MESSAGES=50 BENCH_SECONDS=0.5 run -0 \
	    "$ROOT/tests/load/bench" birth fanout senders steady window 3>&-
	echo "$output"
	[[ $output == *'deliveries a second'*chat-plain*chat-floor*'1024 under way: CPU'* ]]
	[[ $output != *'| -  '*'| -  '*'| -  '* ]]
	assert_eq "$(cat "$ROOT/docs/PERFORMANCE.md" \
	    "$ROOT/docs/performance.tsv")" "$before" documents
}

@test "history is fetched from those that keep it, beside Chat" {
	# shellcheck source=tests/load/peers.bash
	. "$ROOT/tests/load/peers.bash"
	note() { :; }
	BENCH_PEERS=1 peers_find prosody ejabberd
	((${#PEERS[@]} > 0)) || skip 'neither prosody nor ejabberd is installed'
	BENCH_PEERS=1 BENCH_ROUNDS=1 BENCH_MESSAGES=50 run -0 \
	    "$ROOT/tests/load/bench" archive 3>&-
	echo "$output"
	[[ $output == *"50 stored"*" Chat "*" ${PEERS[*]: -1} "* ]]
	[[ $output == *'| median, ms '*'| 99 of 100, ms '* ]]
	[[ $output != *'| - '* ]]
}

@test "a part that is none is refused with the list of parts, status 64" {
	run -64 "$ROOT/tests/load/bench" nothing
	[[ $output == *fanout*BENCH_PEERS* ]]
}
