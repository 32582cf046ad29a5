#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Real captures of real servers, imported, against what the clients themselves say. Captures are
# looked for below tests/data, or below the folder RECEIPTD_CAPTURES (openfire/, prosody/ and ejabberd/).
import datetime
import glob
import gzip
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import product  # noqa: E402
import truth  # noqa: E402
import truth_load  # noqa: E402

DATA = os.environ.get("RECEIPTD_CAPTURES") or os.path.join(product.ROOT, "tests", "data")


WRAPPER = 'wrapper_feed hook {\n\tdomains = {"initech.test", "umbrella.test"}\n}'


def inside(folder, *patterns):
    return sorted(path for pattern in patterns for path in glob.glob(os.path.join(folder, pattern)))


def zone_of(name):
    return "Asia/Shanghai" if "-zh" in name else "UTC"


def settings_of(name):
    """Without iq and without a groupchat message nothing in a log tells which domain has rooms."""
    return ["--set", "muc_domains=conference.of.test"] if "messages-only" in name else []


def captures():
    """(kind, name, folder, logs): a capture may hold the same traffic in several logs."""
    for audit in inside(DATA, "openfire/*/audit-gaps.json"):
        folder = os.path.dirname(audit)
        logs = inside(folder, "jive.audit-*", "logs/jive.audit-*")
        if logs:
            yield "openfire", os.path.basename(folder), folder, logs
    # The XML debugger's logs, where they have times.
    for debugger in inside(DATA, "openfire/*/info.log*", "openfire/*/logs/info.log*",
                           "openfire/*/logs/all.log*", "openfire/*/logs/nohup.out*"):
        folder = os.path.dirname(debugger).removesuffix("/logs")
        if b"Z - C2S" in read(debugger):
            name = f"{os.path.basename(folder)} {os.path.basename(debugger)}"
            yield "openfire", name, folder, [debugger]
    for folder in inside(DATA, "prosody/*"):
        if inside(folder, "events.ndjson*", "truth/events.ndjson*"):
            for log in inside(folder, "debug-*.log*"):
                if b"\tRECV: <" in read(log):
                    name = f"{os.path.basename(folder)} {os.path.basename(log)}"
                    yield "prosody", name, folder, [log]
    for folder in inside(DATA, "ejabberd/*"):
        logs = inside(folder, "ejabberd.log*")
        if logs and inside(folder, "events.ndjson*", "truth/events.ndjson*") and \
                b"XML on stream = <<" in read(logs[0]):
            yield "ejabberd", os.path.basename(folder), folder, logs
    for feed in inside(DATA, "ejabberd/*/feed.ndjson*"):
        folder = os.path.dirname(feed)
        yield "ejabberd", os.path.basename(folder) + " feed", folder, [feed]


def read(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        return file.read()


def observations(feed):
    """What a component got from mod_service_log, {"t", "stanza"}, as lines of a wrapping feed."""
    lines = []
    for event in map(json.loads, feed.splitlines()):
        if event["stanza"].startswith("<message"):
            ts = datetime.datetime.fromtimestamp(event["t"], datetime.timezone.utc)
            lines.append(json.dumps({"ts": ts.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "feed": "hook",
                                     "dir": "route", "stanza": event["stanza"]}))
    return "".join(line + "\n" for line in lines).encode()


def lay_out(program, name, logs, last):
    """Plain copies, as old as the traffic: a log without years is dated by its mtime."""
    folder = program.path(name.replace(" ", "_"))
    os.mkdir(folder)
    for log in logs:
        target = os.path.join(folder, os.path.basename(log).removesuffix(".gz"))
        with open(target, "wb") as out:
            out.write(observations(read(log)) if "feed.ndjson" in log else read(log))
        os.utime(target, (last, last))
    return sorted(glob.glob(os.path.join(folder, "*")))


def run(tap, program, kind, name, folder, logs):
    known = truth_load.LOADERS[kind](folder)
    files = lay_out(program, name, logs, max(s.at for s in known.sent) + 5)
    realm = name.replace(" ", "-")
    status = program.call(*settings_of(name), "import", "--realm", realm, "--zone", zone_of(name),
                          *files, check=False)
    if not tap.ok(status == 0, f"{kind} {name}: imported"):
        program.complain(f"status {status}")
        return
    messages = program.export("messages", realm + ".ndjson", "--realm", realm)
    result = truth.compare(kind, folder, messages)
    bars = {"lossy": truth.bars_of_losses,
            "service-log feed": truth.bars_of_routes}.get(name, truth.bars)
    for passed, text in bars(result):
        tap.ok(passed, f"{kind} {name}: {text}")
    for text in result.bad[:12]:
        tap.note(text)
    tap.note(", ".join(f"{key} {value}" for key, value in sorted(result.counts.items())))


def main():
    tap = product.Tap()
    program = product.Product(environment={"TZ": "UTC"}, settings=WRAPPER)
    try:
        program.call("migrate")
        keeper = program.start("serve")
        found = list(captures())
        tap.ok(bool(found), f"{len(found)} captures found")
        for kind, name, folder, logs in found:
            run(tap, program, kind, name, folder, logs)
        product.stop(keeper)
    finally:
        program.close()
    tap.done()


main()
