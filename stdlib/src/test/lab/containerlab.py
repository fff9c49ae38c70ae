"""containerlab.py - a guest with containers for tests: its kernel, initramfs and disk, the conversation with its agent,
and the host's end of the stream protocol. Nothing of Mica but the agent is in it.
"""

import json
import os
import select
import shutil
import socket
import struct
import subprocess
import time

HANG = float(os.environ.get("MICA_HANG", 120))  # seconds; nothing takes as long but what hangs
PORTS = 6
WORDS = (
    "console=ttyS0 quiet panic=-1 cryptomgr.notests noreplace-smp acpi=off pci=nomsi retain_initrd audit=0 nowatchdog"
)
FIRST = ["virtio_pci", "virtio_console"]
THEN = ["fuse", "virtiofs", "overlay", "virtio_blk", "ext4", "virtio_net"]


class Hang(Exception):
    pass


# The kernel and its modules.


def kernel_tree(cache):
    """A directory with /boot and /lib/modules; fetched with apt where there is none."""
    for tree in ["/", os.environ.get("MICA_GUEST_KERNEL", cache), cache]:
        if kernel_of(tree):
            return tree
    debs = os.path.join(cache, "debs")
    os.makedirs(debs, exist_ok=True)
    fetch(debs, "linux-image-cloud-amd64")
    depends = output("dpkg-deb", "--field", only(debs), "Depends")
    fetch(debs, next(d.split()[0] for d in depends.split(",") if "linux-image-" in d))
    for deb in os.listdir(debs):
        output("dpkg-deb", "--extract", os.path.join(debs, deb), cache)
    return cache


def fetch(debs, package):
    subprocess.run(["apt-get", "-q", "download", package], cwd=debs, check=True, capture_output=True)


def only(directory):
    return os.path.join(directory, os.listdir(directory)[0])


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def kernel_of(tree):
    boot = os.path.join(tree, "boot")
    for name in sorted(os.listdir(boot)) if os.path.isdir(boot) else []:
        modules = os.path.join(tree, "lib/modules", name.removeprefix("vmlinuz-"))
        if name.startswith("vmlinuz-") and os.path.isdir(os.path.join(modules, "kernel")):
            return os.path.join(boot, name), modules
    return None


def plain(name):
    return name.split(".ko")[0].replace("-", "_")


class Modules:
    """Names to contents, each after what it depends on."""

    def __init__(self, directory):
        self.there = {
            plain(file): os.path.join(folder, file)
            for folder, _, files in os.walk(os.path.join(directory, "kernel"))
            for file in files
            if ".ko" in file
        }
        with open(os.path.join(directory, "modules.builtin"), encoding="ascii") as lines:
            self.builtin = {plain(os.path.basename(line.strip())) for line in lines}

    def add(self, name, into):
        if name in self.builtin or name in into:
            return
        path = self.there[name]
        data = output("xz", "-dc", path).encode() if path.endswith(".xz") else open(path, "rb").read()
        depends = data[data.index(b"\0depends=") + 9 :].split(b"\0")[0].decode()
        for one in filter(None, depends.split(",")):
            self.add(one.replace("-", "_"), into)
        into[name] = data


# The initramfs.


class Cpio:
    def __init__(self):
        self.parts = []
        self.folders = set()

    def add(self, name, mode, data=b"", device=(0, 0)):
        parent = os.path.dirname(name)
        if parent and parent not in self.folders:
            self.folders.add(parent)
            self.add(parent, 0o40755)
        fields = [len(self.parts) + 1, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        self.parts.append(self.pad(head) + self.pad(data))

    @staticmethod
    def pad(data):
        return data + b"\0" * (-len(data) % 4)

    def bytes(self):
        self.add("TRAILER!!!", 0)
        return b"".join(self.parts)


def helper_archive(agent, modules):
    cpio = Cpio()
    cpio.add("dev", 0o40755)
    cpio.folders.add("dev")
    cpio.add("dev/console", 0o20600, device=(5, 1))
    cpio.add("init", 0o100755, open(agent, "rb").read())
    parts, done = [], {}
    for names in (FIRST, THEN):
        before = set(done)
        for name in names:
            modules.add(name, done)
        new = [name for name in done if name not in before]
        for name in new:
            cpio.add(f"lib/modules/{name}.ko", 0o100644, done[name])
        parts.append("".join(f"/lib/modules/{name}.ko\n" for name in new))
    cpio.add("modules", 0o100644, "\n".join(parts).encode())
    return cpio.bytes()


def runtime_archive(program="/usr/bin/crun"):
    """The runtime and the libraries that it is linked with."""
    cpio = Cpio()
    cpio.add(program.lstrip("/"), 0o100755, open(program, "rb").read())
    for line in output("ldd", program).splitlines():
        path = next((word for word in line.split() if word.startswith("/")), None)
        if path:
            cpio.add(path.lstrip("/"), 0o100755, open(path, "rb").read())
    return cpio.bytes()


# The container's root and its disk.


def make_root(path):
    for folder in ["bin", "dev", "proc", "sys", "tmp", "etc", "root"]:
        os.makedirs(os.path.join(path, folder))
    shutil.copy("/bin/busybox", os.path.join(path, "bin/busybox"))
    for name in output("/bin/busybox", "--list").split():
        if name != "busybox":
            os.symlink("busybox", os.path.join(path, "bin", name))
    with open(os.path.join(path, "etc/passwd"), "w", encoding="ascii") as file:
        file.write("root:x:0:0::/root:/bin/sh\n")


def make_disk(image, tree, size=256 << 20):
    with open(image, "wb") as file:
        file.truncate(size)
    output("/usr/sbin/mkfs.ext4", "-q", "-d", tree, image)


CAPABILITIES = [
    "CAP_" + name
    for name in (
        "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL"
        " AUDIT_WRITE"
    ).split()
]


def process(*args, tty=False, uid=0, cwd="/", size=None):
    wanted = {
        "terminal": tty,
        "user": {"uid": uid, "gid": uid},
        "args": list(args),
        "env": ["PATH=/bin", "TERM=linux"],
        "cwd": cwd,
        "capabilities": {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")},
        "noNewPrivileges": False,
    }
    if size:
        wanted["consoleSize"] = {"height": size[0], "width": size[1]}
    return wanted


def config(name, first, limits=None, network=None):
    mounts = [
        ("/proc", "proc", "proc", []),
        ("/dev", "tmpfs", "tmpfs", ["nosuid", "mode=755", "size=65536k"]),
        ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
        ("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        ("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
    ]
    net = {"type": "network"} | ({"path": network} if network else {})
    return {
        "ociVersion": "1.0.2",
        "process": first,
        "root": {"path": f"/unions/{name}"},
        "hostname": name,
        "mounts": [{"destination": d, "type": t, "source": s, "options": o} for d, t, s, o in mounts],
        "linux": {
            "cgroupsPath": f"/containers/{name}",
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount", "cgroup")] + [net],
            "resources": limits or {},
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/sys/firmware"],
            "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"],
        },
    }


# The guest.


def encode(value):
    if not isinstance(value, bytes):
        value = str(value).encode()
    return "".join(chr(b) if 0x20 < b <= 0x7E and b not in b"%=" else "%%%02X" % b for b in value)


def decode(value):
    out, at = bytearray(), 0
    while at < len(value):
        if value[at] == "%":
            out.append(int(value[at + 1 : at + 3], 16))
            at += 3
        else:
            out.append(ord(value[at]))
            at += 1
    return out.decode("utf-8", "replace")


class Answer(dict):
    """The keys of an answer; ok or not."""

    def __init__(self, words):
        super().__init__((key, decode(value)) for key, value in (word.split("=", 1) for word in words[2:]))
        self.id = words[0]
        self.word = words[1]
        self.ok = self.word == "ok"

    def facts(self, kind):
        numbered = {}
        for key, value in self.items():
            number, _, name = key.partition(".")
            numbered.setdefault(number, {})[name] = value
        return [fact for fact in numbered.values() if fact.get("kind") == kind]


class Guest:
    def __init__(self, directory, kernel, initramfs, disks, memory=384, forwarded=None):
        self.directory = directory
        self.events = []
        self.answers = {}
        self.buffer = b""
        self.number = 0
        command = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"]
        command += ["-machine", "pc,acpi=off,usb=off,vmport=off", "-m", f"{memory}M", "-accel", "tcg"]
        command += ["-cpu", "qemu64", "-smp", "1,maxcpus=2", "-kernel", kernel, "-initrd", initramfs, "-append", WORDS]
        command += ["-serial", f"file:{self.path('console')}"]
        command += ["-device", "virtio-serial-pci,id=ports,max_ports=64"]
        command += self.port("agent", "dev.mica.agent")
        for number in range(PORTS):
            command += self.port(f"stream{number}", f"dev.mica.stream.{number}")
        # Behind a bridge devices can be plugged and unplugged without ACPI.
        command += ["-global", "PIIX4_PM.acpi-pci-hotplug-with-bridge-support=off"]
        command += ["-device", "pci-bridge,id=bridge,chassis_nr=1,shpc=on"]
        command += ["-qmp", f"unix:{self.path('qmp')},server=on,wait=off"]
        for serial, image in disks.items():
            command += ["-blockdev", f"driver=raw,node-name={serial},file.driver=file,file.filename={image}"]
            command += ["-device", f"virtio-blk-pci,drive={serial},serial={serial},id=device-{serial}"]
        forward = f",hostfwd=tcp:127.0.0.1:{forwarded}-:80" if forwarded else ""
        command += ["-netdev", f"user,id=net,restrict=on,ipv6=off{forward}", "-device", "virtio-net-pci,netdev=net,romfile="]
        self.began = time.monotonic()
        self.qemu = subprocess.Popen(command, stderr=open(self.path("qemu.log"), "wb"))
        try:
            self.agent = self.connect("agent")
            self.send(f"\n0 hello version=1 time={time.time_ns()}")
            self.hello = self.wait("0")
        except BaseException:
            self.end()
            raise
        self.booted = time.monotonic() - self.began

    def path(self, name):
        return os.path.join(self.directory, name)

    def port(self, file, name):
        chardev = f"socket,id={file},path={self.path(file)},server=on,wait=off"
        return ["-chardev", chardev, "-device", f"virtserialport,bus=ports.0,chardev={file},name={name}"]

    def connect(self, file):
        end = time.monotonic() + HANG
        while True:
            try:
                connection = socket.socket(socket.AF_UNIX)
                # QEMU takes one at a time: the one before may have to be seen to have gone.
                limit = struct.pack("ll", int(HANG), 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
                connection.connect(self.path(file))
                return connection
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                if self.qemu.poll() is not None or time.monotonic() > end:
                    raise Hang(open(self.path("qemu.log")).read()) from None
                time.sleep(0.01)  # until QEMU has made its sockets

    def send(self, line):
        self.agent.sendall(line.encode() + b"\n")

    def begin(self, verb, **keys):
        """Asks, and returns the id."""
        self.number += 1
        words = [f"c{self.number}", verb] + [f"{key}={encode(value)}" for key, value in keys.items()]
        self.send(" ".join(words))
        return words[0]

    def hear(self):
        while b"\n" not in self.buffer:
            if not select.select([self.agent], [], [], HANG)[0]:
                raise Hang(f"the agent does not answer: {open(self.path('console')).read()}")
            data = self.agent.recv(1 << 16)
            if not data:
                raise Hang(f"the guest has ended: {open(self.path('console')).read()}")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        answer = Answer(line.decode().split(" "))
        if answer.id == "*":
            self.events.append(answer)
        else:
            self.answers[answer.id] = answer

    def wait(self, number):
        while number not in self.answers:
            self.hear()
        return self.answers.pop(number)

    def ask(self, verb, **keys):
        return self.wait(self.begin(verb, **keys))

    def await_event(self, word, **keys):
        while True:
            for event in self.events:
                if event.word == word and all(event.get(k) == v for k, v in keys.items()):
                    self.events.remove(event)
                    return event
            self.hear()

    def put(self, name, file, data):
        """In pieces that fit a line."""
        for at in range(0, len(data) or 1, 16000):
            answer = self.ask("file", name=name, file=file, at=at, data=data[at : at + 16000])
            assert answer.ok, answer

    def console(self):
        return open(self.path("console"), errors="replace").read()

    def end(self):
        self.qemu.kill()
        self.qemu.wait()


class Qmp:
    """QEMU's monitor."""

    def __init__(self, guest):
        self.socket = guest.connect("qmp")
        self.socket.settimeout(HANG)
        self.file = self.socket.makefile("rw", encoding="ascii")
        self.events = []  # those that came before the answer to the last command
        self.file.readline()
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        words = {key.replace("_", "-"): value for key, value in arguments.items()}
        self.events.clear()
        self.file.write(json.dumps({"execute": command, "arguments": words}) + "\n")
        self.file.flush()
        while True:
            answer = self.hear()
            if "error" in answer:
                raise Hang(f"{command}: {answer['error']}")
            if "return" in answer:
                return answer["return"]
            self.events.append(answer)


    def hear(self):
        return json.loads(self.file.readline())

    def await_event(self, word, device):
        """What the last command causes may come before its answer."""
        while True:
            event = self.events.pop(0) if self.events else self.hear()
            if event.get("event") == word and event.get("data", {}).get("device") == device:
                return


class Stream:
    """The host's end of a session."""

    def __init__(self, guest, number, garbage=b""):
        self.guest = guest
        self.number = number
        self.token = os.urandom(16)
        self.buffer = b""
        self.greeted = False
        self.allowed = 0
        self.out = b""
        self.error = b""
        self.pid = None
        self.end = None
        self.garbage = garbage
        self.socket = guest.connect(f"stream{number}")
        self.socket.setblocking(False)

    def keys(self):
        return {"port": f"dev.mica.stream.{self.number}", "token": self.token.hex()}

    def send(self, data):
        view = memoryview(data)
        while view:
            if not select.select([], [self.socket], [], HANG)[1]:
                raise Hang("the guest does not read")
            view = view[self.socket.send(view) :]

    def frame(self, kind, payload=b""):
        self.send(kind.encode() + b"\0\0\0" + struct.pack(">I", len(payload)) + payload)

    def take(self, data):
        """Frames that came; what is before the guest's hello is skipped, and then it is greeted too."""
        self.buffer += data
        if not self.greeted:
            hello = b"H\0\0\0\0\0\0\x10" + self.token
            at = self.buffer.find(hello)
            if at < 0:
                return
            self.buffer = self.buffer[at + len(hello) :]
            self.greeted = True
            self.send(self.garbage)
            self.frame("H", self.token)
        while len(self.buffer) >= 8:
            kind, zero, size = self.buffer[:1], self.buffer[1:4], struct.unpack(">I", self.buffer[4:8])[0]
            assert zero == b"\0\0\0" and size <= 65536, self.buffer[:8]
            if len(self.buffer) < 8 + size:
                return
            payload, self.buffer = self.buffer[8 : 8 + size], self.buffer[8 + size :]
            self.take_frame(kind.decode(), payload)

    def take_frame(self, kind, payload):
        assert self.end is None, "a frame after the last one"
        if kind == "O":
            self.out += payload
        elif kind == "E":
            self.error += payload
        elif kind == "W":
            self.allowed += struct.unpack(">I", payload)[0]
        elif kind == "S":
            self.pid = int(payload.decode().removeprefix("pid="))
        elif kind == "X":
            self.end = dict(word.split("=") for word in payload.decode().split())
        else:
            raise AssertionError(f"a frame of type {kind}")

    def pump(self, until, data=None):
        """Reads until it holds, and sends data as far as it is allowed; then the end of it. Returns whether it came to
        that."""
        view = memoryview(data) if data is not None else None
        while not until(self):
            if view is not None and not view and data is not None:
                self.frame("C")
                view = data = None
            if view and self.allowed and self.greeted:
                part = view[: min(len(view), self.allowed, 65536)]
                self.frame("I", bytes(part))
                self.allowed -= len(part)
                view = view[len(part) :]
                wait = 0
            else:
                wait = HANG
            if select.select([self.socket], [], [], wait)[0]:
                got = self.socket.recv(1 << 20)
                if not got:
                    return False
                self.take(got)
            elif wait:
                raise Hang(f"the stream is silent: out {self.out[-200:]!r} error {self.error[-200:]!r}")
        return True

    def finish(self, data=None):
        """To the end; its status."""
        self.pump(lambda s: s.end is not None, data)
        self.socket.close()
        return int(self.end["status"])

    def greet(self):
        self.pump(lambda s: s.greeted)

    def started(self):
        return self.pump(lambda s: s.pid is not None)

    def close(self):
        self.socket.close()


def dump(wanted):
    return json.dumps(wanted, separators=(",", ":")).encode()
