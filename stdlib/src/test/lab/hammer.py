#!/usr/bin/env python3
"""hammer.py AT NAME: writes numbers to files below AT by path until its input ends: 0 to AT/NAME-0, 1 to AT/NAME-1, and
from 20 on again to the first; each is written, fsynced and closed. Prints, at the end, how many were acknowledged, how
many were refused as read-only, and what else went wrong.
"""

import errno
import os
import select
import sys

FILES = 20

def put(path, text):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        os.write(fd, text.encode())
        os.fsync(fd)
    finally:
        os.close(fd)


def main():
    at, name = sys.argv[1:]
    acked = refused = 0
    wrong = []
    while not select.select([sys.stdin], [], [], 0)[0]:
        try:
            put(f"{at}/{name}-{acked % FILES}", str(acked))
            acked += 1
        except OSError as e:
            if e.errno != errno.EROFS:
                wrong.append(f"write: {e}")
            refused += 1
        try:
            if os.stat(f"{at}/kept").st_size != 4:
                wrong.append("kept has another size")
        except OSError as e:
            wrong.append(f"look: {e}")
    print(acked, refused, *wrong[:3], sep="\n")


main()
