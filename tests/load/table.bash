# shellcheck shell=bash
#
# Running the generator, and the tables of make bench: Markdown, padded for
# people who look at it while it grows.

# load OUT ARGUMENTS...: run the generator; what it prints goes to $T/OUT.
load() {
	local out=$1
	shift
	"${LOAD[@]}" "$@" >"$T/$out" 2>"$T/$out.err" && return
	bad=1
	say_line "NOT CLEAN: chat-load $*"
	grep -hv '=0$' "$T/$out.err" "$T/$out" | sed 's/^/    /'
	return 1
}

# The value of KEY in OUT; the median of several OUTs.
value() {
	local key=$1 out
	shift
	for out in "$@"; do
		[[ ! -e $T/$out ]] || sed -n "s/^$key=//p" "$T/$out"
	done | sort -g | awk '{ v[NR] = $1 }
	    END { if (NR) print v[int((NR + 1) / 2)] }'
}

say_line() {
	printf '%s\n' "$*" | tee -a "$T/tables"
}

note() {
	say_line ''
	say_line "$*"
}

cells() {
	local first=$1
	shift
	say_line "$(printf '| %-46s |' "$first"
	    printf ' %-18s |' "$@")"
}

# heading TITLE WHAT COLUMN...: a new table; the first COLUMN is Chat's.
heading() {
	local title=$1 what=$2
	shift 2
	printf '\n' | tee -a "$T/tables"
	say_line "### $title"
	printf '\n' | tee -a "$T/tables"
	cells "$what" "$@"
	say_line "|---$(printf '|---%.0s' "$@")|"
}

# 1234567 as 1,234,567; small ones with decimals; nothing as "-"; words stay.
number() {
	local n
	[[ $1 != [a-z]* ]] || { printf '%s\n' "$1"; return; }
	n=$(awk -v v="$1" 'BEGIN {
		f = "%.0f"
		if (v + 0 < 100) f = "%.1f"
		if (v + 0 < 10) f = "%.2f"
		if (v + 0 < 0.1) f = "%.3f"
		printf v == "" ? "-" : f, v }')
	while [[ $n =~ ^([0-9]+)([0-9]{3}(,.*)?)$ ]]; do
		n=${BASH_REMATCH[1]},${BASH_REMATCH[2]}
	done
	printf '%s\n' "$n"
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN {
		if (a != "" && b + 0 > 0) printf "%.2f\n", a / b }'
}

# row TEXT CHAT OTHER...: a line of the table, with ratios.
row() {
	local text=$1 chat=$2 other r
	local -a out
	out=("$(number "$chat")")
	for other in "${@:3}"; do
		r=$(ratio "$chat" "$other")
		out+=("$(number "$other")${r:+ ($r)}")
	done
	cells "$text" "${out[@]}"
}

# plain TEXT VALUE...: a line where nothing is compared.
plain() {
	local text=$1 v
	local -a out=()
	for v in "${@:2}"; do
		out+=("$(number "$v")")
	done
	cells "$text" "${out[@]}"
}

# point PLOT X Y...: for a plot of that name
point() {
	echo "${@:2}" >>"$T/plots/$1"
}

# key NAME VALUE: what is compared with the next run
key() {
	[[ -z $2 ]] || KEYS[$1]=$2
}

commit() {
	git -C "$ROOT" rev-parse --short HEAD 2>/dev/null || echo unknown
}

machine() {
	local model
	model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
	say_line "$(date -u +%F), commit $(commit): $model, $(nproc) cores," \
	    "Linux $(uname -r), $(systemctl --version |
	    sed -n '1s/ (.*//p'), $(stat -f -c %T "$T/data") file system;" \
	    "load $(cut -d ' ' -f 1 /proc/loadavg) before it began."
}
