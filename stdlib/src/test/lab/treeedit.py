"""Random edits in a live folder, plain or a mounted union; the same for the same seed and tree.

Each operation is a method op_NAME that finds its victims, acts, and returns what it did as words,
or None when the tree has no victim for it. Only EXDEV is expected of the kernel: for a directory it is
answered as mv does, by copy and delete. Any other failure ends the run, told together with what was tried.
"""

import ctypes
import errno
import functools
import os
import random
import stat

import treemake
from treecopy import copy_entry, remove_entry
from treefacts import at, escape, open_dir, open_root, type_of, xattrs_of

_libc = ctypes.CDLL(None, use_errno=True)
_PUNCH_HOLE_KEEP_SIZE = 3
COPIED = "by-copy"  # the last word of what was done to a directory that could not be renamed


def _punch(fd, offset, length):
    if _libc.fallocate(fd, _PUNCH_HOLE_KEEP_SIZE, ctypes.c_int64(offset), ctypes.c_int64(length)):
        raise OSError(ctypes.get_errno(), "fallocate: " + os.strerror(ctypes.get_errno()))


class Place:
    """One name: its parent folder, open, and what is there. path is a tuple of names."""

    def __init__(self, root, path):
        self.path, self.name, self.fd = path, path[-1] if path else b".", os.dup(root)
        for part in path[:-1]:
            fd = open_dir(part, self.fd)
            os.close(self.fd)
            self.fd = fd

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def __str__(self):
        return escape(b"/".join(self.path) or b".")

    def stat(self):
        return os.stat(self.name, dir_fd=self.fd, follow_symlinks=False)

    def open(self, flags, mode=0o644):
        return os.open(self.name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=self.fd)

    def utime(self, mtime):
        os.utime(self.name, ns=(mtime, mtime), dir_fd=self.fd, follow_symlinks=False)

    def xattrs(self):
        return xattrs_of(self.fd, self.name)

    def set_xattr(self, key, value):
        os.setxattr(at(self.fd, self.name), key, value, follow_symlinks=False)

    def remove_xattr(self, key):
        os.removexattr(at(self.fd, self.name), key, follow_symlinks=False)

    def remove(self):
        remove_entry(self.fd, self.name)

    def _moved(self, call, to):
        """Whether call could be done; a union answers EXDEV for what it cannot redirect."""
        try:
            call(self.name, to.name, src_dir_fd=self.fd, dst_dir_fd=to.fd)
            return True
        except OSError as e:
            if e.errno != errno.EXDEV:
                raise
            return False

    def rename(self, to):
        """Word for how it was done, if it was not by a plain rename."""
        if self._moved(os.rename, to):
            return []
        if stat.S_ISDIR(self.stat().st_mode):
            copy_entry(self.fd, self.name, to.fd, to.name)
            self.remove()
            return [COPIED]
        self.copy_up()
        os.rename(self.name, to.name, src_dir_fd=self.fd, dst_dir_fd=to.fd)
        return []

    def link(self, to):
        plain = functools.partial(os.link, follow_symlinks=False)
        if not self._moved(plain, to):
            self.copy_up()
            plain(self.name, to.name, src_dir_fd=self.fd, dst_dir_fd=to.fd)

    def copy_up(self):
        """Brings a file's data up: a metacopy can only be redirected by a short path."""
        os.close(self.open(os.O_RDWR))


class Editor:
    def __init__(self, rng, root):
        self.rng, self.root = rng, root

    # What there is to choose from.

    def _list(self, fd, path, found):
        with os.scandir(fd) as names:
            listed = sorted((os.fsencode(n.name), n.stat(follow_symlinks=False).st_mode) for n in names)
        for name, mode in listed:
            found.append((path + (name,), mode))
            if stat.S_ISDIR(mode):
                child = open_dir(name, fd)
                try:
                    self._list(child, path + (name,), found)
                finally:
                    os.close(child)

    def paths(self, kinds="fdlpsbc", root=False):
        found = [((), stat.S_IFDIR)] if root else []
        self._list(self.root, (), found)
        return [path for path, mode in found if type_of(mode) in kinds]

    def pick(self, kinds="fdlpsbc", root=False):
        """A Place of one of these types, or None."""
        paths = self.paths(kinds, root)
        return Place(self.root, self.rng.choice(paths)) if paths else None

    def fresh(self, inside=None, outside=()):
        """A Place with a name that does not exist; never below the path `outside`."""
        dirs = [inside] if inside is not None else self.paths("d", root=True)
        dirs = [d for d in dirs if not outside or d[: len(outside)] != outside]
        parent = self.rng.choice(dirs)
        with Place(self.root, parent + (b".",)) as place:
            taken = {os.fsencode(n) for n in os.listdir(place.fd)}
        return Place(self.root, parent + (treemake.Maker(self.rng, None).name(taken),))

    # Content.

    def op_create(self):
        with self.fresh() as p:
            kind = self.rng.choice("ffffllps" + ("bc" if treemake.capable(treemake.MKNOD) else ""))
            treemake.make_leaf(self.rng, p.fd, p.name, kind)
            if self.rng.random() < 0.5:
                treemake.Maker(self.rng, None).attributes(p.fd, p.name, kind)
            return ["create", kind, p]

    def _write(self, p, act, keep_time=False):
        before = p.stat()
        fd = p.open(os.O_RDWR)
        try:
            act(fd, before.st_size)
        finally:
            os.close(fd)
        if keep_time:
            p.utime(before.st_mtime_ns)

    def op_append(self):
        if p := self.pick("f"):
            with p:
                data = self.rng.randbytes(self.rng.randint(1, 50))
                self._write(p, lambda fd, size: os.pwrite(fd, data, size))
                return ["append", len(data), p]

    def op_overwrite_same_size_same_mtime(self):
        if p := self.pick("f"):
            with p:
                where = self.rng.random()
                self._write(p, lambda fd, size: _flip(fd, int(where * size), size), keep_time=True)
                return ["overwrite-same-size-same-mtime", p]

    def op_rewrite_same_bytes(self):
        if p := self.pick("f"):
            with p:
                keep = self.rng.random() < 0.5
                self._write(p, lambda fd, size: os.pwrite(fd, os.pread(fd, 100, 0), 0), keep_time=keep)
                return ["rewrite-same-bytes", "keep-mtime" if keep else "new-mtime", p]

    def op_open_for_write(self):
        if p := self.pick("f"):
            with p:
                self._write(p, lambda fd, size: None)
                return ["open-for-write", p]

    def op_truncate(self):
        if p := self.pick("f"):
            with p:
                part = self.rng.choice([0, 0.5, 1])
                self._write(p, lambda fd, size: os.ftruncate(fd, int(size * part)))
                return ["truncate", part, p]

    def op_grow_sparse(self):
        if p := self.pick("f"):
            with p:
                more = self.rng.choice([1, 100_000, 1 << 22])
                self._write(p, lambda fd, size: os.ftruncate(fd, min(size + more, 1 << 24)))
                return ["grow-sparse", more, p]

    def op_punch(self):
        if p := self.pick("f"):
            with p:
                self._write(p, lambda fd, size: _punch(fd, 0, max(1, size // 2)), keep_time=True)
                return ["punch", p]

    def op_retarget(self):
        """A symlink made new with another target of the same length, and its old time."""
        if p := self.pick("l"):
            with p:
                st, old = p.stat(), os.readlink(p.name, dir_fd=p.fd)
                new = old[:-1] + bytes([old[-1] ^ 1 or 2])
                new = new.replace(b"\0", b"n")
                xattrs = p.xattrs()
                p.remove()
                os.symlink(new, p.name, dir_fd=p.fd)
                os.chown(p.name, st.st_uid, st.st_gid, dir_fd=p.fd, follow_symlinks=False)
                treemake.set_xattrs(p.fd, p.name, xattrs)
                p.utime(st.st_mtime_ns)
                return ["retarget", p]

    # Attributes.

    def op_chmod(self):
        if p := self.pick("fdpsbc", root=True):
            with p:
                mode = self.rng.choice(treemake.MODES)
                if not treemake.root_user():
                    mode |= 0o700
                os.chmod(p.name, mode, dir_fd=p.fd)
                return ["chmod", "%04o" % mode, p]

    def op_chown(self):
        if treemake.root_user() and (p := self.pick(root=True)):
            with p:
                uid, gid = self.rng.choice(treemake.OWNERS), self.rng.choice(treemake.OWNERS)
                os.chown(p.name, uid, gid, dir_fd=p.fd, follow_symlinks=False)
                return ["chown", "%d:%d" % (uid, gid), p]

    def op_touch(self):
        if p := self.pick(root=True):
            with p:
                mtime = treemake.random_mtime(self.rng)
                p.utime(mtime)
                return ["touch", mtime, p]

    def op_xattr(self):
        if p := self.pick("fdlpsbc" if treemake.capable(treemake.SYS_ADMIN) else "fd", root=True):
            with p:
                space = b"user." if stat.S_ISDIR(p.stat().st_mode) or stat.S_ISREG(p.stat().st_mode) else b"trusted."
                mine = [k for k in p.xattrs() if k.startswith(space)]
                if mine and self.rng.random() < 0.5:
                    key = self.rng.choice(sorted(mine))
                    p.remove_xattr(key)
                    return ["remove-xattr", escape(key), p]
                key = space + self.rng.choice([b"a", b"n", b"mica"])
                p.set_xattr(key, treemake.random_bytes(self.rng, 100))
                return ["set-xattr", escape(key), p]

    def op_acl(self):
        if p := self.pick("fd", root=True):
            with p:
                is_dir = stat.S_ISDIR(p.stat().st_mode)
                key = b"system.posix_acl_" + (b"default" if is_dir and self.rng.random() < 0.5 else b"access")
                if key in p.xattrs() and self.rng.random() < 0.5:
                    p.remove_xattr(key)
                    return ["remove-acl", escape(key), p]
                p.set_xattr(key, treemake.random_acl(self.rng))
                if not treemake.root_user():
                    os.chmod(p.name, 0o770 if is_dir else 0o660, dir_fd=p.fd)
                return ["set-acl", escape(key), p]

    def op_capability(self):
        if treemake.capable(treemake.SETFCAP) and (p := self.pick("f")):
            with p:
                key = b"security.capability"
                if key in p.xattrs() and self.rng.random() < 0.5:
                    p.remove_xattr(key)
                    return ["remove-capability", p]
                p.set_xattr(key, treemake.random_capability(self.rng))
                return ["set-capability", p]

    # Names.

    def op_remove(self):
        if p := self.pick():
            with p:
                p.remove()
                return ["remove", p]

    def op_remove_directory(self):
        if p := self.pick("d"):
            with p:
                p.remove()
                return ["remove-directory", p]

    def op_recreate_directory(self):
        """Opaque in a union; some of its old names come back."""
        if p := self.pick("d"):
            with p:
                fd = open_dir(p.name, p.fd)
                old = sorted(os.fsencode(n) for n in os.listdir(fd))
                os.close(fd)
                p.remove()
                os.mkdir(p.name, dir_fd=p.fd)
                fd = open_dir(p.name, p.fd)
                try:
                    for name in self.rng.sample(old, min(len(old), 2)):
                        treemake.make_leaf(self.rng, fd, name, "f")
                finally:
                    os.close(fd)
                return ["recreate-directory", p]

    def op_mkdir(self):
        with self.fresh() as p:
            os.mkdir(p.name, dir_fd=p.fd)
            return ["mkdir", p]

    def op_rename(self):
        if p := self.pick("flpsbc"):
            with p, self.fresh() as to:
                p.rename(to)
                return ["rename", p, to]

    def op_rename_over(self):
        if p := self.pick("flpsbc"):
            with p, self.pick("flpsbc") as to:
                try:
                    p.rename(to)
                except OSError as e:
                    if e.errno != errno.ESTALE:
                        raise
                    return None  # a kernel's overlay says so of two links of one symlink
                return ["rename-over", p, to]

    def op_rename_directory(self):
        if p := self.pick("d"):
            with p, self.fresh(outside=p.path) as to:
                return ["rename-directory", p, to, *p.rename(to)]

    def op_rename_there_and_back(self):
        if p := self.pick():
            with p, self.fresh(outside=p.path) as to:
                mtime = os.stat(p.fd).st_mtime_ns
                how = p.rename(to) + to.rename(p)
                os.utime(b".", ns=(mtime, mtime), dir_fd=p.fd)
                return ["rename-there-and-back", p, to, *how]

    def op_rename_case(self):
        if p := self.pick():
            with p:
                other = p.name.swapcase()
                if other == p.name or os.path.lexists(at(p.fd, other)):
                    return None
                with Place(self.root, p.path[:-1] + (other,)) as to:
                    return ["rename-case", p, to, *p.rename(to)]

    def op_link(self):
        if p := self.pick("flpsbc"):
            with p, self.fresh() as to:
                p.link(to)
                return ["link", p, to]

    def op_unlink_from_group(self):
        """A hard link replaced by a copy of its own."""
        linked = self._linked()
        if linked:
            with Place(self.root, self.rng.choice(linked)) as p, self.fresh(inside=p.path[:-1]) as to:
                copy_entry(p.fd, p.name, to.fd, to.name)
                os.rename(to.name, p.name, src_dir_fd=to.fd, dst_dir_fd=p.fd)
                return ["break-link", p]

    def _linked(self):
        """Files with another name in sight: in a union st_nlink also counts names that are hidden."""
        groups = {}
        for path in self.paths("f"):
            with Place(self.root, path) as p:
                st = p.stat()
            if st.st_nlink > 1:
                groups.setdefault((st.st_dev, st.st_ino), []).append(path)
        return sorted(path for group in groups.values() if len(group) > 1 for path in group)

    def op_directory_to_file(self):
        if p := self.pick("d"):
            with p:
                p.remove()
                kind = self.rng.choice("flp")
                treemake.make_leaf(self.rng, p.fd, p.name, kind)
                return ["directory-to", kind, p]

    def op_file_to_directory(self):
        if p := self.pick("flpsbc"):
            with p:
                p.remove()
                os.mkdir(p.name, dir_fd=p.fd)
                with self.fresh(inside=p.path) as child:
                    treemake.make_leaf(self.rng, child.fd, child.name, "f")
                    return ["to-directory", p, child]

    def op_replace_and_restore(self):
        """Away and back again: a copy of the same, whatever it was."""
        if p := self.pick():
            with p, self.fresh(inside=p.path[:-1]) as to:
                copy_entry(p.fd, p.name, to.fd, to.name)
                p.remove()
                os.rename(to.name, p.name, src_dir_fd=to.fd, dst_dir_fd=p.fd)
                return ["replace-by-copy", p]

    def one(self):
        """One operation that found a victim; its words."""
        while True:
            name = self.rng.choice(OPERATIONS)
            try:
                words = getattr(self, name)()
            except OSError as e:
                raise OSError(e.errno, "%s: %s" % (name, e)) from e
            if words:
                return " ".join(str(w) for w in words)


OPERATIONS = sorted(name for name in vars(Editor) if name.startswith("op_"))


def _flip(fd, where, size):
    if size:
        byte = os.pread(fd, 1, where)
        os.pwrite(fd, bytes([byte[0] ^ 0x55]), where)


def edit(seed, path, count=10):
    """count random edits; the list of what was done."""
    root = open_root(path)
    try:
        editor = Editor(random.Random(seed), root)
        return [editor.one() for _ in range(count)]
    finally:
        os.close(root)
