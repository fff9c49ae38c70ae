"""The rows of the SSH server, beside OpenSSH's server on this machine: same client, same algorithms, same loopback.

What Mica runs is `version`, and what OpenSSH's server runs is `true`, each the least that it can be asked for.
"""

import json
import os
import pathlib
import pty
import re
import select
import subprocess
import time

from measure import MICA, log, row, run, timed

SSHD = "/usr/sbin/sshd"
SFTP_SERVER = "/usr/lib/openssh/sftp-server"
IDLE = 100
SESSIONS_OF_USER = 8
CALLS = 20
ALGORITHMS = ["KexAlgorithms=sntrup761x25519-sha512@openssh.com", "Ciphers=chacha20-poly1305@openssh.com"]


class Server:
    """A server that runs, and how clients come to it."""

    def __init__(self, scratch, argv, port, users, settled):
        self.scratch, self.port, self.users = scratch, port, users
        self.process = subprocess.Popen(argv, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        said = ""
        while not (match := re.search(settled, said)):
            line = self.process.stderr.readline()
            if not line:
                raise SystemExit(f"bench: {' '.join(argv)}: {said}")
            said += line
        self.port = port or int(match[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def options(self):
        options = ["-F", "none", "-q"]
        for option in (f"UserKnownHostsFile={self.scratch}/known-{self.port}", "StrictHostKeyChecking=accept-new",
                       "IdentitiesOnly=yes", "BatchMode=yes", f"IdentityFile={self.scratch}/key", *ALGORITHMS):
            options += ["-o", option]
        return options

    def at(self, number=0):
        return self.users[number // SESSIONS_OF_USER % len(self.users)] + "@127.0.0.1"

    def ssh(self, *words, number=0):
        return ["ssh", *self.options(), "-p", str(self.port), *words[:-1], self.at(number), words[-1]]

    def sftp(self, batch):
        file = self.scratch / f"batch-{self.port}"
        file.write_text(batch)
        return ["sftp", *self.options(), "-P", str(self.port), "-b", str(file), self.at()]

    def memory(self):
        """MiB of the process and of all below it; what several share counts once."""
        pids, found = [self.process.pid], 0
        while pids:
            pid = pids.pop()
            try:
                rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    pids += map(int, (task / "children").read_text().split())
            except OSError:
                continue  # it has ended
            found += int(re.search(r"^Pss: +(\d+)", rollup, re.MULTILINE)[1])
        return found / 1024


def mica(scratch):
    users = [f"bench{number}" for number in range(IDLE // SESSIONS_OF_USER + 1)]
    for user in users:
        run([MICA, "user", "add", user, "--role", "operator", "--key", f"{scratch}/key.pub", "--root", str(scratch)])
    return Server(scratch, [MICA, "serve", "--listen", "127.0.0.1:0"], 0, users, r"serving at 127\.0\.0\.1:(\d+)")


def openssh(scratch):
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{scratch}/host"])
    keys = scratch / "authorized"
    keys.write_text((scratch / "key.pub").read_text())
    keys.chmod(0o600)
    pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    config = scratch / "sshd_config"
    port = 20000 + os.getpid() % 10000
    config.write_text(f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {scratch}/host\nAuthorizedKeysFile {keys}\n"
                      f"PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin prohibit-password\n"
                      f"MaxStartups 1000\nMaxSessions 100\nPrintMotd no\nSubsystem sftp {SFTP_SERVER}\n")
    user = run(["id", "-un"]).strip()
    return Server(scratch, [SSHD, "-D", "-e", "-f", str(config)], port, [user], r"Server listening")


def pair(bench, ours, peer, runs):
    for side in (ours, peer):
        timed(side)
    row(bench, "OpenSSH's sshd", lambda: timed(ours), lambda: timed(peer), 1.0, runs, cold=False)


def command_rows(ours, peer, runs):
    runs = max(runs, CALLS)
    pair("SSH: login, a command, and the end", ours.ssh("version"), peer.ssh("true"), runs)
    masters, over = [], []
    for server, word in ((ours, "version"), (peer, "true")):
        socket = f"{server.scratch}/control-{server.port}"
        masters.append(subprocess.Popen(server.ssh("-M", "-N", "-S", socket, "")[:-1]))
        while not os.path.exists(socket):
            time.sleep(0.01)
        over.append(server.ssh("-S", socket, word))
    pair("SSH: a command over an open ControlMaster", *over, runs)
    for master in masters:
        master.terminate()
        master.wait()


def file_rows(scratch, ours, peer, runs):
    run(["sh", "-c", f"head -c 1G /dev/urandom > {scratch}/big"])
    for what, verb in (("up", "put"), ("down", "get")):
        ours_path, peer_path = f"/folders/{scratch.name}", str(scratch)
        batches = []
        for path, side in ((ours_path, "ours"), (peer_path, "peer")):
            here, there = f"{scratch}/here-{side}", f"{path}/there-{side}"
            batches.append(f"put {scratch}/big {there}\n" if verb == "put" else f"get {there} {here}\n")
        pair(f"SSH: 1 GiB {what} by sftp", ours.sftp(batches[0]), peer.sftp(batches[1]), runs)
    for name in ("here-ours", "here-peer"):
        run(["cmp", f"{scratch}/big", f"{scratch}/{name}"])


def prompt(server, number):
    """A session at the server's prompt, which waits for a line."""
    main, terminal = pty.openpty()
    client = subprocess.Popen(server.ssh("-tt", "PLACE", number=number)[:-1], stdin=terminal, stdout=terminal,
                              stderr=subprocess.DEVNULL, start_new_session=True)
    os.close(terminal)
    said = b""
    while not re.search(rb"(> |# |\$ )", said):
        if not select.select([main], [], [], 120)[0]:
            raise SystemExit(f"bench: no prompt after {said!r}")
        said += os.read(main, 1 << 16)
    return main, client


def idle_row(ours, peer):
    """What each of 100 sessions at a prompt takes, which have been silent for some seconds."""
    line = {"bench": f"SSH: memory of each of {IDLE} sessions at their prompt", "unit": "MiB"}
    for side, server in (("ours", ours), ("peer", peer)):
        before = server.memory()
        sessions = [prompt(server, number) for number in range(IDLE)]
        time.sleep(5)
        line[side] = round((server.memory() - before) / IDLE, 3)
        line[side + "Whole"] = round(server.memory(), 1)
        for main, client in sessions:
            client.terminate()
            client.wait()
            os.close(main)
    line |= {"peerName": "OpenSSH's sshd with its shells", "ratio": round(line["ours"] / line["peer"], 3), "toReach": 1.0}
    print(json.dumps(line), flush=True)


def rows(scratch, runs):
    log("bench: starting Mica's server and OpenSSH's")
    scratch = scratch / "server"
    scratch.mkdir()
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{scratch}/key"])
    with mica(scratch) as ours, openssh(scratch) as peer:
        command_rows(ours, peer, runs)
        idle_row(ours, peer)
        file_rows(scratch, ours, peer, runs)
