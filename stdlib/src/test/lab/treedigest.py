"""The digest of a tree by the words of core/manifest-encode.h and core/hash.h, sharing nothing with them but those."""

import hashlib
import os
import struct

import treefacts

BLOCK = 1 << 16
VERSION = b"mica manifest 2\n"


def _bytes(value):
    return struct.pack("<I", len(value)) + value


def _content(root, path):
    """The digest of a file's blocks that are not all zeros, each behind its number."""
    sha = hashlib.sha256()
    fd = treefacts.open_root(root)
    try:
        for part in path.split(b"/")[:-1]:
            below = treefacts.open_dir(part, fd)
            os.close(fd)
            fd = below
        file = os.open(path.split(b"/")[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
    finally:
        os.close(fd)
    with open(file, "rb", buffering=0) as source:
        number = 0
        while block := source.read(BLOCK):
            while len(block) < BLOCK and (more := source.read(BLOCK - len(block))):
                block += more
            if block.strip(b"\0"):
                sha.update(struct.pack("<Q", number) + block)
            number += 1
    return sha.digest()


def _inode(root, e):
    xattrs = [(os.fsencode(name), value) for name, value in e.xattrs.items()]
    xattrs = ([(b"flags", e.flags.encode())] if e.flags else []) + sorted(xattrs)
    record = struct.pack("<III", e.mode, e.uid, e.gid)
    record += struct.pack("<qI", e.mtime // 10**9, e.mtime % 10**9)
    record += struct.pack("<I", len(xattrs)) + b"".join(_bytes(name) + _bytes(value) for name, value in xattrs)
    if e.type == "l":
        return record + _bytes(e.target)
    if e.type in "bc":
        return record + struct.pack("<II", os.major(e.rdev), os.minor(e.rdev))
    if e.type == "f":
        return record + struct.pack("<Q", e.size) + _content(root, e.path)
    return record


def digest(root):
    """64 hexadecimal digits."""
    sha = hashlib.sha256(VERSION)
    ordinals = {}
    for ordinal, (path, e) in enumerate(treefacts.scan(root).items()):
        depth = 0 if path == b"." else path.count(b"/") + 1
        sha.update(struct.pack("<I", depth) + _bytes(b"" if path == b"." else path.split(b"/")[-1]))
        first = ordinals.setdefault(e.inode, ordinal) if e.inode else ordinal
        sha.update(b"h" + struct.pack("<Q", first) if first != ordinal else e.type.encode() + _inode(root, e))
    return sha.hexdigest()
