"""monitorcases.py - what a monitor does, each as a conversation of guest, monitor and clients."""
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys

from monitorlab import (RING, WINDOW, Peer, bytes_of, frame, hello, mount_tmpfs, need_root, number, records_of)
from relaylab import DEADLINE, until

PART = 16384
HEAD = 41  # the bytes of a record beside its own
STARTED = frame("S", b"pid=7")


def a_life(lab):
    m = lab.monitor("--stdin")
    early = m.client(hears=(number("W", WINDOW),))
    m.begin(number("W", 100), frame("O", b"hello\n"), frame("E", b"oh\nno"))
    early.expect(STARTED, frame("O", b"hello\n"), frame("E", b"oh\nno"))
    late = m.client(hears=(STARTED, number("W", WINDOW)))
    m.guest.send(frame("E", b"!\n"))
    early.expect(frame("E", b"!\n"))
    late.expect(frame("E", b"!\n"))
    m.guest.send(frame("X", b"status=137 signal=9 oom=1"))
    for client in early, late:
        client.expect(frame("X", b"status=137 signal=9 oom=1"))
        client.expect_end()
    m.guest.expect_end()
    m.wait()
    assert m.record() == {"status": 137, "signal": 9, "oom": True}
    assert bytes_of(m.records()) == b"hello\n" and bytes_of(m.records(), "stderr") == b"oh\nno!\n"
    assert lab.names() == ["exit", "log", "port"], lab.names()


def records_of_an_end(lab):
    """The text of X, and what becomes of it; None: it says nothing that could be believed."""
    ends = {
        b"status=0": {"status": 0, "signal": 0, "oom": False},
        b"status=255": {"status": 255, "signal": 0, "oom": False},
        b"status=143 signal=15": {"status": 143, "signal": 15, "oom": False},
        b"status=137 signal=9 oom=0": {"status": 137, "signal": 9, "oom": False},
        b"oom=1 status=137": {"status": 137, "signal": 0, "oom": True},
        b"status=1 later=word": {"status": 1, "signal": 0, "oom": False},
        b"": None, b"signal=9": None, b"status=256": None, b"status=-1": None, b"status=1\0": None,
        b"status=99999999999999999999": None, b"status=0x1": None, b"status=": None, b"a" * 128: None,
    }
    for text, want in ends.items():
        m = lab.monitor()
        client = m.begin().client(hears=(STARTED,))
        m.guest.send(frame("X", text))
        m.wait()
        assert m.record() == (want or {"lost": True}), text
        got = client.frames_to_the_end()
        assert got == ([("X", text)] if want else []), (text, got)
        os.unlink(lab.path("port"))


def an_exit_record_of_before(lab):
    """It is removed by a start, and by none that fails."""
    with open(lab.path("exit"), "w", encoding="ascii") as file:
        file.write("before")
    assert lab.run(lab.command()).returncode == 1
    assert lab.names() == ["exit"]
    m = lab.monitor()
    assert not os.path.exists(m.exit)
    m.begin().finish()
    assert m.record()["status"] == 0


def starts_that_fail(lab):
    listening = lab.listen(lab.path("port"))
    os.mkdir(lab.path("folder"))
    os.symlink("nowhere", lab.path("link"))
    before = lab.names()
    cases = {
        "no port": ({"port": lab.path("none")}, (), b"connect: "),
        "a port that is none": ({"port": lab.path("folder")}, (), b"connect: "),
        "no folder of the port": ({"port": lab.path("none", "port")}, (), b"open the directory of: "),
        "another process at the port": ({}, ("--peer", "1"), b"process %d listens there, not 1" % os.getpid()),
        "a token with 31 digits": ({"token": "a" * 31}, (), b"usage: "),
        "a token of other letters": ({"token": "g" * 32}, (), b"usage: "),
        "no token": ({"token": None}, (), b"usage: "),
        "no log": ({"log": None}, (), b"usage: "),
        "no folder of the log": ({"log": lab.path("none", "log")}, (), b"open the directory of: "),
        "a log that is a folder": ({"log": lab.path("folder")}, (), b"open the log: folder: "),
        "a log that is a link": ({"log": lab.path("link")}, (), b"open the log: link: "),
        "a log with too long a name": ({"log": lab.path("l" * 252)}, (), b"open the log: "),
        "no room for its name": ({"exit": lab.path("e" * 255)}, (), b"make the exit record: "),
        "a pid file that is a folder": ({"pid": lab.path("folder")}, (), b"write the pid: folder: "),
        "an attach socket that is a file": ({"attach": "/dev/null"}, (), b"bind: /dev/null: "),
        "no size": ({}, ("--log-size", "0"), b"usage: "),
        "a size that is none": ({}, ("--log-size", "1k"), b"usage: "),
        "no files": ({}, ("--log-files", "0"), b"usage: "),
        "too many files": ({}, ("--log-files", "101"), b"usage: "),
        "a word too many": ({}, ("word",), b"usage: "),
        "a program by its name": ({}, ("--", "true"), b"usage: "),
    }
    for name, (changed, options, why) in cases.items():
        done = lab.run(lab.command(*options, **changed))
        assert done.returncode == 1 and done.stderr.startswith(b"mica-monitor: "), (name, done)
        assert why in done.stderr and done.stderr.count(b"\n") == 1, (name, done.stderr)
        assert lab.names() == before, (name, lab.names())
    listening.close()


def a_second_monitor(lab):
    """It disturbs none that is there; what a killed one has left is no obstacle."""
    m = lab.monitor().begin(frame("O", b"1"))
    done = lab.run(lab.command(pid=lab.path("pid2"), exit=lab.path("exit2"), log=lab.path("log2")))
    assert done.returncode == 1 and b"another monitor listens there" in done.stderr, done
    client = m.client(hears=(STARTED,))
    client.close()
    m.kill()
    m.wait()
    assert lab.names() == ["attach", "exit.new", "log", "pid", "port"], lab.names()
    os.unlink(lab.path("port"))
    m = lab.monitor().begin()
    m.finish()
    assert lab.names() == ["exit", "log", "port"], lab.names()


def split_lines(lab):
    """What is written, in frames of stdout, and the records of it."""
    long = bytes(random.Random(1).choices(range(32, 127), k=3 * PART))
    cases = [
        ([b"a\n"], [("F", b"a")]),
        ([b"\n\n"], [("F", b""), ("F", b"")]),
        ([b"a", b"b\nc", b"\n"], [("F", b"ab"), ("F", b"c")]),
        ([b"\0\r\xff\n"], [("F", b"\0\r\xff")]),
        ([long[:PART] + b"\n"], [("F", long[:PART])]),
        ([long[:PART], b"\n"], [("F", long[:PART])]),
        ([long[:PART + 1] + b"\n"], [("P", long[:PART]), ("F", long[PART:PART + 1])]),
        ([long[:2 * PART] + b"\n"], [("P", long[:PART]), ("F", long[PART:2 * PART])]),
        ([long[:100], long[100:2 * PART + 5], b"\n"],
         [("P", long[:PART]), ("P", long[PART:2 * PART]), ("F", long[2 * PART:2 * PART + 5])]),
        ([b""], []),
    ]
    for chunks, want in cases:
        m = lab.monitor()
        # The end of the session right behind: a line that is complete is not waited for.
        m.begin(*[frame("O", chunk) for chunk in chunks])
        m.finish()
        assert m.records() == [("stdout", tag, data) for tag, data in want], (chunks[0][:20], m.records())
        os.unlink(m.log)
        os.unlink(lab.path("port"))


def an_unfinished_line(lab):
    """It is written after a while, and what follows is its continuation; at the end nothing is held back."""
    m = lab.monitor().begin(frame("O", b"login: "))
    until(lambda: m.records() == [("stdout", "P", b"login: ")], "the prompt in the log")
    m.guest.send(frame("E", b"x\n"), frame("O", b"root\n"), frame("O", b"bye"), frame("E", b"end"))
    m.finish()
    assert m.records()[1:] == [("stderr", "F", b"x"), ("stdout", "F", b"root"), ("stdout", "P", b"bye"),
                               ("stderr", "P", b"end")], m.records()


def half_a_record_of_before(lab):
    with open(lab.path("log"), "wb") as file:
        file.write(b"2026-01-01T00:00:00.000000000Z stdout F tor")
    m = lab.monitor().begin(frame("O", b"new\n"))
    m.finish()
    assert m.records() == [("stdout", "F", b"tor"), ("stdout", "F", b"new")]


def rotation(lab):
    """Never more than was said, nothing lost but the oldest, and never a record in two."""
    for size, files, lines, length in ((10000, 3, 2000, 60), (10000, 1, 2000, 60), (5000, 5, 50, 12000),
                                       (1, 2, 30, 10), (100000, 100, 2000, 60)):
        rng = random.Random(size)
        m = lab.monitor("--log-size", str(size), "--log-files", str(files)).begin()
        wrote = [b"%d %s" % (i, b"x" * rng.randrange(length)) for i in range(lines)]
        for at in range(0, lines, 20):
            m.guest.send(*[frame("OE"[i % 2], wrote[i] + b"\n") for i in range(at, min(at + 20, lines))])
        m.finish()
        names = [name for name in lab.names() if name.startswith("log")]
        numbers = sorted(int(name[4:] or 0) for name in names)
        assert numbers == list(range(len(numbers))) and len(numbers) <= files, names
        sizes = [os.stat(lab.path(name)).st_size for name in names]
        assert max(sizes) <= max(size, length + HEAD + 10), (size, sizes)
        got = [record for i in reversed(numbers) for record in m.records(i)]
        assert [data for _, _, data in got] == wrote[len(wrote) - len(got):], (size, len(got))
        assert {tag for _, tag, _ in got} <= {"F"}
        assert len(numbers) == files or len(got) == lines, "something was thrown away without need"
        for name in names:
            os.unlink(lab.path(name))
        os.unlink(lab.path("port"))


def rotation_goes_on(lab):
    """Where the one of before has stopped: the size of FILE counts."""
    text = b"2026-01-01T00:00:00.000000000Z stdout F before\n"
    with open(lab.path("log"), "wb") as file:
        file.write(text * 20)
    m = lab.monitor("--log-size", str(20 * len(text) + 5)).begin(frame("O", b"after\n"))
    m.finish()
    assert m.records() == [("stdout", "F", b"after")] and len(m.records(1)) == 20


def a_full_disk(lab):
    """The process is not held up, what is lost is counted, and its end is recorded all the same."""
    need_root()
    mount_tmpfs(lab.path("disk"), 65536)
    m = lab.monitor(log=lab.path("disk", "log"), exit=lab.path("disk", "exit")).begin()
    client = m.client(hears=(STARTED,))
    first = [frame("O", b"%d\n" % i) for i in range(100)]
    m.guest.send(*first)
    client.expect(*first)
    until(lambda: len(m.records()) == 100, "the first records")
    with open(lab.path("disk", "filler"), "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    lines = [frame("O", b"%04d %s\n" % (i, b"y" * 100)) for i in range(1000)]
    for line in lines:
        m.guest.send(line)
        client.expect(line)
    os.unlink(lab.path("disk", "filler"))
    m.guest.send(frame("O", b"again\n"))
    client.expect(frame("O", b"again\n"))
    until(lambda: m.records()[-1] == ("stdout", "F", b"again"), "the record after the loss")
    records = m.records()
    told = [data for stream, _, data in records if stream == "stderr"]
    lost = [data.split() for data in told]
    kept = [data for stream, _, data in records if stream == "stdout"]
    assert all(b"mica-monitor: " in data and b"No space left" in data for data in told), told
    assert sum(int(words[1]) for words in lost) + len(kept) == 1101, (told, len(kept))
    assert sum(int(words[4]) for words in lost) == (1101 - len(kept)) * 105, told
    assert records[-2][0] == "stderr", "the loss is told where it was"
    with open(lab.path("disk", "filler"), "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    m.guest.send(*lines)
    client.expect(*lines)
    m.finish(b"status=3")
    assert m.record()["status"] == 3
    m.records()


def a_full_disk_at_the_start(lab):
    need_root()
    mount_tmpfs(lab.path("disk"), 4096)
    with open(lab.path("disk", "filler"), "wb", buffering=0) as file:
        file.write(b"x" * 4096)
    lab.listen(lab.path("port"))
    done = lab.run(lab.command(exit=lab.path("disk", "exit")))
    assert done.returncode == 1 and b"make room for the exit record: exit: No space left" in done.stderr, done
    assert os.listdir(lab.path("disk")) == ["filler"] and lab.names() == ["disk", "port"], lab.names()


def a_torrent(lab):
    """50 MB of random bytes, one client that must not lose any, one that reads, one that does not."""
    size = 50_000_000
    data = random.Random(3).randbytes(size)
    m = lab.monitor("--log-size", str(1 << 30)).begin()
    reliable, fast, stuck = m.reliable(), m.client(hears=(STARTED,)), m.client(hears=(STARTED,))
    rng = random.Random(4)
    frames, at = [], 0
    while at < size:
        length = rng.choice((1, 100, 5000, 65536))
        frames.append(frame("O", data[at:at + length]))
        at += length
    stream = b"".join(frames) + frame("X", b"status=0")
    sent, got = 0, {reliable: bytearray(), fast: bytearray()}
    m.guest.sock.setblocking(False)
    for client in got:
        client.sock.setblocking(False)
    while len(got[reliable]) < len(stream) or len(got[fast]) < len(stream):
        # The slow one stays so far behind that it is the one who holds up, and the other is never too far.
        behind = len(got[fast]) - len(got[reliable])
        slow = [reliable.sock] if behind > RING // 2 or len(got[fast]) == len(stream) else []
        waiting = [fast.sock] if len(got[fast]) < len(stream) else []
        ready = select.select(waiting + slow, [m.guest.sock] if sent < len(stream) else [], [], DEADLINE)
        assert any(ready), f"nothing moves: sent {sent}, got {len(got[fast])} and {len(got[reliable])}"
        if ready[1]:
            sent += m.guest.sock.send(stream[sent:sent + 262144])
        if fast.sock in ready[0]:
            got[fast] += fast.sock.recv(1 << 20)
        elif reliable.sock in ready[0]:
            got[reliable] += reliable.sock.recv(50000)
    assert got[reliable] == stream and got[fast] == stream
    kinds = [kind for kind, _ in stuck.frames_to_the_end()]
    assert "X" not in kinds and len(kinds) < len(frames), "who does not read is cut off"
    m.wait()
    assert bytes_of(m.records()) == data, "the log has other bytes"


def nobody_holds_it_up(lab):
    """But the reliable one: without one, a guest gets rid of everything though nobody reads."""
    m = lab.monitor("--log-size", "100000").begin()
    stuck = [m.client(hears=(STARTED,)) for _ in range(5)]
    for _ in range(100):
        m.guest.send(frame("O", b"z" * 65535 + b"\n"))
    m.guest.send(frame("X", b"status=0"))
    m.wait()
    assert all(("X", b"status=0") not in client.frames_to_the_end() for client in stuck)


def fill(m):
    """Output until the monitor takes no more: how much went, and what is missing of the last frame."""
    m.guest.sock.setblocking(False)
    sent, chunk = 0, frame("O", b"z" * 65535 + b"\n")
    rest = b""
    try:
        while sent < 100 << 20:
            rest = rest or chunk
            put = m.guest.sock.send(rest)
            rest = rest[put:]
            sent += put
            # Full for as long as the monitor is not at work.
            if not select.select([], [m.guest.sock], [], 0)[1]:
                until(lambda: select.select([], [m.guest.sock], [], 0)[1] or m.sleeps(), "the monitor's turn")
    except BlockingIOError:
        pass
    m.guest.sock.settimeout(DEADLINE)
    assert sent < 100 << 20, "nothing holds it up"
    return sent, rest


def a_reliable_one_that_is_killed(lab):
    """Held up by it, the guest goes on when it is gone; so do the others."""
    m = lab.monitor("--log-size", "100000").begin()
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]); import monitorlab as l; "
         "c = l.Client(sys.argv[2], l.frame('R'), hears=(l.frame('R'), l.frame('S', b'pid=7'))); "
         "print('there', flush=True); sys.stdin.read()", os.path.dirname(__file__), m.attach],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"there\n"
        _, rest = fill(m)
        until(m.sleeps, "a monitor that waits")
        holder.kill()
        m.guest.send(rest, *[frame("O", b"y" * 60000)] * 50)
        late = m.client(hears=(STARTED,))
        m.guest.send(frame("O", b"late\n"))
        late.expect(frame("O", b"late\n"))
        m.finish()
    finally:
        holder.kill()
        holder.wait()


def a_guest_that_goes_while_held_up(lab):
    """What it said before is not lost, and nothing turns in circles meanwhile."""
    m = lab.monitor("--log-size", "100000").begin()
    reliable = m.reliable()
    sent, _ = fill(m)
    m.guest.close()
    until(m.sleeps, "a monitor that waits")
    assert not os.path.exists(m.exit)
    got = sum(8 + len(data) for _, data in reliable.frames_to_the_end())
    assert 0 <= sent - got < 65544, (sent, got)
    m.wait()
    assert m.record() == {"lost": True}


def a_reliable_one_that_reads_late(lab):
    """The end waits for it, and for nobody else who does not read."""
    m = lab.monitor(program=("/bin/true",)).begin()
    reliable, stuck = m.reliable(), m.client(hears=(STARTED,))
    lines = [frame("O", b"%d %s\n" % (i, b"q" * 60000)) for i in range(12)]
    m.guest.send(*lines, frame("X", b"status=1"))
    assert m.record()["status"] == 1
    until(lambda: not os.path.exists(m.attach), "the attach socket's end")
    hung = select.poll()
    hung.register(stuck.sock, 0)
    assert hung.poll(DEADLINE * 1000), "who does not read is waited for"
    assert not m.is_gone()
    reliable.expect(*lines, frame("X", b"status=1"))
    reliable.expect_end()
    m.wait()


def input_by_allowance(lab):
    m = lab.monitor("--stdin").begin()
    client = m.client(hears=(STARTED, number("W", WINDOW)))
    client.send(frame("I", b"0123456789"), number("K", 15), frame("Z", b"\0\x18\0\x50"))
    # Without an allowance only those come that need none.
    assert sorted([m.guest.frame(), m.guest.frame()]) == [("K", b"\0\0\0\x0f"), ("Z", b"\0\x18\0\x50")]
    m.guest.send(number("W", 4))
    m.guest.expect(frame("I", b"0123"))
    client.expect(number("W", 4))
    m.guest.send(number("W", 100))
    m.guest.expect(frame("I", b"456789"))
    client.expect(number("W", 6))
    client.send(frame("I", b"x"), frame("I", b"y"))
    got = b""
    while len(got) < 2:
        kind, data = m.guest.frame()
        assert kind == "I"
        got += data
    assert got == b"xy"
    m.finish()


def words_between_output(lab):
    """What is for one client alone stands between two frames, however far it is behind and whatever it has read."""
    m = lab.monitor("--stdin").begin(number("W", 262144))
    client = m.client(hears=(STARTED, number("W", WINDOW)))
    lines = [frame("O", b"%d %s\n" % (i, b"w" * (i * 37 % 5000))) for i in range(300)]
    m.guest.send(*lines)
    # The first are read: what fills the socket then ends within a frame.
    output = [frame(*client.frame()) for _ in range(120)]
    until(m.sleeps, "a monitor that waits")
    client.send(*[frame("I", b"i" * 100)] * 50)
    got = 0
    while got < 5000:
        kind, data = m.guest.frame()
        assert kind == "I"
        got += len(data)
    told = 0
    while told < 5000 or len(output) < len(lines):
        kind, data = client.frame()
        if kind == "W":
            told += struct.unpack(">I", data)[0]
        else:
            output.append(frame(kind, data))
    assert told == 5000 and output == lines
    m.finish()


def much_input(lab):
    """20 MB, allowed bit by bit, byte for byte."""
    data = random.Random(7).randbytes(20_000_000)
    m = lab.monitor("--stdin").begin(number("W", 262144))
    client = m.client(frame("R"), hears=(frame("R"), STARTED, number("W", WINDOW)))
    allowed, at, got = WINDOW, 0, bytearray()
    rng = random.Random(8)
    inbox, guest_inbox = bytearray(), bytearray()
    outbox = b""
    for peer in client, m.guest:
        peer.sock.setblocking(False)
    owed = 0
    ended = False
    while not ended:
        if not outbox and allowed and at < len(data):
            size = min(allowed, rng.choice((1, 1000, 65536)), len(data) - at)
            outbox = frame("I", data[at:at + size]) + (frame("C") if at + size == len(data) else b"")
            at += size
            allowed -= size
        ready = select.select([client.sock, m.guest.sock], [client.sock] if outbox else [], [], DEADLINE)
        assert any(ready), "nothing moves"
        if ready[1]:
            outbox = outbox[client.sock.send(outbox):]
        if client.sock in ready[0]:
            inbox += client.sock.recv(1 << 16)
            while len(inbox) >= 12:
                assert inbox[:8] == b"W\0\0\0\0\0\0\4"
                allowed += struct.unpack(">I", inbox[8:12])[0]
                del inbox[:12]
        if m.guest.sock in ready[0]:
            guest_inbox += m.guest.sock.recv(1 << 18)
            while len(guest_inbox) >= 8:
                kind, size = struct.unpack(">BxxxI", guest_inbox[:8])
                if len(guest_inbox) < 8 + size:
                    break
                payload = guest_inbox[8:8 + size]
                del guest_inbox[:8 + size]
                ended = chr(kind) == "C"
                got += payload
                owed += size
            if owed > 100000 or (owed and len(got) == len(data)):
                m.guest.sock.setblocking(True)
                m.guest.send(number("W", owed))
                m.guest.sock.setblocking(False)
                owed = 0
    assert got == data
    m.guest.sock.settimeout(DEADLINE)
    m.finish()


def input_of_two(lab):
    """One at a time; nothing of either is lost, and the end of one who looks on ends nothing."""
    m = lab.monitor("--stdin").begin()
    a, b = (m.client(hears=(STARTED, number("W", WINDOW))) for _ in range(2))
    a.send(frame("I", b"a" * 1000))
    b.send(frame("I", b"b" * 1000), frame("C"), number("K", 1))
    m.guest.expect(number("K", 1))
    m.guest.send(number("W", 5000))
    got = b""
    while len(got) < 2000:
        kind, data = m.guest.frame()
        assert kind == "I" and len(set(data)) == 1, (kind, data)
        got += data
    assert got in (b"a" * 1000 + b"b" * 1000, b"b" * 1000 + b"a" * 1000)
    reliable = m.client(frame("R"), frame("I", b""), hears=(frame("R"), STARTED, number("W", WINDOW)))
    reliable.send(frame("I", b"c"), frame("C"), frame("I", b"d"), frame("C"), frame("C"))
    m.guest.expect(frame("I", b"c"), frame("C"), frame("I", b"d"), frame("C"), frame("C"))
    m.finish()


def input_of_one_who_went(lab):
    m = lab.monitor("--stdin").begin()
    client = m.client(hears=(STARTED, number("W", WINDOW)))
    client.send(frame("I", b"a word"))
    client.close()
    m.client(hears=(STARTED, number("W", WINDOW)))
    m.guest.send(number("W", 100))
    m.guest.expect(frame("I", b"a word"))
    m.finish()


def the_last_size_counts(lab):
    m = lab.monitor()
    client = m.client()
    client.send(*[frame("Z", struct.pack(">HH", i, i)) for i in range(1, 2001)])
    last = 0
    while last != 2000:
        kind, data = m.guest.frame()
        rows, columns = struct.unpack(">HH", data)
        assert kind == "Z" and rows == columns and rows > last, (kind, rows, last)
        last = rows
    m.begin().finish()


def signals_while_the_guest_does_not_read(lab):
    """They wait, in their order, and none is lost; the monitor's memory is not what they wait in."""
    m = lab.monitor().begin()
    client = m.client(hears=(STARTED,))
    client.sock.setblocking(False)
    sent = 0
    data = b"".join(number("K", i) for i in range(200_000))
    try:
        while sent < len(data):
            sent += client.sock.send(data[sent:sent + 120_000])
            if not select.select([], [client.sock], [], 0)[1]:
                until(lambda: select.select([], [client.sock], [], 0)[1] or m.sleeps(), "the monitor's turn")
    except BlockingIOError:
        pass
    assert sent < len(data), "the monitor keeps everything"
    other = m.client(hears=(STARTED,))
    m.guest.send(frame("O", b"x"))
    other.expect(frame("O", b"x"))
    m.guest.expect(*[number("K", i) for i in range(sent // 12)])
    m.finish()


def clients_that_break_the_protocol(lab):
    m = lab.monitor("--stdin").begin()
    witness = m.client(frame("R"), hears=(frame("R"), STARTED, number("W", WINDOW)))
    bad = {
        "no greeting": frame("I", b"x"),
        "letters": b"GET / HTTP/1.0\r\n\r\n",
        "zeros": bytes(64),
        "a greeting of another length": frame("H", b"short"),
        "two greetings": hello() + hello(),
        "an unknown type": hello() + frame("Q"),
        "a frame of the guest": hello() + frame("O", b"x"),
        "a second reliable one": hello() + frame("R"),
        "oversize": hello() + struct.pack(">BxxxI", ord("I"), 65537),
        "huge": hello() + struct.pack(">BxxxI", ord("I"), 0xFFFFFFFF),
        "more than allowed": hello() + frame("I", b"i" * 65536) + frame("I", b"j"),
        "a size of 3 bytes": hello() + frame("Z", b"abc"),
        "an end with bytes": hello() + frame("C", b"x"),
        "bytes that must be zero": hello() + b"K\0\1\0\0\0\0\4\0\0\0\1",
    }
    for name, data in bad.items():
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(m.attach)
        peer = Peer(sock)
        peer.send(data)
        kinds = [kind for kind, _ in peer.frames_to_the_end()]
        assert kinds in ([], ["H"], ["H", "S"], ["H", "S", "W"]), (name, kinds)
    m.guest.send(number("W", 5), frame("O", b"fine\n"))
    witness.expect(frame("O", b"fine\n"))
    witness.send(frame("I", b"w"))
    m.guest.expect(frame("I", b"w"))
    m.finish()


def input_where_there_is_none(lab):
    m = lab.monitor().begin(number("W", 1000))
    client = m.client(hears=(STARTED,))
    client.send(frame("I", b"x"))
    client.expect_end()
    reliable = m.reliable()
    reliable.send(frame("C"), number("K", 2))
    m.guest.expect(number("K", 2))
    m.finish()


def attached_again(lab):
    """Nothing is told again, but that it was started."""
    m = lab.monitor().begin()
    for i in range(300):
        client = m.client(hears=(STARTED,)) if i % 2 else m.reliable()
        m.guest.send(frame("O", b"%d\n" % i))
        client.expect(frame("O", b"%d\n" % i))
        client.close()
    m.finish()


def many_clients(lab):
    """64 at a time; another one waits until one goes."""
    m = lab.monitor().begin()
    clients = [m.client(hears=(STARTED,)) for _ in range(64)]
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(m.attach)
    waiting = Peer(sock)
    waiting.send(hello())
    m.guest.send(frame("O", b"1"))
    for client in clients:
        client.expect(frame("O", b"1"))
    until(m.sleeps, "a monitor that waits")
    clients.pop().close()
    waiting.expect(hello(), STARTED)
    for client in clients:
        client.close()
    m.finish()


def a_pipe_of_before(lab):
    """All that came before the guest's greeting is thrown away, however it comes."""
    rng = random.Random(5)
    before = [b"", hello(b"x" * 16), hello()[:23], b"H" * 100, frame("O", b"old\n") * 3, b"H\0\0\0\0\0\0\x10" * 5,
              rng.randbytes(300_000)]
    for old in before:
        for piece in (1, 7, 100_000):
            if piece * 10_000 < len(old):
                continue
            m = lab.monitor()
            client = m.client()
            data = old + hello() + frame("O", b"new\n")
            for at in range(0, len(data), piece):
                m.guest.send(data[at:at + piece])
            client.expect(frame("O", b"new\n"))
            m.finish()
            assert m.records() == [("stdout", "F", b"new")], (old[:30], m.records())
            os.unlink(m.log)
            os.unlink(lab.path("port"))


def guests_that_break_the_protocol(lab):
    rng = random.Random(6)
    bad = {
        "garbage": rng.randbytes(100_000),
        "a second greeting": hello(),
        "a second start": STARTED,
        "a frame of the host": frame("I", b"x"),
        "oversize": struct.pack(">BxxxI", ord("O"), 65537),
        "huge": struct.pack(">BxxxI", ord("O"), 0xFFFFFFFF),
        "a long start": frame("S", b"x" * 129),
        "half an allowance": frame("W", b"\0\0"),
        "bytes that must be zero": b"O\0\0\1\0\0\0\0",
    }
    for name, data in bad.items():
        m = lab.monitor().begin(frame("O", b"before\n"), number("W", 0xFFFFFFFF), number("W", 0xFFFFFFFF))
        client = m.client()
        try:
            m.guest.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        m.guest.expect_end()
        m.wait()
        assert m.record() == {"lost": True}, name
        assert all(kind in "SO" for kind, _ in client.frames_to_the_end()), name
        assert m.records() == [("stdout", "F", b"before"),
                               ("stderr", "F", b"mica-monitor: the guest broke the protocol")], name
        os.unlink(m.log)
        os.unlink(lab.path("port"))


def a_lost_guest(lab):
    for said in (b"", hello()[:10], hello(), hello() + STARTED + frame("O", b"half a line"),
                 hello() + frame("O", b"whole")[:-1], hello() + frame("X", b"status=0")[:-1]):
        m = lab.monitor(program=("/bin/sh", "-c", "cat \"$1\"", "sh", lab.path("exit")))
        client = m.client()
        m.guest.send(said)
        m.guest.close()
        m.wait()
        assert m.record() == {"lost": True}
        assert not [kind for kind, _ in client.frames_to_the_end() if kind == "X"]
        assert not os.path.exists(m.attach) and not os.path.exists(m.pid_file)
        with open(lab.path("hook.log"), encoding="ascii") as file:
            assert file.read().startswith('{"lost":true,')
        for name in ("log", "hook.log", "port", "exit"):
            os.unlink(lab.path(name))


def a_program_for_the_end(lab):
    """Once, with the record there, without a shell, with nothing of the monitor's."""
    script = ("echo \"$# $1 $2\"; cat \"$3\"; cat; ls /proc/self/fd; sed -n '/^Sig\\(Blk\\|Ign\\)/p' /proc/self/status; "
              "pwd; [ -S \"$4\" ] || echo unlinked; echo error >&2")
    m = lab.monitor(program=("/bin/sh", "-c", script, "sh", "a b", "$HOME", lab.path("exit"), lab.path("attach")))
    client = m.begin().client()
    m.finish(b"status=5")
    client.close()
    with open(lab.path("hook.log"), encoding="ascii") as file:
        lines = file.read().splitlines()
    assert lines[0] == "4 a b $HOME" and lines[1].startswith('{"status":5,'), lines
    assert lines[2:] == ["0", "1", "2", "3", "SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000", "/", "unlinked",
                         "error"], lines


def a_program_that_is_not_there(lab):
    m = lab.monitor(program=("/none",)).begin()
    m.finish()
    assert m.record()["status"] == 0
    with open(lab.path("hook.log"), encoding="ascii") as file:
        assert file.read() == "mica-monitor: cannot run /none: No such file or directory\n"


def a_program_that_says_much(lab):
    """What it has said at the ends of before is kept, but not without bound."""
    for size, kept in ((1 << 20, True), ((1 << 20) + 1, False)):
        with open(lab.path("hook.log"), "wb") as file:
            file.write(b"x" * size)
        m = lab.monitor(program=("/bin/echo", "said")).begin()
        m.finish()
        with open(lab.path("hook.log"), "rb") as file:
            assert file.read() == (b"x" * size if kept else b"") + b"said\n"
        os.unlink(lab.path("port"))


def waited_for(lab):
    """The monitor ends after the program, and a container that is started again meanwhile keeps its own files."""
    os.mkfifo(lab.path("fifo"))
    m = lab.monitor(program=("/bin/cat", lab.path("fifo"))).begin()
    m.guest.send(frame("X", b"status=0"))
    assert m.record()["status"] == 0
    until(lambda: not os.path.exists(m.attach), "the attach socket's end")
    assert not m.is_gone() and os.path.exists(m.pid_file)
    os.unlink(lab.path("port"))
    again = lab.monitor()
    with open(lab.path("fifo"), "w", encoding="ascii") as fifo:
        fifo.write("end")
    m.wait()
    assert os.path.exists(again.attach) and os.path.exists(again.pid_file)
    again.begin().finish()


def signals_to_it(lab):
    """SIGTERM ends it: no record, no program, an end for guest and clients. No other that can be held back does."""
    m = lab.monitor(program=("/bin/false",)).begin(frame("O", b"half"))
    client = m.client(hears=(STARTED,))
    for number_of in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGPIPE, signal.SIGALRM,
                      signal.SIGTSTP, signal.SIGWINCH, signal.SIGRTMIN):
        os.kill(m.pid, number_of)
    m.guest.send(frame("O", b" a line"))
    while (got := client.frame()) != ("O", b" a line"):
        assert got == ("O", b"half")
    os.kill(m.pid, signal.SIGTERM)
    client.expect_end()
    m.guest.expect_end()
    m.wait()
    assert lab.names() == ["log", "port"], lab.names()
    assert b"".join(data for _, _, data in m.records()) == b"half a line"


def long_paths(lab):
    deep = lab.path(*["d" * 200] * 3)
    os.makedirs(deep)
    m = lab.monitor(**{name: os.path.join(deep, name) for name in ("port", "attach", "log", "exit", "pid")}).begin()
    client = m.client(hears=(STARTED,))
    m.guest.send(frame("O", b"far\n"))
    client.expect(frame("O", b"far\n"))
    m.finish()
    assert m.record()["status"] == 0 and bytes_of(m.records()) == b"far\n"


def relative_paths(lab):
    listening = lab.listen(lab.path("port"))
    done = subprocess.run(lab.command(port="port", attach="attach", log="log", exit="exit", pid="pid"),
                          cwd=lab.folder, capture_output=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0, done
    guest = Peer(listening.accept()[0])
    guest.expect(hello())
    guest.send(hello(), frame("O", b"here\n"), frame("X", b"status=0"))
    until(lambda: not os.path.exists(lab.path("pid")), "the end of the monitor")
    assert bytes_of(records_of(lab.path("log"))) == b"here\n"


def what_it_may(lab):
    """It has no capability, no file but its own, and nobody else may connect."""
    m = lab.monitor("--peer", str(os.getpid()), program=("/bin/true",)).begin()
    client = m.client(hears=(STARTED,))  # it is in its loop, and has what it opens
    with open(f"/proc/{m.pid}/status", encoding="ascii") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert os.stat(m.attach).st_mode & 0o777 == 0o600 and os.stat(m.log).st_mode & 0o777 == 0o600
    assert os.getsid(m.pid) == m.pid
    links = [os.readlink(f"/proc/{m.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{m.pid}/fd")]
    assert links.count("/dev/null") == 3, links
    # Root has its folders as mounts of their own, so that nothing is above them.
    files = ("/", "/exit.new", "/pid", "/log") if not os.geteuid() else \
        (lab.folder, *(lab.path(name) for name in ("exit.new", "pid", "log")))
    assert sorted(set(link for link in links if link[0] == "/")) == sorted({"/dev/null", *files}), links
    assert all(link.startswith(("/", "socket:", "anon_inode:", "pipe:")) for link in links), links
    if not os.geteuid():
        assert all(int(status["Cap" + which], 16) == 0 for which in ("Inh", "Prm", "Eff", "Bnd", "Amb")), status
        assert os.listdir(f"/proc/{m.pid}/root") == []
    if not os.environ.get("MICA_SANITIZE"):
        assert status["Seccomp"] == "2" and status["Threads"] == "1"
    client.close()
    m.finish()


def many_lives(lab):
    """One after the other at the same places, as a container that is started again and again."""
    listening = lab.listen(lab.path("port"))
    for i in range(50):
        m = lab.monitor(listening=listening).begin(frame("O", b"%d\n" % i))
        m.finish(b"status=%d" % i)
        assert m.record()["status"] == i
    assert bytes_of(m.records()) == b"".join(b"%d\n" % i for i in range(50))
    assert lab.names() == ["exit", "log", "port"]


CASES = [a_life, records_of_an_end, an_exit_record_of_before, starts_that_fail, a_second_monitor, split_lines,
         an_unfinished_line, half_a_record_of_before, rotation, rotation_goes_on, a_full_disk,
         a_full_disk_at_the_start, a_torrent, nobody_holds_it_up, a_reliable_one_that_is_killed,
         a_guest_that_goes_while_held_up, a_reliable_one_that_reads_late, input_by_allowance, words_between_output,
         much_input, input_of_two, input_of_one_who_went, the_last_size_counts, signals_while_the_guest_does_not_read,
         clients_that_break_the_protocol, input_where_there_is_none, attached_again, many_clients, a_pipe_of_before,
         guests_that_break_the_protocol, a_lost_guest, a_program_for_the_end, a_program_that_is_not_there,
         a_program_that_says_much, waited_for, signals_to_it, long_paths, relative_paths, what_it_may, many_lives]
