"""load.py - keeps writing to a union, and says what it may rely on.

usage: load.py FOLDER

Writes files, flushes each, and only then prints its number; changes, renames and deletes what lies
below between them. Ends with the first error, and prints that: "error EIO". A hang is for the caller to see.
"""

import errno
import os
import sys


def content(number):
    return (b"%d\n" % number) * (1 + number * 37 % 3000)


def write(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        os.write(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)


def step(at, number):
    name = os.path.join(at, "load%05d" % number)
    write(name + ".new", content(number))
    os.rename(name + ".new", name)
    lower = os.path.join(at, "lower%03d" % (number % 200))
    if number % 3 == 0 and os.path.exists(lower):
        os.unlink(lower)
    elif number % 3 == 1:
        with open(lower, "ab") as file:
            file.write(b"more\n")
    else:
        os.listdir(at)
    folder = os.open(at, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def main():
    at = sys.argv[1]
    number = 0
    try:
        while True:
            step(at, number)
            print(number, flush=True)
            number += 1
    except OSError as failure:
        print("error", errno.errorcode.get(failure.errno, failure.errno), flush=True)


main()
