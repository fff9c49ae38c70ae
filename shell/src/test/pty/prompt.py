#!/usr/bin/python3
"""prompt: types at a real terminal and waits for what a user would see.

  prompt.py CASE COMMAND ...

runs COMMAND, the prompt, on a pty of its own, and CASE with it. Ends with 0, or with 1 and a line
that says what was waited for and what was there instead. Nothing is waited for longer than DEADLINE
seconds, which only a hang exceeds: how fast something is depends on the machine, and is printed.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

DEADLINE = 60
CONTROL = re.compile(r"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b[=>()][0B]?|\x1b\][^\x07]*\x07|[\r\x07]")


class Failure(Exception):
    pass


class Terminal:
    """A pty with the prompt on it. seen: all that came, as text without control sequences."""

    def __init__(self, command, rows=24, columns=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            size = struct.pack("HHHH", rows, columns, 0, 0)
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            # A shell has its background jobs ignore it, and a JVM leaves it at that.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execvp(command[0], command)
        os.set_blocking(self.fd, False)
        self.raw, self.at, self.unsent = b"", 0, b""

    @property
    def seen(self):
        return CONTROL.sub("", self.raw.decode("utf-8", "replace"))

    def type(self, keys):
        self.unsent += keys.encode()
        self.exchange(0)

    def exchange(self, seconds):
        """Writes and reads what can be, waiting at most so long. False: the other end is closed."""
        out = [self.fd] if self.unsent else []
        readable, writable, _ = select.select([self.fd], out, [], seconds)
        if writable:
            self.unsent = self.unsent[os.write(self.fd, self.unsent[:65536]):]
        if readable:
            try:
                got = os.read(self.fd, 1 << 16)
            except OSError:  # EIO: nobody has it open any more
                return False
            self.raw += got
            return bool(got)
        return True

    def sees(self, text):
        """Waits for text behind what was seen before; the seconds that took."""
        start = time.monotonic()
        while True:
            seen = self.seen
            found = seen.find(text, self.at)
            if found >= 0:
                self.at = found + len(text)
                return time.monotonic() - start
            left = start + DEADLINE - time.monotonic()
            if left <= 0 or not self.exchange(left):
                raise Failure("waited %.1f s for %r, seen: %r" % (DEADLINE, text, seen[self.at:][-2000:]))

    def ends(self):
        """Waits until the program has ended; its exit status."""
        start = time.monotonic()
        while self.exchange(0.05):
            if time.monotonic() - start > DEADLINE:
                raise Failure("it does not end")
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def leave(terminal):
    terminal.type("\x04")
    status = terminal.ends()
    if status != 0:
        raise Failure("it ended with %d" % status)


def appears(command):
    terminal = Terminal(command)
    terminal.sees("mica> ")
    terminal.type("20 + 22\r")
    terminal.sees("\n42\n")
    terminal.sees("mica> ")
    leave(terminal)


def no_size(command):
    """A pty nobody has given a size: a serial line, some programs' ptys."""
    terminal = Terminal(command, 0, 0)
    terminal.sees("mica> ")
    terminal.type("union ls -o json\r")
    terminal.sees("\n{\"unions\":[]}\n")
    terminal.type("[1, 2].collect { it * 21 }\r")
    terminal.sees("[21, 42]")
    terminal.sees("mica> ")
    leave(terminal)


def ctrl_c(command):
    """In one write with Enter, and from 0 to 19 ms after it."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    slowest = 0
    for milliseconds in range(-1, 20):
        terminal.type("while (true) {}\r" + ("\x03" if milliseconds < 0 else ""))
        if milliseconds >= 0:
            end = time.monotonic() + milliseconds / 1000
            while time.monotonic() < end:
                terminal.exchange(max(0, end - time.monotonic()))
            terminal.type("\x03")
        slowest = max(slowest, terminal.sees("cancelled"))
        terminal.sees("mica> ")
    terminal.type("6 * 7\r")
    terminal.sees("\n42\n")
    terminal.sees("mica> ")
    leave(terminal)
    print("slowest: %.0f ms" % (slowest * 1000))


def running(command):
    """A loop that has begun stops, each time."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    for _ in range(10):
        terminal.type("println 'be' + 'gun'; while (true) {}\r")
        terminal.sees("\nbegun\n")
        terminal.type("\x03")
        took = terminal.sees("cancelled") + terminal.sees("mica> ")
        print("%.0f ms" % (took * 1000))
    leave(terminal)


def progress(command):
    """Work that lasts shows how far it is, and the line is gone when it ends."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    terminal.type("import dev.mica.Activity\r")
    terminal.sees("mica> ")
    begin = "a = Activity.begin('count ' + 'sheep', OptionalLong.of(10), Activity.Work.NONE)"
    terminal.type(begin + "; try { while (true) { sleep 1000 } } finally { a.close() }\r")
    terminal.sees("count sheep: 0 of 10 entries, 0/s")
    terminal.type("\x03")
    terminal.sees("cancelled")
    terminal.sees("mica> ")
    last = terminal.raw.rindex(b"count sheep")
    if b"\x1b[K" not in terminal.raw[last:]:
        raise Failure("the line stays: %r" % terminal.raw[last:])
    leave(terminal)


def paste(command):
    """A megabyte in 16,384 lines, as a terminal sends it: marked, its lines ended by returns."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    pieces = ("'''" + ("." * 63 + "\r") * 512 + "'''," for _ in range(32))
    terminal.type("\x1b[200~n = [" + "\r".join(pieces) + "]*.size().sum()\x1b[201~\r")
    print("%.1f s" % terminal.sees("\n1048576\n"))
    terminal.sees("mica> ")
    leave(terminal)


def unmarked(command):
    """Text as terminals send it that know no marks: drawing it costs no square of its length."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    terminal.type("n = '" + "." * 50000 + "'.size()\r")
    print("%.1f s" % terminal.sees("\n50000\n"))
    terminal.sees("mica> ")
    leave(terminal)


def console(command):
    """The helper VM's console, which runs: both ways, one at a time, and back at the prompt."""
    terminal, other = Terminal(command), Terminal(command + ["helper", "console"])
    other.sees("Ctrl-] detaches")
    terminal.sees("mica> ")
    terminal.type("helper console\r")
    terminal.sees("another terminal is attached to it")
    other.type("\x1d")
    other.sees("detached; the helper VM goes on")
    if other.ends() != 0:
        raise Failure("it did not end well")
    terminal.sees("mica> ")
    terminal.type("host.helper.console()\r")
    terminal.sees("Ctrl-] detaches")
    terminal.type("\r")
    terminal.sees("\npoweroff: ")
    terminal.type("a half\x03b sync\r")
    terminal.sees("\nb ok")
    terminal.type("\x1d")
    terminal.sees("detached")
    terminal.sees("mica> ")
    terminal.type("6 * 7\r")
    terminal.sees("\n42\n")
    terminal.sees("mica> ")
    terminal.type("helper console\r")
    terminal.sees("\nb ok")
    terminal.type("c poweroff\r")
    terminal.sees("the helper VM has ended")
    terminal.sees("mica> ")
    leave(terminal)


def attributes(terminal):
    return termios.tcgetattr(terminal.fd)


def restored(command):
    """However the console is left, the terminal is as it was."""
    for end in ("\x1d", "TERM", "a poweroff\r"):
        terminal = Terminal(["sh", "-c", 'echo begun; read line; "$@"; echo over; read line', "sh"]
                            + command + ["helper", "console"])
        terminal.sees("begun")
        before = attributes(terminal)
        terminal.type("\r")
        terminal.sees("Ctrl-] detaches")
        if attributes(terminal) == before:
            raise Failure("the terminal edits lines")
        if end == "TERM":
            for child in open("/proc/%d/task/%d/children" % (terminal.pid, terminal.pid)).read().split():
                os.kill(int(child), signal.SIGTERM)
        else:
            terminal.type(end)
        terminal.sees("over")
        if attributes(terminal) != before:
            raise Failure("after %r the terminal is not as it was" % end)
        terminal.type("\r")
        terminal.ends()


def killed(command):
    """QEMU ends: who is attached is told."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    terminal.type("helper console\r")
    terminal.sees("Ctrl-] detaches")
    with open(os.path.join(os.environ["MICA_HOME"], "vm", "qemu.pid")) as pid:
        os.kill(int(pid.read()), signal.SIGKILL)
    terminal.sees("the helper VM has ended")
    terminal.sees("mica> ")
    leave(terminal)


CASES = {
    case.__name__: case
    for case in (appears, no_size, ctrl_c, running, progress, paste, unmarked, console, restored,
                 killed)
}


def main(case, *command):
    try:
        CASES[case](list(command))
    except Failure as failure:
        print("%s: %s" % (case, failure))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
