#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# The shipped service unit (F201): how exposed systemd finds it, and that the program does all of its work as it would be
# confined: no root, no capability, nothing that can be written but its own folder. systemd itself need not run: what the unit
# asks for is made with unshare and setpriv, for which this test must be root.
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import feeds  # noqa: E402
import rig  # noqa: E402

UNIT = os.path.join(rig.product.ROOT, "dist", "receiptd.service")
# Into a mount namespace in which all is read-only but $1; then as user $2 with nothing that $2 does not have.
CONFINE = ('folder=$1; user=$2; shift 2; mount --make-rprivate / && mount --bind "$folder" "$folder" && mount -o remount,bind,ro / &&'
           ' umask 0077 && exec setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs --bounding-set=-all'
           ' --inh-caps=-all prlimit --core=0 --nofile=8192 -- "$@"')


def settings():
    with open(UNIT, encoding="utf-8") as file:
        return dict(re.findall(r"^(\w+)=(.*)$", file.read(), re.M))


def exposure(tap):
    said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", UNIT], capture_output=True, text=True, check=False)
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", said.stdout)
    tap.ok(score and float(score.group(1)) <= 2.0, f"exposure {score and score.group(1)}, at most 2.0 (F201)")
    said = subprocess.run(["systemd-analyze", "verify", UNIT], capture_output=True, text=True, check=False)
    complaints = [line for line in said.stderr.splitlines() if "receiptd.service" in line and "is not executable" not in line]
    tap.ok(not complaints, f"systemd has nothing to say against it {complaints}")
    unit = settings()
    tap.ok(unit["User"] == "receiptd" and unit["LimitCORE"] == "0" and unit["ProtectSystem"] == "strict" and unit["CapabilityBoundingSet"] == ""
           and unit["UMask"] == "0077", "not root, no core file, no capability, nothing to write but its folder")
    words = unit["ExecStart"].split()
    tap.ok(words[0] == "/usr/bin/receiptd" and words[-1] == "run" and words[-2] == "data_dir=/var/lib/" + unit["StateDirectory"],
           "it runs in the folder that systemd makes for it")


class Confined:
    def __init__(self):
        known = [user.pw_name for user in pwd.getpwall()]
        self.user = next(name for name in ("receiptd", "nobody") if name in known)
        self.folder = tempfile.mkdtemp(prefix="receiptd-unit-")
        entry = pwd.getpwnam(self.user)
        os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        self.port, self.elsewhere = rig.free_port(), tempfile.mkdtemp(prefix="receiptd-out-")
        os.chmod(self.elsewhere, 0o777)  # only the confinement stands in the way
        self.config = os.path.join(self.folder, "receiptd.conf")
        secret = os.path.join(self.folder, "secret")
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(f'data_dir = "{self.folder}/data"\nport = {self.port}\nzone = "UTC"\ndatabase_wait = 60s\nflush_after = 200ms\n'
                      f'feed web {{\n\tkind = "webhook"\n\tsecret_file = "{secret}"\n}}\n')
        with open(secret, "w", encoding="ascii") as out:
            out.write(feeds.SECRET)
        for path in (self.config, secret):
            os.chown(path, entry.pw_uid, entry.pw_gid)
            os.chmod(path, 0o600)
        # The build folder may be nobody else's to enter.
        self.program = os.path.join(self.folder, "receiptd")
        shutil.copy(os.path.join(rig.product.BUILD, "receiptd"), self.program)
        os.chmod(self.program, 0o755)

    def command(self, *arguments):
        return ["unshare", "--mount", "sh", "-c", CONFINE, "sh", self.folder, self.user, self.program, "--config", self.config,
                *arguments]

    def call(self, *arguments):
        done = subprocess.run(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/", check=False)
        return done.returncode, done.stdout

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.elsewhere, ignore_errors=True)


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def confined(tap):
    it = Confined()
    log = open(os.path.join(it.elsewhere, "log"), "wb")
    process = subprocess.Popen(it.command("run"), stdout=log, stderr=log, cwd="/")
    try:
        ready = rig.product.wait_until(lambda: feeds.ask(it.port, "GET", "/readyz")[0] == 200 or process.poll() is not None, 60, 0.2)
        status = status_of(process.pid)
        tap.ok(ready and process.poll() is None and status["Uid"].split()[0] != "0" and int(status["CapEff"], 16) == 0
               and status["NoNewPrivs"] == "1", f"ready, with its own database, as user {status['Uid'].split()[0]} without capabilities (F201)")
        lines = [json.dumps({"ts": f"2026-11-20T10:00:{i:02d}Z", "dir": "in", "session": "a@a.example/x",
                             "stanza": f"<message to='b@a.example' id='i{i}'><body>hi</body></message>"}) for i in range(20)]
        answer = feeds.ask(it.port, "POST", "/v1/feed", "\n".join(lines), {"Authorization": "Bearer " + feeds.SECRET,
                                                                             "Content-Type": "application/x-ndjson"})
        tap.ok(answer[0] == 200, f"a feed is taken: {answer[:2]}")
        stored = rig.product.wait_until(lambda: it.call("export", "messages", "--now", "last")[1].count("i19"), 30, 0.3)
        tap.ok(stored, "and stored")
        statuses = {word: it.call(*word.split())[0] for word in ("seal --new-key", "seal", "verify", "check", "report --day 2026-11-20", "retention")}
        tap.ok(set(statuses.values()) <= {0, 3} and statuses["verify"] == 0, f"commands do their work {statuses}")
        status, text = it.call("report", "--day", "2026-11-20", "--out", it.elsewhere)
        tap.ok(status == 6 and os.listdir(it.elsewhere) == ["log"], f"a folder that is not its own is refused: exit {status} (F201)")
        status, text = it.call("--set", f"seal_dir={it.elsewhere}/seals", "seal", "--new-key")
        tap.ok("seals" not in os.listdir(it.elsewhere), f"by every command: exit {status} (F201)")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        tap.ok(process.returncode == 0, "and it ends when it is asked to")
        log.close()
        it.close()


def main():
    tap = rig.product.Tap()
    if shutil.which("systemd-analyze"):
        exposure(tap)
    else:
        tap.ok(True, "exposure # SKIP systemd-analyze is not installed (scripts/setup.sh check)")
    if os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0:
        confined(tap)
    else:
        tap.ok(True, "confined # SKIP needs root")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
