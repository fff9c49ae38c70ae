#!/usr/bin/python3
"""The figures of diffs, commits, OCI layers, verification, the helper VM, containers and the SSH server, each
beside a peer in one run.

One JSON line a row: {"bench", "ours", "peer", "peerName", "ratio", ...}. Times are seconds, medians
of --runs runs in which ours and the peer take turns, so that a machine whose speed drifts slows both.
"cold" is one further pair, run first, with the page cache dropped before each (root only).

ours "warm" is a call in a session that is already open, as at a prompt; ours "one-shot" is the whole
process `mica VERB ...`, as a script starts it. Peers are always whole processes.
"""

import argparse
import os
import pathlib
import shutil
import tempfile

import container
import helper
import inside
import oci
import server
from measure import MICA, Warm, log, row, run, timed

SYNTHETIC_FILES = 100_000
ROOT_ENTRIES = 68_000
VERIFIED_ENTRIES = 57_000


def make_synthetic(scratch):
    """Two trees of 100,000 files: the second is a copy of the first with 100 files changed."""
    a, b = scratch / "a", scratch / "b"
    block = bytes(range(256)) * 64
    for number in range(SYNTHETIC_FILES):
        directory = a / f"d{number // 1000:03}" / f"e{number // 50 % 20:02}"
        if number % 50 == 0:
            directory.mkdir(parents=True, exist_ok=True)
        size = 200 + number * 7919 % 8000
        (directory / f"file-{number:06}.txt").write_bytes(b"%d\n" % number + block[:size])
    run(["cp", "-a", str(a), str(b)])
    for number in range(0, SYNTHETIC_FILES, 1000):
        path = b / f"d{number // 1000:03}" / f"e{number // 50 % 20:02}" / f"file-{number:06}.txt"
        with path.open("ab") as file:
            file.write(b"changed\n")
    return str(a), str(b)


def make_root(scratch, entries=ROOT_ENTRIES):
    """A folder of so many entries: this Debian's own /usr and /etc, as many as it takes."""
    lower = scratch / f"root-{entries}"
    lower.mkdir()
    names = run(["sh", "-c", f"cd / && find etc usr -xdev | LC_ALL=C sort | head -n {entries}"])
    run(["rsync", "-aHAX", "--files-from=-", "/", str(lower)], input=names)
    return lower


def edit(tree):
    """About 4,000 entries of change: appends, deletes, new files, one large, one directory made anew."""
    files = sorted(p for p in tree.rglob("*") if p.is_file() and not p.is_symlink() and p.stat().st_size < 100_000)
    step = len(files) // 2000
    picked = files[:: max(step, 1)]
    for path in picked[:1000]:
        with path.open("ab") as file:
            file.write(b"appended\n")
    for path in picked[1000:1500]:
        path.unlink()
    for path in picked[1500:1600]:
        path.chmod(0o600)
    for path in picked[1600:1700]:
        os.chown(path, 1234, 1234)
    new = tree / "new"
    new.mkdir()
    for number in range(500):
        (new / f"new-{number}").write_bytes(os.urandom(2048))
    with (new / "large").open("wb") as file:
        for _ in range(64):
            file.write(os.urandom(1 << 20))
    again = next(p for p in sorted(tree.rglob("*")) if p.is_dir() and 3 < len(list(p.iterdir())) < 20)
    shutil.rmtree(again)
    again.mkdir()
    (again / "again").write_text("again\n")
    for path in picked[1700:2000]:
        if path.exists():
            os.utime(path)


def make_podman(scratch, lower):
    """The same lower as a podman image, with the same edit in a container's layer."""
    base = ["podman", "--root", str(scratch / "podman"), "--runroot", str(scratch / "podman-run"),
            "--storage-driver", "overlay"]
    archive = scratch / "root.tar"
    run(["tar", "-C", str(lower), "-cf", str(archive), "."])
    run([*base, "import", "--quiet", str(archive), "bench:base"])
    archive.unlink()
    run([*base, "create", "--name", "bench", "bench:base", "/bin/true"])
    mounted = run([*base, "mount", "bench"]).strip()
    edit(pathlib.Path(mounted))
    run([*base, "umount", "bench"])
    return base


def diff_rows(scratch, runs):
    log("bench: making two trees of 100,000 files")
    a, b = make_synthetic(scratch)
    rsync = lambda: timed(["rsync", "-aHAXn", "--delete", a + "/", b + "/"])
    plain = lambda: timed(["diff", "-rq", "--no-dereference", a, b], expect=(1,))
    with Warm() as warm:
        row("diff, metadata, 100,000 files, warm", "rsync -aHAXn --delete", lambda: warm.call("diff", a, b), rsync,
            0.25, runs)
        row("diff, exact, 100,000 files, warm", "diff -rq --no-dereference", lambda: warm.call("exact", a, b), plain,
            0.5, runs)
    row("diff, metadata, 100,000 files, one-shot", "rsync -aHAXn --delete", lambda: timed([MICA, "diff", a, b]), rsync,
        0.25, runs)
    row("diff, exact, 100,000 files, one-shot", "diff -rq --no-dereference",
        lambda: timed([MICA, "diff", "--exact", a, b]), plain, 0.5, runs)
    shutil.rmtree(a)
    shutil.rmtree(b)


def union_rows(scratch, runs):
    log("bench: making a lower of 68,000 entries, the same as a podman image, and editing both")
    lower = make_root(scratch)
    podman = make_podman(scratch, lower)
    upper, at = scratch / "upper", scratch / "at"
    upper.mkdir()
    run([MICA, "union", "create", "--lower", str(lower), "--upper", str(upper), "--at", str(at), "--name", "bench"])
    try:
        edit(at)
        entries = sum(1 for _ in upper.rglob("*"))
        log(f"bench: the upper has {entries} entries")
        find = lambda: timed(["find", str(upper)])
        with Warm() as warm:
            ours = lambda: warm.call("union-diff", "bench")
            row("diff of a union, warm", "find UPPER", ours, find, 1.0, runs)
            row("diff of a union, warm", "podman diff", ours, lambda: timed([*podman, "diff", "bench"]), 0.25, runs)
        row("diff of a union, one-shot", "podman diff", lambda: timed([MICA, "union", "diff", "bench"]),
            lambda: timed([*podman, "diff", "bench"]), 0.25, runs)
        commit_rows(scratch, at, upper, runs)
    finally:
        run([MICA, "union", "rm", "bench"])
        run([MICA, "commit", "rm", "--all"])
        run([*podman, "rm", "--force", "bench"])
        run([*podman, "rmi", "--all", "--force"])


def commit_rows(scratch, at, upper, runs):
    """Each run needs a full upper: a copy of the first one is put back, untimed, by name."""
    model, copy = scratch / "model", scratch / "copy"
    run(["cp", "-a", str(upper), str(model)])
    lower = scratch / f"root-{ROOT_ENTRIES}"
    number = 0

    def union():
        nonlocal number
        number += 1
        fresh, mount = scratch / f"upper-{number}", scratch / f"at-{number}"
        run(["cp", "-a", str(model), str(fresh)])
        run([MICA, "union", "create", "--lower", str(lower), "--upper", str(fresh), "--at", str(mount), "--name",
             f"bench-{number}"])
        return mount, fresh

    def clear(mount, fresh):
        run([MICA, "union", "rm", mount.name.replace("at", "bench")])
        shutil.rmtree(fresh, ignore_errors=True)

    for busy, target in ((False, 0.05), (True, 0.7)):
        state = {}

        def prepare(side):
            if "mount" in state:
                if "held" in state:
                    os.close(state.pop("held"))
                clear(state.pop("mount"), state.pop("fresh"))
            shutil.rmtree(copy, ignore_errors=True)
            if side == "ours":
                state["mount"], state["fresh"] = union()
                if busy:
                    state["held"] = os.open(state["mount"], os.O_RDONLY)
            os.sync()

        with Warm() as warm:
            ours = lambda: warm.call("commit", f"bench-{number}", f"bench:{number}")
            peer = lambda: timed(["cp", "-a", str(model), str(copy)])
            row(f"commit of a union as a folder, {'busy' if busy else 'idle'}, warm", "cp -a UPPER", ours, peer, target,
                runs, cold=False, prepare=prepare)
            prepare("done")


def verify_rows(scratch, runs):
    """A commit of 57,000 entries; the peer hashes the same files and looks at nothing else of them."""
    log("bench: making a commit of 57,000 entries")
    upper = make_root(scratch, VERIFIED_ENTRIES)
    lower, at = scratch / "empty", scratch / "verify-at"
    lower.mkdir()
    run([MICA, "union", "create", "--lower", str(lower), "--upper", str(upper), "--at", str(at), "--name", "verify"])
    try:
        run([MICA, "commit", "create", "verify:v1", "--union", "verify"])
        run([MICA, "union", "rm", "verify"])
        run([MICA, "commit", "verify", "verify:v1"])
        (layer,) = (scratch / "state" / "layers").iterdir()
        for peer in ("sha256sum", "xargs -P 2 sha256sum"):
            parallel = "-P 2 -n 500" if "-P" in peer else ""
            words = f"find {layer} -type f -print0 | xargs -0 {parallel} sha256sum"
            sums = lambda: timed(["sh", "-c", words])
            row("verify a commit of 57,000 entries, one-shot", f"find -type f | {peer.removeprefix('xargs ')}",
                lambda: timed([MICA, "commit", "verify", "verify:v1"]), sums, 1.0, runs)
            with Warm() as warm:
                row("verify a commit of 57,000 entries, warm", f"find -type f | {peer.removeprefix('xargs ')}",
                    lambda: warm.call("verify", "verify:v1"), sums, 1.0, runs, cold=False)
    finally:
        run([MICA, "union", "rm", "--all"])
        run([MICA, "commit", "rm", "--all"])


def oci_rows(scratch, runs):
    log("bench: making a lower of 20,000 entries, and its image")
    scratch = scratch / "oci"
    scratch.mkdir()
    oci.rows(scratch, make_root(scratch, oci.ENTRIES), edit, runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", default=["diff", "union", "verify", "oci", "helper", "container", "inside", "server"],
                        help="diff, union, verify, oci, helper, container, inside, server (default: all)")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scratch", default="/var/tmp", help="where some 6 GB are free; not a tmpfs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mica-bench-", dir=options.scratch) as scratch:
        scratch = pathlib.Path(scratch)
        os.environ["MICA_HOME"] = str(scratch / "state")
        for name in options.rows:
            rows = {"diff": diff_rows, "union": union_rows, "verify": verify_rows, "oci": oci_rows,
                    "helper": helper.rows, "container": container.rows, "inside": inside.rows,
                    "server": server.rows}
            rows[name](scratch, options.runs)


if __name__ == "__main__":
    main()
