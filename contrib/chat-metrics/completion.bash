# shellcheck shell=bash
#
# Completion of chat-metrics(8) for bash; its options are those of its --help.

_chat_metrics()
{
	local word=${COMP_WORDS[COMP_CWORD]}

	COMPREPLY=()
	[[ ${COMP_WORDS[COMP_CWORD - 1]} != --file ]] || return 0
	mapfile -t COMPREPLY < <(compgen -W \
	    "$(chat-metrics --help 2>/dev/null | grep -oe '--[a-z]*' |
	        sort -u)" -- "$word")
}

# Where nothing is known, file names: that of --file.
complete -o default -F _chat_metrics chat-metrics
