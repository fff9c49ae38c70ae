"""Plays the machine of mica-forward and mica-outward, the guest behind it, and those who connect."""
import ctypes
import hashlib
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
INNER = 10000
LIMIT = 30


def own_network():
    """This process's, with a loopback and a card that has an address and a way out, to nowhere."""
    if LIBC.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    for words in ("link set lo up", "link add out type veth peer name far", "link set out up", "link set far up",
                  "addr add 198.51.100.2/24 dev out", "route add default via 198.51.100.1 dev out"):
        subprocess.run(["ip"] + words.split(), check=True)


class Machine:
    """A process that QEMU could be: in a network of its own, known by its environment; it serves until it is ended."""

    def __init__(self, folder, serve, apart=True, mark=None):
        self.file = os.path.join(folder, "qemu.pid")
        ready = os.path.join(folder, "ready")
        os.mkfifo(ready)
        code = ("import sys; sys.path.insert(0, %r); import networklab; networklab.%s(%r, %r)"
                % (os.path.dirname(os.path.abspath(__file__)), serve, ready, apart))
        self.process = subprocess.Popen([sys.executable, "-B", "-c", code],
                                        env={"MICA_DAEMON": mark or self.file, "PATH": os.environ["PATH"]})
        with open(ready) as told:
            assert told.read() == "ready"
        os.unlink(ready)

    def end(self):
        self.process.kill()
        self.process.wait()


def tell(ready):
    with open(ready, "w") as told:
        told.write("ready")


def enter(apart):
    if apart:
        if LIBC.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def echo(ready, apart):
    """Sends back what comes; at its end that it was the end, and ends. What begins with "cut" is cut off."""
    enter(apart)
    server = socket.create_server(("127.0.0.1", INNER), backlog=256)
    tell(ready)
    while True:
        peer, _ = server.accept()
        threading.Thread(target=echo_one, args=(peer,), daemon=True).start()


def echo_one(peer):
    got = peer.recv(1 << 16)
    if got.startswith(b"cut"):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        return
    if got.startswith(b"last"):
        peer.shutdown(socket.SHUT_WR)
        digest = hashlib.sha256()
        while got:
            digest.update(got)
            got = peer.recv(1 << 16)
        with open(os.environ["MICA_DAEMON"] + ".digest", "w") as out:
            out.write(digest.hexdigest())
        peer.close()
        return
    while got:
        peer.sendall(got)
        got = peer.recv(1 << 16)
    peer.sendall(b"the end")
    peer.close()


def idle(ready, apart):
    enter(apart)
    tell(ready)
    signal.pause()


class Lab:
    def __init__(self, out):
        self.out = out
        self.count = 0
        self.failed = 0

    def run(self, case):
        self.count += 1
        self.folder = tempfile.mkdtemp(prefix="mica-network-")
        self.machines = []
        try:
            case(self)
            said = "ok"
        except Exception:  # pylint: disable=broad-except
            said = "not ok"
            self.failed += 1
            print("\n".join("# " + line for line in traceback.format_exc().splitlines()))
        finally:
            for machine in self.machines:
                machine.end()
            shutil.rmtree(self.folder)
        print("%s %d - %s" % (said, self.count, case.__doc__), flush=True)

    def machine(self, serve="echo", **more):
        self.machines.append(Machine(self.folder, serve, **more))
        return self.machines[-1]

    def start(self, program, machine, *words):
        """The program's id, or what it said."""
        pid = os.path.join(self.folder, "network.pid")
        done = subprocess.run([os.path.join(self.out, program), "--pid", pid, "--machine", str(machine.process.pid),
                               "--machine-file", machine.file] + list(words), capture_output=True, text=True,
                              timeout=LIMIT, check=False, env={"PATH": os.environ["PATH"], "MICA_DAEMON": pid})
        if done.returncode:
            assert not os.path.exists(pid), "nothing is left"
            return done.stderr
        with open(pid) as file:
            return int(file.read())

    def forward(self, port=None):
        port = port or free_port()
        pid = self.start("mica-forward", self.machine(), "--tcp", "127.0.0.1:%d=%d" % (port, INNER))
        assert isinstance(pid, int), pid
        return port, pid


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def connect(port):
    return socket.create_connection(("127.0.0.1", port), LIMIT)


def rest(peer):
    all_of_it = b""
    while True:
        got = peer.recv(1 << 16)
        if not got:
            return all_of_it
        all_of_it += got


def ends(pid):
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    return bool(select.select([process], [], [], LIMIT)[0])


def half_close(lab):
    """the end of what a client says is passed on, and the answer comes after it"""
    port, _ = lab.forward()
    with connect(port) as peer:
        peer.sendall(b"hello ")
        peer.shutdown(socket.SHUT_WR)
        assert rest(peer) == b"hello the end"


def ends_anywhere(lab):
    """the end is passed on wherever it comes, however much came before it"""
    port, _ = lab.forward()
    for pieces in range(1, 40):
        body = b"x" * (pieces << 15)
        with connect(port) as peer:
            peer.settimeout(LIMIT)
            sender = threading.Thread(target=lambda: (peer.sendall(body), peer.shutdown(socket.SHUT_WR)))
            sender.start()
            assert rest(peer) == body + b"the end", pieces
            sender.join()


def other_half_close(lab):
    """the guest ends first, and the client goes on"""
    port, _ = lab.forward()
    body = b"last" + random.Random(5).randbytes(3 << 20)
    with connect(port) as peer:
        peer.sendall(body[:4])
        assert rest(peer) == b""
        peer.sendall(body[4:])
        peer.shutdown(socket.SHUT_WR)
        digest = lab.machines[0].file + ".digest"
        assert peer.recv(1) == b""
    while not (os.path.exists(digest) and os.path.getsize(digest) == 64):
        os.sched_yield()
    with open(digest) as file:
        assert file.read() == hashlib.sha256(body).hexdigest()


def much(lab):
    """50 MB come back as they were sent, while the one who reads is slower than the one who sends"""
    port, _ = lab.forward()
    body = random.Random(7).randbytes(50 << 20)
    with connect(port) as peer:
        sender = threading.Thread(target=lambda: (peer.sendall(body), peer.shutdown(socket.SHUT_WR)))
        sender.start()
        assert rest_digest(peer) == hashlib.sha256(body + b"the end").hexdigest()
        sender.join()


def rest_digest(peer):
    digest = hashlib.sha256()
    while True:
        got = peer.recv(1 << 16)
        if not got:
            return digest.hexdigest()
        digest.update(got)


def many(lab):
    """600 connections at once, each with its own words"""
    port, _ = lab.forward()
    peers = [connect(port) for _ in range(600)]
    for number, peer in enumerate(peers):
        peer.sendall(b"I am %d, " % number)
    for number, peer in enumerate(peers):
        peer.shutdown(socket.SHUT_WR)
        assert rest(peer) == b"I am %d, the end" % number
        peer.close()


def cut_off(lab):
    """a connection that the guest cuts off is cut off for the client"""
    port, _ = lab.forward()
    with connect(port) as peer:
        peer.sendall(b"cut")
        try:
            got = peer.recv(1)
        except ConnectionResetError:
            return
        raise AssertionError("it ended as if all was said: %r" % got)


def nobody(lab):
    """where nobody is behind a port the connection is cut off, and the next one is taken all the same"""
    port = free_port()
    pid = lab.start("mica-forward", lab.machine("idle"), "--tcp", "127.0.0.1:%d=%d" % (port, INNER))
    assert isinstance(pid, int), pid
    for _ in range(3):
        try:
            with connect(port) as peer:
                assert peer.recv(1) != b"", "it ended as if all was said"
        except ConnectionResetError:
            pass


def ends_with_machine(lab):
    """it ends when the machine is killed, and the port is free"""
    port, pid = lab.forward()
    with connect(port) as peer:
        peer.sendall(b"hello")
        lab.machines[0].end()
        assert ends(pid)
    socket.create_server(("127.0.0.1", port)).close()


def taken(lab):
    """a port that is taken is named, and nothing is left"""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = lab.start("mica-forward", lab.machine(), "--tcp", "127.0.0.1:%d=%d" % (port, INNER))
        assert said == "mica-forward: cannot publish the port 127.0.0.1:%d: Address already in use\n" % port, said


def no_machine(lab):
    """another process of that id is not taken for the machine"""
    machine = lab.machine("idle", mark="/another")
    said = lab.start("mica-forward", machine, "--tcp", "127.0.0.1:%d=%d" % (free_port(), INNER))
    assert "is none, or has ended" in said, said


def host_network(lab):
    """a machine that has the host's network is refused: its ports would be the host's"""
    said = lab.start("mica-forward", lab.machine("idle", apart=False), "--tcp", "127.0.0.1:%d=%d" % (free_port(), INNER))
    assert "it is the host's" in said, said


def confined(lab):
    """it has no capability, no way to any, an empty root and a filter of its calls"""
    _, pid = lab.forward()
    with open("/proc/%d/status" % pid) as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0, status
    assert status["NoNewPrivs"] == "1"
    if not os.environ.get("MICA_SANITIZE"):
        assert status["Seccomp"] == "2"
    assert os.listdir("/proc/%d/root" % pid) == []


# What passt is told, as Mica tells it.
PASST = ["-4", "--no-map-gw", "--no-dhcp", "--no-dhcpv6", "--no-ndp", "--no-ra", "-M", "52:55:0a:00:02:02", "-a",
         "10.0.2.15", "-n", "24", "-g", "10.0.2.2", "-u", "none"]


def outward(lab, *more):
    path = os.path.join(lab.folder, "network.sock")
    machine = lab.machine("guest")
    pid = lab.start("mica-outward", machine, "--socket", path, "--card", "52:54:00:12:34:56", "--", shutil.which("passt"), *PASST, *more)
    return machine, pid, path


def guest(ready, apart):
    """A guest that sends what it likes: reads frames as hexadecimal lines from the file beside its process id."""
    enter(apart)
    tell(ready)
    folder = os.path.dirname(os.environ["MICA_DAEMON"])
    with open(wait_for(os.path.join(folder, "frames"))) as file:
        frames = [bytes.fromhex(line) for line in file]
    with socket.socket(socket.AF_UNIX) as card:
        card.connect(os.path.join(folder, "network.sock"))
        for frame in frames:
            card.sendall(struct.pack(">I", len(frame)) + frame)
        signal.pause()


def wait_for(path):
    while not os.path.exists(path):
        os.sched_yield()
    return path


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(protocol, to, body):
    source, target = socket.inet_aton("10.0.2.15"), socket.inet_aton(to)
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, protocol, 0) + source + target
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return bytes.fromhex("52550a000202" "525400123456" "0800") + head + body


def syn(to, port):
    body = struct.pack(">HHIIBBHHH", 40000, port, 1, 0, 0x50, 2, 8192, 0, 0)
    pseudo = socket.inet_aton("10.0.2.15") + socket.inet_aton(to) + struct.pack(">BBH", 0, 6, len(body))
    return packet(6, to, body[:16] + struct.pack(">H", checksum(pseudo + body)) + body[18:])


def datagram(to, port):
    return packet(17, to, struct.pack(">HHHH", 40001, port, 8 + 2, 0) + b"hi")


def hostile_guest(lab):
    """whatever a machine sends, it reaches neither the host's loopback nor its own addresses, by no name"""
    hosts = ["127.0.0.1", "127.9.9.9", "0.0.0.0", "198.51.100.2", "10.0.2.2"]
    with socket.create_server(("0.0.0.0", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, \
            socket.create_server(("203.0.113.1", 0)) as outside:
        udp.bind(("0.0.0.0", 0))
        machine, pid, _ = outward(lab)
        assert isinstance(pid, int), pid
        frames = [make(host, port) for host in hosts
                  for make, port in ((syn, tcp.getsockname()[1]), (datagram, udp.getsockname()[1]))]
        # The last one may go out: when it has come, the others have been dealt with.
        frames.append(syn("203.0.113.1", outside.getsockname()[1]))
        scratch = machine.file + ".frames"
        with open(scratch, "w") as file:
            file.writelines(frame.hex() + "\n" for frame in frames)
        os.rename(scratch, os.path.join(lab.folder, "frames"))
        outside.settimeout(LIMIT)
        outside.accept()[0].close()
        assert not select.select([tcp, udp], [], [], 0)[0], "the host was reached"
        machine.end()
        assert ends(pid)


def passt_refuses(lab):
    """what passt refuses is told in its words"""
    with socket.create_server(("127.0.0.1", 0)) as other:
        _, said, path = outward(lab, "-t", "127.0.0.1/%d:80" % other.getsockname()[1])
        assert "Failed to bind" in said and said.count("\n") == 1, said
        assert not os.path.exists(path)


def passt_killed(lab):
    """it ends when passt does, and passt ends when it does"""
    for victim, other in ((0, 1), (1, 0)):
        _, pid, _ = outward(lab)
        assert isinstance(pid, int), pid
        both = [pid, passt_of(lab)]
        os.kill(both[victim], signal.SIGKILL)
        assert ends(both[other]), "passt" if other else "mica-outward"
        for machine in lab.machines:
            machine.end()
        for name in os.listdir(lab.folder):
            os.unlink(os.path.join(lab.folder, name))


def passt_of(lab):
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/cmdline" % entry, "rb") as words, open("/proc/%s/environ" % entry, "rb") as mark:
                    if b"passt" in words.read().split(b"\0")[0] and lab.folder.encode() in mark.read():
                        return int(entry)
            except OSError:
                continue
    raise AssertionError("there is no passt")


FORWARD = [half_close, ends_anywhere, other_half_close, much, many, cut_off, nobody, ends_with_machine, taken, no_machine, host_network,
           confined]
OUTWARD = [hostile_guest, passt_refuses, passt_killed]


def skip(why):
    if os.environ.get("MICA_MUST_WORK") == "1":
        print("not ok 1 - needs " + why)
        return 1
    print("1..0 # skip needs " + why)
    return 0


def main(out):
    if os.geteuid():
        return skip("root")
    if not shutil.which("ip") or not shutil.which("passt"):
        return skip("ip and passt")
    own_network()
    # An address that is this host's, but not by its cards' addresses: it stands for another host.
    subprocess.run("ip route add local 203.0.113.1 dev lo".split(), check=True)
    only = os.environ.get("MICA_ONLY")
    cases = [case for case in FORWARD + OUTWARD if only in (None, case.__name__)]
    print("1..%d" % len(cases), flush=True)
    lab = Lab(out)
    for case in cases:
        lab.run(case)
    return 1 if lab.failed else 0
