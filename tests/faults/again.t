#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# One file by several ways (F53): a part is imported by hand and the rest is followed under the name of a
# source; it is imported while it is followed, and after that. What a dialect must know (who is connected,
# how many records a stamp had) belongs to the place in the file, whoever reads on.
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

SMALL = 'flush_after = "20ms"\nflush_events = 150'


RECORD = {"prosody": rb"[^\n]*\n(?:\t[^\n]*\n)*", "openfire": rb"(?s).*?(?:</packet>|\Z)"}


class Log:
    """A log that is shown to the program piece by piece."""

    def __init__(self, it, format, records):
        whole = it.program.path("whole")
        it.generate(records, format=format)
        os.rename(it.log, whole)
        with open(whole, "rb") as log:
            self.data = log.read()
        self.ends = [record.end() for record in re.finditer(RECORD[format], self.data)]
        self.at, self.path = 0, it.log
        it.log += "*"  # as it will be followed

    def grow(self, share, cut=False):
        """About that share of the whole; cut: the last record of it is there to its half."""
        place = int(len(self.ends) * share)
        upto = self.ends[place - 1]
        if cut:
            upto += (self.ends[place] - upto) // 2
        with open(self.path, "ab") as out:
            out.write(self.data[self.at:upto])
        self.at = upto

    def rotate(self):
        os.rename(self.path, self.path + ".1")


def said_by_import(it, path):
    target = it.program.path("said")
    with open(target, "wb") as out:
        status = it.program.call("import", path, out=out, check=False)
    with open(target, encoding="utf-8") as text:
        return status, text.read()


def ends(tap, it, daemon, what):
    it.wait_read()
    status = rig.product.stop(daemon)
    tap.ok(status == 0, f"{what}: the daemon ends with {status}")
    it.judge(tap, what)


def stored(it):
    return it.server.ask("SELECT count(*), sum(resends) FROM receiptd.message")


def by_hand_before(tap, server, format):
    """The first part by hand, the next by a daemon, which another one goes on from; at last by hand again."""
    what = f"F53 {format}, imported and then followed"
    with rig.Rig(server, settings=SMALL) as it:
        log = Log(it, format, 400)
        for share in (0.2, 0.4):  # read on under the same name too
            log.grow(share, cut=True)
            it.program.call("import", log.path)
        daemon = it.follow(format=format)
        log.grow(0.6)
        it.wait_read()
        rig.product.stop(daemon)
        daemon = it.program.start("run")
        log.grow(0.8)
        it.wait_read()
        log.rotate()  # what is known goes on in the next file
        log.grow(1)
        ends(tap, it, daemon, what)
        names = server.ask("SELECT string_agg(name, ' ') FROM receiptd.source")
        tap.ok(names == "traffic", f"{what}: it is one source, {names}")
        before = stored(it)
        status, text = said_by_import(it, log.path)
        tap.ok(status == 0 and " 0 rows added, 0 changed" in text and "was read before" in text
               and stored(it) == before, f"{what}: once more adds nothing and says so (F101)")


def by_hand_meanwhile(tap, server):
    """Whoever is first reads on; the other finds it read. By hand once as the source, once by another name."""
    what = "F53 imported while it is followed"
    with rig.Rig(server, settings=SMALL) as it:
        log = Log(it, "prosody", 400)
        log.grow(0.1, cut=True)
        daemon = it.follow()
        it.wait_rows(20)
        for step in range(2, 10):
            log.grow(step / 10, cut=True)
            program = it.direct if step % 2 else it.program
            program.call("import", "--zone", "UTC", log.path)
        log.grow(1)
        ends(tap, it, daemon, what)


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        for format in ("prosody", "openfire"):
            by_hand_before(tap, server, format)
        by_hand_meanwhile(tap, server)
    finally:
        server.close()
    tap.done()


main()
