# shellcheck shell=bash
#
# Completion of chat-client(1) for bash.  The program tells its options; names
# and servers are those that tokens and certificates are kept for.

_chat_client()
{
	local state=${XDG_STATE_HOME:-$HOME/.local/state}/chat
	local word=${COMP_LINE:0:COMP_POINT} option=${COMP_WORDS[COMP_CWORD - 1]}
	local words

	# A word goes on over colons; an option's may begin after "=".
	word=${word##* }
	if [[ $word == --*=* ]]; then
		option=${word%%=*}
		word=${word#*=}
	fi
	case $option in
	-u | --user)
		words=$(cut -f 2 "$state/tokens" 2>/dev/null)
		;;
	--tls-ca | --password-file | --invite)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--to | --with)
		words=all
		;;
	--history | --since | --timeout | --password-fd | --tls-fingerprint)
		;;
	*)
		if [[ $word == -* ]]; then
			words=$(chat-client --help 2>/dev/null |
			    grep -Eo '^ +(-[a-zA-Z], )?--[a-z-]+' |
			    grep -o -- '--.*')
		else
			words=$(cut -f 1 "$state/known_servers" "$state/tokens" \
			    2>/dev/null | sed 's/^tls://')
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word" | sort -u)
	# What bash replaces begins after the last colon.
	word=${word%"${word##*:}"}
	COMPREPLY=("${COMPREPLY[@]#"$word"}")
}

complete -F _chat_client chat-client
