"""The naive twin of mica_diff: the lines that mica.h promises, from two trees read whole.

Nothing here is clever on purpose. It shares no code and no idea of speed with the core.
"""

from treefacts import escape


def _flags(a, b, exact):
    flags = []
    if _content_differs(a, b, exact):
        flags.append("content")
    if a.mode != b.mode:
        flags.append("mode")
    if (a.uid, a.gid) != (b.uid, b.gid):
        flags.append("owner")
    if a.mtime != b.mtime and not (a.type == "d" and a.names != b.names):
        flags.append("times")
    if a.xattrs != b.xattrs:
        flags.append("xattr")
    if a.flags != b.flags:
        flags.append("flags")
    return flags


def _content_differs(a, b, exact):
    if a.type == "f":
        quick = a.size == b.size and a.mtime == b.mtime and a.mtime % 10**9
        return a.digest != b.digest and (exact or not quick)
    return a.target != b.target or a.rdev != b.rdev


def _leaders(entries, unchanged):
    """{path: first unchanged path that it is linked with}."""
    first = {}
    return {p: first.setdefault(entries[p].inode or p, p) for p in unchanged}


def _below(path, roots):
    """Whether a proper parent of path is in roots."""
    while b"/" in path:
        path = path.rpartition(b"/")[0]
        if path in roots:
            return True
    return False


class Diff:
    """changes: {path: (kind, flags)} in order, without LINK. linked: {path: set of the paths}

    linked gives each unchanged file whose link group changed, with the group's other members on
    either side, since an overlay reports such a change at another member than a plain tree does.
    """

    def __init__(self, a, b, exact=False):
        self.changes, self.plain_links, self.linked = {}, set(), []
        unchanged = self._compare(a, b, exact)
        self._link(a, b, unchanged)

    def _compare(self, a, b, exact):
        unchanged, gone = [], set()
        for path in sorted(a.keys() | b.keys(), key=lambda p: (a.get(p) or b.get(p)).key):
            if path not in b:
                if not _below(path, gone):
                    self.changes[path] = ("deleted", [])
                gone.add(path)
            elif path not in a:
                self.changes[path] = ("added", [])
            elif a[path].type != b[path].type:
                self.changes[path] = ("modified", ["type"])
                gone.add(path)
            elif flags := _flags(a[path], b[path], exact):
                self.changes[path] = ("modified", flags)
            elif a[path].type != "d":
                unchanged.append(path)
        return unchanged

    def _link(self, a, b, unchanged):
        """plain_links: each path whose first fellow is another one now. linked: the changed sets."""
        la, lb = _leaders(a, unchanged), _leaders(b, unchanged)
        self.plain_links = {p for p in unchanged if la[p] != lb[p]}
        parent = {p: p for p in unchanged}

        def find(p):
            while parent[p] != p:
                p = parent[p]
            return p

        for p in unchanged:
            for leader in (la[p], lb[p]):
                parent[find(p)] = find(leader)
        sets = {}
        for p in unchanged:
            sets.setdefault(find(p), set()).add(p)
        self.linked = [s for s in sets.values() if s & self.plain_links]

    def lines(self, links=True):
        """As the core driver prints them, LINK where plain trees have it."""
        found = dict(self.changes)
        if links:
            found.update({p: ("modified", ["link"]) for p in self.plain_links})
        ordered = sorted(found, key=lambda p: () if p == b"." else tuple(p.split(b"/")))
        return [line(p, *found[p]) for p in ordered]

    def link_trouble(self, paths):
        """Why these LINK paths (escaped) of an overlay's diff are wrong; [] when they are right.

        Right is: in each set of files whose linking changed at least one is named, and no other is.
        """
        sets = [{escape(p) for p in s} for s in self.linked]
        allowed = set().union(*sets)
        extra = ["unexpected link line: " + p for p in paths if p not in allowed]
        return extra + ["no link line among: " + ", ".join(sorted(s)) for s in sets if not s & set(paths)]


def line(path, kind, flags):
    return " ".join([kind] + ([",".join(flags)] if flags else []) + [escape(path)])
