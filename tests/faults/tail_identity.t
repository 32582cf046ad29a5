#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Which file is which: names, inodes, sizes and times prove nothing, only the bytes that were read do. Each
# case names its entry of the fault matrix.
import itertools
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
import tails  # noqa: E402

HEAD = b"\n" * 8191 + b" \n"  # lines that hold nothing
GONE = "file gone before it was read to its end"


def f2(case):
    """F2: the writer goes on in the renamed file while the new one grows (the pattern finds both)"""
    case.write(case.made(20))
    lines, others = case.made(60), case.made(60)
    yield "live"
    old = open(case.path(), "ab", buffering=0)
    case.rename()
    for one, other in itertools.zip_longest(lines, others, fillvalue=b""):
        old.write(one)
        case.write(other)
        time.sleep(0.05 if tails.LONG else 0.02)
    old.close()


f2_alone = type(f2)(f2.__code__, f2.__globals__, "f2_alone")
f2_alone.__doc__ = "F2: the same, and no pattern finds the renamed one"


def f4(case):
    """F4: rotated twice while down, with writes between"""
    case.write(case.made(40))
    yield "down"
    case.write(case.made(40))
    case.rename("log", "log.2")
    case.write(case.made(40))
    case.rename("log", "log.1")
    case.write(case.made(40))


def f5(case):
    """F5: the path is missing for a while in the middle of a rotation, and a restart falls into it"""
    case.write(case.made(40))
    yield "down"
    case.rename()
    yield "late"
    case.write(case.made(40))


def f6(case):
    """F6: a copy grows beside the log before that is truncated: what was read is not read again"""
    case.write(case.made(400))
    yield "live"
    with open(case.path(), "rb") as log, open(case.path("log.1"), "wb", buffering=0) as copy:
        time.sleep(0.5)  # it is seen while it is empty
        while data := log.read(20000):
            copy.write(data)
            time.sleep(0.3)
    time.sleep(3)
    os.truncate(case.path(), 0)
    case.write(case.made(20))


def f7(case):
    """F7: copytruncate with the reader behind: the rest is read from the copy"""
    case.write(case.made(100))
    yield "frozen"
    case.write(case.made(40))
    shutil.copyfile(case.path(), case.path("log.1"))
    os.truncate(case.path(), 0)
    case.write(case.made(20))


def f8(case):
    """F8: truncated and grown past the saved position while down"""
    case.write(case.made(40))
    case.unfinished = case.write(case.made(2, lost=True)[0][:-20])
    case.gaps = (GONE,)
    yield "down"
    case.write(case.made(120), mode="wb")


def f9(case):
    """F9: the same, and both lives begin with one banner that is longer than any fingerprint"""
    case.write(HEAD * 2)
    case.write(case.made(40))
    case.unfinished = case.write(case.made(2, lost=True)[0][:-20])
    case.gaps = (GONE,)
    yield "down"
    case.write(HEAD * 2, mode="wb")
    case.write(case.made(120))


def f10(case):
    """F10: many files with the same beginning, empty ones, files of one short line"""
    lines = case.made(300)
    for number in range(50):
        case.write(HEAD, f"log.same{number}")
        case.write(b"", f"log.empty{number}")
        case.write(b"                   \n", f"log.short{number}")
    for number, line in enumerate(lines):
        case.write(line, f"log.{('same', 'empty', 'short')[number % 3]}{number // 3 % 50}")
    yield "live"
    for number, line in enumerate(case.made(300)):
        case.write(line, f"log.{('same', 'empty', 'short')[number % 3]}{number // 3 % 50}")


def f11(case):
    """F11: an inode number that is used again at once"""
    yield "live"
    done = 0
    for _ in range(100 if tails.LONG else 4):
        done += case.write(case.made(20))
        case.wait_read(done)
        os.unlink(case.path())
        case.wait(lambda: not case.holds("log"), "the deleted file is let go")
    case.write(case.made(20))


def f12_larger(case):
    """F12: inode used again while down, the saved position lies beyond the new file"""
    case.write(case.made(60))
    case.unfinished = case.write(case.made(2, lost=True)[0][:-20])
    case.gaps = (GONE,)
    yield "down"
    os.unlink(case.path())
    case.write(case.made(20))


def f12_smaller(case):
    """F12: the same, and the saved position lies inside the new file"""
    case.write(case.made(20))
    case.unfinished = case.write(case.made(2, lost=True)[0][:-20])
    case.gaps = (GONE,)
    yield "down"
    os.unlink(case.path())
    case.write(case.made(60))


def f16(case):
    """F16: replaced by a file that starts with the same bytes (rsync, editor), live and frozen"""
    def replace():
        shutil.copyfile(case.path(), case.path("new"))
        case.write(case.made(20), "new")
        os.replace(case.path("new"), case.path())

    case.write(case.made(60))
    yield "live"
    replace()
    case.wait_read()
    yield "frozen"
    replace()
    yield "down"
    replace()


def f17(case):
    """F17: replaced by a file with other content while unread bytes wait in the old one"""
    case.write(case.made(40))
    yield "frozen"
    case.write(case.made(20))
    case.write(case.made(60), "new")
    os.replace(case.path("new"), case.path())


def f17_down(case):
    """F17: the same while down, with the same size: a gap for what was not read"""
    case.write(case.made(40))
    case.unfinished = case.write(case.made(2, lost=True)[0][:-20])
    case.gaps = (GONE,)
    yield "down"
    size = os.path.getsize(case.path())
    new = b"".join(case.made(5))
    case.write(new + b"\n" * (size - len(new)), "new")
    os.replace(case.path("new"), case.path())


def point(case, target):
    os.symlink(target, case.path("link"))
    os.replace(case.path("link"), case.path())


def f18(case):
    """F18: a symlink that is switched under load; relative, dangling, a loop"""
    case.write(case.made(40), "one")
    point(case, case.path("one"))
    case.said = ("file-not-readable",)
    lines, others, third = case.made(40), case.made(20), case.made(20)
    yield "live"
    for number, line in enumerate(lines):
        case.write(line, "one")
        if number == len(lines) // 2:
            case.write(others, "two")
            point(case, "two")
    size = os.path.getsize(case.path("one")) + os.path.getsize(case.path("two"))
    case.wait_read(size)
    point(case, "nowhere")
    case.wait(lambda: case.was_said("file-not-readable"), "the dangling link is told")
    point(case, "log")
    time.sleep(1)
    case.write(third, "three")
    point(case, "three")


def f19(case):
    """F19: renamed, compressed by zstd and removed while frozen, with unread bytes"""
    case.write(case.made(60))
    yield "frozen"
    case.write(case.made(40))
    case.rename()
    subprocess.run(["zstd", "-q", "--rm", case.path("log.1")], check=True)
    case.write(case.made(20))


def f43(case):
    """F43: one file by two sources, a symlink and a hard link"""
    case.sections = ("f43", "f43_too")
    case.write(case.made(60))
    case.size = lambda: os.path.getsize(case.path())
    os.symlink("log", case.path("log.symlink"))
    os.link(case.path(), case.path("log.hard"))
    yield "live"
    case.write(case.made(20))
    yield "down"
    case.write(case.made(20))


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        with tails.Tails(server) as it:
            for function in (f2, f4, f5, f6, f7, f8, f9, f10, f19, f43):
                it.add(function)
            for function in (f2_alone, f11, f12_larger, f12_smaller, f16, f17, f17_down, f18):
                it.add(function, path="log")
            it.run(tap)
    finally:
        server.close()
    tap.done()


main()
