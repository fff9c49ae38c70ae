#!/usr/bin/python3
"""treelab: random trees, random edits, manifests and an oracle for tree diffs.

Independent of the core on purpose: Python's standard library only. Commands:

  make SEED DIR [--size N]            a random tree in the new or empty folder DIR
  edit SEED DIR [--count N]           N random edits in the live folder DIR; prints them
  copy A B                            folder A as the new folder B, exactly
  like MODEL DIR                      the attributes of folder MODEL for the (new) empty folder DIR
  remove DIR                          DIR and all below it, if there is any
  manifest DIR [HOW]                  a line per entry: PATH <tab> name=value ...
  digest DIR                          the digest of the tree, as the core computes it
  compare A B [HOW]                   how the two trees differ; no line when not
  difforacle A B [--exact] [--overlay]  the diff lines that mica.h promises for plain trees; with
                                      --overlay without its LINK lines, which an overlay places elsewhere
  links A B FILE                      why the LINK lines among the diff lines in FILE (of an overlay) are wrong
  serve                               these commands, one a line, from stdin

HOW is any of --no-dirtimes (leave out mtimes of directories), --holes (tell whether a file has
some), --drop=NAME,... (leave out the facts type mode owner size mtime rdev target sha256 links
xattr). The same seed, tree and user give the same result. Run by another user than root, make and
edit leave out what only root may do.

Paths in output are ASCII: any other byte, and the backslash, is \\xHH; the folder itself is ".".

Exit status: 0, or 1 when compare, difforacle or links printed a line, or 2 on failure.

serve: each request is one line, a JSON array of strings or words quoted as in a shell, e.g.

  ["make","7","/tmp/t"]               compare /tmp/a '/tmp/b c' --holes

Bytes that are not UTF-8 stand for themselves (in JSON also as \\udcHH). Each is answered by one
line: `ok`, then, if there is any output, a space and the output, its lines joined by the two
characters \\n (which occur in no line), or `error` and, after a space, what failed. Reading ends
at end of file; nothing else is ever printed.
"""

import argparse
import json
import os
import shlex
import sys

sys.dont_write_bytecode = True

import treecopy  # noqa: E402
import treediff  # noqa: E402
import treedigest  # noqa: E402
import treeedit  # noqa: E402
import treefacts  # noqa: E402
import treemake  # noqa: E402


class Usage(Exception):
    pass


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Usage(message)


def _how(args):
    return {"dirtimes": not args.no_dirtimes, "holes": args.holes, "drop": args.drop.split(",")}


def _diff(args):
    diff = treediff.Diff(treefacts.scan(args.a), treefacts.scan(args.b), args.exact)
    return diff.lines(links=not args.overlay)


def _links(args):
    with open(args.file, encoding="ascii") as file:
        paths = [line.split(" ", 2)[2].rstrip("\n") for line in file if line.startswith("modified link ")]
    return treediff.Diff(treefacts.scan(args.a), treefacts.scan(args.b), True).link_trouble(paths)


def _compare(args):
    return treefacts.compare(treefacts.scan(args.a), treefacts.scan(args.b), **_how(args))


def parser():
    top = Parser(prog="treelab", add_help=False)
    verbs = top.add_subparsers(dest="verb", required=True)

    def verb(name, run, *paths, how=False):
        sub = verbs.add_parser(name, add_help=False)
        if name in ("make", "edit"):
            sub.add_argument("seed", type=int)
        for path in paths:
            sub.add_argument(path, type=os.fsencode)
        if how:
            sub.add_argument("--no-dirtimes", action="store_true")
            sub.add_argument("--holes", action="store_true")
            sub.add_argument("--drop", default="")
        sub.set_defaults(run=run)
        return sub

    verb("make", lambda a: treemake.make(a.seed, a.dir, a.size), "dir").add_argument("--size", type=int, default=40)
    edit = verb("edit", lambda a: treeedit.edit(a.seed, a.dir, a.count), "dir")
    edit.add_argument("--count", type=int, default=10)
    verb("copy", lambda a: treecopy.copy(a.a, a.b), "a", "b")
    verb("like", lambda a: treecopy.make_directory_like(a.model, a.dir), "model", "dir")
    verb("remove", lambda a: treecopy.remove(a.dir), "dir")
    verb("manifest", lambda a: treefacts.manifest(treefacts.scan(a.dir), **_how(a)), "dir", how=True)
    verb("digest", lambda a: [treedigest.digest(a.dir)], "dir")
    verb("compare", _compare, "a", "b", how=True)
    diff = verb("difforacle", _diff, "a", "b")
    diff.add_argument("--exact", action="store_true")
    diff.add_argument("--overlay", action="store_true")
    verb("links", _links, "a", "b", "file")
    verb("serve", None)
    return top


def serve(top, source, out):
    for request in source:
        try:
            words = json.loads(request) if request.startswith("[") else shlex.split(request)
            args = top.parse_args(words)
            if args.run is None:
                raise Usage("serve cannot be asked for while serving")
            lines = args.run(args) or []
            reply = " ".join(["ok"] + ["\\n".join(lines)] * bool(lines))
        except Exception as e:  # whatever it is, the asker gets it, and the next request its turn
            reply = "error %s: %s" % (type(e).__name__, " ".join(str(e).split()))
        print(reply, file=out, flush=True)


def main(argv):
    treefacts.deep()
    top = parser()
    try:
        args = top.parse_args(argv)
    except Usage as e:
        print(__doc__ + "\ntreelab: %s" % e, file=sys.stderr)
        return 2
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    if args.run is None:
        serve(top, sys.stdin, sys.stdout)
        return 0
    try:
        lines = args.run(args) or []
    except OSError as e:
        print("treelab %s: %s" % (args.verb, e), file=sys.stderr)
        return 2
    for line in lines:
        print(line)
    return 1 if lines and args.verb in ("compare", "difforacle", "links") else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
