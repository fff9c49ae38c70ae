"""Copies, clears and imitates trees, exactly: what cp -a and rm -rf do, for any depth and any name."""

import fcntl
import os
import stat
import struct

from treefacts import APPEND, GET_FLAGS, IMMUTABLE, SET_FLAGS, at, data_ranges, flags_of, open_dir, open_root, type_of, xattrs_of

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def _xattrs(src_fd, src, dst_fd, dst):
    """Exactly the source's: what a default ACL or a file system added by itself goes."""
    want, have = xattrs_of(src_fd, src), xattrs_of(dst_fd, dst)
    path = at(dst_fd, dst)
    for name in have.keys() - want.keys():
        os.removexattr(path, name, follow_symlinks=False)
    for name, value in want.items():
        if have.get(name) != value:
            os.setxattr(path, name, value, follow_symlinks=False)


def attributes(src_fd, src, dst_fd, dst):
    """Owner, mode, xattrs, times: in the order in which the kernel undoes none of them."""
    st = os.stat(src, dir_fd=src_fd, follow_symlinks=False)
    now = os.stat(dst, dir_fd=dst_fd, follow_symlinks=False)
    if (st.st_uid, st.st_gid) != (now.st_uid, now.st_gid):
        os.chown(dst, st.st_uid, st.st_gid, dir_fd=dst_fd, follow_symlinks=False)
    if not stat.S_ISLNK(st.st_mode):
        os.chmod(dst, stat.S_IMODE(st.st_mode), dir_fd=dst_fd)
    _xattrs(src_fd, src, dst_fd, dst)
    os.utime(dst, ns=(st.st_atime_ns, st.st_mtime_ns), dir_fd=dst_fd, follow_symlinks=False)


def _data(src_fd, src, dst_fd, dst):
    a = os.open(src, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=src_fd)
    try:
        b = os.open(dst, _NEW_FILE, 0o600, dir_fd=dst_fd)
        try:
            size = os.fstat(a).st_size
            for offset, length in data_ranges(a, size):
                while length:
                    block = os.pread(a, min(length, 1 << 20), offset)
                    os.pwrite(b, block, offset)
                    offset += len(block)
                    length -= len(block)
            os.ftruncate(b, size)
        finally:
            os.close(b)
    finally:
        os.close(a)


def _children(src_fd, src, dst_fd, dst, links):
    a = open_dir(src, src_fd)
    try:
        b = open_dir(dst, dst_fd)
        try:
            for name in sorted(os.fsencode(n) for n in os.listdir(a)):
                _copy(a, name, b, name, links)
        finally:
            os.close(b)
    finally:
        os.close(a)


def _copy(src_fd, src, dst_fd, dst, links):
    st = os.stat(src, dir_fd=src_fd, follow_symlinks=False)
    kind = type_of(st.st_mode)
    if kind == "d":
        os.mkdir(dst, 0o700, dir_fd=dst_fd)
        _children(src_fd, src, dst_fd, dst, links)
    elif st.st_nlink > 1 and (first := links.get((st.st_dev, st.st_ino))):
        os.link(first[1], dst, src_dir_fd=first[0], dst_dir_fd=dst_fd, follow_symlinks=False)
        return
    elif kind == "f":
        _data(src_fd, src, dst_fd, dst)
    elif kind == "l":
        os.symlink(os.readlink(src, dir_fd=src_fd), dst, dir_fd=dst_fd)
    else:
        os.mknod(dst, st.st_mode, st.st_rdev, dir_fd=dst_fd)
    attributes(src_fd, src, dst_fd, dst)
    if kind != "d" and st.st_nlink > 1:
        links[st.st_dev, st.st_ino] = (os.dup(dst_fd), dst)


def _flags(src_fd, src, dst_fd, dst):
    """Immutable and append-only, for a whole tree: nothing can be made in it afterwards."""
    kind = type_of(os.stat(src, dir_fd=src_fd, follow_symlinks=False).st_mode)
    if kind not in "fd":
        return
    how = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    a, b = os.open(src, how, dir_fd=src_fd), os.open(dst, how, dir_fd=dst_fd)
    try:
        if kind == "d":
            for name in map(os.fsencode, os.listdir(a)):
                _flags(a, name, b, name)
        if letters := flags_of(a):
            (flags,) = struct.unpack("l", fcntl.ioctl(b, GET_FLAGS, bytes(8)))
            flags |= IMMUTABLE * ("i" in letters) | APPEND * ("a" in letters)
            fcntl.ioctl(b, SET_FLAGS, struct.pack("l", flags))
    finally:
        os.close(a)
        os.close(b)


def copy_entry(src_fd, src, dst_fd, dst):
    """src with everything below it as the new name dst."""
    links = {}
    try:
        _copy(src_fd, src, dst_fd, dst, links)
        _flags(src_fd, src, dst_fd, dst)
    finally:
        for fd, _ in links.values():
            os.close(fd)


def copy(src, dst):
    """The folder src as the new folder dst."""
    a, b = open_root(src), open_root(os.path.dirname(os.path.abspath(dst)))
    try:
        copy_entry(a, b".", b, os.path.basename(os.path.abspath(dst)))
    finally:
        os.close(a)
        os.close(b)


def _link(src_fd, src, dst_fd, dst):
    if not stat.S_ISDIR(os.stat(src, dir_fd=src_fd, follow_symlinks=False).st_mode):
        os.link(src, dst, src_dir_fd=src_fd, dst_dir_fd=dst_fd, follow_symlinks=False)
        return
    os.mkdir(dst, 0o700, dir_fd=dst_fd)
    a, b = open_dir(src, src_fd), open_dir(dst, dst_fd)
    try:
        for name in sorted(os.fsencode(n) for n in os.listdir(a)):
            _link(a, name, b, name)
    finally:
        os.close(a)
        os.close(b)
    attributes(src_fd, src, dst_fd, dst)


def link(src, dst):
    """The folder src as the new folder dst, with directories of its own and the same files: cp -al."""
    a, b = open_root(src), open_root(os.path.dirname(os.path.abspath(dst)))
    try:
        _link(a, b".", b, os.path.basename(os.path.abspath(dst)))
    finally:
        os.close(a)
        os.close(b)


def make_directory_like(model, dst):
    """The empty folder dst (made if absent) with the model's own attributes."""
    if not os.path.isdir(dst):
        os.mkdir(dst)
    a, b = open_root(model), open_root(dst)
    try:
        attributes(a, b".", b, b".")
    finally:
        os.close(a)
        os.close(b)


def _changeable(dir_fd, name):
    """Takes the flags immutable and append-only away."""
    fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        (flags,) = struct.unpack("l", fcntl.ioctl(fd, GET_FLAGS, bytes(8)))
        fcntl.ioctl(fd, SET_FLAGS, struct.pack("l", flags & ~(IMMUTABLE | APPEND)))
    finally:
        os.close(fd)


def remove_entry(dir_fd, name):
    mode = os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_mode
    if not stat.S_ISDIR(mode):
        try:
            os.unlink(name, dir_fd=dir_fd)
        except PermissionError:
            if not stat.S_ISREG(mode):
                raise
            _changeable(dir_fd, name)
            os.unlink(name, dir_fd=dir_fd)
        return
    try:
        os.chmod(name, 0o700, dir_fd=dir_fd)  # a user who is not root may have shut himself out
    except PermissionError:
        _changeable(dir_fd, name)
    fd = open_dir(name, dir_fd)
    try:
        for child in os.listdir(fd):
            remove_entry(fd, os.fsencode(child))
    finally:
        os.close(fd)
    os.rmdir(name, dir_fd=dir_fd)


def remove(path):
    """Path and all below it, if it is there."""
    path = os.path.abspath(path)
    if not os.path.lexists(path):
        return
    fd = open_root(os.path.dirname(path))
    try:
        remove_entry(fd, os.path.basename(path))
    finally:
        os.close(fd)


def set_times(path, since, then):
    """The mtime then (ns) for all in the folder path that was modified after since, but before 2100."""
    fd = open_root(path)
    try:
        _set_times(fd, b".", since, then)
    finally:
        os.close(fd)


def _set_times(dir_fd, name, since, then):
    st = os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    if stat.S_ISDIR(st.st_mode):
        fd = open_dir(name, dir_fd)
        try:
            for child in os.listdir(fd):
                _set_times(fd, os.fsencode(child), since, then)
        finally:
            os.close(fd)
    if since < st.st_mtime_ns < 4102444800 * 10**9:
        os.utime(name, ns=(then, then), dir_fd=dir_fd, follow_symlinks=False)
