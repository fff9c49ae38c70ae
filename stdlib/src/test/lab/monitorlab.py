"""monitorlab.py - a monitor, what it is between, and what it writes."""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import traceback

from relaylab import DEADLINE, LIBC, call, until

TOKEN = bytes(range(0xA0, 0xB0))
WINDOW = 65536
RING = 1 << 20
RECORD = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) ([FP]) (.*)", re.DOTALL)


def frame(kind, payload=b""):
    return struct.pack(">BxxxI", ord(kind), len(payload)) + payload


def number(kind, n):
    return frame(kind, struct.pack(">I", n))


def hello(token=TOKEN):
    return frame("H", token)


class Peer:
    """One end of a connection, with frames."""

    def __init__(self, sock):
        self.sock = sock
        sock.settimeout(DEADLINE)

    def send(self, *frames):
        self.sock.sendall(b"".join(frames))

    def exactly(self, size):
        data = bytearray()
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise EOFError(bytes(data))
            data += more
        return bytes(data)

    def frame(self):
        kind, size = struct.unpack(">BxxxI", self.exactly(8))
        return chr(kind), self.exactly(size)

    def expect(self, *frames):
        for want in frames:
            got = self.frame()
            assert frame(*got) == want, f"{got[0]} {got[1][:80]!r}, not {want[:88]!r}"

    def frames_to_the_end(self):
        got = []
        try:
            while True:
                got.append(self.frame())
        except (EOFError, ConnectionResetError):
            return got

    def expect_end(self):
        got = self.frames_to_the_end()
        assert not got, f"{got[0][0]} {got[0][1][:80]!r} instead of the end"

    def close(self):
        self.sock.close()


class Client(Peer):
    """Greeted; what comes with the greeting is in `hears`."""

    def __init__(self, path, *frames, token=b"c" * 16, hears=()):
        with Named(path) as name:
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(DEADLINE)
            sock.connect(name)
        super().__init__(sock)
        self.send(hello(token), *frames)
        self.expect(hello(token), *hears)


class Named:
    """A path of any length as a short one."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.fd = os.open(os.path.dirname(self.path), os.O_PATH | os.O_DIRECTORY)
        return f"/proc/self/fd/{self.fd}/{os.path.basename(self.path)}"

    def __exit__(self, *_):
        os.close(self.fd)


class Lab:
    def __init__(self, out, folder):
        self.out = out
        self.folder = folder
        self.started = []
        self.sockets = []

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def listen(self, path):
        sock = socket.socket(socket.AF_UNIX)
        with Named(path) as name:
            sock.bind(name)
        sock.listen()
        sock.settimeout(DEADLINE)
        self.sockets.append(sock)
        return sock

    def command(self, *options, program=(), **changed):
        words = {"port": self.path("port"), "token": TOKEN.hex(), "attach": self.path("attach"),
                 "log": self.path("log"), "exit": self.path("exit"), "pid": self.path("pid"), **changed}
        line = [self.out + "/mica-monitor"]
        for name, value in words.items():
            line += ["--" + name, value] if value is not None else []
        return line + list(options) + (["--", *program] if program else [])

    def run(self, command):
        """With a descriptor that is none of its business."""
        with open("/etc/passwd", "rb") as other:
            return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE, check=False,
                                  pass_fds=(other.fileno(),))

    def monitor(self, *options, **changed):
        return Monitor(self, *options, **changed)

    def names(self):
        return sorted(os.listdir(self.folder))

    def end(self):
        for process in self.started:
            process.kill()
        for sock in self.sockets:
            sock.close()


class Monitor:
    """A monitor that has started, its guest's end connected. Nothing was said by the guest."""

    def __init__(self, lab, *options, program=(), listening=None, **changed):
        self.lab = lab
        self.log = changed.get("log", lab.path("log"))
        self.exit = changed.get("exit", lab.path("exit"))
        self.attach = changed.get("attach", lab.path("attach"))
        self.pid_file = changed.get("pid", lab.path("pid"))
        listening = listening or lab.listen(changed.get("port", lab.path("port")))
        done = lab.run(lab.command(*options, program=program, **changed))
        assert done.returncode == 0 and not done.stderr and not done.stdout, done
        with open(self.pid_file, encoding="ascii") as file:
            self.pid = int(file.read())
        self.process = os.pidfd_open(self.pid)
        lab.started.append(self)
        self.guest = Peer(listening.accept()[0])
        self.guest.expect(hello())
        if "--stdin" not in options:
            self.guest.expect(frame("C"))

    def kill(self):
        try:
            signal.pidfd_send_signal(self.process, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def begin(self, *frames):
        self.guest.send(hello(), frame("S", b"pid=7"), *frames)
        return self

    def client(self, *frames, hears=(), **how):
        return Client(self.attach, *frames, hears=hears, **how)

    def reliable(self, **how):
        return self.client(frame("R"), hears=(frame("R"), frame("S", b"pid=7")), **how)

    def is_gone(self):
        try:
            signal.pidfd_send_signal(self.process, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"

    def wait(self):
        until(self.is_gone, "the end of the monitor")

    def sleeps(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "S"

    def record(self):
        until(lambda: os.path.exists(self.exit), "the exit record")
        with open(self.exit, encoding="ascii") as file:
            text = file.read()
        assert text.endswith("}\n") and text.count("\n") == 1, text
        record = json.loads(text)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", record.pop("ended")), text
        return record

    def finish(self, text=b"status=0"):
        """The process ends; the monitor too."""
        self.guest.send(frame("X", text))
        self.wait()
        assert not os.path.exists(self.attach) and not os.path.exists(self.pid_file)
        assert not os.path.exists(self.exit + ".new")

    def records(self, number=0):
        return records_of(self.log + (f".{number}" if number else ""))


def records_of(path):
    """What a log file says: (stream, "F" or "P", bytes)."""
    with open(path, "rb") as file:
        data = file.read()
    lines = data.split(b"\n")
    assert lines.pop() == b"", f"{path} ends within a record: {data[-80:]!r}"
    got = []
    for line in lines:
        match = RECORD.fullmatch(line)
        assert match, f"no record: {line[:100]!r}"
        got.append((match[1].decode(), match[2].decode(), match[3]))
    return got


def bytes_of(records, stream="stdout"):
    return b"".join(data + (b"\n" if tag == "F" else b"") for name, tag, data in records if name == stream)


def mount_tmpfs(path, size):
    os.mkdir(path)
    call("mount", "none", path, "tmpfs", 0, f"size={size}")


class Skipped(Exception):
    pass


def need_root():
    if os.geteuid():
        raise Skipped("needs root")


def run_case(out, case):
    folder = tempfile.mkdtemp(prefix="monitor-")
    lab = Lab(out, folder)
    try:
        case(lab)
    finally:
        lab.end()
        LIBC.umount2(os.path.join(folder, "disk").encode(), 2)
        shutil.rmtree(folder, ignore_errors=True)


def main(out, cases):
    only = os.environ.get("MICA_ONLY")
    failed = 0
    if not os.geteuid():
        call("unshare", 0x20000)  # CLONE_NEWNS
        call("mount", None, "/", None, 0x44000, None)  # MS_REC | MS_PRIVATE
    cases = [case for case in cases if not only or case.__name__ == only]
    for i, case in enumerate(cases, 1):
        name = case.__name__.replace("_", " ")
        try:
            run_case(out, case)
            print(f"ok {i} - {name}", flush=True)
        except Skipped as why:
            must = os.environ.get("MICA_MUST_WORK") == "1"
            failed += must
            print(f"not ok {i} - {name}: {why}" if must else f"ok {i} # SKIP {name}: {why}", flush=True)
        except Exception:  # noqa: BLE001 - any of them is the case's failure
            failed += 1
            print(f"not ok {i} - {name}", flush=True)
            # On stderr: prove(1) keeps what is said on stdout to itself.
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()), end="", file=sys.stderr,
                  flush=True)
    print(f"1..{len(cases)}")
    return failed != 0
