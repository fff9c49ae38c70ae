#!/bin/bash
# No file of a room calls one that calls it back, directly or by way of others; nor does a room another. agent/ and
# export/ are one program and looked at together, so are monitor/ and stream/, and so is relay/; core/ knows none of them.
# Nor does a header include one that includes it.
set -u
sources=../../main/c
[ -d $sources ] || sources=$(dirname "$0")/../../main/c

# edges ROOM...: a line USER DEFINER for each file that uses what another defines, and FILE FILE for each.
edges() {
	local room source object objects=()
	for room in "$@"; do
		for source in "$sources/$room"/*.c; do
			# What was built from a file that is gone is still there.
			object=$room/${source##*/}
			object=${object%.c}.o
			[ ! -e "$MICA_OUT/$object" ] || objects+=("$object")
		done
	done
	# One nm for all: a fork for each file takes longer than all that is asked of them.
	(cd "$MICA_OUT" && nm -A "${objects[@]}") | sed 's/:/ /' | awk '
		$(NF - 1) == "U" { used[$1, $NF] }
		$(NF - 1) ~ /^[TDBRVC]$/ { defined[$NF] = $1 }
		{ print $1, $1 }
		END {
			for (use in used) {
				split(use, part, SUBSEP)
				if (part[2] in defined)
					print part[1], defined[part[2]]
			}
		}'
}

number=0
# told NAME OUTPUT: it holds if nothing was said.
told() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		echo "$2" | sed 's/^/# /'
	fi
}

echo 1..8
for rooms in core 'agent export stream' 'monitor stream' relay network; do
	found=$(edges $rooms)
	[ "$(echo "$found" | wc -l)" -gt 20 ] || found='nothing nowhere
nowhere nothing'
	told "no circle in $rooms" "$(echo "$found" | tsort 2>&1 >/dev/null)"
done
told 'the export does not know the agent' "$(edges agent export | grep '^export/.* agent/')"

# includes: a line HEADER INCLUDED for each header that a header includes. A name without a folder is of its own folder,
# of core or of one of the programs, which are looked up in this order.
includes() {
	(cd $sources && grep -H '^#include "' */*.h) | sed 's/:#include "\([^"]*\)".*/ \1/' |
		while read -r header name; do
			for found in "${header%/*}/$name" "$name" "core/$name" "agent/$name" "relay/$name"; do
				[ ! -e "$sources/$found" ] || break
			done
			echo "$header $found"
		done
}
found=$(includes)
[ "$(echo "$found" | wc -l)" -gt 100 ] || found='nothing nowhere
nowhere nothing'
told 'no circle of headers' "$(echo "$found" | tsort 2>&1 >/dev/null)"
told 'the core knows no other room' "$(echo "$found" | grep '^core/' | grep -v ' core/')$(
	grep -l '^#include "\(agent\|digest\|export\|launch\|monitor\|network\|receive\|relay\|stream\)/' $sources/core/*.c)"
