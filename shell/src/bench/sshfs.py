"""sshfs to a guest like the helper VM: a second peer of the union folder that comes back from it.

Kernel, machine, memory and file servers are those of a union that the helper VM serves: their words are
read from its processes. Only the way back differs: an SSH server in the guest, and sshfs here.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

from measure import MICA_LIB, run

PACKAGES = ("openssh-server", "openssh-sftp-server", "libwrap0", "busybox-static")
PROGRAMS = ("usr/sbin/sshd", "usr/lib/openssh/sftp-server")
MODULES = ("virtio_pci", "virtio_net", "virtiofs", "overlay")
SAME = ("-sandbox", "-machine", "-object", "-m", "-accel", "-cpu", "-smp", "-kernel", "-append")
UP = "Server listening"
UP_SECONDS = 120

# The overlay's options are those of overlay-mount.c.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "$module"; done </modules
mount -t virtiofs -o ro,nosuid,nodev lower /lower
mount -t virtiofs -o nosuid,nodev upper /upper
mount -t overlay -o lowerdir=/lower,upperdir=/upper/upper,workdir=/upper/work \\
	-o redirect_dir=follow,metacopy=off,index=off,nfs_export=off,xino=auto union /union
ifconfig lo 127.0.0.1 up
ifconfig eth0 10.0.2.15 up
exec /usr/sbin/sshd -D -e
"""

FILES = {
    "init": INIT,
    "etc/passwd": "root:*:0:0:root:/root:/bin/sh\nsshd:*:101:65534::/run/sshd:/bin/false\n",
    "etc/group": "root:*:0:\nnogroup:*:65534:\n",
    "etc/ssh/sshd_config": "HostKey /etc/ssh/host\nAuthorizedKeysFile /etc/ssh/user.pub\nPermitRootLogin yes\n"
                           "PasswordAuthentication no\nUseDNS no\nSubsystem sftp /usr/lib/openssh/sftp-server\n",
}


def words_of(pid_file):
    pid = pid_file.read_text().strip()
    return pathlib.Path("/proc", pid, "cmdline").read_bytes().decode().split("\0")[:-1]


def unpacked(directory):
    """The packages' files; nothing is installed, for an SSH server would be started here."""
    debs, tree = directory / "debs", directory / "tree"
    debs.mkdir(parents=True)
    run(["apt-get", "-q", "download", *PACKAGES], cwd=debs)
    for deb in debs.iterdir():
        run(["dpkg-deb", "--extract", str(deb), str(tree)])
    return tree


def libraries(program, tree):
    """What the program is linked with: from the packages, else this host's own."""
    places = ":".join(sorted({str(path.parent) for path in tree.rglob("lib*.so.*")}))
    said = run(["ldd", str(program)], env=os.environ | {"LD_LIBRARY_PATH": places})
    if "not found" in said:
        sys.exit(f"bench: {program} lacks a library:\n{said}")
    return [pathlib.Path(found) for found in re.findall(r"(/\S+) \(0x", said)]


def make_keys(directory):
    for name in ("host", "user"):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(directory / name)])


def make_initramfs(directory, tree, guest):
    """busybox, the SSH server with its libraries and keys, and the modules in the order they load in."""
    root = directory / "root"
    for name in ("bin", "lib", "lib64", "root", "proc", "sys", "dev", "run/sshd", "lower", "upper", "union", "etc/ssh"):
        (root / name).mkdir(parents=True)
    for name, text in FILES.items():
        (root / name).write_text(text)
    (root / "init").chmod(0o755)
    shutil.copy2(tree / "bin/busybox", root / "bin/busybox")
    for name in PROGRAMS:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tree / name, root / name)
        for library in libraries(tree / name, tree):
            shutil.copy2(library, root / ("lib64" if library.name.startswith("ld-") else "lib"))
    for name in ("host", "user.pub"):
        shutil.copy2(directory / name, root / "etc/ssh")
    modules = []
    for name in MODULES:
        said = run(["/usr/sbin/modprobe", "-d", str(guest.base), "-S", guest.version, "--show-depends", name])
        modules += [path for path in re.findall(r"^insmod (\S+)", said, re.M) if path not in modules]
    for path in modules:
        shutil.copy2(path, root)
    (root / "modules").write_text("".join(f"/{pathlib.Path(path).name}\n" for path in modules))
    archive = directory / "initramfs"
    with archive.open("wb") as out:
        names = subprocess.run(["find", "."], cwd=root, check=True, capture_output=True).stdout
        subprocess.run([str(tree / "bin/busybox"), "cpio", "-o", "-H", "newc"], cwd=root, check=True, input=names,
                       stdout=out, stderr=subprocess.DEVNULL)
    return archive


def start_server(directory, tag, folder, words):
    """A file server of the folder, with the words of one of Mica's; its process id."""
    options = [f"--listen={directory / tag}.socket", *(f"--{name}={directory / tag}.{name}" for name in ("pid", "log"))]
    read_only = ["--read-only"] if tag == "lower" else []
    return int(run([str(MICA_LIB / "mica-launch"), *read_only, f"--folder={folder}", *options, "--", *words]))


def end_server(pid):
    """It ends with QEMU; here in case that never started."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def start_servers(directory, union, ends):
    mine = directory / "upper"
    for name in ("upper", "work"):
        (mine / name).mkdir(parents=True)
    for pid_file in (union.home / "vm").glob("s*.pid"):
        words = words_of(pid_file)  # each has its folder as /shared; the one of a lower may make nothing
        tag, folder = ("lower", union.lower) if any("-mknod" in word for word in words) else ("upper", mine)
        ends.callback(end_server, start_server(directory, tag, folder, words))


def start_qemu(directory, home, archive, port, ends):
    pid_file = home / "vm" / "qemu.pid"
    words = words_of(pid_file)
    command = [words[0], "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"]
    for option, value in zip(words, words[1:]):
        if option == "-kernel":  # which has that path in the root of Mica's own
            command += [option, f"/proc/{pid_file.read_text().strip()}/root{value}"]
        elif option in SAME:
            command += [option, value]
    command += ["-initrd", str(archive)]
    for tag in ("lower", "upper"):
        command += ["-chardev", f"socket,id={tag},path={tag}.socket",
                    "-device", f"vhost-user-fs-pci,chardev={tag},tag={tag}"]
    # The guest reaches nothing; only this host reaches its SSH server.
    command += ["-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22",
                "-device", "virtio-net-pci,netdev=net,romfile="]
    qemu = ends.enter_context(subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                               stderr=subprocess.STDOUT, text=True, errors="replace"))
    ends.callback(qemu.kill)
    return qemu


def await_up(qemu):
    """Reads its console until the SSH server says so."""
    said = ""
    deadline = threading.Timer(UP_SECONDS, qemu.kill)
    deadline.start()
    try:
        for line in qemu.stdout:
            said += line
            if UP in line:
                return
    finally:
        deadline.cancel()
    sys.exit(f"bench: the guest for sshfs did not come up within {UP_SECONDS} s:\n{said[-2000:]}")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


@contextlib.contextmanager
def mounted(scratch, union, guest):
    """The path of an overlay over the same lower as the union's, in a guest of its own, by sshfs."""
    directory, at, port = scratch / "sshfs", scratch / "sshfs-at", free_port()
    at.mkdir()
    tree = unpacked(directory)
    make_keys(directory)
    archive = make_initramfs(directory, tree, guest)
    known = directory / "known"
    known.write_text(f"[127.0.0.1]:{port} {(directory / 'host.pub').read_text()}")
    with contextlib.ExitStack() as ends:
        start_servers(directory, union, ends)
        await_up(start_qemu(directory, union.home, archive, port, ends))
        # sshfs as it is by itself: names and attributes kept for 20 s, writes not waited for, read ahead, one
        # connection, no compression. The options only say how to log in.
        run(["sshfs", "-F", "/dev/null", "-p", str(port), "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={known}",
             "-o", f"IdentityFile={directory / 'user'}", "root@127.0.0.1:/union", str(at)])
        ends.callback(run, ["fusermount3", "-u", str(at)])
        yield at
