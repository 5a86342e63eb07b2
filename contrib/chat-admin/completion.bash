# shellcheck shell=bash
#
# Completion of chat-admin(8) for bash.  The program itself tells what there is,
# so that this can never be out of date.

_chat_admin()
{
	local word=${COMP_WORDS[COMP_CWORD]} i before=()

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${#before[@]} == 0 && ${COMP_WORDS[i]} == -c ]]; then
			i=$((i + 1))
		elif [[ ${COMP_WORDS[i]} != -* && ${#before[@]} -lt 2 ]]; then
			before+=("${COMP_WORDS[i]}")
		fi
	done
	mapfile -t COMPREPLY < <(compgen -W \
	    "$(chat-admin --complete "${before[@]}" 2>/dev/null)" -- "$word")
}

# Where nothing is known, file names: those of -c, backup, --password-file.
complete -o default -F _chat_admin chat-admin
