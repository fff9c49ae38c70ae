"""relayhostile.py - a guest that lies: by hand, so that each lie is exact."""
import contextlib
import errno
import os
import select
import signal
import socket
import stat
import struct
import subprocess
import time

from relaylab import DEADLINE, Case, call, line_of, relay_environment, until

HELLO, FUSE, PING, PONG = 1, 2, 3, 4
LOOKUP, FORGET, GETATTR, SETATTR, MKDIR, OPEN, INIT, OPENDIR = 1, 2, 3, 4, 9, 14, 26, 27
BATCH_FORGET, READDIRPLUS = 42, 44
DO_READDIRPLUS = 1 << 13
NODE = 7


def exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def frame(kind, body=b"", tail=b""):
    return struct.pack("<IHH", 8 + len(body) + len(tail), kind, len(tail)) + body + tail


def answer(unique, body=b"", error=0, tail=b""):
    return frame(FUSE, struct.pack("<IiQ", 16 + len(body), -error, unique) + body, tail)


def backing(node, layer, path, inode):
    return struct.pack("<QQQII", node, inode, node, layer, 0) + path


def attributes(mode, size=10, node=NODE):
    return struct.pack("<QQQQQQIIIIIIIIII", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def entry(node=NODE, mode=0o100644, valid=0):
    return struct.pack("<QQQQII", node, 0, valid, valid, 0, 0) + attributes(mode)


class Liar:
    """Speaks the protocol as it should, but for what `lies` (opcode: function of unique) says."""

    def __init__(self, lies):
        self.lies = lies

    def serve(self, sock):
        try:
            hello = exactly(sock, 48)
            sock.sendall(frame(HELLO, hello[8:]))
            while True:
                size, kind, _ = struct.unpack("<IHH", exactly(sock, 8))
                body = exactly(sock, size - 8)
                if kind == PING:
                    sock.sendall(frame(PONG))
                    continue
                _, opcode, unique, node = struct.unpack_from("<IIQQ", body)
                if opcode == GETATTR and node == 1:
                    sock.sendall(answer(unique, bytes(16) + attributes(0o40755, node=1)))
                elif lie := self.lies.get(opcode) or getattr(self, f"op_{opcode}", None):
                    sock.sendall(lie(unique))
                elif opcode not in (FORGET, BATCH_FORGET):
                    sock.sendall(answer(unique, error=errno.ENOSYS))
        except (EOFError, OSError):
            pass

    def op_26(self, unique):
        return answer(unique, struct.pack("<IIII", 7, 38, 131072, 0) + bytes(48))

    def op_1(self, unique):
        return answer(unique, entry())

    def op_3(self, unique):
        return answer(unique, bytes(16) + attributes(0o100644))

    def op_14(self, unique):
        return answer(unique, bytes(16))

    def op_15(self, unique):
        return answer(unique, b"from guest")


class Prey:
    """A relay with a liar for its guest."""

    def __init__(self, u, liar, *options):
        if u.driver.poll() is None:
            u.unmount()
            u.stop_driver()
        os.unlink(u.path("sock"))
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(u.path("sock"))
        listening.listen()
        # A child: its exchange must not need the lock of an interpreter that waits for a system call.
        self.pid = os.fork()
        if not self.pid:
            liar.serve(listening.accept()[0])
            os._exit(0)
        listening.close()
        u.relay = subprocess.Popen(
            [u.out + "/mica-relay", "--name", "t", "--at", u.path("s"), "--socket", u.path("sock"), "--layer",
             u.path("b"), "--lower", u.path("a"), "--log", u.path("relay.log"),
             *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=relay_environment())
        try:
            line_of(u.relay, "ready")
        except AssertionError:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise
        self.u = u

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        call("umount2", self.u.path("s"), 2)
        self.u.relay.wait(DEADLINE)
        os.waitpid(self.pid, 0)
        if not failure[0]:
            assert self.u.relay.returncode == 0, f"the relay ended with {self.u.relay.returncode}"


def fill(a):
    with open(a + "/x", "w") as f:
        f.write("lower file")
    os.mkdir(a + "/d")
    os.symlink("/etc/passwd", a + "/link")
    os.symlink("..", a + "/d/up")
    os.mkfifo(a + "/fifo")
    os.mkdir(a + "/mounted")


def read_all(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 100)
    finally:
        os.close(fd)


def nothing_else_of_the_host(u):
    """Whatever the guest claims a file's backing to be: outside the layers it is read from the guest itself."""
    secret = u.path("secret")
    with open(secret, "w") as f:
        f.write("host secret")
    call("mount", "other", u.path("a", "mounted"), "tmpfs", 0, "")
    with open(u.path("a", "mounted", "f"), "w") as f:
        f.write("other mount")
    inode = os.stat(secret).st_ino
    claims = {
        "the real one": (backing(NODE, 1, b"x", os.stat(u.path("a", "x")).st_ino), b"lower file"),
        "other inode": (backing(NODE, 1, b"x", 1), b"from guest"),
        "dots": (backing(NODE, 1, b"../secret", inode), b"from guest"),
        "deeper dots": (backing(NODE, 1, b"d/../../secret", inode), b"from guest"),
        "symlink": (backing(NODE, 1, b"link", os.stat("/etc/passwd").st_ino), b"from guest"),
        "symlink on the way": (backing(NODE, 1, b"d/up/../secret", inode), b"from guest"),
        "fifo": (backing(NODE, 1, b"fifo", os.stat(u.path("a", "fifo")).st_ino), b"from guest"),
        "folder": (backing(NODE, 1, b"d", os.stat(u.path("a", "d")).st_ino), b"from guest"),
        "other mount": (backing(NODE, 1, b"mounted/f", os.stat(u.path("a", "mounted", "f")).st_ino), b"from guest"),
    }
    try:
        for name, (tail, want) in claims.items():
            with Prey(u, Liar({OPEN: lambda unique: answer(unique, bytes(16), tail=tail)})):
                got = read_all(u.path("s", "x"))
                assert got == want, f"{name}: {got}"
    finally:
        call("umount2", u.path("a", "mounted"), 2)


def lower_stays(u):
    """A file said to be open for writing and to lie in the lower is not written."""
    tail = backing(NODE, 1, b"x", os.stat(u.path("a", "x")).st_ino)
    with Prey(u, Liar({OPEN: lambda unique: answer(unique, bytes(16), tail=tail)})):
        fd = os.open(u.path("s", "x"), os.O_RDWR)
        try:
            os.write(fd, b"overwritten")
        except OSError as e:
            assert e.errno == errno.EBADF, e
        else:
            raise AssertionError("the lower was written")
        finally:
            os.close(fd)
        try:
            os.chmod(u.path("s", "x"), 0o777)
        except OSError as e:
            assert e.errno == errno.ENOSYS, e
        else:
            raise AssertionError("the lower has another mode")
    with open(u.path("a", "x")) as f:
        assert f.read() == "lower file" and os.fstat(f.fileno()).st_mode & 0o777 == 0o644


def upper_speaks_for_itself(u):
    """Whatever the guest says of a file of the upper: the kernel is told what it is like."""
    with open(u.path("b", "x"), "w") as f:
        f.write("upper")
        os.fchmod(f.fileno(), 0o604)
    tail = backing(NODE, 0, b"x", os.stat(u.path("b", "x")).st_ino)
    listing = [entry() + struct.pack("<QQII", NODE, 1, 1, 8) + b"x" + bytes(7)]
    lies = {
        INIT: lambda unique: answer(unique, struct.pack("<IIII", 7, 38, 131072, DO_READDIRPLUS) + bytes(48)),
        OPEN: lambda unique: answer(unique, bytes(16), tail=tail),
        OPENDIR: lambda unique: answer(unique, bytes(16)),
        READDIRPLUS: lambda unique: answer(unique, listing.pop() if listing else b""),
    }
    with Prey(u, Liar(lies)):
        path = u.path("s", "x")
        assert (os.stat(path).st_mode & 0o777, os.stat(path).st_size) == (0o644, 10)
        with open(path) as f:
            seen = [os.stat(path)]
            with os.scandir(u.path("s")) as entries:
                seen += [e.stat() for e in entries]
            seen.append(os.fstat(f.fileno()))
        for st in seen:
            assert (st.st_mode & 0o777, st.st_size, st.st_ino) == (0o604, 5, NODE), st
        assert len(seen) == 3


def lies_about_the_made(u):
    """Of a directory that was made the kernel is told what the one in the upper is like, if it is one, and in the upper."""
    b = u.path("b")
    os.mkdir(b + "/d", 0o750)
    os.symlink("d", b + "/link")
    with open(b + "/file", "w"):
        pass
    other = os.stat(u.path("a", "d")).st_ino
    inode = {name: os.lstat(f"{b}/{name}").st_ino for name in ("d", "link", "file")}
    claims = {
        "the real one": (backing(NODE, 0, b"d", inode["d"]), 0o40750),
        "none": (b"", 0o40705),
        "other inode": (backing(NODE, 0, b"d", 1), 0o40705),
        "dots": (backing(NODE, 0, b"../a/d", other), 0o40705),
        "the upper itself": (backing(NODE, 0, b".", os.stat(b).st_ino), stat.S_IFDIR | os.stat(b).st_mode & 0o7777),
        "symlink": (backing(NODE, 0, b"link", inode["d"]), 0o40705),
        "the symlink": (backing(NODE, 0, b"link", inode["link"]), 0o40705),
        "file": (backing(NODE, 0, b"file", inode["file"]), 0o40705),
        "not there": (backing(NODE, 0, b"x", inode["d"]), 0o40705),
    }
    for name, (tail, want) in claims.items():
        lies = {
            LOOKUP: lambda unique: answer(unique, error=errno.ENOENT),
            MKDIR: lambda unique: answer(unique, entry(mode=0o40705, valid=99), tail=tail),
            GETATTR: lambda unique: answer(unique, bytes(16) + attributes(0o40705)),
        }
        with Prey(u, Liar(lies)):
            os.mkdir(u.path("s", "new"))
            got = os.stat(u.path("s", "new"))
            assert (got.st_mode, got.st_ino) == (want, NODE), f"{name}: {got.st_mode:o}"
            # What the guest says of names in it nobody asks.
            assert not os.path.exists(u.path("s", "new", "x")), name


def makes_the_same_again(u):
    """A number that was given before: what its directory lacks is not known, and all it says is asked of the guest."""
    made = []
    tail = backing(NODE, 0, b"d", os.stat(u.path("b")).st_ino)

    def lookup(unique):
        return answer(unique, entry(NODE + 1, valid=99)) if len(made) > 1 else answer(unique, error=errno.ENOENT)

    def mkdir(unique):
        made.append(unique)
        return answer(unique, entry(mode=0o40755, valid=99), tail=tail)
    with Prey(u, Liar({LOOKUP: lookup, MKDIR: mkdir})):
        os.mkdir(u.path("s", "one"))
        assert not os.path.exists(u.path("s", "one", "x"))
        with contextlib.suppress(OSError):
            os.mkdir(u.path("s", "two"))
        with contextlib.suppress(OSError):
            os.mkdir(u.path("s", "one", "three"))
        # It may have become the other one, but it is asked.
        found = [os.path.exists(u.path("s", name, "y")) for name in ("one", "two")]
        assert any(found), found


NO_DIRECTORY = {
    "no node": lambda q: answer(q, entry(0, 0o40755)),
    "the root": lambda q: answer(q, entry(1, 0o40755)),
    "tail of another node": lambda q: answer(q, entry(mode=0o40755, valid=99), tail=backing(NODE + 1, 0, b"d", 1)),
    "tail in a lower": lambda q: answer(q, entry(mode=0o40755, valid=99), tail=backing(NODE, 1, b"d", 1)),
    "entry too short": lambda q: answer(q, entry(mode=0o40755, valid=99)[:-8]),
}


def no_directory_ends_the_connection(u):
    for name, lie in NO_DIRECTORY.items():
        with Prey(u, Liar({LOOKUP: lambda q: answer(q, error=errno.ENOENT), MKDIR: lie})):
            for _ in range(2):
                try:
                    os.mkdir(u.path("s", "new"))
                except OSError as e:
                    assert e.errno == errno.EIO, f"{name}: {e}"
                else:
                    raise AssertionError(f"{name}: believed")
            until(lambda: "breaks the protocol" in u.logs(), name)
        os.unlink(u.path("relay.log"))


def made_too_late(u):
    """Who was interrupted has made no directory; what the guest says of it later is not believed."""
    late = []
    asked, tell = os.pipe()

    def mkdir(unique):
        late.append(unique)
        os.write(tell, b".")
        return b""

    def lookup(unique):
        said = [answer(q, entry(mode=0o40755, valid=99)) for q in late]
        late.clear()
        return b"".join(said) + answer(unique, entry(mode=0o40755, valid=99) if said else b"", error=0 if said else errno.ENOENT)
    with Prey(u, Liar({LOOKUP: lookup, MKDIR: mkdir})):
        pid = os.fork()
        if not pid:
            try:
                os.mkdir(u.path("s", "new"))
            finally:
                os._exit(0)
        # Not only until the child waits: that may be for the LOOKUP before, or for a MKDIR that the kernel still has.
        assert select.select([asked], [], [], DEADLINE)[0], "the guest was never asked for a directory"
        os.kill(pid, signal.SIGKILL)
        assert os.waitpid(pid, 0)[1] == signal.SIGKILL
        assert os.path.exists(u.path("s", "new")), "it is there now"
        # Of any other name the guest now says that it is missing, but of this directory it was asked.
        assert not os.path.exists(u.path("s", "new", "x"))
    os.close(asked)
    os.close(tell)


LIES = {
    "short frame": lambda q: struct.pack("<IHH", 3, FUSE, 0),
    "huge frame": lambda q: struct.pack("<IHH", 0xFFFFFFF0, FUSE, 0),
    "unknown kind": lambda q: frame(99),
    "no header": lambda q: frame(FUSE, b"short"),
    "wrong length": lambda q: frame(FUSE, struct.pack("<IiQ", 4000, 0, q)),
    "unknown request": lambda q: answer(q + 2, entry()),
    "answer twice": lambda q: answer(q, error=errno.ENOENT) * 2,
    "entry too short": lambda q: answer(q, entry()[:-8]),
    "entry too long": lambda q: answer(q, entry() + bytes(8)),
    "error with data": lambda q: answer(q, entry(), error=errno.ENOENT),
    "strange error": lambda q: answer(q, error=4000),
    "positive error": lambda q: answer(q, error=-5),
    "tail beyond": lambda q: struct.pack("<IHH", 24, FUSE, 60000) + struct.pack("<IiQ", 16, 0, q),
    "tail too short": lambda q: answer(q, entry(), tail=b"x"),
    "no such layer": lambda q: answer(q, entry(), tail=backing(NODE, 9, b"x", 1)),
    "absolute path": lambda q: answer(q, entry(), tail=backing(NODE, 1, b"/etc/passwd", 1)),
    "NUL in path": lambda q: answer(q, entry(), tail=backing(NODE, 1, b"x\0y", 1)),
    "notification to store": lambda q: answer(0, struct.pack("<QQII", NODE, 0, 4, 0) + b"data", error=-4),
    "notification without name": lambda q: answer(0, struct.pack("<QII", 1, 0, 0) + b"\0", error=-3),
    "notification of a path": lambda q: answer(0, struct.pack("<QII", 1, 3, 0) + b"a/b\0", error=-3),
}


def lies_end_the_connection(u):
    """What does not fit the protocol: EIO at once, and nothing but EIO from then on."""
    for name, lie in LIES.items():
        with Prey(u, Liar({LOOKUP: lie})):
            start = time.monotonic()
            # The caller of "answer twice" has its answer already.
            for path in ("x", "y") if name == "answer twice" else ("x",):
                try:
                    os.stat(u.path("s", path))
                except OSError as e:
                    wanted = (errno.EIO, errno.ENOENT) if name == "answer twice" else (errno.EIO,)
                    assert e.errno in wanted, f"{name}: {e}"
                else:
                    raise AssertionError(f"{name}: believed")
            until(lambda: "breaks the protocol" in u.logs(), name)
            assert time.monotonic() - start < DEADLINE, name
            try:
                os.stat(u.path("s", "z"))
            except OSError as e:
                assert e.errno == errno.EIO, f"{name}: afterwards {e}"
        os.unlink(u.path("relay.log"))


def endless(u):
    """Answers that never end, and one that never comes: neither memory nor time are the guest's to take."""
    flood = frame(PONG) * 8192

    class Endless(Liar):
        def serve(self, sock):
            hello = exactly(sock, 48)
            sock.sendall(frame(HELLO, hello[8:]))
            exactly(sock, 8 + 104)
            sock.sendall(self.op_26(2))
            try:
                # A frame that is begun and never ended, fed slowly enough to look alive for a while.
                sock.sendall(flood * 100 + struct.pack("<IHH", 1 << 20, FUSE, 0))
                while True:
                    sock.sendall(b"x")
                    time.sleep(0.00001)
            except OSError:
                pass
    with Prey(u, Endless({})):
        try:
            os.stat(u.path("s", "x"))
        except OSError as e:
            assert e.errno == errno.EIO, e
        with open(f"/proc/{u.relay.pid}/status") as f:
            peak = next(int(l.split()[1]) for l in f if l.startswith("VmHWM"))
        assert os.environ.get("MICA_SANITIZE") or peak < 65536, f"{peak} KiB"


def never(unique):
    return b""


def is_waiting(pid):
    """For an answer of the guest."""
    with open(f"/proc/{pid}/wchan") as f:
        where = f.read()
    return "fuse" in where or "request_wait" in where


def who_waits_can_be_killed(u):
    """A guest that lives and never answers one request holds nobody: a signal ends the wait."""
    with Prey(u, Liar({LOOKUP: never})):
        pid = os.fork()
        if not pid:
            try:
                os.stat(u.path("s", "x"))
            finally:
                os._exit(0)
        until(lambda: is_waiting(pid), "the child to wait")
        os.kill(pid, signal.SIGKILL)
        start = time.monotonic()
        assert os.waitpid(pid, 0)[1] == signal.SIGKILL
        assert time.monotonic() - start < DEADLINE


def no_answer_is_an_answer(u):
    """Nor does it hold anybody who sends no signal: it counts as dead, later where a file may be copied up."""
    path = u.path("s", "x")
    for name, opcode, ask, seconds in (("LOOKUP", LOOKUP, lambda: os.stat(path), 1),
                                       ("OPEN", OPEN, lambda: open(path, "rb"), 1),
                                       ("OPEN", OPEN, lambda: open(path, "r+b"), 3),
                                       ("SETATTR", SETATTR, lambda: os.chmod(path, 0o600), 3)):
        with Prey(u, Liar({opcode: never}), "--patience", "1", "--copy-patience", "3"):
            start = time.monotonic()
            for call_again in ask, ask:
                try:
                    call_again()
                except OSError as e:
                    assert e.errno == errno.EIO, f"{name}: {e}"
                else:
                    raise AssertionError(f"{name}: answered")
            took = time.monotonic() - start
            assert seconds <= took < DEADLINE, f"{name}: {took:.1f} s"
            log = u.logs()
            assert f"the guest has not answered {name} for {seconds} seconds" in log, log
        os.unlink(u.path("relay.log"))
    # Who may have to wait for a copy waits as long as it.
    with Prey(u, Liar({SETATTR: never, OPENDIR: never}), "--patience", "1", "--copy-patience", "3"):
        start = time.monotonic()
        pid = os.fork()
        if not pid:
            try:
                os.chmod(path, 0o600)
            finally:
                os._exit(0)
        until(lambda: is_waiting(pid), "the child to wait")
        try:
            os.listdir(u.path("s"))
        except OSError as e:
            assert e.errno == errno.EIO, e
        assert time.monotonic() - start > 2.9
        os.waitpid(pid, 0)


CASES = [
    Case(no_answer_is_an_answer, fill=fill, clean=False, ways=("relayed",), one_way=True),
    Case(who_waits_can_be_killed, fill=fill, clean=False, ways=("relayed",), one_way=True),
    Case(nothing_else_of_the_host, fill=fill, clean=False, ways=("relayed",), one_way=True),
    Case(lower_stays, fill=fill, clean=False, ways=("relayed",), one_way=True),
    Case(upper_speaks_for_itself, fill=fill, clean=False, ways=("relayed",), one_way=True),
    Case(lies_about_the_made, fill=fill, clean=False, ways=("relayed",), one_way=True),
    Case(makes_the_same_again, fill=fill, clean=False, ways=("relayed",), one_way=True),
    Case(no_directory_ends_the_connection, fill=fill, clean=False, ways=("relayed",), one_way=True),
    Case(made_too_late, fill=fill, clean=False, ways=("relayed",), one_way=True),
    Case(lies_end_the_connection, fill=fill, clean=False, ways=("relayed",), one_way=True),
    Case(endless, fill=fill, clean=False, ways=("relayed",), one_way=True),
]
