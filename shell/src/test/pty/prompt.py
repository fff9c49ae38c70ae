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
import shlex
import shutil
import signal
import struct
import sys
import termios
import time

DEADLINE = 60
FLAG = os.path.join(os.environ["MICA_HOME"], "flag")
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

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

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


def stubborn(command):
    """Lines that nothing stops are left alone; both languages go on, and tell a later end."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    terminal.type("s = new ServerSocket(0); begun = { println 'be' + 'gun'; it }; 6 * 7\r")
    terminal.sees("\n42\n")
    terminal.sees("mica> ")
    for line in ("begun('a' * 40) ==~ /(a+)+\\1b/", "begun(0); (1..1000000000).sum()", "begun(s).accept()",
                 "synchronized (binding.variables) { begun(s).accept() }"):
        terminal.type(line + "\r")
        terminal.sees("\nbegun\n")
        terminal.type("\x03")
        took = terminal.sees("cancelled; it does not stop") + terminal.sees("mica> ")
        print("%.0f ms" % (took * 1000))
        terminal.type("6 * 7\r")
        terminal.sees("\n42\n")
        terminal.sees("mica> ")
    terminal.type("s.close()\r")
    terminal.sees("mica> ")
    while terminal.seen.count("has ended now: begun(s)") < 1 or terminal.seen.count("has ended now: synch") < 1:
        terminal.type("1 + 1\r")
        terminal.sees("\n2\n")
        terminal.sees("mica> ")
    leave(terminal)


def java(command):
    """Half of a Java line asks for more, and what does not stop is left alone."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    terminal.type(":java\r")
    terminal.sees("java> ")
    terminal.type("if (true)\r")
    terminal.sees("... ")
    terminal.type("\x03")
    terminal.sees("java> ")
    terminal.type("if (true)\r")
    terminal.sees("... ")
    terminal.type("\x04")
    terminal.sees("java> ")
    terminal.type("int twice(int n) { return 2 * n; }\r")
    terminal.sees("java> ")
    terminal.type("for (;;)\r")
    terminal.sees("... ")
    terminal.type("{ }\r")
    terminal.type("\x03")
    terminal.sees("cancelled")
    terminal.sees("java> ")
    terminal.type("{ System.out.println(\"be\" + \"gun\"); new java.net.ServerSocket(0).accept(); }\r")
    terminal.sees("\nbegun\n")
    terminal.type("\x03")
    terminal.sees("cancelled; it does not stop")
    terminal.sees("java> ")
    terminal.type("twice(21)\r")
    terminal.sees("\n42\n")
    terminal.sees("java> ")
    terminal.type(":reset\r")
    terminal.sees("started anew")
    terminal.sees("java> ")
    leave(terminal)


def progress(command):
    """Work that lasts shows how far it is, and the line is gone when it ends."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    terminal.type("import dev.mica.job.Activity\r")
    terminal.sees("mica> ")
    begin = "a = Activity.begin('count ' + 'sheep', OptionalLong.of(10), Activity.Work.NONE)"
    terminal.type(begin + "; try { while (true) { sleep 1000 } } finally { a.close() }\r")
    terminal.sees("count sheep: 0 of 10 entries, 0/s")
    terminal.type("\x03")
    terminal.sees("cancelled")
    terminal.sees("mica> ")
    shown_then_gone(terminal, "count sheep")
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


def child(script):
    return "new ProcessBuilder('sh', '-c', '%s').inheritIO().start().waitFor()\r" % script


def turns(command):
    """What a line runs has the terminal as the user had it, and alone: the next line's keys wait."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    read = "echo re\\\\ady; read a; echo got=$a="
    for keys, got in (("bob\r", "bob"), ("box\x7fb\r", "bob"), ("a b\x15c\x04d\r", "cd"), ("\u00e9\r", "\u00e9")):
        terminal.type(child(read))
        terminal.sees("\nready\n")
        terminal.type(keys)
        terminal.sees("\ngot=%s=\n" % got)
        terminal.sees("mica> ")
    terminal.type(child("echo re\\\\ady; cat; echo e\\\\nd"))
    terminal.sees("\nready\n")
    terminal.type("some\r\x04")
    terminal.sees("some\nsome\n")
    terminal.sees("end\n")
    terminal.sees("mica> ")
    for read in ("System.in.newReader().readLine()", "System.console().readLine('')"):
        terminal.type("println 're' + 'ady'; x = %s\r" % read)
        terminal.sees("\nready\n")
        terminal.type("ann\r")
        terminal.sees("ann\nann\n")
        terminal.sees("mica> ")
    leave(terminal)


def ahead(command):
    """What is typed while nothing reads is the next lines'."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    terminal.type("x = 20\rx += 1\r'is' + x\r")  # with Enter: the line editor still has the terminal
    terminal.sees("\nis21\n")
    terminal.sees("mica> ")
    terminal.type(child("echo re\\\\ady; while [ ! -e %s ]; do sleep 0.1; done" % FLAG))
    terminal.sees("\nready\n")
    terminal.type("'is' + (x + 1)\r'an' + 'd'")
    open(FLAG, "w").close()
    terminal.sees("\nis22\n")
    terminal.type("\r")
    terminal.sees("\nand\n")
    terminal.sees("mica> ")
    leave(terminal)


def unwanted(command):
    """A read of the terminal that Ctrl-C ends, or a program that was starting then, takes no key of the next line."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    for read in ("System.in.read()", "System.in.newReader().readLine()", "System.console().readLine('')",
                 "new ProcessBuilder('cat').inheritIO().start().waitFor()"):
        terminal.type("println 're' + 'ady'; %s\r" % read)
        terminal.sees("\nready\n")
        terminal.type("some\x03")
        terminal.sees("mica> ")  # "cancelled", or what became of the program that Ctrl-C ended
        terminal.type("'is' + 6 * 7\r")
        terminal.sees("\nis42\n")
        terminal.sees("mica> ")
    leave(terminal)


def stopped(command):
    """Ctrl-Z stops Mica and what it runs, as any job of a shell; both go on in the foreground."""
    terminal = Terminal(["bash", "--norc", "--noprofile", "-i"])
    terminal.type(" ".join(shlex.quote(word) for word in command) + "\r")
    terminal.sees("mica> ")
    terminal.type(child("echo re\\\\ady; read a; echo got=$a="))
    terminal.sees("\nready\n")
    terminal.type("\x1a")
    terminal.sees("Stopped")
    # Until its prompt is there bash sets the terminal's mode, and may drop what is typed.
    terminal.sees("\nbash-")
    terminal.type("echo sh''ell\r")
    terminal.sees("\nshell\n")
    terminal.type("fg\r")
    # What bash says of the job: until then it has the terminal, in a mode of its own.
    terminal.sees(shlex.quote(command[-1]) + "\n")
    terminal.type("bob\r")
    terminal.sees("\ngot=bob=\n")
    terminal.sees("mica> ")
    terminal.type("6 * 7\r")
    terminal.sees("\n42\n")
    terminal.sees("mica> ")
    terminal.type("\x04")
    terminal.type("exit\r")
    if terminal.ends() != 0:
        raise Failure("it did not end well")


def resized(command):
    """A change of the window's size reaches what a line runs, and Mica."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    terminal.type(child("trap \"stty size\" WINCH; echo re\\\\ady; read a; read a"))
    terminal.sees("\nready\n")
    terminal.resize(30, 47)
    terminal.type("\r")
    terminal.sees("30 47\n")
    terminal.type("\r")
    terminal.sees("mica> ")
    terminal.type("help commits.verify\r")
    terminal.sees("or those of some commits,\n      are still what was committed\n")
    terminal.sees("mica> ")
    leave(terminal)


def dumb(command):
    """A terminal that only prints: the kernel edits; Ctrl-C drops or cancels, and ends nothing; Ctrl-D drops, too."""
    terminal = Terminal(["env", "TERM=dumb"] + command)
    terminal.sees("mica> ")
    terminal.type("6 *\x7f* 7\r")
    terminal.sees("\n42\n")
    terminal.sees("mica> ")
    terminal.type("[1, 2].collect {\r")
    terminal.sees("  ... ")
    terminal.type("dropped\x03")
    terminal.sees("mica> ")
    for half in "[1, 2].collect {\r", "half":
        terminal.type(half)
        terminal.sees("  ... " if half.endswith("\r") else half)
        terminal.type("\x04" if half.endswith("\r") else "\x04\x04")  # the first gives what is typed, and no end
        terminal.sees("mica> ")
    terminal.type("println 'be' + 'gun'; while (true) {}\r")
    terminal.sees("\nbegun\n")
    terminal.type("\x03")
    terminal.sees("cancelled")
    terminal.sees("mica> ")
    terminal.type("'is' + 6 * 7\r")
    terminal.sees("\nis42\n")
    terminal.sees("mica> ")
    if b"\x1b" in terminal.raw:
        raise Failure("an escape sequence: %r" % terminal.raw)
    if terminal.seen.count("* 7") != 2 or terminal.seen.count("'gun'") != 1:
        raise Failure("the line is there twice: %r" % terminal.seen)
    leave(terminal)


def tabs(command):
    """In text that a terminal sends without marks, a tab is text; typed alone it completes."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    terminal.type("x = ['a\t\tb', 'c\td']*.size()\r")
    terminal.sees("\n[4, 3]\n")
    terminal.sees("mica> ")
    terminal.type("doct\t")
    terminal.sees("doctor")
    terminal.type("\x03")
    terminal.sees("mica> ")
    leave(terminal)


def home(command):
    """~ is completed and read as shells do, in a command and in the language, and stays as it was typed."""
    there = os.path.join(os.environ["MICA_HOME"], "there")
    os.makedirs(os.path.join(there, "some dir", "below"))
    os.makedirs(os.path.join(there, "other"))
    terminal = Terminal(["env", "HOME=" + there] + command)
    terminal.sees("mica> ")
    terminal.type("folder('~\t")
    terminal.sees("folder('~/")
    terminal.type("so\t")
    terminal.sees("some dir/")
    terminal.type("').path.toString()\r")
    terminal.sees("\n%s/some dir\n" % there)
    terminal.sees("mica> ")
    terminal.type("diff ~/so\t")
    terminal.sees("some\\ dir/")
    terminal.type(" ~/oth\t")
    terminal.sees("other/")
    terminal.type("\r")
    terminal.sees("deleted")
    terminal.sees("below\n")
    terminal.sees("mica> ")
    leave(terminal)


def booting(command):
    """Where the helper VM is in its start is shown, at the prompt and by a command, and is gone then."""
    said = "start the helper VM: "
    terminal = Terminal(command)
    terminal.sees("mica> ")
    terminal.type("host.helper.kill()\r")
    terminal.sees("\n")
    terminal.sees("mica> ")
    shutil.rmtree(os.path.join(os.environ["MICA_HOME"], "cache"), ignore_errors=True)
    terminal.type("helper start\r")
    terminal.sees(said + "boot its kernel, ")
    terminal.sees("mica> ")
    shown_then_gone(terminal, said)
    terminal.type("host.helper.kill()\r")
    terminal.sees("mica> ")
    leave(terminal)
    shutil.rmtree(os.path.join(os.environ["MICA_HOME"], "cache"))
    terminal = Terminal(command + ["helper", "start"])
    terminal.sees(said + "boot its kernel, ")
    if terminal.ends() != 0:
        raise Failure("it did not end well")
    shown_then_gone(terminal, said)


def shown_then_gone(terminal, said):
    last = terminal.raw.rindex(said.encode())
    if b"\x1b[K" not in terminal.raw[last:]:
        raise Failure("the line stays: %r" % terminal.raw[last:])


def colourless(command):
    """NO_COLOR holds for the line, what is offered, and what is printed."""
    terminal = Terminal(["env", "NO_COLOR=1"] + command)
    terminal.sees("mica> ")
    terminal.type("folder('/etc').name + 12\r")
    terminal.sees("\netc12\n")
    terminal.sees("mica> ")
    terminal.type("union \t\t")
    terminal.sees("remount")
    terminal.type("\x03")
    terminal.sees("mica> ")
    terminal.type("diff /etc/apt /etc/cron.d\r")
    terminal.sees("KIND")
    terminal.sees("mica> ")
    leave(terminal)
    for sequence in re.findall(rb"\x1b\[([0-9;]*)m", terminal.raw):
        if any(part and 30 <= int(part) <= 107 for part in sequence.split(b";")):
            raise Failure("a colour: %r" % sequence)


ODD = "e2\x1b]0;pwned\x07\x1b[31mred\x9bc\u202eflip"


def obeyed(command):
    """No name, text or message drives the terminal: not completed, listed, printed or refused."""
    odd = os.path.join(os.environ["MICA_HOME"], "odd")
    for name in (ODD, "e2\x1b]0;pwned\x07other"):
        os.makedirs(os.path.join(odd, name))
    terminal = Terminal(command)
    terminal.sees("mica> ")
    for line in ("folder('%s/e2\t" % odd, "diff %s/e2\t" % odd):
        terminal.type(line)
        terminal.sees("pwned")
        terminal.type("\t\t\x03")
        terminal.type("'re' + 'ady'\r")
        terminal.sees("\nready\n")
        terminal.sees("mica> ")
    terminal.type("\x1b[200~x = '%s'\x1b[201~\r" % ODD)
    terminal.sees("\ne2\\x1b]0;pwned\\x07\\x1b[31mred\\x9bc\\u202eflip\n")
    for line in ("folder('%s').list()" % odd, "[(x): x]", "folder(x + '/no').list()", "unions.get(x)",
                 "throw new IllegalStateException(x)", ":trace", "x.nothing", "commit ls -o json"):
        terminal.type(line + "\r")
        terminal.sees("mica> ")
    leave(terminal)
    for sign in (b"\x1b]0;", b"\x1b[31mred", b"\xc2\x9b", "\u202e".encode()):
        if sign in terminal.raw:
            at = terminal.raw.index(sign)
            raise Failure("sent: %r" % terminal.raw[max(0, at - 200):at + 50])


def graphemes(command):
    """Keys go by what people see as one character, and the line is drawn so that it shows what it has."""
    flag, tone, joined = "\U0001f1fa\U0001f1e6", "\U0001f44d\U0001f3fd", "\U0001f3f3\ufe0f\u200d\U0001f308"
    terminal = Terminal(command)
    terminal.sees("mica> ")
    for text, keys, line in (("ABe\u0301CD", "\x7f\x7f\x7f", "AB"), ("AB" + joined + "CD", "\x7f\x7f\x7f", "AB"),
                             ("AB" + tone + "CD", "\x7f\x7f\x7f", "AB"), ("AB" + flag + "CD", "\x02" * 3 + "Z", "ABZ" + flag + "CD"),
                             ("\u65e5\u672cC", "\x7f\x7f", "\u65e5")):
        terminal.type("\x1b[200~y = '" + text + "\x1b[201~" + keys)
        terminal.type("\x05'.codePoints().toArray()\r")
        terminal.sees("\n[%s]\n" % ", ".join(str(ord(c)) for c in line))
        terminal.sees("mica> ")
    if b"\x1b[?7l" not in terminal.raw:
        raise Failure("lines of unsure width are drawn with wrapping: %r" % terminal.raw[-2000:])
    leave(terminal)


def narrow(command):
    """On 40 columns nothing is wider than the page, and what a row is known by is there."""
    home = os.environ["MICA_HOME"]
    deep = os.path.join(home, "a", *["deeply" + "-nested" * 3] * 3)
    os.makedirs(deep)
    open(os.path.join(deep, "web.conf"), "w").close()
    terminal = Terminal(command, 24, 40)
    terminal.sees("mica> ")
    terminal.type("mkdir = 1; diff('/etc/apt', '%s')\r" % os.path.join(home, "a"))
    terminal.sees("KIND")
    terminal.sees("web.conf\n")
    terminal.sees("mica> ")
    terminal.type("doctor\r")
    terminal.sees("C core")
    terminal.sees("mica> ")
    leave(terminal)
    drawn = terminal.raw[terminal.raw.index(b"KIND"):].decode("utf-8", "replace").split("\n")
    # What stood there of progress is gone where the line was cleared.
    rows = [CONTROL.sub("", row.split("\r\x1b[K")[-1]) for row in drawn]
    wide = [row for row in rows if len(row) > 40 and "~" not in row and "mica>" not in row]
    if wide:
        raise Failure("wider than the page: %r" % wide)


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


SHELL = ["sh", "-c", 'echo begun; read line; "$@"; echo over $?; read line', "sh"]


def attached(command):
    """A process with a terminal of its own: it gets each key and each size, and its status is told."""
    terminal = Terminal(SHELL + command)
    terminal.sees("begun")
    before = attributes(terminal)
    terminal.type("\r")
    terminal.sees("Z 24 80.")
    terminal.type("\x03")
    terminal.sees("I 03.")
    if attributes(terminal) == before:
        raise Failure("the terminal edits lines")
    terminal.resize(30, 100)
    terminal.sees("Z 30 100.")
    for key in ("\x1a", "\x10", "\x11"):  # it would not go on without us: nothing detaches
        terminal.type(key)
        terminal.sees("I %02x." % ord(key))
    terminal.type("\u00e9")
    terminal.sees("c3")
    terminal.sees("a9.")
    terminal.type("q")
    terminal.sees("over 5")
    if attributes(terminal) != before:
        raise Failure("the terminal is not as it was")
    terminal.type("\r")
    terminal.ends()


def let_go(command):
    """Ctrl-P Ctrl-Q leaves a process that goes on; either alone is a key."""
    terminal = Terminal(SHELL + command)
    terminal.sees("begun")
    before = attributes(terminal)
    terminal.type("\r")
    terminal.sees("ready")
    terminal.type("\x10x")
    terminal.sees("got it")
    terminal.type("\x10")
    terminal.type("\x11")
    terminal.sees("detached; cat in web goes on")
    terminal.sees("over 0")
    if attributes(terminal) != before:
        raise Failure("the terminal is not as it was")
    terminal.type("\r")
    terminal.ends()


def seen(command):
    """A process with a terminal and without input: it gets the size, and Ctrl-C as a signal."""
    terminal = Terminal(command)
    terminal.sees("Z 24 80.")
    terminal.sees("C.")
    terminal.resize(30, 100)
    terminal.sees("Z 30 100.")
    terminal.type("\x03")
    terminal.sees("K 2.")
    ends_with(terminal, 5)


def shown(command):
    """A process without a terminal: it gets lines, their end, and Ctrl-C as a signal."""
    terminal = Terminal(command)
    terminal.type("abc\r")
    terminal.sees("I 6162630a.")
    terminal.type("\x04")
    terminal.sees("C.")
    terminal.type("\x03")
    terminal.sees("K 2.")
    ends_with(terminal, 5)


def at_the_prompt(command, options):
    """Attaches to the process at the socket beside MICA_HOME, by a line of the prompt."""
    terminal = Terminal(command)
    terminal.sees("mica> ")
    socket = os.path.join(os.path.dirname(os.environ["MICA_HOME"]), "stream")
    terminal.type("p = dev.mica.vm.stream.ProcessStream.connect(java.nio.file.Path.of('%s'), 'cat'); null\r" % socket)
    terminal.sees("mica> ")
    terminal.type("new dev.mica.vm.stream.Attachable(p, %s)\r" % options)
    return terminal


def goes_on(terminal):
    terminal.sees("mica> ")
    terminal.type("6 * 7\r")
    terminal.sees("\n42\n")
    terminal.sees("mica> ")
    leave(terminal)


def keys(command):
    """At the prompt: a process with a terminal, and back."""
    terminal = at_the_prompt(command, "true, true, false")
    terminal.sees("Z 24 80.")
    for key in ("\x03", "\x04"):
        terminal.type(key)
        terminal.sees("I %02x." % ord(key))
    terminal.resize(30, 100)
    terminal.sees("Z 30 100.")
    terminal.type("q")
    terminal.sees("I 71.")
    goes_on(terminal)


def lines(command):
    """At the prompt: a process without a terminal, which Ctrl-C ends and no line else."""
    terminal = at_the_prompt(command, "true, false, false")
    terminal.sees("ready.")  # what is typed before is for the next line
    terminal.type("abc\r")
    terminal.sees("I 6162630a.")
    terminal.type("\x04")
    terminal.sees("C.")
    terminal.type("\x03")
    terminal.sees("K 2.")
    goes_on(terminal)


def ends_with(terminal, status):
    ended = terminal.ends()
    if ended != status:
        raise Failure("it ended with %d" % ended)


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


def in_a_vm(options, program):
    """The words of a VM's command whose shell script is program; apart from Mica's own."""
    return ["vm", *options, "--", "sh", "-c", program]


# Another process than the reader tells the sizes: a read ends where a signal is trapped.
SIZES = """
size() { stty -F /dev/tty size; }
(trap size WINCH; size; while :; do sleep 1000 & wait $!; done) &
while read x; do echo got=$x; done; exit 5
"""


def vm_keys(command):
    """A program with a terminal has each key, each size, and the command ends as it does."""
    root = os.environ["VM_ROOT"]
    terminal = Terminal(command + in_a_vm(["run", "--rm", "-it", "--from", root], SIZES))
    terminal.sees("24 80")
    terminal.type("one\x7f\x7fff\r")
    terminal.sees("got=off")
    terminal.resize(30, 100)
    terminal.sees("30 100")
    terminal.type("\x10x\r")  # half of the keys that detach
    terminal.sees("got=\x10x")
    terminal.type("\x04")
    ends_with(terminal, 5)
    script = "trap 'echo in''t' INT; echo up; while read x; do :; done; exit 6"
    terminal = Terminal(command + in_a_vm(["exec", "-it", "web"], script))
    terminal.sees("up\n")
    terminal.type("\x03")
    terminal.sees("int\n")
    terminal.type("\x04")  # where the signal has not ended the read already
    ends_with(terminal, 6)


def vm_detached(command):
    """Who detaches leaves a program that goes on, for whoever attaches next."""
    root = os.environ["VM_ROOT"]
    terminal = Terminal(command + in_a_vm(["run", "--name", "kept", "-it", "--from", root], SIZES))
    terminal.sees("24 80")
    terminal.type("\x10\x11")
    terminal.sees("detached; the VM kept goes on")
    ends_with(terminal, 0)
    one, other = (Terminal(command + ["vm", "attach", "kept"], rows, 90) for rows in (31, 32))
    one.type("both\r")
    one.sees("got=both")
    other.type("hear\r")
    one.sees("got=hear")
    other.sees("got=hear")
    one.type("\x04")
    ends_with(one, 5)
    ends_with(other, 5)
    terminal = Terminal(command + ["vm", "rm", "--force", "kept"])
    terminal.sees("kept")
    ends_with(terminal, 0)


def vm_words(command):
    """A line of the prompt attaches, and the next line's keys are Mica's; the language has it too."""
    root = os.environ["VM_ROOT"]
    terminal = Terminal(command)
    terminal.sees("mica> ")
    terminal.type("vm run --rm -it --from %s -- sh -c 'echo u''p; read x; echo got=$x; exit 5'\r" % root)
    terminal.sees("up\n")
    terminal.type("word\r")
    terminal.sees("got=word\n")
    terminal.sees("exit status 5\n")
    terminal.sees("mica> ")
    terminal.type("vm('web').exec('sh', '-c', 'echo out; exit 3').with { [status, output] }\r")
    terminal.sees("[3, out")
    terminal.sees("mica> ")
    terminal.type("vm('web').exec('sh', '-c', 'echo one; echo two')\r")
    terminal.sees("output  one\n")
    terminal.sees("        two\n")
    terminal.sees("mica> ")
    terminal.type("vm exec -it web -- sh -c 'echo rea''dy; exec cat'\r")
    terminal.sees("ready\n")  # what is typed before is for the next line
    terminal.type("a\r")
    terminal.sees("a\na\n")
    terminal.type("\x04")
    goes_on(terminal)


CASES = {
    case.__name__: case
    for case in (appears, no_size, ctrl_c, running, stubborn, java, progress, paste, unmarked, turns, ahead, unwanted,
                 stopped, resized, dumb,
                 tabs, home, booting, colourless, obeyed, graphemes, narrow, console, restored, killed,
                 attached, let_go, seen, shown, keys, lines,
                 vm_keys, vm_detached, vm_words)
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
