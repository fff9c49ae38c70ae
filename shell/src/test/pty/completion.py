#!/usr/bin/python3
"""completion: presses TAB in a real shell.

  completion.py bash|zsh|fish SCRIPT < CASES

CASES are lines of what is typed, a tab, and what must then stand behind the prompt. `mica` is found on the PATH.
Ends with 0, or with 1 and a line that says what was seen instead.
"""

import os
import sys

sys.dont_write_bytecode = True

from prompt import Failure, Terminal  # noqa: E402

# The prompt, made of two parts so that it is not seen where it is typed.
SHELLS = {
    "bash": (["bash", "--noprofile", "--norc"], "bind 'set enable-bracketed-paste off'; bind 'set bell-style none';"
             " PS1='re''ady> '; . %s\r"),
    "zsh": (["zsh", "-f"], "unsetopt beep zle_bracketed_paste prompt_sp; unset zle_bracketed_paste; fpath=(%s $fpath);"
            " autoload -Uz compinit; compinit -u -D; PS1='re''ady> '\r"),
    "fish": (["fish", "--no-config", "--private"], "source %s; function fish_prompt; echo -n 're''ady> '; end\r"),
}


def main(shell, script):
    command, begin = SHELLS[shell]
    os.environ["TERM"] = "dumb" if shell == "zsh" else "xterm"
    terminal = Terminal(command, 24, 200)
    terminal.type(begin % (os.path.dirname(script) if shell == "zsh" else script))
    terminal.sees("ready> ")
    for line in sys.stdin:
        typed, expected = line.rstrip("\n").split("\t")
        try:
            terminal.type(typed + "\t")
            terminal.sees(expected)
            terminal.type("\x15")
        except Failure as failure:
            print("%s, %r and TAB: %s" % (shell, typed, failure))
            return 1
    terminal.type("exit\r")
    terminal.ends()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
