"""The rows of containers in VMs: beside the boot of the same kernel, podman, tar in the same guest, and skopeo with umoci.

What Mica is compared with uses the kernel that Mica found, and its accelerator. Programs in the containers
are busybox's.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

from measure import MICA, Warm, log, row, run, timed

NAME = "bench"
MANY = 100_000
CHANGED = 1_500
PODMAN_RUN = ["--network", "none", "--ulimit", "host"]
RESET = """
#include <sys/reboot.h>
int main(void) { return reboot(RB_AUTOBOOT); }
"""


def make_root(scratch):
    """A start folder with busybox and nothing else."""
    root = scratch / "root"
    for name in ("bin", "dev", "proc", "sys", "tmp", "etc", "data"):
        (root / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin" / "busybox")
    run(["chroot", str(root), "/bin/busybox", "--install", "-s", "/bin"])
    return root


def make_boot(scratch, home):
    """The command that boots Mica's kernel with an initramfs that only resets."""
    (scratch / "reset.c").write_text(RESET)
    (scratch / "reset").mkdir()
    run(["gcc", "-O2", "-static", "-o", str(scratch / "reset" / "init"), str(scratch / "reset.c")])
    image = scratch / "reset.cpio"
    run(["sh", "-c", f"cd {scratch}/reset && echo init | cpio -o -H newc --quiet > {image}"])
    kernel = next((home / "cache" / "kernel" / "boot").glob("vmlinuz-*"))
    accel = "tcg" if "tcg" in (home / "cache" / "accel.json").read_text() else "kvm"
    return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-machine", "pc",
            "-accel", accel, "-cpu", "max", "-m", "512M", "-kernel", str(kernel), "-initrd", str(image),
            "-append", "quiet panic=-1"]


def start_rows(scratch, root, boot, runs):
    home = pathlib.Path(os.environ["MICA_HOME"])
    once = [MICA, "vm", "run", "--rm", "--from", str(root), "--", "true"]

    def cold(side):
        if side == "ours":
            for template in (home / "cache").glob("template-container-*"):
                shutil.rmtree(template)

    peer = "boot of the same kernel that only resets"
    row("vm run --rm -- true, its template made anew", peer, lambda: timed(once), lambda: timed(boot), 2.0, runs,
        cold=False, prepare=cold)
    row("vm run --rm -- true, template warm", peer, lambda: timed(once), lambda: timed(boot), 1.0, runs, cold=False)
    run([MICA, "vm", "run", "-d", "--name", NAME, "--from", str(root), "--", "sleep", "100000"])
    podman = make_podman(scratch, root)
    try:
        if started(podman):
            row("vm run --rm -- true, template warm", "podman run --rm", lambda: timed(once),
                lambda: timed([*podman, "run", "--rm", *PODMAN_RUN, "bench:root", "true"]), None, runs, cold=False)
            exec_rows(lambda: timed([*podman, "exec", NAME, "true"]), runs)
        else:
            exec_rows(None, runs)
    finally:
        run([MICA, "vm", "rm", "--force", NAME])
        for words in (["rm", "-f", "-t", "0", NAME], ["rmi", "-f", "bench:root"]):
            subprocess.run([*podman, *words], capture_output=True)
        subprocess.run(["umount", str(scratch / "podman" / "overlay")], stderr=subprocess.DEVNULL)  # where it has one


def exec_rows(peer, runs):
    with Warm() as warm:
        for how, ours, target in (("from an open session", lambda: warm.call("exec", NAME), 2.0),
                                  ("the command", lambda: timed([MICA, "vm", "exec", NAME, "--", "true"]), None)):
            if peer:
                row(f"vm exec -- true, {how}", "podman exec", ours, peer, target, runs, cold=False)
            else:
                ours()
                times = [ours() for _ in range(runs)]
                print(json.dumps({"bench": f"vm exec -- true, {how}", "ours": round(statistics.median(times), 4),
                                  "peerName": "none: podman runs nothing here", "runs": runs}), flush=True)


def started(podman):
    """Whether podman can run a container on this host, which then runs; where not it says why."""
    words = [*podman, "run", "-d", "--name", NAME, *PODMAN_RUN, "bench:root", "sleep", "100000"]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        log(f"bench: podman runs nothing here: {done.stderr.strip()}")
    return done.returncode == 0


def make_podman(scratch, root):
    base = ["podman", "--root", str(scratch / "podman"), "--runroot", str(scratch / "podman-run"), "--storage-driver",
            "overlay", "--cgroup-manager", "cgroupfs"]
    archive = scratch / "root.tar"
    run(["tar", "-C", str(root), "-cf", str(archive), "."])
    run([*base, "import", "--quiet", str(archive), "bench:root"])
    return base


def commit_once(number):
    """One commit; its seconds, and the milliseconds that the container stood still."""
    started = time.perf_counter()
    said = run([MICA, "commit", "create", f"bench:c{number}", "--vm", NAME, "-o", "json"])
    spent = time.perf_counter() - started
    return spent, json.loads(said)["heldMs"]


def tar_once(scratch, paths):
    """The same files by tar in the same guest, streamed to the host and unpacked there; its seconds."""
    to = scratch / "untarred"
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    words = f"'{MICA}' vm exec {NAME} -- sh -c 'cd / && tar -cf - {paths}' | tar -C {to} -xf - && sync -f {to}"
    return timed(["sh", "-c", words])


def make_many(scratch, root):
    """The same start folder with 100,000 files more, 1,500 of them to be changed, and a list of what a layer of them has."""
    many = scratch / "many"
    shutil.copytree(root, many, symlinks=True)
    names = []
    for number in range(MANY):
        directory = many / f"data/d{number // 1000:02}/e{number // 50 % 20:02}"
        if number % 50 == 0:
            directory.mkdir(parents=True)
        (directory / f"f{number}").write_text(f"{number}\n")
        names.append(f"{directory.relative_to(many)}/f{number}")
    names = names[:: MANY // CHANGED][:CHANGED]
    parents = {str(parent) for name in names for parent in pathlib.PurePath(name).parents if parent.name}
    (many / "changed").write_text("\n".join(names) + "\n")
    (many / "layer").write_text("\n".join(sorted(parents.union(names))) + "\n")
    return many


def commit_rows(scratch, root, runs):
    cases = [
        ("10 MB in one file", root, "data/ten", "head -c 10000000 /dev/urandom > /data/ten"),
        ("1,500 files", root, "data/many",
         "mkdir /data/many && cd /data/many && i=0 && while [ $i -lt 1500 ]; do echo $i > f$i; i=$((i+1)); done"),
        ("1,500 files of 100,000 that were there before", make_many(scratch, root), "--no-recursion $(cat /layer)",
         "while read -r name; do echo changed >> /$name; done < /changed"),
        ("1 GiB in one file", root, "data/large", "head -c 1073741824 /dev/urandom > /data/large"),
    ]
    holds = {}
    for number, (what, root, paths, script) in enumerate(cases):
        run([MICA, "vm", "run", "-d", "--name", NAME, "--from", str(root), "--memory", "1G", "--", "sleep", "100000"])
        try:
            run([MICA, "vm", "exec", NAME, "--", "sh", "-c", script])
            times, held, peers = [], [], []
            for turn in range(runs):
                run([MICA, "vm", "exec", NAME, "--", "sh", "-c", f"echo {turn} > /data/turn"])
                spent, ms = commit_once(f"{number}-{turn}")
                times.append(spent)
                held.append(ms)
                peers.append(tar_once(scratch, paths))
            ours, peer = statistics.median(times), statistics.median(peers)
            holds[what] = statistics.median(held)
            print(json.dumps({"bench": f"commit of a container, {what}", "ours": round(ours, 3), "peer": round(peer, 3),
                              "peerName": "tar in the same guest, streamed and unpacked", "ratio": round(ours / peer, 3),
                              "toReach": 1.2, "heldMs": held, "runs": runs}), flush=True)
        finally:
            run([MICA, "vm", "rm", "--force", NAME])
    small, large = holds["10 MB in one file"], holds["1 GiB in one file"]
    print(json.dumps({"bench": "freeze of a commit, ms: 1 GiB changed", "ours": large, "peer": small,
                      "peerName": "10 MB changed", "ratio": round(large / small, 3), "toReach": 1.3, "runs": runs}),
          flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pull_rows(scratch, runs):
    """An image of this Debian's own Python and documents, from a registry on loopback."""
    tree = scratch / "image"
    tree.mkdir()
    run(["sh", "-c", f"cd / && find usr/lib/python3* usr/share/doc -xdev -type f | LC_ALL=C sort | head -n 10000 | "
                     f"rsync -aHAX --files-from=- / {tree}/"])
    port = free_port()
    (scratch / "registry.yml").write_text(
        f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {scratch}/registry\nhttp:\n  addr: 127.0.0.1:{port}\n")
    with (scratch / "registry.log").open("wb") as said:
        registry = subprocess.Popen(["docker-registry", "serve", str(scratch / "registry.yml")], stdout=said, stderr=said)
    try:
        ref = f"localhost:{port}/bench:1"
        run([MICA, "commit", "import", str(tree), "bench/image:1"])
        run([MICA, "commit", "push", "bench/image:1", ref])

        place = None

        def prepare(side):
            """A place of its own for each run, removed at the end: ext4 is slow to use inodes again that were freed just now."""
            nonlocal place
            if place and (place / "state").exists():  # mica-digest still reads what was pulled last
                run(["flock", str(place / "state" / "digests"), "true"])
            place = pathlib.Path(tempfile.mkdtemp(prefix=f"pull-{side}-", dir=scratch))
            if side == "ours":
                run([MICA, "commit", "ls"], env=os.environ | {"MICA_HOME": str(place / "state")})
            os.sync()

        def ours():
            return timed([MICA, "commit", "pull", ref], env=os.environ | {"MICA_HOME": str(place / "state")})

        def peer():
            return timed(["sh", "-c", f"skopeo copy --quiet --src-tls-verify=false docker://{ref} oci:{place}/layout:1 && "
                                      f"umoci unpack --image {place}/layout:1 {place}/bundle && sync -f {place}/bundle"])

        row("pull and unpack an image", "skopeo copy + umoci unpack", ours, peer, 0.5, runs, cold=False, prepare=prepare)
    finally:
        registry.terminate()
        registry.wait()
        run([MICA, "commit", "rm", "--all"])
        for used in scratch.glob("pull-*"):
            shutil.rmtree(used)


def memory_of(home):
    """Proportional memory of what runs for VMs of that state directory, MiB."""
    total = 0
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if f"MICA_DAEMON={home}" in (process / "environ").read_text(errors="replace"):
                total += int(re.search(r"^Pss: +(\d+)", (process / "smaps_rollup").read_text(), re.M).group(1))
        except (OSError, AttributeError):
            continue  # it has ended meanwhile
    return total / 1024


def memory_row(root, home):
    used = []
    try:
        for number in range(3):
            run([MICA, "vm", "run", "-d", "--name", f"idle{number}", "--from", str(root), "--", "sleep", "100000"])
            used.append(memory_of(home))
    finally:
        run([MICA, "vm", "rm", "--force", "--all"])
    beyond = (used[2] - used[0]) / 2
    print(json.dumps({"bench": "memory of an idle VM beyond the first, MiB", "ours": round(beyond, 1), "first": round(used[0], 1),
                      "toReach": 120}), flush=True)


def rows(scratch, runs):
    scratch = scratch / "container"
    scratch.mkdir()
    home = pathlib.Path(os.environ["MICA_HOME"])
    log("bench: the first VM, which finds the kernel")
    root = make_root(scratch)
    run([MICA, "vm", "run", "--rm", "--from", str(root), "--", "true"])
    start_rows(scratch, root, make_boot(scratch, home), runs)
    log("bench: commits of a container")
    commit_rows(scratch, root, max(1, runs - 2))
    memory_row(root, home)
    log("bench: an image from a registry")
    pull_rows(scratch, runs)
