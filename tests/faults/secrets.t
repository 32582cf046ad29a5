#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Known secrets, used for everything and then looked for (F194): password of the database, token, secret of a feed, signing
# and privacy key are in their own files only, tokens as hashes only: not in arguments, environments, logs, errors, answers,
# metrics or any row. Files are for their owner whatever the umask (F196). A crash leaves no core file, and the next start
# removes what a killed report left (F202). What others wrote moves no cursor (F199); nothing planted is followed (F197).
import base64
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import feeds  # noqa: E402
import rig  # noqa: E402

PASSWORD = "zcanary-Db-Pw1"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def secrets(it):
    """What may be nowhere, by name; the way in which each could be printed."""
    token = subprocess.run(it.program.command("token", "add", "me", "--scopes", "metrics,messages,bodies,reports,admin"),
                           capture_output=True, text=True, check=True).stdout
    token = next(word for word in token.split() if word.startswith("rcd_"))
    pem = read(it.program.path("data/seal.key"))
    seed = base64.b64decode(b"".join(pem.splitlines()[1:-1]))[-32:]
    privacy = bytes.fromhex(read(it.program.path("data/privacy.key")).decode())
    found = {"token": token.encode(), "password": PASSWORD.encode(), "feed secret": feeds.SECRET.encode()}
    for name, key in (("signing key", seed), ("privacy key", privacy)):
        found[name] = key
        found[name + ", hexadecimal"] = key.hex().encode()
        found[name + ", base64"] = base64.b64encode(key)[:40]
    return token, found


def holders(folder, words, but=()):
    found = []
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if os.path.relpath(path, folder) in but or not os.path.isfile(path):
                continue
            text = read(path)
            found += [(os.path.relpath(path, folder), word) for word, secret in words.items() if secret in text]
    return found


def dump(server):
    """Every row of every table as text."""
    tables = server.ask("SELECT string_agg(format('%I.%I', schemaname, tablename), ' ') FROM pg_tables WHERE schemaname = 'receiptd'")
    return server.ask(" UNION ALL ".join(f"SELECT t::text FROM {table} AS t" for table in tables.split())).encode()


def family(pid):
    """The process and its children."""
    pids = [pid]
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent = int(read(f"/proc/{entry}/stat").rsplit(b")", 1)[1].split()[1])
            except OSError:
                continue
            if parent in pids:
                pids.append(int(entry))
    return pids


def environment(pid):
    """Without core files nobody but root may see it, not even the same user."""
    try:
        return read(f"/proc/{pid}/environ")
    except PermissionError:
        return b""


def answers(it, token):
    """Of every kind, errors too."""
    said = b""
    for path in ("/metrics", "/v1/sources", "/v1/messages?participant=ada@a.example&body=1", "/v1/messages?nothing=1", "/v1/reports",
                 "/v1/gaps", "/readyz", "/", "/openapi.yaml", "/v1/quarantine"):
        for bearer in (token, token[:-1], ""):
            status, answer, headers = feeds.ask(it.http, "GET", path, headers={"Authorization": f"Bearer {bearer}"} if bearer else {})
            said += json.dumps([status, answer]).encode() + str(headers).encode()
    return said


def looked_for(tap, server):
    with feeds.FeedRig(server, settings='bodies = "hmac"\nreport_people = "pseudonyms"\n', password=PASSWORD) as it:
        it.generate(200, format="observations")
        os.chmod(it.program.config, 0o600)
        it.program.call("seal", "--new-key")
        it.program.call("import", "--dialect", "observations", it.log)
        token, words = secrets(it)
        os.umask(0)
        process = it.run("--log-level", "debug", "--set", "core_files=false")
        os.umask(0o022)
        it.post(b"\n".join(it.lines()[:40]), "one")
        said = answers(it, token)
        server.ask("UPDATE receiptd.batch SET at = least(at, date_trunc('day', now(), 'UTC') - interval '1 minute')")
        it.program.call("seal")
        it.program.call("report", "--day", "2026-03-02", check=False)
        it.program.call("doctor", check=False)
        it.program.call("check", check=False)
        it.program.call("export", "person", "--jid", "ada@a.example", check=False)
        for wrong in (f"database=postgresql://nobody:{PASSWORD}@127.0.0.1:1/x", f"database=postgresql://o:{PASSWORD}@[bad/x",
                      f"database=postgresql://o:{PASSWORD}@127.0.0.1:{server.port}/nowhere"):
            done = subprocess.run(it.program.command("--set", wrong, "--set", "database_wait=1s", "check"), capture_output=True, check=False)
            said += done.stdout + done.stderr
        arguments = b"".join(read(f"/proc/{pid}/cmdline") + environment(pid) for pid in family(process.pid))
        limits = read(f"/proc/{process.pid}/limits").decode()
        in_answers = [name for name, secret in words.items() if secret in said]
        in_processes = [name for name, secret in words.items() if secret in arguments]
        tap.ok(not in_answers and len(said) > 10000, f"in no answer and no error: {len(said)} bytes, {in_answers} (F194)")
        tap.ok(not in_processes and len(arguments) > 100, f"in no argument and no environment of any process {in_processes} (F194)")
        text = dump(server)
        rows = [name for name, secret in words.items() if secret in text or secret.hex().encode() in text]
        tap.ok(not rows and len(text) > 10000, f"in no row, the token as a hash only {rows} (F194)")
        held = holders(it.program.folder, words, ("data/seal.key", "data/privacy.key", "secret", "receiptd.conf"))
        tap.ok(not held, f"in no other file, logs included: {held} (F194)")
        # F196
        modes = {}
        for base, _, names in os.walk(it.program.path("data")):
            for name in names:
                modes.setdefault(os.stat(os.path.join(base, name)).st_mode & 0o777, []).append(name)
        tap.ok(set(modes) <= {0o600, 0o640}, f"with umask 0 every file is 0600 or 0640: { {oct(m): n[:3] for m, n in modes.items()} } (F196)")
        # F202
        tap.ok(re.search(r"Max core file size +0 ", limits), "no core file by default (F202)")
        left = os.path.join(it.program.path("data/reports"), ".default.2026-03-02.UTC.r7.html.tmp")
        other = os.path.join(it.program.path("data/reports"), ".mine.tmp")
        process.send_signal(signal.SIGABRT)
        process.wait()
        cores = [name for name in os.listdir(".") + os.listdir(it.program.folder) if name.startswith("core")
                 and not os.path.isdir(name)]
        tap.ok(process.returncode == -signal.SIGABRT and not cores, f"ABRT: no core file {cores} (F202)")
        for path in (left, other):
            with open(path, "w", encoding="ascii") as file:
                file.write("names somebody")
        process = it.run()
        gone = rig.product.wait_until(lambda: not os.path.exists(left), 20, 0.2)
        tap.ok(gone and os.path.exists(other), "what a killed report left goes at the next start, and nothing else (F202)")
        os.unlink(other)
        rig.product.stop(process)
        planted(tap, it)
        readable(tap, it)


def planted(tap, it):
    """F197, F196: a link at the name of the next segment, or a secret that others can read."""
    folder, victim = it.program.path("data/spool/web"), it.program.path("victim")
    with open(victim, "w", encoding="ascii") as file:
        file.write("mine")
    newest = max(int(name[:12]) for name in os.listdir(folder) if name.endswith(".spool"))
    os.symlink(victim, os.path.join(folder, "new"))
    os.symlink(victim, os.path.join(folder, f"{newest + 1:012d}.key"))
    process = it.run()
    status, _, _ = it.post(it.lines()[0], "planted")
    tap.ok(status == 200 and read(victim) == b"mine", f"links at names of the spool: not followed (F197) {status}")
    rig.product.stop(process)
    newest = max(int(name[:12]) for name in os.listdir(folder) if name.endswith(".spool"))
    place = os.path.join(folder, f"{newest + 1:012d}.spool")
    os.symlink(victim, place)
    status = it.program.call("--set", f"port={it.http}", "run", check=False)
    tap.ok(status == 6 and read(victim) == b"mine", f"a link at the name of a segment: exit {status}, not followed (F197)")
    os.unlink(place)


def readable(tap, it):
    statuses = {}
    for name in ("data/privacy.key", "data/seal.key", "secret"):
        path = it.program.path(name)
        os.chmod(path, 0o644)
        command = ("seal",) if "seal" in name else ("erase", "--jid", "x@a.example") if "privacy" in name else ("--set", f"port={it.http}", "run")
        statuses[name] = it.program.call(*command, check=False)
        os.chmod(path, 0o600)
    tap.ok(set(statuses.values()) == {2}, f"a secret that others can read: exit 2 {statuses} (F196)")


def on_terminal(it, *arguments):
    """What a terminal gets."""
    pid, master = pty.fork()
    if pid == 0:
        os.execv(it.program.binary, it.program.command(*arguments))
    out = b""
    try:
        while chunk := os.read(master, 65536):
            out += chunk
    except OSError:
        pass
    os.waitpid(pid, 0)
    os.close(master)
    return out.replace(b"\r\n", b"\n")


def terminal(tap, server):
    """F199: XML 1.0 lets no ESC through, but C1 (CSI is one of them), DEL and what turns the direction of writing."""
    with rig.Rig(server, seed=3) as it:
        evil = "\u009b31m \u009d52;c;x\u009c \u007f \u202e \u2066 a\u00a0b \u2028 é€ \U0001f600"
        name = "ev\u009b2Jil"
        with open(it.log, "w", encoding="utf-8") as log:
            for i in range(3):
                log.write(json.dumps({"ts": f"2026-11-20T10:00:0{i}Z", "dir": "in", "session": f"{name}@a.example/x\u0085y",
                                      "stanza": f"<message to='b@a.example' id='i{i}\u009b' type='chat'><body>{evil}</body></message>"},
                                     ensure_ascii=False) + "\n")
            log.write("\x1b]0;title\x07 <message\x1b[2J>\n")
        it.program.call("import", "--dialect", "observations", it.log)
        commands = {"export messages": ("export", "messages", "--now", "last"), "export person": ("export", "person", "--jid", f"{name}@a.example"),
                    "export quarantine": ("export", "quarantine"), "explain": ("explain", it.log), "doctor": ("doctor",),
                    "explain --records": ("explain", "--format", "ndjson", it.log)}
        for what, arguments in commands.items():
            out = on_terminal(it, *arguments)
            bad = sorted({hex(ord(c)) for c in out.decode("utf-8", "replace") if (ord(c) < 32 and c not in "\n\t") or 0x7f <= ord(c) < 0xa0
                          or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"})
            tap.ok(out and not bad, f"{what} on a terminal: nothing that it would obey {bad} (F199)")
        out = on_terminal(it, *commands["export messages"])
        piped = subprocess.run(it.program.command(*commands["export messages"]), capture_output=True, check=True).stdout
        raw = on_terminal(it, "--raw", *commands["export messages"])
        tap.ok("\u009b".encode() in piped and raw == piped and out != piped and b"\\u009b" in out, "into a pipe as it is, to a terminal with --raw (F199)")
        same = [json.loads(line) for line in out.decode().split("\n") if line] == [json.loads(line) for line in piped.decode().split("\n") if line]
        tap.ok(same and len(piped) > 100, "and it is the same JSON")


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    tap = rig.product.Tap()
    server = rig.Server().start()
    try:
        looked_for(tap, server)
        terminal(tap, server)
    finally:
        server.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
