#!/bin/sh
# mica-launch: what a process started by it sees and may do. A shell stands in for the file server, and for QEMU.
set -u
launch=$MICA_OUT/mica-launch
number=0

ok() { # NAME STATUS
	number=$((number + 1))
	[ "$2" -eq 0 ] && echo "ok $number - $1" || echo "not ok $number - $1"
}

if [ "$(id -u)" -ne 0 ]; then
	[ "${MICA_MUST_WORK:-0}" != 1 ] || { echo 'not ok 1 - needs root' && exit 1; }
	echo '1..0 # skip needs root'
	exit 0
fi
top=$(mktemp -d) || exit 1
trap 'umount "$top/folder/below" 2>/dev/null; rm -rf "$top"' EXIT
mkdir -p "$top/folder/below" "$top/run"
mount -t tmpfs none "$top/folder/below" && : >"$top/folder/below/other"
mknod "$top/folder/null" c 1 3

folder=$top/folder

# serve FLAG SCRIPT: starts sh on the folder and waits for it; its words are in the log.
serve() {
	rm -f "$top"/run/*
	mkfifo "$top/run/end"
	# shellcheck disable=SC2086 # the flag may be none
	"$launch" $1 --folder "$folder" --listen "$top/run/socket" --pid "$top/run/pid" --log "$top/run/log" \
		--see "here=$top/run" -- /bin/sh -c "cd /shared; $2; echo ended >/here/end" >"$top/run/said" 2>&1
	status=$?
	[ $status -ne 0 ] || read -r _ <"$top/run/end"
}

log_has() {
	grep -q "$1" "$top/run/log"
}

serve --read-only 'touch new; echo hi >>present; mkdir d; ls below; cat <null; ls -l /proc/self/fd/3; cut -d" " -f6 /proc/self/stat'
ok 'it starts' $status
cmp -s "$top/run/pid" "$top/run/said"
ok 'it tells the process id' $?
log_has "touch:.*new.*Read-only"
ok 'read-only: no file can be made' $?
log_has "mkdir:.*d.*Read-only"
ok 'read-only: nor a directory' $?
[ ! -e "$top/folder/new" ] && [ ! -e "$top/folder/d" ]
ok 'and nothing is there' $?
! log_has other
ok 'what is mounted below is not seen' $?
log_has "null.*Permission denied"
ok 'devices cannot be opened' $?
log_has 'socket:'
ok 'the socket is descriptor 3' $?
grep -qx "$(cat "$top/run/pid")" "$top/run/log"
ok 'it has a session of its own' $?

serve '' 'echo hi >new; cp /bin/true program; ./program || echo noexec'
[ "$(cat "$top/folder/new")" = hi ]
ok 'read-write: it can write' $?
log_has noexec
ok 'programs cannot be run' $?

# What gives a bit, by each call there is for it; other bits are given, and a bit that is there can be taken away.
cat >"$top/set-id.py" <<'END'
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
x86 = platform.machine() == 'x86_64'
numbers = dict(fchmod=91, fchmodat=268, mknodat=259, openat=257, chmod=90, mknod=133, creat=85, open=2) if x86 else \
    dict(fchmod=52, fchmodat=53, mknodat=33, openat=56)
numbers.update(fchmodat2=452, openat2=437, io_uring_setup=425)
made = 0
def call(name, *args):
    return 0 if libc.syscall(numbers[name], *args) >= 0 else ctypes.get_errno()
def new():
    global made
    made += 1
    return b'/shared/set-id-%d' % made
def tried(mode):
    flags, here = os.O_CREAT | os.O_WRONLY, -100
    there = os.open(new(), flags, 0o600)
    with_path = lambda: (os.close(os.open(p := new(), flags, 0o600)), p)[1]
    yield 'fchmod', call('fchmod', there, mode)
    yield 'fchmodat', call('fchmodat', here, with_path(), mode)
    yield 'fchmodat2', call('fchmodat2', here, with_path(), mode, 0)
    yield 'mknodat', call('mknodat', here, new(), 0o100000 | mode, 0)
    yield 'openat', call('openat', here, new(), flags, mode)
    yield 'tmpfile', call('openat', here, b'/shared', os.O_TMPFILE | os.O_WRONLY, mode)
    if x86:
        yield 'chmod', call('chmod', with_path(), mode)
        yield 'mknod', call('mknod', new(), 0o100000 | mode, 0)
        yield 'creat', call('creat', new(), mode)
        yield 'open', call('open', new(), flags, mode)
for bit in 0o4755, 0o2755, 0o6000:
    for name, error in tried(bit):
        print('given' if error not in (1, 38 if name == 'fchmodat2' else 1) else 'refused', name, oct(bit), error)
for name, error in tried(0o1755):
    print('plain' if error in (0, 38 if name == 'fchmodat2' else 0) else 'broken', name, error)
print('read', call('openat', -100, b'/shared/set-id-1', os.O_RDONLY, 0o6000))
print('hidden', call('openat2', -100, b'/shared', 0, 0), call('io_uring_setup', 1, 0))
os.chmod('/shared/was', 0o755)
print('taken', oct(os.stat('/shared/was').st_mode))
END
: >"$top/folder/was" && chmod 6755 "$top/folder/was"
cp "$top/set-id.py" "$top/folder/run.py"
serve --no-set-id '/usr/bin/python3 run.py'
log_has '^refused' && ! log_has '^given' && [ -z "$(find "$top/folder" -perm /6000)" ]
ok 'nothing gets a set-id bit' $?
log_has '^plain' && ! log_has '^broken' && log_has '^read 0$' && log_has '^taken 0o100755$'
ok 'other bits are given, and those are taken away' $?
log_has '^hidden 38 38$'
ok 'calls whose modes no filter sees are not there' $?
rm "$top"/folder/set-id-* "$top/folder/run.py"
serve '' 'touch given; chmod 4755 given'
[ -u "$top/folder/given" ]
ok 'without that they are given' $?

# Who compared the folder gives a descriptor of it: what was put in its place since is not served.
exec 9<"$top/folder"
mkdir "$top/victim" && mv "$top/folder" "$top/aside" && ln -s victim "$top/folder"
folder=/proc/$$/fd/9/.
serve '' 'echo here >by-descriptor; ls below'
[ $status -eq 0 ] && [ "$(cat "$top/aside/by-descriptor")" = here ] && [ -z "$(ls "$top/victim")" ]
ok 'a descriptor is the folder it was opened as' $?
! log_has other
ok 'alone, without what is mounted below it' $?
folder=$top/folder
serve '' 'echo here >by-path'
[ ! -e "$top/victim/by-path" ]
ok 'a symlink is not followed' $?
exec 9<&-
rm "$top/folder" && mv "$top/aside" "$top/folder"

mkdir "$top/one" "$top/two" && echo 1 >"$top/one/file" && echo 2 >"$top/two/file"
exec 9<"$top/two"
mv "$top/two" "$top/aside" && ln -s folder "$top/two"
rm -f "$top"/run/* && mkfifo "$top/run/end"
"$launch" --layer "$top/one" --layer "/proc/$$/fd/9/." --listen "$top/run/socket" --pid "$top/run/pid" \
	--log "$top/run/log" --see "here=$top/run" -- /bin/sh -c 'cd /shared; echo is: *; cat */file; touch 0/x 1/x x
	ls -l /proc/self/fd/3; echo ended >/here/end' >"$top/run/said" 2>&1
[ $? -eq 0 ] && read -r _ <"$top/run/end"
log_has '^is: 0 1$' && [ "$(grep -c '^[12]$' "$top/run/log")" = 2 ] && log_has 'socket:'
ok 'layers lie side by side, each the directory that was opened' $?
[ "$(grep -c 'touch:.*Read-only' "$top/run/log")" = 3 ] && [ ! -e "$top/one/x" ] && [ ! -e "$top/aside/x" ]
ok 'and nobody can write to any' $?
exec 9<&-
"$launch" --layer "$top/one" --folder "$top/folder" --pid "$top/run/p" -- /bin/true 2>"$top/said"
[ $? -eq 2 ] && grep -q ^usage: "$top/said"
ok 'a folder is not among layers' $?
layers=
while [ "${#layers}" -lt $((513 * 10)) ]; do layers="$layers --layer ."; done
# shellcheck disable=SC2086 # words without spaces
"$launch" $layers --pid "$top/run/p" -- /bin/true 2>"$top/said"
[ $? -eq 2 ]
ok 'there are only so many layers' $?

"$launch" --folder "$top/none" --listen "$top/run/s" --pid "$top/run/p" --log "$top/run/l" -- /bin/true 2>"$top/said"
[ $? -eq 1 ] && grep -q "cannot copy the mount of $top/none: No such file" "$top/said"
ok 'a missing folder is told' $?
"$launch" --folder "$top/folder" --listen "$top/run/s" --pid "$top/run/p" --log "$top/run/l" -- /none 2>"$top/said"
[ $? -eq 1 ] && grep -q 'cannot run /none: No such file' "$top/said"
ok 'a missing server is told' $?
[ ! -e "$top/run/s" ] && [ ! -e "$top/run/p" ]
ok 'and nothing is left' $?
"$launch" --folder "$top/folder" 2>"$top/said"
[ $? -eq 2 ] && grep -q ^usage: "$top/said"
ok 'a wrong command line is told' $?
# Without the mounts of the host: one that it unmounts is free at once, also where nothing is shared.
serve '' 'cat /proc/self/mountinfo; ls /'
! log_has " $top/folder/below " && ! log_has ' /sys '
ok 'it holds no other mount of the host' $?

mkdir "$top/mine" && mkfifo "$top/mine/end"
echo secret >"$top/secret" && chmod 600 "$top/secret"
"$launch" --pid "$top/run/pid" --log "$top/run/log" --user 61200 --directory "$top/mine" --see "secret=$top/secret" \
	--see "here=$top/run" --append "$top/appended" -- /bin/sh -c 'id -u; id -G; echo process $$; echo hi >made; echo hi >&3
	cat /secret; ls /proc /root /home; echo hi >/usr/x; read -r _ <end' >"$top/said" 2>&1
ok 'a process without rights starts' $?
pid=$(cat "$top/run/pid")
[ "$(sed -n 's/^\(Cap...\):[[:space:]]*0*$/\1/p' "/proc/$pid/status" | wc -l)" -eq 5 ]
ok 'it has no capability, and none to be had' $?
grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$pid/status" && [ "$(stat -c %u "/proc/$pid")" = 61200 ]
ok 'it has another user' $?
for space in mnt pid net ipc uts; do
	[ "$(readlink "/proc/$pid/ns/$space")" != "$(readlink "/proc/self/ns/$space")" ] || echo "$space is shared"
done >"$top/spaces"
[ ! -s "$top/spaces" ]
ok 'its namespaces are its own' $?
kill -KILL "$pid"
echo "1..$number"
