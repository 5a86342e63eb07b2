# shellcheck shell=bash
#
# Other servers, for make bench with BENCH_PEERS=1: Debian's packages, each on a
# port and in a directory of its own, as the current user, without limits of
# rates.  Only Prosody and ejabberd store anything: what is said in a room, as
# they do it without another database.  Their rooms are persistent, as others
# lose it with the last who leaves.

peer=''
PEER_PROTOCOL='' PEER_OPTIONS=() PEER_RUN=()

# (Without its starter, which becomes another user, ejabberd is Erlang.)
peer_program() {
	[[ $1 != ejabberd ]] || set -- ejabberdctl
	type -P "$1" || PATH=$PATH:/usr/sbin type -P "$1"
}

# The wanted ones that can be measured, into PEERS; says which cannot.
peers_find() {
	local name
	PEERS=()
	[[ -n ${BENCH_PEERS:-} ]] || return 0
	for name in "$@"; do
		if [[ -n $(peer_program "$name") ]]; then
			PEERS+=("$name")
		else
			note "$name is not installed, and was not measured."
		fi
	done
}

redis-server_configure() {
	PEER_PROTOCOL=redis
	PEER_ARGUMENTS=(--bind 127.0.0.1 --port "$1" --dir "$T/peer" --save ''
	    --appendonly no --maxclients 12000 --tcp-backlog 4096
	    --client-output-buffer-limit pubsub 0 0 0)
}

nats-server_configure() {
	PEER_PROTOCOL=nats
	PEER_ARGUMENTS=(-a 127.0.0.1 -p "$1")
}

# QoS 1: the publisher and each subscriber acknowledge.
mosquitto_configure() {
	PEER_PROTOCOL=mqtt
	PEER_ARGUMENTS=(-c "$T/peer/conf")
	cat >"$T/peer/conf" <<-END
		listener $1 127.0.0.1
		allow_anonymous true
		persistence false
		set_tcp_nodelay true
		max_inflight_messages 0
		max_queued_messages 0
		log_dest stderr
		log_type error
		user $(id -un)
	END
}

inspircd_configure() {
	PEER_PROTOCOL=irc
	# It lets clients in once a second.
	PEER_OPTIONS=(--concurrency 200)
	PEER_ARGUMENTS=(--nofork --config "$T/peer/conf")
	[[ $EUID -ne 0 ]] || PEER_ARGUMENTS+=(--runasroot)
	: >"$T/peer/motd"
	cat >"$T/peer/conf" <<-END
		<server name="load.localhost" description="load" network="Load">
		<admin name="load" nick="load" email="load@localhost">
		<bind address="127.0.0.1" port="$1" type="clients">
		<connect allow="*" timeout="60" pingfreq="3600" limit="12000"
		    localmax="12000" globalmax="12000" maxconnwarn="no"
		    resolvehostnames="no" fakelag="no" threshold="1000000000"
		    commandrate="1000000000" recvq="10M" softsendq="100M"
		    hardsendq="200M">
		<performance softlimit="12000" somaxconn="4096">
		<files motd="$T/peer/motd">
		<pid file="$T/peer/pid">
		<log method="file" type="*" level="default" target="$T/peer/log">
	END
}

ngircd_configure() {
	PEER_PROTOCOL=irc
	PEER_ARGUMENTS=(-n -f "$T/peer/conf")
	cat >"$T/peer/conf" <<-END
		[Global]
		Name = load.localhost
		Info = load
		Listen = 127.0.0.1
		Ports = $1
		MotdPhrase = load
		ServerUID = $(id -un)
		ServerGID = $(id -gn)
		[Limits]
		MaxConnections = 0
		MaxConnectionsIP = 0
		MaxNickLength = 31
		MaxPenaltyTime = 0
		PingTimeout = 3600
		PongTimeout = 3600
		[Options]
		DNS = no
		Ident = no
		PAM = no
	END
}

# Any name gets in with any password, as only mod_auth_insecure allows.
prosody_configure() {
	PEER_PROTOCOL=xmpp
	PEER_ARGUMENTS=(-F --config "$T/peer/conf.lua")
	cat >"$T/peer/conf.lua" <<-END
		run_as_root = true
		pidfile = "$T/peer/pid"
		data_path = "$T/peer"
		log = { error = "$T/peer/log" }
		interfaces = { "127.0.0.1" }
		c2s_ports = { $1 }
		c2s_direct_tls_ports = { }
		network_settings = { tcp_backlog = 4096 }
		modules_enabled = { "saslauth" }
		modules_disabled = { "s2s", "offline" }
		c2s_require_encryption = false
		allow_unencrypted_plain_auth = true
		authentication = "insecure"
		insecure_open_authentication =
		    "Yes please, I know what I'm doing!"
		VirtualHost "localhost"
		Component "conference.localhost" "muc"
		    modules_enabled = { "muc_mam" }
		    max_archive_query_results = 1000
		    muc_room_default_persistent = true
		    muc_room_locking = false
	END
}

ejabberd_configure() {
	local libraries
	libraries=$(echo /usr/lib/*/ejabberd-*/ebin)
	libraries=${libraries%% *}
	PEER_PROTOCOL=xmpp
	PEER_RUN=(env ERL_LIBS="${libraries%/*/*}" ERL_CRASH_DUMP_SECONDS=0
	    EJABBERD_CONFIG_PATH="$T/peer/conf.yml"
	    EJABBERD_LOG_PATH="$T/peer/log" erl)
	PEER_ARGUMENTS=(-noinput -mnesia dir "\"$T/peer/mnesia\"" -s ejabberd)
	cat >"$T/peer/conf.yml" <<-END
		hosts: [localhost]
		loglevel: error
		auth_method: [anonymous]
		anonymous_protocol: login_anon
		listen:
		  - port: $1
		    ip: 127.0.0.1
		    module: ejabberd_c2s
		    shaper: none
		    access: all
		    backlog: 4096
		modules:
		  mod_muc:
		    host: conference.localhost
		    max_users: 12000
		    max_users_presence: 12000
		    default_room_options:
		      mam: true
		      persistent: true
		      max_users: 12000
		  mod_mam: {}
	END
}

port_is_open() {
	(exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# peer_start NAME: sets PEER (address) and peer (pid).
peer_start() {
	local port
	port=$("$B/tests/chat-talk" --port)
	mkdir "$T/peer"
	PEER_OPTIONS=() PEER_RUN=("$(peer_program "$1")")
	"$1_configure" "$port"
	"${PEER_RUN[@]}" "${PEER_ARGUMENTS[@]}" </dev/null \
	    >"$T/log/$1" 2>&1 3>&- &
	peer=$! PEER=127.0.0.1:$port
	wait_for -t 120 port_is_open "$port" && return
	bad=1
	note "$1 did not start: $(tail -n 1 "$T/log/$1")"
	peer_stop
	return 1
}

peer_stop() {
	[[ -z $peer ]] || { kill "$peer"; wait "$peer"; } 2>/dev/null
	peer=
	rm -rf "${T:?}/peer"
}

peer_is_slow() {
	[[ $1 == prosody || $1 == ejabberd ]]
}

# peer_spare NAME WORKLOAD: who is slow gets less to do, for rates are compared.
peer_spare() {
	case "$1 $2" in
	"prosody fanout" | "ejabberd fanout")
		PEER_OPTIONS+=(--messages $(((MESSAGES + 99) / 100)))
		;;
	"mosquitto fanout")
		PEER_OPTIONS+=(--messages $(((MESSAGES + 9) / 10)))
		;;
	"prosody steady" | "ejabberd steady")
		PEER_OPTIONS+=(--seconds 1)
		;;
	"prosody connect" | "ejabberd connect" | "inspircd connect")
		PEER_OPTIONS+=(--clients $(((LOGINS + 4) / 5)))
		;;
	esac
}

# peer_measure OUT ARGUMENTS... WORKLOAD: the one that has been started
peer_measure() {
	local to=$1
	shift
	load "$to" --protocol "$PEER_PROTOCOL" --parent "$peer" \
	    --comm "$(<"/proc/$peer/comm")" "$@" "${PEER_OPTIONS[@]}" "$PEER"
}

# peer_load NAME OUT ARGUMENTS... WORKLOAD: start it, measure it, end it.
peer_load() {
	local name=$1 to=$2
	shift 2
	peer_start "$name" || return
	peer_spare "$name" "${!#}"
	peer_measure "$to" "$@"
	peer_stop
}

# peer_values KEY WORKLOAD: the medians of all PEERS, into VALUES
peer_values() {
	local name
	VALUES=()
	for name in "${PEERS[@]}"; do
		VALUES+=("$(value "$1" "$2.$name".{1..9})")
	done
}
