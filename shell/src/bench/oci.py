"""The rows of a commit as an OCI layer: beside tar with a hash or a compressor over the same files, and beside buildah.

Ours is the commit of a union, and its `commit save` into a layout that has the image of the lower already: a layer, a
configuration and a manifest are written, and flushed. tar reads the upper and writes the same layer, flushed too. buildah
commits a container with the same change over the same image, into a layout that has that image likewise.
"""

import pathlib
import shutil

from measure import MICA, Warm, log, row, run, timed

ENTRIES = 20_000
TAR = "tar --format=posix --xattrs --xattrs-include='*' -cf -"


class Image:
    """The lower as a commit of ours, as a layout, and in buildah's store."""

    def __init__(self, scratch, lower):
        self.scratch, self.number = scratch, 0
        run([MICA, "commit", "import", str(lower), "oci:base"])
        for how in ("none", "zstd"):
            base = str(self.base(how))
            run([MICA, "commit", "save", "oci:base", base, "--format", "layout", "--compression", how])
        self.buildah = ["buildah", "--root", str(scratch / "buildah"), "--runroot", str(scratch / "buildah-run"),
                        "--storage-driver", "overlay"]
        self.id = run([*self.buildah, "pull", "--quiet", f"oci:{self.base('none')}:oci:base"]).split()[-1]

    def base(self, how):
        return self.scratch / f"layout-base-{how}"

    def layout(self, side, how):
        """A fresh one, with the image of the lower in it, compressed in that way."""
        layout = self.scratch / f"layout-{side}"
        shutil.rmtree(layout, ignore_errors=True)
        run(["cp", "-al", str(self.base(how)), str(layout)])
        index = layout / "index.json"  # which the saving side may write in place
        text = index.read_text()
        index.unlink()
        index.write_text(text)
        return layout

    def end(self):
        run([*self.buildah, "rmi", "--all", "--force"])
        run([MICA, "commit", "rm", "--all"])


class Case:
    """One change over the lower: a union whose upper is put back before each run, and a container of buildah's."""

    def __init__(self, image, change):
        self.image, self.union = image, None
        self.model = image.scratch / "model"
        self.create(self.model)
        change(self.at)
        run([MICA, "union", "rm", self.union])
        self.union = None
        self.container = run([*image.buildah, "from", "--quiet", image.id]).strip()
        change(pathlib.Path(run([*image.buildah, "mount", self.container]).strip()))
        run([*image.buildah, "umount", self.container])

    def create(self, upper):
        self.image.number += 1
        self.union, self.upper = f"oci-{self.image.number}", upper
        self.at, self.ref = self.image.scratch / f"at-{self.image.number}", f"oci:{self.image.number}"
        run([MICA, "union", "create", "--lower", "oci:base", "--upper", str(upper), "--at", str(self.at), "--name",
             self.union])

    def forget(self):
        if self.union:
            run([MICA, "union", "rm", self.union])
            run([MICA, "commit", "rm", self.ref])
            run([MICA, "commit", "gc"])
            shutil.rmtree(self.upper)
            self.union = None

    def prepare(self, side, how):
        """Neither side finds anything of what it wrote before."""
        for old in self.image.scratch.glob("written*"):
            old.unlink()
        if side == "ours":
            self.forget()
            upper = self.image.scratch / f"upper-{self.image.number}"
            run(["cp", "-a", str(self.model), str(upper)])
            self.create(upper)
        self.layout = self.image.layout(side, how)
        run(["sync"])

    def ours(self, session, compression):
        return session.call("commit", self.union, self.ref) + session.call("save", self.ref, str(self.layout), compression)

    def tar(self, then):
        return timed(["sh", "-c", f"{TAR} -C {self.model} . | {then} && sync -f {self.image.scratch}"])

    def buildah(self, *how):
        return timed([*self.image.buildah, "commit", "--quiet", "--format", "oci", *how, self.container,
                      f"oci:{self.layout}:changed"])

    def end(self):
        self.forget()
        shutil.rmtree(self.model)
        run([*self.image.buildah, "rm", self.container])


def large(tree):
    run(["sh", "-c", f"head -c 1073741824 /dev/urandom > {tree}/large"])


def rows(scratch, lower, edit, runs):
    image = Image(scratch, lower)
    written = scratch / "written"
    plain = "tar | tee LAYER | sha256sum", f"tee {written} | sha256sum"
    zstd = "tar | zstd -3 -T0", f"zstd -q -3 -T0 -o {written}"
    try:
        for what, change, peers in (
            ("4,000 entries", edit, [("none", *plain, 1.2), ("zstd", *zstd, 1.2), ("none", "buildah commit", None, 0.2)]),
            ("1 GiB in one file", large, [("none", *plain, 1.2), ("zstd", *zstd, 1.2), ("none", "buildah commit", None, 0.3)]),
        ):
            log(f"bench: OCI layers of {what}")
            case = Case(image, change)
            with Warm() as warm:
                for compression, name, then, target in peers:
                    peer = (lambda: case.tar(then)) if then else (lambda: case.buildah("--disable-compression"))
                    row(f"commit as an OCI layer, {'plain' if compression == 'none' else compression}, {what}, warm", name,
                       lambda: case.ours(warm, compression), peer, target, runs, cold=False,
                        prepare=lambda side: case.prepare(side, compression))
            case.end()
    finally:
        image.end()
