"""A random tree with every odd thing that a file system can hold; the same for the same seed."""

import os
import random
import stat
import struct
from contextlib import ExitStack

from treecopy import remove
from treefacts import at, open_dir, open_root

_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOBODY = 0xFFFFFFFF

# Neighbours that a comparison of whole path strings, of folded or of decoded names would confuse.
_ODD_NAMES = [
    b"a", b"a!", b"a.b", b"a-", b"Name", b"name", b"NAME", b"-dash", b"--", b"new\nline", b"back\\slash",
    b".wh.file", b".wh..wh..opq", b".wh.", b"...", b"..x", b" ", b"trail ", b"tab\t", b"*", b"~", b"#1", b"%s",
    b"\xff\xfe", b"latin\xe9", b"caf\xc3\xa9", b"cafe\xcc\x81", b"\x01\x7f", b"x" * 255, b"\xfe" * 255, b"y" * 200,
    b"comma,colon:", b"quote'\"",
]  # fmt: skip
MODES = [0o644, 0o600, 0o755, 0o777, 0o000, 0o4755, 0o2755, 0o6711, 0o1777, 0o7777, 0o444]
OWNERS = [0, 1, 1000, 65534, 2**21 + 1, 3_000_000_000]
_MTIMES = [0, 1, -1, -315619200 * 10**9, 10413792000 * 10**9 + 7, 2**33 * 10**9, 1_700_000_000 * 10**9]
_TARGETS = [b"a", b"../a", b"/etc/passwd", b"..", b".", b"/", b"no where", b"\xff\xfe", b"t" * 1000, b"../../../../tmp"]


MKNOD, SYS_ADMIN, SETFCAP = 27, 21, 31  # capability.h


def root_user():
    return os.geteuid() == 0


def capable(number):
    """Whether root has that capability, too: in a container some are missing."""
    with open("/proc/self/status") as status:
        effective = next(line for line in status if line.startswith("CapEff:"))
    return root_user() and bool(int(effective.split()[1], 16) >> number & 1)


def acl(entries):
    """A POSIX ACL as the kernel takes it, from (tag, permissions, id)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


def random_acl(rng):
    users = sorted(rng.sample([1, 2, 1000, 70000, 2**21 + 5], rng.randint(1, 3)))
    named = [(2, rng.randint(0, 7), u) for u in users]
    return acl(
        [(1, rng.randint(0, 7), _NOBODY), *named, (4, rng.randint(0, 7), _NOBODY)]
        + [(0x10, rng.randint(0, 7), _NOBODY), (0x20, rng.randint(0, 7), _NOBODY)]
    )


def random_capability(rng):
    """security.capability, version 2 or, with a root id of a user namespace, version 3."""
    permitted, effective = rng.getrandbits(32), rng.randint(0, 1)
    body = struct.pack("<IIII", permitted, 0, rng.getrandbits(8), 0)
    if rng.random() < 0.5:
        return struct.pack("<I", 0x02000000 | effective) + body
    return struct.pack("<I", 0x03000000 | effective) + body + struct.pack("<I", rng.choice([1000, 100000]))


def random_bytes(rng, limit):
    return rng.randbytes(rng.randint(0, limit))


def random_xattrs(rng, kind):
    """{name: value} of what one entry of this type may carry, often nothing."""
    found = {}
    if kind in "fd" and rng.random() < 0.2:
        found[b"user." + rng.choice([b"a", b"b", b"\xc3\xa9", b"overlay"])] = random_bytes(rng, 200)
    if kind in "fd" and rng.random() < 0.12:
        found[b"system.posix_acl_access"] = random_acl(rng)
    if kind == "d" and rng.random() < 0.12:
        found[b"system.posix_acl_default"] = random_acl(rng)
    if capable(SYS_ADMIN) and rng.random() < 0.1:
        found[b"trusted." + rng.choice([b"a", b"mica", b"overlays"])] = random_bytes(rng, 60)
    if capable(SETFCAP) and kind == "f" and rng.random() < 0.1:
        found[b"security.capability"] = random_capability(rng)
    return found


def set_xattrs(dir_fd, name, xattrs):
    for key, value in xattrs.items():
        os.setxattr(at(dir_fd, name), key, value, follow_symlinks=False)


def random_mtime(rng):
    whole = 1_600_000_000 + rng.randrange(10**8)
    return rng.choice([whole * 10**9 + rng.randrange(1, 10**9)] * 4 + [whole * 10**9] * 2 + [rng.choice(_MTIMES)])


def write_content(fd, rng):
    """Empty, short, some pages, or with holes before, between and after the data."""
    shape = rng.choice(["empty", "short", "short", "short", "page", "pages", "sparse", "hole"])
    if shape == "short":
        os.write(fd, rng.randbytes(rng.randint(1, 100)))
    elif shape == "page":
        os.write(fd, rng.randbytes(4096))
    elif shape == "pages":
        os.write(fd, rng.randbytes(rng.randint(4097, 40000)))
    elif shape == "sparse":
        os.pwrite(fd, rng.randbytes(5000), rng.choice([0, 65536, 262144]))
        os.ftruncate(fd, 1 << 20)
    elif shape == "hole":
        os.ftruncate(fd, rng.choice([1, 4096, 100_000, 1 << 22]))


class Maker:
    def __init__(self, rng, fds):
        self.rng = rng
        self.fds = fds  # ExitStack: every directory stays open until its attributes are set
        self.dirs = []  # (descriptor of the parent, name): attributes last, deepest first
        self.others = []  # (descriptor, name) of what can be hard-linked

    def name(self, taken):
        rng = self.rng
        while True:
            plain = b"%s%d" % (rng.choice([b"file", b"f", b"dir", b"lib", b"z"]), rng.randrange(40))
            name = rng.choice(_ODD_NAMES) if rng.random() < 0.4 else plain
            if name not in taken:
                taken.add(name)
                return name

    def attributes(self, fd, name, kind):
        rng = self.rng
        if root_user() and rng.random() < 0.4:
            os.chown(name, rng.choice(OWNERS), rng.choice(OWNERS), dir_fd=fd, follow_symlinks=False)
        if kind != "l" and rng.random() < 0.6:
            keep = 0o700 if kind == "d" and not root_user() else 0o400 if not root_user() else 0
            os.chmod(name, rng.choice(MODES) | keep, dir_fd=fd)
        set_xattrs(fd, name, random_xattrs(rng, kind))
        mtime = random_mtime(rng)
        os.utime(name, ns=(978307200 * 10**9, mtime), dir_fd=fd, follow_symlinks=False)

    def leaf(self, fd, taken):
        """One entry that is not a directory, under a new name of the folder fd."""
        rng, name = self.rng, self.name(taken)
        kind = rng.choice("fffffffllh" + "ps" + ("bc" if capable(MKNOD) else ""))
        if kind == "h" and self.others:
            src_fd, src = rng.choice(self.others)
            os.link(src, name, src_dir_fd=src_fd, dst_dir_fd=fd, follow_symlinks=False)
            return
        kind = make_leaf(rng, fd, name, "f" if kind == "h" else kind)
        self.attributes(fd, name, kind)
        self.others.append((fd, name))

    def directory(self, fd, budget, depth):
        """Fills the folder fd with about budget entries; returns how many it made."""
        rng, taken, made = self.rng, set(), 0
        while made < budget:
            made += 1
            if depth < 6 and rng.random() < 0.3:
                name = self.name(taken)
                child = self.make_dir(fd, name)
                made += self.directory(child, rng.randint(0, max(0, (budget - made) // 2)), depth + 1)
            else:
                self.leaf(fd, taken)
        return made

    def make_dir(self, fd, name):
        os.mkdir(name, 0o755, dir_fd=fd)
        self.dirs.append((fd, name))
        return self.keep(open_dir(name, fd))

    def keep(self, fd):
        self.fds.callback(os.close, fd)
        return fd

    def deep(self, fd):
        """A chain of directories whose path is longer than PATH_MAX, with a file at its end."""
        for _ in range(17):
            fd = self.make_dir(fd, self.rng.choice([b"D", b"E"]) * 254)
        self.leaf(fd, set())

    def tree(self, path, size):
        fd = self.keep(open_root(path))
        self.directory(fd, size, 0)
        if self.rng.random() < 0.08:
            self.deep(fd)
        for parent, name in reversed(self.dirs):
            self.attributes(parent, name, "d")
        self.attributes(fd, b".", "d")


def make_leaf(rng, fd, name, kind):
    if kind == "f":
        file = os.open(name, _NEW_FILE, 0o644, dir_fd=fd)
        try:
            write_content(file, rng)
        finally:
            os.close(file)
    elif kind == "l":
        os.symlink(rng.choice(_TARGETS), name, dir_fd=fd)
    else:
        bits = {"p": stat.S_IFIFO, "s": stat.S_IFSOCK, "b": stat.S_IFBLK, "c": stat.S_IFCHR}[kind]
        device = os.makedev(rng.choice([1, 7, 240, 4000]), rng.choice([3, 300, 70000])) if kind in "bc" else 0
        os.mknod(name, bits | 0o640, device, dir_fd=fd)
    return kind


def make(seed, path, size=40):
    """A random tree of about size entries as the new (or empty) folder path. On failure it is gone."""
    if not os.path.isdir(path):
        os.mkdir(path)
    try:
        with ExitStack() as fds:
            Maker(random.Random(seed), fds).tree(path, size)
    except BaseException:
        remove(path)
        raise
