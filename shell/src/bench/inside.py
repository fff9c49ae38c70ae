"""The rows of work inside a container: beside the same work in a bare guest, on its disk, without a union.

Both guests have the same kernel, machine, memory and processor: the words are read from the container's QEMU. Both
disks are made alike. The work and its clock are one script, which waits until all is on the disk.
"""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import threading

import helper
from container import make_root
from measure import MICA, log, run

NAME = "inside"
FILES = 10_000
MODULES = ("virtio_pci", "virtio_blk", "ext4")
SAME = ("-machine", "-object", "-m", "-accel", "-cpu", "-smp", "-append")
LIMIT = 600
DISK = 8 << 30

# Hundredths of seconds since the boot, by a clock that is in both.
WORK = """#!/bin/busybox sh
cd "$1" || exit 1
now() { read -r up _ </proc/uptime; echo "${up%.*}${up#*.}"; }
rm -rf work && mkdir work && sync
a=$(now)
/bin/busybox tar -C work -xf /small.tar && sync
b=$(now)
rm -rf work && mkdir work && sync
c=$(now)
/bin/sqlite3 work/db <<-END
	create table t (a integer primary key, b text);
	with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000) insert into t select i, hex(i * i) from n;
	$(i=0; while [ $i -lt 200 ]; do echo "insert into t (b) values ('$i');"; i=$((i + 1)); done)
END
[ "$(/bin/sqlite3 work/db 'select count(*) from t')" = 20200 ] || exit 1
d=$(now)
rm -rf work
echo "took $((b - a)) $((d - c))"
"""

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "$module"; done </modules
mount -t ext4 /dev/vda /disk
for turn in $(seq RUNS); do sh /work /disk; done
echo ended
reboot -f
"""


def add_programs(root):
    """sqlite3 with its libraries, what is to be unpacked, and the work."""
    program = pathlib.Path(shutil.which("sqlite3"))
    shutil.copy2(program, root / "bin" / "sqlite3")
    for library in re.findall(r"(/\S+) \(0x", run(["ldd", str(program)])):
        to = root / library.lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(library, to)
    (root / "work").write_text(WORK)


def took(said, runs):
    """The two durations of each run, in seconds."""
    lines = re.findall(r"^took (\d+) (\d+)\s*$", said, re.M)
    if len(lines) != runs:
        sys.exit(f"bench: the work inside a guest ended too early:\n{said[-2000:]}")
    return [[int(line[which]) / 100 for line in lines] for which in (0, 1)]


def ours(root, runs):
    run([MICA, "vm", "run", "-d", "--name", NAME, "--from", str(root), "--memory", "1G", "--", "sleep", "100000"])
    words = f"for turn in $(seq {runs}); do sh /work /data; done"
    return took(run([MICA, "vm", "exec", NAME, "--", "sh", "-c", words]), runs)


def make_initramfs(scratch, root, guest, runs):
    tree = scratch / "bare"
    shutil.copytree(root, tree, symlinks=True)
    (tree / "disk").mkdir()
    (tree / "init").write_text(INIT.replace("RUNS", str(runs)))
    (tree / "init").chmod(0o755)
    modules = []
    for name in MODULES:
        said = run(["/usr/sbin/modprobe", "-d", str(guest.base), "-S", guest.version, "--show-depends", name])
        modules += [path for path in re.findall(r"^insmod (\S+)", said, re.M) if path not in modules]
    for path in modules:
        shutil.copy2(path, tree)
    (tree / "modules").write_text("".join(f"/{pathlib.Path(path).name}\n" for path in modules))
    archive = scratch / "bare.cpio"
    run(["sh", "-c", f"cd {tree} && find . | cpio -o -H newc --quiet > {archive}"])
    return archive


def bare(scratch, home, archive, runs):
    (pid_file,) = home.glob("containers/*/machine/qemu.pid")
    pid = pid_file.read_text().strip()
    words = pathlib.Path("/proc", pid, "cmdline").read_bytes().decode().split("\0")[:-1]
    disk = scratch / "bare.img"
    with disk.open("wb") as file:
        file.truncate(DISK)
    run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0", str(disk)])
    command = [words[0], "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
               "-kernel", f"/proc/{pid}/root/kernel", "-initrd", str(archive), "-blockdev",
               f"driver=raw,node-name=disk,discard=unmap,file.driver=file,file.discard=unmap,file.filename={disk}",
               "-device", "virtio-blk-pci,drive=disk"]
    for option, value in zip(words, words[1:]):
        if option in SAME:
            command += [option, value]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace") as qemu:
        deadline = threading.Timer(LIMIT, qemu.kill)
        deadline.start()
        try:
            said = qemu.stdout.read()
        finally:
            deadline.cancel()
    return took(said, runs)


def rows(scratch, runs):
    scratch = scratch / "inside"
    scratch.mkdir()
    log("bench: work inside a container")
    root = make_root(scratch)
    helper.make_small(scratch / "small")
    run(["tar", "-C", str(scratch / "small"), "-cf", str(root / "small.tar"), "."])
    add_programs(root)
    home = pathlib.Path(os.environ["MICA_HOME"])
    try:
        mine = ours(root, runs)
        archive = make_initramfs(scratch, root, helper.find_guest(scratch, home), runs)
        theirs = bare(scratch, home, archive, runs)
    finally:
        subprocess.run([MICA, "vm", "rm", "--force", NAME], stdout=subprocess.DEVNULL)
    for what, mine_took, theirs_took in zip((f"unpack {FILES:,} files", "20,000 rows at once and 200 one by one by sqlite"),
                                            mine, theirs):
        one, other = statistics.median(mine_took), statistics.median(theirs_took)
        print(json.dumps({"bench": f"inside a container: {what}", "ours": one, "peer": other,
                          "peerName": "the same in a bare guest on its disk, without a union",
                          "ratio": round(one / other, 3), "toReach": 1.3, "runs": runs}), flush=True)
