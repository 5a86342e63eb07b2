# shellcheck shell=bash
#
# What make bench leaves behind: the tables in docs/PERFORMANCE.md, plots beside
# it, and a line in docs/performance.tsv.

DOCUMENT=$ROOT/docs/PERFORMANCE.md
RUNS=$ROOT/docs/performance.tsv
# What is kept of a run, in this order.
RUN_KEYS=(fanout_per_s fanout_cpu fanout_to_hub senders_per_s senders_to_plain
	steady_cpu_to_floor steady_p99_to_floor history_ms pss_kb
	pss_forked_kb birth_ms birth_forked_ms systemd_login_ratio
	logins_per_s presence_logins_per_s)
WORSE=1.25 # times, from one run to the next, is worth a look

# The tables take the place of what is between the marks.
document() {
	awk -v tables="$T/tables" '
		/^<!-- measured -->$/ {
			print
			print ""
			while ((getline line <tables) > 0) print line
			print ""
			skip = 1
			next
		}
		/^<!-- end -->$/ { skip = 0 }
		!skip' "$DOCUMENT" >"$DOCUMENT.new" &&
	    mv "$DOCUMENT.new" "$DOCUMENT"
	plots
}

plots() {
	if ! type -P gnuplot >/dev/null; then
		echo 'No plots: gnuplot is not installed (gnuplot-nox).'
		return
	fi
	gnuplot -e "data='$T/plots'; out='$ROOT/docs'" "$HERE/plots.gp" || bad=1
	# Each run would otherwise have its own time in them.
	sed -i '/^<desc>Produced by/d' "$ROOT"/docs/performance-*.svg
}

# A line for this run; says what is worse than in the run before.
runs_keep() {
	local name names='date commit' values
	values="$(date -u +%FT%RZ) $(commit)"
	for name in "${RUN_KEYS[@]}"; do
		names+=" $name"
		values+=" ${KEYS[$name]:-nan}"
	done
	# What is measured has changed: it begins anew.
	[[ $(head -n 1 "$RUNS" 2>/dev/null) == "${names// /$'\t'}" ]] ||
	    echo "${names// /$'\t'}" >"$RUNS"
	echo "${values// /$'\t'}" >>"$RUNS"
	runs_compare
}

# Of what is counted per second, and how much faster than others, more is
# better; of all else less.
runs_compare() {
	awk -F '\t' -v worse="$WORSE" '
		NR == 1 { for (i = 3; i <= NF; i++) name[i] = $i; next }
		{ for (i in name) { last[i] = now[i]; now[i] = $i } }
		END {
			for (i = 3; i in name; i++) {
				if (last[i] + 0 <= 0 || now[i] + 0 <= 0)
					continue
				more = name[i] ~ /_per_s$|_to_(hub|plain)$/
				r = more ? last[i] / now[i] : now[i] / last[i]
				if (r > worse)
					printf "WORSE than in the run before: %s %s, was %s\n",
					    name[i], now[i], last[i]
			}
		}' "$RUNS"
}
