"""relayposix.py - who does what to which file: as the kernel's own union has it, in the answer, the tree and the upper.

A doer is root, or an ordinary user in one of two ways: a process that gave root up for good, and one that is root
beneath, as file servers are (smbd, sftp). It stands in the union, below a folder that only root may enter.
"""
import contextlib
import ctypes
import errno
import fcntl
import functools
import mmap
import os
import pickle
import random
import stat
import struct

import treefacts
from relaylab import Case, call

USER, GROUP, NOBODYS = 1000, 2000, 3000
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)
ANY = 0xFFFFFFFF
AT_FDCWD = -100


def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


FOR_USER = acl((1, 7, ANY), (2, 7, USER), (4, 5, ANY), (16, 7, ANY), (32, 0, ANY))
FOR_GROUP = acl((1, 7, ANY), (4, 5, ANY), (8, 7, GROUP), (16, 7, ANY), (32, 5, ANY))
ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"


# Who.


def as_root():
    os.setgroups([])


def by_setuid():
    os.setgroups([GROUP])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)


def by_seteuid():
    os.setgroups([GROUP])
    os.setegid(USER)
    os.seteuid(USER)


DOERS = {"root": as_root, "setuid": by_setuid, "seteuid": by_seteuid}


def answers(folder, doer, steps):
    """What each of the steps (name, function) answers to that doer in that folder: a value, or an error's name."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        status = 1
        with contextlib.suppress(BaseException):
            os.chdir(folder)
            os.umask(0o027)
            DOERS[doer]()
            with os.fdopen(write, "wb") as out:
                pickle.dump([answer(step) for _, step in steps], out)
            status = 0
        os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        data = told.read()
    assert os.waitpid(pid, 0)[1] == 0, f"{doer} came to no end in {folder}"
    return pickle.loads(data)


def answer(step):
    try:
        return step()
    except OSError as e:
        return errno.errorcode[e.errno]
    except ValueError as e:  # of mmap, which asks for the size first
        return str(e)


# What there is: in each directory each file once for each thing done to it.

DIRECTORIES = {
    "mine": (USER, USER, 0o755, None),
    "group": (0, GROUP, 0o770, None),
    "setgid": (0, GROUP, 0o2775, None),
    "sticky": (0, 0, 0o1777, None),
    "theirs": (0, 0, 0o755, None),
    "acl user": (0, 0, 0o700, (ACCESS, FOR_USER)),
    "acl group": (0, 0, 0o700, (ACCESS, FOR_GROUP)),
    "heirs": (USER, USER, 0o755, (DEFAULT, FOR_USER)),
}
PLAIN, FOLDER, LINK, FIFO, SOCKET = stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFSOCK
FILES = {
    "mine": (PLAIN, USER, USER, 0o644),
    "theirs": (PLAIN, 0, 0, 0o644),
    "read only": (PLAIN, USER, USER, 0o444),
    "shared": (PLAIN, 0, GROUP, 0o664),
    "my setid": (PLAIN, USER, USER, 0o6777),
    "my setgid": (PLAIN, USER, GROUP, 0o2775),
    "my setgid elsewhere": (PLAIN, USER, NOBODYS, 0o2775),
    "their setuid": (PLAIN, 0, 0, 0o4777),
    "their setid": (PLAIN, 0, 0, 0o6777),
    "their setgid": (PLAIN, 0, 0, 0o2777),
    "capable": (PLAIN, 0, 0, 0o777),
    "my capable": (PLAIN, USER, USER, 0o755),
    "acl": (PLAIN, USER, USER, 0o640),
    "folder": (FOLDER, USER, USER, 0o755),
    "full": (FOLDER, USER, USER, 0o755),
    "link": (LINK, USER, USER, 0o777),
    "fifo": (FIFO, USER, USER, 0o6755),
    "socket": (SOCKET, USER, USER, 0o755),
}
DATA = bytes(range(251)) * 40


def plant(path, kind):
    """One of FILES at that path."""
    form, uid, gid, mode = FILES[kind]
    if form == FOLDER:
        os.mkdir(path)
        if kind == "full":
            plant(path + "/in", "mine")
    elif form == LINK:
        os.symlink("mine", path)
    else:
        os.mknod(path, form | 0o600)
    if form == PLAIN:
        with open(path, "wb") as f:
            f.write(DATA)
    os.lchown(path, uid, gid)
    if form != LINK:
        os.chmod(path, mode)
    if kind in ("capable", "my capable"):
        os.setxattr(path, "security.capability", CAPABILITY)
    if kind == "acl":
        os.setxattr(path, ACCESS, FOR_USER)


def plant_directory(path, kind):
    uid, gid, mode, attribute = DIRECTORIES[kind]
    os.mkdir(path)
    os.chown(path, uid, gid)
    os.chmod(path, mode)
    if attribute:
        os.setxattr(path, *attribute)


# The relay is not told by whom a change is that sets nothing, only that set-id bits may have to go: for the owner they
# do. It is not told what groups the caller is in either, so none here is set-group-id that its group may not execute.


def keep_owners(path, function):
    """Of somebody else's file with set-id bits the answers differ, and root keeps his."""
    st = os.lstat(path)
    if st.st_mode & 0o6000 and not stat.S_ISDIR(st.st_mode) and (not os.geteuid() or os.geteuid() != st.st_uid):
        return None
    function()
    return said(path)


def keep_acl(path, function):
    """When an ACL is removed it is not told that the bit goes: where the owner is not in the group."""
    st = os.lstat(path)
    if os.geteuid() and st.st_mode & 0o2000 and st.st_gid not in (os.getegid(), *os.getgroups()):
        return None
    function()
    return said(path)


# What is done, to a path; each is told another path, where nothing is, and chance.


@contextlib.contextmanager
def opened(path, flags, mode=0o666):
    fd = os.open(path, flags | os.O_NONBLOCK, mode)
    try:
        yield fd
    finally:
        os.close(fd)


def said(path):
    """What does not differ between two file systems that agree."""
    st = os.lstat(path)
    size = 0 if stat.S_ISDIR(st.st_mode) else st.st_size
    return oct(st.st_mode), st.st_uid, st.st_gid, size, 0 if stat.S_ISDIR(st.st_mode) else st.st_nlink


def then_said(function, path, *args):
    function(path, *args)
    return said(path)


def with_open(flags, function):
    """A thing done to an open file."""
    def run(path, other, chance):
        with opened(path, flags) as fd:
            got = function(fd, other, chance)
            return got if isinstance(got, (int, bytes, tuple)) else said(path)
    return run


def create(path, more=0):
    with opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | more) as fd:
        return os.write(fd, b"new")


def allocate(mode):
    """The other modes the kernel refuses for any such folder, before anybody is asked; and some file systems one."""
    def run(fd, other, chance):
        with opened(other, os.O_RDWR | os.O_CREAT, 0o600) as trial:
            for each in trial, fd:
                call("fallocate", each, mode, ctypes.c_int64(0), ctypes.c_int64(4096))
    return with_open(os.O_RDWR, run)


def write_mapped(fd, other, chance):
    """A relay that writes what was mapped takes a capability away with that; the kernel by itself does not."""
    if "security.capability" in os.listxattr(fd):
        return None
    with mmap.mmap(fd, 3) as view:
        view[:] = b"map"
        view.flush()
    os.fsync(fd)


def copy_into(fd, other, chance):
    with opened(other, os.O_RDWR | os.O_CREAT, 0o600) as source:
        os.write(source, b"copied")
        return os.copy_file_range(source, fd, 6, 0, 0)


def send_into(fd, other, chance):
    with opened(other, os.O_RDWR | os.O_CREAT, 0o600) as source:
        os.write(source, b"sent")
        return os.sendfile(fd, source, 0, 4)


def direct(fd, other, chance):
    """From a page, as it wants it."""
    with mmap.mmap(-1, 4096) as page:
        page[:6] = b"direct"
        return os.pwritev(fd, [page], 0), os.preadv(fd, [page], 4096)


def write_by_two(path, other, chance):
    """Copied up while somebody reads it."""
    with opened(path, os.O_RDONLY) as reader, opened(path, os.O_RDWR) as writer:
        os.write(writer, b"two")
        return os.pread(reader, 3, 0)


def removed_while_open(fd, other, chance):
    st = os.fstat(fd)
    return stat.S_IMODE(st.st_mode), st.st_uid, st.st_nlink


def renamed(flags):
    return lambda p, o, c: call("renameat2", AT_FDCWD, p, AT_FDCWD, o, flags)


MAKES = {
    "create": lambda p, o, c: create(p),
    "open": lambda p, o, c: os.close(os.open(p, os.O_CREAT | os.O_RDWR | os.O_TRUNC | os.O_NONBLOCK, 0o666)),
    "mkdir": lambda p, o, c: os.mkdir(p, c.choice([0o755, 0o2770, 0o1777])),
    "symlink": lambda p, o, c: os.symlink("target", p),
    "mkfifo": lambda p, o, c: os.mkfifo(p),
    "mknod": lambda p, o, c: os.mknod(p, stat.S_IFREG | c.choice([0o644, 0o6755])),
    "socket": lambda p, o, c: os.mknod(p, stat.S_IFSOCK | 0o666),
    "link": lambda p, o, c: (create(o), os.link(o, p)) and None,
    "rename": lambda p, o, c: (create(o), os.rename(o, p)) and None,
    "rename a folder": lambda p, o, c: (os.mkdir(o), os.rename(o, p)) and None,
}


def remove(path):
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        return os.unlink(path)
    for name in os.listdir(path):
        os.unlink(f"{path}/{name}")
    return os.rmdir(path)


def again(make, path, other, chance):
    """Made in the place of what was removed; whoever may not says at which of the two."""
    return answer(lambda: remove(path)), answer(lambda: make(path, other, chance)), answer(lambda: said(path))


NAMES = {
    **{f"again by {name}": functools.partial(again, make) for name, make in MAKES.items()},
    **MAKES,
    "unlink": lambda p, o, c: os.unlink(p),
    "rmdir": lambda p, o, c: os.rmdir(p),
    "move": lambda p, o, c: os.rename(p, o),
    "link to": lambda p, o, c: os.link(p, o, follow_symlinks=False),
    "link twice": lambda p, o, c: (os.link(p, o), remove(p), said(o)),
    "exchange": lambda p, o, c: (create(o), renamed(2)(p, o, c)) and None,
    "move anew": renamed(1),
    "move over": lambda p, o, c: (create(o), renamed(1)(p, o, c)) and None,
    "whiteout": renamed(4),
    # Of the two folders only one can have devices that work, so none stays.
    "device": lambda p, o, c: (os.mknod(o, stat.S_IFCHR, os.makedev(1, 3)), os.unlink(o)) and None,
    "no device": lambda p, o, c: os.mknod(o, stat.S_IFCHR, os.makedev(0, 0)),
    "unlink open": lambda p, o, c: with_open(os.O_RDWR, lambda fd, *_: (remove(p), removed_while_open(fd, o, c)))(
        p, o, c),
}
WRITES = {
    "write": with_open(os.O_WRONLY, lambda fd, o, c: os.write(fd, b"!")),
    "write nothing": with_open(os.O_WRONLY, lambda fd, o, c: os.write(fd, b"")),
    "pwrite": with_open(os.O_RDWR, lambda fd, o, c: os.pwrite(fd, b"!", c.randrange(20000))),
    "append": with_open(os.O_WRONLY | os.O_APPEND, lambda fd, o, c: os.write(fd, b"!")),
    "write and sync": with_open(os.O_WRONLY | os.O_SYNC, lambda fd, o, c: os.write(fd, b"!")),
    "open to write": with_open(os.O_RDWR, lambda fd, o, c: None),
    "empty": with_open(os.O_WRONLY | os.O_TRUNC, lambda fd, o, c: None),
    "empty to read": with_open(os.O_RDONLY | os.O_TRUNC, lambda fd, o, c: None),
    "truncate": lambda p, o, c: then_said(os.truncate, p, c.randrange(20000)),
    "truncate to the same": lambda p, o, c: then_said(os.truncate, p, os.lstat(p).st_size),
    "ftruncate": with_open(os.O_RDWR, lambda fd, o, c: os.ftruncate(fd, c.randrange(20000))),
    "allocate": with_open(os.O_WRONLY, lambda fd, o, c: os.posix_fallocate(fd, 20000, 4096)),
    "allocate and keep": allocate(1),
    "punch": allocate(3),
    "punch and grow": allocate(2),
    "zero": allocate(16),
    "zero and keep": allocate(17),
    "copy into": with_open(os.O_WRONLY, copy_into),
    "copy to the end": with_open(os.O_WRONLY | os.O_APPEND, copy_into),
    "send into": with_open(os.O_WRONLY, send_into),
    "map": with_open(os.O_RDWR, write_mapped),
    "direct": with_open(os.O_RDWR | os.O_DIRECT, direct),
    "by two": write_by_two,
}
ATTRIBUTES = {
    "chown -1 -1": lambda p, o, c: keep_owners(p, lambda: os.lchown(p, -1, -1)),
    "fchown -1 -1": lambda p, o, c: keep_owners(p, lambda: with_open(
        os.O_RDONLY, lambda fd, *_: os.fchown(fd, -1, -1))(p, o, c)),
    **{f"chown {uid} {gid}": lambda p, o, c, uid=uid, gid=gid: then_said(os.lchown, p, uid, gid)
       for uid in (-1, 0, USER) for gid in (-1, 0, USER, GROUP, NOBODYS) if (uid, gid) != (-1, -1)},
    **{f"fchown {uid} {gid}": with_open(os.O_RDONLY, lambda fd, o, c, uid=uid, gid=gid: os.fchown(fd, uid, gid))
       for uid, gid in ((USER, -1), (-1, GROUP))},
    **{f"chmod {mode:o}": lambda p, o, c, mode=mode: then_said(os.chmod, p, mode)
       for mode in (0o600, 0o777, 0o2755, 0o4755, 0o6777, 0o1777)},
    "touch": lambda p, o, c: os.utime(p),
    "utime": lambda p, o, c: os.utime(p, ns=(1, 2)),
    "lutime": lambda p, o, c: os.utime(p, ns=(3, 4), follow_symlinks=False),
    "xattr": lambda p, o, c: os.setxattr(p, "user.x", b"x" * c.randrange(99), follow_symlinks=False),
    "xattr anew": lambda p, o, c: os.setxattr(p, "user.x", b"", os.XATTR_CREATE),
    "xattr in place": lambda p, o, c: os.setxattr(p, "user.y", b"", os.XATTR_REPLACE),
    "no xattr": lambda p, o, c: os.removexattr(p, "user.x"),
    "xattrs": lambda p, o, c: sorted(os.listxattr(p, follow_symlinks=False)),
    "trusted": lambda p, o, c: os.setxattr(p, "trusted.x", b"x", follow_symlinks=False),
    "no kind of xattr": lambda p, o, c: os.setxattr(p, "other.x", b"x"),
    "capability": lambda p, o, c: os.setxattr(p, "security.capability", CAPABILITY),
    "no capability": lambda p, o, c: os.removexattr(p, "security.capability"),
    "read capability": lambda p, o, c: os.getxattr(p, "security.capability"),
    "acl user": lambda p, o, c: then_said(os.setxattr, p, ACCESS, FOR_USER),
    "acl group": lambda p, o, c: then_said(os.setxattr, p, ACCESS, FOR_GROUP),
    "acl of a mode": lambda p, o, c: then_said(os.setxattr, p, ACCESS, acl((1, 7, ANY), (4, 5, ANY), (32, 5, ANY))),
    "acl of none": lambda p, o, c: keep_acl(p, lambda: os.setxattr(p, ACCESS, acl())),
    "bad acl": lambda p, o, c: os.setxattr(p, ACCESS, b"\2\0\0\0x"),
    "acl without end": lambda p, o, c: os.setxattr(p, ACCESS, acl((1, 6, ANY))),
    "no acl": lambda p, o, c: keep_acl(p, lambda: os.removexattr(p, ACCESS)),
    "no acl twice": lambda p, o, c: keep_acl(p, lambda: (os.removexattr(p, ACCESS), os.removexattr(p, ACCESS))),
    "read acl": lambda p, o, c: os.getxattr(p, ACCESS),
    "default acl": lambda p, o, c: os.setxattr(p, DEFAULT, FOR_USER),
    "no default acl": lambda p, o, c: os.removexattr(p, DEFAULT),
    "acl, mode": lambda p, o, c: (os.setxattr(p, ACCESS, FOR_USER), os.chmod(p, 0o640), os.getxattr(p, ACCESS)),
}
LOOKS = {
    "read": with_open(os.O_RDONLY, lambda fd, o, c: os.read(fd, 100)),
    "say": lambda p, o, c: said(p),
    "readlink": lambda p, o, c: os.readlink(p),
    "list": lambda p, o, c: sorted(os.listdir(p)),
    **{f"access {mode}": lambda p, o, c, mode=mode: os.access(p, mode, effective_ids=True) for mode in (0, 1, 2, 4, 6)},
    "open a directory": with_open(os.O_RDONLY | os.O_DIRECTORY, lambda fd, o, c: None),
    "open a directory to write": with_open(os.O_RDWR | os.O_DIRECTORY, lambda fd, o, c: None),
    "make a directory by open": lambda p, o, c: os.open(o, os.O_RDWR | os.O_CREAT | os.O_DIRECTORY),
    "open no link": with_open(os.O_RDONLY | os.O_NOFOLLOW, lambda fd, o, c: None),
    "open a path": with_open(os.O_PATH | os.O_NOFOLLOW, lambda fd, o, c: os.read(fd, 1)),
    "open quietly": with_open(os.O_RDONLY | os.O_NOATIME, lambda fd, o, c: None),
    "open anew": with_open(os.O_RDWR | os.O_CREAT | os.O_EXCL, lambda fd, o, c: None),
    "open with a slash": lambda p, o, c: os.close(os.open(p + "/", os.O_RDONLY | os.O_NONBLOCK)),
    "create with a slash": lambda p, o, c: os.open(o + "/", os.O_RDWR | os.O_CREAT),
    "mkdir with a slash": lambda p, o, c: os.mkdir(o + "/"),
    "unlink with a slash": lambda p, o, c: os.unlink(p + "/"),
    "rename with a slash": lambda p, o, c: os.rename(p, o + "/"),
    "rmdir dot": lambda p, o, c: os.rmdir(p + "/."),
    "rmdir dots": lambda p, o, c: os.rmdir(p + "/.."),
    "rename dot": lambda p, o, c: os.rename(p + "/.", o),
    "rename below itself": lambda p, o, c: os.rename(p, p + "/x"),
    "below": lambda p, o, c: create(p + "/x"),
    "a long name": lambda p, o, c: create(p + "x" * 256),
    "negative": lambda p, o, c: os.truncate(p, -1),
    "sync": with_open(os.O_RDONLY, lambda fd, o, c: os.fsync(fd)),
    "lock": with_open(os.O_RDONLY, lambda fd, o, c: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)),
    # In a directory that is the host's own affair, and it answers otherwise.
    "seek data": with_open(os.O_RDWR, lambda fd, o, c: os.lseek(fd, 0, os.SEEK_DATA)),
    "seek past": with_open(os.O_RDWR, lambda fd, o, c: os.lseek(fd, 1 << 30, os.SEEK_HOLE)),
}
DEEDS = {**NAMES, **WRITES, **ATTRIBUTES, **LOOKS}


# Of the list every so-manieth deed is done.
EVERY = 1


def listed():
    return list(all_listed())[::EVERY]


def all_listed():
    """All that is done by each doer: (directory, file, deed); what is about names in every kind of directory."""
    for kind in FILES:
        for deed in DEEDS:
            yield "mine", kind, deed
    for directory in DIRECTORIES:
        if directory != "mine":
            for kind in "mine", "theirs", "folder":
                for deed in (*NAMES, "chown -1 -1", "write", "acl group"):
                    yield directory, kind, deed


def fill_list(a):
    os.chmod(a, 0o755)
    for doer in DOERS:
        os.mkdir(f"{a}/{doer}")
        for directory in DIRECTORIES:
            plant_directory(f"{a}/{doer}/{directory}", directory)
        for directory, kind, deed in listed():
            plant(f"{a}/{doer}/{directory}/{kind}, {deed}", kind)


def step(directory, kind, deed, chance):
    path = f"{directory}/{kind}, {deed}"
    return (f"{deed}: {kind} in {directory}",
            lambda: DEEDS[deed](path, path + ".other", random.Random(chance)))


def layer(path):
    """Its facts; of what overlayfs notes of other inodes only that it is there, and not what only some kernels note."""
    tree = treefacts.scan(path)
    for entry in tree.values():
        entry.xattrs = {k: b"" if k == b"trusted.overlay.origin" else v
                        for k, v in entry.xattrs.items() if k != b"trusted.overlay.uuid"}
    return tree


def trees_differ(u):
    """The tree, the upper and the lower of both unions."""
    bad = []
    for theirs, ours, scan in ("r", "s", treefacts.scan), ("rb", "b", layer), ("ra", "a", layer):
        bad += [f"{ours}: kernel first, relay second: {line}" for line in
                treefacts.compare(scan(u.path(theirs)), scan(u.path(ours)), drop=["mtime"])]
    return bad


def answers_differ(u, doer, below, steps):
    theirs, ours = (answers(u.path(top, below), doer, steps) for top in ("r", "s"))
    return [f"{doer}: {name}: {o!r}, but the kernel {t!r}" for (name, _), t, o in zip(steps, theirs, ours) if t != o]


def check_none(bad, what):
    assert not bad, f"{what}: {len(bad)} differ: " + "\n".join(bad[:60])


def shut(u):
    """Only root may enter: whoever works in there was put there."""
    os.chmod(u.top, 0o700)


def deeds_of_each_doer(u):
    """Every deed to every kind of file, by root and by a user in both ways."""
    shut(u)
    steps = [step(*one, " ".join(one)) for one in listed()]
    bad = [line for doer in DOERS for line in answers_differ(u, doer, doer, steps)]
    check_none(bad + trees_differ(u), f"of {len(steps)} deeds by each of {len(DOERS)}")


def fill_few(a):
    os.chmod(a, 0o755)
    for directory in DIRECTORIES:
        plant_directory(f"{a}/{directory}", directory)
        for kind in FILES:
            plant(f"{a}/{directory}/{kind}", kind)


def random_step(chance):
    deed = chance.choice(sorted(DEEDS))
    path, other = (f"{chance.choice(sorted(DIRECTORIES))}/{chance.choice(sorted(FILES))}{chance.choice(['', '', '2'])}"
                   for _ in range(2))
    seed = chance.random()
    return f"{deed}: {path}, {other}", lambda: DEEDS[deed](path, other, random.Random(seed))


def deeds_at_random(u):
    """One doer after the other, each thing on top of what was done before."""
    first, rounds = int(os.environ.get("MICA_RELAY_FIRST_SEED", 1)), int(os.environ.get("MICA_RELAY_SEEDS", 2))
    shut(u)
    print(f"# seeds {first} to {first + rounds - 1}", flush=True)
    for seed in range(first, first + rounds):
        chance = random.Random(f"deeds {seed}")
        for turn in range(12):
            doer = chance.choice(sorted(DOERS))
            bad = answers_differ(u, doer, "", [random_step(chance) for _ in range(25)])
            check_none(bad, f"seed {seed}, turn {turn}")
        check_none(trees_differ(u), f"seed {seed}")


# A sanitizer looks at the ends' own code, which one way has nearly all of.
FEW = dict(ways=("relayed",)) if os.environ.get("MICA_SANITIZE") else {}
CASES = [
    Case(deeds_of_each_doer, fill=fill_list, twin=True, **{"ways": ("passed", "relayed"), **FEW}),
    Case(deeds_at_random, fill=fill_few, twin=True, **FEW),
]
