"""Exchanges two names all the time, until its input ends: exchange.py A B. Tells first that it has begun."""

import ctypes
import os
import sys
import threading

AT_FDCWD = -100
EXCHANGE = 2
ended = threading.Event()


def wait():
    sys.stdin.read()
    ended.set()


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    one, other = (os.fsencode(name) for name in sys.argv[1:])
    threading.Thread(target=wait, daemon=True).start()
    told = False
    while not ended.is_set():
        for _ in range(100):
            if libc.renameat2(AT_FDCWD, one, AT_FDCWD, other, EXCHANGE):
                sys.exit(f"cannot exchange: {os.strerror(ctypes.get_errno())}")
            os.sched_yield()
        if not told:
            print("begun", flush=True)
            told = True


main()
