"""Kernel unions for the lab, the core driver, and the checks that every union must pass.

Everything is mounted in a mount namespace of this process's own, so that no mount outlives it,
however it ends.
"""

import ctypes
import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager

import treecopy
import treediff
import treedigest
from treefacts import compare, escape, manifest, scan

_CLONE_NEWNS = 0x00020000
_MS_REC_PRIVATE = 0x4000 | 0x40000


class Failure(Exception):
    """A check that did not hold: a sentence, then lines of detail."""

    def __init__(self, what, lines=()):
        super().__init__("\n".join([what, *lines]))


class Skip(Exception):
    pass


def private_mounts():
    """Or Skip, where that is not permitted."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(None, b"/", None, _MS_REC_PRIVATE, None):
        raise Skip("no mount namespace: " + os.strerror(ctypes.get_errno()))


def run(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise Failure("%s: status %d" % (os.fsdecode(b" ".join(map(os.fsencode, argv))), done.returncode),
                      [os.fsdecode(done.stderr).strip()])  # fmt: skip
    return done.stdout


@contextmanager
def overlay(at, lowers, upper=None, work=None, options=()):
    """A kernel overlay at the new folder at. lowers: topmost first; one lower alone is bound."""
    os.mkdir(at)
    words = [b"lowerdir=" + b":".join(lowers), *(os.fsencode(o) for o in options)]
    if upper:
        words += [b"upperdir=" + upper, b"workdir=" + work, b"volatile"]
    if not upper and len(lowers) == 1:
        run("mount", "--bind", "-o", "ro", lowers[0], at)
    else:
        run("mount", "-t", "overlay", "-o", b",".join(words), "mica-lab", at)
    try:
        yield at
    finally:
        run("umount", at)
        os.rmdir(at)


@contextmanager
def fuse_overlay(at, lowers, upper, work):
    if not shutil.which("fuse-overlayfs"):
        raise Skip("no fuse-overlayfs")
    os.mkdir(at)
    words = b"lowerdir=%s,upperdir=%s,workdir=%s" % (b":".join(lowers), upper, work)
    run("fuse-overlayfs", "-o", words, at)
    try:
        yield at
    finally:
        run("umount", at)
        os.rmdir(at)


VERBS = ("diff", "capture", "apply", "manifest", "exact")


class Driver:
    """The core's command line: one folder is a plain tree, several are an overlay, topmost first."""

    def __init__(self, program, userxattr=False, verbs=VERBS):
        self.program, self.verbs = program, verbs
        self.flags = ["--userxattr"] if userxattr else []

    def _run(self, *argv):
        return run(self.program, *argv)

    def diff(self, a, b, *flags):
        out = self._run("diff", *self.flags, *flags, *a, "--", *b)
        return out.decode("ascii").splitlines()

    def capture(self, a, b, dest):
        self._run("capture", *self.flags, *a, "--", *b, dest)

    def apply(self, layer, target):
        self._run("apply", *self.flags, layer, target)

    def protect_layer(self, upper):
        self._run("protect-layer", *self.flags, upper)

    def exact_copy(self, layer, file, dest):
        self._run("tar", "--exact-layer", *self.flags, layer, file)
        self._run("untar", "--exact-layer", *self.flags, file, dest)

    def manifest(self, layers, *flags):
        return self._run("manifest", *self.flags, *flags, *layers).decode("ascii").strip()

    def check(self, layers, *flags):
        return self._run("check", *self.flags, *flags, *layers).decode("ascii").strip()


def same(what, want, got):
    """Fails with a diff of the two lists of lines unless they are equal."""
    if want != got:
        missing = ["- " + line for line in want if line not in got]
        extra = ["+ " + line for line in got if line not in want]
        raise Failure(what, (missing + extra) or ["order: " + line for line in got])


def flagged(tree):
    """Whether it has what is immutable or append-only: that cannot be applied to, and is not given by applying."""
    return any(entry.flags for entry in tree.values())


def same_trees(what, diff, want, got, drop=()):
    """Every fact; but holes only of what changed: those of another file came up or stayed as they were."""
    lines = compare(want, got, drop=drop)
    for path in diff.changes.keys() & want.keys() & got.keys():
        if want[path].type == got[path].type == "f" and want[path].holes != got[path].holes:
            lines.append("%s: holes %s" % (escape(path), "lost" if want[path].holes else "made"))
    if lines:
        raise Failure(what, lines)


def exact_layer(tree, private):
    """What an exact copy of a layer is to have: all, but what overlayfs noted for itself and for an upper."""
    for path, entry in tree.items():
        for name in [n for n in entry.xattrs if n.startswith(private)]:
            word = name[len(private) :]
            if word == b"protattr" and path != b".":
                entry.flags = "".join(c for c in "ai" if c.encode() in entry.xattrs[name] or c in entry.flags)
            if word in (b"origin", b"impure", b"upper", b"uuid", b"whiteouts", b"protattr"):
                del entry.xattrs[name]
    return tree


def shared_inodes(driver, scratch, tree, edit=None):
    """The diff of a plain tree with trees whose inodes are its own: itself, mounted or linked elsewhere, a part."""
    linked = os.path.join(scratch, b"linked")
    with overlay(os.path.join(scratch, b"mounted"), [tree]) as mounted:
        for twin in (tree, mounted):
            same("diff of a tree and itself", [], driver.diff([tree], [twin]))
    treecopy.link(tree, linked)
    same("diff of a tree and a copy of links", [], driver.diff([tree], [linked]))
    part = next((e.path for e in scan(tree).values() if e.type == "d" and e.path != b"."), None)
    if part:
        path = os.path.join(tree, part)
        for a, b in ((tree, path), (path, linked)):
            want = treediff.Diff(scan(a), scan(b), exact=True).lines()
            same("diff of a tree and a part of it", want, driver.diff([a], [b], "--exact"))
    if edit:
        edit(linked)
        want = treediff.Diff(scan(tree), scan(linked), exact=True).lines()
        same("diff of a tree and an edited copy of links", want, driver.diff([tree], [linked], "--exact"))


class Checks:
    """One union under test. lowers and upper: bytes paths; before and after: scans of the views."""

    def __init__(self, driver, scratch, lowers, upper, after_path, before, after, options=()):
        self.driver, self.scratch, self.options = driver, scratch, options
        self.lowers, self.upper, self.after_path = lowers, upper, after_path
        self.before, self.after = before, after
        self.oracle = treediff.Diff(before, after, exact=True)

    def path(self, name):
        return os.path.join(self.scratch, name)

    def union_diff(self):
        """The lines of the overlay, of which those of LINK may be at another member of the group."""
        lines = self.driver.diff(self.lowers, [self.upper, *self.lowers])
        links = [line for line in lines if line.startswith("modified link ")]
        same("diff of the union", self.oracle.lines(links=False), [line for line in lines if line not in links])
        if trouble := self.oracle.link_trouble([line.split(" ", 2)[2] for line in links]):
            raise Failure("diff of the union", trouble)
        return lines

    def plain_diff(self, before_path):
        """Two plain trees: a copy of what was below, and the mounted view."""
        lines = self.driver.diff([before_path], [self.after_path], "--exact")
        same("exact diff of plain trees", self.oracle.lines(), lines)

    def quick_diff(self, before_path):
        lines = self.driver.diff([before_path], [self.after_path])
        same("diff of plain trees", treediff.Diff(self.before, self.after).lines(), lines)

    def capture(self):
        """The layer over the same lowers shows the same view, and holds nothing without a reason."""
        layer = self.path(b"layer")
        self.driver.capture(self.lowers, [self.upper, *self.lowers], layer)
        with overlay(self.path(b"recaptured"), [layer, *self.lowers], options=self.options) as at:
            self.same_tree("captured layer over the lowers (first: the union)", scan(at))
        self.minimal(scan(layer))
        return layer

    def exact(self):
        """The upper, and the lowest layer, which is any tree, through an exact tar: byte for byte the same folders."""
        noted = [name for entry in scan(self.upper).values() for name in entry.xattrs]
        referring = "redirect_dir=on" in self.options or b"trusted.overlay.nlink" in noted  # to other layers
        for name, layer in ((b"upper", self.upper), (b"lowest", self.lowers[-1])):
            file, dest = self.path(name + b".tar"), self.path(name + b".copy")
            try:
                self.driver.exact_copy(layer, file, dest)
            except Failure as e:
                if referring and "not supported" in str(e):
                    continue
                raise
            want = exact_layer(scan(layer), self.driver.flags and b"user.overlay." or b"trusted.overlay.")
            if lines := compare(want, scan(dest)):
                raise Failure("exact copy of the layer %s" % name.decode(), lines)
            digest = self.driver.manifest([dest]).split()[0]
            same("manifest of the copy, against the oracle's", [treedigest.digest(dest)], [digest])
            same("manifest of the layer that is copied", [digest], [self.driver.manifest([layer], "--layer").split()[0]])
            same("check of the layer that is copied", [self.driver.check([dest])], [self.driver.check([layer], "--layer")])
            treecopy.remove(dest)
            os.unlink(file)

    def same_tree(self, what, tree, drop=()):
        same_trees(what, self.oracle, self.after, tree, drop)

    def minimal(self, layer):
        kept = ("opaque", "whiteout")
        private = self.driver.flags and b"user.overlay." or b"trusted.overlay."
        lines = []
        for entry in layer.values():
            own = {x[len(private):] for x in entry.xattrs if x.startswith(private)}
            lines += [
                "%s has %s" % (escape(entry.path), escape(x))
                for x in sorted(own)
                if x.decode("latin-1") not in kept and not x.startswith(b"overlay.")
            ]
        lines += ["unchanged: " + escape(p) for p in sorted(self._needless(layer))]
        if lines:
            raise Failure("captured layer holds more than it must", lines)

    def _needless(self, layer):
        """Paths of a layer that no change asked for."""
        asked = set(self.oracle.changes) | set().union(*self.oracle.linked)
        linked = {self.after[p].inode for p in asked if p in self.after and self.after[p].inode}
        needed = set(asked) | {p for p, e in self.after.items() if e.inode in linked}
        for path in list(needed):
            while path != b".":
                path = path.rpartition(b"/")[0] or b"."
                needed.add(path)
        return {p for p in layer if p not in needed and not self._fresh(p)} - {b"."}

    def _fresh(self, path):
        """Directory times alone: where a name came and went their directory is no change."""
        a, b = self.before.get(path), self.after.get(path)
        return a and b and b.type == "d" and a.mtime != b.mtime

    def apply(self, layer, before_path):
        """On a copy of what was below; consumes before_path."""
        self.driver.apply(layer, before_path)
        self.same_tree("layer applied to a plain copy (first: the union)", scan(before_path), drop=["flags"])

    def manifests(self, before_path):
        """Digests are equal exactly where the trees are."""
        union = self.driver.manifest([self.upper, *self.lowers])
        same("manifest of the layers, against the mounted view", [union], [self.driver.manifest([self.after_path])])
        upper = self.driver.manifest([self.upper]).split()[0]
        same("digest of the upper as a plain tree, against the lab's", [treedigest.digest(self.upper)], [upper])
        check = self.driver.check([self.upper, *self.lowers])
        differ = bool(compare(self.before, self.after))
        for what, agree in (
            ("manifests", union == self.driver.manifest([before_path])),
            ("checks", check == self.driver.check([before_path])),
        ):
            if differ == agree:
                raise Failure("%s %s though the trees %s" % (what, *(("agree", "differ") if differ else ("differ", "agree"))))
        return union

    def all(self):
        """Every check for the verbs wanted; the lines of the union's diff."""
        before_path = self.path(b"before")
        with overlay(self.path(b"below"), self.lowers, options=self.options) as at:
            treecopy.copy(at, before_path)
        verbs, lines, digest = self.driver.verbs, None, None
        if "diff" in verbs:
            lines = self.union_diff()
            self.plain_diff(before_path)
            self.quick_diff(before_path)
        if "manifest" in verbs:
            digest = self.manifests(before_path)
        if "exact" in verbs:
            self.exact()
        if "capture" in verbs:
            layer = self.capture()
            if "apply" in verbs and not flagged(self.before):
                self.apply(layer, before_path)
                if digest and not flagged(self.after):
                    same("manifest of the applied layer", [digest], [self.driver.manifest([before_path])])
        return lines
