# shellcheck shell=bash
#
# Tests of what Prometheus is told; loaded after helpers.
#
#   value SAMPLE            its value just now; all of them in $T/metrics
#   is SAMPLE VALUE
#   scrapes_start           a listener on $PORT (a new one) that answers scrapes

# The value of one sample.
value() {
	"$B/bin/chat-metrics" >"$T/metrics"
	awk -v name="$1" '$1 == name { print $2; found = 1 }
	    END { exit !found }' "$T/metrics"
}

is() {
	[[ $(value "$1") == "$2" ]]
}

scrapes_start() {
	printf '#!/bin/sh\nexec "%s/bin/chat-metrics" --http\n' "$B" >"$T/scrape"
	chmod +x "$T/scrape"
	# shellcheck disable=SC2034 # for listener_start
	PORT=
	SESSION=$T/scrape listener_start
}
