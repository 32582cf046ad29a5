#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The machine around the program: settings that are broken (F161), a log that nobody empties (F162) or that a fault would flood (F163), little memory (F173), allocations that fail (F174),
# reading that stands still (F176), an odd environment (F177), calls that are interrupted and do little (F179).
import ctypes
import os
import random
import resource
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

CLEAN = {0, 2, 3, 4, 5, 6, 70}  # statuses that the program gives by itself
FAILURES = 200 if rig.LONG else 12
MEGABYTES = (24, 48, 64, 96, 128, 192, 256) if rig.LONG else (32, 64, 256)
ROWS = ("SELECT count(*), md5(string_agg(concat_ws('|', m.id, m.sent_at, m.state, m.delivered_at, m.displayed_at, m.acks,"
        " m.resends, m.body), ',' ORDER BY m.sent_at, m.id, m.n)), (SELECT count(*) FROM receiptd.quarantine AS q JOIN"
        " receiptd.source AS s ON s.id = q.source WHERE s.realm = r.id) FROM receiptd.realm AS r LEFT JOIN receiptd.message"
        " AS m ON m.realm = r.id WHERE r.name = '%s' GROUP BY r.id")


class Machine:
    def __init__(self, it, tap):
        self.it, self.tap = it, tap
        self.golden = None

    def load(self, realm, environment=None, **how):
        """An import of the log into a realm of its own; its exit status."""
        done = subprocess.run(self.it.program.command("import", "--realm", realm, self.it.log),
                              env={**self.it.program.environment, **(environment or {})}, capture_output=True,
                              stdin=subprocess.DEVNULL, check=False, **how)
        self.said = (done.stdout + done.stderr).decode("utf-8", "replace")
        return done.returncode

    def rows(self, realm):
        return self.it.server.ask(ROWS % realm)

    def is_exact(self, realm):
        return self.rows(realm) == self.golden

    def begin(self):
        self.it.generate(100)
        status = self.load("golden")
        self.golden = self.rows("golden")
        self.tap.ok(status == 0 and not self.golden.startswith("0|"), f"what must come of it: {self.golden}")


def shim(it):
    path = it.program.path("shim.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "preload", "shim.c")
    subprocess.run(["cc", "-O1", "-fPIC", "-shared", "-o", path, source, "-ldl"], check=True)
    return path


def little_memory(machine):
    """F173"""
    bad, short = [], 0
    for size in MEGABYTES:
        limit = size << 20
        status = machine.load(f"small{size}", preexec_fn=lambda limit=limit: resource.setrlimit(
            resource.RLIMIT_AS, (limit, limit)))
        short += status != 0
        if status not in CLEAN | {127}:  # 127: not even its libraries fit
            bad.append(f"{size} MB: status {status}: {machine.said[-200:]}")
        if machine.load(f"small{size}") != 0 or not machine.is_exact(f"small{size}"):
            bad.append(f"{size} MB: {machine.rows(f'small{size}')} after it was run again")
    machine.tap.ok(not bad and short > 0, f"F173: {short} of {len(MEGABYTES)} limits of memory were too small; none did damage {bad}")


def failing_allocations(machine, library, rng):
    """F174. Without Kerberos, which libpq would ask first: its library (1.20) crashes by itself when it gets no memory."""
    without = {"PGGSSENCMODE": "disable", "LD_PRELOAD": library}
    reading, writing = os.pipe()
    machine.load("counting", {**without, "SHIM_FAIL": "-2", "SHIM_COUNT": str(writing)}, pass_fds=(writing,))
    os.close(writing)
    count = int(os.read(reading, 32) or 0)
    os.close(reading)
    bad, failed = [], 0
    for number in sorted(rng.sample(range(1, count + 1), FAILURES)):
        realm = f"fail{number}"
        status = machine.load(realm, {**without, "SHIM_FAIL": str(number)})
        failed += status != 0
        if status not in CLEAN | {127}:
            bad.append(f"allocation {number}: status {status}: {machine.said[-200:]}")
        if machine.load(realm) != 0 or not machine.is_exact(realm):
            bad.append(f"allocation {number}: {machine.rows(realm)} after it was run again")
    machine.tap.ok(count > 1000 and not bad, f"F174: {FAILURES} of {count} allocations failed, {failed} times the program ended for"
                   f" it; nothing lost, nothing twice {bad[:4]}")


def short_calls(machine, library):
    """F179"""
    status = machine.load("short", {"LD_PRELOAD": library, "SHIM_SHORT": "1"})
    machine.tap.ok(status == 0 and machine.is_exact("short"),
                   f"F179: calls that are interrupted and do little make no difference: {status} {machine.rows('short')}")


def odd_environment(machine):
    """F177"""
    it = machine.it
    plain = export(it, {})
    odd = {"LC_ALL": "tr_TR.UTF-8", "LC_NUMERIC": "de_DE.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu", "HOME": None}
    machine.tap.ok(plain and export(it, odd) == plain, "F177: locale, time zone and home make no difference to an export")
    status = machine.load("closed", preexec_fn=lambda: os.close(0))
    machine.tap.ok(status == 0 and machine.is_exact("closed"), f"F177: nor does a closed standard input to an import: {status}")


def export(it, changes):
    environment = {**it.program.environment, **{k: v for k, v in changes.items() if v}}
    for name in [name for name, value in changes.items() if value is None]:
        environment.pop(name, None)
    done = subprocess.run(it.program.command("--set", "realm=golden", "export", "messages"), env=environment,
                          capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return done.stdout if done.returncode == 0 else None


def log_that_nobody_empties(machine):
    """F162"""
    bad = []
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    with open("/dev/full", "wb") as full:
        for name, target in (("full", full), ("blocked", writing)):
            try:
                done = subprocess.run(machine.it.program.command("--log-level", "debug", "import", "--realm", name, machine.it.log),
                                      env=machine.it.program.environment, stdout=subprocess.DEVNULL, stderr=target,
                                      stdin=subprocess.DEVNULL, check=False, timeout=60)
                status = done.returncode
            except subprocess.TimeoutExpired:
                status = "never ended"
            if status != 0 or not machine.is_exact(name):
                bad.append(f"{name}: {status}")
    os.close(reading)
    os.close(writing)
    machine.tap.ok(not bad, f"F162: a log that is full or that nobody empties holds nothing up {bad}")


def stand_still(pid):
    """The main thread of a process, and that alone, is stopped. False: not allowed here."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    return libc.ptrace(0x4206, pid, None, None) == 0 and libc.ptrace(0x4207, pid, None, None) == 0  # SEIZE, INTERRUPT


def kill_traced(process):
    """Popen would take its being stopped for its end."""
    os.kill(process.pid, signal.SIGKILL)
    while not os.WIFSIGNALED(os.waitpid(process.pid, 0x40000000)[1]):  # __WALL
        pass
    process.returncode = -signal.SIGKILL


def ask(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def stuck(tap, server):
    """F176"""
    port = rig.free_port()
    with rig.Rig(server, settings='stuck_after = "2s"') as it:
        it.generate(20)
        daemon = it.follow("--set", f"port={port}")
        ready = rig.product.wait_until(lambda: ask(port, "/readyz")[0] == 200, 30)
        tap.ok(ready, f"F176: ready while it reads: {ask(port, '/readyz')}")
        if not stand_still(daemon.pid):
            tap.ok(True, "F176: a thread that stands still", skip="other processes may not be traced here")
        else:
            noticed = rig.product.wait_until(lambda: ask(port, "/readyz")[0] == 503, 30)
            tap.ok(noticed and ask(port, "/healthz")[0] == 200,
                   f"F176: not ready when reading stands still, but alive: {ask(port, '/readyz')}")
            tap.ok(rig.product.wait_until(lambda: it.said("reading-stuck seconds="), 10), "F176: and it says so, once")
            kill_traced(daemon)
            daemon = it.program.start("run")
        it.wait_read()
        status = rig.product.stop(daemon, 20)
        tap.ok(status == 0, f"F176: killed for it and started again it goes on and ends cleanly: {status}")
        if status != 0:
            it.program.complain("the daemon said")


def no_flood(tap, server):
    """F161, F163"""
    port = rig.free_port()
    with rig.Rig(server) as it:
        it.generate(20)
        daemon = it.follow("--set", f"port={port}")
        it.wait_read()
        with open(it.program.config, "a", encoding="utf-8") as config:
            config.write("no such = thing\n")
        rig.product.wait_until(lambda: ask(port, "/readyz")[0] == 200, 30)
        daemon.send_signal(signal.SIGHUP)
        time.sleep(1)
        said = ask(port, "/readyz")
        tap.ok(daemon.poll() is None and said[0] == 200, f"F161: settings that are broken before a HUP: the old ones hold: {daemon.poll()} {said}")
        before = os.path.getsize(it.program.log)
        server.stop()
        time.sleep(20 if rig.LONG else 8)
        with open(it.program.log, encoding="utf-8", errors="replace") as log:
            log.seek(before)
            lines = [line for line in log.read().splitlines() if " warn " in line or " error " in line]
        tap.ok(0 < len(lines) <= 6, f"F163: a fault that repeats is not told again and again: {len(lines)} lines")
        if len(lines) > 6:
            tap.note("\n".join(line[:200] for line in lines[:12]))
        server.start()
        tap.ok(rig.product.stop(daemon, 20) == 0, "F163: and it ends cleanly")


def main():
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        with rig.Rig(server) as it:
            machine = Machine(it, tap)
            machine.begin()
            library = shim(it)
            log_that_nobody_empties(machine)
            odd_environment(machine)
            short_calls(machine, library)
            little_memory(machine)
            failing_allocations(machine, library, random.Random(it.seed))
        stuck(tap, server)
        no_flood(tap, server)
    finally:
        server.close()
    tap.done()


main()
