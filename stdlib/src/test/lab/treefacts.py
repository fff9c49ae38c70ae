"""What a tree is: every observable fact of every entry, read once, compared and printed.

Paths are bytes and never decoded. A tree is walked by directory descriptors, so that paths longer
than PATH_MAX work and no symlink inside it is followed. Attributes by path go through
/proc/self/fd/N/name, since xattr calls know no dir_fd.
"""

import errno
import fcntl
import hashlib
import os
import resource
import stat
import struct
import sys

_OPEN_DIR = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
GET_FLAGS, SET_FLAGS = 0x80086601, 0x40086602  # FS_IOC_*
APPEND, IMMUTABLE = 0x20, 0x10
_TYPES = {
    stat.S_IFREG: "f",
    stat.S_IFDIR: "d",
    stat.S_IFLNK: "l",
    stat.S_IFIFO: "p",
    stat.S_IFSOCK: "s",
    stat.S_IFBLK: "b",
    stat.S_IFCHR: "c",
}


def deep():
    """Lets one process hold a descriptor and a frame per level of a deep tree."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.setrecursionlimit(20000)


def escape(path):
    """ASCII text for bytes: what is not printable ASCII, and the backslash, as \\xHH."""
    return "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x5C else "\\x%02x" % b for b in path)


def open_dir(name, dir_fd=None):
    return os.open(name, _OPEN_DIR, dir_fd=dir_fd)


def open_root(path):
    """The folder handed in may itself be reached through symlinks; what is in it may not."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def at(dir_fd, name):
    """A path for calls that take no dir_fd; use with follow_symlinks=False."""
    return b"/proc/self/fd/%d/%s" % (dir_fd, name)


def type_of(mode):
    return _TYPES[stat.S_IFMT(mode)]


def xattrs_of(dir_fd, name):
    path = at(dir_fd, name)
    return {
        os.fsencode(key): os.getxattr(path, key, follow_symlinks=False)
        for key in os.listxattr(path, follow_symlinks=False)
    }


def flags_of(fd):
    """The flags immutable and append-only of an open file or directory, as letters."""
    try:
        (flags,) = struct.unpack("l", fcntl.ioctl(fd, GET_FLAGS, bytes(8)))
    except OSError as e:
        if e.errno in (errno.ENOTTY, errno.EOPNOTSUPP, errno.ENOSYS):
            return ""
        raise
    return "a" * bool(flags & APPEND) + "i" * bool(flags & IMMUTABLE)


def data_ranges(fd, size):
    """The (offset, length) pieces that are not holes."""
    at_byte = 0
    while at_byte < size:
        try:
            start = os.lseek(fd, at_byte, os.SEEK_DATA)
        except OSError as e:
            if e.errno == 6:  # ENXIO: only a hole is left
                return
            raise
        end = os.lseek(fd, start, os.SEEK_HOLE)
        yield start, end - start
        at_byte = end


def _read(dir_fd, name, size):
    """The SHA-256 of a file, whether it has holes, its flags. st_blocks would not tell: xattrs count in it."""
    sha = hashlib.sha256()
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        while block := os.read(fd, 1 << 20):
            sha.update(block)
        holes = size > 0 and os.lseek(fd, 0, os.SEEK_HOLE) < size
        flags = flags_of(fd)
    finally:
        os.close(fd)
    return sha.hexdigest(), holes, flags


class Entry:
    """One name of a tree. inode tells hard links apart inside one tree and means nothing outside."""

    __slots__ = (
        "path", "type", "mode", "uid", "gid", "size", "mtime", "rdev",
        "xattrs", "target", "digest", "inode", "link", "holes", "names", "flags",
    )  # fmt: skip

    def __init__(self, path, dir_fd, name):
        st = os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
        self.path = path
        self.type = type_of(st.st_mode)
        self.mode = stat.S_IMODE(st.st_mode)
        self.uid, self.gid = st.st_uid, st.st_gid
        self.size = st.st_size if self.type in "fl" else 0
        self.mtime = st.st_mtime_ns
        self.rdev = st.st_rdev if self.type in "bc" else 0
        self.xattrs = xattrs_of(dir_fd, name)
        self.target = os.readlink(name, dir_fd=dir_fd) if self.type == "l" else None
        self.digest, self.holes, self.flags = _read(dir_fd, name, self.size) if self.type == "f" else (None, False, "")
        self.inode = (st.st_dev, st.st_ino) if self.type != "d" and st.st_nlink > 1 else None
        self.link = None
        self.names = None

    @property
    def key(self):
        return () if self.path == b"." else tuple(self.path.split(b"/"))


def join(parent, name):
    return name if parent == b"." else parent + b"/" + name


def _scan(entries, path, parent_fd, name):
    entry = entries[path] = Entry(path, parent_fd, name)
    if entry.type != "d":
        return
    fd = open_dir(name, parent_fd)
    try:
        entry.flags = flags_of(fd) if path != b"." else ""
        entry.names = sorted(os.fsencode(n) for n in os.listdir(fd))
        for child in entry.names:
            _scan(entries, join(path, child), fd, child)
    finally:
        os.close(fd)


def scan(root):
    """{path: Entry} of the folder root, in the order of a diff: '/' sorts lowest."""
    entries = {}
    fd = open_root(root)
    try:
        _scan(entries, b".", fd, b".")
    finally:
        os.close(fd)
    _name_links(entries.values())
    return entries


def _name_links(entries):
    """A group of two or more names is known by its first one."""
    groups = {}
    for entry in entries:
        if entry.inode:
            groups.setdefault(entry.inode, []).append(entry)
    for group in groups.values():
        if len(group) > 1:
            for entry in group:
                entry.link = group[0].path


def _time(ns):
    sign, ns = ("-", -ns) if ns < 0 else ("", ns)
    return "%s%d.%09d" % (sign, ns // 10**9, ns % 10**9)


def facts(entry, drop=(), holes=False, dirtimes=True):
    """[(name, text)] of one entry, in a fixed order; drop names the facts left out."""
    e = entry
    found = [("type", e.type), ("mode", "%04o" % e.mode), ("owner", "%d:%d" % (e.uid, e.gid))]
    if e.type in "fl":
        found.append(("size", str(e.size)))
    if e.type != "d" or dirtimes:
        found.append(("mtime", _time(e.mtime)))
    if e.type in "bc":
        found.append(("rdev", "%d:%d" % (os.major(e.rdev), os.minor(e.rdev))))
    if e.target is not None:
        found.append(("target", escape(e.target).replace(" ", "\\x20")))
    if e.digest:
        found.append(("sha256", e.digest))
    if e.flags:
        found.append(("flags", e.flags))
    if e.link:
        found.append(("links", escape(e.link).replace(" ", "\\x20")))
    if holes and e.type == "f":
        found.append(("holes", "yes" if e.holes else "no"))
    for name in sorted(e.xattrs):
        found.append(("xattr", escape(name).replace(" ", "\\x20") + "=" + e.xattrs[name].hex()))
    return [f for f in found if f[0] not in drop]


def manifest(entries, **how):
    """One line per entry: the escaped path, a tab, `name=value` facts parted by one space."""
    return [
        escape(path) + "\t" + " ".join("%s=%s" % f for f in facts(entry, **how))
        for path, entry in entries.items()
    ]


def compare(a, b, limit=20, **how):
    """Lines that say how tree b differs from tree a in any fact; [] when in none."""
    lines = []
    for path in sorted(a.keys() | b.keys(), key=lambda p: (a.get(p) or b.get(p)).key):
        if len(lines) >= limit:
            return lines + ["..."]
        if path not in b:
            lines.append("only in first: " + escape(path))
        elif path not in a:
            lines.append("only in second: " + escape(path))
        else:
            fa, fb = set(facts(a[path], **how)), set(facts(b[path], **how))
            if fa != fb:
                only = lambda s: " ".join("%s=%s" % f for f in sorted(s)) or "-"
                lines.append("%s: first %s; second %s" % (escape(path), only(fa - fb), only(fb - fa)))
    return lines
