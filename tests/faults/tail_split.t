#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# A rotation that falls into a record, in each kind of log: the halves are one record when the new file goes on with
# the old one, and are never joined to a stranger. Each case names its entry of the fault matrix.
import gzip
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
import tails  # noqa: E402

def f26(case):
    """F26: observations: a record split by the rotation is one record"""
    lines = case.made(60)
    case.write(lines[:20])
    yield "live"
    case.write(lines[20][:len(lines[20]) // 2])
    case.wait_read(case.size() - len(lines[20]) // 2)
    case.rename()
    case.write(lines[20][len(lines[20]) // 2:])
    case.write(lines[21:])


def f26_prosody(case):
    """F26: Prosody: the same"""
    yield from f26_of(case, "prosody", b"RECV: <message")


def f26_ejabberd(case):
    """F26: ejabberd: the same"""
    yield from f26_of(case, "ejabberd", b'Received XML on stream = <<"<message')


def f26_of(case, form, mark):
    lines = case.made(60, format=form)
    # Of one read: the cut lies inside its line.
    cut = next(i for i in range(len(lines) // 2, len(lines)) if mark in lines[i] and b"</message>" in lines[i])
    case.write(lines[:cut])
    yield "live"
    place = lines[cut].index(mark) + len(mark) + 12
    case.write(lines[cut][:place])
    case.wait(lambda: case.read_to() > 0, "its beginning")
    case.rename()
    case.write(lines[cut][place:])
    case.write(lines[cut + 1:])


def f26_reads(case):
    """F26: ejabberd: a stanza of two reads of which the rotation fell between, among those of other connections"""
    lines = case.made(60, format="ejabberd")
    cut = middle_of_reads(lines, len(lines) // 2)
    case.write(lines[:cut - 1])
    yield "live"
    case.write(lines[cut - 1])
    time.sleep(0.5)  # it may be looked at
    case.rename()
    case.write(lines[cut:])


def middle_of_reads(lines, start):
    """The place behind a read that begins a stanza and does not end it."""
    begins = b'Received XML on stream = <<"<message'
    return 1 + next(i for i in range(start, len(lines)) if begins in lines[i] and b"</message>" not in lines[i])


def torn(case, lost=False):
    """Up to the middle of a record; the lines from there on."""
    lines = case.made(60)
    record = case.made(3, lost=True)[0] if lost else lines.pop(20)
    case.unfinished = len(record) // 2
    case.write(b"".join(lines[:20]) + record[:case.unfinished])
    return [record[case.unfinished:]] + lines[20:]


def f26_pattern(case):
    """F26: the pattern names the rotated files, too"""
    case.write(case.made(5), "log.2")
    rest = torn(case)
    yield "live"
    case.unfinished = 0
    case.rename()
    case.write(rest)


def f26_down(case):
    """F26: rotated while nothing ran"""
    rest = torn(case)
    yield "down"
    case.unfinished = 0
    case.rename()
    case.write(rest)


def f26_packed(case):
    """F26: rotated and compressed while nothing ran"""
    rest = torn(case)
    yield "down"
    case.unfinished = 0
    with open(case.path(), "rb") as log, gzip.open(case.path("log.1.gz"), "wb") as packed:
        packed.write(log.read())
    os.unlink(case.path())
    case.write(rest)


def f26_copied(case):
    """F26: copied and truncated; the file tells only later that it goes on"""
    rest = torn(case)
    yield "live"
    case.unfinished = 0
    shutil.copyfile(case.path(), case.path("log.1"))
    os.truncate(case.path(), 0)
    case.write(rest[:1])
    time.sleep(0.7)
    case.write(rest[1:])


def f26_not_between(case):
    """F26: rotated twice while nothing ran, and what lay between is gone: never joined"""
    rest, other = torn(case, lost=True), case.made(3, lost=True)
    case.quarantined = 2
    yield "down"
    case.rename("log", "log.2")
    case.write(other[0][len(other[0]) // 2:])
    case.write(rest[1:])


def f26_stranger(case):
    """F26: never joined to a stranger: a whole file was between, so both halves are set aside"""
    lines, torn = case.made(40), case.made(3, lost=True)
    case.write(lines[:20])
    case.quarantined = 2
    yield "frozen"
    case.write(torn[0][:len(torn[0]) // 2])
    case.rename("log", "log.2")
    case.write(lines[20:30])
    case.rename("log", "log.1")
    case.write(torn[0][len(torn[0]) // 2:])
    case.write(lines[30:])


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        with tails.Tails(server) as it:
            it.add(f26, path="log")
            it.add(f26_prosody, path="log", dialect="prosody")
            it.add(f26_ejabberd, path="log", dialect="ejabberd-debug")
            it.add(f26_reads, path="log", dialect="ejabberd-debug")
            it.add(f26_pattern)
            it.add(f26_down)
            it.add(f26_packed)
            it.add(f26_copied)
            it.add(f26_not_between)
            it.add(f26_stranger)
            it.run(tap)
    finally:
        server.close()
    tap.done()


main()
