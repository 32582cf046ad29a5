#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/EXAMPLES.md: for each path of the contract a curl line and what it answered, by the program itself
on the sample logs. "make docs-examples" calls it; tests/e2e/contract.t sees to it that no path is missing and that
what stands there still is as the contract says. Lists are cut to their first rows, the rest is as it came."""

import glob
import json
import os
import re
import shlex
import socket
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import contract  # noqa: E402
import product  # noqa: E402

TARGET = os.path.join(ROOT, "docs", "EXAMPLES.md")
SECRET = "a-secret-of-the-feed"
ROWS = 2  # of each list
DAY = "since=2026-11-22T00:00:00Z&until=2026-11-23T00:00:00Z"
# What is asked where the contract's own examples would find nothing; else DAY and limit=2 where a path takes them.
QUERIES = {
    "/v1/metrics/delivery": DAY + "&bucket=none&tz=UTC",
    "/v1/messages": DAY + "&participant=alice@of.test&limit=2",
}
QUERIES["/v1/reports"] = "limit=2"
VALUES = {"jid": "alice@of.test", "participant": "alice@of.test", "peer": "bob@of.test", "room": "room@conf.of.test"}
OBSERVATION = {"ts": "2026-11-22T12:00:00.000Z", "dir": "in", "session": "alice@of.test/phone",
               "stanza": "<message to='bob@of.test' id='hello-1' type='chat'><body>hello</body>"
                         "<request xmlns='urn:xmpp:receipts'/></message>"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def logs():
    return sorted(glob.glob(os.path.join(ROOT, "tests/data/openfire/of416-en/jive.audit-*.log.gz"))) + \
        [os.path.join(ROOT, "tests/data/prosody/stanza-debug/debug-iso.log.gz")]


class Demo:
    def __init__(self):
        self.program = product.Product(settings='zone = "UTC"\nlog_level = "warn"', environment={"TZ": "UTC"})
        secret = self.program.path("secret")
        with open(secret, "w", encoding="ascii") as out:
            out.write(SECRET + "\n")
        os.chmod(secret, 0o600)
        with open(self.program.config, "a", encoding="utf-8") as config:
            config.write(f'feed prosody {{\n\tkind = "webhook"\n\tsecret_file = "{secret}"\n}}\n')
        self.port, self.token, self.process, self.judge = free_port(), "", None, contract.standard()

    def start(self):
        self.program.call("import", "--zone", "UTC", *logs())
        self.program.call("report", "--day", "2026-11-22", check=False)  # 3: its input is not complete
        scopes = "metrics,messages,bodies,reports"
        self.token = subprocess.run(self.program.command("token", "add", "examples", "--scopes", scopes), check=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()
        self.process = self.program.start("--set", f"port={self.port}", "run")
        client = contract.Client(self.port, contract=None)

        def ready():
            try:
                return client.get("/readyz").status == 200
            except OSError:
                return False

        if not product.wait_until(ready, 60):
            self.program.complain("does not start")
            sys.exit(1)

    def close(self):
        if self.process:
            product.stop(self.process, 20)
        self.program.close()

    def curl(self, *arguments):
        out = subprocess.run(["curl", "-s", "--max-time", "3", *arguments], check=False, stdout=subprocess.PIPE)
        return out.stdout.decode("utf-8")


def parts_of(demo, path, operation):
    """Parts of a path that lead to a message of the sample, or those that the contract gives."""
    if "{" not in path:
        return path
    given = {p["name"]: p["example"] for p in demo.judge.parameters(path, operation) if p["in"] == "path" and "example" in p}
    page = demo.curl("-H", f"Authorization: Bearer {demo.token}",
                     f"http://127.0.0.1:{demo.port}/v1/messages?{DAY}&participant=alice@of.test&limit=1")
    item = (json.loads(page)["items"] or [{}])[0]
    return re.sub(r"\{([^}]*)\}", lambda part: str(item.get(part.group(1), given.get(part.group(1), part.group(0)))), path)


def query_of(demo, path, operation):
    if path in QUERIES:
        return QUERIES[path]
    known = {p["name"]: p for p in demo.judge.parameters(path, operation) if p["in"] == "query"}
    query = [DAY] if {"since", "until"} <= known.keys() else []
    query += ["limit=2"] if "limit" in known else []
    query += ["bucket=none"] if "bucket" in known else []
    query += [f"{name}={VALUES.get(name, p['example'])}" for name, p in known.items() if p.get("required")]
    return "&".join(query)


def shortened(node):
    if isinstance(node, list):
        return [shortened(item) for item in node[:ROWS]]
    return {name: shortened(value) for name, value in node.items()} if isinstance(node, dict) else node


def shown(text, kind):
    if "json" in kind and "ndjson" not in kind and text[:1] in "{[":
        return "json", json.dumps(shortened(json.loads(text)), indent=2, ensure_ascii=False)
    lines = text.splitlines()
    return "", "\n".join(lines[:8] + (["…"] if len(lines) > 8 else []))


def example(demo, method, path, operation):
    content = demo.judge.resolve(operation["responses"]["200"]).get("content", {"": {}})
    kind = "application/json" if "application/json" in content else next(iter(content))
    query = query_of(demo, path, operation) if method == "GET" else ""
    target = parts_of(demo, path, operation) + (f"?{query}" if query else "")
    if "{" in target:
        return None
    options, secrets = [], {}
    if method == "POST":
        options += ["-H", "Authorization: Bearer $SECRET", "-H", "Content-Type: application/json", "-d",
                    json.dumps(OBSERVATION)]
        secrets["$SECRET"] = SECRET
    elif operation.get("security") != []:
        options += ["-H", "Authorization: Bearer $TOKEN"]
        secrets["$TOKEN"] = demo.token
    real = [option.replace(name, value) for option in options for name, value in (secrets or {"\0": ""}).items()]
    text = demo.curl(*real, f"http://127.0.0.1:{demo.port}{target}")
    words = " ".join(f'"{option}"' if "$" in option else shlex.quote(option) for option in options)
    line = f"curl -s {words + ' ' if words else ''}'http://127.0.0.1:8480{target}'"
    language, body = shown(text.replace(ROOT, "/srv/logs").replace(demo.program.folder, "/var/lib/receiptd"), kind)
    return f"## {method} {path}\n\n{operation['summary']}.\n\n```sh\n{line}\n```\n\n```{language}\n{body}\n```\n"


HEAD = """<!-- SPDX-License-Identifier: Apache-2.0 -->
# A question and its answer for each path

Made by `make docs-examples` on the sample logs of this tree, in the order of `docs/openapi.yaml`. Lists are cut to their
first two rows. `TOKEN` is what `receiptd token add NAME --scopes metrics,messages,bodies,reports` printed, `SECRET` the
text of the feed's `secret_file`.

"""


def main():
    demo = Demo()
    try:
        demo.start()
        parts = [example(demo, *operation) for operation in demo.judge.operations()]
    finally:
        demo.close()
    with open(TARGET, "w", encoding="utf-8") as out:
        out.write(HEAD + "\n".join(part for part in parts if part))
    print(f"{TARGET}: {sum(part is not None for part in parts)} of {len(parts)} paths")


main()
