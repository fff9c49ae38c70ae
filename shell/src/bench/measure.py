"""What the rows are measured with: steps, times of whole processes, a warm session, pairs in turns."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
MICA = str(TOP / "mica")
MICA_LIB = TOP / "shell" / "target" / "dist" / "lib"


def log(text):
    print(text, file=sys.stderr, flush=True)


def run(argv, **options):
    """Runs a set-up step that must succeed."""
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", **options)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(argv)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def timed(argv, expect=(0,), env=None):
    """Seconds from exec to exit of a whole process, its output read and thrown away."""
    started = time.perf_counter()
    code = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env).returncode
    spent = time.perf_counter() - started
    if code not in expect:
        sys.exit(f"bench: {' '.join(argv)}: exit {code}")
    return spent


def drop_caches():
    os.sync()
    try:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3\n")
        return True
    except OSError:
        return False


class Warm:
    """A Mica session that stays open and times its own calls."""

    def __init__(self):
        script = str(pathlib.Path(__file__).with_name("warm.groovy"))
        self.process = subprocess.Popen([MICA, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def call(self, *words):
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"bench: the session ended at {' '.join(words)}")
        return int(answer.split("\t")[0]) / 1e9


def row(bench, peer_name, ours, peer, target, runs, cold=True, prepare=None):
    """Measures one pair in turns and prints its line. prepare(side) runs untimed before each."""
    prepare = prepare or (lambda side: None)
    line = {"bench": bench}
    if cold:
        firsts = []
        for side, measured in (("ours", ours), ("peer", peer)):
            prepare(side)
            if not drop_caches():
                break
            firsts.append(measured())
        if len(firsts) == 2:
            line |= {"coldOurs": round(firsts[0], 4), "coldPeer": round(firsts[1], 4),
                     "coldRatio": round(firsts[0] / firsts[1], 3)}
    prepare("ours"), ours(), prepare("peer"), peer()
    a, b = [], []
    for _ in range(runs):
        prepare("ours")
        a.append(ours())
        prepare("peer")
        b.append(peer())
    mine, theirs = statistics.median(a), statistics.median(b)
    line |= {"ours": round(mine, 4), "peer": round(theirs, 4), "peerName": peer_name,
             "ratio": round(mine / theirs, 3), "toReach": target, "runs": runs}
    print(json.dumps(line), flush=True)
