"""relaylab.py - a union folder through the relay, its twin by the kernel, and the running of cases."""
import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from part import part

DEADLINE = 60.0
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x4000, 0x40000, 2

WAYS = {
    "passed": ([], []),
    "relayed": ([], ["--no-passthrough"]),
    "guest": (["-n", "-f", "16", "-c", "300"], []),
}


def call(name, *args):
    """A C function that returns -1 and sets errno."""
    args = [os.fsencode(a) if isinstance(a, str) else a for a in args]
    got = getattr(LIBC, name)(*args)
    if got < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return got


def mount_overlay(at, lower, upper, work):
    options = f"lowerdir={lower},upperdir={upper},workdir={work},redirect_dir=off,metacopy=off,index=off"
    call("mount", "overlay", at, "overlay", 0, options)


def until(condition, what):
    """Waits for a real condition; too long is a failure."""
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {DEADLINE} s for {what}")
        time.sleep(0.01)


def stop(process):
    """Until SIGCONT. On a busy host the signal is sent long before the last of its threads stands still."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)


def line_of(process, word):
    """The first line the process says, which must begin with word."""
    if not select.select([process.stdout], [], [], DEADLINE)[0]:
        raise AssertionError(f"{process.args[0]} does not say {word}")
    line = process.stdout.readline().decode()
    if not line.startswith(word):
        raise AssertionError(f"{process.args[0]} says {line!r}: {process.stderr.read().decode()}")
    return line


def relay_environment():
    """In its empty root there is no /proc, without which nobody can look for leaks."""
    return {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


class Folders:
    """Folders a, b and s (and r, the kernel's own union over copies) below a directory of their own."""

    driver = way = None

    def __init__(self, top):
        self.top = top

    def path(self, *names):
        return os.path.join(self.top, *names)

    def make(self, *names):
        for name in names:
            os.mkdir(self.path(name))

    def make_twin(self, is_apart):
        """Before anything is done to s. is_apart: the lower is a file system of its own."""
        self.make("ra", "rb", "rw", "r")
        if is_apart:
            call("mount", "lower", self.path("ra"), "tmpfs", 0, "mode=0755")
        subprocess.run(["cp", "-a", self.path("a", "."), self.path("ra")], check=True)
        mount_overlay(self.path("r"), self.path("ra"), self.path("rb"), self.path("rw"))

    def close(self):
        for name in ("s", "r", "m", "a", "ra"):
            with contextlib.suppress(OSError):
                call("umount2", self.path(name), MNT_DETACH)


class Union(Folders):
    """Its s is brought back by the relay from m, the kernel's union of a and b."""

    def __init__(self, out, top, way, fill, twin, relay_options=()):
        super().__init__(top)
        self.out, self.way = out, way
        self.driver_options, options = WAYS[way]
        self.relay_options = [*options, *relay_options]
        self.started = time.time_ns()
        self.make("a", "b", "w", "m", "s")
        # As with shares, layers of two file systems: then a file's number changes when it is copied up.
        if way != "relayed":
            call("mount", "lower", self.path("a"), "tmpfs", 0, "")
        fill(self.path("a"))
        mount_overlay(self.path("m"), self.path("a"), self.path("b"), self.path("w"))
        if twin:
            self.make_twin(way != "relayed")
        self.start()

    def start(self, upper=True):
        """Without an upper, b is the topmost lower."""
        self.start_driver(upper)
        self.start_relay(upper)

    def start_driver(self, upper=True, top=None):
        top = top or self.top
        layers = [top + "/b", top + "/a"]
        self.driver = subprocess.Popen(
            [self.out + "/export-driver", *self.driver_options, top + "/sock", top + "/m",
             *([] if upper else ["-"]), *layers], stdout=subprocess.PIPE, stderr=open(self.path("driver.log"), "wb"))
        line_of(self.driver, "listening")

    def start_relay(self, upper=True, folder=None, top=None, options=()):
        """folder says how a, b and s are named to the relay; top is where its files are."""
        folder, top = folder or self.path, top or self.top
        self.relay = subprocess.Popen(
            [self.out + "/mica-relay", "--name", "t", "--at", folder("s"), "--socket", top + "/sock",
             "--layer" if upper else "--lower", folder("b"), "--lower", folder("a"), "--log", top + "/relay.log",
             "--state", top + "/state", *self.relay_options, *options], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=relay_environment())
        self.ready = line_of(self.relay, "ready")

    def unmount(self):
        """The relay ends by itself when its folder is unmounted."""
        call("umount2", self.path("s"), 0)
        self.relay.wait(DEADLINE)

    def stop_driver(self):
        self.driver.send_signal(signal.SIGTERM)
        self.driver.wait(DEADLINE)

    def logs(self):
        text = ""
        for name in ("relay.log", "driver.log"):
            with contextlib.suppress(OSError), open(self.path(name), errors="replace") as log:
                text += log.read()
        return text

    def close(self):
        super().close()
        for process in (self.relay, self.driver):
            if process.poll() is None:
                process.kill()
            process.wait()


def check_clean(u):
    """What holds after every case: the relay is well, ends with its folder, and nobody complained."""
    assert u.relay.poll() is None, f"the relay ended with {u.relay.returncode}"
    u.unmount()
    assert u.relay.returncode == 0, f"the relay ended with {u.relay.returncode}"
    assert u.driver.poll() is None, f"the export ended with {u.driver.returncode}"
    u.stop_driver()
    log = "".join(l for l in u.logs().splitlines(True) 
                  if "the guest is gone" not in l and "writing device: " not in l)
    assert not log, log


def run_case(case, way, out, top):
    u = Union(out, top, way, case.fill, case.twin, case.relay_options)
    try:
        case.body(u)
        if case.clean:
            check_clean(u)
    except Exception:
        print("".join("# " + line + "\n" for line in u.logs().splitlines()), end="")
        raise
    finally:
        u.close()


class Case:
    """one_way: about the two ends that a Union has; all else must hold whoever serves the folder."""

    def __init__(self, body, fill=lambda a: None, twin=False, clean=True, ways=tuple(WAYS), relay_options=(),
                 one_way=False):
        self.body, self.fill, self.twin, self.clean, self.ways = body, fill, twin, clean, ways
        self.relay_options, self.one_way = relay_options, one_way
        self.name = body.__name__


def why_not():
    if os.geteuid():
        return "mounting needs root"
    if not os.path.exists("/dev/fuse"):
        return "no /dev/fuse"
    if LIBC.unshare(CLONE_NEWNS):
        return "no mount namespace of its own"
    return None


def main(out, cases):
    why = why_not()
    if why:
        must = os.environ.get("MICA_MUST_WORK") == "1"
        print(f"1..1\nnot ok 1 - cannot run here: {why}" if must else f"1..0 # SKIP {why}")
        return int(must)
    call("mount", None, "/", None, MS_REC | MS_PRIVATE, None)
    base = tempfile.mkdtemp(prefix="mica-relay-")
    call("mount", "lab", base, "tmpfs", 0, "")
    only = os.environ.get("MICA_ONLY")
    number = failed = 0
    try:
        for case, way in part([(case, way) for case in cases for way in case.ways]):
            if only and only not in (case.name, f"{case.name}:{way}"):
                continue
            number += 1
            top = os.path.join(base, str(number))
            os.mkdir(top)
            try:
                run_case(case, way, out, top)
                print(f"ok {number} - {case.name}, {way}", flush=True)
            except Exception:
                failed += 1
                print(f"not ok {number} - {case.name}, {way}")
                print("".join("# " + l + "\n" for l in traceback.format_exc().splitlines()), flush=True)
            shutil.rmtree(top, ignore_errors=True)
    finally:
        call("umount2", base, MNT_DETACH)
        os.rmdir(base)
    print(f"1..{number}")
    return int(failed > 0)
