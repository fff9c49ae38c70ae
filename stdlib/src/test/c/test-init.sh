#!/bin/sh
# mica-init: as which status it ends, what it passes on, and whom it waits for. It is process 1 of a namespace, as in a
# container.
init=$MICA_OUT/mica-init
count=0

check() {
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		echo "# wanted '$2', got '$3'" | tr '\n' ' '
		echo
	fi
}

# Its status, and the last line of what it says.
ends() {
	said=$("$@" 2>&1 </dev/null) && status=0 || status=$?
	echo "$status ${said##*
}"
}

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
echo echo no program >"$dir/text"
mkdir "$dir/bin"
echo >"$dir/bin/denied"
cp "$dir/text" "$dir/script"
chmod +x "$dir/script"
printf '#!/no/such/interpreter\n' >"$dir/lost"
chmod +x "$dir/lost"

check 'the status is the program'"'"'s' '7 ' "$(ends "$init" -- sh -c 'exit 7')"
check 'of a signal it is 128 and its number' '137 ' "$(ends "$init" -- sh -c 'kill -9 $$')"
check 'the words are passed on' '0 a  b' "$(ends "$init" -- echo 'a  b')"
check 'a program without a slash is looked for' '127 mica-init: cannot start nosuch: not found in its PATH' \
	"$(ends "$init" -- nosuch)"
check 'one with a slash is not' '127 mica-init: cannot start ./nosuch: No such file or directory' \
	"$(ends "$init" -- ./nosuch)"
check 'what may not be run is told' "126 mica-init: cannot start $dir/text: Permission denied" \
	"$(ends "$init" -- "$dir/text")"
check 'that is so in the PATH too' '126 mica-init: cannot start denied: Permission denied' \
	"$(PATH=$dir/none:$dir/text:$dir/bin:$PATH ends "$init" -- denied)"
check 'a text is no program' "126 mica-init: cannot start $dir/script: Exec format error" \
	"$(ends "$init" -- "$dir/script")"
check 'an interpreter that is not there is no program' "127 mica-init: cannot start $dir/lost: No such file or directory" \
	"$(ends "$init" -- "$dir/lost")"
check 'it wants to be told a program' \
	'126 mica-init: cannot start a program: it is called mica-init -- PROGRAM [ARGUMENT...]' "$(ends "$init" --)"

mkfifo "$dir/up"
"$init" -- sh -c "trap 'exit 9' TERM; trap 'exit 8' USR1; echo up >$dir/up; while :; do sleep 0.05; done" &
pid=$!
read -r _ <"$dir/up"
kill -USR1 $pid
wait $pid && status=0 || status=$?
check 'signals reach the program' 8 $status

if [ "$(id -u)" -eq 0 ]; then
	# The sleep becomes its child when the shell between them ends, and must not stay as a dead one.
	orphans='(sleep 0 & echo $! >'$dir'/orphan); read -r pid <'$dir'/orphan; n=0
		while [ -e /proc/$pid ] && [ $n -lt 3000 ]; do n=$((n + 1)); sleep 0.02; done; [ ! -e /proc/$pid ] && echo gone'
	check 'it waits for those whom nobody waits for' '0 gone' \
		"$(ends unshare --pid --fork --mount-proc "$init" -- sh -c "$orphans")"
else
	count=$((count + 1))
	echo "ok $count # SKIP needs root"
fi
case $(readelf -lW "$init") in
*INTERP*) found=needed ;;
*) found=none ;;
esac
[ -n "$MICA_SANITIZE" ] && found=none # the sanitizers cannot be linked statically
check 'it needs no library' none $found
echo "1..$count"
