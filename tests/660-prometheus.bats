#!/usr/bin/env bats
# bats file_tags=long
#
# A real Prometheus scrapes a real server: it takes what chat-metrics says, the
# alerts fire at what they should, and each line of the dashboard has something
# to show.

bats_require_minimum_version 1.5.0
load helpers
load metrics

ALERTS=$ROOT/contrib/prometheus/alerts.yml
DASHBOARD=$ROOT/contrib/prometheus/dashboard.json

setup() {
	command -v promtool >/dev/null && command -v prometheus >/dev/null ||
	    skip 'prometheus is not installed'
	chat_setup
	PROMETHEUS=
}

teardown() {
	if [[ -n ${PROMETHEUS:-} ]]; then
		kill -TERM "$PROMETHEUS"
		wait "$PROMETHEUS" || :
	fi
	[[ -z ${T:-} ]] || chat_teardown
}

@test "promtool finds nothing wrong with what is told" {
	server_start
	client_login alice
	say alice hello
	wait_for is chat_sessions 1
	run -0 promtool check metrics <metrics
	assert_eq "$output" '' 'what promtool says'
	# It would say so.
	sed 's/^# TYPE chat_logins_total counter/# TYPE chat_logins_total gauge/' \
	    metrics >wrong
	run -3 promtool check metrics <wrong
}

@test "the alerts fire at what they should, and at nothing else" {
	run -0 promtool check rules "$ALERTS"
	run -0 promtool test rules "$ROOT/tests/alerts.yml"
	# Each of them was made to fire, and seen not to.
	sed -n 's/^ *- alert: //p' "$ALERTS" | sort >all
	awk '/alertname:/ { sub(/.*alertname: /, ""); sub(/}.*/, ""); name = $0 }
	    /exp_alerts:/ { print name }' "$ROOT/tests/alerts.yml" | sort -u >fired
	(($(wc -l <all) >= 10))
	assert_eq "$(<fired)" "$(<all)" 'alerts that fired'
	grep -o 'eval_time: [0-9]*m, alertname: [A-Za-z]*' "$ROOT/tests/alerts.yml" |
	    sed 's/.* //' | sort -u >quiet
	assert_eq "$(<quiet)" "$(<all)" 'alerts that did not'
}

# ---- a Prometheus of our own, on loopback ----

prometheus_start() { # PORT to scrape
	API=127.0.0.1:$("$B/tests/chat-talk" --port)
	cat >prometheus.yml <<-END
		global: {scrape_interval: 1s, evaluation_interval: 1s}
		rule_files: [$ALERTS]
		scrape_configs:
		  - job_name: chat
		    static_configs: [{targets: ['127.0.0.1:$1']}]
	END
	prometheus --config.file=prometheus.yml --storage.tsdb.path="$T/tsdb" \
	    --web.listen-address="$API" --log.level=warn \
	    </dev/null >>"$T/log/prometheus" 2>&1 3>&- &
	PROMETHEUS=$!
}

# Its answer to PATH, with parameters as --data-urlencode takes them.  (There is
# no curl where nobody installed it; this needs nothing but bash and jq.)
api() {
	local fd query='' p separator='?'
	for p in "${@:2}"; do
		query+=$separator${p%%=*}=$(jq -rn --arg v "${p#*=}" '$v | @uri')
		separator='&'
	done
	exec {fd}<>"/dev/tcp/${API%:*}/${API#*:}" || return
	printf 'GET /api/v1/%s%s HTTP/1.0\r\nHost: x\r\n\r\n' "$1" "$query" >&"$fd"
	sed '1,/^\r$/d' <&"$fd"
	exec {fd}>&-
}

query() {
	api query "query=$1"
}

# So many scrapes succeeded.
scrapes() {
	{ query 'sum_over_time(up{job="chat"}[5m])' |
	    json_holds ".data.result[0].value[1] | tonumber >= $1"; } 2>/dev/null
}

answers_number() {
	query "$1" >answer
	json_holds '.status == "success" and (.data.result | length > 0) and
	    (.data.result | all(.value[1] | IN("NaN", "+Inf", "-Inf") | not))' \
	    answer
}

# Something for each line of the dashboard.
everything_happens() { # PORT of the server
	PORT=$1
	client_login alice
	client_login bob
	say alice hello
	client_expect bob '.message == "hello"'
	client_send alice '{"command":"HISTORY"}'
	client_expect alice '.event == "HISTORY"'
	client_close bob
	say alice 'while bob is away'
	client_open bob
	client_login bob '"since":1'
	client_expect bob '.message == "while bob is away"'
	client_send bob nonsense
	client_error bob BAD_JSON
}

@test "each line of the dashboard has something to show" {
	local chat scraped n
	local -a exprs labels
	server_start
	chat=$PORT
	scrapes_start
	scraped=$PORT
	prometheus_start "$PORT"
	wait_for -t 60 scrapes 2
	everything_happens "$chat"
	mapfile -t exprs < <(jq -r '.panels[].targets[] | .expr' "$DASHBOARD")
	mapfile -t labels < <(jq -r '.panels[].targets[] | .legendFormat' "$DASHBOARD")
	((${#exprs[@]} > 20))
	for n in "${!exprs[@]}"; do
		expr=${exprs[n]//\$instance/.*}
		expr=${expr//\$__rate_interval/5m}
		# (What there was nothing of is no number, or zero.)
		wait_for -t 30 answers_number "$expr"
		# Its legend names labels that are there.
		for label in $(grep -o '{{[a-z_]*}}' <<<"${labels[n]}" | tr -d '{}'); do
			json_holds ".data.result | all(.metric | has(\"$label\"))" \
			    answer || fail "no $label in $expr"
		done
	done
	# The list of instances, from which one chooses.
	assert_eq "$(jq -r '.templating.list[] | select(.name == "instance").definition' \
	    "$DASHBOARD")" 'label_values(chat_build_info, instance)'
	api label/instance/values 'match[]=chat_build_info' >answer
	assert_eq "$(jq -r '.data[]' answer)" "127.0.0.1:$scraped"
}

rules_are_evaluated() {
	api rules | json_holds '.data.groups[].rules | length >= 10 and
	    all(.health == "ok" and .lastEvaluation > "2000")'
}

firing() {
	api rules | json_holds 'any(.data.groups[].rules[];
	    .name == $n and (.state | IN("pending", "firing")))' --arg n "$1"
}

@test "Prometheus evaluates the alerts, and sees a relay that is away" {
	server_start
	client_login alice
	scrapes_start
	prometheus_start "$PORT"
	wait_for -t 60 scrapes 2
	wait_for -t 30 rules_are_evaluated
	not firing ChatRelayAway
	notify_kill
	wait_for -t 60 firing ChatRelayAway
	not firing ChatDown
	listener_stop
	wait_for -t 30 firing ChatDown
}
