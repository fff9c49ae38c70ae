"""The rows of the helper VM: beside guestfish, guestmount and sshfs, on the same data and the same guest kernel.

All sides boot under software emulation where KVM boots nothing; the kernel is the one that Mica
found, so that what is compared is what was built around it. guestfish's appliance is made before
anything is timed.
"""

import contextlib
import json
import os
import pathlib
import shutil
import statistics
import typing

import sshfs
from measure import MICA, Warm, drop_caches, log, run, timed

FILES = 10_000
LARGE = 256 << 20
MIB = str(LARGE >> 20)


def make_small(folder):
    """10,000 files."""
    for number in range(FILES):
        directory = folder / f"d{number // 100:03}"
        if number % 100 == 0:
            directory.mkdir(parents=True)
        (directory / f"file-{number:05}.txt").write_bytes(b"%d\n" % number * (1 + number % 400))


def make_data(scratch):
    """A folder of 10,000 files and one of 256 MiB, a disk image with the same, and a tar of the small ones."""
    folder = scratch / "data"
    make_small(folder / "small")
    with (folder / "large").open("wb") as file:
        for _ in range(LARGE >> 20):
            file.write(os.urandom(1 << 20))
    tar = scratch / "small.tar"
    run(["tar", "-C", str(folder / "small"), "-cf", str(tar), "."])
    image = scratch / "data.img"
    with image.open("wb") as file:
        file.truncate(2 << 30)
    run(["mkfs.ext4", "-q", "-d", str(folder), str(image)])
    return folder, tar, image


class Guest(typing.NamedTuple):
    """The guest kernel that Mica uses, and its modules with the lists that depmod makes, in lib/modules of base."""

    kernel: pathlib.Path
    version: str
    base: pathlib.Path


def find_guest(scratch, home):
    kernel = next((home / "cache" / "kernel" / "boot").glob("vmlinuz-*"))
    guest = Guest(kernel, kernel.name.removeprefix("vmlinuz-"), scratch / "guest")
    modules = next((home / "cache" / "kernel").glob("**/lib/modules"))
    shutil.copytree(modules, guest.base / "lib" / "modules", symlinks=True)
    run(["/usr/sbin/depmod", "-b", str(guest.base), guest.version])
    return guest


def guestfs_environment(scratch, home, guest):
    """What makes libguestfs boot it."""
    base = scratch / "guestfs"
    base.mkdir()
    # supermin fails where a host has never had a kernel package, even when told of another place.
    pathlib.Path("/lib/modules").mkdir(exist_ok=True)
    accel = json.loads((home / "cache" / "accel.json").read_text())
    settings = {"LIBGUESTFS_BACKEND_SETTINGS": "force_tcg"} if "tcg" in json.dumps(accel) else {}
    return os.environ | settings | {
        "SUPERMIN_KERNEL": str(guest.kernel), "SUPERMIN_KERNEL_VERSION": guest.version,
        "SUPERMIN_MODULES": str(guest.base / "lib" / "modules" / guest.version), "LIBGUESTFS_BACKEND": "direct",
        "TMPDIR": str(base), "LIBGUESTFS_CACHEDIR": str(base)}


class Union:
    """A union through the helper VM of which only one is there at a time, for its time to be taken."""

    def __init__(self, scratch, lower, home):
        self.scratch, self.lower, self.home, self.number = scratch, lower, home, 0

    def create(self, session=None):
        """Seconds to make the next one, its first listing included."""
        self.number += 1
        self.upper, self.at = self.scratch / f"up-{self.number}", self.scratch / f"vm-{self.number}"
        if session:
            return session.call("guest", str(self.lower), str(self.upper), str(self.at))
        return timed([MICA, "union", "create", "--via", "guest", "--lower", str(self.lower), "--upper",
                      str(self.upper), "--at", str(self.at)]) + timed(["ls", str(self.at)])

    def remove(self):
        run([MICA, "union", "rm", self.at.name])
        shutil.rmtree(self.upper)

    def stop(self, template):
        run([MICA, "helper", "stop"])
        if not template:
            for saved in (self.home / "cache").glob("template-*"):
                shutil.rmtree(saved)

    def measure(self, runs, prepare, session=None):
        """Seconds to make the union; made and removed anew each time."""
        seconds = []
        for _ in range(runs):
            prepare()
            seconds.append(self.create(session))
            self.remove()
        return statistics.median(seconds)


def line(name, peer_name, ours, peer, target, runs):
    print(json.dumps({"bench": name, "ours": round(ours, 4), "peer": round(peer, 4), "peerName": peer_name,
                      "ratio": round(ours / peer, 3), "toReach": target, "runs": runs}), flush=True)


def start_rows(scratch, union, environment, image, runs):
    fish = ["guestfish", "--ro", "-a", str(image), "run", ":", "mount", "/dev/sda", "/", ":", "ls", "/"]
    timed(fish, env=environment)
    peer = statistics.median(timed(fish, env=environment) for _ in range(runs))
    cold = union.measure(runs, lambda: union.stop(template=False))
    line("helper VM, cold, to the first listing", "guestfish run + mount + ls", cold, peer, 0.2, runs)
    warm = union.measure(runs, lambda: union.stop(template=True))
    line("helper VM, warm, from its template", "helper VM, cold", warm, cold, 0.25, runs)
    running = union.measure(runs, lambda: None)
    line("helper VM, warm, already running", "helper VM, cold", running, cold, 0.25, runs)
    with Warm() as session:
        for name, prepare in (("from its template", lambda: union.stop(template=True)), ("already running", lambda: None)):
            spent = union.measure(runs, prepare, session)
            line(f"helper VM, warm, {name}, in an open session", "helper VM, cold", spent, cold, 0.25, runs)


def host_union(scratch, folder):
    upper, at = scratch / "host-up", scratch / "host-at"
    run([MICA, "union", "create", "--via", "kernel", "--lower", str(folder), "--upper", str(upper),
               "--at", str(at), "--name", "host"])
    return at


def guestmount(scratch, environment, image, ends):
    mounted = scratch / "guestmount"
    mounted.mkdir()
    run(["guestmount", "-a", str(image), "-m", "/dev/sda", str(mounted)], env=environment)
    ends.callback(run, ["guestunmount", str(mounted)])
    return mounted


def data_rows(scratch, union, environment, guest, folder, tar, image):
    """One run each: guestmount alone takes minutes for some."""
    with contextlib.ExitStack() as ends:
        union.create()
        ends.callback(union.remove)
        host = host_union(scratch, folder)
        ends.callback(run, [MICA, "union", "rm", "host"])
        by_guestmount = guestmount(scratch, environment, image, ends)
        by_sshfs = ends.enter_context(sshfs.mounted(scratch, union, guest))
        for name, target, command in (
                ("stat 10,000 files", 0.5, lambda at: ["find", f"{at}/small", "-size", "+100c"]),
                ("read 256 MiB", 0.05, lambda at: ["dd", f"if={at}/large", "of=/dev/null", "bs=1M"]),
                ("write and fsync 256 MiB", 0.05, lambda at: ["dd", f"if={folder}/large", f"of={at}/written", "bs=1M",
                                                              "conv=fsync"]),
                ("unpack 10,000 files", 0.33, lambda at: ["tar", "-C", f"{at}/unpacked", "-xf", str(tar)])):
            spent = {}
            # What lies below this host's disk may cache, too: both sides' files were read lately then.
            for file in (folder / "large", image):
                run(["dd", f"if={file}", "of=/dev/null", "bs=1M"])
            for side, at in (("ours", union.at), ("peer", by_guestmount), ("sshfs", by_sshfs),
                             ("hostOverlay", host)):
                (at / "unpacked").mkdir(exist_ok=True)
                drop_caches()
                spent[side] = timed(command(at))
            print(json.dumps({"bench": f"union folder through the VM: {name}", "ours": round(spent["ours"], 4),
                              "peer": round(spent["peer"], 4), "peerName": "guestmount",
                              "ratio": round(spent["ours"] / spent["peer"], 3), "toReach": target,
                              "sshfs": round(spent["sshfs"], 4), "hostOverlay": round(spent["hostOverlay"], 4),
                              "runs": 1}), flush=True)


def rows(scratch, runs):
    home = pathlib.Path(os.environ["MICA_HOME"])
    log("bench: making 10,000 files and one of 256 MiB, as a folder and as a disk image")
    folder, tar, image = make_data(scratch)
    union = Union(scratch, folder, home)
    union.create()  # finds the kernel and the acceleration, once per host
    union.remove()
    try:
        guest = find_guest(scratch, home)
        environment = guestfs_environment(scratch, home, guest)
        start_rows(scratch, union, environment, image, runs)
        data_rows(scratch, union, environment, guest, folder, tar, image)
    finally:
        run([MICA, "helper", "stop"])
