# mica.bash - completion of `mica` for bash. What may stand where is asked of `mica --complete`, which is quick.

_mica() {
	local line=${COMP_LINE:0:COMP_POINT} value summary typed colon=
	local -a words
	# By blanks alone: bash would also part NAME:TAG.
	read -ra words <<<"$line"
	[[ $line != *[[:blank:]] ]] || words+=('')
	typed=${words[-1]}
	# Of what stands before the last colon bash knows that it is there.
	[[ $COMP_WORDBREAKS != *:* || $typed != *:* ]] || colon=${typed%:*}:
	COMPREPLY=()
	while IFS=$'\t' read -r value summary; do
		case $value in
		/) compopt -o plusdirs ;;
		.) compopt -o default -o plusdirs ;;
		*) COMPREPLY+=("${value#"$colon"}") ;;
		esac
	done < <("${words[0]}" --complete "${words[@]:1}" 2>/dev/null)
}

complete -F _mica mica
