# shellcheck shell=bash
#
# A server that is a script and knows one user, for the tests of chat-client's
# logins; what it was told is in `said'.  Loaded after screens, it brings
# setup().

# shellcheck disable=SC2016,SC2028 # much is text for the server's script

SECRET='hölzern "Käse\9'

setup() {
	screens_setup
	umask 077
	# shellcheck disable=SC2034 # for the tests
	TOKENS=$XDG_STATE_HOME/chat/tokens
	# What the server believes; a test changes it.
	echo "$SECRET" >"$T/password"
	: >"$T/said"
	: >"$T/odd"
	server
}

# One user, alice, whose password is in `password' and whose token is in
# `token'.  `invite' is the invitation that registering takes, `odd' code that
# runs before a command is answered.
server() {
	cat >"$T/server" <<-'END'
		#!/bin/bash
		error() {
			echo "{\"event\":\"ERROR\",\"code\":\"$1\",\"message\":\"${2:-no}\",\"ref\":\"$ref\"}"
		}
		connected() {
			echo "{\"event\":\"CONNECTED\",\"session\":1,\"username\":\"alice\",\"last_id\":5,\"oldest_id\":1$1}"
		}
		member() { printf '%s\n' "${members[$1]-}"; }
		id=5
		while IFS= read -r line; do
			echo "$line" >>said
			declare -A members="($(jq -r 'to_entries | map("[\(.key | @sh)]=\(.value | @sh)") | join(" ")' <<<"$line"))"
			ref=$(member ref)
			source ./odd
			case $(member command) in
			CONNECT)
				if [ -n "$(member token)" ]; then
					if [ "$(member token)" = "$(cat token 2>/dev/null)" ]; then
						connected
					else
						error AUTH_FAILED "wrong username, password or token"
					fi
				elif [ ! -e password ]; then
					connected ',"resume":"00ff"'
				elif [ -z "$(member password)" ]; then
					error AUTH_REQUIRED "the name is registered"
				elif [ "$(member password)" = "$(cat password)" ]; then
					connected
				else
					error AUTH_FAILED "wrong username, password or token"
				fi
				;;
			REGISTER)
				if [ -e invite ] && [ "$(member invite)" != "$(cat invite)" ]; then
					error BAD_INVITE "an invitation is needed"
				elif [ -e password ]; then
					error USERNAME_TAKEN "it is registered"
				else
					member password >password
					echo "{\"event\":\"REGISTERED\",\"username\":\"alice\",\"ref\":\"$ref\"}"
				fi
				;;
			TOKEN)
				if [ -n "$(member revoke)" ]; then
					rm -f token
					echo "{\"event\":\"TOKEN\",\"revoked\":1,\"ref\":\"$ref\"}"
				else
					tr -dc 0-9a-f </dev/urandom | head -c 64 >token
					echo "{\"event\":\"TOKEN\",\"id\":7,\"token\":\"$(cat token)\",\"expires\":\"2030-01-01T00:00:00.000Z\",\"ref\":\"$ref\"}"
				fi
				;;
			MESSAGE)
				echo "{\"event\":\"ACK\",\"ref\":\"$ref\",\"id\":$((++id)),\"timestamp\":\"2026-11-24T07:00:00.000Z\"}"
				;;
			PING)
				echo "{\"event\":\"PONG\",\"ref\":\"$ref\"}"
				;;
			DISCONNECT)
				echo '{"event":"DISCONNECTED"}'
				exit
				;;
			esac
		done
	END
	chmod +x "$T/server"
	SESSION=$T/server listener_start
}

# What the server was told, a command and its members in a line.
heard() {
	jq -c "$1" said
}

commands() {
	jq -r .command said | xargs
}

# The password is nowhere but in what the server was told.
assert_no_secret() {
	not grep -rqF 'Käse' out err "$XDG_STATE_HOME" "$T/log"
}

log_in_once() {
	chat 0 --password-file "$T/password" -u alice </dev/null
	: >said
}
