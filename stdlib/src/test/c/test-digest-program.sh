#!/bin/sh
# mica-digest: what it records, beside whom, and what is left of it when it is killed.
set -u
digest=$MICA_OUT/mica-digest
number=0

ok() { # NAME STATUS
	number=$((number + 1))
	[ "$2" -eq 0 ] && echo "ok $number - $1" || echo "not ok $number - $1"
}

top=$(mktemp -d) || exit 1
trap 'rm -rf "$top"' EXIT
home=$top/home
mkdir -p "$home/commits" "$home/layers" "$home/digests"

commit() { # ID
	mkdir -p "$home/layers/$1/dir"
	echo "$1" >"$home/layers/$1/dir/file"
	echo '{}' >"$home/commits/$1.json"
}

recorded() { # ID: what its record says the digest is
	sed -n 's/.*"digest" : "sha256:\([0-9a-f]*\)".*/\1/p' "$home/digests/$1.json"
}

computed() { # ID
	"$MICA_OUT/core-driver" manifest "$home/layers/$1" | cut -d' ' -f1
}

nothing_else() {
	[ "$(ls -A "$home/digests" | sort)" = "$(ls -A "$home/commits" | grep -E '^[0-9a-f]{4,64}\.json$' | sort)" ]
}

commit aaaa1111
commit bbbb2222
echo '{}' >"$home/commits/not-an-id.json"
echo '{}' >"$home/commits/cccc3333.other"
"$digest" "$home"
ok 'it ends well' $?
[ "$(recorded aaaa1111)" = "$(computed aaaa1111)" ] && [ "$(recorded bbbb2222)" = "$(computed bbbb2222)" ]
ok 'each commit has its digest' $?
nothing_else
ok 'and nothing but commits has one' $?

old=$(recorded aaaa1111)
echo more >>"$home/layers/aaaa1111/dir/file"
"$digest" "$home"
[ "$(recorded aaaa1111)" = "$old" ]
ok 'a digest that is there stays' $?

commit dddd4444
rm -rf "$home/layers/dddd4444"
commit eeee5555
"$digest" "$home"
[ $? -eq 0 ] && [ ! -e "$home/digests/dddd4444.json" ] && [ -e "$home/digests/eeee5555.json" ]
ok 'a layer that cannot be read is passed over' $?
rm "$home/commits/dddd4444.json"

# Two at once, and commits that come and go: one at a time works, and what has gone leaves nothing.
for i in 0 1 2 3 4 5 6 7 8 9; do
	commit "ffff000$i"
	"$digest" "$home" &
	if [ $((i % 2)) = 0 ]; then
		rm -f "$home/commits/ffff000$i.json"
		rm -f "$home/digests/ffff000$i.json"
		rm -rf "$home/layers/ffff000$i"
	fi
done
wait
nothing_else
ok 'commits that are removed meanwhile leave no digest, all others have one' $?

# Killed at whatever moment, with a large layer: there is the whole record, or nothing.
commit 99990000
dd if=/dev/urandom of="$home/layers/99990000/large" bs=1M count=64 2>/dev/null
want=$(computed 99990000)
busy() {
	! flock -n "$home/digests" true
}
left=0
for spins in 0 1 4 16 32 64; do
	"$digest" "$home" &
	until busy || ! kill -0 $! 2>/dev/null; do :; done
	while [ $spins -gt 0 ]; do
		busy
		spins=$((spins - 1))
	done
	kill -KILL $! 2>/dev/null
	wait $! 2>/dev/null
	[ ! -e "$home/digests/99990000.json" ] || [ "$(recorded 99990000)" = "$want" ] || left=1
	[ "$(ls -A "$home/digests" | grep -vc '^[0-9a-f]*\.json$')" = 0 ] || left=1
	rm -f "$home/digests/99990000.json"
done
ok 'one that is killed leaves the whole record, or nothing' $left
"$digest" "$home" && [ "$(recorded 99990000)" = "$want" ]
ok 'and the next makes up for it' $?

# The state directory is removed under it. Its end is what is waited for.
rm "$home/digests/99990000.json"
"$digest" "$home" &
until busy || ! kill -0 $! 2>/dev/null; do :; done
rm -rf "$home"
wait $!
[ ! -e "$home" ]
ok 'it ends with the state directory, and nothing of that comes back' $?

"$digest" "$top/none" 2>"$top/said"
[ $? -eq 1 ] && grep -q 'cannot enter .*none' "$top/said"
ok 'no state directory: it says so' $?
"$digest" 2>/dev/null
[ $? -eq 2 ]
ok 'without one it is used wrongly' $?
if [ "$(id -u)" -eq 0 ]; then
	mkdir -p "$top/theirs/digests" "$top/theirs/commits" && chown 65534 "$top/theirs"
	"$digest" "$top/theirs" 2>/dev/null
	[ $? -eq 1 ]
	ok "another user's is refused" $?
fi
echo "1..$number"
