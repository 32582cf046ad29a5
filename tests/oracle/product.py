# SPDX-License-Identifier: Apache-2.0
"""How the tests start, stop and ask the program. Everything happens in a throw-away folder."""

import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))

# Tests count descriptors: of a process without core files (F202) only root may.
LOOKED_AT = "" if os.geteuid() == 0 else "core_files = true\n"


class Product:
    """A private data folder and the program that works on it."""

    def __init__(self, binary=None, sources="", settings="", environment=None):
        self.binary = binary or os.path.join(BUILD, "receiptd")
        self.folder = tempfile.mkdtemp(prefix="receiptd-test-")
        os.chmod(self.folder, 0o755)  # the cluster may run as another user (DESIGN section 5)
        self.environment = {**os.environ, **(environment or {})}
        self.log = os.path.join(self.folder, "stderr.log")
        self.config = self.path("receiptd.conf")
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(f'data_dir = "{self.path("data")}"\nport = 0\n{LOOKED_AT}'
                      f"{settings}\n{sources}\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def command(self, *arguments):
        return [self.binary, "--config", self.config, *arguments]

    def call(self, *arguments, out=None, check=True):
        """Runs a one-shot command to its end; returns the exit status."""
        with open(self.log, "ab") as log:
            done = subprocess.run(self.command(*arguments), env=self.environment, stderr=log,
                                  stdout=out or log, stdin=subprocess.DEVNULL, check=False)
        if check and done.returncode:
            self.complain(f"{' '.join(arguments)} ended with status {done.returncode}")
            raise RuntimeError(f"{arguments[0]} failed")
        return done.returncode

    def start(self, *arguments, environment=None):
        with open(self.log, "ab") as log:
            return subprocess.Popen(self.command(*arguments), stderr=log, stdout=log,
                                    env={**self.environment, **(environment or {})},
                                    stdin=subprocess.DEVNULL)

    def cluster_is_ready(self):
        for lock in glob.glob(self.path("data/**/postmaster.pid"), recursive=True):
            try:  # it may be empty still, or gone by now
                with open(lock, encoding="ascii", errors="replace") as file:
                    text = file.read()
                with open(f"/proc/{int(text.split()[0])}/cmdline", "rb") as command:  # else it is that of one that was killed
                    return text.rstrip().endswith("ready") and b"postgres" in command.read()
            except (OSError, ValueError, IndexError):
                return False
        return False

    def export(self, what, name=None, *more):
        target = self.path(name or what + ".ndjson")
        with open(target, "wb") as out:
            self.call("export", what, "--format", "ndjson", "--now", "last", *more, out=out)
        return target

    def complain(self, text):
        print(f"# {text}", flush=True)
        with open(self.log, "rb") as log:
            for line in log.read().decode("utf-8", "replace").splitlines()[-15:]:
                print(f"#   {line[:300]}", flush=True)

    def close(self):
        """Stops a cluster that a killed program left behind, by the pid in its own folder."""
        for lock in glob.glob(self.path("data/**/postmaster.pid"), recursive=True):
            try:
                with open(lock, encoding="ascii", errors="replace") as file:
                    pid = int(file.readline())
                os.kill(pid, signal.SIGINT)
            except (OSError, ValueError):
                continue
            wait_until(lambda: not os.path.exists(lock), 15)
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_until(condition, seconds, step=0.05):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(step)
    return True


def stop(process, seconds=20.0):
    """TERM; returns the exit status, None when it does not end in time (then it is killed)."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


class Tap:
    def __init__(self):
        self.number = self.bad = 0

    def ok(self, good, text, skip=None, todo=None):
        """todo: why it is known to fail."""
        self.number += 1
        self.bad += not (good or skip or todo)
        print(f"{'ok' if good or skip else 'not ok'} {self.number} - {text}"
              + (f" # SKIP {skip}" if skip else "") + (f" # TODO {todo}" if todo else ""),
              flush=True)
        return good

    def note(self, text):
        for line in text.splitlines():
            print(f"# {line}", flush=True)

    def done(self):
        """Called where a test ends, also by an exception: what it did not get to is no success."""
        broken = sys.exc_info()[0] not in (None, SystemExit)
        if broken:
            self.ok(False, "to the end")
            self.note(traceback.format_exc())
        print(f"1..{self.number}")
        sys.exit(1 if self.bad else 0)
