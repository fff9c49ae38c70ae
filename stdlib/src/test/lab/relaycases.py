"""relaycases.py - what must hold for a folder that the relay brings back. Each function is a case."""
import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import random
import shutil
import signal
import socket
import sqlite3
import stat
import struct
import subprocess
import threading
import time

import relayhostile
import relayposix
import treeedit
import treefacts
import treemake
from relaylab import DEADLINE, Case, Union, call, stop, until

NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4
AT_FDCWD = -100

# How much: files in one directory; files in all, and directories, of what tar unpacks.
MANY = 100_000
UNPACKED = 2_000, 200


def put(path, data=b"", mode=0o644):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "wb") as f:
        f.write(data)


def get(path):
    with open(path, "rb") as f:
        return f.read()


def fails(code, function, *args, **named):
    try:
        function(*args, **named)
    except OSError as e:
        assert e.errno == code, f"{function.__name__}{args}: {errno.errorcode[e.errno]}, not {errno.errorcode[code]}"
    else:
        raise AssertionError(f"{function.__name__}{args} works, not {errno.errorcode[code]}")


def renameat2(a, b, flags):
    call("renameat2", AT_FDCWD, a, AT_FDCWD, b, flags)


def child(function):
    """Runs it in a process; the status it exits with, 1 for an exception."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            function()
            code = 0
        except BaseException as e:
            print(f"# in a child: {e!r}", flush=True)
        finally:
            os._exit(code)
    return pid


def joined(*pids):
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0, "a child failed"


def as_user(uid, gid, groups, function):
    def run():
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        function()
    joined(child(run))


# The same as the kernel's own union, whatever is done.


def times_that_were_set(tree, since):
    """The file times that were not made just now."""
    return {path: e.mtime for path, e in tree.items() if e.mtime < since or e.mtime > since + 10**12}


def layer(path):
    """Its facts; but what overlayfs notes of other inodes only that it is there, and not what only new kernels note."""
    tree = treefacts.scan(path)
    for entry in tree.values():
        entry.xattrs = {k: b"" if k == b"trusted.overlay.origin" else v
                        for k, v in entry.xattrs.items() if k != b"trusted.overlay.uuid"}
    return tree


def random_edits(u):
    """The same random edits through the relay and in a union of the kernel: same tree, same upper, lower as it was."""
    seed, rounds = int(os.environ.get("MICA_RELAY_FIRST_SEED", 1)), int(os.environ.get("MICA_RELAY_SEEDS", 6))
    for n in range(seed, seed + rounds):
        treemake.make(n, u.path("s", f"t{n}"), 20)
        treemake.make(n, u.path("r", f"t{n}"), 20)
        ours, theirs = treeedit.edit(n, u.path("s"), 40), treeedit.edit(n, u.path("r"), 40)
        assert ours == theirs, f"seed {n}: edits {ours} and {theirs}"
        want, got = treefacts.scan(u.path("r")), treefacts.scan(u.path("s"))
        lines = treefacts.compare(want, got, drop=["mtime"])
        assert not lines, f"seed {n}: kernel first, relay second: " + "\n".join(lines)
        want, got = times_that_were_set(want, u.started), times_that_were_set(got, u.started)
        assert want == got, f"seed {n}: times {set(want.items()) ^ set(got.items())}"
    for ours, theirs in ("b", "rb"), ("a", "ra"):
        lines = treefacts.compare(layer(u.path(theirs)), layer(u.path(ours)), drop=["mtime"])
        assert not lines, f"{ours}: kernel first, relay second: " + "\n".join(lines)


def fill_random(a):
    treemake.make(42, os.path.join(a, "low"), 60)


# Names.


def fill_names(a):
    os.mkdir(a + "/dir")
    put(a + "/dir/inside", b"inside")
    put(a + "/low", b"low")
    put(a + "/linked", b"linked")
    os.link(a + "/linked", a + "/linked too")
    os.symlink("low", a + "/symlink")


def rename_over_open_file(u):
    s = u.path("s")
    put(s + "/new", b"new")
    with open(s + "/low", "rb") as old:
        os.rename(s + "/new", s + "/low")
        assert old.read() == b"low"
    assert get(s + "/low") == b"new" == get(u.path("b", "low"))
    fails(errno.ENOENT, os.stat, s + "/new")


def unlink_while_open(u):
    s = u.path("s")
    for name in "low", "made":
        if name == "made":
            put(s + "/made", b"made")
        with open(s + f"/{name}", "r+b") as f:
            os.unlink(s + f"/{name}")
            f.write(b"MORE")
            f.flush()
            os.fsync(f.fileno())
            f.seek(0)
            assert f.read()[:4] == b"MORE"
            assert os.fstat(f.fileno()).st_nlink == 0
            os.fchmod(f.fileno(), 0o600)
            os.ftruncate(f.fileno(), 2)
            assert os.fstat(f.fileno()).st_size == 2
            with open(f"/proc/self/fd/{f.fileno()}", "rb") as again:
                assert again.read() == b"MO"
        fails(errno.ENOENT, os.stat, s + f"/{name}")
    assert stat.S_ISCHR(os.lstat(u.path("b", "low")).st_mode) and not os.path.exists(u.path("b", "made"))


def hard_links(u):
    s = u.path("s")
    os.link(s + "/low", s + "/low2")
    put(s + "/low2", b"through the link")
    assert get(s + "/low") == b"through the link"
    assert os.stat(s + "/low").st_ino == os.stat(s + "/low2").st_ino and os.stat(s + "/low").st_nlink == 2
    os.unlink(s + "/low")
    put(s + "/low2", b"after")
    os.rename(s + "/low2", s + "/low")
    assert get(s + "/low") == b"after" and os.stat(s + "/low").st_nlink == 1
    os.link(s + "/symlink", s + "/symlink2", follow_symlinks=False)
    assert os.readlink(s + "/symlink2") == "low"
    # Renaming one name of a file onto another does nothing.
    put(s + "/x")
    os.link(s + "/x", s + "/y")
    os.rename(s + "/x", s + "/y")
    assert os.stat(s + "/x").st_ino == os.stat(s + "/y").st_ino


def links_outlive_names(u):
    """A file stays what it is by the names it has left, whichever was the first, for who has it open and who has not."""
    s = u.path("s")
    os.mkdir(s + "/other")
    for first in s + "/low", s + "/made", s + "/dir/inside":
        put(first, b"data")
        name = os.path.basename(first)
        names = [f"{s}/other/{name}{n}" for n in range(3)]
        for other in names:
            os.link(first, other)
        with open(names[1], "r+b") as f:
            os.unlink(first)
            f.write(b"DATA")
            f.flush()
            assert os.fstat(f.fileno()).st_nlink == 3
        for other in names:
            assert get(other) == b"DATA" and os.stat(other).st_nlink == 3
        os.rename(names[0], first)
        put(names[1], b"more")
        os.unlink(names[2])
        os.link(names[1], names[2])
        assert [get(n) for n in (first, *names[1:])] == [b"more"] * 3
        put(s + "/new", b"new")
        os.rename(s + "/new", first)
        os.unlink(names[1])
        assert get(names[2]) == b"more" and os.stat(names[2]).st_nlink == 1 and get(first) == b"new"
        os.unlink(names[2])
    assert os.listdir(s + "/other") == [] == os.listdir(u.path("b", "other"))


def lower_links_part(u):
    """The kernel's union parts the names of a lower file when one is written; so must we, and never mix them up."""
    s = u.path("s")
    one, two = s + "/linked", s + "/linked too"
    assert os.stat(one).st_nlink == 2 and get(one) == get(two) == b"linked"
    with open(two, "rb") as reader:
        put(one, b"changed")
        assert reader.read() == b"linked" == get(two)
    assert get(one) == b"changed" and os.stat(one).st_ino != os.stat(two).st_ino
    os.chmod(two, 0o600)
    assert stat.S_IMODE(os.stat(one).st_mode) == 0o644


def rename_flags(u):
    s = u.path("s")
    put(s + "/made", b"made")
    fails(errno.EEXIST, renameat2, s + "/made", s + "/low", NOREPLACE)
    renameat2(s + "/made", s + "/low", EXCHANGE)
    assert get(s + "/made") == b"low" and get(s + "/low") == b"made"
    renameat2(s + "/low", s + "/fresh", NOREPLACE)
    assert get(s + "/fresh") == b"made"
    os.mkdir(s + "/made dir")
    put(s + "/made dir/x", b"x")
    renameat2(s + "/made dir", s + "/fresh", EXCHANGE)
    assert get(s + "/fresh/x") == b"x" and get(s + "/made dir") == b"made"
    fails(errno.EINVAL, renameat2, s + "/made", s + "/other", WHITEOUT)
    fails(errno.EXDEV, os.rename, s + "/dir", s + "/moved")  # of the lower, as without redirects
    fails(errno.EINVAL, os.rename, s + "/fresh", s + "/fresh/x y")
    os.mkdir(s + "/full")
    put(s + "/full/x")
    fails(errno.ENOTEMPTY, os.rename, s + "/fresh", s + "/full")


def long_names(u):
    s = u.path("s")
    name = "n" * 255
    put(f"{s}/{name}", b"x")
    os.rename(f"{s}/{name}", f"{s}/{'m' * 255}")
    assert "m" * 255 in os.listdir(s)
    fails(errno.ENAMETOOLONG, put, s + "/" + "n" * 256)
    raw = os.fsencode(s) + b"/\xff\n\\ -"
    put(raw, b"raw")
    assert get(raw) == b"raw"
    # Paths longer than a system call takes: by descriptors, and then nobody can say where the data lie.
    fds = [os.open(s, os.O_PATH)]
    for _ in range(20):
        os.mkdir(name, dir_fd=fds[-1])
        fds.append(os.open(name, os.O_PATH | os.O_DIRECTORY, dir_fd=fds[-1]))
    fd = os.open("deep", os.O_RDWR | os.O_CREAT, dir_fd=fds[-1])
    os.write(fd, b"deep" * 100000)
    os.fsync(fd)
    assert os.pread(fd, 4, 399996) == b"deep"
    for other in [fd, *fds]:
        os.close(other)


def exclusive_create(u):
    """Of many who create the same name one wins."""
    s = u.path("s")
    won = mmap.mmap(-1, 4096)

    def race():
        for n in range(200):
            try:
                os.close(os.open(f"{s}/race{n}", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                won[n + 256 * (os.getpid() % 4)] = 1 + won[n + 256 * (os.getpid() % 4)]
            except FileExistsError:
                pass
    for _ in range(1):
        pids = []
        for slot in range(4):
            pids.append(child(race))
        joined(*pids)
    total = sum(won[:1024])
    assert total == 200, f"{total} winners of 200"


def specials(u):
    s = u.path("s")
    os.mkfifo(s + "/fifo")
    os.mknod(s + "/socket", stat.S_IFSOCK | 0o600)
    os.mknod(s + "/char", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    os.mknod(s + "/block", stat.S_IFBLK | 0o600, os.makedev(7, 300))
    os.mknod(s + "/regular", stat.S_IFREG | 0o600)
    assert os.stat(s + "/block").st_rdev == os.makedev(7, 300) == os.stat(u.path("b", "block")).st_rdev
    fails(errno.EPERM, os.mknod, s + "/whiteout", stat.S_IFCHR, os.makedev(0, 0))
    fails(errno.EACCES, open, s + "/char")  # the mount has no devices
    fails(errno.EOPNOTSUPP, os.open, s, os.O_TMPFILE | os.O_RDWR)
    reader = os.open(s + "/fifo", os.O_RDONLY | os.O_NONBLOCK)
    with open(s + "/fifo", "wb") as writer:
        writer.write(b"through")
    assert os.read(reader, 10) == b"through"
    os.close(reader)


# Data.


def append_two_writers(u):
    s = u.path("s")

    def write(letter):
        fd = os.open(s + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for _ in range(500):
            os.write(fd, letter * 99 + b"\n")
    joined(child(lambda: write(b"a")), child(lambda: write(b"b")))
    lines = get(s + "/log").splitlines()
    assert sorted(lines) == [b"a" * 99] * 500 + [b"b" * 99] * 500, "torn or lost lines"
    assert get(u.path("b", "log")) == get(s + "/log")


def mapped(u):
    """Shared mappings are one memory, and fsync brings them to the upper."""
    s = u.path("s")
    put(s + "/map", bytes(8192))
    with open(s + "/map", "r+b") as f, open(s + "/low", "r+b") as low:
        with mmap.mmap(f.fileno(), 8192) as one, mmap.mmap(f.fileno(), 8192) as two:
            one[5000:5003] = b"abc"
            assert two[5000:5003] == b"abc"
            os.fsync(f.fileno())
            assert get(u.path("b", "map"))[5000:5003] == b"abc"
            two[0:1] = b"z"
            two.flush()
            assert os.pread(f.fileno(), 1, 0) == b"z"
        with mmap.mmap(low.fileno(), 3) as m:
            m[:] = b"LOW"
        os.fsync(low.fileno())
    assert get(u.path("b", "low")) == b"LOW" == get(s + "/low") and get(u.path("a", "low")) == b"low"


def reader_during_copy_up(u):
    """Who has a lower file open sees what is written to it: there is one file, with one number."""
    s = u.path("s")
    with open(s + "/low", "rb") as reader, mmap.mmap(reader.fileno(), 3, prot=mmap.PROT_READ) as view:
        before = os.fstat(reader.fileno())
        assert view[:] == b"low"
        with open(s + "/low", "r+b") as writer:
            writer.write(b"NEW")
            writer.flush()
            assert os.pread(reader.fileno(), 3, 0) == b"NEW" == view[:]
            assert os.fstat(reader.fileno()).st_ino == before.st_ino == os.stat(s + "/low").st_ino
            os.truncate(s + "/low", 1)
            assert os.fstat(writer.fileno()).st_size == 1 == os.fstat(reader.fileno()).st_size
    assert get(s + "/low") == b"N" == get(u.path("b", "low"))
    # By truncate alone, with no open for writing in between.
    with open(s + "/linked", "rb") as reader:
        os.truncate(s + "/linked", 4)
        assert reader.read() == b"link"
    with open(s + "/dir/inside", "rb") as reader:
        os.chmod(s + "/dir/inside", 0o600)
        assert reader.read() == b"inside"


def attributes_follow_writes(u):
    """The kernel keeps attributes for long, and knows when a write changed them."""
    s = u.path("s")
    put(s + "/f", b"1")
    for n in range(2, 30):
        os.utime(s + "/f", ns=(1, 1))
        assert os.stat(s + "/f").st_mtime_ns == 1
        with open(s + "/f", "ab") as f:
            f.write(b"x")
        st = os.stat(s + "/f")
        assert st.st_size == n and st.st_mtime_ns > 10**18, st
        assert st.st_mtime_ns == os.stat(u.path("b", "f")).st_mtime_ns
    with open(s + "/f", "r+b") as f, mmap.mmap(f.fileno(), 29) as m:
        os.utime(s + "/f", ns=(1, 1))
        m[0:1] = b"y"
        m.flush()
        os.fsync(f.fileno())
    assert os.stat(s + "/f").st_mtime_ns > 10**18


def sparse(u):
    s = u.path("s")
    fd = os.open(s + "/sparse", os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, b"end", 100 << 20)
    assert os.lseek(fd, 0, os.SEEK_DATA) == 100 << 20
    assert os.lseek(fd, 0, os.SEEK_HOLE) == 0
    assert os.fstat(fd).st_blocks < 100
    os.posix_fallocate(fd, 0, 1 << 20)
    assert os.fstat(fd).st_blocks >= 2048 and os.fstat(fd).st_size == (100 << 20) + 3
    os.pwrite(fd, b"x" * 65536, 0)
    call("fallocate", fd, 3, ctypes.c_int64(0), ctypes.c_int64(32768))
    assert os.pread(fd, 65536, 0) == bytes(32768) + b"x" * 32768
    assert os.lseek(fd, 0, os.SEEK_DATA) == 32768
    fails(errno.ENXIO, os.lseek, fd, 1 << 40, os.SEEK_DATA)
    fails(errno.EOPNOTSUPP, call, "fallocate", fd, 0x100, ctypes.c_int64(0), ctypes.c_int64(1))
    to = os.open(s + "/copy", os.O_RDWR | os.O_CREAT)
    assert os.copy_file_range(fd, to, 65536, 0, 10) == 65536
    assert os.pread(to, 65536, 10) == os.pread(fd, 65536, 0) and os.fstat(to).st_size == 65546
    os.close(to)
    os.close(fd)


def locks(u):
    s = u.path("s")
    put(s + "/lock", b"0123456789")
    with open(s + "/lock", "r+b") as f, open(s + "/lock", "r+b") as g:
        fcntl.flock(f, fcntl.LOCK_EX)
        fails(errno.EAGAIN, fcntl.flock, g, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(f, fcntl.LOCK_UN)
        fcntl.flock(g, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(f, fcntl.LOCK_EX, 5, 0)

        def other():
            with open(s + "/lock", "r+b") as h:
                fails(errno.EAGAIN, fcntl.lockf, h, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 4)
                fcntl.lockf(h, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 5)
        joined(child(other))


def large_files(u):
    """Bytes are the same on both ends, in odd pieces; fsync brings them to the upper."""
    rng = random.Random(7)
    data = rng.randbytes(9 << 20)
    fd = os.open(u.path("s", "large"), os.O_RDWR | os.O_CREAT)
    at = 0
    while at < len(data):
        step = rng.randint(1, 2 << 20)
        os.write(fd, data[at:at + step])
        at += step
    os.fsync(fd)
    assert get(u.path("b", "large")) == data == get(u.path("s", "large"))
    for _ in range(200):
        at, size = rng.randrange(len(data)), rng.randint(1, 200000)
        assert os.pread(fd, size, at) == data[at:at + size]
    os.close(fd)
    assert get(u.path("s", "big")) == get(u.path("a", "big"))
    with open(u.path("s", "big"), "r+b") as f:
        f.seek(3 << 20)
        f.write(b"changed")
    assert get(u.path("s", "big")) == get(u.path("b", "big")) != get(u.path("a", "big"))
    with open(u.path("s", "big"), "wb") as f:
        f.write(b"anew")
    assert get(u.path("s", "big")) == b"anew"


def fill_large(a):
    put(a + "/big", random.Random(8).randbytes(5 << 20))


# Owners, permissions, attributes.


def fill_shared(a):
    os.chmod(a, 0o755)
    os.mkdir(a + "/open")
    os.chmod(a + "/open", 0o1777)
    os.mkdir(a + "/group")
    os.chown(a + "/group", 0, 2000)
    os.chmod(a + "/group", 0o2775)
    put(a + "/secret", b"secret", 0o600)
    put(a + "/setid", b"x")
    os.chmod(a + "/setid", 0o6777)
    put(a + "/low", b"low")


def owners(u):
    """What a user makes is the user's, with the user's umask and groups; and what is forbidden stays so."""
    s = u.path("s")
    os.chmod(u.top, 0o755)

    def work():
        os.umask(0o027)
        put(s + "/open/mine", b"x", 0o666)
        os.mkdir(s + "/open/dir")
        os.symlink("x", s + "/open/link")
        os.mkfifo(s + "/open/fifo")
        put(s + "/group/shared", b"x", 0o664)
        os.mkdir(s + "/group/dir")
        for name, mode in ("mine", 0o640), ("dir", 0o750), ("fifo", 0o640):
            st = os.stat(f"{s}/open/{name}")
            assert (st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)) == (1000, 1000, mode), (name, st)
        assert os.lstat(s + "/open/link").st_uid == 1000
        st = os.stat(s + "/group/shared")
        assert (st.st_uid, st.st_gid) == (1000, 2000), st
        assert os.stat(s + "/group/dir").st_mode & 0o2000
        fails(errno.EACCES, open, s + "/secret")
        fails(errno.EACCES, put, s + "/no")
        fails(errno.EPERM, os.chmod, s + "/secret", 0o644)
        fails(errno.EPERM, os.chown, s + "/open/mine", 0, 0)
        os.chown(s + "/open/mine", -1, 2000)
        with open(s + "/setid", "r+b") as f:
            f.write(b"y")
        assert stat.S_IMODE(os.stat(s + "/setid").st_mode) == 0o777
        os.truncate(s + "/setid", 0)
        os.chmod(s + "/open/mine", 0o6755)
        with open(s + "/open/mine", "ab") as f:
            f.write(b"more")
        assert stat.S_IMODE(os.stat(s + "/open/mine").st_mode) == 0o755, oct(os.stat(s + "/open/mine").st_mode)
    as_user(1000, 1000, [2000], work)
    fails_for_other = lambda: fails(errno.EPERM, os.unlink, s + "/open/mine")
    as_user(1001, 1001, [], fails_for_other)
    assert os.stat(u.path("b", "open", "mine")).st_uid == 1000
    # Root may keep them.
    os.chmod(s + "/low", 0o4755)
    with open(s + "/low", "r+b") as f:
        f.write(b"x")
    assert stat.S_IMODE(os.stat(s + "/low").st_mode) == 0o4755


CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)
CHANGES = {
    "rename": lambda s, name: os.rename(f"{s}/{name}", f"{s}/{name}.moved"),
    "link": lambda s, name: os.link(f"{s}/{name}", f"{s}/{name}.moved"),
    "utime": lambda s, name: os.utime(f"{s}/{name}", ns=(1, 1)),
    "xattr": lambda s, name: os.setxattr(f"{s}/{name}", "trusted.x", b"y"),
}


def fill_privileged(a):
    for change in CHANGES:
        os.mkfifo(f"{a}/fifo {change}")
        os.mknod(f"{a}/socket {change}", stat.S_IFSOCK)
        put(f"{a}/program {change}", b"x")
        put(f"{a}/capable {change}", b"x")
        os.setxattr(f"{a}/capable {change}", "security.capability", CAPABILITY)
        for name in "fifo", "socket", "program":
            os.chown(f"{a}/{name} {change}", 1000, 1000)
            os.chmod(f"{a}/{name} {change}", 0o6755)


def privileges_are_copied_up(u):
    """What says nothing of the mode or the owner leaves set-id bits and capabilities alone, though it copies up."""
    s = u.path("s")
    for change, make in CHANGES.items():
        for name in "fifo", "socket", "program", "capable":
            make(s, f"{name} {change}")
            there = f"{name} {change}" + (".moved" if change in ("rename", "link") else "")
            for path in u.path("s", there), u.path("b", there):
                if name == "capable":
                    assert os.getxattr(path, "security.capability") == CAPABILITY, path
                else:
                    assert stat.S_IMODE(os.stat(path).st_mode) == 0o6755, path


def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


ACL_FOR_1001 = acl((1, 6, 0xFFFFFFFF), (2, 6, 1001), (4, 4, 0xFFFFFFFF), (16, 6, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF))


def xattrs_and_acls(u):
    s = u.path("s")
    os.chmod(u.top, 0o755)
    os.setxattr(s + "/low", "user.a", b"\0binary\xff")
    assert os.getxattr(s + "/low", "user.a") == b"\0binary\xff" == os.getxattr(u.path("b", "low"), "user.a")
    fails(errno.EEXIST, os.setxattr, s + "/low", "user.a", b"", os.XATTR_CREATE)
    fails(errno.ENODATA, os.setxattr, s + "/low", "user.b", b"", os.XATTR_REPLACE)
    os.setxattr(s + "/low", "user.long", b"x" * 4000)
    assert sorted(os.listxattr(s + "/low")) == ["user.a", "user.long"]
    os.removexattr(s + "/low", "user.a")
    fails(errno.ENODATA, os.getxattr, s + "/low", "user.a")
    fails(errno.ENODATA, os.removexattr, s + "/low", "user.a")
    os.setxattr(s + "/secret", "system.posix_acl_access", ACL_FOR_1001)
    assert stat.S_IMODE(os.stat(s + "/secret").st_mode) == 0o660
    as_user(1001, 1001, [], lambda: get(s + "/secret") and None)
    as_user(1002, 1002, [], lambda: fails(errno.EACCES, get, s + "/secret"))
    os.setxattr(s + "/open", "system.posix_acl_default", ACL_FOR_1001)

    def inherit():
        os.umask(0o077)
        put(s + "/open/heir", b"", 0o666)
        assert os.getxattr(s + "/open/heir", "system.posix_acl_access")[:4] == struct.pack("<I", 2)
        assert stat.S_IMODE(os.stat(s + "/open/heir").st_mode) == 0o660
    as_user(1000, 1000, [], inherit)
    assert os.getxattr(u.path("b", "open", "heir"), "system.posix_acl_access") \
        == os.getxattr(s + "/open/heir", "system.posix_acl_access")


def times_and_sizes(u):
    s = u.path("s")
    os.symlink("x", s + "/link")
    for path in s + "/link", s + "/low", s + "/open", s:
        os.utime(path, ns=(123456789, -987654321), follow_symlinks=False)
        st = os.lstat(path)
        assert (st.st_atime_ns, st.st_mtime_ns) == (123456789, -987654321), (path, st)
    fd = os.open(s + "/link", os.O_PATH | os.O_NOFOLLOW)
    fails(errno.EOPNOTSUPP, os.chmod, f"/proc/self/fd/{fd}", 0o600)
    os.close(fd)
    os.lchown(s + "/link", 5, 6)
    assert (os.lstat(s + "/link").st_uid, os.lstat(u.path("b", "link")).st_gid) == (5, 6)
    ours, theirs = os.statvfs(s), os.statvfs(u.path("b"))
    assert (ours.f_blocks, ours.f_bsize, ours.f_files, ours.f_namemax) == \
        (theirs.f_blocks, theirs.f_bsize, theirs.f_files, theirs.f_namemax)
    fd = os.open(s, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


# Attributes of files whose data lie on the host: it changes them there, and the guest does not know.


CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0)
SEEN = "security.capability", "system.posix_acl_access", "user.a"


def xattr_of(path, name):
    try:
        return os.getxattr(path, name)
    except OSError as e:
        return e.errno


def facts(path, *more):
    """What a file says of itself, and `more` of it by name."""
    st = os.stat(path)
    said = {"mode": oct(st.st_mode), "owner": (st.st_uid, st.st_gid), "size": st.st_size, "links": st.st_nlink,
            **{name: getattr(st, name) for name in more}}
    return {**said, **{name: xattr_of(path, name) for name in SEEN}}


def drop_names():
    with open("/proc/sys/vm/drop_caches", "w") as f:
        f.write("2")


def check_facts(u, name):
    """The same through the folder, in the upper, and through the folder by a name just looked up, and listed."""
    more = "st_mtime_ns", "st_atime_ns", "st_ctime_ns", "st_blocks"
    first, below = facts(u.path("s", name), *more), facts(u.path("b", name), *more)
    assert first == below, f"{name}: {first} through the folder, {below} in the upper"
    ino = os.stat(u.path("s", name)).st_ino
    drop_names()
    again = facts(u.path("s", name), *more)
    assert first == again, f"{name}: {first}, then {again}"
    drop_names()
    with os.scandir(os.path.dirname(u.path("s", name))) as entries:
        st = next(e for e in entries if e.name == os.path.basename(name)).stat(follow_symlinks=False)
    assert (oct(st.st_mode), st.st_mtime_ns) == (first["mode"], first["st_mtime_ns"]), name
    # Of a file with several names overlayfs in Linux 6.1 shows the lower's number by one, the upper's by another.
    assert st.st_ino == ino or st.st_nlink > 1, name


def fill_attributes(a):
    os.chmod(a, 0o755)
    for name in "low", "linked", "unlinked":
        put(f"{a}/{name}", name.encode())
    os.mkdir(a + "/dir")


def attributes_of_the_upper(u):
    """Made, copied up, and with two names: whatever is changed shows everywhere, at once and for good."""
    s = u.path("s")
    put(s + "/made", b"made")
    put(s + "/dir/made", b"made in a folder of the lower")
    for name in "low", "linked":
        with open(f"{s}/{name}", "r+b") as f:
            f.write(b"up")
    os.link(s + "/linked", s + "/dir/linked")
    for name in "made", "dir/made", "low", "linked", "dir/linked":
        path = f"{s}/{name}"
        for change in (lambda: os.chmod(path, 0o6751), lambda: os.chown(path, 1000, 2000),
                       lambda: os.utime(path, ns=(10**17 + 1, 10**17 + 2)), lambda: os.truncate(path, 70000),
                       lambda: os.chown(path, -1, 3000), lambda: os.truncate(path, 1), lambda: os.utime(path),
                       lambda: os.setxattr(path, "system.posix_acl_access", ACL_FOR_1001),
                       lambda: os.chmod(path, 0o640), lambda: os.chown(path, 0, 0)):
            change()
            check_facts(u, name)
    assert facts(s + "/linked") == facts(s + "/dir/linked") and os.stat(s + "/linked").st_nlink == 2
    assert os.path.samefile(s + "/linked", s + "/dir/linked")
    os.unlink(s + "/linked")
    check_facts(u, "dir/linked")
    assert os.stat(s + "/dir/linked").st_nlink == 1
    os.rename(s + "/dir/linked", s + "/moved")
    os.chmod(s + "/moved", 0o604)
    check_facts(u, "moved")


def attributes_of_the_unlinked(u):
    for name in "unlinked", "made":
        path = u.path("s", name)
        with open(path, "a+b") as f:
            f.write(b"x")
            f.flush()
            os.unlink(path)
            os.fchmod(f.fileno(), 0o4640)
            os.fchown(f.fileno(), 7, 8)
            assert stat.S_IMODE(os.fstat(f.fileno()).st_mode) == 0o640
            os.utime(f.fileno(), ns=(1, 2))
            os.ftruncate(f.fileno(), 5000)
            st = os.fstat(f.fileno())
            assert (st.st_nlink, st.st_uid, st.st_gid, st.st_size, st.st_atime_ns) == (0, 7, 8, 5000, 1), st
            assert xattr_of(f.fileno(), "security.capability") == errno.ENODATA


def truncate_to_the_same(u):
    """Whether that changes the times is the kernel's to say, of an open file and of another."""
    for truncate in lambda path, f: os.ftruncate(f.fileno(), 4), lambda path, f: os.truncate(path, 4):
        changed = []
        for top in "r", "s":
            path = u.path(top, "made")
            put(path, b"1234")
            os.utime(path, ns=(1, 1))
            with open(path, "r+b") as f:
                truncate(path, f)
            changed.append(os.stat(path).st_mtime_ns != 1)
        assert changed[0] == changed[1], changed


def guest_is_not_asked(u):
    """A guest that stands still is not missed."""
    path = u.path("s", "made")
    put(path, b"made")
    os.setxattr(path, "user.a", b"a")
    with open(path, "r+b") as f:
        stop(u.driver)
        try:
            os.fchmod(f.fileno(), 0o600)
            os.fchown(f.fileno(), 1, 2)
            os.ftruncate(f.fileno(), 9)
            os.utime(f.fileno(), ns=(3, 4))
            st = os.fstat(f.fileno())
            assert os.getxattr(f.fileno(), "user.a") == b"a"
            fails(errno.ENODATA, os.getxattr, f.fileno(), "security.capability")
            open(path, "wb").close()
            assert os.fstat(f.fileno()).st_size == 0
        finally:
            u.driver.send_signal(signal.SIGCONT)
        assert (st.st_mode & 0o777, st.st_uid, st.st_gid, st.st_size, st.st_mtime_ns) == (0o600, 1, 2, 9, 4), st


def fill_two_names(a):
    put(a + "/below", b"of a lower")
    os.link(a + "/below", a + "/below too")


def guest_is_not_asked_without_an_upper(u):
    """Where all layers are lowers their bytes lie on this host too."""
    u.unmount()
    u.stop_driver()
    call("umount2", u.path("m"), 0)
    put(u.path("b", "above"), b"of the topmost lower")
    call("mount", "overlay", u.path("m"), "overlay", 1, f"lowerdir={u.path('b')}:{u.path('a')}")
    u.start(upper=False)
    for name, want in (("above", b"of the topmost lower"), ("below", b"of a lower"), ("below too", b"of a lower")):
        with open(u.path("s", name), "rb", buffering=0) as f:
            stop(u.driver)
            try:
                assert f.read() == want, name
            finally:
                u.driver.send_signal(signal.SIGCONT)
        fails(errno.EROFS, open, u.path("s", name), "r+b")


def by_user(function):
    """As one whom the file may let write, but not keep set-id bits; whether it does."""
    allowed = mmap.mmap(-1, 1)

    def run():
        with contextlib.suppress(PermissionError):
            function()
            allowed[0] = 1
    as_user(1000, 1000, [], run)
    return "as user" if allowed[0] else "the user may not"


def write_into(path):
    with open(path, "r+b") as f:
        f.write(b"!")


def change_attributes(rng, path, other):
    """One random change that ends alike in any union; its name."""
    changes = {
        "chmod": lambda n: os.chmod(path, n.choice([0o644, 0o4777, 0o6777, 0o2767, 0o2666, 0o666, 0o606])),
        "chown": lambda n: os.chown(path, n.choice([0, 1000]), n.choice([-1, 0, 1000, 2000])),
        "utime": lambda n: os.utime(path, ns=(n.randrange(10**18), n.randrange(10**18))),
        "truncate": lambda n: os.truncate(path, n.randrange(9000)),
        "write": lambda n: write_into(path),
        "empty": lambda n: open(path, "wb").close(),
        "user writes": lambda n: by_user(lambda: write_into(path)),
        "user truncates": lambda n: by_user(lambda: os.truncate(path, 5)),
        "user empties": lambda n: by_user(lambda: open(path, "wb").close()),
        "capability": lambda n: os.setxattr(path, "security.capability", CAPABILITY),
        "acl": lambda n: os.setxattr(path, "system.posix_acl_access", ACL_FOR_1001),
        "no acl": lambda n: os.removexattr(path, "system.posix_acl_access"),
        "xattr": lambda n: os.setxattr(path, "user.a", n.randbytes(n.randrange(100))),
        "link": lambda n: os.link(path, other),
        "unlink": lambda n: os.unlink(other),
        "read": lambda n: get(path),
    }
    name = rng.choice(sorted(changes))
    try:
        got = changes[name](rng)
    except OSError as e:
        got = errno.errorcode[e.errno]
    return f"{name}: {got}"


def attributes_at_random(u):
    """As the kernel's own union changes them, set-id bits, capabilities and ACLs among them."""
    os.chmod(u.top, 0o755)
    for name in "s", "r":
        os.chmod(u.path(name), 0o777)
        put(u.path(name, "made"), b"made")
    first = int(os.environ.get("MICA_RELAY_FIRST_SEED", 1))
    for seed in range(first, first + 6):
        done = []
        for step in range(50):
            name = random.Random(f"{seed} {step}").choice(["made", "low"])
            did = [change_attributes(random.Random(f"{seed} {step}"), u.path(top, name), u.path(top, name + "2"))
                   for top in ("r", "s")]
            done.append(f"{name}: {did[1]}")
            assert did[0] == did[1], f"seed {seed}: {done}: but the kernel: {did[0]}"
            if step % 10 == 9:
                drop_names()
            theirs, ours = facts(u.path("r", name)), facts(u.path("s", name))
            assert theirs == ours, f"seed {seed}: {done}: {ours}, but the kernel: {theirs}"
            if os.path.exists(u.path("b", name)):
                assert ours == facts(u.path("b", name)), f"seed {seed}: {done}"


def attributes_after_the_relay(u):
    """Another relay asks the guest, whose overlayfs was not told what the one before changed."""
    path = u.path("s", "made")
    os.chmod(u.top, 0o755)
    put(path, b"made")
    os.setxattr(path, "system.posix_acl_access", ACL_FOR_1001)
    assert os.getxattr(u.path("m", "made"), "system.posix_acl_access") == ACL_FOR_1001
    for truncate in (lambda: open(path, "wb").close()), (lambda: os.truncate(path, 0)):
        os.chmod(path, 0o644)
        write_into(path)
        os.chmod(path, 0o6777)
        os.chown(path, 5, 6)
        os.chmod(path, 0o6777)
        u.unmount()
        u.stop_driver()
        u.start()
        st = os.stat(path)
        assert (stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid) == (0o6777, 5, 6), st
        assert os.getxattr(path, "system.posix_acl_access") == acl(
            (1, 7, 0xFFFFFFFF), (2, 6, 1001), (4, 4, 0xFFFFFFFF), (16, 7, 0xFFFFFFFF), (32, 7, 0xFFFFFFFF))
        by_user(truncate)
        assert stat.S_IMODE(os.stat(u.path("b", "made")).st_mode) == 0o777


def attributes_of_the_forgotten(u):
    """The relay holds so many files; of those it let go the guest is asked, which was not told what changed."""
    s = u.path("s")
    os.chmod(u.top, 0o755)
    for name in "emptied", "truncated":
        put(f"{s}/{name}", b"made")
        os.chmod(f"{s}/{name}", 0o6777)
        os.chown(f"{s}/{name}", 5, 6)
        os.chmod(f"{s}/{name}", 0o6777)
    for n in range(8300):
        os.close(os.open(f"{s}/dir/{n}", os.O_WRONLY | os.O_CREAT))
    by_user(lambda: open(s + "/emptied", "wb").close())
    by_user(lambda: os.truncate(s + "/truncated", 0))
    for name in "emptied", "truncated":
        check_facts(u, name)
        st = os.stat(f"{s}/{name}")
        assert (stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, st.st_size) == (0o777, 5, 6, 0), st


# Directories made through the relay: it knows what they lack, and what they are like.


@contextlib.contextmanager
def guest_stands_still(u):
    """Who asks it gets EIO, too late. Where the relay does not know where anything lies, it has to be asked."""
    stands = u.driver and u.way != "guest"
    if stands:
        stop(u.driver)
    try:
        yield
    finally:
        if stands:
            u.driver.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def held(path):
    """The kernel does not forget it, whatever it drops."""
    fd = os.open(path, os.O_PATH)
    try:
        yield fd
    finally:
        os.close(fd)


def node_of(fd):
    """The number that the guest gave what is open."""
    handle, mount = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0), 136), ctypes.c_int()
    call("name_to_handle_at", fd, "", handle, ctypes.byref(mount), 0x1000)  # AT_EMPTY_PATH
    high, low = struct.unpack_from("=II", handle, 8)
    return high << 32 | low


KEPT = []


def make_kept(path):
    """
    A directory made through the relay, and open until the case ends. Between the two the kernel may forget it, when
    somebody on this host has it drop what it can; then the relay forgets it, too, and rightly asks the guest. The guest
    counts: what it is asked for again has another number than the next.
    """
    while True:
        before = path + " before"
        os.mkdir(before)
        with held(before) as last:
            os.rmdir(before)
            os.mkdir(path)
            fd = os.open(path, os.O_PATH)
            if node_of(fd) == node_of(last) + 1:
                KEPT.append(fd)
                return fd
            os.close(fd)
            os.rmdir(path)


@contextlib.contextmanager
def keeping():
    try:
        yield
    finally:
        while KEPT:
            os.close(KEPT.pop())


def stat_anew(fd):
    """Mode, links and owner that the kernel has just asked for."""
    room = ctypes.create_string_buffer(256)
    call("statx", fd, "", 0x1000 | 0x2000, 0x7ff, room)  # AT_EMPTY_PATH, AT_STATX_FORCE_SYNC, STATX_BASIC_STATS
    links, uid, gid, mode = struct.unpack_from("<IIIH", room, 16)
    return mode, links, uid, gid


def check_lacks(folder, *missing):
    for name in missing:
        fails(errno.ENOENT, os.stat, name, dir_fd=folder, follow_symlinks=False)


def check_names(u, name, *missing):
    """Each name is found that is in the upper; and those that were never there, while the guest stands still."""
    with held(u.path("s", name)) as folder:
        drop_names()
        names = os.listdir(u.path("b", name))
        for there in names:
            os.stat(there, dir_fd=folder, follow_symlinks=False)
        drop_names()
        with guest_stands_still(u):
            check_lacks(folder, *missing)
        assert sorted(names) == sorted(os.listdir(u.path("s", name)))


def exchange_into(s, name, other):
    put(f"{s}/{name}/x", b"x")
    put(f"{s}/{other}/y", b"y")
    renameat2(f"{s}/{name}/x", f"{s}/{other}/y", EXCHANGE)
    assert get(f"{s}/{name}/x") == b"y" and get(f"{s}/{other}/y") == b"x"


def exchange_folders(s, name, other):
    """Each keeps what is in it."""
    put(f"{s}/{name}/x", b"x")
    put(f"{s}/{other}/y", b"y")
    renameat2(f"{s}/{name}", f"{s}/{other}", EXCHANGE)
    assert get(f"{s}/{other}/x") == b"x" and get(f"{s}/{name}/y") == b"y"


def remove_and_make(s, name, other):
    """The new one has nothing of the old one."""
    put(f"{s}/{name}/x", b"x")
    os.unlink(f"{s}/{name}/x")
    os.rmdir(f"{s}/{name}")
    make_kept(f"{s}/{name}")
    put(f"{s}/{name}/y", b"y")


# What makes and moves names; called with the folder, a directory made in it, and another.
MAKES_NAMES = {
    "open": lambda s, d, e: put(f"{s}/{d}/x"),
    "open anew": lambda s, d, e: os.close(os.open(f"{s}/{d}/x", os.O_CREAT | os.O_EXCL)),
    "mknod": lambda s, d, e: os.mknod(f"{s}/{d}/x"),
    "mkdir": lambda s, d, e: os.mkdir(f"{s}/{d}/x"),
    "symlink": lambda s, d, e: os.symlink("x", f"{s}/{d}/x"),
    "link": lambda s, d, e: os.link(f"{s}/low", f"{s}/{d}/x"),
    "rename": lambda s, d, e: (put(f"{s}/{d}/x"), os.rename(f"{s}/{d}/x", f"{s}/{d}/y")),
    "rename into": lambda s, d, e: (put(f"{s}/{e}/x"), os.rename(f"{s}/{e}/x", f"{s}/{d}/y")),
    "rename away": lambda s, d, e: (put(f"{s}/{d}/x"), os.rename(f"{s}/{d}/x", f"{s}/{e}/y")),
    "rename over": lambda s, d, e: (put(f"{s}/{d}/x"), put(f"{s}/{d}/y"), os.rename(f"{s}/{d}/x", f"{s}/{d}/y")),
    "rename anew": lambda s, d, e: (put(f"{s}/{e}/x"), renameat2(f"{s}/{e}/x", f"{s}/{d}/y", NOREPLACE)),
    "exchange": exchange_into,
    "move a folder": lambda s, d, e: (put(f"{s}/{e}/x"), os.rename(f"{s}/{e}", f"{s}/{d}/y"), make_kept(f"{s}/{e}")),
    "move itself": lambda s, d, e: (put(f"{s}/{d}/x"), os.rename(f"{s}/{d}", f"{s}/{d} moved"), make_kept(f"{s}/{d}")),
    "exchange folders": exchange_folders,
    "unlink": lambda s, d, e: (put(f"{s}/{d}/x"), os.unlink(f"{s}/{d}/x")),
    "remove and make": remove_and_make,
    "fail": lambda s, d, e: fails(errno.EPERM, os.mknod, f"{s}/{d}/x", stat.S_IFCHR, os.makedev(0, 0)),
}


def fill_made(a):
    put(a + "/low", b"low")
    os.mkdir(a + "/was")
    put(a + "/was/low", b"low")


def names_made(u):
    """Whatever makes a name in a directory that was made: it is found, and others are missing without the guest."""
    s = u.path("s")
    for number, (what, make) in enumerate(MAKES_NAMES.items()):
        d, e = f"d{number}", f"e{number}"
        with keeping():
            try:
                folder, _ = make_kept(f"{s}/{d}"), make_kept(f"{s}/{e}")
                drop_names()
                with guest_stands_still(u):
                    check_lacks(folder, "x", "y", "z")
                make(s, d, e)
                for name in d, e:
                    check_names(u, name, "z", "zz", "n" * 100)
            except (AssertionError, OSError) as failure:
                raise AssertionError(f"{what}: {failure}") from failure
    assert set(os.listdir(s)) == {*os.listdir(u.path("a")), *os.listdir(u.path("b"))}


def names_in_the_place_of_a_lower(u):
    """Where a folder of the lower was removed, the new one has none of its names."""
    path = u.path("s", "was")
    os.unlink(path + "/low")
    os.rmdir(path)
    with keeping():
        folder = make_kept(path)
        with guest_stands_still(u):
            check_lacks(folder, "low", "other")
        put(path + "/low", b"new")
        check_names(u, "was", "other")
    assert get(path + "/low") == b"new"


def names_of_the_forgotten(u):
    """What the kernel has forgotten, or of which there were too many, is asked of the guest."""
    s = u.path("s")
    os.mkdir(s + "/d")
    put(s + "/d/x", b"x")
    drop_names()
    with held(s + "/d") as folder:
        check_lacks(folder, "y")
    assert get(s + "/d/x") == b"x" and os.listdir(s + "/d") == ["x"]
    os.mkdir(s + "/many")
    with held(s + "/many") as many:
        for n in range(4200):
            os.mkdir(f"d{n}", dir_fd=many)
            if n % 100 == 0:
                put(f"{s}/many/d{n}/x", b"%d" % n)
        check_lacks(many, "y", "d4200")
        for n in range(0, 4200, 100):
            check_lacks(many, f"d{n}/y")
            assert get(f"{s}/many/d{n}/x") == b"%d" % n
            assert os.stat(f"d{n}", dir_fd=many).st_nlink == os.stat(u.path("b", "many", f"d{n}")).st_nlink
        assert os.fstat(many).st_nlink == os.stat(u.path("b", "many")).st_nlink


def names_too_many(u):
    """Of a directory with more than 131,072 the guest is asked again: also for those that could not be made."""
    d = u.path("s", "d")
    os.mkdir(d)
    with held(d) as folder:
        for n in range(132000):
            if n % 1000 == 0:
                put(f"{d}/x{n}")
            else:
                with contextlib.suppress(PermissionError):
                    os.mknod(f"x{n}", stat.S_IFCHR, os.makedev(0, 0), dir_fd=folder)
        drop_names()
        check_lacks(folder, "y", "x1", "x132000")
        for n in range(0, 132000, 1000):
            os.stat(f"x{n}", dir_fd=folder)
        assert len(os.listdir(d)) == 132


def attributes_of_the_made(u):
    """As they are in the upper, whoever changes them; and while nobody does, the guest is not missed."""
    s = u.path("s")
    os.mkdir(s + "/up")
    for name in "d", "up/d", "was/d":
        path = f"{s}/{name}"
        changes = (
            lambda: put(path + "/x"), lambda: os.unlink(path + "/x"), lambda: os.mkdir(path + "/x"),
            lambda: os.rmdir(path + "/x"), lambda: os.chmod(path, 0o2751), lambda: os.chown(path, 1000, 2000),
            lambda: os.utime(path, ns=(10**17 + 1, 10**17 + 2)), lambda: os.mkdir(path + "/y"),
            lambda: os.setxattr(path, "system.posix_acl_access", ACL_FOR_1001), lambda: os.chmod(path, 0o700),
            lambda: os.rename(path + "/y", path + "/z"), lambda: os.rmdir(path + "/z"))
        with keeping():
            folder = make_kept(path)
            for number, change in enumerate(changes):
                change()
                with guest_stands_still(u):
                    seen, mtime = stat_anew(folder), os.fstat(folder).st_mtime_ns
                st = os.stat(u.path("b", name))
                assert (*seen, mtime) == (st.st_mode, st.st_nlink, st.st_uid, st.st_gid, st.st_mtime_ns), \
                    f"{name}, change {number}: {seen}, {mtime}, in the upper {st}"
        # Who forgets it there forgets where it lies.
        check_facts(u, name)


def attributes_of_the_removed(u):
    s = u.path("s")
    with keeping():
        d, e = make_kept(s + "/d"), make_kept(s + "/e")
        os.chmod(s + "/d", 0o711)
        os.rmdir(s + "/d")
        os.mkdir(s + "/d")
        os.rename(s + "/d", s + "/e")
        with guest_stands_still(u):
            assert stat_anew(d)[:2] == (stat.S_IFDIR | 0o711, 0)
            assert stat_anew(e)[1] == 0
            check_lacks(d, "x")
        assert os.stat(s + "/e").st_nlink == os.stat(u.path("b", "e")).st_nlink


# Listings.


def fill_deep(a):
    for name in "one", "two":
        os.makedirs(f"{a}/{name}/deep/deeper")
        for n in range(3):
            put(f"{a}/{name}/deep/{n}")
            put(f"{a}/{name}/deep/deeper/{n}")


def listed(path):
    """Every path below, with the mode that its listing tells."""
    found = {}
    with os.scandir(path) as entries:
        for entry in entries:
            found[entry.name] = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
            if entry.is_dir():
                found.update({f"{entry.name}/{name}": mode for name, mode in listed(entry.path).items()})
    return found


def listings_of_the_lower(u):
    """Anew after each change: what is in the upper by then shows, wherever in the lower it was."""
    s = u.path("s")
    shown = listed(s)
    for change, path, mode in (
            (lambda path: os.chmod(path, 0o600), "one/deep/deeper/0", 0o600),
            (lambda path: os.chmod(path, 0o700), "two/deep", 0o700),
            (lambda path: put(path), "two/deep/deeper/made", 0o644),
            (lambda path: os.chmod(path, 0o640), "two/deep/deeper/1", 0o640),
            (lambda path: os.mkdir(path), "one/made", 0o755),
            (lambda path: os.unlink(path), "one/deep/1", None),
            (lambda path: os.rename(s + "/two/deep/2", path), "one/deep/moved", 0o644)):
        for _ in range(2):
            drop_names()
            assert listed(s) == shown, path
        change(f"{s}/{path}")
        shown[path] = mode
        if mode is None:
            del shown[path]
        if path.endswith("moved"):
            del shown["two/deep/2"]
    drop_names()
    assert listed(s) == shown


# Many.


def fill_many(a):
    os.mkdir(a + "/many")
    fd = os.open(a + "/many", os.O_RDONLY)
    for n in range(MANY):
        os.close(os.open(f"file{n}", os.O_CREAT, dir_fd=fd))
    os.close(fd)


def resident_kb(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def list_many(u):
    """Whole, each with its attributes."""
    many = u.path("s", "many")
    for _ in range(2):
        with os.scandir(many) as entries:
            seen = {e.name: e.stat(follow_symlinks=False).st_ino for e in entries}
        assert len(seen) == MANY == len(set(seen.values())), len(seen)
    assert os.stat(f"{many}/file777").st_ino == seen["file777"]


def change_many(u):
    many = u.path("s", "many")
    for n in range(0, MANY, MANY // 100):
        put(f"{many}/file{n}", b"x")
        os.unlink(f"{many}/file{n + 1}")
    names = os.listdir(many)
    assert len(names) == MANY - 100 and "file1" not in names
    assert len(os.listdir(u.path("b", "many"))) == 200


def a_hundred_thousand_files(u):
    list_many(u)
    change_many(u)


def bounded(u):
    """However many files: descriptors and memory of the guest's end are not."""
    list_many(u)
    fds = len(os.listdir(f"/proc/{u.driver.pid}/fd"))
    assert fds < 100, f"the export has {fds} descriptors open"
    resident = resident_kb(u.driver.pid)
    assert resident < 65536, f"the export holds {resident} KiB"
    change_many(u)


def in_parallel(u):
    """Eight threads, each in a folder of its own and all in one: nobody sees another's work half done."""
    s = u.path("s")
    failures = []

    def work(n):
        try:
            os.mkdir(f"{s}/d{n}")
            for i in range(60):
                for path in f"{s}/d{n}/f{i}", f"{s}/shared{n}.{i}":
                    put(path, b"%d %d" % (n, i))
                    os.rename(path, path + "x")
                    assert get(path + "x") == b"%d %d" % (n, i)
                    os.chmod(path + "x", 0o600)
                os.unlink(f"{s}/shared{n}.{i}x")
                os.listdir(f"{s}/d{(n + 1) % 8}" if os.path.isdir(f"{s}/d{(n + 1) % 8}") else s)
        except BaseException as e:
            failures.append(e)
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures
    assert sorted(os.listdir(s)) == sorted(os.listdir(u.path("b")))
    assert len(os.listdir(s + "/d3")) == 60


# Programs.


def run(*argv, cwd=None):
    done = subprocess.run(argv, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": "/nonexistent"})
    assert done.returncode == 0, f"{argv}: {done.stdout.decode(errors='replace')}"
    return done.stdout.decode()


def git_clone(u):
    s = u.path("s")
    run("git", "init", "-q", s + "/repo")
    for n in range(100):
        put(f"{s}/repo/f{n}", b"line\n" * n)
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    run("git", "add", ".", cwd=s + "/repo")
    run("git", *who, "commit", "-qm", "all", cwd=s + "/repo")
    run("git", "clone", "-q", s + "/repo", s + "/clone")
    run("git", "fsck", "--full", "--strict", cwd=s + "/clone")
    run("git", "gc", "-q", cwd=s + "/clone")
    assert run("git", "status", "--porcelain", cwd=s + "/clone") == ""


def sqlite_writers(u):
    path = u.path("s", "db")
    for journal in "delete", "wal":
        with sqlite3.connect(path) as db:
            db.execute(f"pragma journal_mode={journal}")
            db.execute("create table if not exists t (n integer)")
        db.close()

        def write(k):
            db = sqlite3.connect(path, timeout=60)
            for n in range(30):
                with db:
                    db.execute("insert into t values (?)", (n * 10 + k,))
            db.close()
        joined(*(child(lambda k=k: write(k)) for k in range(3)))
    db = sqlite3.connect(path)
    assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
    assert db.execute("select count(*) from t").fetchone() == (180,)
    db.close()


def rsync_round_trip(u):
    """Into the union and back out of it: every fact of every file comes home."""
    if not shutil.which("rsync"):
        raise AssertionError("rsync is not installed")
    u.make("home")
    os.mkdir(u.path("s", "there"))
    run("rsync", "-aHAX", "--numeric-ids", u.path("a", "low") + "/", u.path("s", "there") + "/")
    run("rsync", "-aHAX", "--numeric-ids", u.path("s", "there") + "/", u.path("home") + "/")
    want = treefacts.scan(u.path("a", "low"))
    for got in ("s", "there"), ("home",):
        lines = treefacts.compare(want, treefacts.scan(u.path(*got)))
        assert not lines, f"{got}: " + "\n".join(lines)
    assert run("rsync", "-aHAXnic", "--numeric-ids", u.path("s", "low") + "/", u.path("s", "there") + "/") == ""


def tar_unpacks(u):
    """Sources, as many as UNPACKED says: what is unpacked is what was packed."""
    rng = random.Random(9)
    files, folders = UNPACKED
    u.make("sources")
    for n in range(folders):
        os.makedirs(u.path("sources", f"d{n % 40}", f"d{n}"))
    for n in range(files):
        folder = u.path("sources", f"d{n % folders % 40}", f"d{n % folders}")
        put(f"{folder}/f{n}.c", rng.randbytes(rng.randrange(512)) * rng.randrange(16), rng.choice([0o644, 0o755]))
    run("tar", "--format=posix", "-cf", u.path("sources.tar"), "-C", u.top, "sources")
    start = time.monotonic()
    run("tar", "-xf", u.path("sources.tar"), "-C", u.path("s"))
    print(f"# tar unpacks {files} files in {folders} directories in {time.monotonic() - start:.1f} s", flush=True)
    lines = treefacts.compare(treefacts.scan(u.path("sources")), treefacts.scan(u.path("s", "sources")))
    assert not lines, "\n".join(lines)


# What goes wrong.


def eio_soon(function, *args):
    start = time.monotonic()
    fails(errno.EIO, function, *args)
    took = time.monotonic() - start
    assert took < 60, f"EIO after {took:.1f} s"


def guest_killed(u):
    """Calls waiting, and calls that come, get EIO; the folder can be unmounted and mounted anew."""
    s = u.path("s")
    put(s + "/f", b"synced")
    with open(s + "/f", "r+b") as f:
        f.write(b"SYNCED")
        f.flush()
        os.fsync(f.fileno())
        stop(u.driver)
        waiting = child(lambda: eio_soon(os.mkdir, s + "/never"))
        u.driver.kill()
        u.driver.wait()
        joined(waiting)
    until(lambda: "the guest is gone" in u.logs(), "the relay to notice")
    assert state_of(u).startswith("dead the guest is gone"), state_of(u)
    eio_soon(os.stat, s + "/g")
    eio_soon(os.mkdir, s + "/d")
    eio_soon(os.listdir, s + "/dir")
    assert get(u.path("b", "f")) == b"SYNCED"
    u.unmount()
    assert u.relay.returncode == 0
    u.start()
    assert get(s + "/f") == b"SYNCED" and sorted(os.listdir(s)) == sorted(os.listdir(u.path("m")))


def state_of(u):
    """What the relay says of its guest."""
    with socket.socket(socket.AF_UNIX) as asker:
        asker.connect(u.path("state"))
        asker.settimeout(DEADLINE)
        return asker.makefile().readline().strip()


def serves(u):
    until(lambda: state_of(u) == "serves", "the guest to serve again")


# What makes names in a folder that was made through the relay, for else the kernel asks for each name before.
MADE = ("mkdir", "symlink", "link", "rename")
LATE = {
    "mkdir": lambda d: os.mkdir(d + "/new"),
    "create": lambda d: put(d + "/new"),
    "symlink": lambda d: os.symlink("low", d + "/new"),
    "link": lambda d: os.link(d + "/low", d + "/new"),
    "unlink": lambda d: os.unlink(d + "/low"),
    "rmdir": lambda d: os.rmdir(d + "/dir"),
    "rename": lambda d: os.rename(d + "/dir", d + "/new"),
    "chmod": lambda d: os.chmod(d + "/low", 0o600),
    "truncate": lambda d: put(d + "/low", b"l"),
    "setxattr": lambda d: os.setxattr(d + "/low", "user.late", b"yes"),
    "listdir": os.listdir,
}


def make_late(top, names):
    """A folder each: the kernel lets one of them at a time change a folder."""
    for name in names:
        os.mkdir(f"{top}/{name}")
        os.mkdir(f"{top}/{name}/dir")
        put(f"{top}/{name}/low", b"low")


def fill_late(a):
    make_late(a, [name for name in LATE if name not in MADE])


def seen(top):
    """All that the kernel knows of it, by stat and by listing."""
    found = {}
    for name in LATE:
        names = sorted(os.listdir(f"{top}/{name}"))
        found[name] = names, [facts(f"{top}/{name}/{one}") for one in ("low", "dir", "new")
                              if os.path.lexists(f"{top}/{name}/{one}")]
    return found


def late_is_done(s):
    return (all(os.path.lexists(f"{s}/{name}/new") for name in ("mkdir", "create", "symlink", "link", "rename"))
            and not os.path.lexists(s + "/unlink/low") and not os.path.lexists(s + "/rmdir/dir")
            and os.stat(s + "/chmod/low").st_mode & 0o777 == 0o600
            and os.stat(s + "/truncate/low").st_size == 0 and os.listxattr(s + "/setxattr/low") != []
            and os.stat(s + "/link/low").st_nlink == 2)


def guest_silent(u):
    """One that says nothing is away, and says so; when it answers all is as it left it, what it did late, too."""
    s, m = u.path("s"), u.path("m")
    make_late(s, MADE)
    assert seen(s).keys() == LATE.keys() and state_of(u) == "serves"
    stop(u.driver)
    try:
        joined(*[child(lambda f=f, n=name: eio_soon(f, f"{s}/{n}")) for name, f in LATE.items()])
        eio_soon(os.stat, s + "/unknown")
        eio_soon(put, s + "/refused")
        assert state_of(u) == "away the guest has been silent for 3 seconds", state_of(u)
    finally:
        u.driver.send_signal(signal.SIGCONT)
    serves(u)
    # It answers again with the first of what waited; the rest may come later.
    until(lambda: late_is_done(s), "what was late to be done, and seen here")
    ours, theirs = seen(s), seen(m)
    for name in LATE:
        assert ours[name][0] == theirs[name][0], f"{name}: {ours[name]} and {theirs[name]}"
        assert len(ours[name][1]) == len(theirs[name][1]), f"{name}: {ours[name]} and {theirs[name]}"
    # Who waited was told EIO, and it was done all the same; who came later was told so, and it never is.
    done = [name for name in LATE if os.path.lexists(f"{m}/{name}/new")]
    assert done == ["mkdir", "create", "symlink", "link", "rename"], done
    assert not os.path.exists(m + "/refused") and not os.path.exists(m + "/unlink/low")
    assert get(m + "/truncate/low") == get(s + "/truncate/low") == b""
    assert os.getxattr(s + "/setxattr/low", "user.late") == b"yes"
    put(s + "/after", b"after")
    assert get(m + "/after") == b"after"
    u.unmount()


def guest_full(u):
    """It stands still while more is sent to it than it has room for: frames that were begun are ended, others never sent."""
    s = u.path("s")
    data = os.urandom(1 << 20)
    with open(s + "/big", "r+b") as f:
        stop(u.driver)
        try:
            joined(*[child(lambda i=i: eio_soon(os.pwrite, f.fileno(), data, i << 20)) for i in range(8)])
        finally:
            u.driver.send_signal(signal.SIGCONT)
        serves(u)
        assert os.pwrite(f.fileno(), data, 0) == len(data)
    assert get(s + "/big")[:1 << 20] == data
    assert sorted(os.listdir(s)) == sorted(os.listdir(u.path("m")))
    u.unmount()


def fill_big(a):
    fill_names(a)
    put(a + "/big", b"big")


def relay_stands_still(u):
    """
    Time in which it was stopped is none in which the guest was silent: nobody gets an error. How long that is tells
    another relay, which finds its own guest silent meanwhile, and has more patience.
    """
    os.mkdir(u.path("other"))
    other = Union(u.out, u.path("other"), u.way, lambda a: None, False, ("--silence", "5"))
    try:
        os.mkdir(u.path("s", "heard"))
        stop(u.relay)
        os.mkdir(other.path("s", "heard"))
        stop(other.driver)
        waiting = child(lambda: os.mkdir(u.path("s", "late")))
        until(lambda: state_of(other).startswith("away "), "the other relay to miss its guest")
    finally:
        u.relay.send_signal(signal.SIGCONT)
        other.driver.send_signal(signal.SIGCONT)
        other.close()
    joined(waiting)
    assert os.path.isdir(u.path("m", "late")) and state_of(u) == "serves"


def status(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def few_privileges(u):
    """An empty root, five capabilities, no new ones, a filter; and S takes neither set-id programs nor devices."""
    of = status(u.relay.pid)
    assert of["NoNewPrivs"] == "1" and int(of["CapEff"], 16) == 1 << 21 | 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4, of
    assert int(of["CapBnd"], 16) == 0
    assert of["Seccomp"] == ("0" if os.environ.get("MICA_SANITIZE") else "2"), of
    assert os.listdir(f"/proc/{u.relay.pid}/root/") == []
    with open("/proc/self/mountinfo", errors="surrogateescape") as f:
        line = next(l for l in f if f" {u.path('s')} " in l)
    assert "nosuid" in line and "nodev" in line and " fuse.mica mica:t " in line, line


def folders_by_descriptor(u):
    """A descriptor is the folder it was opened as: somebody who puts another in its place is not followed."""
    u.unmount()
    u.stop_driver()
    held = {name: os.open(u.path(name), os.O_PATH | os.O_DIRECTORY) for name in "abs"}
    real, victim = u.top + ".real", u.top + ".victim"
    for name in "abs":
        os.makedirs(os.path.join(victim, name))
    os.rename(u.top, real)
    os.symlink(victim, u.top)
    try:
        u.start_driver(top=real)
        u.start_relay(folder=lambda name: f"/proc/{os.getpid()}/fd/{held[name]}/.", top=real)
        with open(os.path.join(real, "s", "file"), "w") as f:
            f.write("text")
        os.unlink(os.path.join(real, "s", "low"))
        assert {name: os.listdir(os.path.join(victim, name)) for name in "abs"} == {"a": [], "b": [], "s": []}
    finally:
        os.unlink(u.top)
        os.rename(real, u.top)
        shutil.rmtree(victim)
        for fd in held.values():
            os.close(fd)
    with open(u.path("b", "file")) as f:
        assert f.read() == "text"
    assert stat.S_ISCHR(os.lstat(u.path("b", "low")).st_mode)


def symlinks_for_folders(u):
    """By its path a folder is not followed: it would be another by now."""
    u.unmount()
    u.stop_driver()
    u.make("victim")
    os.symlink("victim", u.path("link"))
    for name in "abs":
        u.start_driver()
        with contextlib.suppress(AssertionError):
            u.start_relay(folder=lambda each, name=name: u.path("link" if each == name else each))
        assert u.relay.wait(DEADLINE) == 1, name
        assert os.listdir(u.path("victim")) == [] and not os.path.ismount(u.path("victim")), name
        u.stop_driver()


def another_listens(u):
    """What is at the socket's path is another's: it is told nothing. (The driver ends when who greeted it hangs up.)"""
    u.unmount()
    u.stop_driver()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(u.path("sock"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(u.path("sock"))
        listening.listen()
        said = ""
        try:
            u.start_relay(options=("--peer", "1"))
        except AssertionError as failure:
            said = str(failure)
        assert f"process {os.getpid()} listens there, not 1" in said, said
        assert u.relay.wait(DEADLINE) == 1 and not os.path.ismount(u.path("s"))
        with listening.accept()[0] as heard:
            assert heard.recv(1) == b""
    os.unlink(u.path("sock"))
    u.start_driver()
    u.start_relay(options=("--peer", str(u.driver.pid)))


NAMES = dict(fill=fill_names)
CASES = [
    Case(random_edits, fill=fill_random, twin=True),
    Case(rename_over_open_file, **NAMES),
    Case(unlink_while_open, **NAMES),
    Case(hard_links, **NAMES),
    Case(links_outlive_names, **NAMES),
    Case(lower_links_part, **NAMES),
    Case(rename_flags, **NAMES),
    Case(long_names),
    Case(exclusive_create),
    Case(specials),
    Case(append_two_writers),
    Case(mapped, **NAMES),
    Case(reader_during_copy_up, **NAMES),
    Case(attributes_follow_writes),
    Case(sparse),
    Case(locks),
    Case(large_files, fill=fill_large),
    Case(owners, fill=fill_shared),
    Case(privileges_are_copied_up, fill=fill_privileged),
    Case(xattrs_and_acls, fill=fill_shared),
    Case(times_and_sizes, fill=fill_shared),
    Case(attributes_of_the_upper, fill=fill_attributes),
    Case(attributes_of_the_unlinked, fill=fill_attributes),
    Case(truncate_to_the_same, twin=True),
    Case(guest_is_not_asked, ways=("passed", "relayed"), one_way=True),
    Case(guest_is_not_asked_without_an_upper, fill=fill_two_names, ways=("passed", "relayed"), one_way=True),
    Case(attributes_at_random, fill=fill_attributes, twin=True),
    Case(attributes_after_the_relay, fill=fill_attributes, clean=False, one_way=True),
    # Thousands of files: minutes in a VM, and about what the relay holds.
    Case(attributes_of_the_forgotten, fill=fill_attributes, ways=("passed", "relayed"), one_way=True),
    Case(names_made, fill=fill_made),
    Case(names_in_the_place_of_a_lower, fill=fill_made),
    Case(names_of_the_forgotten, ways=("relayed", "guest"), one_way=True),
    Case(names_too_many, ways=() if os.environ.get("MICA_SANITIZE") else ("relayed",), one_way=True),
    Case(attributes_of_the_made, fill=fill_made),
    Case(attributes_of_the_removed),
    Case(listings_of_the_lower, fill=fill_deep),
    Case(a_hundred_thousand_files, fill=fill_many, ways=()),
    # Many times as slow under a sanitizer, and no other code.
    Case(bounded, fill=fill_many, ways=() if os.environ.get("MICA_SANITIZE") else ("passed", "guest"), one_way=True),
    Case(in_parallel),
    Case(git_clone),
    Case(sqlite_writers),
    Case(rsync_round_trip, fill=fill_random),
    Case(tar_unpacks),
    Case(guest_killed, fill=fill_names, ways=("passed", "guest"), one_way=True),
    Case(guest_silent, fill=fill_late, clean=False, ways=("passed", "guest"), relay_options=("--silence", "3"),
         one_way=True),
    Case(guest_full, fill=fill_big, clean=False, ways=("guest",), relay_options=("--silence", "3"), one_way=True),
    Case(relay_stands_still, ways=("passed",), relay_options=("--silence", "3"), one_way=True),
    Case(few_privileges, ways=("passed",), one_way=True),
    Case(folders_by_descriptor, fill=fill_names, ways=("passed",), one_way=True),
    Case(symlinks_for_folders, ways=("passed",), clean=False, one_way=True),
    Case(another_listens, ways=("passed",), one_way=True),
    *relayposix.CASES,
    *relayhostile.CASES,
]
